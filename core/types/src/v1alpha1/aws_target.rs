//! `AwsTarget`: an AWS account and region to look after.
//!
//! It holds no credentials, only the role to assume.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::serde_util::{blank_as_none, is_false};
use super::{Condition, IntOrPercent};

/// Which account and region, with which role, and how often to look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AwsTargetSpec {
    /// The AWS account: 12 digits, in quotes. The operator refuses to work when the credentials
    /// it got belong to another account.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    pub account_id: String,
    /// The AWS region, such as `us-east-1`.
    #[schemars(regex(pattern = r"^[a-z]{2,}(-[a-z0-9]+)+-[0-9]+$"))]
    pub region: String,
    /// The role to assume before every call. Absent: the operator's own credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role: Option<AssumeRole>,
    /// Globs on the names of ECS clusters to look at (`*` any run of characters, `?` one).
    /// Default: `["*"]`, every cluster.
    #[serde(default = "everything")]
    pub clusters: Vec<String>,
    /// Where router configuration that is too long for a task definition is kept. Needed by
    /// `config.delivery` S3 and Init of a policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_bucket: Option<ConfigBucket>,
    /// Seconds between two full looks at the account, 1 to 86400. Default: 300. Events and
    /// changed objects are acted on sooner.
    #[serde(default = "default_resync_seconds")]
    #[schemars(range(min = 1, max = 86400))]
    pub resync_seconds: u32,
    /// How much of this target one change of a policy may touch without approval: a number of its
    /// services, or a share such as "25%". A rollout that would touch more waits until somebody approves
    /// its plan, as with `rollout.approval: Required`. Absent: no ceiling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_above: Option<IntOrPercent>,
    /// True: change nothing in this target. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

const fn default_resync_seconds() -> u32 {
    300
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssumeRole {
    /// ARN of the role, such as `arn:aws:iam::111122223333:role/firelens-operator`.
    pub arn: String,
    /// External id that the role's trust policy asks for, if any.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>
    #[serde(
        default,
        deserialize_with = "blank_as_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub external_id: Option<String>,
}

/// An S3 bucket for router configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigBucket {
    /// Name of the bucket, in the account and region of the target.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
    pub name: String,
    /// Put before every key, such as `firelens/`. Default: empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// What the controller found in the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AwsTargetStatus {
    /// The `metadata.generation` that this status was made for.
    pub observed_generation: i64,
    /// When the last full look at the account ended (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_resync_time: Option<Timestamp>,
    /// ECS clusters looked at.
    pub clusters: u32,
    /// ECS services found in them.
    pub services: u32,
    /// Objects in S3 that the operator made here.
    pub owned_objects: u32,
    /// Those of them that no known revision names any more; they go after seven days.
    pub spare_objects: u32,
    /// Inline policies of roles that the operator made here.
    pub owned_role_policies: u32,
    /// What was observed: `Reachable`, `Ready`.
    pub conditions: Vec<Condition>,
}
