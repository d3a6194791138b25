//! The plan of a policy for people: for each workload the difference it makes, the rights, the files.
//!
//! Nothing here can be applied, and nothing shows a secret: values that look like one are hidden.

mod difference;
mod model;
mod target;

pub use difference::{Difference, HIDDEN, differences};
pub use model::{ObjectReview, Outlook, PlanSummary, RoleReview, TargetPlan, WorkloadReview};
pub use target::{Reviewed, review};
