//! The status of one policy generation in one target.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::conditions::{condition, set};
use super::reasons::{APPROVED, COMPLETE, OPTED_OUT_SERVICES, PAUSED, READY, decision_reason};
use firelens_aws::record::Purpose;
use firelens_plan::select::{OPT_OUT_TAG, OPT_OUT_VALUE, policy_ref};
use firelens_plan::{Decision, Plan, PolicyProgress, RolloutState, WorkloadPlan};
use firelens_types::v1alpha1::{
    Condition, ConditionStatus, LoggingPolicy, ReasonCount, Rollout, RolloutStatus,
};

/// The number of rollout objects kept for each policy and target; older generations are deleted.
pub const ROLLOUTS_KEPT: usize = 5;

/// How fast the operator may change a target, from its share of the AWS request limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// The number of task definitions that may be registered in a second, apart from bursts.
    pub registrations_per_second: f64,
}

/// Returns the status of the rollout of `policy`; `None` where the plan does not have the policy.
///
/// `old` is the object with which the plan was made, `None` before there is one. Its conditions are of its own
/// generation, which grows with what people write to `spec.control`: `kubectl wait` accepts no older one.
#[must_use]
pub fn rollout_status(
    plan: &Plan,
    policy: &LoggingPolicy,
    pace: Pace,
    old: Option<&Rollout>,
    now: Timestamp,
) -> Option<RolloutStatus> {
    let progress = plan.policies.get(policy.name())?;
    let state = plan.rollout_states.get(policy.name())?;
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let open = progress.open();
    let was_complete = old
        .and_then(|old| old.status.as_ref())
        .is_some_and(|status| status.completed_at.is_some());
    // When an owner deploys and the router is added again, the rollout is no less complete.
    let following = if was_complete {
        following(plan, policy)
    } else {
        0
    };
    // Opted-out services are left alone, which is no unfinished work; a deleted policy must exist as long as the
    // router does.
    let is_held = policy.is_deleting() && !progress.opted_out.is_empty();
    let complete = open <= following && progress.failed == 0 && !is_held;
    // The first one that is written has generation 1.
    let generation = old.map_or(1, Rollout::generation);
    let old = old.and_then(|old| old.status.clone()).unwrap_or_default();
    let mut message = message(progress, state);
    if is_held {
        message.push_str(&opted_out(progress));
    }
    let reason = match is_held && progress.waits_for_owners() {
        true => OPTED_OUT_SERVICES,
        false => reason(progress, state, complete),
    };
    let fresh = conditions(reason, state, complete, &message, generation);
    let runs = !complete && state.paused.is_none() && !state.aborted;
    Some(RolloutStatus {
        selected: progress.selected,
        updated: progress.in_sync,
        in_progress: progress.in_progress,
        pending: progress.pending + progress.to_eject,
        failed: progress.failed,
        skipped: progress.refused,
        wave: state.wave,
        waves: state.waves.clone(),
        plan: (state.plan.workloads > 0).then(|| state.plan.clone()),
        reasons: reasons(plan, policy),
        expected_end: runs
            .then(|| expected_end(progress, state, pace, &old, now))
            .flatten(),
        started_at: old.started_at.or(Some(now)),
        // Only the first time is kept: a service that is added later does not restart the rollout.
        completed_at: old.completed_at.or(complete.then_some(now)),
        message,
        conditions: set(&old.conditions, fresh, now),
    })
}

/// The number of workloads that the rollout has reached and that have followed a deployment of their owner since.
fn following(plan: &Plan, policy: &LoggingPolicy) -> u32 {
    let reference = policy_ref(policy);
    let follows = |workload: &&WorkloadPlan| {
        let winner = workload.selection.winner.as_ref();
        let is_won = winner.is_some_and(|won| won.uid == reference.uid);
        let is_reached = workload.record.rollout.as_ref().is_some_and(|mark| {
            mark.is_of(&reference, Purpose::Inject) && mark.settled_at.is_some()
        });
        let is_open = matches!(
            workload.decision,
            Decision::Injecting | Decision::Deploying(_) | Decision::Waiting(_)
        );
        is_won && is_reached && is_open
    };
    let count = plan.workloads.values().filter(follows).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn conditions(
    reason: &str,
    state: &RolloutState,
    complete: bool,
    message: &str,
    generation: i64,
) -> Vec<Condition> {
    let truth = |holds: bool| match holds {
        true => ConditionStatus::True,
        false => ConditionStatus::False,
    };
    let mut fresh = [COMPLETE, READY]
        .map(|type_| condition(type_, truth(complete), reason, message, generation))
        .to_vec();
    let (word, why) = match &state.paused {
        Some(why) => ("RolloutPaused", why.as_str()),
        None => ("NotPaused", ""),
    };
    fresh.push(condition(
        PAUSED,
        truth(state.paused.is_some()),
        word,
        why,
        generation,
    ));
    if state.plan.needs_approval && state.plan.workloads > 0 {
        let hash = &state.plan.hash;
        let (word, why) = match state.plan.approved {
            true => ("PlanApproved", format!("plan {hash}")),
            false => (
                "WaitingForApproval",
                format!("plan {hash} changes {} workloads", state.plan.workloads),
            ),
        };
        let given = truth(state.plan.approved);
        fresh.push(condition(APPROVED, given, word, why, generation));
    }
    fresh
}

const fn reason(progress: &PolicyProgress, state: &RolloutState, complete: bool) -> &'static str {
    if complete {
        "RolloutComplete"
    } else if state.aborted {
        "RolloutAborted"
    } else if state.paused.is_some() {
        "RolloutPaused"
    } else if state.plan.needs_approval && !state.plan.approved && state.remaining > 0 {
        "WaitingForApproval"
    } else if progress.failed > 0 {
        "WorkloadsFailed"
    } else {
        "RolloutInProgress"
    }
}

