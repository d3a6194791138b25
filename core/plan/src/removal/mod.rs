//! Removal of what nobody needs any more, and the progress of each policy.
//!
//! A role policy or object is removed only after the last workload that relied on it has settled without it. A
//! workload that could not be read counts as relying on it.

pub(crate) mod former;
pub(crate) mod garbage;
pub(crate) mod revisions;

use std::collections::BTreeSet;

use crate::input::PlanInput;
use crate::model::{Decision, Plan, PolicyProgress, Removal, ResourcePlan, WorkloadPlan};
use crate::select::policy_ref;
use crate::workload::claim::is_relied_on_elsewhere;
use crate::workload::draft::find_policy;
use firelens_aws::iam::Grant;
use firelens_aws::record::{OwnedResource, PolicyRef, ResourceId};
use firelens_types::v1alpha1::{DeletionPolicy, LoggingPolicy};

/// Adds removals to a plan whose workloads are decided.
pub(crate) fn plan(input: &PlanInput<'_>, plan: &mut Plan) {
    if input.target.spec.suspend || input.resources.is_empty() || !plan.needs.is_empty() {
        return;
    }
    let reliance = Reliance::of(input, plan);
    let mut removals = Vec::new();
    let mut forgotten = Vec::new();
    for (id, resource) in input.resources {
        let Some(policy) = find_policy(input, &resource.policy) else {
            continue;
        };
        if is_relied_on_elsewhere(plan, id) {
            // Another installation's router may rely on it: it stays, and a policy that is being deleted forgets
            // it.
            if policy.is_deleting() {
                forgotten.push(id.clone());
            }
        } else if policy.is_deleting() && policy.spec.deletion_policy == DeletionPolicy::Retain {
            forgotten.push(id.clone());
        } else if reliance.spares(policy, resource) {
            removals.push(Removal {
                id: id.clone(),
                policy: resource.policy.clone(),
            });
        }
    }
    plan.forgotten_resources.extend(forgotten);
    plan.removals.extend(removals);
}

/// What the workloads rely on, collected once for all resources: there are thousands of both.
struct Reliance<'a> {
    /// Uids of the policies of which a workload still has something, or is getting it.
    policies: BTreeSet<&'a str>,
    /// Resources that must exist.
    resources: BTreeSet<&'a ResourceId>,
    /// Uid of a policy, and name of a role on which a running or coming revision has grants of it.
    roles: BTreeSet<(&'a str, String)>,
    /// Whether all workloads could be read, and the pass may clean up.
    may_tidy: bool,
}

impl<'a> Reliance<'a> {
    fn of(input: &'a PlanInput<'_>, plan: &'a Plan) -> Self {
        let workloads = || plan.workloads.values();
        let routers = || revisions::startable(input, plan).map(|revision| &revision.router);
        let startable = routers().map(|router| router.policy.uid.as_str());
        let their_roles = routers().flat_map(|router| roles_of(&router.policy, &router.grants));
        let needed =
            workloads().flat_map(|workload| workload.requires.iter().chain(&workload.keeps));
        Self {
            policies: workloads().flat_map(carried).chain(startable).collect(),
            resources: plan.resources.keys().chain(needed).collect(),
            roles: workloads()
                .flat_map(named_roles)
                .chain(their_roles)
                .collect(),
            may_tidy: has_time(plan) && is_known(plan),
        }
    }

    /// Whether nothing relies on a resource. Objects of a policy that still exists are left to `garbage`: an older
    /// revision to which a rollback may return names them.
    fn spares(&self, policy: &LoggingPolicy, resource: &OwnedResource) -> bool {
        let uid = resource.policy.uid.as_str();
        if policy.is_deleting() {
            return !self.policies.contains(uid);
        }
        let ResourceId::RolePolicy { role, .. } = &resource.id else {
            return false;
        };
        self.may_tidy
            && !self.resources.contains(&resource.id)
            && !self.roles.contains(&(uid, role.clone()))
    }
}

/// Whether every workload could be read.
pub(crate) fn is_known(plan: &Plan) -> bool {
    let mut workloads = plan.workloads.values();
    workloads.all(|workload| !workload.decision.is_unknown())
}

/// Whether a pass may clean up: changes of workloads go first.
pub(crate) fn has_time(plan: &Plan) -> bool {
    let workloads = || plan.workloads.values();
    let required: BTreeSet<&ResourceId> = workloads()
        .flat_map(|workload| &workload.requires)
        .collect();
    let is_written =
        |(id, write): (&ResourceId, &ResourcePlan)| write.unconditional || required.contains(id);
    plan.needs.is_empty()
        && !plan.resources.iter().any(is_written)
        && workloads().all(|workload| workload.steps.is_empty())
}

