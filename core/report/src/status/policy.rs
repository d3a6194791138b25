//! The status of policies, over all targets.

use jiff::Timestamp;

use super::conditions::{condition, find, set};
use super::reasons::{COMPLETE, OPTED_OUT_SERVICES, READY, VALID};
use firelens_fluent::lint::{Finding, Severity};
use firelens_types::v1alpha1::{
    Condition, ConditionStatus, LoggingPolicy, LoggingPolicyStatus, Mode, RolloutStatus,
};

/// The number of findings that a condition names; more are only counted.
const FINDINGS_NAMED: usize = 5;

/// Returns the status of a policy: the sum over the rollouts of its present generation, one for each target.
#[must_use]
pub fn policy_status(
    policy: &LoggingPolicy,
    findings: &[Finding],
    rollouts: &[RolloutStatus],
    now: Timestamp,
) -> LoggingPolicyStatus {
    let sum = |of: fn(&RolloutStatus) -> u32| rollouts.iter().map(of).sum::<u32>();
    let generation = policy.generation();
    let mut status = LoggingPolicyStatus {
        observed_generation: generation,
        selected: sum(|rollout| rollout.selected),
        injected: sum(|rollout| rollout.updated),
        in_progress: sum(|rollout| rollout.in_progress),
        pending: sum(|rollout| rollout.pending),
        failed: sum(|rollout| rollout.failed),
        skipped: sum(|rollout| rollout.skipped),
        conditions: Vec::new(),
    };
    // A rollout accounts for workloads that only follow a deployment of their owner.
    let complete = rollouts.iter().all(|rollout| {
        let complete = find(&rollout.conditions, COMPLETE);
        complete.is_some_and(|condition| condition.status == ConditionStatus::True)
    });
    let says = |reason: &str| {
        rollouts.iter().any(|rollout| {
            let ready = find(&rollout.conditions, READY);
            ready.is_some_and(|condition| condition.reason == reason)
        })
    };
    let (ready, reason) = if policy.is_deleting() && says(OPTED_OUT_SERVICES) {
        (ConditionStatus::False, OPTED_OUT_SERVICES)
    } else if policy.is_deleting() {
        (ConditionStatus::False, "Restoring")
    } else if policy.spec.suspend {
        (ConditionStatus::False, "Suspended")
    } else if rollouts.is_empty() {
        (ConditionStatus::Unknown, "NoTarget")
    } else if policy.spec.mode == Mode::Audit {
        (ConditionStatus::True, "AuditMode")
    } else if complete {
        (ConditionStatus::True, "RolloutComplete")
    } else if says("RolloutAborted") {
        (ConditionStatus::False, "RolloutAborted")
    } else if says("RolloutPaused") {
        (ConditionStatus::False, "RolloutPaused")
    } else if says("WaitingForApproval") {
        (ConditionStatus::False, "WaitingForApproval")
    } else if status.failed > 0 {
        (ConditionStatus::False, "WorkloadsFailed")
    } else {
        (ConditionStatus::False, "RolloutInProgress")
    };
    let message = match reason {
        OPTED_OUT_SERVICES => held(rollouts),
        _ => message(&status),
    };
    let fresh = vec![
        condition(READY, ready, reason, message, generation),
        valid(findings, generation),
    ];
    let old = policy
        .status
        .as_ref()
        .map_or(&[][..], |old| &old.conditions);
    status.conditions = set(old, fresh, now);
    status
}

/// Describes which opted-out services hold the policy, over all targets.
fn held(rollouts: &[RolloutStatus]) -> String {
    let ready = rollouts
        .iter()
        .filter_map(|rollout| find(&rollout.conditions, READY));
    let held = ready.filter(|ready| ready.reason == OPTED_OUT_SERVICES);
    let messages: Vec<&str> = held.map(|held| held.message.as_str()).collect();
    messages.join("; ")
}

/// The findings of the linter as a condition; those that are only informative are left out.
fn valid(findings: &[Finding], generation: i64) -> Condition {
    let findings: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.severity < Severity::Info)
        .collect();
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let (status, reason) = match (errors, findings.len()) {
        (_, 0) => (ConditionStatus::True, "NoFindings"),
        (0, _) => (ConditionStatus::True, "HasWarnings"),
        _ => (ConditionStatus::False, "HasErrors"),
    };
    let mut named: Vec<String> = findings
        .iter()
        .take(FINDINGS_NAMED)
        .map(ToString::to_string)
        .collect();
    let more = findings.len().saturating_sub(FINDINGS_NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    condition(VALID, status, reason, named.join("; "), generation)
}

fn message(status: &LoggingPolicyStatus) -> String {
    let mut text = format!(
        "{} of {} workloads in sync",
        status.injected, status.selected
    );
    for (count, label) in [
        (status.in_progress, "in progress"),
        (status.pending, "waiting"),
        (status.skipped, "not injectable"),
        (status.failed, "failed"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {label}"));
        }
    }
    text
}
