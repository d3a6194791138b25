//! The record of what prevented a workload's router: reverts by others, lost races, roles.
//!
//! What follows from it is decided in each pass.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PolicyRef;

/// A deployment by which somebody removed the router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revert {
    /// When it was seen.
    pub at: Timestamp,
    /// ARN of the revision that they deployed.
    pub revision: String,
    /// Canonical hash of its content.
    pub content: String,
    /// ARN of the revision of ours that the service had before.
    pub ours: String,
    /// The policy that won the workload then.
    pub policy: PolicyRef,
}

/// A race between an update of ours and the owner's, although the service was read just before: our update
/// superseded their revision at once, and the service must get it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overtaken {
    /// The owner's revision.
    pub theirs: String,
    /// The revision of ours that superseded it.
    pub ours: String,
    /// The policy for which it happened.
    pub policy: PolicyRef,
    /// When.
    pub at: Timestamp,
}

/// A change that something outside of the service prevents: a role, a tag that was moved. It takes no slot until it
/// is time to check again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Obstacle {
    /// Content hash of the change.
    pub hash: String,
    /// The policy of the change.
    pub policy: PolicyRef,
    /// Reason, as in conditions.
    pub reason: String,
    /// Message, for users.
    pub message: String,
    /// When it is checked again, unless the change becomes another one before.
    pub look_again_at: Timestamp,
}

/// The result of checking the rights of a workload's roles (`iam.mode: Verify`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RightsRecord {
    /// Digest of the roles and of the rights that they need.
    pub digest: String,
    /// When it was checked.
    #[serde(rename = "judgedAt")]
    pub evaluated_at: Timestamp,
    /// What is missing, a sentence for each role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What could not be evaluated, a sentence for each role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}
