//! The plan of one target: every step with every argument decided. Applying it needs no choice.
//!
//! A plan is a plain value: sorted, comparable, the same for the same input.

mod claim;
mod contest;
mod decision;
mod external_deploy;
mod repair;
mod rollout_state;

pub use claim::Claim;
pub use contest::{Contest, REVERT_WINDOW_SECONDS};
pub use decision::{Decision, Wait};
pub use external_deploy::ExternalDeploy;
pub use repair::Repair;
pub use rollout_state::RolloutState;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::select::Selection;
use firelens_aws::iam::Grant;
use firelens_aws::observe::Needs;
use firelens_aws::record::{
    GenerationKey, Intent, OwnedResource, OwnedRevision, PolicyGeneration, PolicyRef, Purpose,
    ResourceId, RolloutRecord, WorkloadKey, WorkloadRecord,
};
use firelens_inject::drift::Drift;
use firelens_inject::{Marks, Note};

/// What to do in one target.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What must be read before this plan may be applied. When it is not empty, the caller reads it and plans
    /// again; the rest of the plan is then not final.
    pub needs: Needs,
    /// The reads that were left open in a plan that goes ahead without them: the workloads concerned wait.
    pub left_open: Needs,
    /// One entry for each workload, selected or not.
    pub workloads: BTreeMap<WorkloadKey, WorkloadPlan>,
    /// Objects and role policies to write; workloads name those they require.
    pub resources: BTreeMap<ResourceId, ResourcePlan>,
    /// Things to remove, each independent of the others.
    pub removals: Vec<Removal>,
    /// ARNs of revisions of ours to deregister, each independent of the others.
    pub deregistrations: Vec<String>,
    /// Revisions of ours that were found for an open intent; to be recorded.
    pub registered: Vec<OwnedRevision>,
    /// ARNs of revisions to forget without touching AWS: gone, or retained.
    pub forgotten_revisions: Vec<String>,
    /// Resources seen in this pass to be as wanted; to be recorded.
    pub verified: Vec<OwnedResource>,
    /// Role policies that others removed or altered, and that this pass writes again.
    pub repairs: Vec<Repair>,
    /// Resources that became spare, or are no longer spare; to be recorded.
    pub marked: Vec<OwnedResource>,
    /// The number of our objects that no revision names, including those to be removed in this pass.
    pub spare_objects: u32,
    /// Resources to forget without touching AWS (`deletionPolicy: Retain`).
    pub forgotten_resources: Vec<ResourceId>,
    /// Ids of intents that were answered by what was read.
    pub closed_intents: Vec<String>,
    /// Records of workloads that are gone.
    pub forgotten_workloads: Vec<WorkloadKey>,
    /// The progress of each policy in this target, by name.
    pub policies: BTreeMap<String, PolicyProgress>,
    /// The state of each rollout in this target, by name of the policy.
    pub rollout_states: BTreeMap<String, RolloutState>,
    /// Rollout records that changed.
    pub rollouts: Vec<RolloutRecord>,
    /// Uids of policies whose rollouts are to be forgotten.
    pub forgotten_rollouts: Vec<String>,
    /// Generations of policies to remember.
    pub generations: Vec<PolicyGeneration>,
    /// Generations that nobody needs any more.
    pub forgotten_generations: Vec<GenerationKey>,
    /// The soonest time at which something waited for can have changed.
    pub requeue_at: Option<Timestamp>,
}

/// What to do with one workload.
#[derive(Clone, Debug)]
pub struct WorkloadPlan {
    /// Which policy wins it, and why the others do not.
    pub selection: Selection,
    /// What was decided.
    pub decision: Decision,
    /// Resources that must be there before the steps are taken.
    pub requires: Vec<ResourceId>,
    /// The steps in order. After a failed step the rest is not taken.
    pub steps: Vec<Step>,
    /// Resources that a revision relies on which is prepared and not deployed yet, or that waits for its slot:
    /// they are not made for it, but not removed either.
    pub keeps: Vec<ResourceId>,
    /// How the live revision differs from ours before it, when somebody else registered it.
    pub drift: Option<Drift>,
    /// Hints for people.
    pub notes: Vec<Note>,
    /// The record after this observation, before the steps.
    pub record: WorkloadRecord,
    /// Revision the service is set to.
    pub current_revision: Option<String>,
    /// The marks of that revision, when it is ours.
    pub marks: Option<Marks>,
    /// The claim on it, when it is another installation's.
    pub claim: Option<Claim>,
}

impl WorkloadPlan {
    /// Whether revisions of ours that the service is no longer set to may still run or come back.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        let mut leaving = self.record.leaving.iter();
        leaving.any(|revision| self.current_revision.as_ref() != Some(&revision.arn))
    }
}

