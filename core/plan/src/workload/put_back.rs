//! Puts a service back on the revision it ran before, when a deployment of ours left it on one that does not work
//! and ECS does not roll back itself.
//!
//! Once for each failure, and never over a deployment of somebody else. The failure stays recorded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::gate;
use crate::input::PlanInput;
use crate::model::{Decision, Wait};
use crate::workload::desire::{Change, Desired, WantedRevision};
use crate::workload::draft::{Draft, find_policy};
use crate::workload::external_deploy;
use crate::workload::track::READ_LAG_SECONDS;
use firelens_aws::observe::{DeploymentView, Needs, Observed, ServiceDeploymentView, ServiceView};
use firelens_aws::record::{
    DeploymentRecord, FailedAttempt, Purpose, PutBack, PutBackState, WorkloadKey, WorkloadRecord,
};
use firelens_types::v1alpha1::{Mode, OnFailure};

/// How long a circuit breaker that rolls back is given to begin, in seconds: it usually takes moments, and does
/// not always happen (<https://github.com/aws/containers-roadmap/issues/1488>).
const OWN_ROLLBACK_SECONDS: i64 = 120;

const ROLLS_BACK: &str = "waiting to see whether ECS rolls back the deployment by itself";

/// The revision that the service ran before; to be called before the record of that is overwritten.
pub(crate) fn way_back(deployment: &DeploymentRecord) -> PutBack {
    PutBack {
        revision: deployment.previous.clone(),
        managed: deployment.before.clone(),
        deployment_id: deployment.deployment_id.clone(),
        started_at: Some(deployment.started_at),
        state: PutBackState::Due,
        tries: 0,
        retry_at: None,
    }
}

/// Records that the service is to be put back on the revision before.
pub(crate) fn owe(next: &mut WorkloadRecord, back: PutBack) {
    if let Some(failed) = &mut next.failed
        && !back.revision.is_empty()
        && back.revision != failed.task_definition
    {
        failed.put_back = Some(back);
    }
}

/// Follows the deployment of the revision before to its end.
pub(crate) fn follow(
    next: &mut WorkloadRecord,
    deployment: &DeploymentRecord,
    service: &ServiceView,
    deadline_seconds: i64,
    now: Timestamp,
) {
    let age = now.duration_since(deployment.started_at);
    let is_late = age > SignedDuration::from_secs(deadline_seconds);
    let primary = service.primary_deployment();
    if service.task_definition == deployment.task_definition {
        let failed = primary.filter(|primary| primary.rollout_state.as_deref() == Some("FAILED"));
        if let Some(primary) = failed {
            let why = format!("that deployment failed: {}", primary.rollout_state_reason);
            end(next, service, PutBackState::Over(why));
        } else if primary.is_none_or(|primary| {
            primary.task_definition == deployment.task_definition && primary.is_complete()
        }) {
            if service.is_settled() {
                end(next, service, PutBackState::Done);
            }
        } else if is_late {
            let why = format!("no steady state within {deadline_seconds} s");
            end(next, service, PutBackState::Over(why));
        }
        return;
    }
    if service.task_definition == deployment.previous {
        // An answer from before our update, or ECS has not begun to roll back what we stopped.
        if age >= SignedDuration::from_secs(READ_LAG_SECONDS) && (is_late || has_ended(primary)) {
            let why = format!("the service is set to {}", service.task_definition);
            end(next, service, PutBackState::Over(why));
        }
        return;
    }
    let why = format!("somebody set the service to {}", service.task_definition);
    end(next, service, PutBackState::Over(why));
}

fn has_ended(primary: Option<&DeploymentView>) -> bool {
    primary.is_none_or(|deployment| deployment.rollout_state.as_deref() != Some("IN_PROGRESS"))
}

fn end(next: &mut WorkloadRecord, service: &ServiceView, state: PutBackState) {
    let failed = next.failed.as_ref();
    let back = failed.and_then(|failed| failed.put_back.clone());
    let arrived = back.filter(|back| back.revision == service.task_definition);
    next.set_put_back(state);
    if let Some(back) = arrived {
        // The router was removed by us, so this is no revert. Tasks of what failed may run for a while.
        if let Some(failed) = next.managed.take_if(|managed| managed.arn != back.revision) {
            next.set_down(failed);
        }
        next.managed = back.managed;
        next.ran = next.managed.as_ref().map(|managed| managed.arn.clone());
    }
    next.deployment = None;
    next.admitted = None;
    next.overtaken = None;
}

