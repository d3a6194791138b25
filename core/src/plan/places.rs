//! Who gets the free places: the workloads that need a change, policy by policy.
//!
//! It asks the rollout of each policy and lays out no step.

use std::collections::{BTreeMap, BTreeSet};

use super::capacity;
use super::draft::{Draft, find_policy};
use super::gate;
use super::model::{Decision, Plan, PlanInput, Wait};
use super::rollout::{
    self, Candidate, Ceiling, Class, Hold, Standing, Tally, Traits, Waves, wave_statuses,
};
use crate::observe::Observed;
use crate::record::{PolicyRef, Purpose, RolloutMark, WorkloadKey};
use crate::select::policy_ref;
use crate::v1alpha1::{LoggingPolicy, RolloutPlan};

/// Holds back, then gives places. Answers the keys that may take steps in this pass; writes how each
/// rollout stands into the plan.
pub(super) fn give(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) -> BTreeSet<WorkloadKey> {
    let digests = digests(drafts);
    let held = hold_back(input, plan, drafts);
    plan.forgotten_rollouts = input
        .rollouts
        .values()
        .filter(|known| find_policy(input, &known.policy).is_none())
        .map(|known| known.policy.uid.clone())
        .collect();
    let mut admitted = BTreeSet::new();
    for policy in input.policies {
        let round = Round::of(input, policy, drafts, &digests, &held);
        let answers = round.answers(input);
        plan.standings
            .insert(policy.name().to_owned(), round.standing(input));
        for (candidate, answer) in round.candidates.iter().zip(answers) {
            let Some(draft) = drafts.get_mut(&candidate.key) else {
                continue;
            };
            match answer {
                Err(wait) => {
                    draft.record.admitted = None;
                    draft.verdict.decision = Decision::Waiting(wait);
                }
                Ok(wave) => {
                    begin(draft, candidate, &round.reference, wave, input);
                    admitted.insert(candidate.key.clone());
                }
            }
        }
    }
    admitted
}

/// Takes a place, and remembers in which wave.
fn begin(
    draft: &mut Draft<'_>,
    candidate: &Candidate,
    policy: &PolicyRef,
    wave: u32,
    input: &PlanInput<'_>,
) {
    draft.record.admitted = Some(policy.clone());
    // A wave that was done stays done, and what an abort takes back was begun by this rollout.
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

/// The mark of a workload, if the rollout of this generation set it.
fn marked<'d>(draft: &'d Draft<'_>, policy: &PolicyRef) -> Option<&'d RolloutMark> {
    let mark = draft.record.rollout.as_ref()?;
    (mark.policy.uid == policy.uid && mark.policy.generation == policy.generation).then_some(mark)
}

/// Digests of all changes that are wanted, held back or not.
fn digests(drafts: &BTreeMap<WorkloadKey, Draft<'_>>) -> BTreeMap<WorkloadKey, String> {
    let changes = drafts.iter().filter_map(|(key, draft)| {
        let change = draft.verdict.change.as_ref()?;
        Some((key.clone(), rollout::digest(change)))
    });
    changes.collect()
}

/// Decides for those that cannot move for reasons of their own; they keep no place from the others.
fn hold_back(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) -> BTreeSet<WorkloadKey> {
    let mut all = BTreeSet::new();
    for (key, draft) in drafts.iter_mut() {
        let Some(change) = &draft.verdict.change else {
            continue;
        };
        let mut held = gate::held_back(input, draft, change);
        if held.is_none() {
            let (in_the_way, notes) = capacity::judge(input, draft, &mut plan.needs);
            draft.verdict.notes.extend(notes);
            held = in_the_way;
        }
        if let Some(held) = held {
            draft.record.admitted = None;
            draft.verdict.decision = held;
            all.insert(key.clone());
        }
    }
    all
}

/// One policy in one target, in one pass.
struct Round<'a> {
    policy: &'a LoggingPolicy,
    reference: PolicyRef,
    tally: Tally,
    waves: Waves,
    hold: Hold,
    /// Changes of the plan that were not begun.
    remaining: usize,
    plan: RolloutPlan,
    stopped: Option<String>,
    candidates: Vec<Candidate>,
    stage_in_flight: Option<usize>,
}

