//! What nobody needs any more, and how each policy stands.
//!
//! A role policy or object goes only after the last workload that relied on it has settled without
//! it. What could not be read counts as relying.

use std::collections::BTreeSet;

use super::draft::find_policy;
use super::model::{Decision, Plan, PlanInput, PolicyProgress, Removal, WorkloadPlan};
use crate::record::{OwnedResource, PolicyRef, ResourceId};
use crate::select::policy_ref;
use crate::v1alpha1::{DeletionPolicy, LoggingPolicy};

/// Adds removals to a plan whose workloads are decided.
pub(super) fn plan(input: &PlanInput<'_>, plan: &mut Plan) {
    if input.target.spec.suspend {
        return;
    }
    for (id, resource) in input.resources {
        let Some(policy) = find_policy(input, &resource.policy) else {
            continue;
        };
        if policy.is_deleting() && policy.spec.deletion_policy == DeletionPolicy::Retain {
            plan.forgotten_resources.push(id.clone());
        } else if is_spare(plan, policy, resource) {
            plan.removals.push(Removal {
                id: id.clone(),
                policy: resource.policy.clone(),
            });
        }
    }
}

/// Whether nothing relies on a resource. Objects of a policy that lives on are the business of
/// `garbage`: an older revision that a rollback may bring back names them.
fn is_spare(plan: &Plan, policy: &LoggingPolicy, resource: &OwnedResource) -> bool {
    if policy.is_deleting() {
        return !plan
            .workloads
            .values()
            .any(|workload| relies_on(workload, &resource.policy));
    }
    let ResourceId::RolePolicy { .. } = &resource.id else {
        return false;
    };
    if !has_time(plan) {
        return false;
    }
    let wanted = plan.resources.contains_key(&resource.id)
        || plan.workloads.values().any(|workload| {
            workload.requires.contains(&resource.id)
                || workload.keeps.contains(&resource.id)
                || names_role(workload, resource)
        });
    let unread = plan
        .workloads
        .values()
        .any(|workload| matches!(workload.decision, Decision::Unknown(_)));
    !wanted && !unread
}

/// Whether a pass may tidy up: workloads go first.
pub(super) fn has_time(plan: &Plan) -> bool {
    let writes = plan.resources.iter().any(|(id, write)| {
        let mut workloads = plan.workloads.values();
        write.unconditional || workloads.any(|workload| workload.requires.contains(id))
    });
    let mut workloads = plan.workloads.values();
    plan.needs.is_empty() && !writes && workloads.all(|workload| workload.steps.is_empty())
}

/// Whether a workload still carries, or is getting, something of the policy.
fn relies_on(workload: &WorkloadPlan, policy: &PolicyRef) -> bool {
    let record = &workload.record;
    if workload.decision == Decision::Retained {
        return false;
    }
    let remembered = record
        .managed
        .as_ref()
        .is_some_and(|managed| managed.policy.uid == policy.uid)
        || record
            .deployment
            .as_ref()
            .is_some_and(|deployment| deployment.policy.uid == policy.uid)
        || record
            .overtaken
            .as_ref()
            .is_some_and(|race| race.policy.uid == policy.uid);
    let marked = workload
        .marks
        .as_ref()
        .is_some_and(|marks| marks.policy_uid == policy.uid);
    remembered || marked
}

/// Whether a running or coming revision of the workload has grants on the role of `resource`.
fn names_role(workload: &WorkloadPlan, resource: &OwnedResource) -> bool {
    let ResourceId::RolePolicy { role, .. } = &resource.id else {
        return false;
    };
    let record = &workload.record;
    let managed = record
        .managed
        .as_ref()
        .filter(|managed| managed.policy.uid == resource.policy.uid);
    let deployment = record
        .deployment
        .as_ref()
        .filter(|deployment| deployment.policy.uid == resource.policy.uid);
    let grants = managed
        .map(|managed| &managed.grants)
        .into_iter()
        .chain(deployment.map(|deployment| &deployment.grants))
        .flatten();
    grants
        .filter_map(|grant| crate::iam::role_name(&grant.role_arn))
        .any(|name| name.name == role.as_str())
}

/// Counts how each policy stands in this target.
pub(super) fn count(input: &PlanInput<'_>, plan: &mut Plan) {
    for policy in input.policies {
        let reference = policy_ref(policy);
        let mut progress = PolicyProgress::default();
        for workload in plan.workloads.values() {
            tally(&mut progress, workload, &reference);
        }
        let standing = plan.standings.get(policy.name());
        progress.paused = standing.is_some_and(|standing| standing.paused.is_some());
        progress.released = is_released(input, plan, policy, &reference);
        plan.policies.insert(reference.name, progress);
    }
}

fn tally(progress: &mut PolicyProgress, workload: &WorkloadPlan, policy: &PolicyRef) {
    let wins = workload
        .selection
        .winner
        .as_ref()
        .is_some_and(|won| won.uid == policy.uid);
    let carries = relies_on(workload, policy);
    if !wins {
        progress.to_eject += u32::from(carries);
        return;
    }
    progress.selected += 1;
    let counter = match &workload.decision {
        Decision::InSync => &mut progress.in_sync,
        Decision::Injecting | Decision::Ejecting | Decision::Deploying(_) => {
            &mut progress.in_progress
        }
        // The operator has nothing left to do there, and others must not wait for it.
        Decision::Refused(_) | Decision::Contested(_) | Decision::ShipManually(_) => {
            &mut progress.refused
        }
        Decision::Failed => &mut progress.failed,
        Decision::Unknown(_) => &mut progress.unknown,
        _ => &mut progress.pending,
    };
    *counter += 1;
}

/// Whether a policy that is being deleted has nothing left here.
fn is_released(
    input: &PlanInput<'_>,
    plan: &Plan,
    policy: &LoggingPolicy,
    reference: &PolicyRef,
) -> bool {
    if !policy.is_deleting() || !plan.needs.is_empty() {
        return false;
    }
    if policy.spec.deletion_policy == DeletionPolicy::Retain {
        return true;
    }
    let kept: BTreeSet<&ResourceId> = input
        .resources
        .iter()
        .filter(|(_, resource)| resource.policy.uid == reference.uid)
        .map(|(id, _)| id)
        .collect();
    let carried = plan
        .workloads
        .values()
        .any(|workload| relies_on(workload, reference));
    kept.is_empty() && !carried
}
