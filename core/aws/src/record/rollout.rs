//! The record of one policy's rollout in one target, beside those of its workloads.
//!
//! What can be counted from the workloads' own records is not stored here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PolicyRef;

/// The rollout of the current generation of a policy in one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutRecord {
    /// Name of the `AwsTarget`.
    pub target: String,
    /// Policy and generation.
    pub policy: PolicyRef,
    /// A gate that failed: nothing is started until the rollout is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<RolloutStop>,
}

/// Why a rollout stopped by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStop {
    /// What was seen, for users.
    pub message: String,
    /// When it stopped.
    pub at: Timestamp,
}

impl RolloutRecord {
    /// Returns why the rollout of that generation stopped, unless it was resumed since.
    #[must_use]
    pub fn stopped_since(
        &self,
        policy: &PolicyRef,
        resumed_at: Option<Timestamp>,
    ) -> Option<&RolloutStop> {
        let stop = self.stopped.as_ref();
        let stop = stop.filter(|_| self.policy.is_same_content(policy))?;
        resumed_at.is_none_or(|at| stop.at > at).then_some(stop)
    }
}