/// One step for one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Register a managed revision.
    Register(RegisterStep),
    /// Set the service to a revision.
    Update(UpdateStep),
}

/// A `RegisterTaskDefinition` call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterStep {
    /// The intent, to be recorded before the call.
    pub intent: Intent,
    /// The request body, byte for byte.
    pub body: String,
}

/// An `UpdateService` call, or a `StopServiceDeployment` call in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateStep {
    /// ARN of the cluster.
    pub cluster_arn: String,
    /// Name of the service.
    pub service: String,
    /// The revision that the service must still be set to; otherwise the step is dropped.
    pub expected: String,
    /// The revision to deploy.
    pub revision: RevisionRef,
    /// What to record once ECS has answered (without deployment id and time).
    pub purpose: Purpose,
    /// The policy for which it happens.
    pub policy: PolicyRef,
    /// Content hash of the revision.
    pub hash: String,
    /// The base it was made from.
    pub base: Option<String>,
    /// What its roles must allow.
    pub grants: Vec<Grant>,
    /// ARN of our service deployment that ECS is to stop and to roll back; the service is then not updated.
    pub stop: Option<String>,
    /// Images of the application that the deployment changes as a side effect, for people.
    pub moved_images: Vec<String>,
}

/// A revision that exists now, or the result of the register step before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevisionRef {
    /// It exists.
    Arn(String),
    /// The one registered in the same pass.
    JustRegistered,
}

/// A write of a shared resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePlan {
    /// The row to record before the write (its `written_at` is set after).
    pub resource: OwnedResource,
    /// What to write.
    pub content: ResourceContent,
    /// Whether to write it even if no workload of this pass requires it: it was altered or must shrink.
    pub unconditional: bool,
}

/// The content of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceContent {
    /// Body of an S3 object.
    Object(String),
    /// JSON of an inline role policy.
    RolePolicy(String),
}

/// A resource to remove from AWS, and then to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// What to remove.
    pub id: ResourceId,
    /// The policy that it belonged to.
    pub policy: PolicyRef,
}

/// The progress of a policy in one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyProgress {
    /// Workloads it wins.
    pub selected: u32,
    /// Workloads that run its router as wanted.
    pub in_sync: u32,
    /// Workloads with steps or a deployment under way.
    pub in_progress: u32,
    /// Workloads that wait for their slot.
    pub pending: u32,
    /// Workloads that cannot be injected.
    pub refused: u32,
    /// Workloads whose attempt failed.
    pub failed: u32,
    /// Workloads that could not be read.
    pub unknown: u32,
    /// Workloads that still have its router although it is being deleted or no longer selects them.
    pub to_eject: u32,
    /// Services (`CLUSTER/SERVICE`) that have its router and are opted out by a tag. They hold a deleted policy,
    /// and no other.
    pub opted_out: Vec<String>,
    /// Whether nothing of it is left in this target (or, with `Retain`, nothing is managed).
    pub released: bool,
    /// Whether failures stopped the rollout.
    pub paused: bool,
}

impl PolicyProgress {
    /// The number of workloads about which something is still to be done, now or later.
    #[must_use]
    pub const fn open(&self) -> u32 {
        self.pending + self.in_progress + self.to_eject + self.unknown
    }

    /// Whether only services with the opt-out tag run its router: only their owners can take it out.
    #[must_use]
    pub const fn waits_for_owners(&self) -> bool {
        !self.opted_out.is_empty() && self.open() == 0 && self.failed == 0
    }
}

/// The number of resources of ours in a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Objects in S3.
    pub objects: u32,
    /// Those of them that no known revision names.
    pub spare_objects: u32,
    /// Inline policies of roles.
    pub role_policies: u32,
}

impl Holdings {
    /// Counts the resources that existed when the plan was made and those that it writes, without those that it
    /// removes.
    #[must_use]
    pub fn of(resources: &BTreeMap<ResourceId, OwnedResource>, plan: &Plan) -> Self {
        let mut ids: BTreeSet<&ResourceId> = resources.keys().collect();
        ids.extend(plan.resources.keys());
        for removal in &plan.removals {
            ids.remove(&removal.id);
        }
        for id in &plan.forgotten_resources {
            ids.remove(id);
        }
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let is_object = |id: &&&ResourceId| matches!(id, ResourceId::Object { .. });
        let objects = ids.iter().filter(is_object).count();
        let removed = plan.removals.iter().map(|removal| &removal.id);
        let removed = count(removed.filter(|id| is_object(&id)).count());
        Self {
            objects: count(objects),
            spare_objects: plan.spare_objects.saturating_sub(removed),
            role_policies: count(ids.len() - objects),
        }
    }
}
