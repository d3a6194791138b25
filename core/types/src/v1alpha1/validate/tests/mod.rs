//! Admission as a whole: cases as data.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod anything;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{FieldError, admit};
use crate::v1alpha1::{Kind, LogDestination, LoggingPolicy};

/// Returns a policy with these members in its spec, beside one output.
fn policy(spec: &Value) -> Value {
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

/// Returns a target with these members in its spec, beside the required ones.
fn target(spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "AwsTarget",
        "metadata": {"name": "t"},
        "spec": {"accountId": "111122223333", "region": "us-east-1"}
    });
    for (name, value) in spec.as_object().unwrap() {
        object["spec"][name] = value.clone();
    }
    object
}

/// Returns a destination with this spec.
fn destination(spec: &Value) -> Value {
    json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "LogDestination",
        "metadata": {"name": "d"},
        "spec": spec
    })
}

/// Returns the mistakes, as text.
fn mistakes(kind: Kind, object: &Value) -> Vec<String> {
    let errors = admit(kind, object).err().unwrap_or_default();
    errors.iter().map(FieldError::to_string).collect()
}

/// Returns a freeze with these members in its spec, beside the required ones.
fn freeze(spec: &Value) -> Value {
    let mut whole = json!({"reason": "Black Friday", "until": "2026-12-01T00:00:00Z"});
    for (name, value) in spec.as_object().unwrap() {
        whole[name] = value.clone();
    }
    json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "Freeze", "metadata": {"name": "f"}, "spec": whole
    })
}

/// Returns a rollout with these members in its control.
fn rollout(control: &Value) -> Value {
    json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "p.g1.t"},
        "spec": {"policy": "p", "generation": 1, "target": "t", "control": control}
    })
}

/// Checks each case of the file: a spec, and the beginning of each of its mistakes, in any order.
fn check(kind: Kind, wrap: fn(&Value) -> Value, file: &str) {
    let groups: BTreeMap<String, Vec<Value>> = serde_json::from_str(file).unwrap();
    let mut wrong = Vec::new();
    for (group, cases) in groups {
        for case in cases {
            let actual = mistakes(kind, &wrap(&case["spec"]));
            let expected: Vec<&str> = case["mistakes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|start| start.as_str().unwrap())
                .collect();
            let fits = actual.len() == expected.len()
                && expected
                    .iter()
                    .all(|start| actual.iter().any(|error| error.starts_with(start)));
            if !fits {
                wrong.push(format!(
                    "{group}: {}\nexpected {expected:#?}\nfound {actual:#?}",
                    case["spec"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_case_has_its_mistakes_and_no_others() {
    check(Kind::LoggingPolicy, policy, include_str!("policies.json"));
    check(Kind::LoggingPolicy, policy, include_str!("filters.json"));
    check(
        Kind::LogDestination,
        destination,
        include_str!("destinations.json"),
    );
    check(Kind::AwsTarget, target, include_str!("targets.json"));
    check(Kind::Freeze, freeze, include_str!("freezes.json"));
    check(Kind::Rollout, rollout, include_str!("controls.json"));
}

#[test]
fn text_has_its_longest() {
    let long = |bytes: usize| "x".repeat(bytes);
    for (spec, expected) in [
        (json!({"customConfig": long(65_536)}), None),
        (
            json!({"customConfig": long(65_537)}),
            Some("spec.customConfig: Too long: may not be more than 65536 bytes"),
        ),
        (
            json!({"filters": [{"lua": {"call": "f", "code": long(32_769)}}]}),
            Some("spec.filters[0].lua.code: Too long: may not be more than 32768 bytes"),
        ),
    ] {
        let actual = mistakes(Kind::LoggingPolicy, &policy(&spec));
        assert_eq!(actual.first().map(String::as_str), expected);
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
                "image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.16",
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
                "waveGrowth": 2,
                "progressDeadlineSeconds": 1800,
                "onFailure": "Restore",
                "settleSeconds": 120,
                "movingTags": "Warn",
                "failureThreshold": 1,
                "approval": "Auto"
            },
            "deletionPolicy": "Restore"
        })
    );
}

#[test]
fn admitting_twice_changes_nothing_more() {
    let with_role = json!({
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
        (Kind::AwsTarget, with_role),
    ] {
        let once = admit(kind, &object).unwrap();
        let twice = admit(kind, &once).unwrap();
        assert_eq!(once.to_string(), twice.to_string());
    }
}

#[test]
fn what_the_controller_writes_is_checked_too() {
    let workload = json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "Workload", "metadata": {"name": "t.c.s"},
        "spec": {"target": "t", "cluster": "c", "service": "s"}
    });
    assert_eq!(admit(Kind::Workload, &workload).unwrap(), workload);
    let rollout = json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "Rollout", "metadata": {"name": "p-1-t"},
        "spec": {"policy": "p", "generation": "1"}
    });
    assert_eq!(
        mistakes(Kind::Rollout, &rollout),
        [
            "spec.target: Required value",
            "spec.generation: Invalid value: \"1\": must be an integer",
        ]
    );
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
            "spec.router.memoryMiB: Invalid value: 50: must be greater than memoryReservationMiB (100)",
            "spec.router.healthCheck.command: Required value: required by type Custom",
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
fn a_missing_field_hides_no_other_mistake() {
    let bare = json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "AwsTarget", "metadata": {"name": "t"},
        "spec": {"clusters": ["a b"]}
    });
    assert_eq!(mistakes(Kind::AwsTarget, &bare).len(), 3, "{bare}");
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
