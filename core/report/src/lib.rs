//! What people are told of a target: conditions, reasons and events, and the plan of a policy.

pub mod review;
pub mod status;
