//! The record of putting back a service that a failed deployment of ours left on a revision that does not work.
//!
//! This is only stored here; `plan` decides what follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ManagedRevision;

/// The revision to which the service is put back, and how far that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutBack {
    /// ARN of the revision that the service ran before.
    pub revision: String,
    /// The revision itself, if it is a managed one: its roles must keep its
    /// rights until the service no longer needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedRevision>,
    /// ECS id of the deployment that failed (`ecs-svc/…`), if it was known. Another deployment of the same
    /// revision is not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
    /// When that deployment was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// The state of putting the service back.
    #[serde(default)]
    pub state: PutBackState,
    /// How often ECS refused it with an error that may be temporary.
    #[serde(default)]
    pub tries: u32,
    /// It is not retried before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// The state of putting a service back. It is done once for a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PutBackState {
    /// Not started.
    #[default]
    Due,
    /// ECS refused to stop the deployment; the service is updated instead.
    StopRefused,
    /// The deployment of the revision before was started.
    Began,
    /// The service runs the revision before again.
    Done,
    /// It was not put back, or not completely; with the reason, for users.
    Over(String),
}

impl PutBack {
    /// Whether it may still be started.
    #[must_use]
    pub const fn is_due(&self) -> bool {
        matches!(self.state, PutBackState::Due | PutBackState::StopRefused)
    }

    /// Whether the service may still be put back to the revision.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.is_due() || matches!(self.state, PutBackState::Began)
    }
}
