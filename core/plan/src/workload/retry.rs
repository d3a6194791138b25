//! Forgets failures: those for which somebody requested a retry, and those that are irrelevant now.
//!
//! A failure that is noticed later than the request is not forgotten: a request counts once.

use crate::input::PlanInput;
use crate::model::{Decision, Wait};
use crate::workload::desire::Desired;
use firelens_aws::observe::ServiceView;
use firelens_aws::record::{Purpose, WorkloadRecord};
use firelens_types::v1alpha1::workload_name;

/// Forgets the failure of a workload where `firelens rollout retry` was requested since, for this generation and
/// this workload.
pub(crate) fn forget_failure(input: &PlanInput<'_>, record: &mut WorkloadRecord) {
    let Some(failed) = &record.failed else {
        return;
    };
    let Some(retry) = input
        .controls
        .get(&failed.policy.uid)
        .and_then(|control| control.retry.as_ref())
    else {
        return;
    };
    let of_this_rollout = input.policies.iter().any(|policy| {
        policy.uid() == failed.policy.uid && policy.generation() == failed.policy.generation
    });
    let key = &record.key;
    let name = workload_name(&key.target, &key.cluster, &key.service);
    let is_meant = retry.workloads.is_empty() || retry.workloads.contains(&name);
    if of_this_rollout && is_meant && failed.at <= retry.at {
        record.failed = None;
    }
}

/// Forgets a failure once its subject is gone: the router that could not be taken out is no longer there, or
/// nobody wants the one that could not be injected. Returns `true` when there was one.
pub(crate) fn forget_what_is_gone(
    service: &ServiceView,
    desired: &Desired,
    record: &mut WorkloadRecord,
) -> bool {
    let Some(failed) = &record.failed else {
        return false;
    };
    // Nothing is known of a workload that could not be read; one that still runs the failed revision keeps the
    // failure.
    let is_known = !matches!(
        desired.decision,
        Decision::Unknown(_) | Decision::Waiting(Wait::Read(_))
    );
    let is_on_it = service.task_definition == failed.task_definition;
    let has_router = desired.marks.is_some();
    let is_gone = match failed.purpose {
        Purpose::Eject => !has_router,
        Purpose::Inject | Purpose::Restore => {
            !has_router
                && matches!(
                    desired.decision,
                    Decision::NotSelected | Decision::Ejected | Decision::OptedOut
                )
        }
    };
    let forgets =
        is_known && is_gone && !is_on_it && desired.change.is_none() && record.deployment.is_none();
    if forgets {
        record.failed = None;
    }
    forgets
}
