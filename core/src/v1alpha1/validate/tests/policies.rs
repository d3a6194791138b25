//! The rules of policies: each case a spec and its mistakes.

use serde_json::{Value, json};

use super::{check, policy};
use crate::v1alpha1::Kind;

const ARN: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf";

fn check_policies(cases: &[(Value, &[&str])]) {
    check(Kind::LoggingPolicy, policy, cases);
}

#[test]
fn selectors_have_their_rules() {
    check_policies(&[
        (json!({"selector": {}}), &[]),
        (
            json!({"selector": {"targets": ["prod-?"], "services": ["a_*"]}}),
            &[],
        ),
        (
            json!({"selector": {"services": [""]}}),
            &["spec.selector.services[0]: Invalid"],
        ),
        (
            json!({"selector": {"clusters": ["ok", "[x]"]}}),
            &["spec.selector.clusters[1]: Invalid"],
        ),
        (
            json!({"selector": {"launchTypes": ["FARGATE", "LAMBDA"]}}),
            &[
                "spec.selector.launchTypes[1]: Unsupported value: \"LAMBDA\": supported values: \"FARGATE\", \"EC2\", \"EXTERNAL\", \"MANAGED_INSTANCES\"",
            ],
        ),
        (
            json!({"selector": {"serviceTags": {"matchExpressions": [
                {"key": "a", "operator": "In"}, {"key": "b", "operator": "Exists", "values": ["x"]},
                {"key": "c", "operator": "Like"}, {"operator": "Exists"}, {"key": "", "operator": "Exists"}]}}}),
            &[
                "spec.selector.serviceTags.matchExpressions[0].values: Required",
                "spec.selector.serviceTags.matchExpressions[1].values: Forbidden",
                "spec.selector.serviceTags.matchExpressions[2].operator: Unsupported",
                "spec.selector.serviceTags.matchExpressions[3].key: Required",
                "spec.selector.serviceTags.matchExpressions[4].key: Invalid",
            ],
        ),
        (
            json!({"selector": {"exclude": {"services": ["a/b"]}}}),
            &["spec.selector.exclude.services[0]"],
        ),
        (
            json!({"containers": {"include": []}}),
            &["spec.containers.include: Required"],
        ),
        (
            json!({"containers": {"exclude": ["a b"]}}),
            &["spec.containers.exclude[0]: Invalid"],
        ),
    ]);
}

#[test]
fn routers_have_their_rules() {
    check_policies(&[
        (
            json!({"router": {"name": "log router"}}),
            &["spec.router.name: Invalid"],
        ),
        (
            json!({"router": {"image": "a b"}}),
            &["spec.router.image: Invalid"],
        ),
        (
            json!({"router": {"user": "root"}}),
            &["spec.router.user: Invalid"],
        ),
        (
            json!({"router": {"user": 0}}),
            &["spec.router.user: Invalid value: 0: must be a string"],
        ),
        (
            json!({"router": {"cpu": -1}}),
            &["spec.router.cpu: Invalid"],
        ),
        (
            json!({"router": {"memoryReservationMiB": 5}}),
            &["spec.router.memoryReservationMiB: Invalid"],
        ),
        (
            json!({"router": {"memoryMiB": 100}}),
            &["spec.router.memoryMiB: Invalid"],
        ),
        (json!({"router": {"memoryMiB": 101}}), &[]),
        (
            json!({"router": {"startTimeoutSeconds": 1}}),
            &["spec.router.startTimeoutSeconds: Invalid"],
        ),
        (
            json!({"router": {"stopTimeoutSeconds": 121}}),
            &["spec.router.stopTimeoutSeconds: Invalid"],
        ),
        (json!({"router": {"dependency": "HEALTHY"}}), &[]),
        (
            json!({"router": {"dependency": "HEALTHY", "healthCheck": {"type": "None"}}}),
            &["spec.router.dependency: Invalid"],
        ),
        (
            json!({"router": {"healthCheck": {"type": "Auto", "command": ["CMD", "x"]}}}),
            &["spec.router.healthCheck.command: Forbidden"],
        ),
        (
            json!({"router": {"healthCheck": {"type": "Auot", "command": ["CMD", "x"]}}}),
            &["spec.router.healthCheck.type: Unsupported"],
        ),
        (
            json!({"router": {"healthCheck": {"type": "Custom", "command": ["curl"]}}}),
            &["spec.router.healthCheck.command: Invalid"],
        ),
        (
            json!({"router": {"healthCheck": {"type": "None", "retries": 3}}}),
            &["spec.router.healthCheck.retries: Forbidden"],
        ),
        (
            json!({"router": {"healthCheck": {"type": "Auto", "intervalSeconds": 4, "timeoutSeconds": 61, "retries": 0, "startPeriodSeconds": 301}}}),
            &[
                "spec.router.healthCheck.intervalSeconds: Invalid value: 4: must be from 5 to 300",
                "spec.router.healthCheck.timeoutSeconds: Invalid",
                "spec.router.healthCheck.retries: Invalid",
                "spec.router.healthCheck.startPeriodSeconds: Invalid",
            ],
        ),
        (json!({"router": {"logs": {"none": true}}}), &[]),
        (
            json!({"router": {"logs": {"none": true, "group": "/x"}}}),
            &["spec.router.logs.group: Forbidden"],
        ),
        (
            json!({"router": {"logs": {}}}),
            &["spec.router.logs.group: Required"],
        ),
        (
            json!({"router": {"environment": {"1A": "x"}}}),
            &["spec.router.environment[1A]: Invalid"],
        ),
        (
            json!({"router": {"environment": {"FLUENT_UID": "x"}}}),
            &["spec.router.environment[FLUENT_UID]: Forbidden"],
        ),
        (
            json!({"router": {"environment": {"DD_API_KEY": "x"}}}),
            &["spec.router.environment[DD_API_KEY]: Forbidden: holds a secret"],
        ),
        (
            json!({"router": {"environment": {"A": "x"}, "secrets": {"A": ARN}}}),
            &["spec.router.secrets[A]: Duplicate"],
        ),
        (
            json!({"router": {"secrets": {"A": "the secret itself"}}}),
            &["spec.router.secrets[A]: Invalid value: \"<redacted>\""],
        ),
    ]);
}

