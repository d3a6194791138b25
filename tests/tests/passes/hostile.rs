//! No stored object, response or request ends the pass of a target.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use bytes::Bytes;
use firelens_controller::{PassOutcome, PassResult};
use firelens_tests::fake_aws::{ACCOUNT, Fault, FaultPlan, Source, When};
use firelens_tests::harness::scene::{POLICY, policy, small_fleet};
use firelens_tests::harness::{Harness, Passed, TARGET, condition};
use firelens_types::v1alpha1::{Kind, RESTORE_FINALIZER};
use serde_json::{Value, json};

const MAX_PASSES: usize = 60;
/// Each odd answer has its turn, and each operation every so many of them.
const STRIDE: usize = 4;

/// A pass that comes to its end, whatever it found.
async fn pass(harness: &mut Harness) -> PassOutcome {
    let Passed::Ended(outcome) = harness.pass().await else {
        panic!("no crash was asked for")
    };
    assert_ne!(outcome.result, PassResult::Failed);
    assert_ne!(outcome.result, PassResult::Gone);
    outcome
}

async fn passes(harness: &mut Harness, count: usize) {
    for _ in 0..count {
        pass(harness).await;
        harness.fake.advance(Duration::from_secs(30));
    }
}

/// An object that was stored without being checked.
async fn store(harness: &Harness, kind: Kind, name: &str, metadata: &Value, spec: &Value) {
    let mut object = json!({"metadata": {"name": name}, "spec": spec});
    for (member, value) in metadata.as_object().unwrap() {
        object["metadata"][member] = value.clone();
    }
    harness.store.create(kind, object).await.unwrap();
}

/// Changes a stored object behind the back of the API.
async fn alter(harness: &Harness, kind: Kind, name: &str, path: &str, value: &Value) {
    let kind = kind.name();
    harness
        .execute(&format!(
            "UPDATE objects SET object = jsonb_set(object::jsonb, '{path}', '{value}')::json
             WHERE kind = '{kind}' AND name = '{name}'"
        ))
        .await;
}

/// The policy whose router a service runs.
fn owner(harness: &Harness, service: &str) -> String {
    let live = harness.fake.live("main", service).unwrap();
    let containers = live["taskDefinition"]["containerDefinitions"]
        .as_array()
        .unwrap();
    let labels = containers
        .iter()
        .map(|container| &container["dockerLabels"]);
    let named = labels.filter_map(|labels| labels["firelens.dev/policy"].as_str());
    named.collect()
}

#[tokio::test]
async fn objects_of_another_version_stop_nobody() {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    for kind in [
        Kind::LoggingPolicy,
        Kind::LogDestination,
        Kind::Freeze,
        Kind::AwsTarget,
    ] {
        let odd = json!({"later": {"a": [1, null]}, "selector": 7});
        store(&harness, kind, "odd", &json!({}), &odd).await;
        alter(&harness, kind, "odd", "{metadata,labels}", &json!({"a": 7})).await;
    }
    let label = json!({"labels": {"firelens.dev/target": TARGET}});
    let of_target = json!({"target": TARGET, "later": 1});
    store(&harness, Kind::Rollout, "odd", &label, &of_target).await;
    let name = format!("{TARGET}.main.web");
    store(
        &harness,
        Kind::Workload,
        &name,
        &label,
        &json!({"target": TARGET}),
    )
    .await;
    alter(&harness, Kind::Workload, &name, "{status}", &json!("fine")).await;
    harness.settle(MAX_PASSES).await;
    for service in ["web", "jobs"] {
        assert!(harness.has_router("main", service));
        assert_eq!(harness.reason("main", service, "Ready").await, "InSync");
    }
}

