//! Options against the catalogue: plugin, name, version, type; and what no option may be.
//!
//! The value of an option that may be a secret is not repeated.

use std::collections::BTreeMap;

use super::output::{Given, Output, boolean};
use super::{Code, Findings};
use crate::catalogue::{self, FluentBitVersion, Plugin, PluginKind, Strictness, ValueType};
use firelens_types::v1alpha1::validate::secrets;

/// Options of the log drivers `awslogs`, `splunk`, `gelf`, `fluentd` …, by their prefix.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>
const OTHER_DRIVERS: [&str; 7] = [
    "awslogs-",
    "splunk-",
    "fluentd-",
    "gelf-",
    "syslog-",
    "logentries-",
    "journald-",
];
/// Options that every log driver has, and no plugin but those with an option `mode`.
const ANY_DRIVER: [&str; 6] = [
    "mode",
    "max-buffer-size",
    "max-size",
    "max-file",
    "labels-regex",
    "env-regex",
];
/// Options that the operator or the ECS agent writes.
const RESERVED: [&str; 7] = [
    "name",
    "@type",
    "match",
    "include-pattern",
    "exclude-pattern",
    "log-driver-buffer-limit",
    "config-file-type",
];

/// A name with what it stands for in messages and paths.
pub(super) struct Place<'a> {
    pub(super) kind: PluginKind,
    pub(super) plugin: &'a str,
    pub(super) version: FluentBitVersion,
}

/// Checks plugin and options of an output.
pub(super) fn check_output(output: &Output, version: FluentBitVersion, findings: &mut Findings) {
    check_twice(output, findings);
    let at = Place {
        kind: PluginKind::Output,
        plugin: &output.plugin,
        version,
    };
    let known = check_plugin(&at, &output.plugin_field, findings);
    for given in &output.given {
        if output.is_ours && check_reserved(given, findings) {
            continue;
        }
        if check_other_driver(&at, given, known, findings) {
            continue;
        }
        if let Some(value) = &given.value {
            check_text(given, value, output.is_ours, findings);
        }
        if let Some(plugin) = known {
            check_option(
                &at,
                plugin,
                &given.name,
                given.value.as_deref(),
                &given.field,
                findings,
            );
        }
    }
}

/// The plugin, when it is known in a version that the image may hold.
pub(super) fn check_plugin(
    at: &Place<'_>,
    field: &str,
    findings: &mut Findings,
) -> Option<&'static Plugin> {
    let (name, version) = (at.plugin, at.version);
    if name.is_empty() || name.contains("${") {
        return None;
    }
    let Some(plugin) = catalogue::plugin(at.kind, name) else {
        let near = catalogue::nearest_plugin(at.kind, name, version.bits());
        let hint = near
            .map(|near| format!("; the nearest name is {near}"))
            .unwrap_or_default();
        if version.is_known() {
            let message = format!(
                "Fluent Bit {version} has no {} plugin {name:?}{hint}",
                word(at.kind)
            );
            findings.add(Code::UnknownPlugin, field, message);
        } else {
            let message = format!("no known Fluent Bit version has the plugin {name:?}{hint}");
            findings.add(Code::PrivatePlugin, field, message);
        }
        return None;
    };
    if plugin.bits & version.bits() == 0 {
        let message = format!("{name} is not in Fluent Bit {version}, which the image contains");
        findings.add(Code::PluginNotInVersion, field, message);
        return None;
    }
    if at.kind == PluginKind::Output
        && name.eq_ignore_ascii_case("opentelemetry")
        && version == FluentBitVersion::V1_9_10
    {
        let message = "the opentelemetry output of Fluent Bit 1.9.10 sends metrics only";
        findings.add(Code::OtlpLogsNotInVersion, field, message);
        return None;
    }
    Some(plugin)
}

const fn word(kind: PluginKind) -> &'static str {
    match kind {
        PluginKind::Input => "input",
        PluginKind::Filter => "filter",
        PluginKind::Output => "output",
    }
}

/// Checks one option against the catalogue.
pub(super) fn check_option(
    at: &Place<'_>,
    plugin: &Plugin,
    name: &str,
    value: Option<&str>,
    field: &str,
    findings: &mut Findings,
) {
    let (kind, version) = (at.kind, at.version);
    let near = || {
        catalogue::nearest_option(kind, plugin, name, version.bits())
            .map(|near| format!("; the nearest name is {near}"))
            .unwrap_or_default()
    };
    let Some(fact) = catalogue::option(kind, plugin, name) else {
        match plugin.strictness {
            Strictness::Refuses => {
                let message = format!("{} has no option {name:?}{}", at.plugin, near());
                findings.add(Code::UnknownOption, field, message);
            }
            Strictness::PassesOver => {
                let message = format!("{} ignores the option {name:?}{}", at.plugin, near());
                findings.add(Code::OptionWithoutEffect, field, message);
            }
            Strictness::Open => {}
        }
        return;
    };
    if fact.bits & version.bits() == 0 {
        let message = format!(
            "{} of Fluent Bit {version} has no option {name:?}{}",
            at.plugin,
            near()
        );
        findings.add(Code::OptionNotInVersion, field, message);
    } else if let Some(value) = value
        && !value.contains("${")
    {
        check_type(name, fact.type_, value, field, findings);
    }
}

