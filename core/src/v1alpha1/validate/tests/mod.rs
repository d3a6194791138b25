//! Admission as a whole: cases as data.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod destinations;
mod policies;

use serde_json::{Value, json};

use super::{FieldError, admit};
use crate::v1alpha1::{Kind, LogDestination, LoggingPolicy};

/// A policy with this in its spec, beside one output.
pub(super) fn policy(spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "LoggingPolicy",
        "metadata": {"name": "p"},
        "spec": {"outputs": [{"name": "main", "destinationRef": {"name": "d"}}]}
    });
    for (name, value) in spec.as_object().unwrap() {
        object["spec"][name] = value.clone();
    }
    object
}

pub(super) fn destination(spec: &Value) -> Value {
    json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "LogDestination",
        "metadata": {"name": "d"},
        "spec": spec
    })
}

/// The mistakes, as text.
pub(super) fn mistakes(kind: Kind, object: &Value) -> Vec<String> {
    let errors = admit(kind, object).err().unwrap_or_default();
    errors.iter().map(FieldError::to_string).collect()
}

/// Each case: a spec, and what its only mistakes start with.
pub(super) fn check(kind: Kind, wrap: fn(&Value) -> Value, cases: &[(Value, &[&str])]) {
    for (spec, expected) in cases {
        let found = mistakes(kind, &wrap(spec));
        let fits = found.len() == expected.len()
            && expected
                .iter()
                .all(|start| found.iter().any(|error| error.starts_with(start)));
        assert!(fits, "{spec}\nexpected {expected:#?}\nfound {found:#?}");
    }
}

fn contract() -> Value {
    serde_json::from_str(include_str!("contract.json")).unwrap()
}

#[test]
fn the_example_of_the_contract_is_admitted_as_it_is() {
    let object = contract();
    let admitted = admit(Kind::LoggingPolicy, &object).unwrap();
    assert_eq!(
        admitted["spec"]["customConfig"], "",
        "what the user wrote stays"
    );
    assert_eq!(admitted["spec"]["outputs"][1]["containers"], json!(["*"]));
    let typed: LoggingPolicy = serde_json::from_value(admitted).unwrap();
    assert_eq!(typed.spec.custom_config, None);
    assert_eq!(typed.spec.config.file, None);
    assert_eq!(typed.spec.priority, 100);
}

#[test]
fn defaults_are_added_and_absent_options_stay_absent() {
    let admitted = admit(Kind::LoggingPolicy, &policy(&json!({}))).unwrap();
    assert_eq!(
        admitted["spec"],
        json!({
            "outputs": [{"name": "main", "destinationRef": {"name": "d"}, "containers": ["*"]}],
            "mode": "Audit",
            "priority": 0,
            "selector": {},
            "containers": {"include": ["*"], "onExistingFirelens": "Skip"},
            "router": {
                "type": "fluentbit",
                "name": "log_router",
                "image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:3.2.1",
                "essential": true,
                "memoryReservationMiB": 100,
                "ecsMetadata": true,
                "user": "0",
                "dependency": "START",
                "healthCheck": {"type": "Auto"}
            },
            "config": {"delivery": "Auto"},
            "iam": {"mode": "Manage"},
            "resources": {"resize": "Never"},
            "rollout": {
                "maxConcurrent": 5,
                "canary": {"count": 1, "bakeSeconds": 300},
                "progressDeadlineSeconds": 1800,
                "failureThreshold": 1,
                "approval": "Auto"
            },
            "deletionPolicy": "Restore"
        })
    );
}

#[test]
fn admitting_twice_changes_nothing_more() {
    let target = json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "AwsTarget", "metadata": {"name": "t"},
        "spec": {"accountId": "111122223333", "region": "us-east-1",
                 "assumeRole": {"arn": "arn:aws:iam::111122223333:role/r", "externalId": ""}}
    });
    for (kind, object) in [
        (Kind::LoggingPolicy, contract()),
        (
            Kind::LoggingPolicy,
            policy(&json!({"rollout": {"maxConcurrent": "10%"}})),
        ),
        (
            Kind::LogDestination,
            destination(&json!({"datadog": {"tls": true}})),
        ),
        (Kind::AwsTarget, target),
    ] {
        let once = admit(kind, &object).unwrap();
        let twice = admit(kind, &once).unwrap();
        assert_eq!(once.to_string(), twice.to_string());
    }
}

#[test]
fn metadata_and_status_pass_untouched() {
    let mut object = policy(&json!({}));
    object["metadata"]["creationTimestamp"] = Value::Null;
    object["metadata"]["somethingNew"] = json!({"a": 1});
    object["status"] = json!({"anything": null});
    let admitted = admit(Kind::LoggingPolicy, &object).unwrap();
    assert_eq!(admitted["metadata"], object["metadata"]);
    assert_eq!(admitted["status"], object["status"]);
}

#[test]
fn nulls_count_as_absent() {
    let object = policy(&json!({"mode": null, "filters": null, "router": {"cpu": null}}));
    let admitted = admit(Kind::LoggingPolicy, &object).unwrap();
    assert_eq!(admitted["spec"]["mode"], "Audit");
    assert!(admitted["spec"]["router"].get("cpu").is_none());
}

