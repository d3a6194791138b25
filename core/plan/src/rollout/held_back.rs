//! What keeps one workload that needs a change from moving now, independent of the others.

use jiff::Timestamp;

use crate::input::PlanInput;
use crate::model::{Decision, ExternalDeploy, Wait};
use crate::resources::role_limits;
use crate::workload::desire::Change;
use crate::workload::draft::{Draft, find_policy};
use crate::workload::{external_deploy, revert, settle};
use firelens_aws::fit;
use firelens_aws::record::{AttemptEnd, DeploymentRecord, FailedAttempt, Purpose};
use firelens_inject::{Reason, Refusal};

/// Returns the reason that keeps one workload from moving, independent of the others.
pub(crate) fn held_back(
    input: &PlanInput<'_>,
    draft: &Draft<'_>,
    change: &Change,
) -> Option<Decision> {
    let policy = find_policy(input, &change.policy);
    let deleting = policy.is_some_and(|policy| policy.is_deleting());
    let suspended = policy.is_some_and(|policy| policy.spec.suspend) && !deleting;
    if let Some(deployment) = &draft.record.deployment
        && !(deleting && takes_back(draft, deployment, change))
    {
        return Some(Decision::Deploying(deployment.purpose));
    }
    if input.target.spec.suspend || suspended {
        return Some(Decision::Waiting(Wait::Suspended));
    }
    let failed = draft.record.failed.as_ref();
    if let Some(held) = failed.and_then(|failed| failed_before(failed, change, input.now)) {
        return Some(held);
    }
    if let Some(refusal) = role_limits::obstacle(input, draft, change) {
        return Some(Decision::Refused(refusal));
    }
    if !external_deploy::is_deployed_by_ecs(draft.service) {
        // Until the revision is prepared the workload takes a slot like the others; then its owner deploys it.
        let prepared = external_deploy::prepared(&draft.record, change)?;
        let external_deploy = ExternalDeploy::of(draft.service, prepared, change.purpose);
        return Some(Decision::DeployManually(Box::new(external_deploy)));
    }
    if change.purpose == Purpose::Inject
        && let Some(contest) = revert::contest(input, draft.service, &draft.record, &change.policy)
    {
        return Some(Decision::Contested(Box::new(contest)));
    }
    if let Some(stuck) = fit::stuck(draft.service) {
        return Some(Decision::Refused(Refusal::new(
            Reason::DeploymentCannotMove,
            stuck.to_string(),
        )));
    }
    let primary = draft.service.primary_deployment();
    let race = draft.record.overtaken.as_ref();
    let own = draft.record.deployment.as_ref();
    let stuck_on_ours = primary.is_some_and(|deployment| {
        own.is_some_and(|own| own.task_definition == deployment.task_definition)
            || failed.is_some_and(|failed| failed.task_definition == deployment.task_definition)
            || race.is_some_and(|race| race.ours == deployment.task_definition)
    });
    let foreign = draft.service.is_deploying()
        || primary.is_some_and(|deployment| deployment.rollout_state.as_deref() == Some("FAILED"));
    if foreign && !stuck_on_ours {
        return Some(Decision::Waiting(Wait::ForeignDeployment));
    }
    settle::wait(input, draft, change).map(Decision::Waiting)
}

/// Returns what holds back a change that was tried before.
fn failed_before(failed: &FailedAttempt, change: &Change, now: Timestamp) -> Option<Decision> {
    let is_that = failed.purpose == change.purpose
        && failed.hash == change.hash
        && failed.policy.generation == change.policy.generation
        && failed.is_held(now);
    if !is_that {
        return None;
    }
    let doubted = failed
        .retry_at
        .filter(|_| failed.end == AttemptEnd::Doubted);
    Some(doubted.map_or(Decision::Failed, |until| {
        let message = failed.message.clone();
        Decision::Waiting(Wait::Doubt { message, until })
    }))
}

/// Whether a change undoes what our own unfinished deployment brings: waiting for its end, which may never come,
/// would deploy what nobody wants any more.
fn takes_back(draft: &Draft<'_>, deployment: &DeploymentRecord, change: &Change) -> bool {
    change.purpose == Purpose::Eject
        && deployment.purpose == Purpose::Inject
        && deployment.policy.uid == change.policy.uid
        && deployment.task_definition == draft.service.task_definition
}
