//! Gives the free slots to the workloads that need a change, policy by policy.
//!
//! Evaluates the rollout of each policy and plans no step.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::gate::{AnalysisResult, Watched};
use crate::input::PlanInput;
use crate::model::{Decision, Plan, RolloutState, Wait};
use crate::rollout;
use crate::rollout::candidates::{Candidates, marked, wins};
use crate::rollout::{Blocker, Candidate, Ceiling, Class, Tally, Waves, held_back, wave_statuses};
use crate::select::policy_ref;
use crate::workload::draft::{Draft, find_policy};
use crate::workload::{capacity, meanwhile, put_back};
use firelens_aws::observe::Needs;
use firelens_aws::record::{
    PolicyRef, Purpose, RolloutMark, RolloutRecord, RolloutStop, WorkloadKey,
};
use firelens_types::v1alpha1::{LoggingPolicy, RolloutPlan};

/// Which workloads have a slot.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// Workloads that may take steps in this pass.
    pub(crate) admitted: BTreeSet<WorkloadKey>,
    /// Workloads that are next: their role policies and files are written meanwhile, so that IAM's time to
    /// propagate passes while those before them are deployed and checked.
    pub(crate) next: BTreeSet<WorkloadKey>,
}

/// Holds workloads back, then gives slots; writes the state of each rollout into the plan.
pub(crate) fn give(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) -> Slots {
    let digests = digests(drafts);
    meanwhile::release_old_slots(input, drafts);
    let held = hold_back(input, plan, drafts);
    plan.forgotten_rollouts = input
        .rollouts
        .values()
        .filter(|known| find_policy(input, &known.policy).is_none())
        .map(|known| known.policy.uid.clone())
        .collect();
    let mut slots = Slots {
        admitted: put_back::admit(drafts, &held),
        ..Slots::default()
    };
    for policy in input.policies {
        let round = Round::of(input, policy, drafts, &digests, &held, &mut plan.needs);
        let answers = round.answers(input);
        plan.rollouts.extend(round.new_stop(input));
        plan.rollout_states
            .insert(policy.name().to_owned(), round.state(input));
        let next = round.next(&answers);
        slots.next.extend(next.cloned());
        let mut waiting = Vec::new();
        for (candidate, answer) in round.candidates.iter().zip(answers) {
            let Some(draft) = drafts.get_mut(&candidate.key) else {
                continue;
            };
            match answer {
                Err(wait) => {
                    draft.record.admitted = None;
                    draft.desired.decision = Decision::Waiting(wait.clone());
                    waiting.push((candidate.key.clone(), wait));
                }
                Ok(wave) => {
                    begin(draft, candidate, &round.reference, wave, input);
                    slots.admitted.insert(candidate.key.clone());
                }
            }
        }
        let limit = round.waves.limit();
        let older = meanwhile::admit(drafts, &waiting, &round.reference, limit);
        slots.admitted.extend(older);
    }
    slots
}

/// Takes a slot, and records its wave.
fn begin(
    draft: &mut Draft<'_>,
    candidate: &Candidate,
    policy: &PolicyRef,
    wave: u32,
    input: &PlanInput<'_>,
) {
    draft.record.admitted = Some(policy.clone());
    // A wave that was done stays done, and what an abort undoes was begun by this rollout.
    let keeps_mark = match candidate.class {
        Class::Follow => true,
        Class::TakeBack => marked(draft, policy).is_some(),
        Class::Roll | Class::Deselect => candidate.admitted && marked(draft, policy).is_some(),
    };
    if keeps_mark {
        return;
    }
    let purpose = match candidate.class {
        Class::Roll | Class::Follow => Purpose::Inject,
        Class::Deselect | Class::TakeBack => Purpose::Eject,
    };
    draft.record.rollout = Some(RolloutMark {
        policy: policy.clone(),
        purpose,
        digest: candidate.digest.clone(),
        wave: Some(wave),
        started_at: input.now,
        settled_at: None,
    });
}

/// Digests of all wanted changes, held back or not.
fn digests(drafts: &BTreeMap<WorkloadKey, Draft<'_>>) -> BTreeMap<WorkloadKey, String> {
    let changes = drafts.iter().filter_map(|(key, draft)| {
        let change = draft.desired.change.as_ref()?;
        (change.purpose != Purpose::Restore).then(|| (key.clone(), rollout::digest(change)))
    });
    changes.collect()
}

