//! The records of what the operator made in AWS, or is about to make.
//!
//! A row is written before the call that it announces, so that what exists in AWS is always a subset of what is
//! recorded.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PolicyRef;
use super::Tool;
use crate::iam::Grant;

/// The announcement of a registration. It is recorded before the call, because `RegisterTaskDefinition` has no
/// client token and a response can be lost: while the intent is open, the newest revisions of the family are read
/// before another one is registered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// `register/FAMILY/HASH`: the same registration has the same id.
    pub id: String,
    /// Name of the `AwsTarget`.
    pub target: String,
    /// Family of the revision.
    pub family: String,
    /// Content hash of the revision.
    pub hash: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The router of the revision; `None` for a revision without the router, which belongs to the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<RouterOf>,
}

/// The policy of the router of a revision, and what the router needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouterOf {
    /// The policy.
    pub policy: PolicyRef,
    /// What the roles must allow.
    #[serde(default)]
    pub grants: Vec<Grant>,
}

/// A revision that we registered. It is recorded until it is deregistered, so that none is left behind that
/// somebody could start by the name of its family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnedRevision {
    /// Name of the `AwsTarget`.
    pub target: String,
    /// Its ARN.
    pub arn: String,
    /// Its family.
    pub family: String,
    /// Its content hash.
    pub hash: String,
    /// The router that it has.
    pub router: RouterOf,
    /// When it was registered.
    pub registered_at: Timestamp,
}

impl Intent {
    /// Returns the revision that was registered for this intent, if it is ours.
    #[must_use]
    pub fn owned(&self, arn: &str, now: Timestamp) -> Option<OwnedRevision> {
        Some(OwnedRevision {
            target: self.target.clone(),
            arn: arn.to_owned(),
            family: self.family.clone(),
            hash: self.hash.clone(),
            router: self.router.clone()?,
            registered_at: now,
        })
    }

    /// Creates the intent to register content `hash` in `family`.
    #[must_use]
    pub fn register(target: &str, family: &str, hash: &str, now: Timestamp) -> Self {
        Self {
            id: format!("register/{family}/{hash}"),
            target: target.to_owned(),
            family: family.to_owned(),
            hash: hash.to_owned(),
            recorded_at: now,
            router: None,
        }
    }
}

/// Identifies one resource: a role policy or S3 object that the operator made.
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

/// A resource that we made or are about to make. The row is written before the AWS call, so that what exists in
/// AWS is always a subset of what is recorded, and nothing is left behind.
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
    /// When the write succeeded; `None` while it is only intended.
    pub written_at: Option<Timestamp>,
    /// When a read last showed that it exists with this content, and that nothing prevents its effect.
    pub verified_at: Option<Timestamp>,
    /// When a later read showed that a role policy still exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reread_at: Option<Timestamp>,
    /// Since when no known revision refers to it; absent while one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare_since: Option<Timestamp>,
    /// What may prevent the effect of a role policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// How others removed or changed it recently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<RightsTaken>,
}

/// Others removed or changed a role policy of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RightsTaken {
    /// How often, including the last time.
    pub times: u32,
    /// When that was noticed first.
    pub since: Timestamp,
    /// When it was noticed last.
    pub last_at: Timestamp,
    /// Whether it existed with other content the last time.
    #[serde(default)]
    pub altered: bool,
    /// The tool, by the tags of the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
}