#[tokio::test]
async fn an_overlong_policy_name_is_still_rolled_out_and_deleted() {
    let mut harness = small_fleet().await;
    let name = "a".repeat(253);
    let mut spec = policy()["spec"].clone();
    spec["priority"] = json!(7);
    spec["selector"] = json!({"services": ["web"]});
    let held = json!({"finalizers": [RESTORE_FINALIZER], "labels": {"a": "b".repeat(300)}});
    store(&harness, Kind::LoggingPolicy, &name, &held, &spec).await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(owner(&harness, "web"), name);
    assert_eq!(owner(&harness, "jobs"), POLICY);
    let stored = harness.get(Kind::LoggingPolicy, &name).await.unwrap();
    let ready = condition(&stored["status"], "Ready").unwrap();
    assert_eq!(ready["status"], "True", "{ready}");

    harness.delete(Kind::LoggingPolicy, &name).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.get(Kind::LoggingPolicy, &name).await.is_none());
    assert_eq!(owner(&harness, "web"), POLICY);
}

#[tokio::test]
async fn routers_of_an_unreadable_policy_are_kept_until_its_deletion() {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    alter(
        &harness,
        Kind::LoggingPolicy,
        POLICY,
        "{spec,later}",
        &json!(1),
    )
    .await;
    let mut other = policy();
    other["metadata"]["name"] = json!("other");
    other["spec"]["priority"] = json!(1);
    harness.apply(other).await;
    passes(&mut harness, 6).await;
    for service in ["web", "jobs"] {
        assert_eq!(owner(&harness, service), POLICY);
        assert_eq!(
            harness.reason("main", service, "Injected").await,
            "WaitingForRead"
        );
    }
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.get(Kind::LoggingPolicy, POLICY).await.is_none());
    assert_eq!(owner(&harness, "web"), "other");
}

#[tokio::test]
async fn a_target_that_cannot_be_read_is_not_forgotten() {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    let records = harness.store.records(TARGET).await.unwrap();
    alter(
        &harness,
        Kind::AwsTarget,
        TARGET,
        "{spec,accountId}",
        &json!(7),
    )
    .await;
    assert_eq!(pass(&mut harness).await.result, PassResult::Incomplete);
    assert_eq!(harness.store.records(TARGET).await.unwrap(), records);
    assert_eq!(harness.reason("main", "web", "Ready").await, "InSync");
    let account = json!(firelens_tests::fake_aws::ACCOUNT);
    alter(
        &harness,
        Kind::AwsTarget,
        TARGET,
        "{spec,accountId}",
        &account,
    )
    .await;
    harness.settle(MAX_PASSES).await;
}

#[tokio::test]
async fn a_workload_whose_report_is_refused_stops_nobody() {
    let mut harness = small_fleet().await;
    let name = format!("{TARGET}.main.web");
    harness
        .execute(&format!(
            "ALTER TABLE objects ADD CONSTRAINT refused CHECK (name <> '{name}')"
        ))
        .await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web"));
    assert!(harness.get(Kind::Workload, &name).await.is_none());
    assert_eq!(harness.reason("main", "jobs", "Ready").await, "InSync");
}

#[tokio::test]
async fn an_unrecordable_service_is_left_alone_and_blocks_no_other() {
    let mut harness = small_fleet().await;
    harness
        .execute("ALTER TABLE workload_records ADD CONSTRAINT refused CHECK (service <> 'web')")
        .await;
    harness.apply(policy()).await;
    passes(&mut harness, 10).await;
    assert!(harness.has_router("main", "jobs"));
    assert!(!harness.has_router("main", "web"));
    assert_eq!(harness.fake.revisions("web").len(), 1, "nothing was begun");
    assert_eq!(
        harness.reason("main", "web", "Injected").await,
        "WaitingForRead"
    );
}

#[tokio::test]
async fn an_unrecordable_router_resource_blocks_only_its_own_service() {
    let mut harness = small_fleet().await;
    harness
        .execute(
            "ALTER TABLE owned_resources ADD CONSTRAINT refused
                 CHECK (id !~ '^role/web')",
        )
        .await;
    harness.apply(policy()).await;
    passes(&mut harness, 10).await;
    assert!(harness.has_router("main", "jobs"));
    assert!(!harness.has_router("main", "web"));
}

