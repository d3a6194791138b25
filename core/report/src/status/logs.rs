//! The condition `LogsFlowing` of a workload.
//!
//! Reports what was last seen; nothing is read here.

use super::conditions::condition;
use super::reasons::{LOGS_FLOWING, WorkloadReason};
use firelens_aws::record::{LogsSeen, WorkloadRecord};
use firelens_plan::log_delivery;
use firelens_types::v1alpha1::{Condition, ConditionStatus};

pub(super) fn logs_flowing(
    record: &WorkloadRecord,
    runs_nothing: bool,
    generation: i64,
) -> Condition {
    let (status, reason, message) = if record.managed.is_none() {
        (
            ConditionStatus::Unknown,
            WorkloadReason::NotManaged,
            "the service does not run a router of this operator",
        )
    } else if record.deployment.is_some() {
        (
            ConditionStatus::Unknown,
            WorkloadReason::DeploymentInProgress,
            "a deployment is in progress; ECS is replacing the tasks",
        )
    } else if runs_nothing {
        (
            ConditionStatus::Unknown,
            WorkloadReason::Unproven,
            "the service has no running tasks that could send logs",
        )
    } else if let Some(logs) = log_delivery::last_seen(record) {
        let (status, reason) = match logs.seen {
            LogsSeen::Flowing => (ConditionStatus::True, WorkloadReason::LogsArrive),
            LogsSeen::Silent => (ConditionStatus::False, WorkloadReason::NoLogsSeen),
            LogsSeen::Waiting => (ConditionStatus::Unknown, WorkloadReason::WaitingForLogs),
            LogsSeen::Unreadable => (ConditionStatus::Unknown, WorkloadReason::LogsNotReadable),
            LogsSeen::Unreachable => (ConditionStatus::Unknown, WorkloadReason::NotReadable),
        };
        (status, reason, logs.message.as_str())
    } else {
        (
            ConditionStatus::Unknown,
            WorkloadReason::WaitingForLogs,
            "logs have not been checked yet",
        )
    };
    condition(
        LOGS_FLOWING,
        status,
        reason.as_str(),
        message.to_owned(),
        generation,
    )
}
