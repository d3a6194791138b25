//! What a target still has to do with clusters that it no longer names: which workloads stay known, and what holds
//! a target that is being deleted.
//!
//! A workload that runs a router of ours is not forgotten before somebody else looks after it.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::record::PolicyRef;
use firelens_plan::{Decision, Plan};
use firelens_store::{Event, EventType, Lease, Store, StoreError};
use firelens_types::v1alpha1::{AwsTarget, DeletionPolicy, IN_USE_FINALIZER, Kind};

use crate::handover::uncovered;
use crate::labels::COMPONENT;
use crate::load::Loaded;

/// Names of services by name of their cluster.
pub(crate) type Kept = BTreeMap<String, BTreeSet<String>>;

/// The number of workloads that an event names; more are only counted.
const NAMED_MAX: usize = 5;

/// Services that are read although the target does not name their cluster.
pub(crate) fn kept(loaded: &Loaded) -> Kept {
    let mut kept = Kept::new();
    for key in uncovered(&loaded.target, &loaded.records) {
        let services = kept.entry(key.cluster.clone()).or_default();
        services.insert(key.service.clone());
    }
    kept
}

/// Holds a target for as long as routers run there, as Kubernetes holds a volume that is in use.
///
/// # Errors
/// The store fails, or the lease is lost.
pub(crate) async fn hold_target(
    store: &Store,
    lease: &Lease,
    target: &AwsTarget,
    plan: &Plan,
) -> Result<(), StoreError> {
    let finalizers = &target.metadata.finalizers;
    let is_held = finalizers
        .iter()
        .any(|finalizer| finalizer == IN_USE_FINALIZER);
    let acts = plan
        .workloads
        .values()
        .any(|workload| !workload.steps.is_empty());
    if is_held || target.is_deleting() || !acts && firelens_plan::held_by(plan).is_empty() {
        return Ok(());
    }
    let (name, uid) = (target.name(), target.uid());
    let held = store
        .add_finalizer_fenced(lease, Kind::AwsTarget, name, uid, IN_USE_FINALIZER)
        .await;
    match held {
        // Gone, or another object by now: the next pass notices.
        Ok(()) | Err(StoreError::NotFound { .. } | StoreError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Releases a target that is being deleted, once nothing of ours is left there that is managed, or where an
/// annotation permits that it stays. Otherwise reports what holds it.
///
/// # Errors
/// The store fails, or the lease is lost.
pub(crate) async fn release_target(
    store: &Store,
    lease: &Lease,
    loaded: &Loaded,
    plan: &Plan,
) -> Result<(), StoreError> {
    let target = &loaded.target;
    if !target.is_deleting() {
        return Ok(());
    }
    if let Some(why) = held_because(loaded, plan) {
        let event = Event {
            object_kind: Kind::AwsTarget.name().to_owned(),
            object_name: target.name().to_owned(),
            object_uid: target.uid().to_owned(),
            event_type: EventType::Warning,
            reason: "StillInUse".to_owned(),
            message: why,
            component: COMPONENT.to_owned(),
        };
        return store.record_events(vec![event]).await;
    }
    let (name, uid) = (target.name(), target.uid());
    let released = store
        .remove_finalizer_fenced(lease, Kind::AwsTarget, name, uid, IN_USE_FINALIZER)
        .await;
    match released {
        Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether something is still to be removed. What belongs to a router that is retained is not.
fn is_left(loaded: &Loaded, plan: &Plan) -> bool {
    let mut decisions = plan.workloads.values().map(|workload| &workload.decision);
    let removes = |of: &PolicyRef| {
        loaded.policies.iter().any(|policy| {
            policy.uid() == of.uid && policy.spec.deletion_policy != DeletionPolicy::Retain
        })
    };
    let mut resources = loaded.resources.values();
    let mut revisions = loaded.revisions.values();
    !decisions.any(|decision| matches!(decision, Decision::Retained))
        && (resources.any(|resource| removes(&resource.policy))
            || revisions.any(|revision| removes(&revision.router.policy)))
}

fn held_because(loaded: &Loaded, plan: &Plan) -> Option<String> {
    if firelens_plan::retains(&loaded.target) {
        return None;
    }
    let held = firelens_plan::held_by(plan);
    if held.is_empty() {
        let reason =
            "role policies, files or task definitions of the operator are still to be removed";
        return is_left(loaded, plan).then(|| reason.to_owned());
    }
    let names: Vec<String> = held
        .iter()
        .take(NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    let more = held.len().saturating_sub(NAMED_MAX);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "{}{more} still run a router; delete the policies or exclude the target in their selectors, which removes the router, or annotate the target with firelens.dev/deletion-policy=Retain, which leaves everything as it is",
        names.join(", ")
    ))
}
