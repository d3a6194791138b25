//! `Rollout`: the progress of one policy generation in one target.
//!
//! Generated and read-only; a record of what happened, kept after the rollout ended.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;

/// Which policy generation, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutSpec {
    /// Name of the policy.
    pub policy: String,
    /// Generation of the policy.
    pub generation: i64,
    /// Name of the `AwsTarget`.
    pub target: String,
}

/// How far the rollout is. Counts are workloads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutStatus {
    /// Workloads that the policy decides for in this target.
    pub selected: u32,
    /// Workloads that run what the policy wants.
    pub updated: u32,
    /// Workloads whose deployment runs now.
    pub in_progress: u32,
    /// Workloads that wait for their turn.
    pub pending: u32,
    /// Workloads whose deployment failed.
    pub failed: u32,
    /// Workloads left alone, with the reason on the Workload.
    pub skipped: u32,
    /// Number of the wave that runs now; 0 is the canary.
    pub wave: u32,
    /// When the first workload was started (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started_at: Option<Timestamp>,
    /// When the last workload was done (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub completed_at: Option<Timestamp>,
    /// What happens now, and what to do about it, for people.
    pub message: String,
    /// What was observed: `Progressing`, `Paused`, `Complete`.
    pub conditions: Vec<Condition>,
}
