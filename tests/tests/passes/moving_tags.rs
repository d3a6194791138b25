//! Tags of the application in ECR that were moved since its tasks were started.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::fake_aws::{ACCOUNT, Fault, FaultPlan, When};
use firelens_tests::harness::Harness;
use firelens_tests::harness::scene::{POLICY, fargate, policy, run, small_fleet};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const MAX_PASSES: usize = 200;

fn tag() -> String {
    format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team/shop:stable")
}

/// A service whose image is in ECR by tag, and the digest that its tasks run.
async fn shop(moving_tags: &str) -> (Harness, String) {
    let harness = small_fleet().await;
    let digest = harness.fake.push_image(&tag(), "first");
    let mut document = fargate("shop");
    document["containerDefinitions"][0]["image"] = json!(tag());
    run(&harness.fake, "main", &document);
    harness.fake.advance(Duration::from_secs(600));
    let mut wanted = policy();
    wanted["spec"]["selector"] = json!({"services": ["shop"]});
    wanted["spec"]["rollout"]["movingTags"] = json!(moving_tags);
    harness.apply(wanted).await;
    (harness, digest)
}

/// Passes until the service has the router, or its deployment begins.
async fn begin(harness: &mut Harness) -> Value {
    for _ in 0..MAX_PASSES {
        harness.pass().await;
        let injected = harness.condition("main", "shop", "Injected").await;
        let injected = injected.unwrap();
        if harness.has_router("main", "shop") && injected["reason"] != "Injecting" {
            return injected;
        }
        harness.fake.advance(Duration::from_secs(5));
    }
    panic!("it never begins");
}

#[tokio::test]
async fn a_moved_image_tag_is_reported_while_the_router_deploys() {
    let (mut harness, runs) = shop("Warn").await;
    let pushed = harness.fake.push_image(&tag(), "second");
    let injected = begin(&mut harness).await;
    assert_eq!(injected["reason"], "DeploymentInProgress");
    let message = injected["message"].as_str().unwrap();
    let change = format!("from {} to {}", &runs[..19], &pushed[..19]);
    assert!(message.contains(&change), "{message}");
    harness.settle(MAX_PASSES).await;
    let injected = harness.condition("main", "shop", "Injected").await.unwrap();
    assert_eq!(injected["reason"], "InSync");
    assert_eq!(harness.fake.count("BatchGetImage"), 1, "once a deployment");
}

#[tokio::test]
async fn a_moved_tag_under_refuse_blocks_router_removal_until_redeployed() {
    let (mut harness, _) = shop("Refuse").await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "shop"));
    harness.fake.push_image(&tag(), "second");
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    for _ in 0..10 {
        harness.pass().await;
        harness.fake.advance(Duration::from_secs(60));
    }
    let injected = harness.condition("main", "shop", "Injected").await.unwrap();
    assert_eq!(injected["reason"], "MovingTag", "{injected}");
    assert!(harness.has_router("main", "shop"));
    // Their next deployment starts what was pushed; then nothing is in the way.
    let live = harness.fake.live("main", "shop").unwrap();
    let arn = live["taskDefinition"]["taskDefinitionArn"].clone();
    let again = json!({
        "cluster": "main", "service": "shop", "taskDefinition": arn, "forceNewDeployment": true,
    });
    harness.fake.ecs("UpdateService", again).unwrap();
    harness.fake.advance(Duration::from_secs(1_800));
    harness.settle(MAX_PASSES).await;
    assert!(!harness.has_router("main", "shop"));
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
}

#[tokio::test]
async fn a_registry_that_may_not_be_asked_stops_nothing() {
    let (mut harness, _) = shop("Warn").await;
    let when = When::operation("BatchGetImage").always();
    harness.fake.inject(FaultPlan::new(when, Fault::Denied));
    begin(&mut harness).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "shop"));
}
