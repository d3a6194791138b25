//! What is remembered of a workload's logs at their destination.
//!
//! Never a log line: only whether there was one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the last look at the destinations of a managed revision showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogsRecord {
    /// ARN of the managed revision; of another one nothing is known.
    pub revision: String,
    /// What was seen.
    pub seen: LogsSeen,
    /// The same in words, for people.
    pub message: String,
    /// When it was looked.
    pub checked_at: Timestamp,
    /// When logs of this revision were first seen at every destination that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_at: Option<Timestamp>,
}

/// What can be said of logs at their destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogsSeen {
    /// They arrive.
    Flowing,
    /// Nothing has arrived, and it is too soon to say more.
    Waiting,
    /// Nothing has arrived for so long that something is wrong.
    Silent,
    /// AWS did not let the operator look.
    Unreadable,
    /// No destination is one that AWS can show.
    Unreachable,
}
