//! Destinations: `destinations.json` holds a table of specs with what they compile to.
//! `UPDATE_GOLDEN=1` writes the right-hand side.

use firelens_aws::iam::policy_document;
use firelens_fluent::outputs::{ImageLine, OutputScope, compile};
use firelens_types::v1alpha1::LogDestinationSpec;
use serde_json::{Value, json};

use crate::case::{assert_golden, folder, scope};

fn compiled(row: &Value) -> Value {
    let spec: LogDestinationSpec = serde_json::from_value(row["spec"].clone()).unwrap();
    let region = row["region"].as_str().unwrap_or("us-east-1");
    let scope = OutputScope {
        region,
        partition: firelens_aws::iam::partition_of_region(region),
        ..scope()
    };
    let output = match compile(&spec, &scope) {
        Ok(output) => output,
        Err(error) => return json!({"error": error.to_string()}),
    };
    let mut value = json!({"plugin": output.plugin, "options": output.options});
    if !output.repeated.is_empty() {
        value["repeated"] = json!(output.repeated);
    }
    if !output.secret_options.is_empty() {
        value["secretOptions"] = json!(output.secret_options);
    }
    if !output.grants.is_empty() {
        value["grants"] = json!(output.grants);
    }
    value
}

#[test]
fn every_destination_compiles_to_its_plugin_options_and_grants() {
    let path = folder().join("destinations.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut table: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut blocks = std::collections::BTreeSet::new();
    for row in &mut table {
        let block = row["spec"].as_object().unwrap().keys().next().cloned();
        blocks.extend(block);
        row["gives"] = compiled(row);
    }
    let actual = format!("{}\n", serde_json::to_string_pretty(&table).unwrap());
    assert_golden(&path, Some(&actual));
    for block in LogDestinationSpec::BLOCKS {
        assert!(blocks.contains(*block), "no row for {block}");
    }
}

fn error_of(spec: Value, image_line: ImageLine) -> String {
    let spec: LogDestinationSpec = serde_json::from_value(spec).unwrap();
    let scope = OutputScope {
        image_line,
        ..scope()
    };
    match compile(&spec, &scope) {
        Ok(output) => format!("compiled to {output:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn invalid_destination_is_refused_with_its_field_name() {
    let s3 = |options: Value| json!({"s3": {"bucket": "b", "options": options}});
    for (spec, expected) in [
        (
            json!({}),
            "destination: must have exactly one destination block",
        ),
        (
            json!({"s3": {"bucket": "b"}, "datadog": {}}),
            "destination: must have exactly one destination block",
        ),
        (
            s3(json!({"Bucket": "c"})),
            "s3.options[Bucket]: Bucket is given twice",
        ),
        (s3(json!({"x": "1", "X": "2"})), "x is given twice"),
        (s3(json!({"Match": "*"})), "Match is set by the operator"),
        (s3(json!({"name": "exec"})), "name is set by the operator"),
        (s3(json!({"a b": "c"})), "s3.options[a b]: must begin with"),
        (s3(json!({"a": ""})), "s3.options[a]: must not be empty"),
        (s3(json!({"a": "x\n${Y}"})), "must not contain `${`"),
        (
            s3(json!({"a": "x\n"})),
            "must not begin or end with a blank",
        ),
        (
            s3(json!({"a": "@INCLUDE x"})),
            "must not begin with a section header",
        ),
        (
            json!({"s3": {"bucket": "*"}}),
            "s3.bucket: must not contain `*`",
        ),
        (
            json!({"s3": {"bucket": "b", "s3KeyFormat": "logs/$TAG"}}),
            "s3.s3KeyFormat: must begin with `/`",
        ),
        (
            json!({"firehose": {"deliveryStream": "d", "roleArn": "${ROLE}"}}),
            "firehose.roleArn: must be the ARN of a role",
        ),
        (
            json!({"datadog": {"secretOptions": {"api-key": "k"}}}),
            "datadog.secretOptions[api-key]: a hyphen",
        ),
        (
            json!({"datadog": {"options": {"apikey": "k"}, "secretOptions": {"apikey": "k"}}}),
            "datadog.secretOptions[apikey]: apikey is given twice",
        ),
        (
            json!({"custom": {"plugin": "a b"}}),
            "custom.plugin: must consist of letters",
        ),
        (
            json!({"firehose": {"deliveryStream": "d", "timeKey": "t", "logKey": "log"}}),
            "time_key and log_key exclude each other",
        ),
        (
            json!({"forward": {"host": "h", "timeAsInteger": true, "compress": "gzip"}}),
            "time_as_integer and compress exclude each other",
        ),
        (
            json!({"http": {"host": "h", "oauth2Enable": true, "oauth2TokenUrl": "u", "oauth2ClientId": "c"}}),
            "oauth2.enable needs oauth2.client_secret",
        ),
        (
            json!({"s3": {"bucket": "b", "kmsKeyArn": "${KEY}"}}),
            "s3.kmsKeyArn: must be the ARN of a key",
        ),
        (
            json!({"custom": {"plugin": "s3", "roleArn": "${ROLE}"}}),
            "custom.roleArn: must be the ARN of a role",
        ),
        (
            json!({"kafka": {"brokers": "b:9098", "awsMskIam": true}}),
            "kafka.awsMskIamClusterArn: is needed",
        ),
    ] {
        let error = error_of(spec.clone(), ImageLine::V3);
        assert!(error.contains(expected), "{spec}: {error}");
    }
}

#[test]
fn newer_features_are_refused_only_on_known_old_images() {
    let loki = json!({"loki": {"host": "h", "compress": "gzip"}});
    let otlp = json!({"openTelemetry": {"host": "h"}});
    for spec in [&loki, &otlp] {
        let error = error_of(spec.clone(), ImageLine::V2);
        assert!(error.contains("aws-for-fluent-bit 3 or later"), "{error}");
        let fine = error_of(spec.clone(), ImageLine::Unknown);
        assert!(fine.starts_with("compiled"), "{fine}");
    }
}

#[test]
fn repeated_header_needs_a_config_file() {
    let compile_http = |header: Value| {
        let spec = json!({"http": {"host": "h", "header": header}});
        compile(&serde_json::from_value(spec).unwrap(), &scope()).unwrap()
    };
    assert!(!compile_http(json!(["A 1"])).needs_file());
    let two = compile_http(json!(["A 1", "B 2"]));
    assert!(two.needs_file());
    assert_eq!(two.repeated, [("header".to_owned(), "B 2".to_owned())]);
}

#[test]
fn no_grant_leaves_a_variable_for_iam_to_expand() {
    let spec = json!({"cloudWatchLogs": {
        "logGroupName": "/ecs/${ECS_CLUSTER}", "logGroupTemplate": "/t/$ecs_cluster", "logStreamPrefix": "x-"}});
    let output = compile(&serde_json::from_value(spec).unwrap(), &scope()).unwrap();
    assert!(!policy_document(&output.grants).contains('$'));
}
