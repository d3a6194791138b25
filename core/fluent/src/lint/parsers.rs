//! Parsers: their names, what the image brings, and what they make of a line.
//!
//! Nothing is assumed about the parsers of an image that is not known.

use super::policy::Subject;
use super::{Code, Findings, pattern};
use crate::catalogue::FluentBitVersion;
use crate::outputs::ImageLine;
use crate::render::known;
use firelens_types::v1alpha1::{FilterBlock, Parser, nearest_name};

const fn line(version: FluentBitVersion) -> ImageLine {
    match version {
        FluentBitVersion::V1_9_10 => ImageLine::V2,
        _ => ImageLine::V3,
    }
}

/// Checks the parsers of a policy.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for (index, parser) in subject.spec.parsers.iter().enumerate() {
        let at = format!("spec.parsers[{index}]");
        check_taken(subject, parser, &at, findings);
        check_used(subject, parser, &at, findings);
        check_times(parser, &at, findings);
        check_regex(parser, &at, findings);
        let rules = parser
            .multiline
            .iter()
            .flat_map(|multiline| &multiline.rules);
        for (rule, each) in rules.enumerate() {
            let field = format!("{at}.multiline.rules[{rule}].regex");
            pattern::check(&each.regex, &field, findings);
        }
        let inner = parser
            .multiline
            .as_ref()
            .and_then(|multiline| multiline.parser.as_deref());
        if let Some(name) = inner {
            check_name(subject, name, &format!("{at}.multiline.parser"), findings);
        }
    }
}

/// Checks that a parser of this name is there.
pub(super) fn check_name(subject: &Subject<'_>, name: &str, field: &str, findings: &mut Findings) {
    let theirs = known::parsers(line(subject.version));
    check_known(subject, "parser", name, false, &theirs, field, findings);
}

/// Checks that Fluent Bit or the policy has a multi-line parser of this name.
pub(super) fn check_multiline_name(
    subject: &Subject<'_>,
    name: &str,
    field: &str,
    findings: &mut Findings,
) {
    let theirs = known::multiline_parsers(line(subject.version));
    check_known(
        subject,
        "multiline parser",
        name,
        true,
        theirs,
        field,
        findings,
    );
}

fn check_known(
    subject: &Subject<'_>,
    kind: &str,
    name: &str,
    multiline: bool,
    theirs: &[&str],
    field: &str,
    findings: &mut Findings,
) {
    let own = subject
        .spec
        .parsers
        .iter()
        .filter(|parser| parser.multiline.is_some() == multiline);
    let mut all: Vec<&str> = own.map(|parser| parser.name.as_str()).collect();
    all.extend(theirs);
    let open = !subject.is_aws_image || subject.has_own_files() || subject.loads_parsers();
    if open || name.contains("${") || all.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return;
    }
    let hint = nearest_name(name, &all)
        .map(|near| format!("; the nearest name is {near}"))
        .unwrap_or_default();
    let message = format!("{kind} {name:?} does not exist{hint}");
    findings.add(Code::UnknownParser, field, message);
}

/// A parser file of the image is loaded when a filter names a parser in it, and all its names are
/// taken then; multi-line parsers are compiled in.
fn check_taken(subject: &Subject<'_>, parser: &Parser, at: &str, findings: &mut Findings) {
    let name = parser.name.as_str();
    let line = line(subject.version);
    let taken = if parser.multiline.is_some() {
        known::multiline_parsers(line).contains(&name)
    } else {
        let named = subject
            .spec
            .filters
            .iter()
            .filter_map(|filter| filter.parser.as_ref());
        let own = |name: &str| {
            subject
                .spec
                .parsers
                .iter()
                .any(|parser| parser.name == name)
        };
        named
            .flat_map(|filter| &filter.parser)
            .filter(|name| !own(name))
            .filter_map(|name| known::file_of_parser(name, line))
            .any(|file| known::parsers_in(file).contains(&name))
    };
    if taken {
        let message = format!("the image has a parser {name:?} of its own");
        findings.add(Code::ParserNameTaken, format!("{at}.name"), message);
    }
}

fn check_used(subject: &Subject<'_>, parser: &Parser, at: &str, findings: &mut Findings) {
    let name = parser.name.as_str();
    let in_filter = |block: FilterBlock<'_>| match block {
        FilterBlock::Parser(filter) => filter.parser.iter().any(|other| other == name),
        FilterBlock::Multiline(filter) => filter
            .multiline_parser
            .iter()
            .flat_map(|names| names.split(','))
            .any(|other| other.trim() == name),
        FilterBlock::Custom(filter) => filter.options.values().any(|value| value.contains(name)),
        _ => false,
    };
    let spec = subject.spec;
    let used = spec
        .filters
        .iter()
        .flat_map(|filter| filter.blocks())
        .any(|(_, block)| in_filter(block))
        || spec
            .parsers
            .iter()
            .filter_map(|parser| parser.multiline.as_ref())
            .any(|m| m.parser.as_deref() == Some(name))
        || spec
            .custom_config
            .as_deref()
            .is_some_and(|text| text.contains(name));
    if !used {
        let message = format!("no filter uses the parser {name:?}");
        findings.add(Code::ParserUnused, format!("{at}.name"), message);
    }
}

fn check_times(parser: &Parser, at: &str, findings: &mut Findings) {
    if parser.time_key.is_some() && parser.time_format.is_none() {
        let message = "timeKey is set, but timeFormat is not";
        findings.add(Code::TimeKeyWithoutFormat, format!("{at}.timeKey"), message);
    }
}

fn check_regex(parser: &Parser, at: &str, findings: &mut Findings) {
    let Some(regex) = parser.regex.as_deref() else {
        return;
    };
    let field = format!("{at}.regex");
    pattern::check(regex, &field, findings);
    let groups = pattern::group_names(regex);
    if groups.is_empty() {
        let message = "the expression has no named group";
        findings.add(Code::RegexWithoutGroups, &field, message);
        return;
    }
    for name in parser
        .types
        .keys()
        .filter(|name| !groups.contains(&name.as_str()))
    {
        let message = format!(
            "the expression has no group {name:?}; it has {}",
            groups.join(", ")
        );
        findings.add(
            Code::TypeOfUnknownField,
            format!("{at}.types[{name}]"),
            message,
        );
    }
}
