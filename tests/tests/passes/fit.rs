//! What does not fit is found before a service is changed: sizes, instances, deployment settings.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::fake_aws::{DeploymentEnd, FakeAws, Fault, FaultPlan, When, canonical};
use firelens_tests::harness::scene::{
    BUCKET, POLICY, ec2, express, fargate, inline_policy, policy, run, target,
};
use firelens_tests::harness::{Harness, Passed};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const MAX_PASSES: usize = 60;
const LOG_DRIVER: &str = "com.amazonaws.ecs.capability.logging-driver.awsfirelens";
const FLUENT_BIT: &str = "ecs.capability.firelens.fluentbit";
const FILE: &str = "ecs.capability.firelens.options.config.file";
const HEALTH_CHECK: &str = "ecs.capability.container-health-check";
const ORDERING: &str = "ecs.capability.container-ordering";
const ALL: [&str; 6] = [
    LOG_DRIVER,
    FLUENT_BIT,
    FILE,
    HEALTH_CHECK,
    ORDERING,
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
];

async fn scene() -> Harness {
    let harness = Harness::start().await;
    harness.fake.add_cluster("main", json!({})).unwrap();
    harness.apply(target()).await;
    harness
}

async fn message(harness: &Harness, service: &str, condition: &str) -> String {
    let condition = harness.condition("main", service, condition).await;
    condition.unwrap()["message"].as_str().unwrap().to_owned()
}

/// A service with further members of CreateService.
fn run_with(fake: &FakeAws, document: &Value, extra: Value) {
    run(fake, "main", document);
    let name = document["family"].as_str().unwrap();
    let mut params = extra;
    params["cluster"] = json!("main");
    params["service"] = json!(name);
    fake.ecs("UpdateService", params).unwrap();
    fake.advance(Duration::from_secs(120));
}

async fn resync(harness: &mut Harness) {
    harness.fake.advance(Duration::from_secs(300));
    harness.settle(MAX_PASSES).await;
}

#[tokio::test]
async fn outdated_ecs_agents_are_refused_before_any_write() {
    let mut harness = scene().await;
    let old = json!({"versionInfo": {"agentVersion": "1.29.1"}});
    harness.fake.add_instance("main", &[ORDERING], 3000, &old);
    run(&harness.fake, "main", &ec2("jobs"));
    harness.apply(inline_policy()).await;
    harness.settle(MAX_PASSES).await;
    let reason = harness.reason("main", "jobs", "Injected").await;
    assert_eq!(reason, "CapabilityMissing");
    let message = message(&harness, "jobs", "Injected").await;
    assert!(
        message.contains(&format!("{FLUENT_BIT} (ECS agent 1.30.0 or later)")),
        "{message}"
    );
    assert!(
        message.contains("the newest agent there is 1.29.1"),
        "{message}"
    );
    assert!(harness.fake.writes().is_empty());

    harness.fake.add_instance("main", &ALL, 3000, &json!({}));
    resync(&mut harness).await;
    assert!(harness.has_router("main", "jobs"));
    assert_eq!(harness.reason("main", "jobs", "Injected").await, "InSync");
}

#[tokio::test]
async fn what_ecs_itself_lists_is_compared_before_the_update() {
    let mut harness = scene().await;
    let nearly: Vec<&str> = ALL
        .into_iter()
        .filter(|name| *name != HEALTH_CHECK)
        .collect();
    harness.fake.add_instance("main", &nearly, 3000, &json!({}));
    run(&harness.fake, "main", &ec2("jobs"));
    harness.apply(inline_policy()).await;
    harness.settle(MAX_PASSES).await;
    let reason = harness.reason("main", "jobs", "Injected").await;
    assert_eq!(reason, "CapabilityMissing");
    let message = message(&harness, "jobs", "Injected").await;
    assert!(message.contains(HEALTH_CHECK), "{message}");
    assert_eq!(harness.fake.count("UpdateService"), 0);
}

#[tokio::test]
async fn instances_are_read_once_per_resync_and_only_before_changes() {
    let mut harness = scene().await;
    harness.fake.add_instance("main", &ALL, 3000, &json!({}));
    for index in 0..3 {
        run(&harness.fake, "main", &ec2(&format!("jobs-{index}")));
    }
    let mut policy = inline_policy();
    policy["spec"]["rollout"] = json!({"maxConcurrent": 1, "canary": {"count": 0}});
    policy["spec"]["mode"] = json!("Audit");
    harness.apply(policy.clone()).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(
        harness.fake.count("ListContainerInstances"),
        0,
        "under audit"
    );
    policy["spec"]["mode"] = json!("Enforce");
    harness.apply(policy).await;
    let mut passes = 0;
    while !(0..3).all(|index| harness.has_router("main", &format!("jobs-{index}"))) {
        passes += 1;
        assert!(passes < MAX_PASSES);
        let Passed::Ended(outcome) = harness.pass().await else {
            panic!("no crash was asked for")
        };
        harness.fake.advance(outcome.requeue_after);
    }
    assert!(passes > 3, "one after the other: {passes}");
    assert_eq!(harness.fake.count("ListContainerInstances"), 1);
    assert_eq!(harness.fake.count("DescribeContainerInstances"), 1);
    harness.settle(MAX_PASSES).await;
    harness.fake.clear_calls();
    resync(&mut harness).await;
    assert_eq!(harness.fake.count("ListContainerInstances"), 0, "in sync");
}

