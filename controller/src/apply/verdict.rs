//! What an AWS error means for a workload, in the words of its conditions.

use firelens_core::status::{Problem, WorkloadReason};

use super::Turn;
use crate::aws::{AwsError, AwsErrorKind};

/// Whether AWS has said for good that it will not do this. A refused right is not for good: somebody
/// can grant it without touching the policy or the service.
pub(super) const fn is_final(error: &AwsError) -> bool {
    matches!(error.kind, AwsErrorKind::Invalid)
}

/// The error in the words of conditions.
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

/// An error after which the same step is tried again.
pub(super) fn retry(error: &AwsError) -> Turn {
    Turn::Retry(problem(error))
}
