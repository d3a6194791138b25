//! What the operator remembers of a workload, and of what it made in AWS, between two passes.
//!
//! A record is not the source of truth: the labels of a managed revision describe it, and if all records are lost,
//! every decision can be made again after reading AWS. Records hold no secret value and no whole task definition.

mod attempt;
mod deployment;
mod generation;
mod logs;
mod owned;
mod put_back;
mod rollout;
mod setback;
mod tool;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use attempt::{AttemptEnd, FailedAttempt, FailureReason};
pub use deployment::{DeploymentRecord, tell_moved_images};
pub use generation::{GenerationKey, PolicyGeneration};
pub use logs::{LogsRecord, LogsSeen};
pub use owned::{Intent, OwnedResource, OwnedRevision, ResourceId, RightsTaken, RouterOf};
pub use put_back::{PutBack, PutBackState};
pub use rollout::{RolloutRecord, RolloutStop};
pub use setback::{Obstacle, Overtaken, Revert, RightsRecord};
pub use tool::Tool;

use crate::iam::Grant;

/// Identifies one ECS service of one target. It is ordered so that plans are.
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

/// The policy content from which something was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// Name of the `LoggingPolicy`.
    pub name: String,
    /// Its uid: a policy that was deleted and created again under the same name is another policy.
    pub uid: String,
    /// Its `metadata.generation` at that time.
    pub generation: i64,
}

impl PolicyRef {
    /// Whether both refer to the same content of the same policy: its uid and its generation.
    #[must_use]
    pub fn is_same_content(&self, other: &Self) -> bool {
        self.uid == other.uid && self.generation == other.generation
    }
}

/// What a deployment of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Inject the router, or update it.
    Inject,
    /// Eject the router.
    Eject,
    /// Put the service back to the revision it ran before, after a deployment of ours failed.
    Restore,
}

/// The last revision that we registered for a workload. It is kept after the update: if the owner deploys
/// the same base again, or a read lags behind our own write, the same revision is used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// ARN of the revision.
    pub arn: String,
    /// Its content hash.
    pub hash: String,
    /// Whether we deregistered it since: then it cannot be used, and the content is registered anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_deregistered: bool,
}

impl Registered {
    /// Whether it has that content and can be used.
    #[must_use]
    pub fn serves(&self, hash: &str) -> bool {
        self.hash == hash && !self.is_deregistered
    }
}

/// The revision of ours that the service runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedRevision {
    /// ARN of the managed revision.
    pub arn: String,
    /// ARN of the owner's revision from which it was made, if that is known.
    pub base: Option<String>,
    /// The policy from which it was made.
    pub policy: PolicyRef,
    /// What its roles must allow for as long as it runs.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// Its content hash.
    pub hash: String,
    /// When its deployment reached its end.
    pub settled_at: Option<Timestamp>,
    /// When it was found running without a deployment of ours that reached its end: its owner deployed or
    /// copied it, its record was lost, or its deployment ended late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted_at: Option<Timestamp>,
    /// Policy generation whose rollout last deployed this service, by which canaries are counted.
    pub rolled_out_generation: i64,
}

impl ManagedRevision {
    /// Returns since when it is known to run; evidence is counted from then on.
    #[must_use]
    pub fn runs_since(&self) -> Option<Timestamp> {
        self.settled_at.or(self.adopted_at)
    }
}

/// The current deployment as it was seen last when a change was due: whether it is ours, and since when it is
/// complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastDeployment {
    /// ECS id (`ecs-svc/…`).
    pub id: String,
    /// Whether the operator started it, or ECS in place of one of the operator's.
    #[serde(default)]
    pub ours: bool,
    /// Since when it has been seen to be complete and the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_since: Option<Timestamp>,
}

/// The rollout that reached a workload last. It is kept when the owner deploys, so that a wave that was complete
/// stays complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutMark {
    /// Policy and generation.
    pub policy: PolicyRef,
    /// Whether it injected or ejected the router.
    pub purpose: Purpose,
    /// Digest of the change, as in the approved plan.
    pub digest: String,
    /// Number of the wave in which it was started; 0 is the canary. `None`: nothing had to be changed, since the
    /// workload was already as the policy wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<u32>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When its deployment was seen to be complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
}

impl RolloutMark {
    /// Whether it is of the rollout of that generation, for that purpose.
    #[must_use]
    pub fn is_of(&self, policy: &PolicyRef, purpose: Purpose) -> bool {
        self.purpose == purpose && self.policy.is_same_content(policy)
    }
}

