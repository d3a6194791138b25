//! Filters: rules, words and what they do to records.
//!
//! Filters are not run, and a value that may be a secret is not repeated.

use super::options::{self, Place};
use super::policy::Subject;
use super::{Code, Findings, emitters, pattern, secret, variable};
use crate::catalogue::PluginKind;
use firelens_types::v1alpha1::{
    CustomFilter, FilterBlock, GrepFilter, LuaFilter, ModifyFilter, ParserFilter,
    RecordModifierFilter, ThrottleFilter,
};

/// Fields that the ECS agent and the log driver put into every record.
const ECS_FIELDS: [&str; 6] = [
    "ecs_cluster",
    "ecs_task_arn",
    "ecs_task_definition",
    "container_id",
    "container_name",
    "source",
];
/// The conditions of a modify filter, and the fewest words behind each.
/// <https://docs.fluentbit.io/manual/data-pipeline/filters/modify>
const CONDITIONS: [(&str, usize); 10] = [
    ("Key_exists", 1),
    ("Key_does_not_exist", 1),
    ("A_key_matches", 1),
    ("No_key_matches", 1),
    ("Key_value_equals", 2),
    ("Key_value_does_not_equal", 2),
    ("Key_value_matches", 2),
    ("Key_value_does_not_match", 2),
    ("Matching_keys_have_matching_values", 2),
    ("Matching_keys_do_not_have_matching_values", 2),
];

/// Checks the filters of a policy.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let filters = &subject.spec.filters;
    emitters::check_multiline_order(filters, findings);
    emitters::check_rewrite_order(filters, findings);
    for (index, filter) in filters.iter().enumerate() {
        for (name, block) in filter.blocks() {
            let at = format!("spec.filters[{index}].{name}");
            check_version(subject, &at, block, findings);
            check_block(subject, &at, block, findings);
        }
    }
}

fn check_block(subject: &Subject<'_>, at: &str, block: FilterBlock<'_>, findings: &mut Findings) {
    match block {
        FilterBlock::Multiline(filter) => emitters::check_multiline(subject, at, filter, findings),
        FilterBlock::Parser(filter) => check_parser(subject, at, filter, findings),
        FilterBlock::Grep(filter) => check_grep(subject, at, filter, findings),
        FilterBlock::RecordModifier(filter) => check_record_modifier(subject, at, filter, findings),
        FilterBlock::Modify(filter) => check_modify(subject, at, filter, findings),
        FilterBlock::Lua(filter) => check_lua(at, filter, findings),
        FilterBlock::Throttle(filter) => check_throttle(at, filter, findings),
        FilterBlock::RewriteTag(filter) => {
            emitters::check_rewrite_tag(subject, at, filter, findings);
        }
        FilterBlock::Custom(filter) => check_custom(subject, at, filter, findings),
        FilterBlock::Nest(_) => {}
    }
}

/// Typed fields that 1.9.10 does not have.
fn check_version(subject: &Subject<'_>, at: &str, block: FilterBlock<'_>, findings: &mut Findings) {
    let given: &[(&str, &str, bool)] = &match block {
        FilterBlock::Grep(filter) => [
            ("logical_op", "logicalOp", filter.logical_op.is_some()),
            NOTHING,
        ],
        FilterBlock::RecordModifier(filter) => {
            [("uuid_key", "uuidKey", filter.uuid_key.is_some()), NOTHING]
        }
        FilterBlock::Lua(filter) => [
            (
                "enable_flb_null",
                "enableFlbNull",
                filter.enable_flb_null.is_some(),
            ),
            NOTHING,
        ],
        FilterBlock::Modify(filter) => [
            (
                "move_to_start",
                "moveToStart",
                !filter.move_to_start.is_empty(),
            ),
            ("move_to_end", "moveToEnd", !filter.move_to_end.is_empty()),
        ],
        _ => return,
    };
    let place = Place {
        kind: PluginKind::Filter,
        plugin: block.plugin(),
        version: subject.version,
    };
    let Some(plugin) = crate::catalogue::plugin(PluginKind::Filter, block.plugin()) else {
        return;
    };
    for (option, field, _) in given.iter().filter(|(.., given)| *given) {
        options::check_option(
            &place,
            plugin,
            option,
            None,
            &format!("{at}.{field}"),
            findings,
        );
    }
}

const NOTHING: (&str, &str, bool) = ("", "", false);

fn check_parser(subject: &Subject<'_>, at: &str, filter: &ParserFilter, findings: &mut Findings) {
    for (index, name) in filter.parser.iter().enumerate() {
        let field = format!("{at}.parser[{index}]");
        super::parsers::check_name(subject, name, &field, findings);
    }
    if filter.reserve_data != Some(true) && subject.spec.router.ecs_metadata {
        let message = "reserveData is off: records lose cluster, task and container";
        findings.add(Code::ParserDropsFields, at, message);
    }
}

fn check_grep(subject: &Subject<'_>, at: &str, filter: &GrepFilter, findings: &mut Findings) {
    for (name, rules) in [("regex", &filter.regex), ("exclude", &filter.exclude)] {
        for (index, rule) in rules.iter().enumerate() {
            let field = format!("{at}.{name}[{index}]");
            let expression = rule
                .split_once(char::is_whitespace)
                .map(|(_, rest)| rest.trim());
            if let Some(expression) = expression {
                pattern::check(expression, &field, findings);
                check_drop(expression, name == "exclude", &field, findings);
            }
            variable::check(rule, &field, subject.variables(), findings);
        }
    }
}