/// Responses that no service gives.
fn odd_answers() -> Vec<Bytes> {
    let mut answers: Vec<Bytes> = [
        "",
        "[]",
        "{}",
        "<a>",
        "{\"a\":",
        "<GetRoleResponse><GetRoleResult><Role></Role></GetRoleResult></GetRoleResponse>",
        "{\"serviceArns\": 7, \"clusterArns\": {}, \"services\": [7, null, {}], \"taskDefinition\": []}",
        "{\"serviceArns\": [\"\"], \"clusterArns\": [\"\\u0000\"], \"taskArns\": [\"a\"], \"services\": [{\"serviceArn\": \"\\u0000\", \"taskDefinition\": 1}]}",
        "{\"status\": \"success\", \"data\": {\"resultType\": \"vector\", \"result\": [{\"value\": [0, null]}]}}",
    ]
    .map(Bytes::from)
    .to_vec();
    answers.push(Bytes::from_static(&[0, 0, 255, 254]));
    // CBOR: an indefinite map that never ends, and a text of a length that is not there.
    answers.push(Bytes::from_static(&[0xbf, 0x61, 0x41]));
    answers.push(Bytes::from_static(&[
        0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    ]));
    answers.push(Bytes::from("x".repeat(300_000)));
    answers
}

#[tokio::test]
async fn answers_that_no_service_gives_end_no_pass() {
    let operations = [
        "ListClusters",
        "DescribeClusters",
        "ListServices",
        "DescribeServices",
        "DescribeTaskDefinition",
        "GetRole",
        "GetRolePolicy",
        "ListRolePolicies",
        "HeadObject",
        "PutObject",
        "PutRolePolicy",
        "RegisterTaskDefinition",
        "ListTasks",
        "DescribeTasks",
        "DescribeAlarms",
        "GetMetricData",
        "DescribeLogStreams",
        "BatchGetImage",
        "Query",
    ];
    for (index, operation) in operations.into_iter().enumerate() {
        let answers = odd_answers().into_iter().skip(index % STRIDE);
        for answer in answers.step_by(STRIDE) {
            let mut harness = gated().await;
            let when = When::operation(operation).always();
            harness
                .fake
                .inject(FaultPlan::new(when, Fault::Body(answer.clone())));
            passes(&mut harness, 8).await;
            assert!(harness.fake.count(operation) > 0, "{operation} is asked");
            harness.fake.clear_faults();
            harness.fake.advance(Duration::from_secs(3_600));
            harness.settle(200).await;
            for service in ["web", "jobs"] {
                assert!(
                    harness.has_router("main", service),
                    "{service} after {operation} answered {answer:.80?}"
                );
            }
        }
    }
}

/// A rollout, one service after the other, that looks at an alarm, at Prometheus and at logs.
async fn gated() -> Harness {
    let harness = small_fleet().await;
    let mut policy = policy();
    policy["spec"]["rollout"]["gates"] = json!({
        "alarms": ["rings"],
        "prometheus": [{"name": "errors", "query": "errors", "max": 1}],
    });
    policy["spec"]["rollout"]["maxConcurrent"] = json!(1);
    harness.fake.set_alarm("rings", "OK");
    harness.fake.set_samples("errors", &["0"]);
    for service in ["web", "jobs"] {
        let image = format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{service}:1");
        harness.fake.push_image(&image, service);
        let deployed = harness
            .fake
            .owner_deploys("main", service, Source::Own, move |document| {
                document["containerDefinitions"][0]["image"] = json!(image);
            });
        deployed.unwrap();
    }
    harness.fake.advance(Duration::from_secs(120));
    harness.apply(policy).await;
    harness
}

#[tokio::test]
async fn an_odd_answer_to_an_update_ends_no_pass() {
    for answer in odd_answers().into_iter().step_by(STRIDE) {
        let mut harness = small_fleet().await;
        let when = When::operation("UpdateService").always();
        harness
            .fake
            .inject(FaultPlan::new(when, Fault::Body(answer)));
        harness.apply(policy()).await;
        passes(&mut harness, 5).await;
    }
}
