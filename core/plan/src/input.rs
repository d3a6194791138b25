//! What a plan is made from: what people want, what was seen, what is remembered, and the time.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::observe::Observation;
use firelens_aws::record::{
    GenerationKey, Intent, OwnedResource, OwnedRevision, PolicyGeneration, ResourceId,
    RolloutRecord, WorkloadKey, WorkloadRecord,
};
use firelens_types::v1alpha1::{AwsTarget, Freeze, LogDestination, LoggingPolicy, RolloutControl};
use jiff::Timestamp;

/// Everything a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// The id of this installation, with which its revisions are marked.
    pub installation: &'a str,
    /// The target.
    pub target: &'a AwsTarget,
    /// All policies, including those being deleted.
    pub policies: &'a [LoggingPolicy],
    /// All destinations by name.
    pub destinations: &'a BTreeMap<String, LogDestination>,
    /// The world as far as it was read.
    pub observation: &'a Observation,
    /// What is remembered of this target's workloads.
    pub records: &'a BTreeMap<WorkloadKey, WorkloadRecord>,
    /// The resources that we made in this target.
    pub resources: &'a BTreeMap<ResourceId, OwnedResource>,
    /// Revisions that we registered and did not deregister, by ARN.
    pub revisions: &'a BTreeMap<String, OwnedRevision>,
    /// Workloads that the target no longer looks after, and that another target has taken on.
    pub handed_over: &'a BTreeSet<WorkloadKey>,
    /// Registrations whose answer is not known.
    pub intents: &'a [Intent],
    /// What is remembered of rollouts in this target, by uid of the policy.
    pub rollouts: &'a BTreeMap<String, RolloutRecord>,
    /// The content of policies in the generations that workloads may need again.
    pub generations: &'a BTreeMap<GenerationKey, PolicyGeneration>,
    /// The requests of people about the rollouts of the present generations, by uid of the policy.
    pub controls: &'a BTreeMap<String, RolloutControl>,
    /// The freezes of all targets: times in which nothing is started.
    pub freezes: &'a [Freeze],
    /// The time of the pass.
    pub now: Timestamp,
}