#[test]
fn outputs_have_their_rules() {
    let s3 = json!({"s3": {"bucket": "logs"}});
    check_policies(&[
        (json!({"outputs": []}), &["spec.outputs: Required"]),
        (
            json!({"outputs": [], "customConfig": "[OUTPUT]\n    Name null\n    Match *"}),
            &[],
        ),
        (
            json!({"outputs": [], "config": {"delivery": "File", "file": "/etc/x.conf"}}),
            &[],
        ),
        (
            json!({"outputs": [{"name": "a"}]}),
            &["spec.outputs[0]: Required value: exactly one of destinationRef, destination"],
        ),
        (
            json!({"outputs": [{"name": "a", "destinationRef": {"name": "d"}, "destination": s3}]}),
            &["spec.outputs[0].destination: Forbidden"],
        ),
        (
            json!({"outputs": [{"name": "a", "destination": s3}, {"name": "a", "destination": s3}, {"name": "A_B", "destination": s3}, {"destination": s3}]}),
            &[
                "spec.outputs[1].name: Duplicate",
                "spec.outputs[2].name: Invalid",
                "spec.outputs[3].name: Required",
            ],
        ),
        (
            json!({"outputs": [{"name": "a", "destinationref": {"name": "d"}}]}),
            &["spec.outputs[0].destinationref: Unknown field: did you mean \"destinationRef\"?"],
        ),
        (
            json!({"outputs": [{"name": "a", "destinationRef": {"name": "D"}}]}),
            &["spec.outputs[0].destinationRef.name: Invalid"],
        ),
        (
            json!({"outputs": [{"name": "a", "destination": s3, "containers": []}]}),
            &["spec.outputs[0].containers: Required"],
        ),
        (
            json!({"outputs": [{"name": "a", "destination": s3, "includePattern": "[ERROR]"}]}),
            &[],
        ),
        (
            json!({"outputs": [{"name": "a", "destination": s3, "includePattern": "a\nb"}]}),
            &["spec.outputs[0].includePattern: Invalid value: \"a\\nb\": must be one line"],
        ),
        (
            json!({"outputs": [{"name": "a", "destination": {"s3": {"bucket": "No"}}}, {"name": "b", "destination": {"datadgo": {}}}]}),
            &[
                "spec.outputs[0].destination.s3.bucket: Invalid",
                "spec.outputs[1].destination.datadgo: Unknown field: did you mean \"datadog\"?",
            ],
        ),
        (
            json!({"outputs": "x", "mode": 5}),
            &["spec.outputs: Invalid", "spec.mode: Unsupported"],
        ),
        (
            json!({"outputs": [5]}),
            &["spec.outputs[0]: Invalid value: 5: must be an object"],
        ),
    ]);
}