fn message(progress: &PolicyProgress, state: &RolloutState) -> String {
    let mut parts = vec![format!(
        "{} of {} in sync",
        progress.in_sync, progress.selected
    )];
    let opted_out = u32::try_from(progress.opted_out.len()).unwrap_or(u32::MAX);
    let more = [
        (progress.in_progress, "in progress"),
        (progress.pending, "waiting"),
        (progress.to_eject, "to be restored"),
        (progress.refused, "not injectable"),
        (progress.failed, "failed"),
        (progress.unknown, "unreadable"),
        (opted_out, "opted out but running the router"),
    ];
    parts.extend(
        more.iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, label)| format!("{count} {label}")),
    );
    let mut text = parts.join(", ");
    if state.aborted {
        text.push_str("; aborted");
    } else if let Some(why) = &state.paused {
        text.push_str(&format!("; paused: {why}"));
    } else if let Some(until) = state.bakes_until {
        text.push_str(&format!(
            "; waiting for the canary bake time to end at {until:.0}"
        ));
    }
    text
}

/// Describes which services hold a deleted policy, and what ends that.
fn opted_out(progress: &PolicyProgress) -> String {
    const NAMED_MAX: usize = 10;
    let named = progress.opted_out.iter().take(NAMED_MAX).cloned();
    let mut named = named.collect::<Vec<_>>().join(", ");
    let more = progress.opted_out.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    format!(
        "; the policy cannot be deleted yet because services that are tagged {OPT_OUT_TAG}={OPT_OUT_VALUE} run its router: {named}; remove the tag from the service or its cluster to have the router removed, or deploy a revision without the router, or set deletionPolicy: Retain to keep the router permanently"
    )
}

/// The reasons of the policy's workloads that are not as they should be, most frequent first.
fn reasons(plan: &Plan, policy: &LoggingPolicy) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for workload in plan.workloads.values() {
        let winner = workload.selection.winner.as_ref();
        let is_won = winner.is_some_and(|won| won.uid == policy.uid());
        if is_won && workload.decision != Decision::InSync {
            let (reason, _) = decision_reason(&workload.decision, &workload.record);
            *counts.entry(reason.to_string()).or_default() += 1;
        }
    }
    let mut reasons: Vec<ReasonCount> = counts
        .into_iter()
        .map(|(reason, count)| ReasonCount { reason, count })
        .collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons
}

/// The earliest time at which everything can be done: what the request limits allow, and the duration of the
/// deployments so far where there was one. The previous time is kept while it is in the future and nothing has
/// moved since, and while the difference is small; an overdue time is postponed by some minutes, not by every
/// pass.
fn expected_end(
    progress: &PolicyProgress,
    state: &RolloutState,
    pace: Pace,
    old: &RolloutStatus,
    now: Timestamp,
) -> Option<Timestamp> {
    /// Smaller differences are not reported, in seconds.
    const SLACK_SECONDS: i64 = 60;
    /// The least time by which an end that did not come is postponed, in seconds.
    const PUT_OFF_SECONDS: i64 = 300;
    let left = i64::from(state.remaining) + i64::from(progress.in_progress);
    if left == 0 {
        return None;
    }
    let budget = f64::from(state.remaining) / pace.registrations_per_second.max(f64::EPSILON);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float becomes the nearest integer"
    )]
    let budget_seconds = budget.ceil() as i64;
    let limit = i64::from(state.limit.max(1));
    let rounds = (left + limit - 1) / limit;
    let deployments_seconds = rounds.saturating_mul(state.deployment_seconds.unwrap_or(0));
    let is_overdue = old.expected_end.is_some_and(|known| known <= now);
    let least = if is_overdue { PUT_OFF_SECONDS } else { 1 };
    let seconds = budget_seconds.max(deployments_seconds).max(least);
    let from = state.bakes_until.unwrap_or(now).max(now);
    let end = from.checked_add(SignedDuration::from_secs(seconds)).ok()?;
    let end = Timestamp::from_second(end.as_second()).ok()?;
    let has_moved = (old.updated, old.in_progress, old.failed, old.skipped)
        != (
            progress.in_sync,
            progress.in_progress,
            progress.failed,
            progress.refused,
        );
    let known = old.expected_end.filter(|known| {
        let is_news = known.duration_since(end).as_secs().abs() >= SLACK_SECONDS;
        *known > now && !(has_moved && is_news)
    });
    Some(known.unwrap_or(end))
}
