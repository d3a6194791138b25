//! A deployment of ours that is under way.
//!
//! A memory only; `plan` follows it.

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
    /// What the service ran before, when that is ours as well: it serves until the new tasks run, and again
    /// when they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ManagedRevision>,
    /// Images of the application that it changes beside what it is for, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved_images: Vec<String>,
}

impl DeploymentRecord {
    /// What is said of images of the application that it changes too, if it does.
    #[must_use]
    pub fn told_of_images(&self) -> Option<String> {
        tell_moved_images(&self.moved_images)
    }

    /// The revision it brings, as one that the service runs.
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

/// What is said of images of the application that a deployment changes beside what it is for, if it does.
#[must_use]
pub fn tell_moved_images(images: &[String]) -> Option<String> {
    (!images.is_empty()).then(|| {
        format!(
            "the deployment changes images of the application too, since their tags were moved: {}",
            images.join(", ")
        )
    })
}
