//! Which workloads have their logs checked at the destination.
//!
//! Workloads that no policy selects, or that are not as their policy wants them, are left out.

use std::collections::BTreeMap;

use crate::input::PlanInput;
use crate::log_delivery;
use crate::log_delivery::Entry;
use crate::model::Decision;
use crate::workload::draft::{Draft, find_policy};
use firelens_aws::observe::Needs;
use firelens_aws::record::WorkloadKey;

/// Checks, and records what is seen.
pub(crate) fn follow(
    input: &PlanInput<'_>,
    needs: &mut Needs,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) {
    let entries = drafts
        .values_mut()
        .filter_map(|draft| {
            if draft.record.managed.is_none() {
                draft.record.logs = None;
            }
            let policy = find_policy(input, draft.desired.policy.as_ref()?)?;
            (draft.desired.decision == Decision::InSync).then_some(Entry {
                policy,
                service: draft.service,
                outputs: &draft.desired.outputs,
                record: &mut draft.record,
                asks: &mut draft.asks,
            })
        })
        .collect();
    log_delivery::follow(input, entries, needs);
}
