//! `Rollout`: the progress of one policy generation in one target.
//!
//! The object is kept after the rollout ended. Users write `spec.control` and nothing else.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;
use super::serde_util::is_false;

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
    /// What people say to the rollout; all the rest is written by the controller.
    #[serde(default, skip_serializing_if = "RolloutControl::is_empty")]
    pub control: RolloutControl,
}

/// What people say to a rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RolloutControl {
    /// True: start nothing more; what runs comes to its end.
    #[serde(skip_serializing_if = "is_false")]
    pub paused: bool,
    /// When the rollout was resumed (RFC 3339): failures and failed gates from before do not pause it any
    /// more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub resumed_at: Option<Timestamp>,
    /// Tries failed workloads again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RolloutRetry>,
    /// Ends the rollout before it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort: Option<RolloutAbort>,
    /// Approves the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approve: Option<RolloutApproval>,
}

impl RolloutControl {
    /// Whether no member is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Failed workloads to be tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolloutRetry {
    /// When it was asked for (RFC 3339): failures from before are forgotten, later ones are not.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// Names of `Workload` objects. Empty: all of the rollout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub workloads: Vec<String>,
}

/// How a rollout is ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RolloutAbort {
    /// True: the workloads that this rollout has reached lose the router again, in waves. False
    /// (default): they stay as they are.
    pub undo: bool,
}

/// The plan that somebody has read and agrees to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolloutApproval {
    /// Its hash, as `status.plan.hash` has it. Another plan is not approved by it.
    pub plan: String,
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
    /// The waves so far and the next one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waves: Vec<WaveStatus>,
    /// What is still to be done, as a plan that can be approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<RolloutPlan>,
    /// What workloads wait for or failed of, with how many they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReasonCount>,
    /// The soonest that all can be done, from the AWS request budget and the bake times (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub expected_end: Option<Timestamp>,
    /// When the first workload was started (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started_at: Option<Timestamp>,
    /// When the last workload was done for the first time (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub completed_at: Option<Timestamp>,
    /// What happens now, and what to do about it, for people.
    pub message: String,
    /// What was observed: `Complete`, `Ready`, `Paused`, `Approved`.
    pub conditions: Vec<Condition>,
}

/// One wave. Counts are workloads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WaveStatus {
    /// Its number; 0 is the canary.
    pub wave: u32,
    /// How many it has.
    pub size: u32,
    /// How many were started.
    pub started: u32,
    /// How many are done.
    pub done: u32,
    /// How many failed.
    pub failed: u32,
}

/// What a rollout has still to do, as a plan that can be approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutPlan {
    /// SHA-256 (hex) over every change: workload, base revision, content, roles, objects. It changes when
    /// any of them does, and stays while the rollout goes on.
    pub hash: String,
    /// Workloads that it changes, those that are done included.
    pub workloads: u32,
    /// Whether approval is needed.
    pub needs_approval: bool,
    /// Whether this very plan is approved.
    pub approved: bool,
}

/// How many workloads say the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReasonCount {
    /// A reason of the documented list.
    pub reason: String,
    /// How many workloads.
    pub count: u32,
}
