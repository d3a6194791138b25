//! Filters: one typed block per Fluent Bit filter, in the plugin's own words.
//!
//! A field is the camelCase of the plugin's option, dots and underscores being word boundaries.
//! Rendering and checking against a Fluent Bit version happen elsewhere.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ModifyFilter, NestFilter, RecordModifierFilter};

/// One filter: exactly one block, and the containers it is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Filter {
    /// Globs on container names whose records pass the filter. Empty: all routed containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
    /// Name of the filter in the metrics and the log of the router (`Alias`). Absent: a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9_.-]{1,63}$"))]
    pub alias: Option<String>,
    /// How much the filter itself logs (`Log_Level`). Absent: as the whole router.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["off", "error", "warn", "info", "debug", "trace"]))]
    pub log_level: Option<String>,
    /// Time within which the filter does not repeat a message (`Log_Suppress_Interval`), such as
    /// `10s`. Absent: it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9]{1,6}[smh]?$"))]
    pub log_suppress_interval: Option<String>,
    /// Joins lines into one record. Rendered before all other filters, wherever it stands in the list:
    /// joined records go through the pipeline from its head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiline: Option<MultilineFilter>,
    /// Parses a field of the record. Filters run in the order of the list, so those that look at
    /// parsed fields (modify, nest, grep on a field of the line) stand behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parser: Option<ParserFilter>,
    /// Keeps or drops records by regular expressions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grep: Option<GrepFilter>,
    /// Adds and removes fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_modifier: Option<RecordModifierFilter>,
    /// Sets, renames, copies and removes fields under conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modify: Option<ModifyFilter>,
    /// Puts fields into a map, or takes them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nest: Option<NestFilter>,
    /// Runs a Lua function on each record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lua: Option<LuaFilter>,
    /// Limits the rate of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<ThrottleFilter>,
    /// Sends records back into the pipeline under another tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite_tag: Option<RewriteTagFilter>,
    /// Any other filter plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomFilter>,
}

