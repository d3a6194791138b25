//! What the operator remembers of a workload and of the AWS things it made, between two passes.
//!
//! A record is a memory, never the truth: a managed revision explains itself through its labels, and
//! every decision survives the loss of all records at the price of one more look at AWS. Records hold
//! no secret value and no whole task definition.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::iam::Grant;

/// Names one ECS service of one target. Ordered, so that plans are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadKey {
    /// Name of the `AwsTarget`.
    pub target: String,
    /// Name of the ECS cluster (not its ARN); unique in one account and region.
    pub cluster: String,
    /// Name of the ECS service; unique in its cluster.
    pub service: String,
}

impl fmt::Display for WorkloadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.target, self.cluster, self.service)
    }
}

/// Which policy content something was made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// Name of the `LoggingPolicy`.
    pub name: String,
    /// Its uid: a policy deleted and made again under one name is another policy.
    pub uid: String,
    /// Its `metadata.generation` at that time.
    pub generation: i64,
}

/// What a deployment of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Put the router in, or bring it up to date.
    Inject,
    /// Take the router out again.
    Eject,
}

/// The last revision that we registered for a workload. It is kept after the update: when the owner
/// brings the same base back, or a read lags behind our own write, the same revision serves again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// ARN of the revision.
    pub arn: String,
    /// Its content hash.
    pub hash: String,
}

/// The revision of ours that the service runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedRevision {
    /// ARN of the managed revision.
    pub arn: String,
    /// ARN of the owner's revision it was made from, when it is known.
    pub base: Option<String>,
    /// The policy it was made from.
    pub policy: PolicyRef,
    /// What its roles must allow for as long as it runs.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// Its content hash.
    pub hash: String,
    /// When the deployment that brought it reached its end.
    pub settled_at: Option<Timestamp>,
    /// Policy generation whose rollout last deployed this service; what canaries are counted by.
    pub rolled_out_generation: i64,
}

/// A deployment that we started and watch to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentRecord {
    /// What it is for.
    pub purpose: Purpose,
    /// The revision it brings.
    pub task_definition: String,
    /// The revision the service ran before; a rollback goes back to it.
    pub previous: String,
    /// Content hash of the revision it brings.
    pub hash: String,
    /// The policy it happens for.
    pub policy: PolicyRef,
    /// ARN of the base the new revision was made from.
    pub base: Option<String>,
    /// What the roles of the new revision must allow.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// ECS id of the deployment (`ecs-svc/…`), when the answer named it.
    pub deployment_id: Option<String>,
    /// When `UpdateService` answered.
    pub started_at: Timestamp,
}

/// An attempt that ended badly. The same content is not tried on the same base again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedAttempt {
    /// What was attempted.
    pub purpose: Purpose,
    /// The revision that was brought.
    pub task_definition: String,
    /// Content hash of what was attempted.
    pub hash: String,
    /// The policy it was attempted for.
    pub policy: PolicyRef,
    /// Reason word, as in conditions.
    pub reason: String,
    /// Words of AWS, for people.
    pub message: String,
    /// When it was noticed.
    pub at: Timestamp,
    /// When it may be tried again by itself: what was missing is a right, which somebody can grant
    /// without touching policy or service. `None`: not until one of those changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// A race that an update of ours lost to the owner although the service was read just before: their
/// revision was superseded at once, and is what the service must get back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overtaken {
    /// The owner's revision.
    pub theirs: String,
    /// The revision we brought over it.
    pub ours: String,
    /// The policy it happened for.
    pub policy: PolicyRef,
    /// When.
    pub at: Timestamp,
}

/// Everything remembered of one workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadRecord {
    /// Whose memory this is.
    pub key: WorkloadKey,
    /// The last revision registered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Registered>,
    /// The policy under whose `rollout.maxConcurrent` it takes a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted: Option<PolicyRef>,
    /// Live and ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedRevision>,
    /// Under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentRecord>,
    /// The last attempt that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedAttempt>,
    /// The owner's revision that an update of ours overtook by accident: the next change is made from
    /// it, not from what the service runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Overtaken>,
}

impl WorkloadRecord {
    /// An empty memory.
    #[must_use]
    pub const fn new(key: WorkloadKey) -> Self {
        Self {
            key,
            registered: None,
            admitted: None,
            managed: None,
            deployment: None,
            failed: None,
            overtaken: None,
        }
    }

    /// Whether nothing is remembered beyond the name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.registered.is_none()
            && self.admitted.is_none()
            && self.managed.is_none()
            && self.deployment.is_none()
            && self.failed.is_none()
            && self.overtaken.is_none()
    }

    /// Whether a place under `rollout.maxConcurrent` is taken.
    #[must_use]
    pub const fn is_in_flight(&self) -> bool {
        self.admitted.is_some() || self.deployment.is_some()
    }
}

/// A registration about to happen. It is recorded before the call, because `RegisterTaskDefinition`
/// has no client token and an answer can be lost: while the intent is open, the newest revision of
/// the family is looked at before another one is registered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// `register/FAMILY/HASH`: the same wish has the same id.
    pub id: String,
    /// Name of the `AwsTarget`.
    pub target: String,
    /// Family the revision belongs to.
    pub family: String,
    /// Content hash of the revision.
    pub hash: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

impl Intent {
    /// The intent to register content `hash` in `family`.
    #[must_use]
    pub fn register(target: &str, family: &str, hash: &str, now: Timestamp) -> Self {
        Self {
            id: format!("register/{family}/{hash}"),
            target: target.to_owned(),
            family: family.to_owned(),
            hash: hash.to_owned(),
            recorded_at: now,
        }
    }
}

/// Names one AWS thing beside task definitions that the operator makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "type"
)]
pub enum ResourceId {
    /// An S3 object with a router configuration.
    Object {
        /// Bucket name.
        bucket: String,
        /// Object key, without a leading slash.
        key: String,
    },
    /// An inline policy of an IAM role.
    RolePolicy {
        /// Role name without path.
        role: String,
        /// Name of the inline policy.
        policy_name: String,
    },
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::RolePolicy { role, policy_name } => write!(f, "role/{role}/{policy_name}"),
        }
    }
}

/// A thing we made or are about to make. The row is written before the AWS call, so that what exists
/// in AWS is always a subset of what is remembered, and nothing is left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnedResource {
    /// Name of the `AwsTarget`.
    pub target: String,
    /// What it is.
    pub id: ResourceId,
    /// The policy it belongs to.
    pub policy: PolicyRef,
    /// SHA-256 (hex) of its content as we want it.
    pub digest: String,
    /// When the write was answered; `None` while it is only intended.
    pub written_at: Option<Timestamp>,
    /// When a read last showed that it is there with this content.
    pub verified_at: Option<Timestamp>,
}
