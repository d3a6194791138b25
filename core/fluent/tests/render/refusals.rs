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
            lua("x = [[a"),
            "spec.filters[0]: code: line 1: a long string or comment has no end",
        ),
        (
            lua("-- nothing"),
            "spec.filters[0]: code: holds no Lua code",
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
    ] {
        let message = chain(changes.clone());
        assert!(message.contains(expected), "{changes}: {message}");
    }
}

#[test]
fn unknown_parsers_are_refused_with_the_nearest_name() {
    let parser = |name: &str| json!({"parser": {"keyName": "log", "parser": [name]}});
    let multiline = |name: &str| json!({"multiline": {"multilineParser": [name]}});
    let own = json!([
        {"name": "app-line", "format": "json"},
        {"name": "app-stack", "multiline": {"rules": [{"state": "start_state", "regex": "x", "next": "start_state"}]}}]);
    for (filters, tag, expected) in [
        (
            json!([parser("jsn")]),
            "3.2.1",
            "no parser jsn in spec.parsers nor in the router image; did you mean json?",
        ),
        (
            json!([parser("app_line")]),
            "3.2.1",
            "did you mean app-line?",
        ),
        (json!([parser("JSON")]), "3.2.1", "did you mean json?"),
        (
            json!([parser("app-stack")]),
            "3.2.1",
            "app-stack is a multiline parser",
        ),
        (
            json!([multiline("app-line")]),
            "3.2.1",
            "app-line is no multiline parser",
        ),
        (
            json!([multiline("pyton")]),
            "3.2.1",
            "no multiline parser pyton in spec.parsers nor in the router image; did you mean python?",
        ),
        (
            json!([multiline("ruby")]),
            "2.34.0",
            "no multiline parser ruby in spec.parsers nor in the router image (2.x); add it to spec.parsers",
        ),
        (
            json!([parser("logfmt")]),
            "2.34.0",
            "no parser logfmt in spec.parsers nor in the router image (2.x)",
        ),
        (
            json!([{"custom": {"plugin": "kubernetes", "options": {"Parser": "nginxx"}}}]),
            "3.2.1",
            "did you mean nginx?",
        ),
    ] {
        let message = chain(json!({"filters": filters, "parsers": own, "tag": tag}));
        assert!(
            message.contains("spec.filters[0]") && message.contains(expected),
            "{filters}: {message}"
        );
    }
}

#[test]
fn unknown_parsers_in_custom_config_and_parsers_are_refused() {
    let custom = "[INPUT]\n    Name tail\n    Path /x\n    Multiline.Parser docker, cir\n";
    let message = chain(json!({"customConfig": custom}));
    assert!(
        message.contains("spec.customConfig: [INPUT]: no multiline parser cir")
            && message.contains("did you mean cri?"),
        "{message}"
    );
    let inner = json!([{"name": "p", "multiline": {"parser": "nope", "rules": []}}]);
    let message = chain(json!({"parsers": inner}));
    assert!(
        message.contains("spec.parsers[0]: no parser nope"),
        "{message}"
    );
    let built_in = json!([{"name": "Java", "multiline": {"rules": []}}]);
    let message = chain(json!({"parsers": built_in}));
    assert!(
        message.contains("spec.parsers[0]: has the name of a multiline parser that is built into"),
        "{message}"
    );
}

#[test]
fn named_parser_loads_the_image_file_that_defines_it() {
    let parser = |name: &str| json!({"parser": {"keyName": "log", "parser": [name]}});
    let filters = json!([parser("nova"), parser("json"), parser("mysql_slow")]);
    let main = with(json!({"filters": filters})).render().unwrap().main;
    let files: Vec<&str> = main
        .lines()
        .filter_map(|line| line.strip_prefix("    Parsers_File /fluent-bit/parsers/"))
        .collect();
    assert_eq!(
        files,
        [
            "parsers.conf",
            "parsers_extra.conf",
            "parsers_openstack.conf"
        ]
    );
}

#[test]
fn what_the_raw_text_loads_may_define_any_parser() {
    let custom = "[SERVICE]\n    Parsers_File /my/parsers.conf\n";
    let filters = json!([{"parser": {"keyName": "log", "parser": ["mine"]}}]);
    let main = with(json!({"filters": filters, "customConfig": custom}))
        .render()
        .unwrap()
        .main;
    assert!(
        main.contains("    Parsers_File /my/parsers.conf\n"),
        "{main}"
    );
}

