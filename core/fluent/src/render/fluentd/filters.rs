//! Filters of a policy as Fluentd elements: grep, parser, record_transformer, concat.
//!
//! A filter, or a field of one, that Fluentd has nothing for is refused by name, not left out.

use wildmatch::WildMatch;

use super::element::{Element, Value};
use super::parsers;
use crate::render::error::RenderError;
use crate::render::router::{Route, RouterFileInput};
use crate::text::fluentd::{check_fluentd_name, check_fluentd_value};
use firelens_types::v1alpha1::{
    CustomFilter, Filter, FilterBlock, GrepFilter, ModifyFilter, MultilineFilter, Parser,
    ParserFilter, RecordModifierFilter,
};

fn is_for(filter: &Filter, route: &Route) -> bool {
    let matches = |glob: &String| WildMatch::new(glob).matches(&route.container);
    filter.containers.is_empty() || filter.containers.iter().any(matches)
}

/// The first filter that joins lines.
pub(super) fn first_joining(input: &RouterFileInput<'_>) -> Option<usize> {
    input
        .filters
        .iter()
        .position(|filter| matches!(filter.block(), Some(FilterBlock::Multiline(_))))
}

/// The filters that join lines of a container: those for what Docker split first. What waits too
/// long goes to the label.
pub(super) fn joining(
    input: &RouterFileInput<'_>,
    route: &Route,
    pattern: &str,
    label: &str,
) -> Result<Vec<Element>, RenderError> {
    let mut made: Vec<(bool, Element)> = Vec::new();
    for (index, filter) in input.filters.iter().enumerate() {
        let Some(FilterBlock::Multiline(multiline)) = filter.block() else {
            continue;
        };
        if is_for(filter, route) {
            let element = concat(multiline, input.parsers, pattern, label)
                .map_err(|message| RenderError::Filter { index, message })?;
            let fragments = multiline.mode.as_deref() == Some("partial_message");
            made.push((!fragments, element));
        }
    }
    made.sort_by_key(|(later, _)| *later);
    Ok(made.into_iter().map(|(_, element)| element).collect())
}

/// The other filters of a container, in order.
pub(super) fn others(
    input: &RouterFileInput<'_>,
    route: &Route,
    pattern: &str,
) -> Result<Vec<Element>, RenderError> {
    let mut elements = Vec::new();
    for (index, filter) in input.filters.iter().enumerate() {
        if is_for(filter, route) {
            let made = elements_of(filter, input.parsers, pattern)
                .map_err(|message| RenderError::Filter { index, message })?;
            elements.extend(made);
        }
    }
    Ok(elements)
}

fn elements_of(filter: &Filter, parsers: &[Parser], pattern: &str) -> Result<Vec<Element>, String> {
    let block = filter.block().ok_or("has no block")?;
    if let Some(message) = block.unsupported_in_fluentd() {
        return Err(message.to_owned());
    }
    match block {
        FilterBlock::Multiline(_) => Ok(Vec::new()),
        FilterBlock::Grep(filter) => greps(filter, pattern),
        FilterBlock::Parser(filter) => Ok(vec![parser(filter, parsers, pattern)?]),
        FilterBlock::RecordModifier(filter) => Ok(vec![record_modifier(filter, pattern)?]),
        FilterBlock::Modify(filter) => Ok(vec![modify(filter, pattern)?]),
        FilterBlock::Custom(filter) => Ok(vec![custom(filter, pattern)?]),
        FilterBlock::Nest(_)
        | FilterBlock::Lua(_)
        | FilterBlock::Throttle(_)
        | FilterBlock::RewriteTag(_) => Err("is not supported".to_owned()),
    }
}

fn filter_of(pattern: &str, kind: &str) -> Element {
    Element::new("filter", pattern).with("@type", kind)
}

/// One condition. Each has a filter of its own, since Fluentd takes a field once in a filter.
pub(super) fn grep(pattern: &str, section: &str, field: &str, regex: &str) -> Element {
    filter_of(pattern, "grep").with_child(
        Element::new(section, "")
            .with("key", field)
            .with("pattern", format!("/{regex}/")),
    )
}

