//! From policies and an observed world to the list of steps.
//!
//! Pure: no I/O, no clock. A plan may request more reads ([`Plan::needs`]); it does not assume what was not
//! observed.
//!
//! From the bottom up: what a plan is made from (`input`) and what it contains (`model`); which policy wins a
//! workload ([`select`]); whether logs arrive ([`log_delivery`]) and gates pass ([`gate`]); each workload alone
//! (`workload`); the roles and objects that workloads share (`resources`); their slots (`rollout`); the steps of
//! those that have a slot (`steps`); what nobody needs any more (`removal`); and the order of all that (`pass`).

pub mod gate;
mod input;
pub mod log_delivery;
mod model;
mod pass;
mod removal;
mod resources;
mod rollout;
pub mod select;
mod steps;
mod workload;

pub use input::PlanInput;
pub use model::{
    Claim, Contest, Decision, ExternalDeploy, Holdings, Plan, PolicyProgress,
    REVERT_WINDOW_SECONDS, RegisterStep, Removal, Repair, ResourceContent, ResourcePlan,
    RevisionRef, RolloutState, Step, UpdateStep, Wait, WorkloadPlan,
};
pub use pass::assemble::{plan, plan_with_what_is_known};
pub use pass::dry_run::{DryRun, DryRunChange, DryRunRevision, DryRunWorkload, dry_run};
pub use removal::former::FORMER_REPLACED_PER_PASS;
pub use removal::garbage::{OBJECT_GRACE_SECONDS, REMOVALS_PER_PASS};
pub use removal::revisions::DEREGISTRATIONS_PER_PASS;
pub use resources::reread::{ROLES_READ_PER_RESYNC, TAKEN_TOLD_SECONDS};
pub use resources::rights::{RIGHTS_ASKED_PER_PASS, RIGHTS_RETRY_SECONDS};
pub use resources::{
    IAM_PROPAGATION_AT_START_SECONDS, IAM_PROPAGATION_SECONDS, RESOURCE_RECHECK_SECONDS,
};
pub use rollout::Waves;
pub use workload::claim::ORPHANS_LOOKED_FOR_PER_PASS;
pub use workload::draft::{
    DEPLOYMENT_POLL_SECONDS, READ_RETRY_SECONDS, REGISTER_CONSISTENCY_SECONDS,
};
pub use workload::meanwhile::GENERATIONS_KEPT;
pub use workload::revert::{CONTEST_SECONDS, REVERT_LIMIT, REVERTS_KEPT_MAX};
pub use workload::scope::{covers, held_by, retains};
pub use workload::track::READ_LAG_SECONDS;
