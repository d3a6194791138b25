//! Loads what people want and what is recorded, from the store.
//!
//! An object that cannot be read is left out and logged: it must not stop the others. What an unreadable policy
//! has injected is left as it is.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::observe::Observation;
use firelens_aws::record::{
    GenerationKey, Intent, OwnedResource, OwnedRevision, PolicyGeneration, ResourceId,
    RolloutRecord, WorkloadKey, WorkloadRecord,
};
use firelens_plan::PlanInput;
use firelens_store::{ListOptions, Store, StoreError};
use firelens_types::v1alpha1::{
    AwsTarget, Freeze, Kind, LogDestination, LoggingPolicy, Rollout, RolloutControl,
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::handover;
use crate::labels::target_selector;
use crate::reading::{self, Policies, readable};

/// The input of a pass from the store.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The id of this installation.
    pub(crate) installation: String,
    pub(crate) target: AwsTarget,
    /// All targets, including this one.
    pub(crate) targets: Vec<AwsTarget>,
    pub(crate) policies: Vec<LoggingPolicy>,
    pub(crate) destinations: BTreeMap<String, LogDestination>,
    pub(crate) records: BTreeMap<WorkloadKey, WorkloadRecord>,
    pub(crate) resources: BTreeMap<ResourceId, OwnedResource>,
    /// Revisions by ARN.
    pub(crate) revisions: BTreeMap<String, OwnedRevision>,
    /// Workloads that another target has taken on.
    pub(crate) handed_over: BTreeSet<WorkloadKey>,
    pub(crate) intents: Vec<Intent>,
    /// Rollout records by uid of the policy.
    pub(crate) rollouts: BTreeMap<String, RolloutRecord>,
    /// The content of policies in the generations that workloads may need again.
    pub(crate) generations: BTreeMap<GenerationKey, PolicyGeneration>,
    /// The Rollout objects of the target by name. Only this target writes their status.
    pub(crate) rollout_objects: BTreeMap<String, Rollout>,
    /// The controls that people set on the rollouts of the present generations, by uid of the policy.
    pub(crate) controls: BTreeMap<String, RolloutControl>,
    pub(crate) freezes: Vec<Freeze>,
    /// Names, by uid, of policies that cannot be read.
    pub(crate) unreadable_policies: BTreeMap<String, String>,
    /// The number of our resources that cannot be read.
    pub(crate) unreadable_resources: usize,
}

impl Loaded {
    /// Returns the record of a workload.
    pub(crate) fn remembered(&self, key: &WorkloadKey) -> WorkloadRecord {
        let known = self.records.get(key).cloned();
        known.unwrap_or_else(|| WorkloadRecord::new(key.clone()))
    }

    /// Returns the input of a plan, with what was read of AWS.
    pub(crate) fn input<'a>(
        &'a self,
        observation: &'a Observation,
        now: Timestamp,
    ) -> PlanInput<'a> {
        PlanInput {
            installation: &self.installation,
            target: &self.target,
            policies: &self.policies,
            destinations: &self.destinations,
            observation,
            records: &self.records,
            resources: &self.resources,
            revisions: &self.revisions,
            handed_over: &self.handed_over,
            intents: &self.intents,
            rollouts: &self.rollouts,
            generations: &self.generations,
            controls: &self.controls,
            freezes: &self.freezes,
            now,
        }
    }
}

/// The result of loading a target.
#[derive(Debug)]
pub(crate) enum Load {
    /// There is no such object.
    Gone,
    /// There is an object that this version cannot read.
    Unreadable,
    /// Everything about it.
    Found(Box<Loaded>),
}

/// Loads everything about one target.
///
/// # Errors
/// The store fails.
pub(crate) async fn load(store: &Store, target: &str) -> Result<Load, StoreError> {
    let Some(object) = store.get(Kind::AwsTarget, target).await? else {
        return Ok(Load::Gone);
    };
    let Some(aws_target) = readable::<AwsTarget>(Kind::AwsTarget, object) else {
        return Ok(Load::Unreadable);
    };
    let policies = store
        .list(Kind::LoggingPolicy, &ListOptions::default())
        .await?;
    let Policies {
        readable: policies,
        unreadable: unreadable_policies,
    } = reading::policies(policies.items);
    let destinations = all::<LogDestination>(store, Kind::LogDestination).await?;
    let resources = store.resources(target).await?;
    let rollout_objects = rollout_objects(store, target).await?;
    let controls = controls(&rollout_objects, &policies);
    let records = store.records(target).await?;
    let targets = all::<AwsTarget>(store, Kind::AwsTarget).await?;
    let handed_over = handover::handed_over(store, &aws_target, &targets, &records).await?;
    Ok(Load::Found(Box::new(Loaded {
        installation: store.installation().await?,
        target: aws_target,
        targets,
        policies,
        destinations: destinations
            .into_iter()
            .map(|destination| (destination.name().to_owned(), destination))
            .collect(),
        records,
        handed_over,
        resources: resources
            .into_iter()
            .map(|resource| (resource.id.clone(), resource))
            .collect(),
        revisions: store.revisions(target).await?,
        intents: store.open_intents(target).await?,
        rollouts: store.rollouts(target).await?,
        generations: store.policy_generations(target).await?,
        rollout_objects,
        controls,
        freezes: all::<Freeze>(store, Kind::Freeze).await?,
        unreadable_policies,
        unreadable_resources: store.unreadable_resources(target).await?,
    })))
}

async fn rollout_objects(
    store: &Store,
    target: &str,
) -> Result<BTreeMap<String, Rollout>, StoreError> {
    let options = ListOptions {
        label_selector: target_selector(target),
        ..ListOptions::default()
    };
    let list = store.list(Kind::Rollout, &options).await?;
    let rollouts = list
        .items
        .into_iter()
        .filter_map(|object| readable::<Rollout>(Kind::Rollout, object))
        .filter(|rollout| rollout.spec.target == target);
    Ok(rollouts
        .map(|rollout| (rollout.name().to_owned(), rollout))
        .collect())
}

/// Returns the controls that people set, of the rollouts of the present generations.
fn controls(
    rollouts: &BTreeMap<String, Rollout>,
    policies: &[LoggingPolicy],
) -> BTreeMap<String, RolloutControl> {
    let controlled = rollouts
        .values()
        .filter(|rollout| !rollout.spec.control.is_empty());
    controlled
        .filter_map(|rollout| {
            let policy = policies.iter().find(|policy| {
                policy.name() == rollout.spec.policy
                    && policy.generation() == rollout.spec.generation
            })?;
            Some((policy.uid().to_owned(), rollout.spec.control.clone()))
        })
        .collect()
}

/// Returns the names of all targets, including those that cannot be read.
///
/// # Errors
/// The store fails.
pub(crate) async fn target_names(store: &Store) -> Result<Vec<String>, StoreError> {
    let list = store.list(Kind::AwsTarget, &ListOptions::default()).await?;
    let name = |object: &Value| Some(object.pointer("/metadata/name")?.as_str()?.to_owned());
    Ok(list.items.iter().filter_map(name).collect())
}

/// Returns all objects of a kind that can be read as `T`.
pub(crate) async fn all<T: DeserializeOwned>(
    store: &Store,
    kind: Kind,
) -> Result<Vec<T>, StoreError> {
    let list = store.list(kind, &ListOptions::default()).await?;
    let objects = list.items.into_iter();
    Ok(objects
        .filter_map(|object| readable(kind, object))
        .collect())
}
