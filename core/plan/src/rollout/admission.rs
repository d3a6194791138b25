//! Gives each candidate its slot, or the wait that holds it.
//!
//! Arithmetic over one policy in one target. Candidates that hold a slot keep it.

use jiff::Timestamp;

use crate::model::Wait;
use crate::rollout::{Blocker, Tally, Traits, Waves};
use firelens_aws::record::WorkloadKey;

/// The class of a change: what holds one class need not hold another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The rollout itself: the router is added, or replaced by another.
    Roll,
    /// The rollout reached the workload before, and its owner deployed since: the router is added again.
    Follow,
    /// The policy does not select the workload any more.
    Deselect,
    /// Somebody deleted the policy or aborted the rollout with undo.
    TakeBack,
}

/// A workload of one policy that needs a change.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) key: WorkloadKey,
    pub(crate) class: Class,
    /// Digest of the change.
    pub(crate) digest: String,
    /// Whether it holds a slot already.
    pub(crate) admitted: bool,
    /// Whether it was tried before: others go first.
    pub(crate) failed_before: bool,
    /// Whether it wants no task, so that its deployment ends at once and shows nothing: as a canary it comes last.
    pub(crate) proves_nothing: bool,
    /// The stage by `rollout.order`.
    pub(crate) stage: usize,
    pub(crate) traits: Traits,
}

/// A slot in a wave, or what is waited for.
pub(crate) type Answer = Result<u32, Wait>;

/// Returns the result for each candidate, in the order of their slots. `stage_in_flight` is the first stage that
/// has workloads under way; `gate` is what waves after the canaries wait for.
pub(crate) fn admit(
    waves: Waves,
    tally: &Tally,
    hold: &Blocker,
    candidates: &[Candidate],
    bakes_until: Option<Timestamp>,
    stage_in_flight: Option<usize>,
    gate: Option<&Wait>,
) -> Vec<Answer> {
    let settled = tally.settled_at.len();
    let (wave, end) = waves.open(settled);
    let mut in_flight = tally.in_flight;
    let mut in_waves = settled + tally.running;
    let stage = stage_now(hold, candidates, stage_in_flight);
    let mut answer = |candidate: &Candidate| -> Answer {
        if let Some(wait) = hold.wait(candidate.class) {
            // A candidate that may not go keeps no slot from those that may.
            in_flight = in_flight.saturating_sub(usize::from(candidate.admitted));
            return Err(wait);
        }
        if candidate.admitted {
            return Ok(wave);
        }
        if candidate.class == Class::Roll {
            if stage.is_some_and(|stage| candidate.stage > stage) {
                return Err(Wait::Stage);
            }
            if let Some(until) = bakes_until {
                return Err(Wait::Canary(Some(until)));
            }
            if end.is_some_and(|end| in_waves >= end) {
                return Err(match wave {
                    0 => Wait::Canary(None),
                    wave => Wait::Wave(wave),
                });
            }
            if wave > 0
                && let Some(wait) = gate
            {
                return Err(wait.clone());
            }
        }
        if in_flight >= waves.limit() {
            return Err(Wait::Concurrency);
        }
        in_flight += 1;
        in_waves += usize::from(candidate.class == Class::Roll);
        Ok(wave)
    };
    candidates.iter().map(&mut answer).collect()
}

/// The current stage: the first of those that are in flight or could start.
fn stage_now(hold: &Blocker, candidates: &[Candidate], in_flight: Option<usize>) -> Option<usize> {
    let rolls = hold.wait(Class::Roll).is_none();
    let could_start = candidates
        .iter()
        .filter(|candidate| rolls && candidate.class == Class::Roll)
        .map(|candidate| candidate.stage);
    could_start.chain(in_flight).min()
}