#[test]
fn what_this_version_lacks_is_said() {
    let custom = json!({"custom": {"plugin": "stdout"}});
    check_policies(&[
        (
            json!({"rollout": {"approval": "Required"}}),
            &["spec.rollout.approval: Unsupported value: \"Required\": supported values: \"Auto\""],
        ),
        (
            json!({"rollout": {"windows": [{"schedule": "0 2 * * *", "durationMinutes": 60}]}}),
            &["spec.rollout.windows: Unsupported"],
        ),
        (
            json!({"resources": {"resize": "Allow"}}),
            &["spec.resources.resize: Unsupported value: \"Allow\": supported values: \"Never\""],
        ),
        (
            json!({"router": {"type": "fluentd", "image": "fluent/fluentd:v1.16-1"}, "outputs": [{"name": "a", "destination": custom}]}),
            &[],
        ),
        (
            json!({"router": {"type": "fluentd"}, "filters": [{"throttle": {}}], "customConfig": "x", "outputs": [{"name": "a", "destination": {"s3": {"bucket": "logs"}}}]}),
            &[
                "spec.router.image: Required",
                "spec.outputs[0].destination.s3: Unsupported",
                "spec.filters: Unsupported",
                "spec.customConfig: Unsupported",
            ],
        ),
    ]);
}

#[test]
fn rollouts_and_deliveries_have_their_rules() {
    check_policies(&[
        (json!({"rollout": {"maxConcurrent": "10%"}}), &[]),
        (
            json!({"rollout": {"maxConcurrent": 0}}),
            &["spec.rollout.maxConcurrent: Invalid value: 0"],
        ),
        (
            json!({"rollout": {"maxConcurrent": "101%"}}),
            &["spec.rollout.maxConcurrent: Invalid value: \"101%\""],
        ),
        (
            json!({"rollout": {"maxConcurrent": 1.5}}),
            &["spec.rollout.maxConcurrent: Invalid"],
        ),
        (
            json!({"rollout": {"canary": {"count": -1}, "failureThreshold": 0, "progressDeadlineSeconds": 1}}),
            &[
                "spec.rollout.canary.count",
                "spec.rollout.failureThreshold",
                "spec.rollout.progressDeadlineSeconds",
            ],
        ),
        (
            json!({"bufferLimit": 536_870_912}),
            &["spec.bufferLimit: Invalid"],
        ),
        (json!({"bufferLimit": 0, "priority": -5}), &[]),
        (
            json!({"priority": 3_000_000_000_u32}),
            &["spec.priority: Invalid"],
        ),
        (
            json!({"config": {"delivery": "File"}}),
            &["spec.config.file: Required"],
        ),
        (
            json!({"config": {"delivery": "File", "file": "x.conf"}}),
            &["spec.config.file: Invalid"],
        ),
        (
            json!({"config": {"delivery": "File", "file": "/fluent-bit/etc/fluent-bit.conf"}}),
            &["spec.config.file: Forbidden"],
        ),
        (
            json!({"config": {"file": "/x.conf"}}),
            &["spec.config.file: Forbidden"],
        ),
        (
            json!({"config": {"delivery": "Flie", "file": "/x.conf"}}),
            &["spec.config.delivery: Unsupported"],
        ),
        (
            json!({"config": {"delivery": "Inline"}, "filters": [{"throttle": {}}]}),
            &["spec.config.delivery: Invalid"],
        ),
        (
            json!({"customConfig": "a\u{0}"}),
            &["spec.customConfig: Invalid value: \"<redacted>\""],
        ),
        (
            json!({"customConfig": "a".repeat(65_537)}),
            &["spec.customConfig: Too long"],
        ),
    ]);
}

