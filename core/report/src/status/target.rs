//! The status of a target.

use jiff::Timestamp;

use super::conditions::{condition, set};
use super::reasons::{OVERLAPS, READY, UNREACHABLE};
use firelens_aws::observe::Observation;
use firelens_plan::Holdings;
use firelens_plan::select::Overlap;
use firelens_types::v1alpha1::{AwsTarget, AwsTargetStatus, Condition, ConditionStatus};

/// The number of clusters that a condition names; more are only counted.
const CLUSTERS_NAMED: usize = 10;

/// What a pass read of a target, and the results.
#[derive(Clone, Copy, Debug)]
pub struct TargetView<'a> {
    /// What was read.
    pub observation: &'a Observation,
    /// Our resources there after the pass.
    pub holdings: &'a Holdings,
    /// The targets that were created before it and reach the same clusters.
    pub overlaps: &'a [Overlap],
}

/// Returns the status of a target after a pass.
#[must_use]
pub fn target_status(target: &AwsTarget, view: &TargetView<'_>, now: Timestamp) -> AwsTargetStatus {
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let old = target.status.clone().unwrap_or_default();
    let observation = view.observation;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    AwsTargetStatus {
        observed_generation: target.generation(),
        last_resync_time: if observation.unread_clusters.is_empty() {
            Some(now)
        } else {
            old.last_resync_time
        },
        clusters: count(observation.clusters.len()),
        services: count(observation.services.len()),
        owned_objects: view.holdings.objects,
        spare_objects: view.holdings.spare_objects,
        owned_role_policies: view.holdings.role_policies,
        conditions: set(&old.conditions, vec![ready(target, view)], now),
    }
}

fn ready(target: &AwsTarget, view: &TargetView<'_>) -> Condition {
    let unread: Vec<String> = view
        .observation
        .unread_clusters
        .iter()
        .map(|(cluster, why)| format!("{cluster}: {why}"))
        .collect();
    let (status, reason, message) = if !unread.is_empty() {
        (ConditionStatus::False, UNREACHABLE, unread.join("; "))
    } else if !view.overlaps.is_empty() {
        (ConditionStatus::False, OVERLAPS, overlapping(view))
    } else if target.spec.suspend {
        let message = "the target is suspended; no new changes are started".to_owned();
        (ConditionStatus::False, "Suspended", message)
    } else {
        let message = "all clusters were read".to_owned();
        (ConditionStatus::True, "Observed", message)
    };
    condition(READY, status, reason, message, target.generation())
}

/// Describes which targets have precedence, and which clusters are affected now.
fn overlapping(view: &TargetView<'_>) -> String {
    let overlaps: Vec<String> = view.overlaps.iter().map(ToString::to_string).collect();
    let left = &view.observation.clusters_of_others;
    let named: Vec<&str> = left
        .keys()
        .take(CLUSTERS_NAMED)
        .map(String::as_str)
        .collect();
    let clusters = match (named.is_empty(), left.len().saturating_sub(CLUSTERS_NAMED)) {
        (true, _) => "no cluster is affected now".to_owned(),
        (false, 0) => format!("managed by the older target: {}", named.join(", ")),
        (false, more) => format!(
            "managed by the older target: {} and {more} more",
            named.join(", ")
        ),
    };
    format!(
        "{}; {clusters}; narrow spec.clusters of one of the targets, or delete one",
        overlaps.join("; ")
    )
}
