//! What the operator remembers of the AWS things it made or is about to make.
//!
//! A row is written before the call it announces, so that what exists in AWS is always a subset of what is
//! remembered.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PolicyRef;
use super::Tool;
use crate::iam::Grant;

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
    /// What a revision with a router is for; none for one that takes the router out: that is the owner's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<RouterOf>,
}

/// Whose router a revision has, and what it needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouterOf {
    /// The policy.
    pub policy: PolicyRef,
    /// What the roles must allow.
    #[serde(default)]
    pub grants: Vec<Grant>,
}

/// A revision that we registered. It is remembered until it is deregistered, so that none is left behind
/// that somebody could start by the name of the family.
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
    /// Whose router it has.
    pub router: RouterOf,
    /// When it was registered.
    pub registered_at: Timestamp,
}

impl Intent {
    /// The revision that came of it, where that is ours.
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

    /// The intent to register content `hash` in `family`.
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
    /// When a read last showed that it is there with this content, and nothing in the way of it.
    pub verified_at: Option<Timestamp>,
    /// When a read since then showed a role policy to be there still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reread_at: Option<Timestamp>,
    /// Since when no revision that is known names it; absent while one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare_since: Option<Timestamp>,
    /// What may keep a role policy from having effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// What others did to it lately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<RightsTaken>,
}

/// Others took a role policy of ours away, or altered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RightsTaken {
    /// How often, the last time included.
    pub times: u32,
    /// When that was noticed first.
    pub since: Timestamp,
    /// When it was noticed last.
    pub last_at: Timestamp,
    /// The last time it was there with other content.
    #[serde(default)]
    pub altered: bool,
    /// The tool that the tags of the role name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
}
