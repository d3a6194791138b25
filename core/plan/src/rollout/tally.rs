//! The progress of a rollout: counted from the workloads' records, never stored beside them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::rollout::Waves;
use firelens_aws::record::{PolicyRef, Purpose, WorkloadRecord};
use firelens_types::v1alpha1::{RolloutStrategy, WaveStatus};

/// Counts over the records of all workloads of a target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// The number of workloads that the policy wins; percentages are taken of it.
    pub(crate) selected: usize,
    /// The number of deployments under way or slots held for the policy, of whatever generation.
    pub(crate) in_flight: usize,
    /// Of those, injections that a wave of this generation started.
    pub(crate) running: usize,
    /// The number of attempts of this generation that failed since it was last resumed.
    pub(crate) failed: usize,
    /// The times at which the deployments of this generation were seen to be complete, sorted.
    pub(crate) settled_at: Vec<Timestamp>,
    /// Started, done and failed, by wave.
    waves: BTreeMap<u32, WaveStatus>,
    took_seconds: Vec<i64>,
}

impl Tally {
    /// Counts. Failures at or before `resumed_at` no longer count.
    pub(crate) fn of<'a>(
        policy: &PolicyRef,
        selected: usize,
        resumed_at: Option<Timestamp>,
        records: impl Iterator<Item = &'a WorkloadRecord>,
    ) -> Self {
        let mut tally = Self {
            selected,
            ..Self::default()
        };
        for record in records {
            tally.add(policy, resumed_at, record);
        }
        tally.settled_at.sort();
        tally.took_seconds.sort_unstable();
        tally
    }

    fn add(&mut self, policy: &PolicyRef, resumed_at: Option<Timestamp>, record: &WorkloadRecord) {
        let admitted = record.admitted.as_ref();
        let deployment = record
            .deployment
            .as_ref()
            .map(|deployment| &deployment.policy);
        let holds = [admitted, deployment]
            .into_iter()
            .flatten()
            .any(|held| held.uid == policy.uid);
        self.in_flight += usize::from(holds);
        let failed = record
            .failed
            .as_ref()
            .filter(|failed| failed.policy.is_same_content(policy) && failed.retry_at.is_none());
        let counts = failed.is_some_and(|failed| resumed_at.is_none_or(|at| failed.at > at));
        self.failed += usize::from(counts);
        let Some(mark) = record
            .rollout
            .as_ref()
            .filter(|mark| mark.is_of(policy, Purpose::Inject))
        else {
            return;
        };
        let Some(wave) = mark.wave else { return };
        let status = self.waves.entry(wave).or_default();
        status.wave = wave;
        status.started += 1;
        if let Some(at) = mark.settled_at {
            status.done += 1;
            self.settled_at.push(at);
            self.took_seconds
                .push(at.duration_since(mark.started_at).as_secs());
        } else if failed.is_some() {
            status.failed += 1;
        } else if holds {
            self.running += 1;
        }
    }

    /// Returns the message when enough failed to stop the rollout.
    pub(crate) fn paused(&self, strategy: &RolloutStrategy) -> Option<String> {
        let threshold = strategy.failure_threshold as usize;
        (threshold > 0 && self.failed >= threshold).then(|| {
            let (attempts, failed) = match self.failed {
                1 => ("attempt", "1".to_owned()),
                many => ("attempts", many.to_string()),
            };
            format!("{failed} {attempts} failed, rollout.failureThreshold is {threshold}")
        })
    }

    /// Returns the end of the bake time of the canaries, while they bake.
    pub(crate) fn bakes_until(
        &self,
        strategy: &RolloutStrategy,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let last = (strategy.canary.count as usize).checked_sub(1)?;
        let bake = SignedDuration::from_secs(i64::from(strategy.canary.bake_seconds));
        let until = self.settled_at.get(last)?.checked_add(bake).ok()?;
        (until > now).then_some(until)
    }

    /// The median duration of the deployments, in seconds.
    pub(crate) fn deployment_seconds(&self) -> Option<i64> {
        self.took_seconds.get(self.took_seconds.len() / 2).copied()
    }
}

/// Returns the waves that were begun, and the one that is open with its size.
pub(crate) fn wave_statuses(
    tally: &Tally,
    waves: Waves,
    remaining: usize,
) -> (u32, Vec<WaveStatus>) {
    let (open, _) = waves.open(tally.settled_at.len());
    let mut statuses = tally.waves.clone();
    if remaining > 0 {
        statuses.entry(open).or_insert(WaveStatus {
            wave: open,
            ..WaveStatus::default()
        });
    }
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let statuses = statuses.into_values().map(|mut status| {
        let left = if status.wave == open { remaining } else { 0 };
        let total = status.started.saturating_add(count(left));
        status.size = match waves.size(status.wave) {
            Some(size) => count(size).min(total).max(status.started),
            None => total,
        };
        status
    });
    (open, statuses.collect())
}
