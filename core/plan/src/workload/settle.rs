//! How long a deployment of somebody else must be complete before one of ours follows it.
//!
//! Tools that deploy wait for a stable service: the waiters of AWS poll every 15 seconds for exactly one
//! deployment (<https://docs.aws.amazon.com/cli/latest/reference/ecs/wait/services-stable.html>). A deployment of
//! ours that begins before they have polled makes them wait for it as well, or give up.

use jiff::{SignedDuration, Timestamp};

use crate::input::PlanInput;
use crate::model::Wait;
use crate::workload::desire::Change;
use crate::workload::draft::{Draft, find_policy};
use firelens_aws::observe::ServiceView;
use firelens_aws::record::{LastDeployment, Purpose, WorkloadRecord};

/// A deployment that was complete when it was first seen counts as complete since the time that ECS reports, but
/// at least this long is left, in seconds: two polls of a waiter. ECS does not document what `updatedAt` means.
const FIRST_LOOK_SECONDS: i64 = 30;

/// Records that the deployment in force is ours.
pub(crate) fn is_ours(record: &mut WorkloadRecord, service: &ServiceView) {
    if let Some(primary) = service.primary_deployment() {
        record.last_deployment = Some(LastDeployment {
            id: primary.id.clone(),
            ours: true,
            complete_since: None,
        });
    }
}

/// Records what a service that needs a change shows: whose deployment is in force, and since when it is complete.
pub(crate) fn note(input: &PlanInput<'_>, draft: &mut Draft<'_>) {
    let (service, record) = (draft.service, &mut draft.record);
    let Some(change) = &draft.desired.change else {
        // Nobody waits, so nothing about it is kept.
        record.last_deployment.take_if(|last| !last.ours);
        return;
    };
    let Some(primary) = service.primary_deployment() else {
        return;
    };
    let settle = seconds(input, change);
    let is_done = primary.is_complete() && !service.is_deploying();
    let known = record
        .last_deployment
        .as_ref()
        .filter(|known| known.id == primary.id);
    let next = match known {
        Some(known) if known.ours => return,
        Some(known) => known
            .complete_since
            .or_else(|| is_done.then_some(input.now)),
        // A record from before this was recorded.
        None if record.last_deployment.is_none() && is_managed(record, service) => {
            return is_ours(record, service);
        }
        None => is_done.then(|| done_since(primary.updated_at, settle, input.now)),
    };
    record.last_deployment = Some(LastDeployment {
        id: primary.id.clone(),
        ours: false,
        complete_since: next.filter(|_| is_done),
    });
}

fn is_managed(record: &WorkloadRecord, service: &ServiceView) -> bool {
    let managed = record.managed.as_ref();
    managed.is_some_and(|managed| managed.arn == service.task_definition)
}

/// Since when a deployment counts as complete that was complete when it was first seen.
fn done_since(updated_at: Option<Timestamp>, settle: i64, now: Timestamp) -> Timestamp {
    let Some(updated_at) = updated_at.filter(|at| *at <= now) else {
        return now;
    };
    let left = SignedDuration::from_secs(settle.min(FIRST_LOOK_SECONDS));
    let earliest = now
        .checked_sub(SignedDuration::from_secs(settle) - left)
        .unwrap_or(now);
    updated_at.max(earliest)
}

/// What a change waits for, if the deployment in force is somebody else's and was completed just now.
pub(crate) fn wait(input: &PlanInput<'_>, draft: &Draft<'_>, change: &Change) -> Option<Wait> {
    // A service that does not work, and an owner whose deployment we cut short, do not wait.
    if change.purpose == Purpose::Restore || draft.record.overtaken.is_some() {
        return None;
    }
    let last = draft.record.last_deployment.as_ref()?;
    let primary = draft.service.primary_deployment()?;
    let since = last
        .complete_since
        .filter(|_| !last.ours && last.id == primary.id)?;
    let settle = SignedDuration::from_secs(seconds(input, change));
    let until = since.checked_add(settle).unwrap_or(Timestamp::MAX);
    (until > input.now).then_some(Wait::Settle { since, until })
}

fn seconds(input: &PlanInput<'_>, change: &Change) -> i64 {
    find_policy(input, &change.policy)
        .map_or(0, |policy| i64::from(policy.spec.rollout.settle_seconds))
}
