//! The plan of a policy for people: for each workload the change, the rights, the files.
//!
//! Nothing here can be applied, and no secret is shown: values that look like one are hidden.

mod model;
mod request;
mod roles;
mod target;
mod unified;

pub use model::{
    Outlook, PlanStatus, PlanSummary, PlannedBoundary, PlannedObject, PlannedRole, PlannedWorkload,
    TargetPlan,
};
pub use request::PolicyPlanRequest;
pub use target::{PolicyPlan, policy_plan};
pub use unified::unified_diff;

/// The OpenAPI 3.0 schema of [`PlanStatus`], everything inlined.
#[must_use]
pub fn status_schema() -> serde_json::Value {
    firelens_types::v1alpha1::schema_of::<PlanStatus>("What the policy would do, target by target.")
}
