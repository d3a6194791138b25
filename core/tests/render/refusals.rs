//! Router files that are refused: loops, hostile text, and what the raw text may not hold.

use std::error::Error as _;

use serde_json::{Value, json};

use crate::case::Case;

fn with(changes: Value) -> Case {
    let mut case = json!({
        "containers": ["app", "web"],
        "outputs": [{"name": "main", "destination": {"custom": {"plugin": "stdout"}}}],
    });
    for (key, value) in changes.as_object().unwrap() {
        case[key] = value.clone();
    }
    Case::parse(&case.to_string())
}

fn chain(changes: Value) -> String {
    let Err(error) = with(changes.clone()).render() else {
        panic!("{changes} was rendered");
    };
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[test]
fn every_refused_filter_names_its_place() {
    let lua = |code: &str| json!({"filters": [{"lua": {"code": code, "call": "f"}}]});
    let multiline = json!({"multiline": {"multilineParser": ["java"]}});
    let grep = |rule: &str| json!({"filters": [{"grep": {"regex": [rule]}}]});
    let custom =
        |options: Value| json!({"filters": [{"custom": {"plugin": "stdout", "options": options}}]});
    for (changes, expected) in [
        (json!({"filters": [{}]}), "spec.filters[0]: has no block"),
        (
            lua("function f()\nreturn 1\nend"),
            "lua code must be one line",
        ),
        (grep("log"), "write the field, a blank and the pattern"),
        (grep("log ${x}"), "must not contain `${`"),
        (grep("log a\nb"), "control character U+000A"),
        (
            custom(json!({"Match": "*"})),
            "options[Match] is set by the operator",
        ),
        (custom(json!({"a": "1", "A": "2"})), "given twice"),
        (
            json!({"filters": [{"custom": {"plugin": "multiline"}}]}),
            "use the typed block for multiline",
        ),
        (
            json!({"filters": [multiline, multiline]}),
            "spec.filters[1]: two multiline filters",
        ),
        (
            json!({"filters": [{"rewriteTag": {"rule": ["$log ^x $TAG.audit true"]}}]}),
            "would meet the same rule again",
        ),
        (
            json!({"filters": [{"recordModifier": {"record": {"a": "b\n"}}}]}),
            "spec.filters[0]: Record a: must not contain the control character",
        ),
    ] {
        let message = chain(changes.clone());
        assert!(message.contains(expected), "{changes}: {message}");
    }
}

#[test]
fn every_refused_parser_container_and_raw_text_names_its_place() {
    for (changes, expected) in [
        (
            json!({"containers": ["a b"]}),
            "container 0: a container name",
        ),
        (json!({"containers": ["a\n[INPUT]"]}), "container 0"),
        (
            json!({"parsers": [{"name": "p", "format": "json"}, {"name": "P", "format": "json"}]}),
            "spec.parsers[1]: another parser has the same name",
        ),
        (
            json!({"parsers": [{"name": "nginx", "format": "json"}],
                "filters": [{"parser": {"keyName": "log", "parser": ["json"]}}]}),
            "spec.parsers[0]: has the name of a parser of the image",
        ),
        (
            json!({"parsers": [{"name": "p"}]}),
            "spec.parsers[0]: needs a format",
        ),
        (
            json!({"parsers": [{"name": "p", "format": "regex", "regex": "[INPUT]"}]}),
            "spec.parsers[0]: Regex: must not begin with a section header",
        ),
        (
            json!({"customConfig": "@INCLUDE /etc/passwd\n"}),
            "spec.customConfig: `@INCLUDE` is not allowed",
        ),
        (
            json!({"customConfig": "[INPUT]\n    Name exec\n    Command id\n"}),
            "spec.customConfig: the exec plugin is not allowed",
        ),
        (
            json!({"customConfig": "[INPUT]\n    Name tail\n  Path x\n"}),
            "spec.customConfig: cannot be read: line 3",
        ),
        (
            json!({"customConfig": "[INPUT]\n    Name tail\n    Path [INPUT]\n"}),
            "must not begin with a section header",
        ),
    ] {
        let message = chain(changes.clone());
        assert!(message.contains(expected), "{changes}: {message}");
    }
}

#[test]
fn the_raw_text_may_not_move_the_http_server_of_the_health_check() {
    let custom = "[SERVICE]\n    http_port 9000\n";
    let message = chain(json!({"customConfig": custom, "httpServer": true}));
    assert!(
        message.contains("`http_port` in [SERVICE] is not allowed"),
        "{message}"
    );
    let main = with(json!({"customConfig": custom})).render().unwrap().main;
    assert!(main.contains("    http_port 9000\n"), "{main}");
}

#[test]
fn the_raw_text_changes_the_service_section_and_adds_no_second_one() {
    let custom = "[SERVICE]\n    flush 5\n    Log_Level debug\n";
    let main = with(json!({"customConfig": custom})).render().unwrap().main;
    assert!(
        main.starts_with("[SERVICE]\n    Grace 30\n    flush 5\n    Log_Level debug\n\n"),
        "{main}"
    );
    assert_eq!(main.matches("[SERVICE]").count(), 1);
}

#[test]
fn multiline_filters_on_different_containers_or_of_both_kinds_go_together() {
    let multiline = |container: &str, mode: &str| json!({"containers": [container], "multiline": {"mode": mode, "multilineParser": ["java"]}});
    for filters in [
        json!([multiline("app", "parser"), multiline("web", "parser")]),
        json!([
            multiline("app", "parser"),
            multiline("app", "partial_message")
        ]),
    ] {
        with(json!({"filters": filters})).render().unwrap();
    }
}

#[test]
fn a_secret_without_its_variable_is_refused() {
    let mut case = with(json!({}));
    case.outputs[0].destination =
        serde_json::from_value(json!({"datadog": {"secretOptions": {"apikey": "arn"}}})).unwrap();
    let main = case.render().unwrap().main;
    assert!(main.contains("    apikey ${apikey_0_0}\n"), "{main}");
    use firelens_core::outputs::{CompiledOutput, compile};
    use firelens_core::render::{Route, RouterFileInput, router_file};
    let spec = case.outputs[0].destination.clone().unwrap();
    let output: CompiledOutput = compile(&spec, &crate::case::scope()).unwrap();
    let error = router_file(&RouterFileInput {
        routes: vec![Route {
            container: "app".to_owned(),
            outputs: vec![output],
        }],
        ..RouterFileInput::default()
    })
    .unwrap_err();
    assert!(
        error.to_string().contains("no environment variable"),
        "{error}"
    );
}

#[test]
fn a_filter_for_containers_that_are_not_here_is_left_out() {
    let filter = json!({"containers": ["other-*"], "grep": {"regex": ["log x"]}});
    let files = with(json!({"filters": [filter]})).render().unwrap();
    assert!(!files.main.contains("grep"), "{}", files.main);
}

#[test]
fn the_parsers_of_the_image_are_loaded_only_when_one_is_named() {
    let parser = |name: &str| json!({"parser": {"keyName": "log", "parser": [name]}});
    let own = json!([{"name": "own", "format": "json"}]);
    let loads = |changes: Value| {
        let main = with(changes).render().unwrap().main;
        main.contains("Parsers_File /fluent-bit/parsers/parsers.conf")
    };
    assert!(loads(json!({"filters": [parser("json")]})));
    assert!(!loads(json!({"filters": [parser("own")], "parsers": own})));
    assert!(!loads(json!({})));
    assert!(loads(
        json!({"customConfig": "[FILTER]\n    Name parser\n    Match *\n    Key_Name log\n    Parser nginx\n"})
    ));
}
