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
    /// Reason word, as in conditions.
    pub reason: String,
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