#[tokio::test]
async fn instances_that_cannot_be_read_stop_the_change() {
    let mut harness = scene().await;
    harness.fake.add_instance("main", &ALL, 3000, &json!({}));
    run(&harness.fake, "main", &ec2("jobs"));
    let list = When::operation("ListContainerInstances").always();
    harness.fake.inject(FaultPlan::new(list, Fault::Denied));
    harness.apply(inline_policy()).await;
    harness.pass().await;
    let reason = harness.reason("main", "jobs", "Injected").await;
    assert_eq!(reason, "WaitingForRead");
    let message = message(&harness, "jobs", "Injected").await;
    assert!(message.contains("ListContainerInstances"), "{message}");
    assert!(harness.fake.writes().is_empty());
    harness.fake.clear_faults();
    harness.fake.advance(Duration::from_secs(30));
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "jobs"));
}

#[tokio::test]
async fn a_full_cluster_is_reported_and_does_not_block_injection() {
    let mut harness = scene().await;
    harness.fake.add_instance("main", &ALL, 200, &json!({}));
    harness
        .fake
        .add_instance("main", &[ORDERING], 3000, &json!({}));
    run(&harness.fake, "main", &ec2("jobs"));
    let mut policy = inline_policy();
    policy["spec"]["iam"] = json!({"mode": "Ignore"});
    harness.apply(policy).await;
    harness.pass().await;
    // ECS does not know the revision at once.
    harness.fake.advance(Duration::from_secs(20));
    harness.pass().await;
    let message = message(&harness, "jobs", "Injected").await;
    assert!(message.contains("1 of 2 container instances"), "{message}");
    assert!(
        message.contains("no container instance of cluster main has room"),
        "{message}"
    );
    assert!(harness.has_router("main", "jobs"));
}

#[tokio::test]
async fn a_deployment_configuration_that_cannot_move_is_refused_until_changed() {
    let mut harness = scene().await;
    let fixed = json!({"minimumHealthyPercent": 100, "maximumPercent": 100, "strategy": "ROLLING"});
    let document = fargate("web");
    run_with(
        &harness.fake,
        &document,
        json!({"deploymentConfiguration": fixed}),
    );
    let mut policy = inline_policy();
    policy["spec"]["mode"] = json!("Audit");
    harness.apply(policy.clone()).await;
    harness.settle(MAX_PASSES).await;
    let reason = harness.reason("main", "web", "Injected").await;
    assert_eq!(reason, "DeploymentCannotMove", "under audit too");
    policy["spec"]["mode"] = json!("Enforce");
    harness.apply(policy).await;
    harness.settle(MAX_PASSES).await;
    let message = message(&harness, "web", "Injected").await;
    assert!(
        message.contains("set maximumPercent to 150 or more"),
        "{message}"
    );
    assert!(harness.fake.writes().is_empty());

    let moves = json!({"minimumHealthyPercent": 100, "maximumPercent": 150});
    let change = json!({"cluster": "main", "service": "web", "deploymentConfiguration": moves});
    harness.fake.ecs("UpdateService", change).unwrap();
    resync(&mut harness).await;
    assert!(harness.has_router("main", "web"));
}

#[tokio::test]
async fn a_service_without_tasks_is_applied_but_never_the_canary() {
    let mut harness = scene().await;
    run_with(
        &harness.fake,
        &fargate("a-empty"),
        json!({"desiredCount": 0}),
    );
    run(&harness.fake, "main", &fargate("b-busy"));
    harness
        .fake
        .script_deployments("main", "b-busy", &[DeploymentEnd::Hangs]);
    let mut policy = inline_policy();
    policy["spec"]["rollout"] = json!({"canary": {"count": 1, "bakeSeconds": 0}});
    harness.apply(policy).await;
    for _ in 0..6 {
        harness.pass().await;
        harness.fake.advance(Duration::from_secs(20));
    }
    assert!(
        harness.has_router("main", "b-busy"),
        "the canary is the one that shows something"
    );
    assert!(!harness.has_router("main", "a-empty"));

    let mut harness = scene().await;
    run_with(
        &harness.fake,
        &fargate("a-empty"),
        json!({"desiredCount": 0}),
    );
    harness.apply(inline_policy()).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "a-empty"));
    assert_eq!(
        harness.reason("main", "a-empty", "Healthy").await,
        "Unproven"
    );
    assert_eq!(
        harness.reason("main", "a-empty", "Injected").await,
        "InSync"
    );
    let scale = json!({"cluster": "main", "service": "a-empty", "desiredCount": 2});
    harness.fake.ecs("UpdateService", scale).unwrap();
    resync(&mut harness).await;
    let reason = harness.reason("main", "a-empty", "Healthy").await;
    assert_eq!(reason, "DeploymentCompleted");
}

