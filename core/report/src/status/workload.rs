//! The status of one workload.

use std::iter;

use super::conditions::{condition, find, set};
use super::logs::logs_flowing;
use super::reasons::{
    CONTESTED, HEALTHY, INJECTED, READY, SELECTED, WorkloadReason, decision_reason,
};
use super::{Outcome, StatusContext};
use firelens_aws::observe::{Observed, ServiceView};
use firelens_aws::record::{
    AttemptEnd, DeploymentRecord, PolicyRef, Purpose, WorkloadKey, WorkloadRecord,
};
use firelens_inject::drift::DRIFT_PATHS_SHOWN_MAX;
use firelens_plan::select::launch_type;
use firelens_plan::{Decision, WorkloadPlan};
use firelens_types::v1alpha1::{
    Condition, ConditionStatus, DriftedPath, OtherPolicy, PolicyInForce, WorkloadDeployment,
    WorkloadStatus,
};

/// Returns the status of one workload. Where the service could not be read, what was known before is kept, and the
/// conditions are `Unknown`.
#[must_use]
pub fn workload_status(
    context: &StatusContext<'_>,
    key: &WorkloadKey,
    plan: &WorkloadPlan,
    old: Option<&WorkloadStatus>,
) -> WorkloadStatus {
    let outcome = context.outcomes.get(key);
    let record = outcome.map_or(&plan.record, |outcome| &outcome.record);
    let service = context.input.observation.services.get(key);
    let runs_nothing = service
        .and_then(Observed::present)
        .is_some_and(runs_nothing);
    let mut status = old.cloned().unwrap_or_default();
    status.target.clone_from(&key.target);
    status.service_name.clone_from(&key.service);
    if let Some(Observed::Present(service)) = context.input.observation.services.get(key) {
        describe_service(&mut status, service);
        describe_deployment(&mut status, service, record, old);
        status.base_revision = base_revision(plan, record, service);
        status.drift = drift(plan);
        status.managed_revision = record.managed.as_ref().map(|managed| managed.arn.clone());
        status.policy = plan.selection.winner.as_ref().map(|won| PolicyInForce {
            name: won.name.clone(),
            generation: won.generation,
        });
        status.wave = wave(plan, record);
        status.other_policies = plan
            .selection
            .losers
            .iter()
            .map(|loser| OtherPolicy {
                name: loser.policy.clone(),
                reason: loser.reason.as_str().to_owned(),
            })
            .collect();
    }
    let before = old.map_or(&[][..], |old| &old.conditions);
    status.conditions = set(
        before,
        conditions(plan, record, outcome, before, runs_nothing),
        context.now,
    );
    status
}

/// The wave in which the generation of the policy in force started it.
fn wave(plan: &WorkloadPlan, record: &WorkloadRecord) -> Option<u32> {
    let (won, mark) = (plan.selection.winner.as_ref()?, record.rollout.as_ref()?);
    mark.wave.filter(|_| mark.is_of(won, Purpose::Inject))
}

fn describe_service(status: &mut WorkloadStatus, service: &ServiceView) {
    status.cluster_arn.clone_from(&service.cluster_arn);
    status.service_arn.clone_from(&service.arn);
    status.launch_type = Some(launch_type(service).to_string());
    status.platform.clone_from(&service.platform_family);
    status.scheduling_strategy = Some(service.scheduling_strategy.clone());
    status.deployment_controller = Some(service.deployment_controller.clone());
    status.current_revision = Some(service.task_definition.clone()).filter(|arn| !arn.is_empty());
}

/// The deployment that the operator last started, as ECS shows it.
fn describe_deployment(
    status: &mut WorkloadStatus,
    service: &ServiceView,
    record: &WorkloadRecord,
    old: Option<&WorkloadStatus>,
) {
    let ours = record
        .deployment
        .as_ref()
        .map(|deployment| {
            (
                deployment.task_definition.as_str(),
                Some(deployment.started_at),
            )
        })
        .or_else(|| {
            record
                .managed
                .as_ref()
                .map(|managed| (managed.arn.as_str(), None))
        });
    let Some((revision, started_at)) = ours else {
        status.deployment = None;
        return;
    };
    let Some(shown) = service
        .deployments
        .iter()
        .find(|shown| shown.task_definition == revision)
    else {
        return;
    };
    let before = old.and_then(|old| old.deployment.as_ref());
    let state = shown.rollout_state.clone().unwrap_or_else(|| {
        if shown.is_complete() {
            "COMPLETED".to_owned()
        } else {
            "IN_PROGRESS".to_owned()
        }
    });
    let count = |number: i64| u32::try_from(number).unwrap_or_default();
    status.deployment = Some(WorkloadDeployment {
        id: Some(shown.id.clone()).filter(|id| !id.is_empty()),
        state,
        reason: Some(shown.rollout_state_reason.clone()).filter(|reason| !reason.is_empty()),
        task_definition: Some(revision.to_owned()),
        started_at: started_at.or_else(|| before.and_then(|before| before.started_at)),
        completed_at: record
            .managed
            .as_ref()
            .filter(|managed| managed.arn == revision)
            .and_then(|managed| managed.settled_at),
        desired_count: count(shown.desired_count),
        running_count: count(shown.running_count),
        failed_tasks: count(shown.failed_tasks),
    });
}

