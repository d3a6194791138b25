//! The role policies and files that workloads want: those that run, those that move, and those that are next.
//!
//! Only collects them; `resources` evaluates their state and what is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::input::PlanInput;
use crate::model::{Decision, Plan, Repair};
use crate::removal::former;
use crate::removal::former::FORMER_REPLACED_PER_PASS;
use crate::resources;
use crate::resources::{Reread, State, Wishes, reread};
use crate::rollout::slots::Slots;
use crate::workload::desire::Change;
use crate::workload::draft::{Draft, find_policy};
use firelens_aws::record::{PolicyRef, ResourceId, WorkloadKey, WorkloadRecord};
use firelens_types::v1alpha1::IamMode;

/// Evaluates role policies and objects of every revision that runs or is about to.
pub(crate) fn evaluate_resources(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    drafts: &BTreeMap<WorkloadKey, Draft<'_>>,
    slots: &Slots,
) -> BTreeMap<ResourceId, State> {
    let mut wishes = Wishes::default();
    for (key, draft) in drafts {
        // A revision that is prepared for an external deploy is treated like one that runs.
        let in_sync = matches!(
            draft.desired.decision,
            Decision::InSync | Decision::DeployManually(_)
        );
        if let Some(policy) = &draft.desired.policy
            && (in_sync || slots.admitted.contains(key) || slots.next.contains(key))
        {
            if manages_roles(input, policy) {
                wishes.grants(policy, &draft.desired.grants, in_sync);
            }
            wishes.objects(policy, &draft.desired.objects, in_sync);
        }
        wish_for_running(input, &mut wishes, &draft.record);
    }
    // Revisions that somebody could start by the name of the family want theirs as well.
    for revision in input.revisions.values() {
        let router = &revision.router;
        if manages_roles(input, &router.policy) {
            wishes.grants(&router.policy, &router.grants, false);
        }
    }
    // So do workloads that could not be read in this pass.
    for workload in plan.workloads.values() {
        wish_for_running(input, &mut wishes, &workload.record);
    }
    let mut states = BTreeMap::new();
    let by_id = wishes.into_wanted(input);
    let moving = relied_on_next(input, drafts, &slots.admitted);
    let due = reread::due(input);
    let mut replaced = 0;
    for (id, wanted) in &by_id {
        let again = Reread {
            trusted: !moving.contains(id),
            due: &due,
        };
        let evaluated = resources::evaluate(input, id, &by_id, &again, &mut plan.needs);
        if evaluated.state == State::Write && !input.target.spec.suspend {
            let mut write = resources::write(input, id, wanted, &evaluated);
            plan.repairs.extend(evaluated.taken.map(|taken| Repair {
                id: id.clone(),
                altered: taken.altered,
                workloads: BTreeMap::new(),
            }));
            if former::has(input, id, &wanted.policy) {
                replaced += 1;
                write.unconditional = replaced <= FORMER_REPLACED_PER_PASS;
            }
            plan.resources.insert(id.clone(), write);
        }
        plan.verified.extend(evaluated.verified);
        states.insert(id.clone(), evaluated.state);
    }
    states
}

/// Returns the resources on which services that may be moved in this pass would rely: somebody may have removed
/// one since it was last checked, and a task that starts without it sends nothing.
fn relied_on_next(
    input: &PlanInput<'_>,
    drafts: &BTreeMap<WorkloadKey, Draft<'_>>,
    admitted: &BTreeSet<WorkloadKey>,
) -> BTreeSet<ResourceId> {
    let changes = admitted.iter().filter_map(|key| {
        let change = drafts.get(key)?.desired.change.as_ref()?;
        Some(resources::ids_of(
            input,
            &change.policy,
            &change.grants,
            &change.objects,
        ))
    });
    changes.flatten().collect()
}

/// A revision that still runs, or may come back, keeps its rights until its successor has settled.
fn wish_for_running(input: &PlanInput<'_>, wishes: &mut Wishes, record: &WorkloadRecord) {
    if let Some(managed) = record
        .managed
        .as_ref()
        .filter(|managed| manages_roles(input, &managed.policy))
    {
        wishes.grants(&managed.policy, &managed.grants, false);
    }
    if let Some(deployment) = record
        .deployment
        .as_ref()
        .filter(|deployment| manages_roles(input, &deployment.policy))
    {
        wishes.grants(&deployment.policy, &deployment.grants, false);
    }
    if let Some(before) = record
        .way_back()
        .filter(|before| manages_roles(input, &before.policy))
    {
        wishes.grants(&before.policy, &before.grants, false);
    }
    for leaving in &record.leaving {
        // A record made from a revision alone names the roles, and not what they must allow.
        let says = leaving
            .grants
            .iter()
            .any(|grant| !grant.statements.is_empty());
        if says && manages_roles(input, &leaving.policy) {
            wishes.grants(&leaving.policy, &leaving.grants, false);
        }
    }
}

fn manages_roles(input: &PlanInput<'_>, policy: &PolicyRef) -> bool {
    find_policy(input, policy).is_none_or(|policy| policy.spec.iam.mode == IamMode::Manage)
}

/// Returns the ids of the resources that a change relies on.
pub(crate) fn ids_of(input: &PlanInput<'_>, change: &Change) -> Vec<ResourceId> {
    match find_policy(input, &change.policy) {
        Some(policy) if policy.spec.iam.mode == IamMode::Manage => {
            resources::ids_of(input, &change.policy, &change.grants, &change.objects)
        }
        _ => resources::ids_of(input, &change.policy, &[], &change.objects),
    }
}
