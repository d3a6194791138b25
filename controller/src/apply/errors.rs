//! The meaning of an AWS error for a workload, as the reason and message of its conditions.

use firelens_report::status::{Problem, WorkloadReason};

use super::Turn;
use crate::aws::{AwsError, AwsErrorKind};

/// Whether AWS will never accept this. A denied permission is not final: somebody can grant it without touching
/// the policy or the service.
pub(super) const fn is_final(error: &AwsError) -> bool {
    matches!(error.kind, AwsErrorKind::Invalid)
}

/// Phrases with which ECS refuses an update for good: the revision and the service do not fit, whenever it is
/// tried. Lower case, and anywhere in the message.
const FINAL_WORDS: [&str; 9] = [
    "taskdefinition is inactive",
    "does not support launch_type",
    "network configuration",
    "does not exist in the task definition",
    "does not match",
    "not compatible",
    "incompatible",
    "is not supported",
    "cannot update",
];

/// Operations that set a service to a revision.
const BRINGS_A_REVISION: [&str; 2] = ["UpdateService", "UpdateExpressGatewayService"];

/// Whether an update that ECS refused may be accepted later: a revision that was registered just now may not be
/// known yet (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html> has only
/// `ClientException` and `InvalidParameterException` for that and for what is never accepted).
pub(super) fn may_pass(error: &AwsError) -> bool {
    let message = error.message.to_lowercase();
    BRINGS_A_REVISION.contains(&error.operation)
        && is_final(error)
        && !FINAL_WORDS.iter().any(|words| message.contains(words))
}

/// The reason and message of an error.
pub(super) fn problem(error: &AwsError) -> Problem {
    let reason = match error.kind {
        AwsErrorKind::Denied => WorkloadReason::AccessDenied,
        AwsErrorKind::Throttled | AwsErrorKind::Conflict => WorkloadReason::Throttled,
        AwsErrorKind::Invalid | AwsErrorKind::NotFound => WorkloadReason::RequestRefused,
        AwsErrorKind::Server
        | AwsErrorKind::Timeout
        | AwsErrorKind::Ambiguous
        | AwsErrorKind::Unreachable => WorkloadReason::AwsUnavailable,
    };
    Problem {
        reason,
        message: error.to_string(),
    }
}

/// An error after which the same step is retried.
pub(super) fn retry(error: &AwsError) -> Turn {
    Turn::Retry(problem(error))
}
