//! The loop of firelens-operator: observe the targets, plan, apply, report.
//!
//! Decisions are made in the crates of `core/`; this crate reads and writes AWS and the store as the plan demands.
//! It never writes to AWS without a lease on the target.

mod apply;
pub mod aws;
pub mod clock;
mod context;
mod evidence;
mod handover;
mod keep;
mod labels;
mod lease;
mod load;
mod measure;
pub mod metrics;
mod needs;
pub mod observe;
mod policy_plans;
pub mod prometheus;
mod providers;
mod queue;
mod reading;
mod reconcile;
mod remember;
mod report;
mod retire;
mod rights;
mod role_users;
mod rollouts;
mod runner;
mod scope;
mod tell;
mod world;

pub use apply::{APPLY_BUDGET, ApplyError};
pub use context::{ControllerConfig, Ctx};
pub use lease::{LEASE_TTL, LeaseError, Leases, lease_name};
pub use reconcile::{PassOutcome, PassResult, RESOURCE_RECHECK_SECONDS, reconcile_target};
pub use runner::{RunError, run};