/// Decides for workloads that cannot move for reasons of their own; they keep no slot from the others, unless it
/// is for a moment only.
fn hold_back(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) -> BTreeSet<WorkloadKey> {
    let mut keys = BTreeSet::new();
    for (key, draft) in drafts.iter_mut() {
        let Some(change) = &draft.desired.change else {
            continue;
        };
        let mut held = held_back::held_back(input, draft, change);
        if held.is_none() {
            let (in_the_way, notes) = capacity::evaluate(input, draft, &mut plan.needs);
            draft.desired.notes.extend(notes);
            held = in_the_way;
        }
        if let Some(held) = held {
            if !matches!(held, Decision::Waiting(Wait::Doubt { .. })) {
                draft.record.admitted = None;
            }
            draft.desired.decision = held;
            keys.insert(key.clone());
        }
    }
    keys
}

/// One policy in one target, in one pass.
struct Round<'a> {
    policy: &'a LoggingPolicy,
    reference: PolicyRef,
    tally: Tally,
    waves: Waves,
    hold: Blocker,
    /// The number of changes of the plan that were not begun.
    remaining: usize,
    plan: RolloutPlan,
    stopped: Option<String>,
    candidates: Vec<Candidate>,
    stage_in_flight: Option<usize>,
    /// The result of the gates.
    analysis: AnalysisResult,
}

impl<'a> Round<'a> {
    fn of(
        input: &PlanInput<'a>,
        policy: &'a LoggingPolicy,
        drafts: &BTreeMap<WorkloadKey, Draft<'_>>,
        digests: &BTreeMap<WorkloadKey, String>,
        held: &BTreeSet<WorkloadKey>,
        needs: &mut Needs,
    ) -> Self {
        let reference = policy_ref(policy);
        let control = input.controls.get(policy.uid());
        let resumed_at = control.and_then(|control| control.resumed_at);
        let selected = drafts.values().filter(|draft| wins(draft, &reference));
        let records = drafts.values().map(|draft| &draft.record);
        let tally = Tally::of(&reference, selected.count(), resumed_at, records);
        let listed = Candidates::of(input, policy, &reference, drafts, digests, held);
        let hash = rollout::plan_hash(&reference, &listed.digests);
        let ceiling = Ceiling {
            services: drafts.len(),
            touched: listed.digests.len(),
        };
        let stopped = stopped(input, policy, &reference, &tally, resumed_at);
        let waves = Waves::of(
            &policy.spec.rollout,
            tally.selected.max(listed.candidates.len()),
        );
        let goes_on = stopped.is_none()
            && listed.remaining > 0
            && control.is_none_or(|control| !control.paused && control.abort.is_none());
        let analysis = if goes_on {
            let watched = watched(drafts, &reference, waves.open(tally.settled_at.len()).0);
            evaluate_gates(input, policy, &watched, needs)
        } else {
            AnalysisResult::Successful
        };
        let stopped = match &analysis {
            AnalysisResult::Failed(why) => Some(why.clone()),
            _ => stopped,
        };
        let plan = rollout::rollout_plan(input, policy, hash, ceiling);
        let mut candidates = listed.candidates;
        let canaries = policy.spec.rollout.canary.count as usize;
        rollout::sort(
            &mut candidates,
            canaries.saturating_sub(tally.settled_at.len()),
            &listed.seen,
        );
        Self {
            hold: Blocker::of(input, policy, &plan, ceiling, stopped.clone()),
            policy,
            reference,
            tally,
            waves,
            remaining: listed.remaining,
            plan,
            stopped,
            candidates,
            stage_in_flight: listed.stage_in_flight,
            analysis,
        }
    }

    /// The record of a gate that failed just now.
    fn new_stop(&self, input: &PlanInput<'_>) -> Option<RolloutRecord> {
        let AnalysisResult::Failed(message) = &self.analysis else {
            return None;
        };
        Some(RolloutRecord {
            target: input.target.name().to_owned(),
            policy: self.reference.clone(),
            stopped: Some(RolloutStop {
                message: message.clone(),
                at: input.now,
            }),
        })
    }