/// What a pattern leaves of the lines: everything or nothing.
pub(super) fn check_drop(pattern: &str, exclude: bool, field: &str, findings: &mut Findings) {
    let all = pattern::matches_all(pattern);
    let none = pattern::matches_empty_only(pattern);
    if (exclude && all) || (!exclude && none) {
        findings.add(
            Code::PatternDropsAll,
            field,
            format!("{pattern:?} removes every line"),
        );
    } else if !exclude && all {
        findings.add(
            Code::PatternWithoutEffect,
            field,
            format!("{pattern:?} matches every line"),
        );
    }
}

fn check_record_modifier(
    subject: &Subject<'_>,
    at: &str,
    filter: &RecordModifierFilter,
    findings: &mut Findings,
) {
    for (name, value) in &filter.record {
        let field = format!("{at}.record[{name}]");
        check_field_set(subject, name, &field, findings);
        variable::check(value, &field, subject.variables(), findings);
        secret::check_value(name, value, &field, findings);
    }
}

fn check_field_set(subject: &Subject<'_>, name: &str, field: &str, findings: &mut Findings) {
    let agent = name.starts_with("ecs_");
    if ECS_FIELDS.contains(&name) && (subject.spec.router.ecs_metadata || !agent) {
        let message = format!("{name} is set by ECS, and is overwritten here");
        findings.add(Code::EcsFieldOverwritten, field, message);
    }
}

fn check_modify(subject: &Subject<'_>, at: &str, filter: &ModifyFilter, findings: &mut Findings) {
    for (name, value) in &filter.set {
        let field = format!("{at}.set[{name}]");
        check_field_set(subject, name, &field, findings);
        variable::check(value, &field, subject.variables(), findings);
        secret::check_value(name, value, &field, findings);
    }
    for (name, value) in &filter.add {
        let field = format!("{at}.add[{name}]");
        variable::check(value, &field, subject.variables(), findings);
        secret::check_value(name, value, &field, findings);
    }
    for (index, expression) in filter.remove_regex.iter().enumerate() {
        pattern::check(expression, &format!("{at}.removeRegex[{index}]"), findings);
    }
    for (index, condition) in filter.condition.iter().enumerate() {
        check_condition(condition, &format!("{at}.condition[{index}]"), findings);
    }
}

fn check_condition(condition: &str, field: &str, findings: &mut Findings) {
    let mut words = condition.split_whitespace();
    let name = words.next().unwrap_or_default();
    let known = CONDITIONS
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(name));
    let Some((_, least)) = known else {
        let words: Vec<&str> = CONDITIONS.iter().map(|(word, _)| *word).collect();
        let message = format!(
            "{name:?} is not a valid condition; supported conditions: {}",
            words.join(", ")
        );
        findings.add(Code::ConditionUnknown, field, message);
        return;
    };
    let given = words.count();
    if given < *least {
        let message = format!("{name} requires {least} words, but has {given}");
        findings.add(Code::ConditionWords, field, message);
    }
}

fn check_lua(at: &str, filter: &LuaFilter, findings: &mut Findings) {
    if let Some(script) = filter.script.as_deref()
        && !script.starts_with(['/', '$'])
    {
        let message = format!("{script:?} is relative to the working directory of the router");
        findings.add(Code::PathNotAbsolute, format!("{at}.script"), message);
    }
    if let Some(code) = filter
        .code
        .as_deref()
        .filter(|code| !code.starts_with("${"))
    {
        let call = filter.call.trim();
        let defined = code.match_indices(call).any(|(at, _)| {
            let before = code.get(..at).unwrap_or_default().trim_end();
            let after = code.get(at + call.len()..).unwrap_or_default().trim_start();
            before.ends_with("function") || after.starts_with('=')
        });
        if call.is_empty() || !defined {
            let message = format!("the code does not define the function {call:?}");
            findings.add(Code::LuaFunctionMissing, format!("{at}.call"), message);
        }
    }
}

fn check_throttle(at: &str, filter: &ThrottleFilter, findings: &mut Findings) {
    if let Some(interval) = filter.interval.as_deref()
        && !options::is_time(interval)
    {
        let message = format!("interval must be a duration such as 1s, but is {interval:?}");
        findings.add(Code::OptionNotTime, format!("{at}.interval"), message);
    }
}

fn check_custom(subject: &Subject<'_>, at: &str, filter: &CustomFilter, findings: &mut Findings) {
    let place = Place {
        kind: PluginKind::Filter,
        plugin: &filter.plugin,
        version: subject.version,
    };
    let plugin = options::check_plugin(&place, &format!("{at}.plugin"), findings);
    for (name, value) in &filter.options {
        let field = format!("{at}.options[{name}]");
        if let Some(plugin) = plugin {
            options::check_option(&place, plugin, name, Some(value), &field, findings);
        }
        variable::check(value, &field, subject.variables(), findings);
        secret::check_value(name, value, &field, findings);
    }
}
