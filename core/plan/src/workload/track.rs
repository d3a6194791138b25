//! Follows our own deployments: updates the record from what a service shows.
//!
//! Policies are not considered and no step is decided.

use jiff::{SignedDuration, Timestamp};

use crate::workload::{leaving, put_back, settle};
use firelens_aws::observe::{DeploymentView, ServiceView};
use firelens_aws::record::{
    AttemptEnd, DeploymentRecord, FailedAttempt, FailureReason, PolicyRef, Purpose, WorkloadRecord,
};

/// How long `DescribeServices` may still show the state before our own `UpdateService`. ECS is
/// eventually consistent and names no bound; its advice is to poll from seconds to minutes:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>.
pub const READ_LAG_SECONDS: i64 = 60;

/// Returns the record of a workload after its service was seen.
#[must_use]
pub(crate) fn advance(
    record: &WorkloadRecord,
    service: &ServiceView,
    deadline_seconds: i64,
    now: Timestamp,
) -> WorkloadRecord {
    let mut next = record.clone();
    match record.deployment.clone() {
        Some(deployment) => follow(&mut next, &deployment, service, deadline_seconds, now),
        None => settle_without_deployment(&mut next, service, now),
    }
    leaving::release(&mut next, service);
    next
}

fn follow(
    next: &mut WorkloadRecord,
    deployment: &DeploymentRecord,
    service: &ServiceView,
    deadline_seconds: i64,
    now: Timestamp,
) {
    // ECS rolls back what is ours: neither revision is a deployment of the owner.
    let known = [&deployment.task_definition, &deployment.previous];
    if known.contains(&&service.task_definition) {
        settle::is_ours(next, service);
    }
    if deployment.purpose == Purpose::Restore {
        put_back::follow(next, deployment, service, deadline_seconds, now);
        return;
    }
    let age = now.duration_since(deployment.started_at);
    if service.task_definition == deployment.task_definition {
        let is_overdue = age > SignedDuration::from_secs(deadline_seconds);
        let deadline = is_overdue.then_some(deadline_seconds);
        follow_in_place(next, deployment, service, deadline, now);
        return;
    }
    let ours = service
        .deployments
        .iter()
        .find(|shown| shown.task_definition == deployment.task_definition);
    let shows_previous = service.task_definition == deployment.previous;
    if shows_previous && ours.is_none() && age < SignedDuration::from_secs(READ_LAG_SECONDS) {
        return; // an answer from before our update
    }
    let given_up = ours.filter(|shown| shown.rollout_state.as_deref() == Some("FAILED"));
    if shows_previous || given_up.is_some() {
        let reason = why_rolled_back(given_up, service);
        // Nobody removed the router: our deployment did not last. Its tasks may run for a while.
        next.ran = None;
        if shows_previous {
            next.managed.clone_from(&deployment.before);
        }
        leaving::set_down(next, deployment);
        fail(next, deployment, FailureReason::RolledBack, reason, now);
        return;
    }
    // The owner deployed something else meanwhile, and that counts now.
    if deployment.purpose == Purpose::Inject {
        next.ran = Some(deployment.task_definition.clone());
    }
    leaving::set_down(next, deployment);
    next.deployment = None;
    next.admitted = None;
}

/// Follows a deployment whose revision the service is still set to: it failed, is complete, or is past its
/// `deadline` in seconds.
fn follow_in_place(
    next: &mut WorkloadRecord,
    deployment: &DeploymentRecord,
    service: &ServiceView,
    deadline: Option<i64>,
    now: Timestamp,
) {
    let primary = service.primary_deployment();
    let failed = primary.filter(|primary| primary.rollout_state.as_deref() == Some("FAILED"));
    let is_complete = primary.is_none_or(|primary| {
        primary.task_definition == deployment.task_definition && primary.is_complete()
    });
    let (reason, message) = match (failed, deadline) {
        (Some(failed), _) => (
            FailureReason::DeploymentFailed,
            failed.rollout_state_reason.clone(),
        ),
        // With early success ECS reports completion while the old tasks still run and are cleaned up later.
        (None, _) if is_complete => {
            if service.is_settled() {
                succeed(next, deployment, now);
            }
            return;
        }
        (None, Some(seconds)) => (
            FailureReason::ProgressDeadlineExceeded,
            format!("no steady state within {seconds} s"),
        ),
        (None, None) => return,
    };
    let back = put_back::way_back(deployment);
    keep_as_managed(next, deployment, None);
    fail(next, deployment, reason, message, now);
    put_back::owe(next, back);
}