#[test]
fn features_missing_in_2_x_images_are_refused_by_name() {
    for (changes, expected) in [
        (
            json!([{"grep": {"regex": ["log x"], "logicalOp": "AND"}}]),
            "grep.logicalOp needs aws-for-fluent-bit 3 or later; the router image is 2.x",
        ),
        (
            json!([{"recordModifier": {"uuidKey": "id"}}]),
            "recordModifier.uuidKey needs",
        ),
        (
            json!([{"modify": {"moveToStart": ["a"]}}]),
            "modify.moveToStart needs",
        ),
        (
            json!([{"modify": {"moveToEnd": ["a"]}}]),
            "modify.moveToEnd needs",
        ),
        (
            json!([{"lua": {"call": "f", "code": "x = 1", "enableFlbNull": true}}]),
            "lua.enableFlbNull needs",
        ),
        (json!([{"custom": {"plugin": "sysinfo"}}]), "sysinfo needs"),
        (
            json!([{"logSuppressInterval": "10s", "throttle": {}}]),
            "logSuppressInterval needs",
        ),
        (
            json!([{"modify": {"set": {"a": "two words"}}}]),
            "modify.set[a] has a blank or a quote",
        ),
        (
            json!([{"modify": {"add": {"b": "\"q\""}}}]),
            "modify.add[b] has a blank or a quote",
        ),
        (
            json!([{"modify": {"remove": ["a"], "condition": ["Key_value_matches log a b"]}}]),
            "modify.condition[0] has more than three words",
        ),
    ] {
        let message = chain(json!({"filters": changes, "tag": "2.34.0"}));
        assert!(message.contains(expected), "{changes}: {message}");
        with(json!({"filters": changes})).render().unwrap();
        with(json!({"filters": changes, "tag": "stable"}))
            .render()
            .unwrap();
    }
}

#[test]
fn what_overruns_a_buffer_of_2_x_images_is_refused() {
    let long = "x".repeat(4_100);
    let name = "X".repeat(64);
    for (changes, expected) in [
        (
            json!([{"custom": {"plugin": "stdout", "options": {"x": long}}}]),
            "`x` in [FILTER] is 4106 bytes long, and the 2.x images read 4094",
        ),
        (
            json!([{"custom": {"plugin": "stdout", "options": {"x": format!("${{{name}}}")}}}]),
            "`x` in [FILTER] names a variable of more than 63 characters",
        ),
    ] {
        let message = chain(json!({"filters": changes, "tag": "2.34.0"}));
        assert!(message.contains(expected), "{changes}: {message}");
        with(json!({"filters": changes})).render().unwrap();
    }
}

#[test]
fn parser_keys_that_2_x_images_ignore_are_refused() {
    let parsers = json!([{"name": "p", "format": "logfmt", "logfmtNoBareKeys": true}]);
    let message = chain(json!({"parsers": parsers, "tag": "2.34.0"}));
    assert!(
        message.contains("spec.parsers[0]: logfmtNoBareKeys needs"),
        "{message}"
    );
}

#[test]
fn multiline_only_parsers_file_is_recognized_by_every_init_process() {
    let rules = json!([{"state": "start_state", "regex": "x", "next": "start_state"}]);
    let multiline = json!({"name": "m", "multiline": {"rules": rules}});
    let ordinary = json!({"name": "p", "format": "json"});
    let parsers = |list: Value| {
        with(json!({"parsers": list, "tag": "2.31.12"}))
            .render()
            .unwrap()
            .parsers
            .unwrap()
    };
    assert!(parsers(json!([multiline])).starts_with("# [PARSER]\n[MULTILINE_PARSER]\n"));
    assert!(parsers(json!([multiline, ordinary])).starts_with("[MULTILINE_PARSER]\n"));
}

#[test]
fn a_pattern_may_begin_with_a_set_of_characters() {
    let case = json!({
        "outputs": [{"name": "main", "includePattern": "[ERROR]", "destination": {"custom": {"plugin": "stdout"}}}],
        "parsers": [{"name": "p", "format": "regex", "regex": "[INPUT]"}]});
    let files = with(case).render().unwrap();
    assert!(
        files.main.contains("    Regex log [ERROR]\n"),
        "{}",
        files.main
    );
    assert!(files.parsers.unwrap().contains("    Regex [INPUT]\n"));
}

#[test]
fn custom_config_moving_the_health_check_port_is_refused() {
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
fn custom_config_service_section_is_merged_into_the_only_one() {
    let custom = "[SERVICE]\n    flush 5\n    Log_Level debug\n";
    let main = with(json!({"customConfig": custom})).render().unwrap().main;
    assert!(
        main.starts_with("[SERVICE]\n    Grace 30\n    flush 5\n    Log_Level debug\n\n"),
        "{main}"
    );
    assert_eq!(main.matches("[SERVICE]").count(), 1);
}

#[test]
fn multiline_filters_differing_in_container_or_mode_are_accepted() {
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
    use firelens_fluent::outputs::{CompiledOutput, compile};
    use firelens_fluent::render::{Route, RouterFileInput, router_file};
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
fn filter_matching_no_container_is_left_out() {
    let filter = json!({"containers": ["other-*"], "grep": {"regex": ["log x"]}});
    let files = with(json!({"filters": [filter]})).render().unwrap();
    assert!(!files.main.contains("grep"), "{}", files.main);
}

#[test]
fn image_parsers_are_loaded_only_when_one_is_used() {
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
