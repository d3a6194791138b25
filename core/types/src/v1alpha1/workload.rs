//! `Workload`: one ECS service as the operator sees it.
//!
//! It is generated and read-only: the operator reads no user input from it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;
use super::serde_util::text_enum;

/// Which ECS service this is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadSpec {
    /// Name of the `AwsTarget`.
    pub target: String,
    /// Name of the ECS cluster.
    pub cluster: String,
    /// Name of the ECS service.
    pub service: String,
}

/// What the operator knows about the service, and what it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadStatus {
    /// Name of the `AwsTarget`.
    pub target: String,
    /// ARN of the ECS cluster.
    pub cluster_arn: String,
    /// ARN of the ECS service.
    pub service_arn: String,
    /// Name of the ECS service.
    pub service_name: String,
    /// Where the tasks run: FARGATE, EC2, EXTERNAL, MANAGED_INSTANCES.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<String>,
    /// Platform of the tasks, such as `LINUX/X86_64` or a Fargate platform version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// REPLICA or DAEMON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling_strategy: Option<String>,
    /// Who deploys the service: ECS, CODE_DEPLOY, EXTERNAL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_controller: Option<String>,
    /// The policy that decides for this service; absent when none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyInForce>,
    /// The wave of the policy's rollout that it was started in; 0 is the canary. Absent before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wave: Option<u32>,
    /// The policies that do not decide, each with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_policies: Vec<OtherPolicy>,
    /// ARN of the task definition revision that the owner of the service registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_revision: Option<String>,
    /// ARN of the revision with the router, registered by the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_revision: Option<String>,
    /// ARN of the revision that the service asks for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<String>,
    /// The deployment that the operator started last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<WorkloadDeployment>,
    /// Where the revision that somebody else brought differs from the one of the operator before it, for
    /// as long as it is live: at most 20 paths, those of ours first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<DriftedPath>,
    /// What was observed: `Selected`, `Injected`, `Healthy`, `LogsFlowing`, `Ready`, and `Contested` while
    /// it holds.
    pub conditions: Vec<Condition>,
}

text_enum! {
    /// Whose a path of a task definition is that differs.
    DriftClass {
        /// The operator had set it, and somebody took it away or altered it.
        Ours = "Ours",
        /// The owner's own, which the operator never undoes.
        Theirs = "Theirs",
        /// What ECS writes by itself; it means the same.
        Server = "Server",
    }
}

/// One path in which a live revision differs from the one of the operator before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftedPath {
    /// Where, such as `containerDefinitions[app].logConfiguration`.
    pub path: String,
    /// Whose it is.
    pub class: DriftClass,
    /// What the operator's revision had there, as short text; absent when nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What is there now, as short text; absent when nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The policy that decides for a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyInForce {
    /// Name of the policy.
    pub name: String,
    /// Generation of the policy that was decided upon.
    pub generation: i64,
}

/// A policy that does not decide for a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OtherPolicy {
    /// Name of the policy.
    pub name: String,
    /// Why it does not decide, in one CamelCase word, such as `LowerPriority`.
    pub reason: String,
}

/// A deployment of the service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadDeployment {
    /// Id or ARN that ECS gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How far it is, as ECS says: PENDING, IN_PROGRESS, COMPLETED, FAILED, …
    pub state: String,
    /// Why it is so, as ECS says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The task definition revision being deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// When it started (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started_at: Option<Timestamp>,
    /// When it was finished (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub completed_at: Option<Timestamp>,
    /// Tasks wanted.
    pub desired_count: u32,
    /// Tasks running.
    pub running_count: u32,
    /// Tasks that failed to start or to stay up.
    pub failed_tasks: u32,
}
