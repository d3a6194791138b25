//! Forgets failures: those that somebody wants to be tried again, and those that are about nothing any more.
//!
//! A failure that is noticed later than the wish is not forgotten: a wish is for once.

use crate::input::PlanInput;
use crate::model::{Decision, Wait};
use crate::workload::desire::Desired;
use firelens_aws::observe::ServiceView;
use firelens_aws::record::{Purpose, WorkloadRecord};
use firelens_types::v1alpha1::workload_name;

/// Forgets the failure of a workload where `firelens rollout retry` was said since, of this generation and
/// of this workload.
pub(crate) fn forget_failure(input: &PlanInput<'_>, record: &mut WorkloadRecord) {
    let Some(failed) = &record.failed else {
        return;
    };
    let Some(retry) = input
        .controls
        .get(&failed.policy.uid)
        .and_then(|said| said.retry.as_ref())
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

/// Forgets a failure once what it was about is gone: the router that could not be taken out is not there any
/// more, or nobody wants the one that could not be brought. `true` when there was one.
pub(crate) fn forget_what_is_gone(
    service: &ServiceView,
    desired: &Desired,
    record: &mut WorkloadRecord,
) -> bool {
    let Some(failed) = &record.failed else {
        return false;
    };
    // Nothing is known of what could not be read, and what still runs it speaks for itself.
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
