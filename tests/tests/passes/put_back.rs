//! Deployments of ours that fail where ECS does not roll back by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::fake_aws::{AwsError, Call, DeploymentEnd, Fault, FaultPlan, Source, When};
use firelens_tests::harness::scene::{policy, small_fleet};
use firelens_tests::harness::{Harness, is_routed};
use serde_json::{Value, json};

const MAX_PASSES: usize = 200;

/// The router does not work: every deployment that brings it ends like this.
async fn broken(end: DeploymentEnd) -> Harness {
    let harness = small_fleet().await;
    let mut policy = policy();
    policy["spec"]["selector"] = json!({"services": ["web"]});
    policy["spec"]["rollout"]["progressDeadlineSeconds"] = json!(120);
    harness.apply(policy).await;
    harness.fake.judge_deployments(
        move |deploying| match is_routed(deploying.task_definition) {
            true => end,
            false => DeploymentEnd::Completes,
        },
    );
    harness
}

fn new_image(document: &mut Value) {
    document["containerDefinitions"][0]["image"] = json!("registry.example/app:2");
}

fn revision(harness: &Harness) -> u64 {
    let live = harness.fake.live("main", "web").unwrap();
    live["taskDefinition"]["revision"].as_u64().unwrap()
}

async fn message(harness: &Harness, type_: &str) -> String {
    let condition = harness.condition("main", "web", type_).await.unwrap();
    condition["message"].as_str().unwrap().to_owned()
}

fn count(harness: &Harness, operation: &str) -> usize {
    harness.fake.count(operation)
}

#[tokio::test]
async fn without_circuit_breaker_a_service_leaves_its_failing_revision() {
    let mut harness = broken(DeploymentEnd::Fails).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(revision(&harness), 1);
    assert_eq!(count(&harness, "UpdateService"), 2);
    assert_eq!(count(&harness, "StopServiceDeployment"), 0);
    let reason = harness.reason("main", "web", "Injected").await;
    assert_eq!(reason, "DeploymentFailed");
    let message = message(&harness, "Injected").await;
    assert!(
        message.contains("was restored to") && message.contains("web:1"),
        "{message}"
    );
    let healthy = harness.condition("main", "web", "Healthy").await.unwrap();
    assert_eq!(healthy["status"], "False", "the failure stays told");
}

#[tokio::test]
async fn a_hanging_deployment_with_failing_tasks_is_rolled_back() {
    let mut harness = broken(DeploymentEnd::Crashes).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(revision(&harness), 1);
    assert_eq!(count(&harness, "StopServiceDeployment"), 1);
    assert_eq!(count(&harness, "UpdateService"), 1);
    let reason = harness.reason("main", "web", "Injected").await;
    assert_eq!(reason, "ProgressDeadlineExceeded");
    let message = message(&harness, "Injected").await;
    assert!(message.contains("was restored to"), "{message}");
}

#[tokio::test]
async fn without_permission_to_stop_deployments_the_service_is_updated_back() {
    let mut harness = broken(DeploymentEnd::Crashes).await;
    let denied = When::operation("StopServiceDeployment").always();
    harness.fake.inject(FaultPlan::new(denied, Fault::Denied));
    harness.settle(MAX_PASSES).await;
    assert_eq!(revision(&harness), 1);
    assert_eq!(count(&harness, "StopServiceDeployment"), 1);
    assert_eq!(count(&harness, "UpdateService"), 2);
}

fn is_back(call: &Call) -> bool {
    call.operation == "UpdateService" && call.text("taskDefinition").ends_with("web:1")
}

#[tokio::test]
async fn a_rollback_refused_with_an_unknown_error_is_retried() {
    for (refused, ends_on) in [(3, 1), (1_000, 2)] {
        let mut harness = broken(DeploymentEnd::Fails).await;
        let error = AwsError::new(400, "ClientException", "Something is not as it should be.");
        let plan = FaultPlan::new(When::matching(is_back).times(refused), Fault::Error(error));
        harness.fake.inject(plan);
        harness.settle(MAX_PASSES).await;
        assert_eq!(revision(&harness), ends_on, "refused {refused} times");
        let calls = harness.fake.calls();
        let updates = calls
            .iter()
            .filter(|call| call.operation == "UpdateService");
        assert_eq!(updates.count(), 5, "one that fails, and four back");
    }
}

#[tokio::test]
async fn a_rollback_that_is_denied_is_retried_at_once() {
    let mut harness = broken(DeploymentEnd::Fails).await;
    let backwards = When::matching(is_back);
    harness
        .fake
        .inject(FaultPlan::new(backwards.times(2), Fault::Denied));
    harness.settle(MAX_PASSES).await;
    assert_eq!(revision(&harness), 1);
    let calls = harness.fake.calls();
    let times: Vec<i64> = calls
        .iter()
        .filter(|call| is_back(call))
        .map(|call| call.at_ms)
        .collect();
    assert_eq!(times.len(), 3);
    let waited_ms = times[2] - times[0];
    assert!(waited_ms < 180_000, "{waited_ms} ms");
}

#[tokio::test]
async fn an_owners_deploy_during_our_rollback_is_kept() {
    for (end, operation) in [
        (DeploymentEnd::Crashes, "StopServiceDeployment"),
        (DeploymentEnd::Fails, "UpdateService"),
        (DeploymentEnd::Fails, "DescribeTaskDefinition"),
    ] {
        let mut harness = broken(end).await;
        let mut has_deployed = false;
        harness.fake.hook_before(operation, move |fake, _| {
            // Only once ours is known to fail.
            let service = fake.service("main", "web").unwrap();
            let is_broken = service["deployments"][0]["failedTasks"] != 0;
            if is_broken && !has_deployed {
                has_deployed = true;
                let deployed = fake.owner_deploys("main", "web", Source::Own, new_image);
                deployed.unwrap();
            }
        });
        harness.settle(MAX_PASSES).await;
        let live = harness.fake.live("main", "web").unwrap().to_string();
        assert!(live.contains("app:2"), "{operation}: {live}");
    }
}

#[tokio::test]
async fn the_router_comes_once_the_policy_is_corrected() {
    let mut harness = broken(DeploymentEnd::Fails).await;
    harness.settle(MAX_PASSES).await;
    harness.fake.judge_deployments(|_| DeploymentEnd::Completes);
    let mut corrected = policy();
    corrected["spec"]["selector"] = json!({"services": ["web"]});
    corrected["spec"]["bufferLimit"] = json!(1000);
    harness.apply(corrected).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web"));
    harness.fake.advance(Duration::from_secs(3_600));
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.reason("main", "web", "Ready").await, "InSync");
}
