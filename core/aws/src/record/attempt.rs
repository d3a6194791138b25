//! Attempts that ended badly: what keeps the same from being tried again.
//!
//! A memory only; `plan` decides.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PolicyRef, Purpose, PutBack};

/// An attempt that ended badly. The same content is not tried on the same base again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedAttempt {
    /// What was attempted.
    pub purpose: Purpose,
    /// The revision that was brought.
    pub task_definition: String,
    /// Content hash of what was attempted.
    pub hash: String,
    /// The policy it was attempted for.
    pub policy: PolicyRef,
    /// Why.
    pub reason: FailureReason,
    /// Words of AWS, for people.
    pub message: String,
    /// When it was noticed.
    pub at: Timestamp,
    /// When it may be tried again by itself: what was missing is a right, which somebody can grant without
    /// touching policy or service, or what AWS said may pass. `None`: not until one of those changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// How often it was tried, this time included.
    #[serde(default = "once")]
    pub tries: u32,
    /// What becomes of the service, where the attempt left it on a revision that does not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_back: Option<PutBack>,
    /// How far it came.
    #[serde(default)]
    pub end: AttemptEnd,
}

/// Why an attempt ended badly. Its words are those of conditions, and stored with the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureReason {
    /// ECS or a person rolled the deployment back.
    RolledBack,
    /// It did not end within `rollout.progressDeadlineSeconds`.
    ProgressDeadlineExceeded,
    /// A right was missing.
    AccessDenied,
    /// AWS said that it will not do this.
    RequestRefused,
    /// ECS gave the deployment up. Also what another version of the operator remembered under a word that this one
    /// does not know.
    #[serde(other)]
    DeploymentFailed,
}

impl FailureReason {
    /// The word, as in conditions and metrics.
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

/// How far an attempt came that ended badly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptEnd {
    /// To a deployment: what was brought does not work.
    #[default]
    Brought,
    /// AWS refused the request: what was to be brought was never seen to run.
    Refused,
    /// The same, with words that may pass: it is tried again in a moment, and is no failure until then.
    Doubted,
}

impl FailedAttempt {
    /// Whether it may not be tried at that time.
    #[must_use]
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.retry_at.is_none_or(|at| at > now)
    }

    /// When it is tried again by itself, where that is still to come.
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
