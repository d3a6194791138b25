//! Forgets failures that somebody wants to be tried again.
//!
//! A failure that is noticed later than the wish is not forgotten: a wish is for once.

use super::model::PlanInput;
use crate::record::WorkloadRecord;
use crate::v1alpha1::workload_name;

/// Forgets the failure of a workload where `firelens rollout retry` was said since, of this generation and
/// of this workload.
pub(super) fn forget_failure(input: &PlanInput<'_>, record: &mut WorkloadRecord) {
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
