//! Setting conditions the Kubernetes way: `lastTransitionTime` moves only when `status` does.

use jiff::Timestamp;

use firelens_types::v1alpha1::{Condition, ConditionStatus};

/// Makes a condition without its time; [`set`] adds it.
#[must_use]
pub fn condition(
    type_: &str,
    status: ConditionStatus,
    reason: impl Into<String>,
    message: impl Into<String>,
    observed_generation: i64,
) -> Condition {
    Condition {
        type_: type_.to_owned(),
        status,
        observed_generation,
        last_transition_time: Timestamp::UNIX_EPOCH,
        reason: reason.into(),
        message: message.into(),
    }
}

/// Keeps the times of `old` for conditions whose status is the same; the others changed `now`. Times have whole
/// seconds, as Kubernetes writes them.
#[must_use]
pub fn set(old: &[Condition], new: Vec<Condition>, now: Timestamp) -> Vec<Condition> {
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    new.into_iter()
        .map(|mut fresh| {
            let before = find(old, &fresh.type_);
            fresh.last_transition_time = match before {
                Some(before) if before.status == fresh.status => before.last_transition_time,
                _ => now,
            };
            fresh
        })
        .collect()
}

/// Returns the condition of a type.
#[must_use]
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Whether two lists have equal conditions of one type.
#[must_use]
pub fn same_reason(left: &[Condition], right: &[Condition], type_: &str) -> bool {
    let says =
        |list| find(list, type_).map(|condition| (condition.status, condition.reason.clone()));
    says(left) == says(right)
}