/// The block of a filter entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterBlock<'a> {
    /// `multiline`
    Multiline(&'a MultilineFilter),
    /// `parser`
    Parser(&'a ParserFilter),
    /// `grep`
    Grep(&'a GrepFilter),
    /// `recordModifier`
    RecordModifier(&'a RecordModifierFilter),
    /// `modify`
    Modify(&'a ModifyFilter),
    /// `nest`
    Nest(&'a NestFilter),
    /// `lua`
    Lua(&'a LuaFilter),
    /// `throttle`
    Throttle(&'a ThrottleFilter),
    /// `rewriteTag`
    RewriteTag(&'a RewriteTagFilter),
    /// `custom`
    Custom(&'a CustomFilter),
}

impl FilterBlock<'_> {
    /// Returns the name of the Fluent Bit plugin, such as `record_modifier`.
    #[must_use]
    pub fn plugin(&self) -> &str {
        match self {
            FilterBlock::Multiline(_) => "multiline",
            FilterBlock::Parser(_) => "parser",
            FilterBlock::Grep(_) => "grep",
            FilterBlock::RecordModifier(_) => "record_modifier",
            FilterBlock::Modify(_) => "modify",
            FilterBlock::Nest(_) => "nest",
            FilterBlock::Lua(_) => "lua",
            FilterBlock::Throttle(_) => "throttle",
            FilterBlock::RewriteTag(_) => "rewrite_tag",
            FilterBlock::Custom(custom) => &custom.plugin,
        }
    }

    /// Returns why Fluentd does not support the filter as a whole; `None` if it does.
    #[must_use]
    pub fn unsupported_in_fluentd(&self) -> Option<&'static str> {
        match self {
            FilterBlock::Nest(_) => {
                Some("Fluentd has no nest filter; use fluentbit, or customConfig")
            }
            FilterBlock::Lua(_) => Some("Fluentd runs no Lua; use fluentbit, or customConfig"),
            FilterBlock::Throttle(_) => {
                Some("Fluentd has no throttle filter; use fluentbit, or customConfig")
            }
            FilterBlock::RewriteTag(_) => Some(
                "Fluentd changes tags in a match; write `@type rewrite_tag_filter` in customConfig",
            ),
            _ => None,
        }
    }
}

impl Filter {
    /// The names of the fields that can hold a block, as in the API.
    pub const BLOCKS: &'static [&'static str] = &[
        "multiline",
        "parser",
        "grep",
        "recordModifier",
        "modify",
        "nest",
        "lua",
        "throttle",
        "rewriteTag",
        "custom",
    ];

    /// Returns every block that is given, with its field name; an admitted filter has exactly one.
    #[must_use]
    pub fn blocks(&self) -> Vec<(&'static str, FilterBlock<'_>)> {
        let blocks = [
            self.multiline.as_ref().map(FilterBlock::Multiline),
            self.parser.as_ref().map(FilterBlock::Parser),
            self.grep.as_ref().map(FilterBlock::Grep),
            self.record_modifier
                .as_ref()
                .map(FilterBlock::RecordModifier),
            self.modify.as_ref().map(FilterBlock::Modify),
            self.nest.as_ref().map(FilterBlock::Nest),
            self.lua.as_ref().map(FilterBlock::Lua),
            self.throttle.as_ref().map(FilterBlock::Throttle),
            self.rewrite_tag.as_ref().map(FilterBlock::RewriteTag),
            self.custom.as_ref().map(FilterBlock::Custom),
        ];
        Self::BLOCKS
            .iter()
            .zip(blocks)
            .filter_map(|(name, block)| Some((*name, block?)))
            .collect()
    }

    /// Returns the block of an admitted filter.
    #[must_use]
    pub fn block(&self) -> Option<FilterBlock<'_>> {
        self.blocks().into_iter().next().map(|(_, block)| block)
    }
}

/// Joins lines into one record.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/multiline-stacktrace>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MultilineFilter {
    /// Multiline parsers to try, in order: built in (docker, cri, go, python, java, ruby) or of
    /// this policy (`multiline.parser`). Not for mode partial_message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub multiline_parser: Vec<String>,
    /// Field to join (`multiline.key_content`). Absent: log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiline_key_content: Option<String>,
    /// parser (Fluent Bit's default), or partial_message: join what Docker split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["parser", "partial_message"]))]
    pub mode: Option<String>,
    /// Whether records are held back and joined across chunks. Absent: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer: Option<bool>,
    /// Milliseconds after which an unfinished record is sent on. Absent: 2000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 600_000))]
    pub flush_ms: Option<u32>,
    /// Whether joined records are written to the log of the router, for debugging. Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debug_flush: Option<bool>,
    /// Name of the emitter input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emitter_name: Option<String>,
    /// Where the emitter holds records: memory or filesystem (`emitter_storage.type`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["memory", "filesystem"]))]
    pub emitter_storage_type: Option<String>,
    /// Memory limit of the emitter, such as `10M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emitter_mem_buf_limit: Option<String>,
}

/// Parses a field of the record.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/parser>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParserFilter {
    /// Field to parse (`Key_Name`), usually log.
    pub key_name: String,
    /// Parsers to try, in order: of the image or of this policy (`Parser`).
    #[schemars(length(min = 1, max = 32))]
    pub parser: Vec<String>,
    /// Whether the parsed field stays (`Preserve_Key`). Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preserve_key: Option<bool>,
    /// Whether the other fields stay (`Reserve_Data`). Absent: false, so that ECS metadata is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve_data: Option<bool>,
}

/// Keeps or drops records by regular expressions.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/grep>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrepFilter {
    /// Records to keep: field and regular expression, such as `log ERROR|FATAL`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regex: Vec<String>,
    /// Records to drop: field and regular expression, such as `log GET /healthz`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// How several expressions are combined: legacy (Fluent Bit's default), AND, OR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["legacy", "AND", "OR"]))]
    pub logical_op: Option<String>,
}

/// Runs a Lua function on each record. Exactly one of `script` and `code` is given.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/lua>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LuaFilter {
    /// Path of a script inside the router image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The script itself, of any number of lines; or `${NAME}`, a variable of the router that holds
    /// it. It is written on one line without comments, so errors name no line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The function to call.
    pub call: String,
    /// Fields that stay integers after the call (`type_int_key`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub type_int_key: Vec<String>,
    /// Fields that stay arrays after the call (`type_array_key`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub type_array_key: Vec<String>,
    /// Whether an error in the script leaves the router running. Absent: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected_mode: Option<bool>,
    /// Whether time is given as a table of seconds and nanoseconds. Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_as_table: Option<bool>,
    /// Whether null is given as `flb_null`. Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_flb_null: Option<bool>,
}

/// Limits the rate of records; those above it are dropped.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/throttle>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThrottleFilter {
    /// Records per interval. Absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_000_000_000))]
    pub rate: Option<u32>,
    /// Intervals over which the rate is averaged. Absent: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1_000_000))]
    pub window: Option<u32>,
    /// Length of an interval, such as `1s`, `1m`. Absent: 1s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Whether the current rate is logged by the router. Absent: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub print_status: Option<bool>,
}

/// Sends records back into the pipeline under another tag.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/rewrite-tag>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RewriteTagFilter {
    /// Rules, in order: field, regular expression, new tag, and whether the original stays, such as
    /// `$log ^audit audit.$TAG false`.
    #[schemars(length(min = 1, max = 64))]
    pub rule: Vec<String>,
    /// Name of the emitter input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emitter_name: Option<String>,
    /// Where the emitter holds records: memory or filesystem (`emitter_storage.type`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["memory", "filesystem"]))]
    pub emitter_storage_type: Option<String>,
    /// Memory limit of the emitter, such as `10M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emitter_mem_buf_limit: Option<String>,
}

/// Any other filter plugin.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomFilter {
    /// Name of the plugin, such as `type_converter`.
    #[schemars(regex(pattern = r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$"))]
    pub plugin: String,
    /// Options of the plugin, by the names Fluent Bit documents.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}
