//! Options that break the file: shown as the agent would write them, and said.

use firelens_inject::preview::PreviewNoteCode as Code;
use serde_json::{Value, json};

use crate::case::{codes, load, preview};

fn with(case: &str, key: &str, value: &str) -> Value {
    let mut td = load(case);
    td["containerDefinitions"][0]["logConfiguration"]["options"][key] = json!(value);
    td
}

#[test]
fn line_break_in_option_is_shown_as_injected_configuration() {
    for case in ["log-options-fluentbit", "log-options-fluentd"] {
        let text = "x\n[INPUT]\n    Name exec\n    Command hunter2";
        let found = preview(&with(case, "alpha", text)).unwrap();
        assert!(
            found.main.text.contains(&format!("    alpha {text}\n")),
            "{case}"
        );
        assert!(
            codes(&found).contains(&Code::InjectsConfiguration),
            "{case}"
        );
        let notes = format!("{:?}", found.notes);
        assert!(
            !notes.contains("hunter2") && notes.contains("alpha"),
            "{notes}"
        );
    }
}

#[test]
fn what_fluent_bit_reads_in_another_way_is_said() {
    for (key, value) in [
        ("alpha", ""),
        ("alpha", " x"),
        ("alpha", "x "),
        ("alpha", "a\rb"),
        ("al pha", "x"),
        ("#alpha", "x"),
        ("[alpha", "x"),
        ("Name", " http"),
        ("include-pattern", ""),
    ] {
        let found = preview(&with("log-options-fluentbit", key, value)).unwrap();
        assert!(
            codes(&found).contains(&Code::BreaksConfiguration),
            "{key:?} {value:?}"
        );
    }
}

#[test]
fn what_only_looks_odd_is_no_matter() {
    for value in [
        "[INPUT]",
        "@INCLUDE /x",
        "# no comment",
        "a [b] c",
        "${HOME}",
        "größe",
    ] {
        let found = preview(&with("log-options-fluentbit", "alpha", value)).unwrap();
        assert!(
            !codes(&found).contains(&Code::BreaksConfiguration),
            "{value:?}: {:?}",
            found.notes
        );
    }
}

#[test]
fn a_comment_in_an_option_of_fluentd_is_said() {
    let found = preview(&with("log-options-fluentd", "alpha", "one # two")).unwrap();
    assert!(codes(&found).contains(&Code::BreaksConfiguration));
}

#[test]
fn an_odd_container_name_is_found_by_reading_the_file() {
    let mut td = load("log-options-fluentbit");
    td["containerDefinitions"][0]["name"] = json!("a\n[X]");
    assert!(codes(&preview(&td).unwrap()).contains(&Code::BreaksConfiguration));
}
