//! From a plan and its outcomes to what people see: conditions, counts and events.
//!
//! Pure. An object whose content is unchanged comes out equal, so that nothing is written.

mod conditions;
mod events;
mod logs;
mod policy;
mod reasons;
mod rollout;
mod target;
mod workload;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use conditions::{condition, find, same_reason, set};
pub use events::{EventDraft, EventType, events, rights_taken};
pub use firelens_types::v1alpha1::rollout_name;
pub use policy::policy_status;
pub use reasons::{
    APPROVED, COMPLETE, CONTESTED, HEALTHY, INJECTED, LOGS_FLOWING, OVERLAPS, PAUSED, READY,
    REASONS, ReasonDoc, SELECTED, UNREACHABLE, WorkloadReason, decision_reason,
};
pub use rollout::{Pace, ROLLOUTS_KEPT, rollout_status};
pub use target::{TargetView, target_status};
pub use workload::workload_status;

use firelens_aws::record::{WorkloadKey, WorkloadRecord};
use firelens_plan::PlanInput;

/// The outcome of a workload's steps in this pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The record after the steps; the plan's own where there were none.
    pub record: WorkloadRecord,
    /// Why the steps ended early, if they did.
    pub problem: Option<Problem>,
}

/// Why a workload's steps ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The reason, one word.
    pub reason: WorkloadReason,
    /// The message of AWS, and what to do.
    pub message: String,
}

/// What every status is written from.
#[derive(Clone, Copy, Debug)]
pub struct StatusContext<'a> {
    /// The input of the plan.
    pub input: &'a PlanInput<'a>,
    /// The outcomes of the steps.
    pub outcomes: &'a BTreeMap<WorkloadKey, Outcome>,
    /// The time of the pass.
    pub now: Timestamp,
}
