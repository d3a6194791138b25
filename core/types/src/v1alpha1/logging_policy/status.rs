//! The status of a `LoggingPolicy`.
//!
//! Only the controller writes it, and only when it changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::Condition;

/// What the policy brought about, over all targets. Counts are workloads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggingPolicyStatus {
    /// The `metadata.generation` that this status was made for.
    pub observed_generation: i64,
    /// Workloads that the policy decides for.
    pub selected: u32,
    /// Workloads that run what the policy wants.
    pub injected: u32,
    /// Workloads whose deployment runs now.
    pub in_progress: u32,
    /// Workloads that wait for their turn.
    pub pending: u32,
    /// Workloads whose deployment failed.
    pub failed: u32,
    /// Workloads left alone, with the reason on the Workload.
    pub skipped: u32,
    /// What was observed: `Ready`, and `Valid`: what the linter says.
    pub conditions: Vec<Condition>,
}
