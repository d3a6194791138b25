//! Random filters, parsers, outputs and raw text together: refused, or a file of exactly their sections.

use firelens_core::outputs::{CompiledOutput, ImageLine};
use firelens_core::render::{LINE_BYTES_V2, Route, RouterFileInput, read, router_file};
use firelens_core::v1alpha1::{Filter, Parser};
use proptest::prelude::*;
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_file_has_exactly_the_sections_of_its_policy(
        blocks in prop::collection::vec(block(), 0..4),
        parsers in parsers(),
        options in prop::collection::btree_map("[a-z]{1,6}", text(), 0..3),
        raw in raw(),
        image_line in line(),
    ) {
        let filters: Vec<Filter> = blocks.iter().map(|block| serde_json::from_value(block.clone()).unwrap()).collect();
        let parsers: Vec<Parser> = serde_json::from_value(parsers).unwrap();
        let output = CompiledOutput { plugin: "stdout".to_owned(), options: options.clone().into_iter().collect(), ..CompiledOutput::default() };
        let rendered = router_file(&RouterFileInput {
            routes: vec![Route { container: "app".to_owned(), outputs: vec![output] }],
            filters: &filters,
            parsers: &parsers,
            custom_config: &raw,
            image_line,
            aws_image: true,
            ..RouterFileInput::default()
        });
        let Ok(files) = rendered else { return Ok(()) };
        assert_plain(&files.main, image_line);
        let main = read(&files.main).unwrap();
        let count = |name: &str| main.sections().filter(|section| section.name == name).count();
        let raw_inputs = usize::from(raw.starts_with("[INPUT]"));
        let greps = blocks.iter().filter(|block| block.get("grep").is_some()).count();
        prop_assert_eq!(count("SERVICE"), 1);
        prop_assert_eq!(count("OUTPUT"), 1);
        prop_assert_eq!(count("INPUT"), raw_inputs);
        // A grep filter with both kinds of rules is two sections.
        prop_assert_eq!(count("FILTER"), blocks.len() + greps);
        prop_assert_eq!(main.items.len(), main.sections().count());
        let stdout = main.sections().find(|section| section.name == "OUTPUT").unwrap();
        for (key, value) in &options {
            prop_assert_eq!(stdout.value(key), Some(value.as_str()));
        }
        let text = files.parsers.unwrap();
        assert_plain(&text, image_line);
        prop_assert_eq!(read(&text).unwrap().sections().count(), parsers.len());
    }
}
