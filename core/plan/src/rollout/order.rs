//! The order in which workloads get their slots: stages by tags, then canaries as different from each other as
//! possible, then by name.
//!
//! Gives no slots.

use std::collections::BTreeSet;

use crate::rollout::Candidate;
use crate::select::{label_selector_matches, launch_type};
use firelens_aws::observe::ServiceView;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LabelSelector;

/// The number of containers from which on a task counts as one with many.
const MANY_CONTAINERS: usize = 4;

/// The traits of a workload: canaries are chosen to show as much variety of the fleet as possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traits(BTreeSet<String>);

impl Traits {
    /// Launch type, network mode, size class and number of containers.
    pub(crate) fn of(service: &ServiceView, document: Option<&TaskDefinitionDoc>) -> Self {
        let mut traits = BTreeSet::from([format!("launch {}", launch_type(service))]);
        if let Some(document) = document {
            let mode = document.network_mode().unwrap_or("bridge");
            traits.insert(format!("network {mode}"));
            let memory = document.get("memory").unwrap_or("none");
            traits.insert(format!("memory {memory}"));
            let containers = document.containers().count().min(MANY_CONTAINERS);
            traits.insert(format!("containers {containers}"));
        }
        Self(traits)
    }
}

/// The stage of a service: the index of the first entry of `order` that its tags match, else the one after the
/// last.
pub(crate) fn stage(order: &[LabelSelector], service: &ServiceView) -> usize {
    order
        .iter()
        .position(|selector| label_selector_matches(selector, &service.tags))
        .unwrap_or(order.len())
}

/// Sorts candidates into the order in which they get slots. Those that hold one come first; one that failed
/// before, or wants no task and so proves nothing, comes last in its stage. `canaries` of those without a slot are
/// chosen for variety beside what `seen` shows.
pub(crate) fn sort(candidates: &mut [Candidate], canaries: usize, seen: &[Traits]) {
    candidates.sort_by_key(|candidate| {
        let last = (candidate.failed_before, candidate.proves_nothing);
        (!candidate.admitted, candidate.stage, last)
    });
    let first = candidates.partition_point(|candidate| candidate.admitted);
    let Some(waiting) = candidates.get_mut(first..) else {
        return;
    };
    let mut shown: BTreeSet<String> = seen
        .iter()
        .flat_map(|traits| traits.0.iter().cloned())
        .collect();
    for place in 0..canaries.min(waiting.len()) {
        let Some(rest) = waiting.get_mut(place..) else {
            return;
        };
        let Some(best) = most_unlike(rest, &shown) else {
            return;
        };
        // The others keep their order.
        if let Some(up_to_best) = rest.get_mut(..=best) {
            up_to_best.rotate_right(1);
        }
        if let Some(chosen) = rest.first() {
            shown.extend(chosen.traits.0.iter().cloned());
        }
    }
}

/// Returns the index of the candidate that shows most of what was not shown yet, among those that may come first.
fn most_unlike(candidates: &[Candidate], shown: &BTreeSet<String>) -> Option<usize> {
    let first = candidates.first()?;
    let equals = candidates.iter().take_while(|candidate| {
        (
            candidate.stage,
            candidate.failed_before,
            candidate.proves_nothing,
        ) == (first.stage, first.failed_before, first.proves_nothing)
    });
    let mut best = (0, 0);
    for (place, candidate) in equals.enumerate() {
        let new = candidate.traits.0.difference(shown).count();
        if new > best.1 {
            best = (place, new);
        }
    }
    Some(best.0)
}
