//! The metrics that are published after a pass. Nothing here names a service.

use std::collections::BTreeMap;

use firelens_aws::record::WorkloadRecord;
use firelens_plan::{Decision, WorkloadPlan};
use firelens_report::status::{COMPLETE, find};
use firelens_types::v1alpha1::{ConditionStatus, LoggingPolicy, RolloutStatus};

use crate::metrics::{PolicyStand, StateCounts, bounded_policies};
use crate::report::Report;

/// Publishes states, drift and rollbacks of a pass.
pub(crate) fn publish(report: &Report<'_>, rollouts: &BTreeMap<String, RolloutStatus>) {
    let target = report.target();
    let metrics = &report.ctx.metrics;
    let mut counts = StateCounts::new();
    for workload in report.plan.workloads.values() {
        let winner = workload.selection.winner.as_ref();
        let policy = winner.map(|won| won.name.clone()).unwrap_or_default();
        *counts.entry((policy, state(workload))).or_default() += 1;
    }
    report
        .ctx
        .publish_services(target.name(), bounded_policies(counts));
    for (key, workload) in &report.plan.workloads {
        let Some(before) = report.loaded.records.get(key) else {
            continue;
        };
        if drifted(before, &workload.record) {
            metrics.drift_detected.with_label_values(&["resync"]).inc();
        }
        if let Some(reason) = rolled_back(before, &workload.record) {
            metrics.rollbacks.with_label_values(&[reason]).inc();
        }
    }
    for repair in &report.plan.repairs {
        let change = if repair.altered { "altered" } else { "removed" };
        metrics
            .role_policies_taken
            .with_label_values(&[change])
            .inc();
    }
    metrics.publish_holdings(target.name(), &report.holdings());
    let policies = report.loaded.policies.iter();
    let stands = policies.map(|policy| (policy.name().to_owned(), stand(policy, rollouts)));
    report.ctx.publish_policies(target.name(), stands.collect());
    if report.world.is_whole() && report.observation().unread_clusters.is_empty() {
        let (account, region) = (&target.spec.account_id, &target.spec.region);
        metrics.resynced(account, region, report.now);
    }
}

/// The state of a policy, from its rollout in the target.
fn stand(policy: &LoggingPolicy, rollouts: &BTreeMap<String, RolloutStatus>) -> PolicyStand {
    let open = rollouts
        .get(policy.name())
        .and_then(|rollout| find(&rollout.conditions, COMPLETE))
        .filter(|complete| complete.status != ConditionStatus::True);
    PolicyStand {
        generation: policy.generation(),
        observed_generation: policy.generation(),
        unconverged_since: open.map(|complete| complete.last_transition_time),
    }
}

/// The word for the state of a workload.
const fn state(workload: &WorkloadPlan) -> &'static str {
    match &workload.decision {
        Decision::InSync => "ready",
        Decision::Injecting | Decision::Ejecting | Decision::PuttingBack => "patching",
        Decision::Deploying(_) => "rolling",
        Decision::Waiting(_) => "pending",
        Decision::Failed => "failed",
        Decision::Refused(_) => "skipped",
        Decision::Contested(_) | Decision::Claimed(_) => "contested",
        Decision::DeployManually(_) => "prepared",
        Decision::WouldInject => "audited",
        Decision::Unknown(_) => "unknown",
        Decision::OutOfScope(_) => "out_of_scope",
        Decision::NotSelected
        | Decision::OptedOut
        | Decision::Ejected
        | Decision::Orphaned(_)
        | Decision::Retained => "unmanaged",
    }
}

/// Whether somebody else set the service to another revision than ours.
fn drifted(before: &WorkloadRecord, now: &WorkloadRecord) -> bool {
    before.managed.is_some()
        && before.deployment.is_none()
        && now.managed.is_none()
        && now.deployment.is_none()
}

/// Returns the reason of a failure that was not recorded before.
fn rolled_back<'a>(before: &WorkloadRecord, now: &'a WorkloadRecord) -> Option<&'a str> {
    let failed = now.failed.as_ref()?;
    let known = before
        .failed
        .as_ref()
        .is_some_and(|known| known.at == failed.at);
    (!known).then_some(failed.reason.as_str())
}
