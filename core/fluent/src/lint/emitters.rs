//! Filters that send records back to the head of the pipeline: multiline and rewriteTag.
//!
//! Records are not followed: two rules that could feed each other are enough for a finding.

use super::policy::Subject;
use super::{Code, Findings, options, pattern, tags};
use firelens_types::v1alpha1::{Filter, MultilineFilter, RewriteTagFilter};

fn may_share(left: &Filter, right: &Filter) -> bool {
    left.containers.is_empty()
        || right.containers.is_empty()
        || left
            .containers
            .iter()
            .any(|l| right.containers.iter().any(|r| tags::can_meet(l, r)))
}

pub(super) fn check_multiline_order(filters: &[Filter], findings: &mut Findings) {
    for (index, filter) in filters.iter().enumerate() {
        if filter.multiline.is_none() {
            continue;
        }
        let at = format!("spec.filters[{index}].multiline");
        let before: Vec<&Filter> = filters
            .iter()
            .take(index)
            .filter(|other| may_share(other, filter))
            .collect();
        if before.iter().any(|other| other.multiline.is_some()) {
            let message = "an earlier multiline filter buffers the same lines";
            findings.add(Code::MultilineTwice, &at, message);
        }
        if before.iter().any(|other| other.multiline.is_none()) {
            let message = "it is after another filter in the list, but runs before it";
            findings.add(Code::MultilineNotFirst, &at, message);
        }
    }
}

/// Two filters that keep the start of the tag see each other's records.
pub(super) fn check_rewrite_order(filters: &[Filter], findings: &mut Findings) {
    let returns = |filter: &&Filter| {
        filter.rewrite_tag.as_ref().is_some_and(|rewrite| {
            rewrite
                .rule
                .iter()
                .filter_map(|rule| rule.split_whitespace().nth(2))
                .any(|tag| tag.starts_with("$TAG"))
        })
    };
    for (index, filter) in filters
        .iter()
        .enumerate()
        .filter(|(_, filter)| returns(filter))
    {
        let earlier = filters.iter().take(index).filter(returns);
        if earlier.into_iter().any(|other| may_share(other, filter)) {
            let message = "its records pass an earlier rewriteTag filter again, and vice versa";
            findings.add(
                Code::RewriteTagLoop,
                format!("spec.filters[{index}].rewriteTag"),
                message,
            );
        }
    }
}

pub(super) fn check_multiline(
    subject: &Subject<'_>,
    at: &str,
    filter: &MultilineFilter,
    findings: &mut Findings,
) {
    let own = |name: &str| {
        subject
            .spec
            .parsers
            .iter()
            .any(|parser| parser.name == name && parser.multiline.is_some())
    };
    let mut built_in = false;
    let mut custom = false;
    for (index, name) in filter.multiline_parser.iter().enumerate() {
        let field = format!("{at}.multilineParser[{index}]");
        for name in name.split(',').map(str::trim) {
            custom |= own(name);
            built_in |= !own(name);
            if !own(name) {
                super::parsers::check_multiline_name(subject, name, &field, findings);
            }
        }
    }
    if built_in && custom {
        let message = "built-in and custom parsers are tried in the order of the list";
        findings.add(
            Code::MultilineParsersMixed,
            format!("{at}.multilineParser"),
            message,
        );
    }
    check_emitter(
        subject,
        at,
        filter.emitter_mem_buf_limit.as_deref(),
        findings,
    );
}

fn check_emitter(subject: &Subject<'_>, at: &str, limit: Option<&str>, findings: &mut Findings) {
    let Some(limit) = limit else {
        return;
    };
    let field = format!("{at}.emitterMemBufLimit");
    let router = &subject.spec.router;
    let memory = u64::from(router.memory_mib.unwrap_or(router.memory_reservation_mib)) * 1_048_576;
    match options::size_bytes(limit) {
        None => {
            let message =
                format!("emitterMemBufLimit must be a size such as 10M, but is {limit:?}");
            findings.add(Code::OptionNotSize, field, message);
        }
        Some(bytes) if bytes > memory / 2 => {
            let message = format!("{limit} is more than half of the memory of the router");
            findings.add(Code::EmitterBufferLarge, field, message);
        }
        Some(_) => {}
    }
}

pub(super) fn check_rewrite_tag(
    subject: &Subject<'_>,
    at: &str,
    filter: &RewriteTagFilter,
    findings: &mut Findings,
) {
    check_emitter(
        subject,
        at,
        filter.emitter_mem_buf_limit.as_deref(),
        findings,
    );
    for (index, rule) in filter.rule.iter().enumerate() {
        let field = format!("{at}.rule[{index}]");
        let words: Vec<&str> = rule.split_whitespace().collect();
        let [_, expression, tag, keep] = words.as_slice() else {
            if words.len() > 4 && !rule.contains('"') {
                let message = "the rule has more than four words: a space splits its expression";
                findings.add(Code::RuleBlank, &field, message);
            }
            continue;
        };
        pattern::check(expression, &field, findings);
        let new = tags::of_template(tag);
        let ours = tag.starts_with("$TAG");
        if !ours
            && !subject
                .custom_matches()
                .iter()
                .any(|glob| tags::can_meet(glob, &new))
        {
            let message = format!("no output matches the tag {tag}");
            findings.add(Code::TagWithoutOutput, &field, message);
        }
        if ours && *keep == "true" && !subject.spec.outputs.is_empty() {
            let message = "the record and its copy both reach the outputs of the container";
            findings.add(Code::DoubleDelivery, &field, message);
        }
    }
}
