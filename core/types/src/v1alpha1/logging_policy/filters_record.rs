//! The filters that reshape a record: record_modifier, modify, nest.
//!
//! A field is the camelCase of the plugin's option.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::serde_util::text_enum;

/// Adds and removes fields.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/record-modifier>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordModifierFilter {
    /// Fields to add, name to value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub record: BTreeMap<String, String>,
    /// Fields to remove. Excludes `allowlistKey`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_key: Vec<String>,
    /// Fields to keep; all others are removed. Excludes `removeKey`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowlist_key: Vec<String>,
    /// Field that gets a new UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid_key: Option<String>,
}

/// Sets, renames, copies and removes fields, all conditions given. The operations run in the order
/// of the fields below; use two filters for another order.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/modify>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ModifyFilter {
    /// Conditions that must all hold, such as `Key_exists log`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub condition: Vec<String>,
    /// Fields to set, name to value; an existing one is overwritten.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Fields to add, name to value; an existing one is kept.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub add: BTreeMap<String, String>,
    /// Fields to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Fields to remove, by prefix and `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_wildcard: Vec<String>,
    /// Fields to remove, by regular expression.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_regex: Vec<String>,
    /// Fields to rename, old to new, unless the new one exists.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
    /// Fields to rename, old to new, overwriting.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hard_rename: BTreeMap<String, String>,
    /// Fields to copy, from to, unless the second exists.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub copy: BTreeMap<String, String>,
    /// Fields to copy, from to, overwriting.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hard_copy: BTreeMap<String, String>,
    /// Fields to move to the start of the record, by name or `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub move_to_start: Vec<String>,
    /// Fields to move to the end of the record, by name or `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub move_to_end: Vec<String>,
}

/// Puts fields into a map, or takes them out.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/nest>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NestFilter {
    /// nest: put the fields that match `wildcard` under `nestUnder`. lift: take the fields of
    /// `nestedUnder` out.
    pub operation: NestOperation,
    /// Fields to nest, by name or `*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wildcard: Vec<String>,
    /// Map to put fields into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nest_under: Option<String>,
    /// Map to take fields out of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nested_under: Option<String>,
    /// Put before the names of affected fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_prefix: Option<String>,
    /// Taken from the names of affected fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_prefix: Option<String>,
}

text_enum! {
    /// What a nest filter does.
    NestOperation {
        /// Put fields into a map.
        Nest = "nest",
        /// Take fields out of a map.
        Lift = "lift",
    }
}
