//! Custom parsers, as in Fluent Bit's parser files.
//!
//! These are types; they are rendered in `render`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::serde_util::text_enum;

/// A parser that filters can name. Either `format` or `multiline` is given.
/// <https://docs.fluentbit.io/manual/data-pipeline/parsers/configuring-parser>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parser {
    /// Name of the parser, unique in the policy: `[A-Za-z0-9_.-]`, at most 63 characters.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$"))]
    pub name: String,
    /// What lines look like: json, regex, ltsv, logfmt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ParserFormat>,
    /// The regular expression of format regex, with named groups (Ruby syntax).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Field that holds the time of the record (`Time_Key`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_key: Option<String>,
    /// How that time is written, in `strptime` form (`Time_Format`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_format: Option<String>,
    /// Whether the time field stays in the record (`Time_Keep`). Absent: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_keep: Option<bool>,
    /// Offset of times without a zone, such as `+0200` (`Time_Offset`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[+-][0-9]{2}:?[0-9]{2}$"))]
    pub time_offset: Option<String>,
    /// Whether a line whose time does not fit is refused (`Time_Strict`). Absent: it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_strict: Option<bool>,
    /// Whether times without a zone are in the zone of the router (`Time_System_Timezone`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_system_timezone: Option<bool>,
    /// Types of fields, name to type: string, integer, float, bool, hex (`Types`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, String>,
    /// `Decode_Field` lines: decoder and field, such as `json log`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decode_field: Vec<String>,
    /// `Decode_Field_As` lines: decoder and field, such as `escaped_utf8 log`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decode_field_as: Vec<String>,
    /// Whether empty values are left out of the record (`Skip_Empty_Values`). Absent: they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_empty_values: Option<bool>,
    /// Whether logfmt keys without a value are refused (`Logfmt_No_Bare_Keys`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logfmt_no_bare_keys: Option<bool>,
    /// A multiline parser instead: lines joined into one record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiline: Option<MultilineParser>,
}

text_enum! {
    /// What lines look like.
    ParserFormat {
        /// One JSON object.
        Json = "json",
        /// What a regular expression finds.
        Regex = "regex",
        /// Labelled tab-separated values.
        Ltsv = "ltsv",
        /// `key=value` pairs.
        Logfmt = "logfmt",
    }
}

/// How lines are joined into one record, as a state machine.
/// <https://docs.fluentbit.io/manual/data-pipeline/parsers/multiline-parsing>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MultilineParser {
    /// The rules; the first starts a record and has state `start_state`.
    #[schemars(length(min = 1, max = 64))]
    pub rules: Vec<MultilineRule>,
    /// Milliseconds after which an unfinished record is sent on. Absent: Fluent Bit's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 600_000))]
    pub flush_timeout_ms: Option<u32>,
    /// Field that holds the line. Absent: the whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_content: Option<String>,
    /// A parser to run on each line before the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parser: Option<String>,
}

/// One rule of a multiline parser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MultilineRule {
    /// State in which the rule applies; the first rule's is `start_state`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,63}$"))]
    pub state: String,
    /// Regular expression that the line must match, without slashes around it.
    pub regex: String,
    /// State for the next line.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,63}$"))]
    pub next: String,
}
