//! The record of a workload's logs at their destination: whether there were any, not their content.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The result of the last check of the destinations of a managed revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogsRecord {
    /// ARN of the managed revision; the record is about no other revision.
    pub revision: String,
    /// The result.
    pub seen: LogsSeen,
    /// The result as a message, for users.
    pub message: String,
    /// When it was checked.
    pub checked_at: Timestamp,
    /// When logs of this revision had first been seen at every destination that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_at: Option<Timestamp>,
}

/// The state of logs at their destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogsSeen {
    /// Logs arrive.
    Flowing,
    /// Nothing has arrived yet, and it is too soon to call that a problem.
    Waiting,
    /// Nothing has arrived for so long that something is wrong.
    Silent,
    /// AWS did not allow the operator to read the destination.
    Unreadable,
    /// There is no destination that AWS can show.
    Unreachable,
}
