//! Properties: whatever a user writes, either it is refused or Fluent Bit reads exactly that.

use firelens_fluent::outputs::CompiledOutput;
use firelens_fluent::render::{
    Document, Item, Route, RouterFileInput, Section, read, router_file, write,
};
use firelens_fluent::text::check_value;
use firelens_types::v1alpha1::{Filter, RecordModifierFilter};
use proptest::prelude::*;

/// Strings as users and attackers write them: printable ones, with the words that mean something
/// to a Fluent Bit file mixed in.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "\\PC{0,12}",
        1 => Just("\n".to_owned()),
        1 => Just("\r\n    Name exec\n".to_owned()),
        1 => Just("[INPUT]".to_owned()),
        1 => Just("@INCLUDE /x".to_owned()),
        1 => Just("${HOME}".to_owned()),
        1 => Just("\u{2028}".to_owned()),
        1 => Just(" ".to_owned()),
        1 => Just("\t".to_owned()),
        1 => Just("#".to_owned()),
    ];
    prop::collection::vec(word, 0..4).prop_map(|words| words.concat())
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[A-Za-z_][A-Za-z0-9_.-]{0,8}", 1 => text()]
}

fn document() -> impl Strategy<Value = Document> {
    let entries = prop::collection::vec((key(), text()), 0..4);
    let section = (prop_oneof![3 => "[A-Z_]{1,8}", 1 => text()], entries);
    prop::collection::vec(section, 0..4).prop_map(|sections| Document {
        items: sections
            .into_iter()
            .map(|(name, entries)| {
                let mut section = Section::new(&name);
                for (key, value) in entries {
                    section.push(&key, value);
                }
                Item::Section(section)
            })
            .collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_written_document_reads_back_equal(document in document()) {
        if let Ok(text) = write(&document) {
            prop_assert_eq!(read(&text).unwrap(), document);
        }
    }

    #[test]
    fn what_reads_and_writes_is_stable(text in "(\\[[A-Z]{1,5}\\]\n(    [a-z]{1,4} \\PC{1,9}\n){0,3}){0,3}") {
        if let Ok(document) = read(&text)
            && let Ok(written) = write(&document)
        {
            prop_assert_eq!(read(&written).unwrap(), document);
        }
    }

    #[test]
    fn reading_anything_never_fails_badly(text in "\\PC{0,200}|[\\[\\]@# a\n\t]{0,80}") {
        let _ = read(&text);
    }

    #[test]
    fn an_option_value_stays_one_value(value in text()) {
        let mut output = CompiledOutput { plugin: "stdout".to_owned(), ..CompiledOutput::default() };
        output.options.insert("format".to_owned(), value.clone());
        let rendered = router_file(&RouterFileInput {
            routes: vec![Route { container: "app".to_owned(), outputs: vec![output] }],
            ..RouterFileInput::default()
        });
        match rendered {
            Err(_) => prop_assert!(check_value(&value).is_err()),
            Ok(files) => {
                let back = read(&files.main).unwrap();
                prop_assert_eq!(back.sections().count(), 2);
                prop_assert_eq!(back.sections().nth(1).unwrap().value("format"), Some(value.as_str()));
            }
        }
    }

    #[test]
    fn patterns_and_records_never_add_a_section(pattern in text(), value in text()) {
        let output = CompiledOutput {
            plugin: "stdout".to_owned(),
            include_pattern: Some(pattern.clone()),
            ..CompiledOutput::default()
        };
        let record = RecordModifierFilter {
            record: [("k".to_owned(), value)].into(),
            ..RecordModifierFilter::default()
        };
        let filters = [Filter { record_modifier: Some(record), ..Filter::default() }];
        let rendered = router_file(&RouterFileInput {
            routes: vec![Route { container: "app".to_owned(), outputs: vec![output] }],
            filters: &filters,
            ..RouterFileInput::default()
        });
        if let Ok(files) = rendered {
            let expected = if pattern.is_empty() { 3 } else { 4 };
            prop_assert_eq!(read(&files.main).unwrap().sections().count(), expected);
        }
    }

    #[test]
    fn raw_text_never_brings_in_a_command(text in "(\\[(INPUT|SERVICE)\\]|@INCLUDE x|    Name [a-z]{1,5}|    \\PC{0,9}|\\PC{0,9})(\n(@SET a=b|    Name exec|    Tag \\PC{1,5})){0,3}") {
        let rendered = router_file(&RouterFileInput { custom_config: &text, ..RouterFileInput::default() });
        if let Ok(files) = rendered {
            prop_assert!(!files.main.lines().any(|line| line.starts_with('@')));
            let back = read(&files.main).unwrap();
            let runs_programs = back.sections().any(|section| {
                section.name == "INPUT" && section.values("name").any(|name| name == "exec")
            });
            prop_assert!(!runs_programs);
        }
    }
}
