//! The state of a rollout.

use firelens_types::v1alpha1::{RolloutPlan, WaveStatus};
use jiff::Timestamp;

/// The state of the rollout of one policy generation in one target, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutState {
    /// The changes, as a plan that can be approved.
    pub plan: RolloutPlan,
    /// The wave that is open.
    pub wave: u32,
    /// The waves so far, including the one that is open.
    pub waves: Vec<WaveStatus>,
    /// Why nothing new is started, when failures, a gate or a person stopped it.
    pub paused: Option<String>,
    /// Whether somebody aborted it.
    pub aborted: bool,
    /// The number of changes that were not begun.
    pub remaining: u32,
    /// The median duration of the deployments of this rollout, once there is one.
    pub deployment_seconds: Option<i64>,
    /// The end of the bake time of the canaries, while they bake.
    pub bakes_until: Option<Timestamp>,
    /// The number of workloads that may be in flight at once.
    pub limit: u32,
}