impl<'a> Round<'a> {
    fn of(
        input: &PlanInput<'a>,
        policy: &'a LoggingPolicy,
        drafts: &BTreeMap<WorkloadKey, Draft<'_>>,
        digests: &BTreeMap<WorkloadKey, String>,
        held: &BTreeSet<WorkloadKey>,
    ) -> Self {
        let reference = policy_ref(policy);
        let said = input.controls.get(policy.uid());
        let resumed_at = said.and_then(|said| said.resumed_at);
        let selected = drafts.values().filter(|draft| wins(draft, &reference));
        let records = drafts.values().map(|draft| &draft.record);
        let tally = Tally::of(&reference, selected.count(), resumed_at, records);
        let listed = Listed::of(input, policy, &reference, drafts, digests, held);
        let hash = rollout::plan_hash(&reference, &listed.digests);
        let ceiling = Ceiling {
            services: drafts.len(),
            touched: listed.digests.len(),
        };
        let stopped = tally.paused(&policy.spec.rollout).or_else(|| {
            let stop = input
                .rollouts
                .get(policy.uid())?
                .stopped_since(&reference, resumed_at)?;
            Some(stop.message.clone())
        });
        let plan = RolloutPlan {
            workloads: u32::try_from(listed.digests.len()).unwrap_or(u32::MAX),
            needs_approval: Hold::needs_approval(input, policy, ceiling),
            approved: rollout::is_approved(said, &hash),
            hash,
        };
        let mut candidates = listed.candidates;
        let waves = Waves::of(&policy.spec.rollout, tally.selected.max(candidates.len()));
        let canaries = policy.spec.rollout.canary.count as usize;
        rollout::sort(
            &mut candidates,
            canaries.saturating_sub(tally.settled_at.len()),
            &listed.seen,
        );
        Self {
            hold: Hold::of(input, policy, &plan.hash, ceiling, stopped.clone()),
            policy,
            reference,
            tally,
            waves,
            remaining: listed.remaining,
            plan,
            stopped,
            candidates,
            stage_in_flight: listed.stage_in_flight,
        }
    }

    fn answers(&self, input: &PlanInput<'_>) -> Vec<Result<u32, Wait>> {
        let strategy = &self.policy.spec.rollout;
        rollout::admit(
            self.waves,
            &self.tally,
            &self.hold,
            &self.candidates,
            self.tally.bakes_until(strategy, input.now),
            self.stage_in_flight,
            || None,
        )
    }

    fn standing(&self, input: &PlanInput<'_>) -> Standing {
        let said = input.controls.get(self.policy.uid());
        let (wave, waves) = wave_statuses(&self.tally, self.waves, self.remaining);
        let by_people = said.is_some_and(|said| said.paused);
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Standing {
            plan: self.plan.clone(),
            wave,
            waves,
            paused: if by_people {
                Some("somebody paused it; resume it to go on".to_owned())
            } else {
                self.stopped.clone()
            },
            aborted: said.is_some_and(|said| said.abort.is_some()),
            remaining: count(self.remaining),
            deployment_seconds: self.tally.deployment_seconds(),
            bakes_until: self.tally.bakes_until(&self.policy.spec.rollout, input.now),
            limit: count(self.waves.limit()),
        }
    }
}

/// The changes of one policy, sorted out.
#[derive(Default)]
struct Listed<'k> {
    /// What the plan consists of: what is to be done and what was begun.
    digests: BTreeMap<&'k WorkloadKey, String>,
    candidates: Vec<Candidate>,
    /// Changes of the plan that were not begun.
    remaining: usize,
    /// What the canaries so far show.
    seen: Vec<Traits>,
    stage_in_flight: Option<usize>,
}

