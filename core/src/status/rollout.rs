//! The status of one policy generation in one target.

use jiff::Timestamp;

use super::conditions::{condition, set};
use super::reasons::{COMPLETE, READY};
use crate::plan::PolicyProgress;
use crate::v1alpha1::{ConditionStatus, RolloutStatus};

/// Rollout objects kept per policy and target; older generations are deleted.
pub const ROLLOUTS_KEPT: usize = 5;

/// Name of the `Rollout` of a policy generation in a target: `POLICY.gGENERATION.TARGET`.
#[must_use]
pub fn rollout_name(policy: &str, generation: i64, target: &str) -> String {
    format!("{policy}.g{generation}.{target}")
}

/// What people see of a rollout.
#[must_use]
pub fn rollout_status(
    progress: &PolicyProgress,
    generation: i64,
    old: Option<&RolloutStatus>,
    now: Timestamp,
) -> RolloutStatus {
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let open = progress.pending + progress.in_progress + progress.to_eject + progress.unknown;
    let complete = open == 0 && progress.failed == 0;
    let old = old.cloned().unwrap_or_default();
    let holds = if complete {
        ConditionStatus::True
    } else {
        ConditionStatus::False
    };
    let (reason, message) = (reason(progress, complete), message(progress));
    let conditions = [COMPLETE, READY]
        .map(|type_| condition(type_, holds, reason, message.clone(), generation))
        .to_vec();
    RolloutStatus {
        selected: progress.selected,
        updated: progress.in_sync,
        in_progress: progress.in_progress,
        pending: progress.pending + progress.to_eject,
        failed: progress.failed,
        skipped: progress.refused,
        wave: old.wave,
        waves: Vec::new(),
        plan: None,
        reasons: Vec::new(),
        expected_end: None,
        started_at: old.started_at.or(Some(now)),
        completed_at: if complete {
            old.completed_at.or(Some(now))
        } else {
            None
        },
        message,
        conditions: set(&old.conditions, conditions, now),
    }
}

const fn reason(progress: &PolicyProgress, complete: bool) -> &'static str {
    if complete {
        "RolloutComplete"
    } else if progress.paused {
        "RolloutPaused"
    } else if progress.failed > 0 {
        "WorkloadsFailed"
    } else {
        "RolloutInProgress"
    }
}

fn message(progress: &PolicyProgress) -> String {
    let mut parts = vec![format!(
        "{} of {} in sync",
        progress.in_sync, progress.selected
    )];
    let more = [
        (progress.in_progress, "in progress"),
        (progress.pending, "waiting"),
        (progress.to_eject, "to be restored"),
        (progress.refused, "not injectable"),
        (progress.failed, "failed"),
        (progress.unknown, "unreadable"),
    ];
    parts.extend(
        more.iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}")),
    );
    parts.join(", ")
}
