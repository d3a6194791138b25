//! The rules of filters and parsers that no type can hold.
//!
//! Fluent Bit's regular expressions are Onigmo's; they are not compiled here.

use std::collections::BTreeMap;

use super::destination::{check_option_name, check_option_value, one_of};
use super::path::{Errors, Path};
use super::secrets;
use crate::v1alpha1::{
    CustomFilter, Filter, FilterBlock, GrepFilter, LuaFilter, ModifyFilter, MultilineFilter,
    NestFilter, NestOperation, Parser, ParserFormat, RecordModifierFilter, RewriteTagFilter,
};

/// Types to which a parser can convert a field.
/// <https://docs.fluentbit.io/manual/data-pipeline/parsers/configuring-parser>
const FIELD_TYPES: [&str; 5] = ["string", "integer", "float", "bool", "hex"];

pub(crate) fn check(path: &Path, filter: &Filter, errors: &mut Errors) {
    let blocks = filter.blocks();
    if blocks.is_empty() {
        errors.required(path, &one_of(Filter::BLOCKS));
    }
    for (name, _) in blocks.iter().skip(1) {
        errors.forbidden(&path.field(name), &one_of(Filter::BLOCKS));
    }
    for (name, block) in blocks {
        check_block(&path.field(name), block, errors);
    }
}

fn check_block(path: &Path, block: FilterBlock<'_>, errors: &mut Errors) {
    match block {
        FilterBlock::Multiline(filter) => check_multiline(path, filter, errors),
        FilterBlock::Grep(filter) => check_grep(path, filter, errors),
        FilterBlock::RecordModifier(filter) => check_record_modifier(path, filter, errors),
        FilterBlock::Modify(filter) => check_modify(path, filter, errors),
        FilterBlock::Nest(filter) => check_nest(path, filter, errors),
        FilterBlock::Lua(filter) => check_lua(path, filter, errors),
        FilterBlock::RewriteTag(filter) => check_rewrite_tag(path, filter, errors),
        FilterBlock::Custom(filter) => check_custom(path, filter, errors),
        FilterBlock::Parser(_) | FilterBlock::Throttle(_) => {}
    }
}

fn check_multiline(path: &Path, filter: &MultilineFilter, errors: &mut Errors) {
    let partial = filter.mode.as_deref() == Some("partial_message");
    let at = path.field("multilineParser");
    match (partial, filter.multiline_parser.is_empty()) {
        (false, true) => errors.required(&at, "mode parser requires at least one parser"),
        (true, false) => errors.forbidden(&at, "mode partial_message does not accept parsers"),
        _ => {}
    }
}

fn check_grep(path: &Path, filter: &GrepFilter, errors: &mut Errors) {
    if filter.regex.is_empty() && filter.exclude.is_empty() {
        errors.required(path, "at least one of regex, exclude must be given");
    }
    let combined = matches!(filter.logical_op.as_deref(), Some("AND" | "OR"));
    if combined && !filter.regex.is_empty() && !filter.exclude.is_empty() {
        errors.forbidden(
            &path.field("exclude"),
            "logicalOp AND and OR combine either regex or exclude, not both",
        );
    }
    for (name, rules) in [("regex", &filter.regex), ("exclude", &filter.exclude)] {
        let form = "must be a field and a regular expression, such as \"log ERROR\"";
        check_words(&path.field(name), rules, 2, form, errors);
    }
}

fn check_words(path: &Path, rules: &[String], least: usize, form: &str, errors: &mut Errors) {
    for (index, rule) in rules.iter().enumerate() {
        if rule.split_whitespace().count() < least {
            errors.invalid(&path.index(index), rule.as_str(), form);
        }
    }
}

fn check_record_modifier(path: &Path, filter: &RecordModifierFilter, errors: &mut Errors) {
    if *filter == RecordModifierFilter::default() {
        errors.required(
            path,
            "at least one of record, removeKey, allowlistKey, uuidKey must be given",
        );
    }
    if !filter.remove_key.is_empty() && !filter.allowlist_key.is_empty() {
        errors.forbidden(
            &path.field("allowlistKey"),
            "only one of removeKey, allowlistKey may be given",
        );
    }
}

fn check_modify(path: &Path, filter: &ModifyFilter, errors: &mut Errors) {
    let without_conditions = ModifyFilter {
        condition: Vec::new(),
        ..filter.clone()
    };
    if without_conditions == ModifyFilter::default() {
        errors.required(
            path,
            "at least one operation must be given, such as set, add, remove or rename",
        );
    }
    let renames = [
        ("rename", &filter.rename),
        ("hardRename", &filter.hard_rename),
        ("copy", &filter.copy),
        ("hardCopy", &filter.hard_copy),
    ];
    for (name, map) in renames {
        for (from, to) in map {
            if to.contains(char::is_whitespace) {
                let at = path.field(name).key(from);
                errors.invalid(&at, to.as_str(), "must be a name without spaces");
            }
        }
    }
    let form = "must be a condition and its arguments, such as \"Key_exists log\"";
    check_words(&path.field("condition"), &filter.condition, 2, form, errors);
}

