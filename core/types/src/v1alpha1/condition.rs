//! Conditions: the only form in which a status reports state.
//!
//! There is no phase, as the Kubernetes API conventions advise: each condition is independent of the
//! others, with a reason from a closed list.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::serde_util::text_enum;

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

text_enum! {
    /// Whether a condition holds.
    ConditionStatus {
        /// It holds.
        True = "True",
        /// It does not hold.
        False = "False",
        /// It could not be found out.
        Unknown = "Unknown",
    }
}
