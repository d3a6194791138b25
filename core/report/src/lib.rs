//! Reports for people: conditions, reasons and events of a target, and the plan of a policy.

pub mod policy_plan;
pub mod status;