fn check_nest(path: &Path, filter: &NestFilter, errors: &mut Errors) {
    let nest = filter.operation == NestOperation::Nest;
    let needed: &[(&str, bool)] = if nest {
        &[
            ("wildcard", filter.wildcard.is_empty()),
            ("nestUnder", filter.nest_under.is_none()),
        ]
    } else {
        &[("nestedUnder", filter.nested_under.is_none())]
    };
    for (name, missing) in needed {
        if *missing {
            let detail = format!("required by operation {}", filter.operation);
            errors.required(&path.field(name), &detail);
        }
    }
    let (other, given) = if nest {
        ("nestedUnder", filter.nested_under.is_some())
    } else {
        ("nestUnder", filter.nest_under.is_some())
    };
    if given {
        let detail = format!("not allowed with operation {}", filter.operation);
        errors.forbidden(&path.field(other), &detail);
    }
}

fn check_lua(path: &Path, filter: &LuaFilter, errors: &mut Errors) {
    match (&filter.script, &filter.code) {
        (None, None) => errors.required(path, &one_of(&["script", "code"])),
        (Some(_), Some(_)) => errors.forbidden(&path.field("code"), &one_of(&["script", "code"])),
        _ => {}
    }
}

fn check_rewrite_tag(path: &Path, filter: &RewriteTagFilter, errors: &mut Errors) {
    let form = "must be a field, a regular expression, a new tag and true or false, \
                such as \"$log ^audit audit.$TAG false\"";
    check_words(&path.field("rule"), &filter.rule, 4, form, errors);
    for (index, rule) in filter.rule.iter().enumerate() {
        let keep = rule.split_whitespace().next_back().unwrap_or_default();
        if rule.split_whitespace().count() >= 4 && !matches!(keep, "true" | "false") {
            errors.invalid(&path.field("rule").index(index), rule.as_str(), form);
        }
    }
}

fn check_custom(path: &Path, filter: &CustomFilter, errors: &mut Errors) {
    let path = path.field("options");
    let mut seen = BTreeMap::new();
    for (name, value) in &filter.options {
        let at = path.key(name);
        if !check_option_name(&at, name, errors) {
            continue;
        }
        if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
            errors.duplicate(&at, name.as_str(), &format!("the same option as {other:?}"));
        }
        if secrets::is_secret_option(name) && !secrets::is_variable(value) {
            errors.forbidden(
                &at,
                "contains a secret: put it into router.secrets, and write ${NAME} here",
            );
        }
        check_option_value(&at, name, value, errors);
    }
}

pub(crate) fn check_parser(path: &Path, parser: &Parser, errors: &mut Errors) {
    match (parser.format, &parser.multiline) {
        (None, None) => errors.required(path, &one_of(&["format", "multiline"])),
        (Some(_), Some(_)) => {
            errors.forbidden(&path.field("multiline"), &one_of(&["format", "multiline"]));
        }
        _ => {}
    }
    let is_regex = parser.format == Some(ParserFormat::Regex);
    let at = path.field("regex");
    match (is_regex, &parser.regex) {
        (true, None) => errors.required(&at, "required by format regex"),
        (false, Some(_)) => errors.forbidden(&at, "allowed only with format regex"),
        _ => {}
    }
    for (name, type_) in &parser.types {
        if !FIELD_TYPES.contains(&type_.as_str()) {
            let quoted: Vec<String> = FIELD_TYPES.iter().map(|t| format!("{t:?}")).collect();
            errors.not_supported(
                &path.field("types").key(name),
                type_.as_str(),
                &format!("supported values: {}", quoted.join(", ")),
            );
        }
    }
    let Some(multiline) = &parser.multiline else {
        return;
    };
    let rules = path.field("multiline").field("rules");
    if let Some(first) = multiline.rules.first()
        && first.state != "start_state"
    {
        let at = rules.index(0).field("state");
        errors.invalid(
            &at,
            first.state.as_str(),
            "must be start_state in the first rule",
        );
    }
    for (index, rule) in multiline.rules.iter().enumerate() {
        if !multiline.rules.iter().any(|other| other.state == rule.next) {
            let at = rules.index(index).field("next");
            errors.invalid(&at, rule.next.as_str(), "must be the state of a rule");
        }
    }
}
