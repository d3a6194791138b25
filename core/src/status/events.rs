//! Events: one when what is said of a workload changes, none when it stays.

use super::conditions::{find, same_reason};
use super::reasons::{HEALTHY, INJECTED, LOGS_FLOWING, WorkloadReason};
use crate::v1alpha1::{Condition, ConditionStatus, WorkloadStatus};

/// Kind of an event, as Kubernetes has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// The way it should go.
    Normal,
    /// Somebody may have to look.
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
    /// Kind.
    pub type_: EventType,
    /// Reason word.
    pub reason: String,
    /// For people.
    pub message: String,
}

/// Reasons that come and go with the queue; they are in the conditions and make no event.
const QUIET: &[WorkloadReason] = &[
    WorkloadReason::WaitingForPlace,
    WorkloadReason::WaitingForCanary,
    WorkloadReason::WaitingForRead,
    WorkloadReason::NotManaged,
    WorkloadReason::WaitingForLogs,
    WorkloadReason::NotReadable,
    WorkloadReason::NoPolicySelects,
];

/// What is worth an event between two statuses of one workload.
#[must_use]
pub fn events(old: Option<&WorkloadStatus>, new: &WorkloadStatus) -> Vec<EventDraft> {
    let before = old.map_or(&[][..], |old| &old.conditions);
    [INJECTED, HEALTHY, LOGS_FLOWING]
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
        message: condition.message.clone(),
    }
}
