//! Turns a draft into the workload's entry in the plan: steps for those that have a slot.

use std::collections::BTreeMap;

use crate::input::PlanInput;
use crate::model::{Decision, Plan, WorkloadPlan};
use crate::pass::wishes::ids_of;
use crate::resources::{self, State, reread, role_limits};
use crate::rollout::slots::Slots;
use crate::steps;
use crate::workload::desire::Desired;
use crate::workload::draft::Draft;
use firelens_aws::record::{ResourceId, WorkloadKey};
use firelens_inject::{Note, NoteCode};

/// Turns a draft into the workload's entry, with steps for those that have a slot.
pub(crate) fn finish(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    key: &WorkloadKey,
    mut draft: Draft<'_>,
    slots: &Slots,
    states: &BTreeMap<ResourceId, State>,
) -> WorkloadPlan {
    let mut requires = Vec::new();
    let mut laid_out = Vec::new();
    // Whatever is wanted now, our own deployment is followed to its end.
    if let Some(deployment) = &draft.record.deployment
        && !draft.desired.decision.is_unknown()
    {
        draft.desired.decision = Decision::Deploying(deployment.purpose);
    }
    let doubts = doubts(input, plan, &draft.desired);
    draft.desired.notes.extend(doubts);
    if let Some(policy) = &draft.desired.policy {
        let ids = resources::ids_of(input, policy, &draft.desired.grants, &[]);
        let notes = reread::tell(input, plan, key, draft.service, &ids);
        draft.desired.notes.extend(notes);
    }
    if draft.desired.change.is_none() {
        draft.record.obstacle = None;
    }
    if slots.next.contains(key)
        && let Some(change) = &draft.desired.change
    {
        requires = ids_of(input, change);
    }
    if slots.admitted.contains(key)
        && let Some(change) = draft.desired.change.take()
    {
        requires = ids_of(input, &change);
        let (hash, policy) = (change.hash.clone(), change.policy.clone());
        draft.record.obstacle = None;
        match steps::steps_for(input, plan, key, &mut draft, change, &requires, states) {
            Ok(steps) => laid_out = steps,
            Err(decision) => {
                if let Decision::Refused(refusal) = &decision {
                    // No step follows that would rely on them.
                    requires.clear();
                    role_limits::set_aside(input, &mut draft, hash, policy, refusal);
                }
                draft.desired.decision = decision;
            }
        }
    }
    let keeps = match (&draft.desired.decision, &draft.desired.policy) {
        // A change that only waits for its slot will need what exists already.
        (Decision::DeployManually(_) | Decision::Waiting(_), Some(policy)) => {
            resources::ids_of(input, policy, &draft.desired.grants, &draft.desired.objects)
        }
        _ => Vec::new(),
    };
    WorkloadPlan {
        selection: draft.selection,
        decision: draft.desired.decision,
        requires,
        steps: laid_out,
        keeps,
        drift: draft.drift,
        notes: draft.desired.notes,
        record: draft.record,
        current_revision: Some(draft.service.task_definition.clone()).filter(|arn| !arn.is_empty()),
        marks: draft.desired.marks,
        claim: draft.desired.claim,
    }
}

/// What may prevent the role policies of a workload from taking effect.
fn doubts(input: &PlanInput<'_>, plan: &Plan, desired: &Desired) -> Vec<Note> {
    let Some(policy) = &desired.policy else {
        return Vec::new();
    };
    let row = |id: &ResourceId| {
        let written = plan.resources.get(id).map(|write| &write.resource);
        written.or_else(|| input.resources.get(id))
    };
    resources::ids_of(input, policy, &desired.grants, &[])
        .iter()
        .filter_map(|id| row(id)?.doubt.clone())
        .map(|doubt| Note::new(NoteCode::RightsUnknown, doubt))
        .collect()
}
