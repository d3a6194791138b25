//! The result of a plan review, as the API returns it.
//!
//! Plain data with documented fields; nothing is decided here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use firelens_aws::iam::Grant;
use firelens_inject::difference::Difference;

/// What a policy would do in one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetPlan {
    /// Name of the `AwsTarget`.
    pub target: String,
    /// How many workloads, by what would become of them.
    pub summary: PlanSummary,
    /// The workloads that the policy touches, by name; at most as many as were asked for.
    pub workloads: Vec<PlannedWorkload>,
    /// The role policies that it needs, all workloads together.
    pub roles: Vec<PlannedRole>,
    /// The files that it needs in S3.
    pub objects: Vec<PlannedObject>,
    /// Clusters that could not be read, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// Workloads counted by outlook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanSummary {
    /// All that the policy touches.
    pub workloads: u32,
    /// Would get the router, or another one.
    pub inject: u32,
    /// Would lose the router.
    pub eject: u32,
    /// Run what the policy wants.
    pub unchanged: u32,
    /// Cannot be injected.
    pub refused: u32,
    /// Could not be evaluated.
    pub unknown: u32,
}

/// What would become of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Outlook {
    /// It would get the router, or another one.
    Inject,
    /// It would lose the router.
    Eject,
    /// It runs what the policy wants, or is left as it is.
    Unchanged,
    /// It cannot be injected; the reason says why.
    Refused,
    /// It could not be read.
    Unknown,
}

/// What a policy would do to one workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedWorkload {
    /// Name of the `Workload`.
    pub name: String,
    /// Name of the ECS cluster.
    pub cluster: String,
    /// Name of the ECS service.
    pub service: String,
    /// What would become of it.
    pub outlook: Outlook,
    /// Reason, a word of the documented list.
    pub reason: String,
    /// The reason for people.
    pub message: String,
    /// Why it would have to wait now, although it is to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// ARN of the revision that the service is set to.
    pub revision: String,
    /// Tasks that the service wants: so many are replaced.
    pub desired_count: i64,
    /// An existing revision that it would be given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<String>,
    /// How the new revision differs from the present one, values that look like secrets hidden.
    pub differences: Vec<Difference>,
    /// The same as a unified diff of the two revisions; absent where nothing differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// What its roles must allow.
    pub rights: Vec<Grant>,
    /// Hints and risks, each as `Code: text`.
    pub notes: Vec<String>,
    /// The configuration that the ECS agent will generate at task start, and the files it includes,
    /// one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
}

/// One role policy, for all workloads together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRole {
    /// Name of the role.
    pub role: String,
    /// Name of the inline policy.
    pub policy_name: String,
    /// The policy document now; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    /// The policy document there would be.
    pub after: serde_json::Value,
    /// What could not be found out about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// The services of the policy whose tasks have this role, as `CLUSTER/SERVICE`.
    pub services: Vec<String>,
    /// Other services of the target whose tasks have this role, and would be allowed the same; also those of
    /// other targets in the account that no policy selects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_users: Vec<String>,
    /// Whom the trust policy of the role lets assume it beside ECS tasks: `lambda.amazonaws.com`, an
    /// account, a role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_principals: Vec<String>,
    /// The permissions boundary of the role, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<PlannedBoundary>,
}

/// What a permissions boundary leaves of a role policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedBoundary {
    /// ARN of the managed policy that is the boundary.
    pub arn: String,
    /// What it would not allow; absent where it allows everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denies: Option<String>,
    /// What cannot be told, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// One file in S3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedObject {
    /// Bucket.
    pub bucket: String,
    /// Key; it holds the hash of the content.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// The answer to a plan request: what the policy would do, target by target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// Whether every target answered. If not, ask again: what was read meanwhile is kept, so each
    /// time takes less long.
    pub complete: bool,
    /// Targets that did not answer in time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<String>,
    /// Targets that could not answer, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// The answers, by target.
    pub targets: Vec<TargetPlan>,
}
