//! What people are told of a target: conditions, reasons and events, and the plan of a policy.

pub mod policy_plan;
pub mod status;