fn base_revision(
    plan: &WorkloadPlan,
    record: &WorkloadRecord,
    service: &ServiceView,
) -> Option<String> {
    match &plan.marks {
        Some(marks) => marks.base.clone(),
        None => record
            .deployment
            .as_ref()
            .and_then(|deployment| deployment.base.clone())
            .or_else(|| Some(service.task_definition.clone()).filter(|arn| !arn.is_empty())),
    }
}

fn conditions(
    plan: &WorkloadPlan,
    record: &WorkloadRecord,
    outcome: Option<&Outcome>,
    before: &[Condition],
    runs_nothing: bool,
) -> Vec<Condition> {
    let generation = plan
        .selection
        .winner
        .as_ref()
        .map_or(0, |won| won.generation);
    let selected = selected(plan, generation, before);
    let injected = injected(plan, record, outcome, generation);
    let healthy = healthy(record, runs_nothing, generation);
    let ready = ready(plan, &injected, &healthy, generation);
    let logs = logs_flowing(record, runs_nothing, generation);
    let mut conditions = vec![selected, injected, healthy, logs, ready];
    if let Decision::Contested(_) | Decision::Claimed(_) = &plan.decision {
        let (reason, message) = decision_reason(&plan.decision, record);
        let status = ConditionStatus::True;
        conditions.push(condition(
            CONTESTED,
            status,
            reason.as_str(),
            message,
            generation,
        ));
    }
    conditions
}

/// The paths of a drift that are shown.
fn drift(plan: &WorkloadPlan) -> Vec<DriftedPath> {
    let paths = plan.drift.iter().flat_map(|drift| &drift.paths);
    paths.take(DRIFT_PATHS_SHOWN_MAX).cloned().collect()
}

fn selected(plan: &WorkloadPlan, generation: i64, before: &[Condition]) -> Condition {
    let selection = &plan.selection;
    if let Decision::Unknown(why) = &plan.decision
        && selection.winner.is_none()
    {
        let known =
            find(before, SELECTED).map_or(ConditionStatus::Unknown, |condition| condition.status);
        return condition(
            SELECTED,
            known,
            WorkloadReason::Unreadable.as_str(),
            why.clone(),
            generation,
        );
    }
    match (&selection.winner, selection.opted_out_by) {
        (Some(won), _) => {
            let message = format!("policy {} applies", won.name);
            condition(
                SELECTED,
                ConditionStatus::True,
                WorkloadReason::PolicySelected.as_str(),
                message,
                generation,
            )
        }
        (None, Some(by)) => {
            let message = format!("the {by} is tagged firelens.dev/inject=disabled");
            condition(
                SELECTED,
                ConditionStatus::False,
                WorkloadReason::OptedOut.as_str(),
                message,
                generation,
            )
        }
        (None, None) => {
            let message = match &selection.nearest {
                Some((policy, term)) => {
                    format!("no policy selects the workload; the closest is {policy}: {term}")
                }
                None => "there is no policy".to_owned(),
            };
            condition(
                SELECTED,
                ConditionStatus::False,
                WorkloadReason::NoPolicySelects.as_str(),
                message,
                generation,
            )
        }
    }
}

