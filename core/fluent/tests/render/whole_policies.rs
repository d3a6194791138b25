//! Random filters, parsers, outputs and raw text together: refused, or a file of exactly their sections.

use std::cell::Cell;
use std::collections::BTreeMap;

use firelens_fluent::outputs::{CompiledOutput, ImageLine};
use firelens_fluent::render::{Route, RouterFileInput, RouterFiles, read, router_file};
use firelens_fluent::text::LINE_BYTES_V2;
use firelens_types::v1alpha1::{Filter, Parser};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// Text as users, and attackers, write it: mostly harmless, so that much is rendered.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => "[a-zA-Z0-9_.*^ -]{1,12}",
        2 => "\\PC{1,12}",
        1 => prop::sample::select(vec![
            "a\n[INPUT]\n    Name exec", "[INPUT]", "@INCLUDE /x", "${HOME}", "${", "$(x)", " a", "a ",
            "a\u{2028}b", "a\tb", "#", "\"", "\\", "a\\", "größe 漢字", "[PARSER]", "", "\u{0}",
        ]).prop_map(str::to_owned),
        1 => (3_900_usize..9_000).prop_map(|length| "x".repeat(length)),
    ]
}

fn pairs() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(prop_oneof![4 => "[a-z]{1,6}", 1 => text()], text(), 1..3)
        .prop_map(|map| json!(map))
}

fn texts() -> impl Strategy<Value = Value> {
    prop::collection::vec(text(), 1..3).prop_map(|list| json!(list))
}

fn rule() -> impl Strategy<Value = Value> {
    prop::collection::vec(text().prop_map(|text| format!("log {text}")), 1..3)
        .prop_map(|list| json!(list))
}

fn block() -> impl Strategy<Value = Value> {
    let name = || {
        prop::sample::select(vec![
            "json", "nginx", "own", "joined", "java", "none", "a b",
        ])
    };
    prop_oneof![
        (name(), text()).prop_map(|(parser, key)| json!({"multiline": {"multilineParser": [parser], "multilineKeyContent": key}})),
        (name(), text()).prop_map(|(parser, key)| json!({"parser": {"keyName": key, "parser": [parser], "reserveData": true}})),
        (rule(), rule()).prop_map(|(regex, exclude)| json!({"grep": {"regex": regex, "exclude": exclude}})),
        (pairs(), texts()).prop_map(|(record, remove)| json!({"recordModifier": {"record": record, "removeKey": remove}})),
        (pairs(), pairs(), texts()).prop_map(|(set, rename, condition)| json!({"modify": {"set": set, "rename": rename, "condition": condition}})),
        (texts(), text()).prop_map(|(wildcard, under)| json!({"nest": {"operation": "nest", "wildcard": wildcard, "nestUnder": under}})),
        (text(), text()).prop_map(|(code, call)| json!({"lua": {"code": code, "call": call}})),
        (text(), text()).prop_map(|(script, call)| json!({"lua": {"script": script, "call": call}})),
        text().prop_map(|interval| json!({"throttle": {"rate": 5, "interval": interval}})),
        text().prop_map(|text| json!({"rewriteTag": {"rule": [format!("$log {text} audit.$TAG false")]}})),
        (text(), pairs()).prop_map(|(plugin, options)| json!({"custom": {"plugin": plugin, "options": options}})),
        pairs().prop_map(|options| json!({"custom": {"plugin": "stdout", "options": options}})),
    ]
}

fn parsers() -> impl Strategy<Value = Value> {
    (text(), text(), pairs(), prop::option::of(text())).prop_map(|(regex, format, types, rule)| {
        let mut parsers = vec![json!({"name": "own", "format": "regex", "regex": regex, "timeFormat": format, "types": types})];
        parsers.extend(rule.map(|rule| json!({"name": "joined", "multiline": {"rules": [{"state": "start_state", "regex": rule, "next": "start_state"}]}})));
        Value::Array(parsers)
    })
}

