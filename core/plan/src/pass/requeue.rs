//! When a target gets its next pass.
//!
//! Only computes the time; nothing here waits.

use jiff::{SignedDuration, Timestamp};

use crate::input::PlanInput;
use crate::model::{Decision, Plan, Wait, WorkloadPlan};
use crate::workload::draft::{DEPLOYMENT_POLL_SECONDS, READ_RETRY_SECONDS, find_policy};
use firelens_aws::record::PolicyRef;
use firelens_types::v1alpha1::Mode;

/// Returns the soonest time at which something waited for can have changed; `None` when nothing is waited for.
pub(crate) fn requeue_at(input: &PlanInput<'_>, plan: &Plan) -> Option<Timestamp> {
    let after = |seconds: i64| {
        input
            .now
            .checked_add(SignedDuration::from_secs(seconds))
            .ok()
    };
    let audits = |won: &PolicyRef| {
        find_policy(input, won).is_some_and(|policy| policy.spec.mode == Mode::Audit)
    };
    // A revision that is being left is followed until it can be let go; then its resources are removed.
    let is_leaving = plan.workloads.values().any(WorkloadPlan::is_leaving);
    // Whatever the decision about the workload is meanwhile.
    let tried_again = plan.workloads.values().filter_map(|workload| {
        let failed = workload.record.failed.as_ref()?;
        failed.tried_again_at(input.now)
    });
    plan.workloads
        .values()
        .filter_map(|workload| match &workload.decision {
            _ if workload.record.deployment.is_some() => after(DEPLOYMENT_POLL_SECONDS),
            decision if decision.is_in_flight() => after(DEPLOYMENT_POLL_SECONDS),
            Decision::Waiting(wait) if wait.until().is_some() => wait.until(),
            // The health of baking workloads is checked meanwhile.
            Decision::Waiting(Wait::Canary(Some(until))) => {
                after(READ_RETRY_SECONDS).map(|soon| soon.min(*until))
            }
            Decision::Failed => workload
                .record
                .failed
                .as_ref()
                .and_then(|failed| failed.retry_at),
            Decision::Waiting(Wait::ForeignDeployment | Wait::Read(_) | Wait::Gate(_)) => {
                after(READ_RETRY_SECONDS)
            }
            Decision::Unknown(_) if !workload.selection.winner.as_ref().is_some_and(audits) => {
                after(READ_RETRY_SECONDS)
            }
            _ => None,
        })
        // This pass has dealt with what was due before it. An immediate next pass would find nothing changed.
        .filter_map(|at| {
            if at > input.now {
                Some(at)
            } else {
                after(READ_RETRY_SECONDS)
            }
        })
        .chain(tried_again)
        .chain(is_leaving.then(|| after(READ_RETRY_SECONDS)).flatten())
        .min()
}
