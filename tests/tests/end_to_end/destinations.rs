//! One service for each typed destination, with the clock of the machine: all of them become Ready.

use firelens_tests::local_aws::{LocalAws, demo_task_definitions};
use firelens_types::v1alpha1::LogDestinationSpec;
use serde_json::{Value, json};

use crate::scene::{REGION, Scene, until_passes_are_over};

/// A destination of every kind, by the name of its block.
fn destinations() -> Vec<(&'static str, Value)> {
    vec![
        (
            "cloudWatchLogs",
            json!({"logGroupName": "/all", "logStreamPrefix": "all-"}),
        ),
        ("firehose", json!({"deliveryStream": "all"})),
        ("kinesisStreams", json!({"stream": "all"})),
        (
            "s3",
            json!({"bucket": "log-archive-111122223333", "region": REGION}),
        ),
        (
            "openSearch",
            json!({"host": "search-all-abcdefghij.us-east-1.es.amazonaws.com", "port": 443, "tls": true,
                "awsAuth": true, "index": "all", "suppressTypeName": true}),
        ),
        (
            "elasticsearch",
            json!({"host": "search.internal", "index": "all", "suppressTypeName": true}),
        ),
        (
            "datadog",
            json!({"ddService": "all", "secretOptions": {"apikey": "/all/datadog"}}),
        ),
        (
            "splunk",
            json!({"host": "splunk.internal", "secretOptions": {"splunk_token": "/all/splunk"}}),
        ),
        (
            "newRelic",
            json!({"secretOptions": {"license_key": "/all/new-relic"}}),
        ),
        (
            "loki",
            json!({"host": "loki.internal", "labels": "job=ecs"}),
        ),
        (
            "openTelemetry",
            json!({"host": "otel.internal", "port": 4318}),
        ),
        (
            "http",
            json!({"host": "logs.internal", "port": 443, "format": "json_lines"}),
        ),
        ("kafka", json!({"brokers": "b1:9092", "topics": "logs"})),
        (
            "forward",
            json!({"host": "aggregator.internal", "port": 24224}),
        ),
        (
            "custom",
            json!({"plugin": "kinesis_firehose", "options": {"delivery_stream": "all", "region": REGION}}),
        ),
    ]
}

/// The name of the service, and of all that is about it.
fn name(block: &str) -> String {
    format!("to-{}", block.to_lowercase())
}

/// A policy that sends the logs of one service to one place.
fn policy(block: &str, destination: &Value) -> Value {
    json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "LoggingPolicy",
        "metadata": {"name": name(block)},
        "spec": {
            "mode": "Enforce",
            "selector": {"services": [name(block)]},
            "outputs": [{"name": "main", "destination": {block: destination}}],
            "rollout": {"canary": {"count": 0}, "progressDeadlineSeconds": 60},
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_destination_becomes_ready_on_ministack() {
    let Some(aws) = LocalAws::ministack_with_tasks(REGION) else {
        return;
    };
    let destinations = destinations();
    let known: Vec<&str> = destinations.iter().map(|(block, _)| *block).collect();
    for block in LogDestinationSpec::BLOCKS {
        assert!(known.contains(block), "{block} is not tried");
    }
    let kind = demo_task_definitions(&["thumbnails"])[0].to_string();
    let document = |block: &str| {
        let text = kind.replace("thumbnails", &name(block));
        serde_json::from_str(&text).unwrap()
    };
    let documents = known.iter().map(|block| document(block)).collect();
    let scene = Scene::set_with(aws, documents).await;
    scene.apply_target();
    let policies = destinations
        .iter()
        .map(|(block, destination)| policy(block, destination));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": policies.collect::<Vec<_>>()});
    let file = scene.kubectl.file("policies.json", &list.to_string());
    let _ = scene.kubectl.ok(&["apply", "-f", &file]);

    scene.wait_for_workloads("--for=condition=Injected");
    scene.wait_for_workloads("--for=condition=Healthy");
    scene.wait_for_workloads("--for=condition=Ready");
    // It stays so, and every pass comes to its end.
    until_passes_are_over(&scene, 5.0);
    let failed = scene.metric("firelens_reconcile_total", "result=\"error\"");
    assert!(failed < 1.0, "{failed} passes failed");
    scene.wait_for_workloads("--for=condition=Ready");
}