fn check_type(name: &str, type_: ValueType, value: &str, field: &str, findings: &mut Findings) {
    let (fits, code, what) = match type_ {
        ValueType::Text => return,
        ValueType::Integer => (is_integer(value), Code::OptionNotInteger, "an integer"),
        ValueType::Number => (
            value.parse::<f64>().is_ok(),
            Code::OptionNotNumber,
            "a number",
        ),
        ValueType::Boolean => (
            boolean(value).is_some(),
            Code::OptionNotBoolean,
            "On or Off",
        ),
        ValueType::Size => (
            size_bytes(value).is_some(),
            Code::OptionNotSize,
            "a size such as 10M",
        ),
        ValueType::Time => (
            is_time(value),
            Code::OptionNotTime,
            "a duration such as 30s",
        ),
    };
    if !fits {
        let message = format!("{name} must be {what}, but is {}", shown(name, value));
        findings.add(code, field, message);
    }
}

/// The value in quotes, shortened; hidden where it may be a secret.
pub(super) fn shown(name: &str, value: &str) -> String {
    if secrets::is_secret_option(name) || super::secret::looks_secret(value) {
        return "<redacted>".to_owned();
    }
    let short: String = value.chars().take(60).collect();
    if short.len() < value.len() {
        format!("{short:?}…")
    } else {
        format!("{short:?}")
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// A size in bytes, by the units of Fluent Bit; `false` and `-1` stand for no limit.
/// <https://github.com/fluent/fluent-bit/blob/v4.2.2/src/flb_utils.c>
pub(super) fn size_bytes(text: &str) -> Option<u64> {
    if text == "-1" || text.eq_ignore_ascii_case("false") {
        return Some(u64::MAX);
    }
    let end = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        _ => return None,
    };
    fraction.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    whole.parse::<u64>().ok()?.checked_mul(unit)
}

/// A length of time: numbers with units, such as `1h30m`, or seconds.
pub(super) fn is_time(text: &str) -> bool {
    let rest = text.trim_end_matches(|c: char| "smhdSMHD".contains(c));
    let (digits, unit) = (rest, text.len() - rest.len());
    unit <= 1
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().any(|b| b.is_ascii_digit())
}

/// Texts of several lines reach the router as a variable, when the operator writes them.
fn is_refused(c: char, ours: bool) -> bool {
    let kept = ours && matches!(c, '\n' | '\r' | '\t');
    (c.is_control() && !kept) || matches!(c, '\u{2028}' | '\u{2029}')
}

fn check_text(given: &Given, value: &str, ours: bool, findings: &mut Findings) {
    let name = &given.name;
    if value.trim().is_empty() {
        let message = format!("{name} has no value, so that Fluent Bit does not start");
        findings.add(Code::OptionEmpty, &given.field, message);
    } else if value.chars().any(|c| is_refused(c, ours)) {
        let message = format!("the value of {name} contains a control character");
        findings.add(Code::OptionControlCharacter, &given.field, message);
    } else if value.starts_with('[')
        || (value.starts_with('@') && !name.to_ascii_lowercase().ends_with("key"))
    {
        let message = format!("the value of {name} starts with '[' or '@'");
        findings.add(Code::OptionOpensSection, &given.field, message);
    }
}

fn check_reserved(given: &Given, findings: &mut Findings) -> bool {
    let name = given.name.to_ascii_lowercase();
    if given.typed {
        return false;
    }
    if name == "match_regex" {
        let message = "the ECS agent adds a Match to it";
        findings.add(Code::MatchRegexOption, &given.field, message);
        return true;
    }
    if RESERVED.contains(&name.as_str()) {
        let message = format!("{} is set by the operator", given.name);
        findings.add(Code::ReservedOption, &given.field, message);
        return true;
    }
    false
}

fn check_other_driver(
    at: &Place<'_>,
    given: &Given,
    plugin: Option<&Plugin>,
    findings: &mut Findings,
) -> bool {
    let name = given.name.to_ascii_lowercase();
    let own = plugin.is_some_and(|plugin| catalogue::option(at.kind, plugin, &name).is_some());
    let other = OTHER_DRIVERS.iter().any(|prefix| name.starts_with(prefix))
        || ANY_DRIVER.contains(&name.as_str());
    if given.typed || own || !other {
        return false;
    }
    let message = format!(
        "{:?} is an option of another log driver, not of {}",
        given.name, at.plugin
    );
    findings.add(Code::OtherDriverOption, &given.field, message);
    true
}

/// Options that mean the same, given more than once.
fn check_twice(output: &Output, findings: &mut Findings) {
    let plugin = catalogue::plugin(PluginKind::Output, &output.plugin);
    let mut seen: BTreeMap<String, &Given> = BTreeMap::new();
    for given in &output.given {
        let lowered = given.name.to_ascii_lowercase();
        let fact =
            plugin.and_then(|plugin| catalogue::option(PluginKind::Output, plugin, &lowered));
        if fact.is_some_and(|fact| fact.repeatable) {
            continue;
        }
        let Some(first) = seen.get(&lowered) else {
            seen.insert(lowered, given);
            continue;
        };
        let (code, how) = match (first.typed, first.value.is_some(), given.value.is_some()) {
            (_, true, false) => (
                Code::OptionPlainAndSecret,
                "both as a plain value and as a secret",
            ),
            (true, ..) => (Code::OptionGivenTwice, "both as a field and in options"),
            _ => (Code::OptionsDifferByCase, "twice, with different case"),
        };
        let message = format!("{} is set {how}: see {}", given.name, first.field);
        findings.add(code, &given.field, message);
    }
}
