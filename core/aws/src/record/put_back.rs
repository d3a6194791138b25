//! What becomes of a service that a failed deployment of ours left on a revision that does not work.
//!
//! A memory only; `plan` decides.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ManagedRevision;

/// The revision to go back to, and how far that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutBack {
    /// ARN of the revision that the service ran before.
    pub revision: String,
    /// What it is, when it is ours as well: its roles must allow for it until it is left for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedRevision>,
    /// ECS id of the deployment that failed (`ecs-svc/…`), when it was known. Another deployment of the same
    /// revision is somebody else's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
    /// When that deployment was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// How far it is.
    #[serde(default)]
    pub state: PutBackState,
    /// How often ECS refused it with words that may pass.
    #[serde(default)]
    pub tries: u32,
    /// Before that time it is not tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// How far putting a service back is. It is done once for a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PutBackState {
    /// Not begun.
    #[default]
    Due,
    /// ECS refused to stop the deployment; the service is updated instead.
    StopRefused,
    /// The deployment back was started.
    Began,
    /// The service runs the revision before again.
    Done,
    /// It was not put back, or not to its end; with why, for people.
    Over(String),
}

impl PutBack {
    /// Whether it may still be started.
    #[must_use]
    pub const fn is_due(&self) -> bool {
        matches!(self.state, PutBackState::Due | PutBackState::StopRefused)
    }

    /// Whether the service may still get to its revision.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_due() || matches!(self.state, PutBackState::Began)
    }
}