/// Uids of the policies of which a workload still has something, or is getting it.
fn carried(workload: &WorkloadPlan) -> impl Iterator<Item = &str> {
    let record = &workload.record;
    let managed = record.managed.as_ref().map(|managed| &managed.policy);
    let deployment = record
        .deployment
        .as_ref()
        .map(|deployment| &deployment.policy);
    let overtaken = record.overtaken.as_ref().map(|race| &race.policy);
    let before = record.way_back().map(|before| &before.policy);
    let is_retained = workload.decision == Decision::Retained;
    let let_go = workload.current_revision.as_ref().filter(|_| is_retained);
    let leaving = record.leaving.iter();
    let leaving = leaving
        .filter(move |revision| let_go != Some(&revision.arn))
        .map(|revision| &revision.policy);
    let remembered = [managed, deployment, overtaken, before]
        .into_iter()
        .flatten();
    let marked = workload.marks.iter().filter(move |_| !is_retained);
    remembered
        .chain(leaving)
        .map(|policy| policy.uid.as_str())
        .chain(marked.map(|marks| marks.policy_uid.as_str()))
}

fn relies_on(workload: &WorkloadPlan, policy: &PolicyRef) -> bool {
    carried(workload).any(|uid| uid == policy.uid)
}

/// Roles on which a running, coming or leaving revision of a workload has grants, with the uid of the
/// policy.
fn named_roles(workload: &WorkloadPlan) -> impl Iterator<Item = (&str, String)> {
    let record = &workload.record;
    let managed = record
        .managed
        .as_ref()
        .map(|managed| (&managed.policy, &managed.grants));
    let deployment = record.deployment.as_ref();
    let deployment = deployment.map(|deployment| (&deployment.policy, &deployment.grants));
    let before = record
        .way_back()
        .map(|before| (&before.policy, &before.grants));
    let leaving = record.leaving.iter();
    let leaving = leaving.map(|leaving| (&leaving.policy, &leaving.grants));
    [managed, deployment, before]
        .into_iter()
        .flatten()
        .chain(leaving)
        .flat_map(|(policy, grants)| roles_of(policy, grants))
}

fn roles_of<'a>(
    policy: &'a PolicyRef,
    grants: &'a [Grant],
) -> impl Iterator<Item = (&'a str, String)> {
    let roles = grants
        .iter()
        .filter_map(|grant| firelens_aws::iam::role_name(&grant.role_arn));
    roles.map(|role| (policy.uid.as_str(), role.name))
}

/// Counts the progress of each policy in this target.
pub(crate) fn count(input: &PlanInput<'_>, plan: &mut Plan) {
    for policy in input.policies {
        let reference = policy_ref(policy);
        let mut progress = PolicyProgress::default();
        for (key, workload) in &plan.workloads {
            if workload.decision == Decision::OptedOut && relies_on(workload, &reference) {
                let name = format!("{}/{}", key.cluster, key.service);
                progress.opted_out.push(name);
            } else {
                tally(&mut progress, workload, &reference);
            }
        }
        let state = plan.rollout_states.get(policy.name());
        progress.paused = state.is_some_and(|state| state.paused.is_some());
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
        let moves = workload.decision.is_in_flight();
        // A workload that the target no longer looks after is not part of the rollout; its own decision reports
        // it.
        let is_left = workload.decision.is_out_of_scope();
        let counter = match moves {
            true => &mut progress.in_progress,
            false => &mut progress.to_eject,
        };
        *counter += u32::from(carries && !is_left);
        return;
    }
    progress.selected += 1;
    let counter = match &workload.decision {
        Decision::InSync => &mut progress.in_sync,
        decision if decision.is_in_flight() => &mut progress.in_progress,
        // The operator has nothing left to do there, and the rollout must not wait for it.
        decision if decision.is_left_to_others() => &mut progress.refused,
        Decision::Failed => &mut progress.failed,
        Decision::Unknown(_) => &mut progress.unknown,
        _ => &mut progress.pending,
    };
    *counter += 1;
}

/// Whether nothing of a policy that is being deleted is left here.
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
    let startable = revisions::startable(input, plan)
        .any(|revision| revision.router.policy.uid == reference.uid);
    kept.is_empty() && !carried && !startable
}
