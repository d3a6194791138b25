//! What the operator remembers of a workload and of the AWS things it made, between two passes.
//!
//! A record is a memory, never the truth: a managed revision explains itself through its labels, and
//! every decision survives the loss of all records at the price of one more look at AWS. Records hold
//! no secret value and no whole task definition.

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

impl PolicyRef {
    /// Whether both name the same content of the same policy: its uid and its generation.
    #[must_use]
    pub fn is_same_content(&self, other: &Self) -> bool {
        self.uid == other.uid && self.generation == other.generation
    }
}

/// What a deployment of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Put the router in, or bring it up to date.
    Inject,
    /// Take the router out again.
    Eject,
    /// Put the service back on the revision it ran before, after a deployment of ours failed.
    Restore,
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
    /// Whether we deregistered it since: then it is history, and the content is registered anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_deregistered: bool,
}

impl Registered {
    /// Whether it is there with that content.
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
    /// When it was found running without a deployment of ours that reached its end: its owner shipped or
    /// copied it, the memory of it was lost, or its deployment ended late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted_at: Option<Timestamp>,
    /// Policy generation whose rollout last deployed this service; what canaries are counted by.
    pub rolled_out_generation: i64,
}

impl ManagedRevision {
    /// Since when it is known to run: what it shows is counted from then on.
    #[must_use]
    pub fn runs_since(&self) -> Option<Timestamp> {
        self.settled_at.or(self.adopted_at)
    }
}

/// The deployment in force that was seen last where a change was wanted: ours, or somebody else's and since
/// when it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastDeployment {
    /// ECS id (`ecs-svc/…`).
    pub id: String,
    /// Whether the operator started it, or ECS in place of one of the operator's.
    #[serde(default)]
    pub ours: bool,
    /// Since when it is the only one and complete, as far as was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_since: Option<Timestamp>,
}

/// The rollout that reached a workload last. It outlives deployments of the owner, so that a wave that
/// was done stays done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutMark {
    /// Policy and generation.
    pub policy: PolicyRef,
    /// Whether it brought the router or took it away.
    pub purpose: Purpose,
    /// Digest of the change it brought, as the approved plan has it.
    pub digest: String,
    /// Number of the wave in which it was started; 0 is the canary. `None`: nothing had to be changed,
    /// the workload was found as the policy wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<u32>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When its deployment was seen to be complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
}

impl RolloutMark {
    /// Whether the rollout of that very generation set it, to that purpose.
    #[must_use]
    pub fn is_of(&self, policy: &PolicyRef, purpose: Purpose) -> bool {
        self.purpose == purpose && self.policy.is_same_content(policy)
    }
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
    /// Revisions of ours that the service is not set to any more, or no longer for a policy, but that may
    /// still have tasks or be rolled back to. What they need of roles and files stays until then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<ManagedRevision>,
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
    /// The rollout that reached it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutMark>,
    /// The policy generation whose router reached its settled end here last. Where a newer one has to
    /// wait and the owner's deployment took the router away, it is what comes back meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<PolicyRef>,
    /// ARN of the revision of ours that the service was seen to be set to last, until we take it away
    /// ourselves or ECS does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<String>,
    /// Whether the service was ever seen to run a revision of ours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub had_router: bool,
    /// How often the router was taken away lately, oldest first. Stored under the name it had first.
    #[serde(default, rename = "takeaways", skip_serializing_if = "Vec::is_empty")]
    pub reverts: Vec<Revert>,
    /// Whether its logs were seen at their destination. It is worth nothing without `managed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogsRecord>,
    /// Whether its roles may do what they must, where the policy only verifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<RightsRecord>,
    /// What something outside of the service stands in the way of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<Obstacle>,
    /// Whose deployment is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_deployment: Option<LastDeployment>,
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

    /// Whether nothing is remembered that a later pass needs. Such a record is not kept: whoever adds a member
    /// that counts adds it here.
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

    /// Remembers a deployment that was started just now.
    pub fn begin(&mut self, mut deployment: DeploymentRecord) {
        // What AWS refused before it takes now.
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

    /// Remembers how far putting the service back is; nothing where there is nothing to put back.
    pub fn set_put_back(&mut self, state: PutBackState) {
        if let Some(put_back) = self.put_back_mut() {
            put_back.state = state;
        }
    }

    /// ECS refused to put the service back that many times; the next is at that time.
    pub fn put_back_later(&mut self, tries: u32, at: Timestamp) {
        if let Some(put_back) = self.put_back_mut() {
            put_back.tries = tries;
            put_back.retry_at = Some(at);
        }
    }

    fn put_back_mut(&mut self) -> Option<&mut PutBack> {
        self.failed.as_mut()?.put_back.as_mut()
    }

    /// A revision of ours that the service may still get back to.
    #[must_use]
    pub fn way_back(&self) -> Option<&ManagedRevision> {
        if let Some(before) = self.deployment.as_ref().and_then(|one| one.before.as_ref()) {
            return Some(before);
        }
        let put_back = self.failed.as_ref()?.put_back.as_ref()?;
        put_back.managed.as_ref().filter(|_| put_back.is_open())
    }

    /// Whether something of ours runs there, is on its way, or may come back.
    #[must_use]
    pub const fn relies(&self) -> bool {
        self.managed.is_some()
            || !self.leaving.is_empty()
            || self.deployment.is_some()
            || self.overtaken.is_some()
    }

    /// Remembers a revision of ours that the service is set to no more, once.
    pub fn set_down(&mut self, revision: ManagedRevision) {
        let mut known = self.leaving.iter();
        if known.all(|one| one.arn != revision.arn) {
            self.leaving.push(revision);
        }
    }

    /// Whether a place under `rollout.maxConcurrent` is taken.
    #[must_use]
    pub const fn is_in_flight(&self) -> bool {
        self.admitted.is_some() || self.deployment.is_some()
    }
}