#[test]
fn five_mistakes_are_five_errors() {
    let object = policy(&json!({
        "mode": "Foo",
        "prioritty": 3,
        "bufferLimit": -1,
        "router": {"memoryMiB": 50, "healthCheck": {"type": "Custom"}}
    }));
    assert_eq!(
        mistakes(Kind::LoggingPolicy, &object),
        [
            "spec.mode: Unsupported value: \"Foo\": supported values: \"Audit\", \"Enforce\"",
            "spec.bufferLimit: Invalid value: -1: must be from 0 to 536870911",
            "spec.prioritty: Unknown field: did you mean \"priority\"?",
            "spec.router.memoryMiB: Invalid value: 50: must be above memoryReservationMiB (100)",
            "spec.router.healthCheck.command: Required value: type Custom needs it",
        ]
    );
}

#[test]
fn the_envelope_is_checked_with_the_rest() {
    let object = json!({
        "apiVersion": "firelens.dev/v1", "kind": "Policy", "specs": {},
        "metadata": {"name": "Bad_Name", "labels": {"a b": "c", "ok": 5}, "finalizers": "x"},
        "spec": {}
    });
    assert_eq!(
        mistakes(Kind::LogDestination, &object)
            .iter()
            .map(|error| error.split(": ").next().unwrap())
            .collect::<Vec<_>>(),
        [
            "apiVersion",
            "kind",
            "specs",
            "metadata.name",
            "metadata.labels[a b]",
            "metadata.labels[ok]",
            "metadata.finalizers",
            "spec",
        ]
    );
    assert_eq!(
        mistakes(Kind::AwsTarget, &json!([])),
        [": Invalid value: […]: must be an object"]
    );
    assert_eq!(mistakes(Kind::AwsTarget, &json!({})).len(), 4);
}

#[test]
fn names_have_their_limits() {
    let named = |kind: Kind, name: &str| {
        let mut object = match kind {
            Kind::LoggingPolicy => policy(&json!({})),
            _ => destination(&json!({"datadog": {}})),
        };
        object["metadata"] = json!({"name": name});
        mistakes(kind, &object)
    };
    let (short, long) = ("a".repeat(63), "a".repeat(64));
    assert!(named(Kind::LoggingPolicy, &short).is_empty());
    assert_eq!(
        named(Kind::LoggingPolicy, &long),
        ["metadata.name: Too long: may not be more than 63 bytes"]
    );
    assert!(named(Kind::LogDestination, &long).is_empty());
    assert_eq!(named(Kind::LogDestination, &"a".repeat(254)).len(), 1);
    assert_eq!(named(Kind::LogDestination, "").len(), 1);
}

#[test]
fn targets_have_their_rules() {
    let wrap = |spec: &Value| {
        let mut object = json!({
            "apiVersion": "firelens.dev/v1alpha1", "kind": "AwsTarget", "metadata": {"name": "t"},
            "spec": {"accountId": "111122223333", "region": "us-east-1"}
        });
        for (name, value) in spec.as_object().unwrap() {
            object["spec"][name] = value.clone();
        }
        object
    };
    check(
        Kind::AwsTarget,
        wrap,
        &[
            (
                json!({"configBucket": {"name": "my-configs", "prefix": "firelens/"}}),
                &[],
            ),
            (
                json!({"accountId": 111_122_223_333_i64}),
                &["spec.accountId: Invalid value: 111"],
            ),
            (
                json!({"accountId": "1"}),
                &["spec.accountId: Invalid value: \"1\""],
            ),
            (json!({"region": "Mars"}), &["spec.region: Invalid"]),
            (
                json!({"resyncSeconds": 0}),
                &["spec.resyncSeconds: Invalid value: 0: must be from 1 to 86400"],
            ),
            (
                json!({"resyncSeconds": 86401}),
                &["spec.resyncSeconds: Invalid"],
            ),
            (json!({"clusters": ["a b"]}), &["spec.clusters[0]: Invalid"]),
            (json!({"clusters": []}), &["spec.clusters: Required"]),
            (
                json!({"assumeRole": {"arn": "arn:aws:iam::1:role/x"}}),
                &["spec.assumeRole.arn: Invalid"],
            ),
            (
                json!({"assumeRole": {}}),
                &["spec.assumeRole.arn: Required"],
            ),
            (
                json!({"configBucket": {"name": "UPPER", "prefix": "/x"}, "region": 5}),
                &[
                    "spec.configBucket.name",
                    "spec.configBucket.prefix",
                    "spec.region",
                ],
            ),
        ],
    );
    let bare = json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "AwsTarget", "metadata": {"name": "t"},
        "spec": {"clusters": ["a b"]}
    });
    assert_eq!(
        mistakes(Kind::AwsTarget, &bare).len(),
        3,
        "missing fields hide nothing"
    );
}

#[test]
fn typed_blocks_are_found_again() {
    let object = destination(
        &json!({"openSearch": {"host": "h", "awsAuth": true, "roleArn": "arn:aws:iam::111122223333:role/r", "tlsVerify": false}}),
    );
    let admitted = admit(Kind::LogDestination, &object).unwrap();
    let typed: LogDestination = serde_json::from_value(admitted).unwrap();
    let block = typed.spec.block().unwrap().block();
    assert_eq!(block.plugin(), "opensearch");
    assert_eq!(
        block.typed_options(),
        [
            ("host", "h".to_owned()),
            ("tls.verify", "Off".to_owned()),
            ("aws_auth", "On".to_owned()),
            (
                "aws_role_arn",
                "arn:aws:iam::111122223333:role/r".to_owned()
            ),
        ]
    );
}
