//! The loop of firelens-operator: observe the targets, plan, apply, report.
//!
//! Decisions are made in `firelens-core`; this crate reads and writes AWS and the store as the plan
//! says. It never chooses, and never writes to AWS without a lease on the target.

pub mod aws;
pub mod clock;
pub mod metrics;
