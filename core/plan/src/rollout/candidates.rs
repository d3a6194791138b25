//! The changes of one policy, sorted: which belong to its plan, and which could start.
//!
//! Gives no slots.

use std::collections::{BTreeMap, BTreeSet};

use crate::input::PlanInput;
use crate::rollout;
use crate::rollout::{Candidate, Class, Traits};
use crate::workload::draft::Draft;
use firelens_aws::observe::Observed;
use firelens_aws::record::{PolicyRef, Purpose, RolloutMark, WorkloadKey};
use firelens_types::v1alpha1::LoggingPolicy;

/// The changes of one policy, sorted.
#[derive(Default)]
pub(crate) struct Candidates<'k> {
    /// The changes of the plan: those that are to be done and those that were begun.
    pub(crate) digests: BTreeMap<&'k WorkloadKey, String>,
    pub(crate) candidates: Vec<Candidate>,
    /// The number of changes of the plan that were not begun.
    pub(crate) remaining: usize,
    /// The traits that the canaries so far show.
    pub(crate) seen: Vec<Traits>,
    pub(crate) stage_in_flight: Option<usize>,
}

impl<'k> Candidates<'k> {
    pub(crate) fn of(
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
            // A slot alone begins nothing: what is approved may still change under it. Putting a failed workload
            // back is not part of a plan.
            let deploys = draft.record.deployment.is_some();
            let change = draft.desired.change.as_ref();
            let change = change.filter(|change| change.purpose != Purpose::Restore);
            let begun =
                mark.filter(|mark| mark.settled_at.is_some() || deploys || change.is_none());
            let change = change.filter(|change| change.policy.uid == reference.uid);
            if begun.is_none() && change.is_none() {
                continue; // another policy's
            }
            let stage = rollout::stage(order, draft.service);
            let injects = begun.is_some_and(|mark| mark.purpose == Purpose::Inject);
            let keeps_slot = held.contains(key) && holds_slot(draft, reference);
            if injects && draft.record.is_in_flight() || keeps_slot {
                let first = listed
                    .stage_in_flight
                    .map_or(stage, |known| known.min(stage));
                listed.stage_in_flight = Some(first);
            }
            if injects && begun.is_some_and(|mark| mark.wave == Some(0)) {
                listed.seen.push(traits(input, draft));
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
                    admitted: holds_slot(draft, reference),
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

/// The mark of a workload, if the rollout of this generation set it.
pub(crate) fn marked<'d>(draft: &'d Draft<'_>, policy: &PolicyRef) -> Option<&'d RolloutMark> {
    let mark = draft.record.rollout.as_ref()?;
    mark.policy.is_same_content(policy).then_some(mark)
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
        // A workload that a policy still wins and nevertheless loses is undone.
        Purpose::Eject if policy.is_deleting() || wins(draft, reference) => Class::TakeBack,
        Purpose::Eject | Purpose::Restore => Class::Deselect,
    }
}

pub(crate) fn wins(draft: &Draft<'_>, policy: &PolicyRef) -> bool {
    let winner = draft.selection.winner.as_ref();
    winner.is_some_and(|won| won.uid == policy.uid)
}

fn holds_slot(draft: &Draft<'_>, policy: &PolicyRef) -> bool {
    let held = draft.record.admitted.as_ref();
    held.is_some_and(|held| held.uid == policy.uid)
}

fn traits(input: &PlanInput<'_>, draft: &Draft<'_>) -> Traits {
    let seen = &input.observation.task_definitions;
    let document = seen.get(&draft.service.task_definition);
    Traits::of(draft.service, document.and_then(Observed::present))
}