/// For a service without a deployment of ours: the answer to our update may have been lost, or ECS was quicker.
pub(crate) fn settle(next: &mut WorkloadRecord, service: &ServiceView) {
    let Some(back) = next
        .failed
        .as_ref()
        .and_then(|failed| failed.put_back.as_ref())
    else {
        return;
    };
    let is_back = back.is_due() && service.task_definition == back.revision;
    let primary = service.primary_deployment();
    if is_back && primary.is_none_or(DeploymentView::is_complete) {
        end(next, service, PutBackState::Done);
    }
}

/// Decides which services are put back in this pass, instead of what is otherwise wanted.
pub(crate) fn evaluate(
    input: &PlanInput<'_>,
    needs: &mut Needs,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) {
    // A workload that still needs a read is evaluated when it is answered.
    for draft in drafts.values_mut().filter(|draft| draft.asks.is_empty()) {
        if let Some(change) = overtaken(draft) {
            draft.desired.decision = Decision::PuttingBack;
            draft.desired.change = Some(change);
            continue;
        }
        let Some((failed, back)) = wanted(input, draft) else {
            continue;
        };
        let wanted = match back.retry_at.is_some_and(|at| at > input.now) {
            // What ECS refused just now is retried in a moment.
            true => Ok(None),
            false => is_usable(input, &back.revision, needs)
                .and_then(|()| way(input, draft.service, failed, back, needs))
                .map(|stop| Some(change(failed, back, stop))),
        };
        let mut desired = match wanted {
            Ok(change) => {
                let mut desired = Desired::new(Decision::PuttingBack);
                desired.change = change;
                desired
            }
            Err(Unusable::NotYet(read)) => Desired::new(Decision::Waiting(Wait::Read(read))),
            Err(Unusable::Never(why)) => {
                draft.record.set_put_back(PutBackState::Over(why));
                continue;
            }
        };
        desired.marks = draft.desired.marks.take();
        desired.notes = std::mem::take(&mut draft.desired.notes);
        draft.desired = desired;
    }
}

/// The owner deployed at the very moment at which the service was put back: their deployment counts, whatever the
/// rollout waits for.
fn overtaken(draft: &Draft<'_>) -> Option<Change> {
    let race = draft.record.overtaken.as_ref()?;
    let back = draft.record.failed.as_ref()?.put_back.as_ref()?;
    let is_ours = race.ours == back.revision && race.ours == draft.service.task_definition;
    let is_free = draft.record.deployment.is_none() && draft.selection.opted_out_by.is_none();
    (is_ours && is_free).then(|| Change::restore(race, Purpose::Restore))
}

fn change(failed: &FailedAttempt, back: &PutBack, stop: Option<String>) -> Change {
    let managed = back.managed.as_ref();
    Change {
        purpose: Purpose::Restore,
        policy: failed.policy.clone(),
        hash: managed.map_or_else(|| back.revision.clone(), |managed| managed.hash.clone()),
        base: managed.and_then(|managed| managed.base.clone()),
        grants: managed.map_or_else(Vec::new, |managed| managed.grants.clone()),
        objects: Vec::new(),
        footprint: None,
        stop,
        revision: WantedRevision::Existing(back.revision.clone()),
    }
}

/// The failure of a service that is still where our deployment left it, and does not work.
fn wanted<'d>(
    input: &PlanInput<'_>,
    draft: &'d Draft<'_>,
) -> Option<(&'d FailedAttempt, &'d PutBack)> {
    let failed = draft.record.failed.as_ref()?;
    let back = failed.put_back.as_ref().filter(|back| back.is_due())?;
    let policy = find_policy(input, &failed.policy)?;
    let is_asked = policy.spec.rollout.on_failure == OnFailure::Restore
        && (policy.spec.mode == Mode::Enforce || policy.is_deleting());
    let is_free = draft.record.deployment.is_none()
        && draft.selection.opted_out_by.is_none()
        && external_deploy::is_deployed_by_ecs(draft.service);
    // Taking the router out deploys something that may work.
    let leaves = draft
        .desired
        .change
        .as_ref()
        .is_some_and(|change| change.purpose == Purpose::Eject && change.hash != failed.hash);
    (is_asked && is_free && !leaves && is_broken(draft.service, failed, back))
        .then_some((failed, back))
}