fn injected(
    plan: &WorkloadPlan,
    record: &WorkloadRecord,
    outcome: Option<&Outcome>,
    generation: i64,
) -> Condition {
    if let Some(problem) = outcome.and_then(|outcome| outcome.problem.as_ref()) {
        return condition(
            INJECTED,
            ConditionStatus::False,
            problem.reason.as_str(),
            problem.message.clone(),
            generation,
        );
    }
    let (reason, message) = decision_reason(&plan.decision, record);
    let status = match &plan.decision {
        Decision::InSync => ConditionStatus::True,
        Decision::Unknown(_) => ConditionStatus::Unknown,
        _ => ConditionStatus::False,
    };
    // Lines to be pasted come last, unaltered.
    let (text, lines) = match &plan.decision {
        Decision::DeployManually(external_deploy) => {
            (external_deploy.ready(), Some(external_deploy.how()))
        }
        _ => (message, None),
    };
    let parts: Vec<String> = iter::once(text)
        .chain(older_generation(plan, record))
        .chain(plan.notes.iter().map(|note| note.message.clone()))
        .chain(lines)
        .filter(|part| !part.is_empty())
        .collect();
    let message = parts.join("; ");
    condition(INJECTED, status, reason.as_str(), message, generation)
}

/// Describes an older generation of the policy that runs while the present one waits.
fn older_generation(plan: &WorkloadPlan, record: &WorkloadRecord) -> Option<String> {
    let won = plan.selection.winner.as_ref()?;
    let is_older =
        |policy: &&PolicyRef| policy.uid == won.uid && policy.generation < won.generation;
    let coming = record.deployment.as_ref();
    let coming = coming.filter(|deployment| deployment.purpose == Purpose::Inject);
    if let Some(policy) = coming.map(|deployment| &deployment.policy).filter(is_older) {
        return Some(format!(
            "this deployment is for generation {} of the policy; generation {} follows in its turn",
            policy.generation, won.generation
        ));
    }
    let managed = record.managed.as_ref().map(|managed| &managed.policy);
    let policy = managed.filter(is_older)?;
    plan.decision.is_waiting().then(|| {
        format!(
            "generation {} of the policy runs in the meantime",
            policy.generation
        )
    })
}

/// Whether the deployment in force has no task: ECS calls it complete at once, and nothing has shown that the
/// router works.
fn runs_nothing(service: &ServiceView) -> bool {
    service
        .primary_deployment()
        .is_some_and(|primary| primary.running_count == 0)
}

/// Whether an attempt failed, and is not just about to be retried.
fn has_failed(record: &WorkloadRecord) -> bool {
    let failed = record.failed.as_ref();
    failed.is_some_and(|failed| failed.end != AttemptEnd::Doubted)
}

fn healthy(record: &WorkloadRecord, runs_nothing: bool, generation: i64) -> Condition {
    let puts_back = |deployment: &DeploymentRecord| deployment.purpose == Purpose::Restore;
    let deployment = record.deployment.as_ref();
    let (status, reason, message) = if deployment.is_some_and(|deployment| !puts_back(deployment)) {
        (
            ConditionStatus::Unknown,
            WorkloadReason::DeploymentInProgress,
            "a deployment is in progress; ECS is replacing the tasks".to_owned(),
        )
    } else if has_failed(record) {
        let (reason, message) = decision_reason(&Decision::Failed, record);
        (ConditionStatus::False, reason, message)
    } else if record.managed.is_some() && runs_nothing {
        (
            ConditionStatus::Unknown,
            WorkloadReason::Unproven,
            "applied, but the service has no running tasks to verify it; verified when a task runs"
                .to_owned(),
        )
    } else if record.managed.is_some() {
        (
            ConditionStatus::True,
            WorkloadReason::DeploymentCompleted,
            "the last deployment by the operator reached steady state".to_owned(),
        )
    } else {
        (
            ConditionStatus::Unknown,
            WorkloadReason::NotManaged,
            "the service does not run a router of this operator".to_owned(),
        )
    };
    condition(HEALTHY, status, reason.as_str(), message, generation)
}

/// Ready: the service is as it should be, or nobody wants anything of it.
fn ready(
    plan: &WorkloadPlan,
    injected: &Condition,
    healthy: &Condition,
    generation: i64,
) -> Condition {
    let status = match &plan.decision {
        Decision::Unknown(_) => ConditionStatus::Unknown,
        Decision::InSync if healthy.status != ConditionStatus::False => ConditionStatus::True,
        decision if decision.is_unmanaged() => ConditionStatus::True,
        _ => ConditionStatus::False,
    };
    let source =
        if matches!(plan.decision, Decision::InSync) && healthy.status == ConditionStatus::False {
            healthy
        } else {
            injected
        };
    condition(
        READY,
        status,
        source.reason.clone(),
        source.message.clone(),
        generation,
    )
}
