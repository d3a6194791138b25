//! The record of failed attempts, so that the same is not tried again.
//!
//! This is only stored here; `plan` decides what follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PolicyRef, Purpose, PutBack};

/// A failed attempt. The same content is not tried on the same base again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedAttempt {
    /// What was attempted.
    pub purpose: Purpose,
    /// The revision that was deployed.
    pub task_definition: String,
    /// Content hash of what was attempted.
    pub hash: String,
    /// The policy for which it was attempted.
    pub policy: PolicyRef,
    /// Why.
    pub reason: FailureReason,
    /// Message of AWS, for users.
    pub message: String,
    /// When it was noticed.
    pub at: Timestamp,
    /// When it is retried automatically: a right was missing, which somebody can grant without a change of policy
    /// or service, or the error of AWS may be temporary. `None`: not until policy or service changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// How often it was tried, including this time.
    #[serde(default = "once")]
    pub tries: u32,
    /// How the service is put back, if the attempt left it on a revision that does not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_back: Option<PutBack>,
    /// At which stage it failed.
    #[serde(default)]
    pub end: AttemptEnd,
}

/// Why an attempt failed. The reasons are those of conditions, and stored in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureReason {
    /// ECS or a user rolled the deployment back.
    RolledBack,
    /// It did not end within `rollout.progressDeadlineSeconds`.
    ProgressDeadlineExceeded,
    /// A right was missing.
    AccessDenied,
    /// AWS refused the request.
    RequestRefused,
    /// ECS reports the deployment as failed. Also the fallback for a reason that another version of the operator
    /// stored and this one does not know.
    #[serde(other)]
    DeploymentFailed,
}

impl FailureReason {
    /// Returns the reason, as in conditions and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RolledBack => "RolledBack",
            Self::ProgressDeadlineExceeded => "ProgressDeadlineExceeded",
            Self::AccessDenied => "AccessDenied",
            Self::RequestRefused => "RequestRefused",
            Self::DeploymentFailed => "DeploymentFailed",
        }
    }
}

/// At which stage an attempt failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptEnd {
    /// A deployment was started: its revision does not work.
    #[default]
    Brought,
    /// AWS refused the request: the revision has never run.
    Refused,
    /// AWS refused the request with an error that may be temporary: it is retried soon, and is no failure until then.
    Doubted,
}

impl FailedAttempt {
    /// Whether it must not be tried at that time.
    #[must_use]
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.retry_at.is_none_or(|at| at > now)
    }

    /// Returns when it is retried automatically, if that time is in the future.
    #[must_use]
    pub fn tried_again_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.retry_at.filter(|at| *at > now)
    }
}

const fn once() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_stored_under_its_word() {
        for reason in [
            FailureReason::RolledBack,
            FailureReason::ProgressDeadlineExceeded,
            FailureReason::AccessDenied,
            FailureReason::RequestRefused,
            FailureReason::DeploymentFailed,
        ] {
            let stored = serde_json::to_value(reason).unwrap();
            assert_eq!(stored, reason.as_str());
            assert_eq!(
                serde_json::from_value::<FailureReason>(stored).unwrap(),
                reason
            );
        }
        let unknown = serde_json::from_str::<FailureReason>("\"OfALaterVersion\"").unwrap();
        assert_eq!(unknown, FailureReason::DeploymentFailed);
    }
}
