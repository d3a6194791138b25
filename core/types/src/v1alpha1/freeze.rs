//! `Freeze`: a time in which nothing is started, for the whole fleet or a part of it.
//!
//! A freeze does not end a running deployment: what was started continues to its end.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When and where nothing is started, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FreezeSpec {
    /// Why, for the people who wait: it is shown on every workload that waits.
    pub reason: String,
    /// When it begins (RFC 3339). Absent: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub from: Option<Timestamp>,
    /// When it ends by itself (RFC 3339); delete the object to end it sooner.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
    /// Globs on the names of AwsTargets (`*` any run of characters, `?` one). Default: `["*"]`, all of
    /// them.
    #[serde(default = "everything")]
    pub targets: Vec<String>,
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

/// Nothing is written here: whether a freeze is in force is a matter of the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FreezeStatus {}
