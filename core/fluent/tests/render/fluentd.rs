//! Destinations for Fluentd: what its plugins have nothing for is refused by the name of the field.

use firelens_fluent::outputs::compile_for;
use firelens_fluent::render::fluentd::{Element, ElementPart, Value, read_fluentd, write_fluentd};
use firelens_types::v1alpha1::{LogDestinationSpec, RouterType};
use proptest::prelude::*;
use serde_json::json;

use crate::case::scope;

fn compiled(spec: serde_json::Value) -> Result<firelens_fluent::outputs::CompiledOutput, String> {
    let spec: LogDestinationSpec = serde_json::from_value(spec).unwrap();
    compile_for(RouterType::Fluentd, &spec, &scope()).map_err(|error| error.to_string())
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn field_without_fluentd_equivalent_is_refused_by_name() {
    for (spec, expected) in [
        (
            json!({"openTelemetry": {"host": "h"}}),
            "openTelemetry: the OpenTelemetry plugin of Fluentd",
        ),
        (
            json!({"s3": {"bucket": "b", "s3KeyFormat": "/x"}}),
            "s3.s3KeyFormat: Fluentd has other placeholders",
        ),
        (
            json!({"firehose": {"deliveryStream": "d", "compression": "zstd"}}),
            "firehose.compression: Fluentd's plugin knows gzip",
        ),
        (
            json!({"cloudWatchLogs": {"logGroupName": "g", "logStreamName": "s", "logGroupClass": "STANDARD"}}),
            "cloudWatchLogs.logGroupClass: Fluentd's plugin has nothing like it",
        ),
        (
            json!({"elasticsearch": {"host": "h", "awsAuth": true}}),
            "elasticsearch.awsAuth: Fluentd's Elasticsearch plugin signs no requests",
        ),
        (
            json!({"openSearch": {"host": "h", "awsAuth": true, "externalId": "x"}}),
            "openSearch.externalId: Fluentd's plugin assumes roles without",
        ),
        (
            json!({"loki": {"host": "h", "secretOptions": {"bearer_token": "/t"}}}),
            "loki.secretOptions[bearer_token]: Fluentd's plugin reads a token from a file",
        ),
        (
            json!({"http": {"host": "h", "secretOptions": {"uri": "/t"}}}),
            "http.secretOptions[uri]: Fluentd's plugin takes it only inside",
        ),
        (
            json!({"kafka": {"brokers": "b", "topics": "a,b"}}),
            "kafka.topics: Fluentd's plugin takes one default topic",
        ),
        (
            json!({"kafka": {"brokers": "b", "awsMskIam": true}}),
            "kafka.awsMskIam: Fluentd's plugin enters MSK with access keys",
        ),
        (
            json!({"forward": {"upstream": "/u"}}),
            "forward.upstream: Fluentd's plugin has nothing like it",
        ),
        (
            json!({"custom": {"plugin": "x", "roleArn": "arn:aws:iam::444455556666:role/r"}}),
            "custom.roleArn: for Fluentd it is a parameter",
        ),
        (
            json!({"custom": {"plugin": "x", "options": {"a": "#{`id`}"}}}),
            "custom.options[a]: must not contain `#{`",
        ),
        (
            json!({"custom": {"plugin": "x", "options": {"a": "x\n@include /etc/passwd"}}}),
            "control character U+000A",
        ),
        (
            json!({"custom": {"plugin": "x", "options": {"@type": "exec"}}}),
            "@type is set by the operator",
        ),
        (
            json!({"s3": {"bucket": "b", "options": {"path": "a*/"}}}),
            "s3.options[path]: must not contain `*`",
        ),
    ] {
        match compiled(spec.clone()) {
            Ok(output) => panic!("{spec} compiled to {output:?}"),
            Err(error) => assert!(error.contains(expected), "{spec}: {error}"),
        }
    }
}

#[test]
fn only_what_log_options_can_say_needs_no_file() {
    let flat = compiled(json!({"newRelic": {"secretOptions": {"license_key": "/k"}}})).unwrap();
    assert!(!flat.needs_file());
    for spec in [
        json!({"newRelic": {"retryLimit": "5"}}),
        json!({"custom": {"plugin": "x", "options": {"a": "[1]"}}}),
        json!({"forward": {"host": "h"}}),
    ] {
        assert!(compiled(spec.clone()).unwrap().needs_file(), "{spec}");
    }
}

/// Words that mean something to a Fluentd file, among ordinary ones.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "\\PC{0,12}",
        1 => Just("\n".to_owned()),
        1 => Just("\n@include /x\n".to_owned()),
        1 => Just("</match>".to_owned()),
        1 => Just("\"#{`id`}\"".to_owned()),
        1 => Just("#".to_owned()),
        1 => Just("{".to_owned()),
        1 => Just("'".to_owned()),
        1 => Just("\\".to_owned()),
        1 => Just(" #".to_owned()),
        1 => Just("\u{2028}".to_owned()),
        1 => Just("[1,2]".to_owned()),
    ];
    prop::collection::vec(word, 0..4).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn what_is_written_for_fluentd_reads_back_whatever_the_strings(
        (name, argument, param) in (text(), text(), text()),
        (first, second) in (text(), text()),
        variable in "[A-Z_]{1,6}|\\PC{0,4}",
    ) {
        for (name, argument, param) in [
            (name.as_str(), argument.as_str(), param.as_str()),
            ("match", "app-firelens**", "path"),
        ] {
            let parts = vec![
                ElementPart::Text(first.clone()),
                ElementPart::Env(variable.clone()),
                ElementPart::Text(second.clone()),
            ];
            let parts = parts.into_iter().filter(|part| *part != ElementPart::Text(String::new()));
            let mut element = Element::new(name, argument).with(param, first.as_str());
            element.push("mixed", Value { parts: parts.collect() });
            if let Ok(written) = write_fluentd(std::slice::from_ref(&element)) {
                prop_assert_eq!(read_fluentd(&written), Ok(vec![element]), "{}", written);
            }
        }
    }

    #[test]
    fn fluentd_output_option_is_refused_or_passed_unchanged(value in text()) {
        let spec = json!({"custom": {"plugin": "x", "options": {"a": value}}});
        if let Ok(output) = compiled(spec) {
            let mut element = Element::new("match", "a-firelens**");
            element.push_at("a", Value::text(output.options["a"].as_str()));
            let written = write_fluentd(&[element]).unwrap();
            let read = read_fluentd(&written).unwrap();
            prop_assert_eq!(read[0].text_of("a"), Some(value.as_str()));
            if !output.needs_file() {
                // As the ECS agent writes it: bare.
                let read = read_fluentd(&format!("<match b>\n    a {value}\n</match>\n")).unwrap();
                prop_assert_eq!(read[0].text_of("a"), Some(value.as_str()));
            }
        }
    }
}
