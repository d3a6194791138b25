//! The rules of destinations: each case a spec and its mistakes.

use serde_json::{Value, json};

use super::{check, destination, mistakes};
use crate::v1alpha1::{Kind, LogDestinationSpec};

const ARN: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf";

fn check_destinations(cases: &[(Value, &[&str])]) {
    check(Kind::LogDestination, destination, cases);
}

#[test]
fn exactly_one_block_is_given() {
    check_destinations(&[
        (
            json!({}),
            &["spec: Required value: exactly one of cloudWatchLogs, firehose"],
        ),
        (
            json!({"datadog": {}, "newRelic": {}}),
            &["spec.newRelic: Forbidden: exactly one of"],
        ),
        (
            json!({"dataDog": {}}),
            &["spec.dataDog: Unknown field: did you mean \"datadog\"?"],
        ),
        (
            json!({"datadog": "x"}),
            &["spec.datadog: Invalid value: \"x\": must be an object"],
        ),
        (
            json!("x"),
            &["spec: Invalid value: \"x\": must be an object"],
        ),
    ]);
}

#[test]
fn every_block_is_admitted_with_what_it_needs() {
    let least = [
        json!({"logGroupName": "/app", "logStreamPrefix": "x-"}),
        json!({"deliveryStream": "s"}),
        json!({"stream": "s"}),
        json!({"bucket": "logs"}),
        json!({"host": "h"}),
        json!({"cloudId": "c"}),
        json!({"secretOptions": {"apikey": ARN}}),
        json!({"host": "h", "secretOptions": {"splunk_token": ARN}}),
        json!({"secretOptions": {"license_key": ARN}}),
        json!({"host": "h"}),
        json!({"host": "h"}),
        json!({"host": "h"}),
        json!({"brokers": "b:9092"}),
        json!({"host": "h"}),
        json!({"plugin": "gelf", "options": {"Host": "h"}}),
    ];
    for (name, block) in LogDestinationSpec::BLOCKS.iter().zip(least) {
        let mut spec = json!({});
        spec[*name] = block;
        check_destinations(&[(spec, &[])]);
    }
}

#[test]
fn blocks_have_their_rules() {
    check_destinations(&[
        (
            json!({"cloudWatchLogs": {}}),
            &[
                "spec.cloudWatchLogs.logGroupName: Required",
                "spec.cloudWatchLogs: Required",
            ],
        ),
        (
            json!({"cloudWatchLogs": {"logGroupName": "g", "logStreamPrefix": "a", "logStreamName": "b", "logRetentionDays": 2}}),
            &[
                "spec.cloudWatchLogs.logStreamName: Forbidden",
                "spec.cloudWatchLogs.logRetentionDays: Unsupported value: 2",
            ],
        ),
        (
            json!({"s3": {"bucket": "logs", "roleArn": "x", "externalId": ""}}),
            &["spec.s3.roleArn: Invalid value: \"x\""],
        ),
        (
            json!({"s3": {"bucket": "logs", "region": "moon"}}),
            &["spec.s3.region: Invalid"],
        ),
        (
            json!({"elasticsearch": {}}),
            &["spec.elasticsearch: Required"],
        ),
        (
            json!({"elasticsearch": {"host": "h", "cloudId": "c"}}),
            &["spec.elasticsearch.cloudId: Forbidden"],
        ),
        (
            json!({"elasticsearch": {"host": "h", "timeKey": "@timestamp"}}),
            &[],
        ),
        (json!({"forward": {}}), &["spec.forward: Required"]),
        (
            json!({"forward": {"host": "h", "unixPath": "/x"}}),
            &["spec.forward.unixPath: Forbidden"],
        ),
        (
            json!({"loki": {"host": "h", "port": 70000}}),
            &["spec.loki.port: Invalid value: 70000: must be from 1 to 65535"],
        ),
        (
            json!({"http": {"host": "h", "log_group": "x"}}),
            &["spec.http.log_group: Unknown field: not a field here"],
        ),
        (
            json!({"http": {"host": "h", "json_date_key": "x"}}),
            &["spec.http.json_date_key: Unknown field: did you mean \"jsonDateKey\"?"],
        ),
        (
            json!({"http": {"host": "h", "header": ["X-A b", "Authorization Bearer x"]}}),
            &["spec.http.header[1]: Forbidden"],
        ),
        (
            json!({"datadog": {"retryLimit": "often"}}),
            &["spec.datadog.retryLimit: Invalid"],
        ),
        (
            json!({"custom": {"plugin": "sns", "awsPermissions": [{"actions": ["sns:Publish", "*", "sns:*", "iam:PutRolePolicy"], "resources": ["arn:aws:sns:us-east-1:111122223333:t", "t"]}]}}),
            &[
                "spec.custom.awsPermissions[0].actions[1]: Invalid",
                "spec.custom.awsPermissions[0].actions[2]: Invalid",
                "spec.custom.awsPermissions[0].actions[3]: Forbidden",
                "spec.custom.awsPermissions[0].resources[1]: Invalid",
            ],
        ),
        (
            json!({"custom": {"plugin": "x", "awsPermissions": [{"actions": []}]}}),
            &[
                "spec.custom.awsPermissions[0].actions: Required",
                "spec.custom.awsPermissions[0].resources: Required",
            ],
        ),
    ]);
}