#[test]
fn filters_have_their_rules() {
    for (filter, expected) in [
        (
            json!({"grep": {"exclude": ["log GET /healthz"]}, "containers": ["app-*"]}),
            None,
        ),
        (
            json!({"modify": {"set": {"env": "prod"}, "rename": {"a": "b"}}}),
            None,
        ),
        (
            json!({"multiline": {"multilineParser": ["java", "go"], "multilineKeyContent": "log"}}),
            None,
        ),
        (
            json!({"nest": {"operation": "lift", "nestedUnder": "k"}}),
            None,
        ),
        (
            json!({"custom": {"plugin": "type_converter", "options": {"int_key": "a b string"}}}),
            None,
        ),
        (
            json!({}),
            Some(": Required value: exactly one of multiline, parser, grep"),
        ),
        (json!({"containers": ["*"]}), Some(": Required")),
        (
            json!({"grep": {"regex": ["log x"]}, "throttle": {}}),
            Some(".throttle: Forbidden"),
        ),
        (
            json!({"grp": {}}),
            Some(".grp: Unknown field: did you mean \"grep\"?"),
        ),
        (json!({"grep": {}}), Some(".grep: Required")),
        (
            json!({"grep": {"regex": ["log"]}}),
            Some(".grep.regex[0]: Invalid"),
        ),
        (
            json!({"grep": {"regex": ["log a"], "exclude": ["log b"], "logicalOp": "AND"}}),
            Some(".grep.exclude: Forbidden"),
        ),
        (
            json!({"grep": {"regex": ["log a\nb"]}}),
            Some(".grep.regex[0]: Invalid"),
        ),
        (
            json!({"parser": {"keyName": "log", "parser": []}}),
            Some(".parser.parser: Required"),
        ),
        (
            json!({"parser": {"parser": ["json"]}}),
            Some(".parser.keyName: Required"),
        ),
        (
            json!({"recordModifier": {"record": {"a b": "c"}}}),
            Some(".recordModifier.record[a b]: Invalid"),
        ),
        (
            json!({"recordModifier": {"record": {"a": ""}}}),
            Some(".recordModifier.record[a]: Invalid"),
        ),
        (
            json!({"modify": {"condition": ["Key_exists a"]}}),
            Some(".modify: Required"),
        ),
        (
            json!({"nest": {"operation": "lift"}}),
            Some(".nest.nestedUnder: Required"),
        ),
        (json!({"lua": {"call": "f"}}), Some(".lua: Required")),
        (
            json!({"lua": {"call": "f", "code": "a\nb"}}),
            Some(".lua.code: Invalid"),
        ),
        (
            json!({"throttle": {"rate": 0}}),
            Some(".throttle.rate: Invalid"),
        ),
        (
            json!({"rewriteTag": {"rule": ["$log x new"]}}),
            Some(".rewriteTag.rule[0]: Invalid"),
        ),
        (
            json!({"multiline": {}}),
            Some(".multiline.multilineParser: Required"),
        ),
        (
            json!({"multiline": {"mode": "x", "multilineParser": ["go"]}}),
            Some(".multiline.mode: Unsupported"),
        ),
        (
            json!({"custom": {"plugin": "x", "options": {"Match": "*"}}}),
            Some(".custom.options[Match]: Forbidden"),
        ),
        (
            json!({"custom": {"plugin": "x y"}}),
            Some(".custom.plugin: Invalid"),
        ),
    ] {
        let expected: Vec<String> = expected
            .iter()
            .map(|e| format!("spec.filters[0]{e}"))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check_policies(&[(json!({"filters": [filter]}), &expected)]);
    }
}

#[test]
fn parsers_have_their_rules() {
    let rules = json!([{"state": "start_state", "regex": "^\\d", "next": "cont"}, {"state": "cont", "regex": "^ ", "next": "cont"}]);
    for (parser, expected) in [
        (
            json!({"name": "p", "format": "json", "timeKey": "t", "timeFormat": "[%d]"}),
            None,
        ),
        (
            json!({"name": "p", "format": "regex", "regex": "[a-z]"}),
            None,
        ),
        (
            json!({"name": "p", "multiline": {"rules": rules, "flushTimeoutMs": 1000}}),
            None,
        ),
        (json!({"name": "p"}), Some(": Required")),
        (
            json!({"name": "p", "format": "regex"}),
            Some(".regex: Required"),
        ),
        (
            json!({"name": "p", "format": "xml"}),
            Some(".format: Unsupported"),
        ),
        (
            json!({"name": "p q", "format": "json"}),
            Some(".name: Invalid"),
        ),
        (
            json!({"name": "p", "format": "json", "types": {"a": "int"}}),
            Some(".types[a]: Unsupported"),
        ),
        (
            json!({"name": "p", "multiline": {"rules": []}}),
            Some(".multiline.rules: Required"),
        ),
        (
            json!({"name": "p", "multiline": {"rules": [{"state": "start_state", "regex": "a", "next": "b"}]}}),
            Some(".multiline.rules[0].next: Invalid"),
        ),
    ] {
        let expected: Vec<String> = expected
            .iter()
            .map(|e| format!("spec.parsers[0]{e}"))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check_policies(&[(json!({"parsers": [parser]}), &expected)]);
    }
    let same = json!({"name": "p", "format": "json"});
    check_policies(&[(
        json!({"parsers": [same, same]}),
        &["spec.parsers[1].name: Duplicate"],
    )]);
}