    fn answers(&self, input: &PlanInput<'_>) -> Vec<Result<u32, Wait>> {
        let strategy = &self.policy.spec.rollout;
        let gate = match &self.analysis {
            AnalysisResult::Inconclusive(why) => Some(Wait::Gate(why.clone())),
            AnalysisResult::Successful | AnalysisResult::Failed(_) => None,
        };
        rollout::admit(
            self.waves,
            &self.tally,
            &self.hold,
            &self.candidates,
            self.tally.bakes_until(strategy, input.now),
            self.stage_in_flight,
            gate.as_ref(),
        )
    }

    /// The workloads that get slots when the ones before them are done: as many as go at once.
    fn next<'r>(
        &'r self,
        answers: &'r [Result<u32, Wait>],
    ) -> impl Iterator<Item = &'r WorkloadKey> {
        let waits_for_others = |answer: &Result<u32, Wait>| {
            matches!(
                answer,
                Err(Wait::Concurrency | Wait::Canary(_) | Wait::Wave(_) | Wait::Gate(_))
            )
        };
        self.candidates
            .iter()
            .zip(answers)
            .filter(move |(_, answer)| waits_for_others(answer))
            .take(self.waves.limit())
            .map(|(candidate, _)| &candidate.key)
    }

    fn state(&self, input: &PlanInput<'_>) -> RolloutState {
        let control = input.controls.get(self.policy.uid());
        let (wave, waves) = wave_statuses(&self.tally, self.waves, self.remaining);
        let by_people = control.is_some_and(|control| control.paused);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        RolloutState {
            plan: self.plan.clone(),
            wave,
            waves,
            paused: if by_people {
                Some("a user paused it; resume it to continue".to_owned())
            } else {
                self.stopped.clone()
            },
            aborted: control.is_some_and(|control| control.abort.is_some()),
            remaining: count(self.remaining),
            deployment_seconds: self.tally.deployment_seconds(),
            bakes_until: self.tally.bakes_until(&self.policy.spec.rollout, input.now),
            limit: count(self.waves.limit()),
        }
    }
}

/// The workloads that the rollout has reached in the open wave and the one before: those under way first, then the
/// newest.
fn watched<'w>(
    drafts: &'w BTreeMap<WorkloadKey, Draft<'_>>,
    policy: &PolicyRef,
    open: u32,
) -> Vec<Watched<'w>> {
    let mut reached: Vec<_> = drafts
        .iter()
        .filter_map(|(key, draft)| {
            let mark = marked(draft, policy).filter(|mark| mark.purpose == Purpose::Inject)?;
            let is_near = mark.wave.is_some_and(|wave| wave.saturating_add(1) >= open);
            let has_begun = draft.record.deployment.is_some() || mark.settled_at.is_some();
            (is_near && has_begun).then_some((mark.settled_at, (key, draft.service, &draft.record)))
        })
        .collect();
    reached.sort_by_key(|(settled_at, _)| (settled_at.is_some(), std::cmp::Reverse(*settled_at)));
    reached.into_iter().map(|(_, workload)| workload).collect()
}

/// Why the rollout stopped by itself, unless it was resumed since.
fn stopped(
    input: &PlanInput<'_>,
    policy: &LoggingPolicy,
    reference: &PolicyRef,
    tally: &Tally,
    resumed_at: Option<Timestamp>,
) -> Option<String> {
    tally.paused(&policy.spec.rollout).or_else(|| {
        let known = input.rollouts.get(policy.uid())?;
        let stop = known.stopped_since(reference, resumed_at)?;
        Some(stop.message.clone())
    })
}

/// Returns the result of the gates; successful as long as no workload was reached.
fn evaluate_gates(
    input: &PlanInput<'_>,
    policy: &LoggingPolicy,
    watched: &[Watched<'_>],
    needs: &mut Needs,
) -> AnalysisResult {
    if watched.is_empty() {
        return AnalysisResult::Successful;
    }
    crate::gate::evaluate(input, policy, watched, needs)
}

/// Forgets the mark of a rollout that is over: its policy is gone, or has another generation.
pub(crate) fn forget_old_mark(input: &PlanInput<'_>, draft: &mut Draft<'_>) {
    let old = draft.record.rollout.as_ref().is_some_and(|mark| {
        find_policy(input, &mark.policy)
            .is_none_or(|policy| policy.generation() != mark.policy.generation)
    });
    if old {
        draft.record.rollout = None;
    }
}
