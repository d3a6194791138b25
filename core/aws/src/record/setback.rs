//! What stood in the way of a workload's router: others who took it away, races that were lost, roles.
//!
//! Never a decision: what follows from it is planned anew in each pass.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PolicyRef;

/// Somebody took the router away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revert {
    /// When it was seen.
    pub at: Timestamp,
    /// ARN of the revision they brought.
    pub revision: String,
    /// Canonical hash of its content.
    pub content: String,
    /// ARN of the revision of ours that the service had before.
    pub ours: String,
    /// The policy that won the workload then.
    pub policy: PolicyRef,
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

/// A change that something outside of the service stands in the way of: a role, a tag that was moved. It takes no
/// place from others until it is time to look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Obstacle {
    /// Content hash of the change.
    pub hash: String,
    /// The policy it was for.
    pub policy: PolicyRef,
    /// Reason word, as in conditions.
    pub reason: String,
    /// For people.
    pub message: String,
    /// When it is looked at again, unless the change becomes another before.
    pub look_again_at: Timestamp,
}

/// What was found out about the rights of a workload's roles (`iam.mode: Verify`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RightsRecord {
    /// Digest of the roles and of what they must allow.
    pub digest: String,
    /// When it was found out.
    pub judged_at: Timestamp,
    /// What is missing, a sentence for each role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What could not be found out, a sentence for each role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}
