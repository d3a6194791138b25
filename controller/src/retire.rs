//! Releases policies that are deleted once nothing of them is left, and forgets targets that are gone.
//!
//! A policy is held by [`RESTORE_FINALIZER`] until every target reports that nothing of it is left. A target
//! without a pass since the deletion has not reported so.

use firelens_aws::record::{ResourceId, WorkloadKey, WorkloadRecord};
use firelens_plan::select::glob_matches;
use firelens_plan::{Plan, PolicyProgress};
use firelens_report::status::rollout_name;
use firelens_store::{Lease, ListOptions, Store, StoreError};
use firelens_types::error_chain;
use firelens_types::v1alpha1::{DeletionPolicy, Kind, LoggingPolicy, RESTORE_FINALIZER};

use crate::labels::target_selector;
use crate::load::{self, Loaded};

/// The progress of deletions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Released {
    /// The number of policies of which something is left.
    pub(crate) under_way: usize,
    /// The number of policies that were released now.
    pub(crate) gone: usize,
}

/// Removes the finalizer of policies that are deleted and of which nothing is left anywhere.
///
/// # Errors
/// The store fails, or the lease is lost.
pub(crate) async fn release_policies(
    store: &Store,
    lease: &Lease,
    loaded: &Loaded,
    plan: &Plan,
) -> Result<Released, StoreError> {
    let mut released = Released::default();
    for policy in loaded.policies.iter().filter(|policy| policy.is_deleting()) {
        if !policy
            .metadata
            .finalizers
            .iter()
            .any(|held| held == RESTORE_FINALIZER)
        {
            continue;
        }
        let here = plan.policies.get(policy.name());
        if !here.is_some_and(|progress| progress.released)
            || loaded.unreadable_resources > 0
            || !is_released_elsewhere(store, loaded.target.name(), policy).await?
        {
            released.under_way += usize::from(!here.is_some_and(waits_for_others));
            continue;
        }
        let (name, uid) = (policy.name(), policy.uid());
        let removed = store
            .remove_finalizer_fenced(lease, Kind::LoggingPolicy, name, uid, RESTORE_FINALIZER)
            .await;
        match removed {
            Ok(_) => {
                released.gone += 1;
                tracing::info!(
                    policy = name,
                    "policy removed: nothing that it created is left"
                );
            }
            // Gone, or another object by now: then there is nothing to release.
            Err(StoreError::NotFound { .. } | StoreError::Conflict { .. }) => {}
            Err(error) if error.refuses_content() => {
                released.under_way += 1;
                let error = error_chain(&error);
                tracing::error!(
                    policy = name,
                    error,
                    "the database rejected the removal of the policy's finalizer"
                );
            }
            Err(error) => return Err(error),
        }
    }
    Ok(released)
}

/// Whether nothing is under way here although the policy is still held: by other targets, or by services that
/// opted out.
const fn waits_for_others(progress: &PolicyProgress) -> bool {
    progress.released || progress.waits_for_owners()
}

async fn is_released_elsewhere(
    store: &Store,
    here: &str,
    policy: &LoggingPolicy,
) -> Result<bool, StoreError> {
    for target in load::target_names(store).await? {
        if target != here && !is_released_in(store, &target, policy).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn is_released_in(
    store: &Store,
    name: &str,
    policy: &LoggingPolicy,
) -> Result<bool, StoreError> {
    if concerns(policy, name) {
        // A target reports on the deletion as on any other change, after a pass.
        let report = rollout_name(policy.name(), policy.generation(), name);
        if store.get(Kind::Rollout, &report).await?.is_none() {
            return Ok(false);
        }
    }
    // What is retained goes on running, and is no longer managed.
    let retains = policy.spec.deletion_policy == DeletionPolicy::Retain;
    let records = store.records(name).await?;
    if !retains && records.values().any(|record| carries(record, policy.uid())) {
        return Ok(false);
    }
    let revisions = store.revisions(name).await?;
    let mut revisions = revisions.values();
    if !retains && revisions.any(|revision| revision.router.policy.uid == policy.uid()) {
        return Ok(false);
    }
    let resources = store.resources(name).await?;
    let unreadable = store.unreadable_resources(name).await?;
    Ok(unreadable == 0
        && !resources
            .iter()
            .any(|resource| resource.policy.uid == policy.uid()))
}

/// Whether the policy's selector reaches into a target.
pub(crate) fn concerns(policy: &LoggingPolicy, target: &str) -> bool {
    let globs = &policy.spec.selector.targets;
    globs.is_empty() || globs.iter().any(|glob| glob_matches(glob, target))
}

/// Whether something of the policy runs, or is on its way, in a workload.
fn carries(record: &WorkloadRecord, uid: &str) -> bool {
    let managed = record.managed.as_ref().map(|managed| &managed.policy);
    let deployment = record
        .deployment
        .as_ref()
        .map(|deployment| &deployment.policy);
    let leaving = record.leaving.iter().map(|leaving| &leaving.policy);
    [managed, deployment, record.admitted.as_ref()]
        .into_iter()
        .flatten()
        .chain(leaving)
        .any(|policy| policy.uid == uid)
}

/// Forgets everything about a target that is gone. What runs in it is left as it is.
///
/// # Errors
/// The store fails, or the lease is lost.
pub(crate) async fn forget_target(
    store: &Store,
    lease: &Lease,
    target: &str,
) -> Result<(), StoreError> {
    for kind in [Kind::Workload, Kind::Rollout] {
        let options = ListOptions {
            label_selector: target_selector(target),
            ..ListOptions::default()
        };
        let list = store.list(kind, &options).await?;
        let names: Vec<String> = list
            .items
            .iter()
            .filter(|object| object["spec"]["target"] == target)
            .filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned))
            .collect();
        if !names.is_empty() {
            store.apply_generated(lease, kind, &[], &names).await?;
        }
    }
    let keys: Vec<WorkloadKey> = store.records(target).await?.into_keys().collect();
    if !keys.is_empty() {
        store.delete_records(lease, &keys).await?;
    }
    let resources = store.resources(target).await?;
    let ids: Vec<ResourceId> = resources.into_iter().map(|resource| resource.id).collect();
    if !ids.is_empty() {
        store.delete_resources(lease, target, &ids).await?;
    }
    let revisions: Vec<String> = store.revisions(target).await?.into_keys().collect();
    if !revisions.is_empty() {
        store.delete_revisions(lease, target, &revisions).await?;
    }
    let rollouts: Vec<String> = store.rollouts(target).await?.into_keys().collect();
    if !rollouts.is_empty() {
        store.put_rollouts(lease, target, &[], &rollouts).await?;
    }
    let generations: Vec<_> = store
        .policy_generations(target)
        .await?
        .into_keys()
        .collect();
    if !generations.is_empty() {
        store
            .put_policy_generations(lease, target, &[], &generations)
            .await?;
    }
    for intent in store.open_intents(target).await? {
        store.close_intent(lease, target, &intent.id).await?;
    }
    Ok(())
}
