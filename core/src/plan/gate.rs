//! What keeps a workload that needs a change from moving now, and who gets the free places.

use std::collections::{BTreeMap, BTreeSet};

use super::admission::{self, Candidate, Progress};
use super::capacity;
use super::desire::Change;
use super::draft::{Draft, find_policy};
use super::model::{Decision, PlanInput, Wait};
use crate::fit;
use crate::inject::{Reason, Refusal};
use crate::observe::Needs;
use crate::record::{PolicyRef, WorkloadKey};

/// Holds back, then gives places. Answers the keys that may take steps in this pass.
pub(super) fn admit(
    input: &PlanInput<'_>,
    needs: &mut Needs,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) -> BTreeSet<WorkloadKey> {
    let mut by_policy: BTreeMap<PolicyRef, Vec<Candidate>> = BTreeMap::new();
    for (key, draft) in drafts.iter_mut() {
        let Some(change) = &draft.verdict.change else {
            continue;
        };
        let mut held = held_back(input, draft, change);
        let (policy, purpose) = (change.policy.clone(), change.purpose);
        if held.is_none() {
            let (in_the_way, notes) = capacity::judge(input, draft, needs);
            draft.verdict.notes.extend(notes);
            held = in_the_way;
        }
        if let Some(held) = held {
            // Whoever cannot move for reasons of its own keeps no place from the others.
            draft.record.admitted = None;
            draft.verdict.decision = held;
            continue;
        }
        let admitted = draft.record.admitted.as_ref();
        let candidate = Candidate {
            key: key.clone(),
            purpose,
            admitted: admitted.is_some_and(|held| held.uid == policy.uid),
            failed_before: draft.record.failed.is_some(),
            proves_nothing: draft.service.desired_count == 0,
        };
        by_policy.entry(policy).or_default().push(candidate);
    }
    let mut admitted = BTreeSet::new();
    for (reference, mut candidates) in by_policy {
        let Some(policy) = find_policy(input, &reference) else {
            continue;
        };
        candidates.sort_by_key(|candidate| {
            let after = (candidate.failed_before, candidate.proves_nothing);
            (!candidate.admitted, after)
        });
        let selected = selected_by(drafts, &reference);
        let progress = Progress::of(
            &reference,
            selected,
            drafts.values().map(|draft| &draft.record),
        );
        let answers = admission::admit(&policy.spec.rollout, &progress, &candidates, input.now);
        for (candidate, answer) in candidates.into_iter().zip(answers) {
            let Some(draft) = drafts.get_mut(&candidate.key) else {
                continue;
            };
            match answer {
                Some(wait) => draft.verdict.decision = Decision::Waiting(wait),
                None => {
                    draft.record.admitted = Some(reference.clone());
                    admitted.insert(candidate.key);
                }
            }
        }
    }
    admitted
}

fn selected_by(drafts: &BTreeMap<WorkloadKey, Draft<'_>>, policy: &PolicyRef) -> usize {
    drafts
        .values()
        .filter(|draft| {
            draft
                .selection
                .winner
                .as_ref()
                .is_some_and(|won| won.uid == policy.uid)
        })
        .count()
}

/// Reasons that keep one workload from moving, whatever the others do.
pub(super) fn held_back(
    input: &PlanInput<'_>,
    draft: &Draft<'_>,
    change: &Change,
) -> Option<Decision> {
    let policy = find_policy(input, &change.policy);
    let deleting = policy.is_some_and(|policy| policy.is_deleting());
    let suspended = policy.is_some_and(|policy| policy.spec.suspend) && !deleting;
    if let Some(deployment) = &draft.record.deployment {
        return Some(Decision::Deploying(deployment.purpose));
    }
    if input.target.spec.suspend || suspended {
        return Some(Decision::Waiting(Wait::Suspended));
    }
    let failed = draft.record.failed.as_ref();
    if failed.is_some_and(|failed| {
        failed.purpose == change.purpose
            && failed.hash == change.hash
            && failed.retry_at.is_none_or(|at| at > input.now)
    }) {
        return Some(Decision::Failed);
    }
    if draft.service.deployment_controller != "ECS" {
        return Some(Decision::Refused(Refusal {
            reason: Reason::DeploymentControllerUnsupported,
            message: format!(
                "the service is deployed by {}; the operator ships revisions only where ECS deploys",
                draft.service.deployment_controller
            ),
        }));
    }
    if let Some(stuck) = fit::stuck(draft.service) {
        return Some(Decision::Refused(Refusal::new(
            Reason::DeploymentCannotMove,
            stuck.to_string(),
        )));
    }
    let primary = draft.service.primary_deployment();
    let race = draft.record.overtaken.as_ref();
    let stuck_on_ours = primary.is_some_and(|found| {
        failed.is_some_and(|failed| failed.task_definition == found.task_definition)
            || race.is_some_and(|race| race.ours == found.task_definition)
    });
    let foreign = draft.service.is_deploying()
        || primary.is_some_and(|found| found.rollout_state.as_deref() == Some("FAILED"));
    (foreign && !stuck_on_ours).then_some(Decision::Waiting(Wait::ForeignDeployment))
}
