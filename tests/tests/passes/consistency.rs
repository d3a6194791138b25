//! ECS does not know a new revision yet, and refuses it with an unknown message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::fake_aws::{AwsError, Fault, FaultPlan, RevisionLag, When};
use firelens_tests::harness::Harness;
use firelens_tests::harness::scene::{policy, small_fleet};
use serde_json::json;

const MAX_PASSES: usize = 200;

/// `iam.mode: Ignore`, so that an update comes in the very turn of its registration.
async fn injecting() -> Harness {
    let harness = small_fleet().await;
    let mut policy = policy();
    policy["spec"]["selector"] = json!({"services": ["web"]});
    policy["spec"]["iam"] = json!({"mode": "Ignore"});
    harness.apply(policy).await;
    harness
}

fn refused(times: usize, message: &str) -> FaultPlan {
    let error = AwsError::new(400, "ClientException", message);
    let when = When::operation("UpdateService").times(times);
    FaultPlan::new(when, Fault::Error(error))
}

fn failures(harness: &Harness) -> usize {
    let calls = harness.fake.calls();
    let updates = calls
        .iter()
        .filter(|call| call.operation == "UpdateService");
    updates.filter(|call| call.error.is_some()).count()
}

#[tokio::test]
async fn a_revision_not_yet_visible_in_ecs_fails_no_rollout() {
    let mut harness = injecting().await;
    harness.fake.set_revision_lag(RevisionLag {
        age: Duration::from_secs(20),
        of_everybody: false,
    });
    harness.pass().await;
    assert_eq!(failures(&harness), 1);
    let condition = harness.condition("main", "web", "Injected").await.unwrap();
    let message = condition["message"].as_str().unwrap();
    assert!(message.contains("TaskDefinition not found"), "{message}");
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web"));
    assert_eq!(harness.fake.count("RegisterTaskDefinition"), 1);
    let ready = harness.reason("main", "web", "Ready").await;
    assert_eq!(ready, "InSync");
}

#[tokio::test]
async fn an_unknown_error_is_retried_before_it_counts_as_failure() {
    let mut harness = injecting().await;
    harness
        .fake
        .inject(refused(3, "Something is not as it should be."));
    harness.settle(MAX_PASSES).await;
    assert_eq!(failures(&harness), 3);
    assert!(harness.has_router("main", "web"));
}

#[tokio::test]
async fn what_ecs_goes_on_refusing_fails_after_a_few_tries() {
    let mut harness = injecting().await;
    harness
        .fake
        .inject(refused(1_000, "Something is not as it should be."));
    harness.settle(MAX_PASSES).await;
    assert!(
        (4..=6).contains(&failures(&harness)),
        "{}",
        failures(&harness)
    );
    assert!(harness.fake.count("RegisterTaskDefinition") <= 2);
    let reason = harness.reason("main", "web", "Injected").await;
    assert_eq!(reason, "RequestRefused");
}

#[tokio::test]
async fn what_can_never_be_fails_at_once() {
    let mut harness = injecting().await;
    let words = "Task definition does not support launch_type FARGATE.";
    harness.fake.inject(refused(1_000, words));
    harness.settle(MAX_PASSES).await;
    assert_eq!(failures(&harness), 1);
}

#[tokio::test]
async fn an_owners_revision_not_yet_visible_is_waited_for() {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    harness.fake.set_revision_lag(RevisionLag {
        age: Duration::from_secs(20),
        of_everybody: true,
    });
    let deployed = harness.fake.owner_deploys(
        "main",
        "web",
        firelens_tests::fake_aws::Source::Own,
        |document| {
            document["containerDefinitions"][0]["image"] = json!("registry.example/app:2");
        },
    );
    deployed.unwrap();
    harness.settle(MAX_PASSES).await;
    let live = harness.fake.live("main", "web").unwrap().to_string();
    assert!(live.contains("firelensConfiguration") && live.contains("app:2"));
}