/// Everything remembered of one workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadRecord {
    /// The workload.
    pub key: WorkloadKey,
    /// The last revision registered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Registered>,
    /// The policy for whose rollout it holds a slot (`rollout.maxConcurrent`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted: Option<PolicyRef>,
    /// The managed revision that the service runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedRevision>,
    /// Revisions of ours that the service is no longer set to, or no longer for a policy, but that may still have
    /// tasks or be rolled back to. The role policies and objects that they need are kept until then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<ManagedRevision>,
    /// The deployment in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentRecord>,
    /// The last attempt that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedAttempt>,
    /// The owner's revision that an update of ours overtook by accident: the next change is made from
    /// it, not from what the service runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<Overtaken>,
    /// The rollout that reached it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutMark>,
    /// The last policy generation whose router has settled here. If a newer one has to wait and the owner's
    /// deployment removed the router, this generation is injected meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<PolicyRef>,
    /// ARN of the revision of ours that the service was last seen to be set to, until we or ECS remove it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<String>,
    /// Whether the service was ever seen to run a revision of ours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub had_router: bool,
    /// The recent reverts, oldest first. Stored under an earlier name of the field.
    #[serde(default, rename = "takeaways", skip_serializing_if = "Vec::is_empty")]
    pub reverts: Vec<Revert>,
    /// Whether its logs were seen at their destination. It has no meaning without `managed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogsRecord>,
    /// Whether its roles have the rights that they need, if the policy only verifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<RightsRecord>,
    /// A change that something outside of the service prevents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<Obstacle>,
    /// The current deployment, and whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_deployment: Option<LastDeployment>,
}

impl WorkloadRecord {
    /// Creates an empty record.
    #[must_use]
    pub const fn new(key: WorkloadKey) -> Self {
        Self {
            key,
            registered: None,
            admitted: None,
            managed: None,
            leaving: Vec::new(),
            deployment: None,
            failed: None,
            overtaken: None,
            rollout: None,
            proven: None,
            ran: None,
            had_router: false,
            reverts: Vec::new(),
            logs: None,
            rights: None,
            obstacle: None,
            last_deployment: None,
        }
    }

    /// Whether the record has nothing that a later pass needs. Such a record is not stored, so every new member
    /// that a later pass needs must be added here.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.registered.is_none()
            && self.admitted.is_none()
            && self.managed.is_none()
            && self.leaving.is_empty()
            && self.deployment.is_none()
            && self.failed.is_none()
            && self.overtaken.is_none()
            && self.rollout.is_none()
            && self.proven.is_none()
            && self.ran.is_none()
            && self.reverts.is_empty()
            && self.rights.is_none()
            && self.obstacle.is_none()
            && !matches!(&self.last_deployment, Some(last) if !last.ours)
    }

    /// Records a deployment that was just started.
    pub fn begin(&mut self, mut deployment: DeploymentRecord) {
        // AWS refused this before and accepts it now, so the failure is over.
        self.failed.take_if(|failed| {
            failed.end != AttemptEnd::Brought
                && failed.purpose == deployment.purpose
                && failed.hash == deployment.hash
        });
        let managed = self.managed.as_ref();
        let before = managed.filter(|managed| managed.arn == deployment.previous);
        deployment.before = before.cloned();
        if deployment.purpose == Purpose::Restore {
            self.set_put_back(PutBackState::Began);
        }
        self.deployment = Some(deployment);
    }

    /// Records the state of putting the service back; does nothing if there is nothing to put back.
    pub fn set_put_back(&mut self, state: PutBackState) {
        if let Some(put_back) = self.put_back_mut() {
            put_back.state = state;
        }
    }

    /// Records that ECS refused to put the service back `tries` times, and that it is retried at that time.
    pub fn put_back_later(&mut self, tries: u32, at: Timestamp) {
        if let Some(put_back) = self.put_back_mut() {
            put_back.tries = tries;
            put_back.retry_at = Some(at);
        }
    }

    fn put_back_mut(&mut self) -> Option<&mut PutBack> {
        self.failed.as_mut()?.put_back.as_mut()
    }

    /// Returns a revision of ours to which the service may still return.
    #[must_use]
    pub fn way_back(&self) -> Option<&ManagedRevision> {
        if let Some(before) = self
            .deployment
            .as_ref()
            .and_then(|deployment| deployment.before.as_ref())
        {
            return Some(before);
        }
        let put_back = self.failed.as_ref()?.put_back.as_ref()?;
        put_back.managed.as_ref().filter(|_| put_back.is_open())
    }

    /// Whether a revision of ours runs there, is being deployed, or may be used again.
    #[must_use]
    pub const fn relies(&self) -> bool {
        self.managed.is_some()
            || !self.leaving.is_empty()
            || self.deployment.is_some()
            || self.overtaken.is_some()
    }

    /// Adds a revision of ours that the service is no longer set to, unless it is in the list already.
    pub fn set_down(&mut self, revision: ManagedRevision) {
        let mut known = self.leaving.iter();
        if known.all(|leaving| leaving.arn != revision.arn) {
            self.leaving.push(revision);
        }
    }

    /// Whether it takes a slot of `rollout.maxConcurrent`.
    #[must_use]
    pub const fn is_in_flight(&self) -> bool {
        self.admitted.is_some() || self.deployment.is_some()
    }
}
