//! Conditions: the only form in which status says how things are.
//!
//! Never a phase: every condition stands alone, with a reason from a closed list.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One observation about an object.
///
/// <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What is observed, such as `Injected` or `Ready`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Whether it holds: True, False, or Unknown.
    pub status: ConditionStatus,
    /// The `metadata.generation` that this was observed for.
    #[serde(default)]
    pub observed_generation: i64,
    /// When `status` last changed (RFC 3339).
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub last_transition_time: Timestamp,
    /// Why, in one CamelCase word from the documented list.
    pub reason: String,
    /// Why and what to do, for people.
    #[serde(default)]
    pub message: String,
}

/// Whether a condition holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(inline)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It could not be found out.
    Unknown,
}

impl fmt::Display for ConditionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConditionStatus::True => "True",
            ConditionStatus::False => "False",
            ConditionStatus::Unknown => "Unknown",
        })
    }
}