fn raw() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        2 => (text(), text()).prop_map(|(a, b)| format!("[INPUT]\n    Name tail\n    Path {a}\n    Tag {b}\n")),
        1 => text(),
    ]
}

fn line() -> impl Strategy<Value = ImageLine> {
    prop::sample::select(vec![ImageLine::V2, ImageLine::V3, ImageLine::Unknown])
}

/// Checks a text line by line: what Fluent Bit sees is sections with indented lines, and nothing else.
fn assert_plain(text: &str, image_line: ImageLine) {
    for line in text.lines() {
        let entry = line.strip_prefix("    ");
        let is_header = line.starts_with('[') && line.ends_with(']') && !line.contains(' ');
        assert!(
            line.is_empty()
                || is_header
                || line == "# [PARSER]"
                || entry.is_some_and(|entry| !entry.starts_with([' ', '[', '#'])),
            "{line:?}"
        );
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(image_line != ImageLine::V2 || line.len() <= LINE_BYTES_V2);
    }
}

type Parts = (
    Vec<Value>,
    Value,
    BTreeMap<String, String>,
    String,
    ImageLine,
);

fn policies() -> impl Strategy<Value = Parts> {
    (
        prop::collection::vec(block(), 0..4),
        parsers(),
        prop::collection::btree_map("[a-z]{1,6}", text(), 0..3),
        raw(),
        line(),
    )
}

fn render(parts: &Parts) -> Option<RouterFiles> {
    let (blocks, parsers, options, raw, image_line) = parts;
    let filters: Vec<Filter> = serde_json::from_value(json!(blocks)).unwrap();
    let parsers: Vec<Parser> = serde_json::from_value(parsers.clone()).unwrap();
    let output = CompiledOutput {
        plugin: "stdout".to_owned(),
        options: options.clone().into_iter().collect(),
        ..CompiledOutput::default()
    };
    router_file(&RouterFileInput {
        routes: vec![Route {
            container: "app".to_owned(),
            outputs: vec![output],
        }],
        filters: &filters,
        parsers: &parsers,
        custom_config: raw,
        image_line: *image_line,
        aws_image: true,
        ..RouterFileInput::default()
    })
    .ok()
}

fn assert_sections(parts: &Parts, files: &RouterFiles) {
    let (blocks, parsers, options, raw, image_line) = parts;
    assert_plain(&files.main, *image_line);
    let main = read(&files.main).unwrap();
    let named = |name: &'static str| main.sections().filter(move |section| section.name == name);
    let greps = blocks.iter().filter(|block| block.get("grep").is_some());
    assert_eq!(named("SERVICE").count(), 1);
    assert_eq!(named("OUTPUT").count(), 1);
    assert_eq!(
        named("INPUT").count(),
        usize::from(raw.starts_with("[INPUT]"))
    );
    // A grep filter with both kinds of rules is two sections.
    assert_eq!(named("FILTER").count(), blocks.len() + greps.count());
    assert_eq!(main.items.len(), main.sections().count(), "no commands");
    let stdout = named("OUTPUT").next().unwrap();
    for (key, value) in options {
        assert_eq!(stdout.value(key), Some(value.as_str()));
    }
    let text = files.parsers.as_ref().unwrap();
    assert_plain(text, *image_line);
    let count = parsers.as_array().unwrap().len();
    assert_eq!(read(text).unwrap().sections().count(), count);
}

#[test]
fn a_file_has_exactly_the_sections_of_its_policy() {
    const CASES: u32 = 2_000;
    let rendered = Cell::new(0_u32);
    let config = ProptestConfig {
        failure_persistence: None,
        cases: CASES,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(&policies(), |parts| {
            if let Some(files) = render(&parts) {
                rendered.set(rendered.get() + 1);
                assert_sections(&parts, &files);
            }
            Ok(())
        })
        .unwrap();
    assert!(
        rendered.get() > CASES / 20,
        "only {} policies were rendered",
        rendered.get()
    );
}