/// Whether the deployment that failed is still the one in force, and its tasks do not run.
fn is_broken(service: &ServiceView, failed: &FailedAttempt, back: &PutBack) -> bool {
    let Some(primary) = service.primary_deployment() else {
        return false;
    };
    let known = back.deployment_id.as_ref().filter(|id| !id.is_empty());
    let is_that = service.task_definition == failed.task_definition
        && primary.task_definition == failed.task_definition
        && known.is_none_or(|id| primary.id.is_empty() || *id == primary.id);
    let lacks_tasks = primary.failed_tasks > 0 || primary.running_count < primary.desired_count;
    let gave_up = primary.rollout_state.as_deref() == Some("FAILED");
    is_that && (gave_up || (!primary.is_complete() && lacks_tasks))
}

/// Why a service is not put back in this pass.
enum Unusable {
    NotYet(String),
    Never(String),
}

/// ARN of the service deployment to stop, where that is possible: one of ours that is in progress, so that nobody
/// else's can be stopped. What ECS gave up, or does not stop, is followed by an update.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html>.
fn way(
    input: &PlanInput<'_>,
    service: &ServiceView,
    failed: &FailedAttempt,
    back: &PutBack,
    needs: &mut Needs,
) -> Result<Option<String>, Unusable> {
    let primary = service.primary_deployment();
    let Some(started_at) = back.started_at else {
        return Ok(None);
    };
    if primary.is_some_and(|deployment| deployment.rollout_state.as_deref() == Some("FAILED")) {
        let waited = input.now.duration_since(failed.at).as_secs();
        let rolls_back = service.deployment_settings.rolls_back == Some(true);
        return match rolls_back && waited < OWN_ROLLBACK_SECONDS {
            true => Err(Unusable::NotYet(ROLLS_BACK.to_owned())),
            false => Ok(None),
        };
    }
    let deployments = gate::service_deployments(input, service, started_at, needs);
    let Some(listed) = deployments else {
        return Err(Unusable::NotYet(
            "reading the service deployments".to_owned(),
        ));
    };
    let listed = listed.present().map_or(&[][..], Vec::as_slice);
    let is_on_its_way = |deployment: &ServiceDeploymentView| {
        let status = deployment.status.as_str();
        matches!(status, "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS")
    };
    if listed.iter().any(is_on_its_way) {
        return Err(Unusable::NotYet(ROLLS_BACK.to_owned()));
    }
    let stoppable = listed.iter().find(|deployment| {
        deployment.status == "IN_PROGRESS"
            && !deployment.arn.is_empty()
            && !deployment.source_revisions.is_empty()
    });
    let asked_before = back.state == PutBackState::StopRefused;
    Ok(stoppable
        .filter(|_| !asked_before)
        .map(|deployment| deployment.arn.clone()))
}

/// UpdateService takes active revisions only:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html>.
fn is_usable(input: &PlanInput<'_>, arn: &str, needs: &mut Needs) -> Result<(), Unusable> {
    match input.observation.fresh_task_definitions.get(arn) {
        None => {
            needs.fresh_task_definitions.insert(arn.to_owned());
            Err(Unusable::NotYet(format!("reading {arn}")))
        }
        Some(Observed::Unknown(why)) => Err(Unusable::NotYet(format!("cannot read {arn}: {why}"))),
        Some(Observed::Absent) => Err(Unusable::Never("that revision no longer exists".into())),
        Some(Observed::Present(document)) => match document.status() {
            Some(status) if status != "ACTIVE" => Err(Unusable::Never(format!(
                "that revision is {status}, and ECS accepts only ACTIVE revisions; deploy a revision that works"
            ))),
            _ => Ok(()),
        },
    }
}

/// Workloads that are put back do not wait for a slot: their tasks do not run.
pub(crate) fn admit(
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
    held: &BTreeSet<WorkloadKey>,
) -> BTreeSet<WorkloadKey> {
    let mut admitted = BTreeSet::new();
    for (key, draft) in drafts {
        let change = draft.desired.change.as_ref();
        if let Some(change) = change.filter(|change| change.purpose == Purpose::Restore)
            && !held.contains(key)
        {
            draft.record.admitted = Some(change.policy.clone());
            admitted.insert(key.clone());
        }
    }
    admitted
}
