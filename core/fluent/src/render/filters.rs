//! Filters of a policy as Fluent Bit sections, with the plugin's own option names.
//!
//! The caller gives the `Match` line, which decides where a filter applies. Keeping and dropping are
//! not mixed in one grep section, since Fluent Bit stops at the first rule that matches.

use std::collections::BTreeMap;

use super::error::RenderError;
use super::tree::{Entry, Section};
use crate::text::token::{is_variable, on_off, token};
use crate::text::{check_key, check_name, check_pattern, check_value};
use firelens_types::lua;
use firelens_types::v1alpha1::{
    CustomFilter, Filter, FilterBlock, GrepFilter, LuaFilter, ModifyFilter, MultilineFilter,
    NestFilter, ParserFilter, RecordModifierFilter, RewriteTagFilter, ThrottleFilter,
};

type Lines = Vec<(&'static str, String)>;

/// The sections of one filter, in order. `matched` is its `Match` or `Match_Regex` line; `index`
/// is its place in `spec.filters`, for messages.
pub(super) fn sections(
    index: usize,
    filter: &Filter,
    matched: &Entry,
) -> Result<Vec<Section>, RenderError> {
    let refused = |message: String| RenderError::Filter { index, message };
    let Some(block) = filter.block() else {
        return Err(refused("has no block".to_owned()));
    };
    let section = |lines: Lines| {
        let mut section = Section::new("FILTER").with("Name", block.plugin());
        section.entries.push(matched.clone());
        for (key, value) in shared_lines(filter).into_iter().chain(lines) {
            section.push(key, value);
        }
        section
    };
    let lines = match block {
        FilterBlock::Grep(grep) => {
            let sections = grep_lines(grep).map_err(refused)?;
            return Ok(sections.into_iter().map(section).collect());
        }
        FilterBlock::Custom(custom) => {
            let options = custom_options(custom).map_err(refused)?;
            let mut made = section(Vec::new());
            made.entries.extend(options);
            return Ok(vec![made]);
        }
        FilterBlock::Multiline(multiline) => multiline_lines(multiline),
        FilterBlock::Parser(parser) => parser_lines(parser),
        FilterBlock::RecordModifier(modifier) => {
            record_modifier_lines(modifier).map_err(refused)?
        }
        FilterBlock::Modify(modify) => modify_lines(modify).map_err(refused)?,
        FilterBlock::Nest(nest) => nest_lines(nest),
        FilterBlock::Lua(lua) => lua_lines(lua).map_err(refused)?,
        FilterBlock::Throttle(throttle) => throttle_lines(throttle),
        FilterBlock::RewriteTag(rewrite) => rewrite_tag_lines(rewrite).map_err(refused)?,
    };
    Ok(vec![section(lines)])
}

/// What every filter plugin takes.
/// <https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode/configuration-file>
fn shared_lines(filter: &Filter) -> Lines {
    let mut lines = Lines::new();
    push(&mut lines, "Alias", filter.alias.as_ref());
    push(&mut lines, "Log_Level", filter.log_level.as_ref());
    push(
        &mut lines,
        "Log_Suppress_Interval",
        filter.log_suppress_interval.as_ref(),
    );
    lines
}

fn push(lines: &mut Lines, key: &'static str, value: Option<impl ToString>) {
    if let Some(value) = value {
        lines.push((key, value.to_string()));
    }
}

fn push_bool(lines: &mut Lines, key: &'static str, value: Option<bool>) {
    push(lines, key, value.map(on_off));
}

fn push_all(lines: &mut Lines, key: &'static str, values: &[String]) {
    lines.extend(values.iter().map(|value| (key, value.clone())));
}

fn push_pairs(
    lines: &mut Lines,
    key: &'static str,
    pairs: &BTreeMap<String, String>,
) -> Result<(), String> {
    for (name, value) in pairs {
        let name = token(name).map_err(|problem| format!("{key}: {problem}"))?;
        let value = token(value).map_err(|problem| format!("{key} {name}: {problem}"))?;
        lines.push((key, format!("{name} {value}")));
    }
    Ok(())
}

/// <https://docs.fluentbit.io/manual/data-pipeline/filters/multiline-stacktrace>
fn multiline_lines(filter: &MultilineFilter) -> Lines {
    let mut lines = Lines::new();
    let key_content = filter.multiline_key_content.as_deref().unwrap_or("log");
    lines.push(("multiline.key_content", key_content.to_owned()));
    if !filter.multiline_parser.is_empty() {
        lines.push(("multiline.parser", filter.multiline_parser.join(",")));
    }
    push(&mut lines, "mode", filter.mode.as_ref());
    push_bool(&mut lines, "buffer", filter.buffer);
    push(&mut lines, "flush_ms", filter.flush_ms);
    push_bool(&mut lines, "debug_flush", filter.debug_flush);
    push(&mut lines, "emitter_name", filter.emitter_name.as_ref());
    push(
        &mut lines,
        "emitter_storage.type",
        filter.emitter_storage_type.as_ref(),
    );
    push(
        &mut lines,
        "emitter_mem_buf_limit",
        filter.emitter_mem_buf_limit.as_ref(),
    );
    lines
}

/// <https://docs.fluentbit.io/manual/data-pipeline/filters/parser>
fn parser_lines(filter: &ParserFilter) -> Lines {
    let mut lines = vec![("Key_Name", filter.key_name.clone())];
    push_all(&mut lines, "Parser", &filter.parser);
    push_bool(&mut lines, "Preserve_Key", filter.preserve_key);
    push_bool(&mut lines, "Reserve_Data", filter.reserve_data);
    lines
}

/// Keeping and dropping go into sections of their own, so that both hold.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/grep>
fn grep_lines(filter: &GrepFilter) -> Result<Vec<Lines>, String> {
    let mut sections = Vec::new();
    for (key, rules) in [("Regex", &filter.regex), ("Exclude", &filter.exclude)] {
        if rules.is_empty() {
            continue;
        }
        let mut lines = Lines::new();
        push(&mut lines, "Logical_Op", filter.logical_op.as_ref());
        for rule in rules {
            check_pattern(rule).map_err(|problem| format!("{key}: {problem}"))?;
            if !rule.contains(' ') {
                return Err(format!("{key}: write the field, a blank and the pattern"));
            }
            lines.push((key, rule.clone()));
        }
        sections.push(lines);
    }
    if sections.is_empty() {
        return Err("grep needs regex or exclude".to_owned());
    }
    Ok(sections)
}

/// <https://docs.fluentbit.io/manual/data-pipeline/filters/record-modifier>
fn record_modifier_lines(filter: &RecordModifierFilter) -> Result<Lines, String> {
    let mut lines = Lines::new();
    push_pairs(&mut lines, "Record", &filter.record)?;
    push_all(&mut lines, "Remove_key", &filter.remove_key);
    push_all(&mut lines, "Allowlist_key", &filter.allowlist_key);
    push(&mut lines, "Uuid_key", filter.uuid_key.as_ref());
    Ok(lines)
}

/// <https://docs.fluentbit.io/manual/data-pipeline/filters/modify>
fn modify_lines(filter: &ModifyFilter) -> Result<Lines, String> {
    let mut lines = Lines::new();
    push_all(&mut lines, "Condition", &filter.condition);
    push_pairs(&mut lines, "Set", &filter.set)?;
    push_pairs(&mut lines, "Add", &filter.add)?;
    push_all(&mut lines, "Remove", &filter.remove);
    push_all(&mut lines, "Remove_wildcard", &filter.remove_wildcard);
    push_all(&mut lines, "Remove_regex", &filter.remove_regex);
    push_pairs(&mut lines, "Rename", &filter.rename)?;
    push_pairs(&mut lines, "Hard_rename", &filter.hard_rename)?;
    push_pairs(&mut lines, "Copy", &filter.copy)?;
    push_pairs(&mut lines, "Hard_copy", &filter.hard_copy)?;
    push_all(&mut lines, "Move_To_Start", &filter.move_to_start);
    push_all(&mut lines, "Move_To_End", &filter.move_to_end);
    Ok(lines)
}

/// <https://docs.fluentbit.io/manual/data-pipeline/filters/nest>
fn nest_lines(filter: &NestFilter) -> Lines {
    let mut lines = vec![("Operation", filter.operation.to_string())];
    push_all(&mut lines, "Wildcard", &filter.wildcard);
    push(&mut lines, "Nest_under", filter.nest_under.as_ref());
    push(&mut lines, "Nested_under", filter.nested_under.as_ref());
    push(&mut lines, "Add_prefix", filter.add_prefix.as_ref());
    push(&mut lines, "Remove_prefix", filter.remove_prefix.as_ref());
    lines
}

/// The code on one line, since a value is one line; or a variable of the router that holds it whole.
fn lua_code(code: &str) -> Result<String, String> {
    let code = code.trim();
    if is_variable(code) {
        return Ok(code.to_owned());
    }
    lua::one_line(code).map_err(|problem| format!("code: {problem}"))
}

/// <https://docs.fluentbit.io/manual/data-pipeline/filters/lua>
fn lua_lines(filter: &LuaFilter) -> Result<Lines, String> {
    let mut lines = Lines::new();
    push(&mut lines, "script", filter.script.as_ref());
    if let Some(code) = &filter.code {
        lines.push(("code", lua_code(code)?));
    }
    lines.push(("call", filter.call.clone()));
    if !filter.type_int_key.is_empty() {
        lines.push(("type_int_key", filter.type_int_key.join(" ")));
    }
    if !filter.type_array_key.is_empty() {
        lines.push(("type_array_key", filter.type_array_key.join(" ")));
    }
    push_bool(&mut lines, "protected_mode", filter.protected_mode);
    push_bool(&mut lines, "time_as_table", filter.time_as_table);
    push_bool(&mut lines, "enable_flb_null", filter.enable_flb_null);
    Ok(lines)
}

/// <https://docs.fluentbit.io/manual/data-pipeline/filters/throttle>
fn throttle_lines(filter: &ThrottleFilter) -> Lines {
    let mut lines = Lines::new();
    push(&mut lines, "Rate", filter.rate);
    push(&mut lines, "Window", filter.window);
    push(&mut lines, "Interval", filter.interval.as_ref());
    push_bool(&mut lines, "Print_Status", filter.print_status);
    lines
}

/// <https://docs.fluentbit.io/manual/data-pipeline/filters/rewrite-tag>
fn rewrite_tag_lines(filter: &RewriteTagFilter) -> Result<Lines, String> {
    let mut lines = Lines::new();
    for rule in &filter.rule {
        check_pattern(rule).map_err(|problem| format!("rule: {problem}"))?;
        lines.push(("Rule", rule.clone()));
    }
    push(&mut lines, "Emitter_Name", filter.emitter_name.as_ref());
    push(
        &mut lines,
        "Emitter_Storage.type",
        filter.emitter_storage_type.as_ref(),
    );
    push(
        &mut lines,
        "Emitter_Mem_Buf_Limit",
        filter.emitter_mem_buf_limit.as_ref(),
    );
    Ok(lines)
}

/// Multiline and rewrite_tag re-emit records; only their typed blocks are ordered and checked for
/// loops, so they are not reached by this way.
fn custom_options(filter: &CustomFilter) -> Result<Vec<Entry>, String> {
    check_name(&filter.plugin).map_err(|problem| format!("plugin: {problem}"))?;
    let plugin = filter.plugin.to_ascii_lowercase();
    if plugin == "multiline" || plugin == "rewrite_tag" {
        return Err(format!("use the typed block for {plugin}"));
    }
    let mut seen: Vec<String> = vec!["name".into(), "match".into(), "match_regex".into()];
    let mut entries = Vec::new();
    for (key, value) in &filter.options {
        check_key(key).map_err(|problem| format!("options: {problem}"))?;
        check_value(value).map_err(|problem| format!("options[{key}]: {problem}"))?;
        let folded = key.to_ascii_lowercase();
        if seen.contains(&folded) {
            return Err(format!(
                "options[{key}] is set by the operator or given twice; Fluent Bit compares keys without case"
            ));
        }
        seen.push(folded);
        entries.push(Entry {
            key: key.clone(),
            value: value.clone(),
        });
    }
    Ok(entries)
}
