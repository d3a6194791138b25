//! What keeps a workload that needs a change from moving now, and who gets the free places.

use std::collections::{BTreeMap, BTreeSet};

use super::admission::{self, Candidate, Progress};
use super::desire::Change;
use super::draft::{Draft, find_policy};
use super::model::{Decision, PlanInput, Wait};
use crate::inject::{Reason, Refusal};
use crate::record::{PolicyRef, WorkloadKey};

/// Holds back, then gives places. Answers the keys that may take steps in this pass.
pub(super) fn admit(
    input: &PlanInput<'_>,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) -> BTreeSet<WorkloadKey> {
    let mut by_policy: BTreeMap<PolicyRef, Vec<Candidate>> = BTreeMap::new();
    for (key, draft) in drafts.iter_mut() {
        let Some(change) = &draft.verdict.change else {
            continue;
        };
        if let Some(held) = held_back(input, draft, change) {
            // Whoever cannot move for reasons of its own keeps no place from the others.
            draft.record.admitted = None;
            draft.verdict.decision = held;
            continue;
        }
        by_policy
            .entry(change.policy.clone())
            .or_default()
            .push(Candidate {
                key: key.clone(),
                purpose: change.purpose,
                admitted: draft
                    .record
                    .admitted
                    .as_ref()
                    .is_some_and(|held| held.uid == change.policy.uid),
                failed_before: draft.record.failed.is_some(),
            });
    }
    let mut admitted = BTreeSet::new();
    for (reference, mut candidates) in by_policy {
        let Some(policy) = find_policy(input, &reference) else {
            continue;
        };
        candidates.sort_by_key(|candidate| (!candidate.admitted, candidate.failed_before));
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