/// Keeping needs all conditions and dropping any, unless `logicalOp` says otherwise.
/// <https://docs.fluentd.org/filter/grep>
fn greps(filter: &GrepFilter, pattern: &str) -> Result<Vec<Element>, String> {
    let mut keep = conditions(&filter.regex, "regex")?;
    let drop = conditions(&filter.exclude, "exclude")?;
    match filter.logical_op.as_deref() {
        Some("OR") if keep.len() > 1 => keep = vec![any_of(&keep)?],
        Some("AND") if drop.len() > 1 => {
            return Err(
                "Fluentd drops a record when any of exclude matches; logicalOp AND cannot be said"
                    .to_owned(),
            );
        }
        _ => {}
    }
    let keep = keep
        .iter()
        .map(|(key, rule)| grep(pattern, "regexp", key, rule));
    let drop = drop
        .iter()
        .map(|(key, rule)| grep(pattern, "exclude", key, rule));
    Ok(keep.chain(drop).collect())
}

fn conditions(rules: &[String], field: &str) -> Result<Vec<(String, String)>, String> {
    let mut made = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let at = format!("{field}[{index}]");
        let (key, regex) = rule
            .split_once(' ')
            .ok_or_else(|| format!("{at}: needs a field and a regular expression"))?;
        plain_field(&at, key)?;
        let regex = regex.trim_start();
        check_fluentd_value(regex).map_err(|problem| format!("{at}: {problem}"))?;
        made.push((key.to_owned(), regex.to_owned()));
    }
    Ok(made)
}

/// Paths into maps have another form in Fluentd.
fn plain_field(at: &str, key: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    if key.is_empty() || !key.bytes().all(plain) {
        return Err(format!(
            "{at}: for Fluentd a field is a plain name of letters, digits, `_`, `-` and `.`"
        ));
    }
    Ok(())
}

fn any_of(rules: &[(String, String)]) -> Result<(String, String), String> {
    let first = rules
        .first()
        .map(|(key, _)| key.clone())
        .unwrap_or_default();
    if rules.iter().any(|(key, _)| *key != first) {
        return Err("with logicalOp OR every regex must be for the same field".to_owned());
    }
    let alternatives: Vec<String> = rules
        .iter()
        .map(|(_, rule)| format!("(?:{rule})"))
        .collect();
    Ok((first, alternatives.join("|")))
}

/// A line that does not parse stays as it is, as with Fluent Bit. Fluentd can only keep it together
/// with the other fields.
/// <https://docs.fluentd.org/filter/parser>
fn parser(filter: &ParserFilter, parsers: &[Parser], pattern: &str) -> Result<Element, String> {
    let [name] = filter.parser.as_slice() else {
        return Err("Fluentd tries one parser; give one".to_owned());
    };
    if filter.reserve_data != Some(true) {
        return Err(
            "without reserveData Fluentd drops lines that do not parse; set reserveData to true"
                .to_owned(),
        );
    }
    plain_field("keyName", &filter.key_name)?;
    let (section, finds_time) = parsers::section(parsers, name)?;
    let mut element = filter_of(pattern, "parser")
        .with("key_name", &filter.key_name)
        .with("reserve_data", "true")
        .with("emit_invalid_record_to_error", "false");
    if filter.preserve_key != Some(true) {
        element = element.with("remove_key_name_field", "true");
    }
    if !finds_time {
        element = element.with("reserve_time", "true");
    }
    Ok(element.with_child(section))
}

/// <https://docs.fluentd.org/filter/record_transformer>
fn record_modifier(filter: &RecordModifierFilter, pattern: &str) -> Result<Element, String> {
    if filter.uuid_key.is_some() {
        return Err("Fluentd has nothing like uuidKey; leave it out".to_owned());
    }
    let mut element = filter_of(pattern, "record_transformer");
    if !filter.allowlist_key.is_empty() {
        let mut kept = filter.allowlist_key.clone();
        kept.extend(filter.record.keys().cloned());
        element = element
            .with("renew_record", "true")
            .with("keep_keys", list("allowlistKey", &kept)?);
    }
    if !filter.remove_key.is_empty() {
        element = element.with("remove_keys", list("removeKey", &filter.remove_key)?);
    }
    records(element, "record", filter.record.iter())
}