impl<'k> Listed<'k> {
    fn of(
        input: &PlanInput<'_>,
        policy: &LoggingPolicy,
        reference: &PolicyRef,
        drafts: &'k BTreeMap<WorkloadKey, Draft<'_>>,
        digests: &BTreeMap<WorkloadKey, String>,
        held: &BTreeSet<WorkloadKey>,
    ) -> Self {
        let order = &policy.spec.rollout.order;
        let mut listed = Self::default();
        for (key, draft) in drafts {
            let mark = marked(draft, reference).filter(|mark| mark.wave.is_some());
            // A place alone begins nothing: what is approved may still change under it.
            let deploys = draft.record.deployment.is_some();
            let begun = mark.filter(|mark| {
                mark.settled_at.is_some() || deploys || draft.verdict.change.is_none()
            });
            let change = draft.verdict.change.as_ref();
            let change = change.filter(|change| change.policy.uid == reference.uid);
            let stage = rollout::stage(order, draft.service);
            if begun.is_some_and(|mark| mark.purpose == Purpose::Inject) {
                if draft.record.is_in_flight() {
                    let first = listed
                        .stage_in_flight
                        .map_or(stage, |known| known.min(stage));
                    listed.stage_in_flight = Some(first);
                }
                if begun.is_some_and(|mark| mark.wave == Some(0)) {
                    listed.seen.push(traits(input, draft));
                }
            }
            let class = change.map(|change| class(policy, draft, reference, change.purpose));
            let fresh = digests.get(key).filter(|_| change.is_some());
            match (begun, class, fresh) {
                (Some(mark), None | Some(Class::Follow), _) => {
                    listed.digests.insert(key, mark.digest.clone());
                }
                (Some(mark), Some(_), _) if deploys => {
                    listed.digests.insert(key, mark.digest.clone());
                }
                (_, Some(Class::Follow), _) | (_, _, None) | (_, None, _) => {}
                (_, Some(_), Some(digest)) => {
                    listed.digests.insert(key, digest.clone());
                    listed.remaining += 1;
                }
            }
            if let (Some(class), Some(digest)) = (class, fresh)
                && !held.contains(key)
            {
                listed.candidates.push(Candidate {
                    key: key.clone(),
                    class,
                    digest: digest.clone(),
                    admitted: holds_place(draft, reference),
                    failed_before: draft.record.failed.is_some(),
                    proves_nothing: draft.service.desired_count == 0,
                    stage,
                    traits: traits(input, draft),
                });
            }
        }
        listed
    }
}

fn class(
    policy: &LoggingPolicy,
    draft: &Draft<'_>,
    reference: &PolicyRef,
    purpose: Purpose,
) -> Class {
    let mark = marked(draft, reference);
    match purpose {
        Purpose::Inject => match mark {
            Some(mark) if mark.purpose == Purpose::Inject && mark.settled_at.is_some() => {
                Class::Follow
            }
            _ => Class::Roll,
        },
        // What a policy still wins and loses all the same is undone.
        Purpose::Eject if policy.is_deleting() || wins(draft, reference) => Class::TakeBack,
        Purpose::Eject => Class::Deselect,
    }
}

fn wins(draft: &Draft<'_>, policy: &PolicyRef) -> bool {
    let winner = draft.selection.winner.as_ref();
    winner.is_some_and(|won| won.uid == policy.uid)
}

fn holds_place(draft: &Draft<'_>, policy: &PolicyRef) -> bool {
    let held = draft.record.admitted.as_ref();
    held.is_some_and(|held| held.uid == policy.uid)
}

fn traits(input: &PlanInput<'_>, draft: &Draft<'_>) -> Traits {
    let seen = &input.observation.task_definitions;
    let document = seen.get(&draft.service.task_definition);
    Traits::of(draft.service, document.and_then(Observed::present))
}

/// Forgets what a mark says of a rollout that is over: its policy is gone, or has another generation.
pub(super) fn forget_old_mark(input: &PlanInput<'_>, draft: &mut Draft<'_>) {
    let old = draft.record.rollout.as_ref().is_some_and(|mark| {
        find_policy(input, &mark.policy)
            .is_none_or(|policy| policy.generation() != mark.policy.generation)
    });
    if old {
        draft.record.rollout = None;
    }
}