#[test]
fn options_are_text_that_fluent_bit_can_read() {
    for (options, expected) in [
        (
            json!({"net.keepalive": "off", "Log_Level": "warn", "provider_x": "a: b"}),
            None,
        ),
        (json!({"a b": "x"}), Some("[a b]: Invalid")),
        (json!({"": "x"}), Some("[]: Invalid")),
        (json!({"1a": "x"}), Some("[1a]: Invalid")),
        (json!({"Name": "x"}), Some("[Name]: Forbidden")),
        (json!({"mAtch": "*"}), Some("[mAtch]: Forbidden")),
        (json!({"@type": "x"}), Some("[@type]: Forbidden")),
        (json!({"A.b": "x", "a.B": "y"}), Some("[a.B]: Duplicate")),
        (
            json!({"a": ""}),
            Some("[a]: Invalid value: \"<redacted>\": must not be empty"),
        ),
        (json!({"a": " x"}), Some("[a]: Invalid")),
        (json!({"a": "x\n[OUTPUT]"}), Some("[a]: Invalid")),
        (json!({"a": "x\u{2028}y"}), Some("[a]: Invalid")),
        (json!({"a": "x\u{7}"}), Some("[a]: Invalid")),
        (json!({"a": "[x"}), Some("[a]: Invalid")),
        (json!({"a": "@INCLUDE x"}), Some("[a]: Invalid")),
        (json!({"a": "x".repeat(8193)}), Some("[a]: Too long")),
        (
            json!({"a": 5}),
            Some("[a]: Invalid value: \"<redacted>\": must be a string"),
        ),
        (
            json!({"Dd_Service": "x"}),
            Some("[Dd_Service]: Forbidden: use the field \"ddService\""),
        ),
        (
            json!({"apikey": "hunter2"}),
            Some("[apikey]: Forbidden: holds a secret: use secretOptions"),
        ),
        (json!({"apikey": "${DD_API_KEY}"}), None),
    ] {
        let expected: Vec<String> = expected
            .iter()
            .map(|e| format!("spec.datadog.options{e}"))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check_destinations(&[(json!({"datadog": {"options": options}}), &expected)]);
    }
}

#[test]
fn secret_options_are_references() {
    check_destinations(&[
        (
            json!({"datadog": {"secretOptions": {"apikey": "/dd/key"}}}),
            &[],
        ),
        (
            json!({"kafka": {"brokers": "b", "secretOptions": {"rdkafka.sasl.password": ARN}}}),
            &[],
        ),
        (
            json!({"datadog": {"secretOptions": {"api-key": ARN}}}),
            &["spec.datadog.secretOptions[api-key]: Invalid"],
        ),
        (
            json!({"datadog": {"secretOptions": {"apikey": "hunter 2"}}}),
            &["spec.datadog.secretOptions[apikey]: Invalid value: \"<redacted>\""],
        ),
        (
            json!({"datadog": {"secretOptions": {"Match": ARN}}}),
            &["spec.datadog.secretOptions[Match]: Forbidden"],
        ),
        (
            json!({"datadog": {"options": {"x": "y"}, "secretOptions": {"X": ARN}}}),
            &["spec.datadog.secretOptions[X]: Duplicate"],
        ),
        (
            json!({"http": {"host": "h", "uri": "/x", "secretOptions": {"URI": ARN}}}),
            &["spec.http.secretOptions[URI]: Duplicate"],
        ),
        (
            json!({"http": {"host": "h", "secretOptions": {"URI": ARN, "header": ARN}}}),
            &[],
        ),
    ]);
}

#[test]
fn a_secret_is_never_shown() {
    for spec in [
        json!({"datadog": {"apikey": "hunter2"}}),
        json!({"datadog": {"options": {"apikey": "hunter2", "x": "[hunter2", "Name": "hunter2"}}}),
        json!({"datadog": {"secretOptions": {"apikey": "hunter2 "}}}),
        json!({"datadog": {"header": ["authorization hunter2", " hunter2"]}}),
        json!({"datadog": [{"apikey": "hunter2"}]}),
        json!({"http": {"host": "h", "uri": "/key/hunter2\n", "proxy": " http://u:hunter2@p"}}),
        json!({"custom": {"plugin": "x", "options": {"password": "hunter2"}}}),
    ] {
        let found = mistakes(Kind::LogDestination, &destination(&spec));
        assert!(!found.is_empty(), "{spec}");
        assert!(
            found.iter().all(|error| !error.contains("hunter2")),
            "{found:#?}"
        );
    }
    let hint = mistakes(
        Kind::LogDestination,
        &destination(&json!({"datadog": {"apikey": "x"}})),
    );
    assert!(hint[0].contains("secretOptions"), "{hint:?}");
}