/// Of the operations, those that need no look at the record.
fn modify(filter: &ModifyFilter, pattern: &str) -> Result<Element, String> {
    for (field, given) in [
        ("condition", !filter.condition.is_empty()),
        ("add", !filter.add.is_empty()),
        ("removeWildcard", !filter.remove_wildcard.is_empty()),
        ("removeRegex", !filter.remove_regex.is_empty()),
        ("rename", !filter.rename.is_empty()),
        ("hardRename", !filter.hard_rename.is_empty()),
        ("copy", !filter.copy.is_empty()),
        ("hardCopy", !filter.hard_copy.is_empty()),
        ("moveToStart", !filter.move_to_start.is_empty()),
        ("moveToEnd", !filter.move_to_end.is_empty()),
    ] {
        if given {
            return Err(format!(
                "Fluentd has nothing like modify.{field} without Ruby code; of modify it can set and remove"
            ));
        }
    }
    let mut element = filter_of(pattern, "record_transformer");
    if !filter.remove.is_empty() {
        element = element.with("remove_keys", list("remove", &filter.remove)?);
    }
    records(element, "set", filter.set.iter())
}

fn list(field: &str, names: &[String]) -> Result<String, String> {
    for name in names {
        plain_field(field, name)?;
    }
    Ok(names.join(","))
}

/// `<record>`. A text with `${` would be a placeholder of Fluentd, not a variable of the environment.
fn records<'a>(
    element: Element,
    field: &str,
    entries: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<Element, String> {
    let mut record = Element::new("record", "");
    for (key, value) in entries {
        let at = format!("{field}[{key}]");
        plain_field(&at, key)?;
        check_fluentd_value(value).map_err(|problem| format!("{at}: {problem}"))?;
        if value.contains("${") {
            return Err(format!(
                "{at}: Fluentd takes `${{` for a placeholder of its own; use customConfig for one"
            ));
        }
        let is_json = serde_json::from_str::<serde_json::Value>(value);
        if value.starts_with(['[', '{']) && is_json.is_ok() {
            return Err(format!(
                "{at}: Fluentd would make a list or map of this text"
            ));
        }
        record.push(key, Value::text(value));
    }
    if record.params.is_empty() {
        return Ok(element);
    }
    Ok(element.with_child(record))
}

fn custom(filter: &CustomFilter, pattern: &str) -> Result<Element, String> {
    let mut element = filter_of(pattern, &filter.plugin);
    for (name, value) in &filter.options {
        let at = format!("custom.options[{name}]");
        check_fluentd_name(name).map_err(|problem| format!("{at}: {problem}"))?;
        check_fluentd_value(value).map_err(|problem| format!("{at}: {problem}"))?;
        if name == "enable_ruby" {
            return Err(format!("{at}: runs Ruby code inside the router"));
        }
        element.push_at(name, Value::text(value));
    }
    Ok(element)
}

/// <https://github.com/fluent-plugins-nursery/fluent-plugin-concat>
fn concat(
    filter: &MultilineFilter,
    parsers: &[Parser],
    pattern: &str,
    label: &str,
) -> Result<Element, String> {
    for (field, given) in [
        ("buffer", filter.buffer == Some(false)),
        ("emitterName", filter.emitter_name.is_some()),
        ("emitterStorageType", filter.emitter_storage_type.is_some()),
        ("emitterMemBufLimit", filter.emitter_mem_buf_limit.is_some()),
    ] {
        if given {
            return Err(format!("Fluentd has nothing like {field}; leave it out"));
        }
    }
    let key = filter.multiline_key_content.as_deref().unwrap_or("log");
    plain_field("multilineKeyContent", key)?;
    let mut element = filter_of(pattern, "concat").with("key", key);
    let mut flush_ms = filter.flush_ms;
    if filter.mode.as_deref() == Some("partial_message") {
        element = element
            .with("use_partial_metadata", "true")
            .with("separator", "");
    } else {
        let [name] = filter.multiline_parser.as_slice() else {
            return Err("Fluentd joins lines by one parser; give one".to_owned());
        };
        let parser = parsers.iter().find(|parser| parser.name == *name);
        let parser = parser.filter(|parser| parser.multiline.is_some());
        let parser = parser.ok_or_else(|| {
            format!(
                "{name} is built into Fluent Bit only; define a multiline parser in spec.parsers"
            )
        })?;
        let joining = parsers::joining(parser)?;
        element = element.with("multiline_start_regexp", format!("/{}/", joining.start));
        if let Some(goes_on) = joining.goes_on {
            element = element.with("continuous_line_regexp", format!("/{goes_on}/"));
        }
        flush_ms = flush_ms.or(joining.flush_ms);
    }
    // Whole seconds, as the plugin looks once a second; Fluent Bit's default is two.
    let seconds = flush_ms.unwrap_or(2_000).div_ceil(1_000);
    Ok(element
        .with("flush_interval", seconds.to_string())
        .with("timeout_label", label))
}
