//! Events: one when the reported state of a workload changes, none while it stays.

use super::conditions::{find, same_reason};
use super::reasons::{CONTESTED, HEALTHY, INJECTED, LOGS_FLOWING, WorkloadReason};
use firelens_inject::drift::Drift;
use firelens_types::v1alpha1::{Condition, ConditionStatus, DriftClass, WorkloadStatus};

/// The type of an event, as in Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// As expected.
    Normal,
    /// Somebody may have to act.
    Warning,
}

impl EventType {
    /// The word in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// An event to record about a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDraft {
    /// Its type.
    pub type_: EventType,
    /// The reason, one word.
    pub reason: String,
    /// The message for people.
    pub message: String,
}

/// Reasons that come and go with the queue; they are in the conditions and create no event.
const QUIET: &[WorkloadReason] = &[
    WorkloadReason::WaitingForSlot,
    WorkloadReason::WaitingForSettle,
    WorkloadReason::WaitingForCanary,
    WorkloadReason::WaitingForRead,
    WorkloadReason::NotManaged,
    WorkloadReason::WaitingForLogs,
    WorkloadReason::NotReadable,
    WorkloadReason::NoPolicySelects,
];

/// Returns the events for the difference between two statuses of one workload.
#[must_use]
pub fn events(
    old: Option<&WorkloadStatus>,
    new: &WorkloadStatus,
    drift: Option<&Drift>,
) -> Vec<EventDraft> {
    let before = old.map_or(&[][..], |old| &old.conditions);
    let is_new = old.is_none_or(|old| old.drift != new.drift);
    let drifted = drift
        .filter(|drift| {
            is_new
                && drift
                    .paths
                    .iter()
                    .any(|path| path.class != DriftClass::Server)
        })
        .map(drifted);
    [INJECTED, HEALTHY, LOGS_FLOWING, CONTESTED]
        .into_iter()
        .filter(|type_| !same_reason(before, &new.conditions, type_))
        .filter_map(|type_| find(&new.conditions, type_))
        .filter(|condition| !QUIET.iter().any(|quiet| quiet.as_str() == condition.reason))
        .map(draft)
        .fold(Vec::new(), |mut events, event| {
            if !events
                .iter()
                .any(|seen: &EventDraft| seen.reason == event.reason)
            {
                events.push(event);
            }
            events
        })
        .into_iter()
        .chain(drifted)
        .collect()
}

/// The event about a role policy that somebody removed and on which the workload relies.
#[must_use]
pub fn rights_taken(text: &str) -> EventDraft {
    EventDraft {
        type_: EventType::Warning,
        reason: WorkloadReason::RightsTaken.to_string(),
        // Lines to be pasted are only in the condition.
        message: text.lines().next().unwrap_or_default().to_owned(),
    }
}

/// Describes who deployed what, with the first paths.
fn drifted(drift: &Drift) -> EventDraft {
    const PATHS_NAMED_MAX: usize = 5;
    let named: Vec<String> = drift
        .paths
        .iter()
        .filter(|path| path.class != DriftClass::Server)
        .take(PATHS_NAMED_MAX)
        .map(|path| format!("{} ({})", path.path, path.class))
        .collect();
    EventDraft {
        type_: EventType::Normal,
        reason: WorkloadReason::DriftDetected.to_string(),
        message: format!(
            "the service now uses {}, registered by {}, instead of {}: {} paths set by the operator and {} set by others differ: {}",
            drift.revision,
            drift.actor,
            drift.ours,
            drift.count(DriftClass::Ours),
            drift.count(DriftClass::Theirs),
            named.join(", ")
        ),
    }
}

fn draft(condition: &Condition) -> EventDraft {
    let calm = [
        WorkloadReason::Injecting,
        WorkloadReason::Ejecting,
        WorkloadReason::Ejected,
        WorkloadReason::DeploymentInProgress,
        WorkloadReason::AuditMode,
        WorkloadReason::Suspended,
        WorkloadReason::WaitingForIam,
        WorkloadReason::OptedOut,
        WorkloadReason::Retained,
        WorkloadReason::DeployManually,
    ];
    let normal = condition.status == ConditionStatus::True
        || calm
            .iter()
            .any(|reason| reason.as_str() == condition.reason);
    EventDraft {
        type_: if normal {
            EventType::Normal
        } else {
            EventType::Warning
        },
        reason: condition.reason.clone(),
        // Lines to be pasted are only in the condition.
        message: condition
            .message
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}
