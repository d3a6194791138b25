//! How a rollout stands.

use firelens_types::v1alpha1::{RolloutPlan, WaveStatus};
use jiff::Timestamp;

/// How the rollout of one policy generation stands in one target, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutState {
    /// What is to be done, as a plan that can be approved.
    pub plan: RolloutPlan,
    /// The wave that is open.
    pub wave: u32,
    /// The waves so far and the one that is open.
    pub waves: Vec<WaveStatus>,
    /// Why nothing new is started, when failures, a gate or a person stopped it.
    pub paused: Option<String>,
    /// Whether somebody ended it.
    pub aborted: bool,
    /// Changes that were not begun.
    pub remaining: u32,
    /// Middle of what the deployments of this rollout took, once there is one.
    pub deployment_seconds: Option<i64>,
    /// When the canaries are baked, while they bake.
    pub bakes_until: Option<Timestamp>,
    /// Workloads that may be in flight at once.
    pub limit: u32,
}
