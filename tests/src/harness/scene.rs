//! The documents and fleets of scenes, as owners and platform teams would write them.
#![allow(clippy::expect_used)]

use std::time::Duration;

use serde_json::{Value, json};

use super::rights::task_boundary;
use super::{Harness, TARGET};
use crate::fake_aws::{ACCOUNT, FakeAws, REGION};

/// The bucket that the target of every scene names, as the templates name it.
pub const BUCKET: &str = "firelens-config-111122223333-us-east-1";
/// How long deployments of the small fleet take: few polls, so that a test of every call has few
/// calls that are alike.
const SHORT: Duration = Duration::from_secs(15);
/// The policy that most scenes have.
pub const POLICY: &str = "everything";

fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/ecs/{name}")
}

/// A Fargate service of one container with a role of its own.
#[must_use]
pub fn fargate(family: &str) -> Value {
    json!({
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "512",
        "memory": "1024",
        "taskRoleArn": role(&format!("{family}-task")),
        "executionRoleArn": role(&format!("{family}-exec")),
        "unheardOfTomorrow": {"deep": [1, 2, {"kept": true}]},
        "containerDefinitions": [{
            "name": "app",
            "image": "registry.example/app:1",
            "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": "STAGE", "value": "prod"}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": "/ecs/app",
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": "app",
                },
            },
        }],
        "tags": [{"key": "team", "value": "payments"}],
    })
}

/// An EC2 service in bridge mode of two containers, one waiting for the other.
#[must_use]
pub fn ec2(family: &str) -> Value {
    json!({
        "family": family,
        "networkMode": "bridge",
        "requiresCompatibilities": ["EC2"],
        "taskRoleArn": role(&format!("{family}-task")),
        "executionRoleArn": role(&format!("{family}-exec")),
        "containerDefinitions": [
            {
                "name": "worker",
                "image": "registry.example/worker:1",
                "memoryReservation": 128,
                "dependsOn": [{"containerName": "migrate", "condition": "SUCCESS"}],
                "logConfiguration": {"logDriver": "json-file", "options": {"max-size": "10m"}},
            },
            {
                "name": "migrate",
                "image": "registry.example/worker:1",
                "memoryReservation": 64,
                "essential": false,
            },
        ],
    })
}

/// A Fargate task definition of Express Gateway that its owner brought: it has a sidecar.
#[must_use]
pub fn express(family: &str) -> Value {
    let mut document = fargate(family);
    document["containerDefinitions"][0]["name"] = json!("Main");
    document["containerDefinitions"][0]["portMappings"] =
        json!([{"containerPort": 8080, "protocol": "tcp", "name": "http"}]);
    if let Some(containers) = document["containerDefinitions"].as_array_mut() {
        containers.push(
            json!({"name": "cache", "image": "registry.example/cache:1", "essential": false}),
        );
    }
    document
}

/// Adds the roles that a document names, under their paths and behind the boundary.
pub fn add_roles(fake: &FakeAws, document: &Value) {
    let account = &fake.place().account;
    for member in ["taskRoleArn", "executionRoleArn"] {
        let path = document[member]
            .as_str()
            .and_then(|arn| arn.split_once(":role/"));
        if let Some((_, path)) = path {
            let (path, name) = path.rsplit_once('/').unwrap_or(("", path));
            let path = if path.is_empty() {
                "/".to_owned()
            } else {
                format!("/{path}/")
            };
            fake.add_role(name, &path);
            let bounded = fake.set_permissions_boundary(name, Some(&task_boundary(account)));
            bounded.expect("the role is there");
        }
    }
}

/// Adds the roles of a document, registers it and runs it as `cluster/family`.
///
/// # Panics
/// If the fake refuses the document or the service.
pub fn run(fake: &FakeAws, cluster: &str, document: &Value) {
    add_roles(fake, document);
    let family = document["family"].as_str().unwrap_or("");
    let is_fargate = document["requiresCompatibilities"][0] == "FARGATE";
    let launch_type = if is_fargate { "FARGATE" } else { "EC2" };
    let arn = fake
        .register(document.clone())
        .expect("the document is registered");
    let extra = json!({"launchType": launch_type, "desiredCount": 2});
    fake.add_service(cluster, family, &arn, extra)
        .expect("the service is created");
}

/// The target of every scene.
#[must_use]
pub fn target() -> Value {
    json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "AwsTarget",
        "metadata": {"name": TARGET},
        "spec": {
            "accountId": ACCOUNT,
            "region": REGION,
            "configBucket": {"name": BUCKET, "prefix": "firelens/"},
            "resyncSeconds": 300,
        },
    })
}

/// A policy for everything with two outputs, so that the router needs a file and the roles grants.
#[must_use]
pub fn policy() -> Value {
    json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "LoggingPolicy",
        "metadata": {"name": POLICY},
        "spec": {
            "mode": "Enforce",
            "selector": {},
            "outputs": [
                {"name": "logs", "destination": {"cloudWatchLogs": {
                    "logGroupName": "/firelens/all", "logStreamPrefix": "all-",
                }}},
                {"name": "archive", "destination": {"firehose": {"deliveryStream": "archive"}}},
            ],
            "rollout": {"maxConcurrent": 10, "canary": {"count": 0}},
        },
    })
}

/// [`policy`] with one output, so that options do and no file is needed.
#[must_use]
pub fn inline_policy() -> Value {
    let mut policy = policy();
    if let Some(outputs) = policy["spec"]["outputs"].as_array_mut() {
        outputs.truncate(1);
    }
    policy
}

/// Cluster `main` with a Fargate service `web` and an EC2 service `jobs`, and the target.
///
/// # Panics
/// If the scene cannot be set.
pub async fn small_fleet() -> Harness {
    let harness = Harness::start().await;
    harness.fake.add_bucket(BUCKET);
    harness.fake.set_deployment_duration(SHORT);
    harness
        .fake
        .add_cluster("main", json!({}))
        .expect("a cluster");
    run(&harness.fake, "main", &fargate("web"));
    run(&harness.fake, "main", &ec2("jobs"));
    harness.apply(target()).await;
    harness
}
