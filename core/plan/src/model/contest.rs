//! Contested services: a router that others keep removing.

use firelens_inject::drift::{Actor, ways_out};
use jiff::Timestamp;

/// The window within which reverts count, in seconds: six hours, so that a tool that runs every hour, or every
/// second hour, is noticed, and one that runs every night is followed.
pub const REVERT_WINDOW_SECONDS: i64 = 21_600;

/// The contest over the router of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contest {
    /// How often the same content came back within the window.
    pub times: usize,
    /// ARN of the revision that was deployed again.
    pub revision: String,
    /// Who registered it, and with what tool.
    pub actor: Actor,
    /// Family of the task definition.
    pub family: String,
    /// Name of the service.
    pub service: String,
    /// When the service is tried again.
    pub until: Timestamp,
}

impl Contest {
    /// The message for people: what happens, who does it, and the commands that end it.
    #[must_use]
    pub fn message(&self) -> String {
        format!(
            "the router was removed {} times within {} h by a revision with the same content: {}, registered by {}; the operator does not change the service until {:.0}, until the policy changes, or until the rollout is retried for it. To resolve the conflict, {}",
            self.times,
            REVERT_WINDOW_SECONDS / 3_600,
            self.revision,
            self.actor,
            self.until,
            ways_out(self.actor.tool, &self.family, &self.service)
        )
    }
}
