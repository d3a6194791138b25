//! Who may move now: `rollout.maxConcurrent`, canaries and the pause after failures.
//!
//! Pure arithmetic over one policy in one target. Those that hold a place keep it; new places go to
//! workloads in the order of their keys.

use jiff::{SignedDuration, Timestamp};

use super::model::Wait;
use crate::record::{PolicyRef, Purpose, WorkloadKey, WorkloadRecord};
use crate::v1alpha1::RolloutStrategy;

/// A workload of one policy that needs a change.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) key: WorkloadKey,
    pub(super) purpose: Purpose,
    /// It holds a place already.
    pub(super) admitted: bool,
    /// It was tried before: others go first.
    pub(super) failed_before: bool,
    /// It wants no task, so its deployment ends at once and shows nothing: as a canary it comes last.
    pub(super) proves_nothing: bool,
}

/// How far the rollout of one policy generation is in one target.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// Workloads the policy wins; what percentages are taken of.
    pub(super) selected: usize,
    /// Deployments under way or places held, candidates that hold one included.
    pub(super) in_flight: usize,
    /// Attempts of this generation that failed.
    pub(super) failed: usize,
    /// When the deployments of this generation were seen to be complete, sorted.
    pub(super) settled_at: Vec<Timestamp>,
}

impl Progress {
    /// Counts over the records of all workloads of the target.
    pub(super) fn of<'a>(
        policy: &PolicyRef,
        selected: usize,
        records: impl Iterator<Item = &'a WorkloadRecord>,
    ) -> Self {
        let mut progress = Self {
            selected,
            in_flight: 0,
            failed: 0,
            settled_at: Vec::new(),
        };
        for record in records {
            let holds = record
                .admitted
                .as_ref()
                .is_some_and(|held| held.uid == policy.uid)
                || record
                    .deployment
                    .as_ref()
                    .is_some_and(|deployment| deployment.policy.uid == policy.uid);
            progress.in_flight += usize::from(holds);
            let failed = record.failed.as_ref().is_some_and(|failed| {
                failed.policy.uid == policy.uid
                    && failed.policy.generation == policy.generation
                    && failed.retry_at.is_none()
            });
            progress.failed += usize::from(failed);
            if let Some(managed) = &record.managed
                && managed.policy.uid == policy.uid
                && managed.rolled_out_generation == policy.generation
                && let Some(at) = managed.settled_at
            {
                progress.settled_at.push(at);
            }
        }
        progress.settled_at.sort();
        progress
    }

    /// Whether enough failed to stop.
    pub(super) fn is_paused(&self, rollout: &RolloutStrategy) -> bool {
        rollout.failure_threshold > 0 && self.failed >= rollout.failure_threshold as usize
    }
}

/// Gives each candidate its place, or what it waits for.
pub(super) fn admit(
    rollout: &RolloutStrategy,
    progress: &Progress,
    candidates: &[Candidate],
    now: Timestamp,
) -> Vec<Option<Wait>> {
    let total = progress.selected.max(candidates.len());
    let limit = rollout
        .max_concurrent
        .of(u32::try_from(total).unwrap_or(u32::MAX)) as usize;
    let paused = progress.is_paused(rollout);
    let canary = canary(rollout, progress, now);
    let mut in_flight = progress.in_flight;
    candidates
        .iter()
        .map(|candidate| {
            if paused && candidate.purpose == Purpose::Inject {
                return Some(Wait::Paused);
            }
            if candidate.admitted {
                return None;
            }
            if candidate.purpose == Purpose::Inject {
                match &canary {
                    Canary::Open => {}
                    Canary::Baking(until) => return Some(Wait::Canary(Some(*until))),
                    Canary::Places(places) if in_flight < *places => {}
                    Canary::Places(_) => return Some(Wait::Canary(None)),
                }
            }
            if in_flight >= limit {
                return Some(Wait::Concurrency);
            }
            in_flight += 1;
            None
        })
        .collect()
}

enum Canary {
    /// All canaries are done and baked, or there are none.
    Open,
    /// All are done; bake time runs.
    Baking(Timestamp),
    /// That many may be under way.
    Places(usize),
}

fn canary(rollout: &RolloutStrategy, progress: &Progress, now: Timestamp) -> Canary {
    let count = rollout.canary.count as usize;
    let Some(last) = count.checked_sub(1) else {
        return Canary::Open;
    };
    match progress.settled_at.get(last) {
        None => Canary::Places(count - progress.settled_at.len()),
        Some(at) => {
            let bake = SignedDuration::from_secs(i64::from(rollout.canary.bake_seconds));
            match at.checked_add(bake) {
                Ok(until) if until > now => Canary::Baking(until),
                _ => Canary::Open,
            }
        }
    }
}