/// ECS gives the reason for the deployment that it gave up; for the one in its place only that it rolls back.
fn why_rolled_back(given_up: Option<&DeploymentView>, service: &ServiceView) -> String {
    given_up
        .into_iter()
        .chain(service.primary_deployment())
        .map(|shown| shown.rollout_state_reason.clone())
        .find(|reason| !reason.is_empty())
        .unwrap_or_else(|| format!("the service is back on {}", service.task_definition))
}

fn settle_without_deployment(next: &mut WorkloadRecord, service: &ServiceView, now: Timestamp) {
    // Anything else than what our deployment replaced is a later deployment of the owner. Until reads have caught
    // up, what was there before may still be shown.
    if next.overtaken.as_ref().is_some_and(|race| {
        race.ours != service.task_definition
            && now.duration_since(race.at) >= SignedDuration::from_secs(READ_LAG_SECONDS)
    }) {
        next.overtaken = None;
    }
    if let Some(managed) = next
        .managed
        .take_if(|managed| managed.arn != service.task_definition)
    {
        next.set_down(managed);
    }
    put_back::settle(next, service);
    // A deployment that missed its deadline may still complete.
    let arrived = next.failed.as_ref().is_some_and(|failed| {
        failed.reason == FailureReason::ProgressDeadlineExceeded
            && failed.task_definition == service.task_definition
    }) && service.primary_deployment().is_some()
        && service.is_settled();
    if arrived {
        next.failed = None;
        if let Some(managed) = &mut next.managed {
            managed.settled_at = Some(now);
        }
    }
}

fn succeed(next: &mut WorkloadRecord, deployment: &DeploymentRecord, now: Timestamp) {
    match deployment.purpose {
        Purpose::Inject => keep_as_managed(next, deployment, Some(now)),
        Purpose::Eject => {
            if let Some(managed) = next.managed.take() {
                next.set_down(managed);
            }
            next.proven = None;
            next.ran = None;
            next.reverts.clear();
        }
        // Followed by `put_back`: the failure before stays recorded.
        Purpose::Restore => {}
    }
    settle_mark(next, &deployment.policy, deployment.purpose, now);
    next.deployment = None;
    next.admitted = None;
    next.failed = None;
    next.overtaken = None;
}

/// Marks that a wave is done with the workload once its deployment is complete.
pub(crate) fn settle_mark(
    next: &mut WorkloadRecord,
    policy: &PolicyRef,
    purpose: Purpose,
    now: Timestamp,
) {
    let mark = next.rollout.as_mut();
    if let Some(mark) = mark.filter(|mark| mark.is_of(policy, purpose)) {
        mark.settled_at.get_or_insert(now);
    }
}

fn keep_as_managed(
    next: &mut WorkloadRecord,
    deployment: &DeploymentRecord,
    settled_at: Option<Timestamp>,
) {
    if deployment.purpose == Purpose::Inject
        && let Some(before) = next.managed.replace(deployment.brought(settled_at))
        && before.arn != deployment.task_definition
    {
        next.set_down(before);
    }
}

fn fail(
    next: &mut WorkloadRecord,
    deployment: &DeploymentRecord,
    reason: FailureReason,
    message: String,
    now: Timestamp,
) {
    next.failed = Some(FailedAttempt {
        purpose: deployment.purpose,
        task_definition: deployment.task_definition.clone(),
        hash: deployment.hash.clone(),
        policy: deployment.policy.clone(),
        reason,
        message,
        at: now,
        retry_at: None,
        tries: 1,
        put_back: None,
        end: AttemptEnd::Brought,
    });
    next.deployment = None;
    next.admitted = None;
}
