//! The record of a deployment of ours that is in progress; `plan` follows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ManagedRevision, PolicyRef, Purpose};
use crate::iam::Grant;

/// A deployment that we started and watch to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentRecord {
    /// What it is for.
    pub purpose: Purpose,
    /// The revision that it deploys.
    pub task_definition: String,
    /// The revision the service ran before; a rollback goes back to it.
    pub previous: String,
    /// Content hash of the revision that it deploys.
    pub hash: String,
    /// The policy for which it was started.
    pub policy: PolicyRef,
    /// ARN of the base from which the new revision was made.
    pub base: Option<String>,
    /// What the roles of the new revision must allow.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// ECS id of the deployment (`ecs-svc/…`), if the response had it.
    pub deployment_id: Option<String>,
    /// When `UpdateService` returned.
    pub started_at: Timestamp,
    /// What the service ran before, if that is a managed revision as well: it stays in use until the new tasks
    /// run, and is used again if they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ManagedRevision>,
    /// Images of the application that it also changes, as text for users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved_images: Vec<String>,
}

impl DeploymentRecord {
    /// Returns the message on images of the application that it also changes, if there are any.
    #[must_use]
    pub fn told_of_images(&self) -> Option<String> {
        tell_moved_images(&self.moved_images)
    }

    /// Returns the revision that it deploys, as one that the service runs.
    #[must_use]
    pub fn brought(&self, settled_at: Option<Timestamp>) -> ManagedRevision {
        ManagedRevision {
            arn: self.task_definition.clone(),
            base: self.base.clone(),
            policy: self.policy.clone(),
            grants: self.grants.clone(),
            hash: self.hash.clone(),
            settled_at,
            adopted_at: None,
            rolled_out_generation: self.policy.generation,
        }
    }
}

/// Returns the message on images of the application that a deployment also changes, if there are any.
#[must_use]
pub fn tell_moved_images(images: &[String]) -> Option<String> {
    (!images.is_empty()).then(|| {
        format!(
            "the deployment changes images of the application too, since their tags were moved: {}",
            images.join(", ")
        )
    })
}