#[tokio::test]
async fn a_task_too_small_is_refused_unless_resize_is_allowed() {
    let mut harness = scene().await;
    let mut document = fargate("web");
    document["containerDefinitions"][0]["memory"] = json!(1024);
    run(&harness.fake, "main", &document);
    let before = canonical(&harness.fake.live("main", "web").unwrap());
    harness.apply(inline_policy()).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(
        harness.reason("main", "web", "Injected").await,
        "TaskTooSmall"
    );
    let injected = message(&harness, "web", "Injected").await;
    assert!(
        injected.contains("100 MiB are missing; the next task size is 512/2048"),
        "{injected}"
    );
    assert!(injected.contains("for 2 tasks"), "{injected}");
    assert!(harness.fake.writes().is_empty());

    let mut policy = inline_policy();
    policy["spec"]["resources"] = json!({"resize": "Allow"});
    harness.apply(policy).await;
    harness.settle(MAX_PASSES).await;
    let live = harness.fake.live("main", "web").unwrap();
    assert_eq!(live["taskDefinition"]["memory"], "2048");
    assert_eq!(live["taskDefinition"]["cpu"], "512");
    let injected = message(&harness, "web", "Injected").await;
    assert!(
        injected.contains("increased from 512/1024 to 512/2048"),
        "{injected}"
    );
    let registered = harness.fake.count("RegisterTaskDefinition");
    resync(&mut harness).await;
    assert_eq!(harness.fake.count("RegisterTaskDefinition"), registered);

    harness.delete(Kind::LoggingPolicy, POLICY).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(
        canonical(&harness.fake.live("main", "web").unwrap()),
        before
    );
}

/// A service that a capacity provider of that kind runs; it says no launch type then.
fn run_on(fake: &FakeAws, kind: &str, document: &Value) {
    fake.set_provider_type("fleet", kind);
    let strategy = json!([{"capacityProvider": "fleet", "weight": 1, "base": 0}]);
    run_with(
        fake,
        document,
        json!({"capacityProviderStrategy": strategy}),
    );
}

async fn scene_with_providers() -> Harness {
    let harness = Harness::start().await;
    let providers = json!({"capacityProviders": ["FARGATE", "fleet"]});
    harness.fake.add_cluster("main", providers).unwrap();
    harness.fake.add_bucket(BUCKET);
    harness.apply(target()).await;
    harness
}

#[tokio::test]
async fn a_managed_instances_service_gets_the_router_with_init_image() {
    let mut harness = scene_with_providers().await;
    run_on(&harness.fake, "MANAGED_INSTANCES", &ec2("jobs"));
    let mut chosen = policy();
    chosen["spec"]["selector"] = json!({"launchTypes": ["MANAGED_INSTANCES"]});
    harness.apply(chosen).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "jobs"));
    let live = harness.fake.live("main", "jobs").unwrap();
    let containers = live["taskDefinition"]["containerDefinitions"].as_array();
    let router = containers.unwrap().last().unwrap();
    let image = router["image"].as_str().unwrap();
    assert!(
        image.contains(":init-"),
        "the agent fetches no file there: {image}"
    );
    assert_eq!(harness.fake.count("ListContainerInstances"), 0);
}

#[tokio::test]
async fn a_service_with_an_unreadable_capacity_provider_waits() {
    let mut harness = scene_with_providers().await;
    run_on(&harness.fake, "MANAGED_INSTANCES", &ec2("jobs"));
    run(&harness.fake, "main", &fargate("web"));
    let denied = When::operation("DescribeCapacityProviders").always();
    harness.fake.inject(FaultPlan::new(denied, Fault::Denied));
    harness.apply(inline_policy()).await;
    for _ in 0..20 {
        harness.pass().await;
        harness.fake.advance(Duration::from_secs(20));
    }
    assert!(harness.has_router("main", "web") && !harness.has_router("main", "jobs"));
    let message = message(&harness, "jobs", "Injected").await;
    assert!(
        message.contains("its capacity providers cannot be read"),
        "{message}"
    );
    harness.fake.clear_faults();
    resync(&mut harness).await;
    assert!(harness.has_router("main", "jobs"));
}

#[tokio::test]
async fn an_express_service_is_injected_and_restored_through_express_api() {
    let mut harness = scene().await;
    let extra = json!({"resourceManagementType": "ECS"});
    run_with(&harness.fake, &express("shop"), extra);
    let before = harness.fake.live("main", "shop").unwrap();
    harness.apply(inline_policy()).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "shop"));
    assert_eq!(harness.fake.count("UpdateExpressGatewayService"), 1);
    assert_eq!(harness.fake.count("UpdateService"), 0);
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    harness.settle(MAX_PASSES).await;
    let after = harness.fake.live("main", "shop").unwrap();
    assert_eq!(canonical(&before), canonical(&after));
    assert_eq!(harness.fake.count("UpdateService"), 0);
}
