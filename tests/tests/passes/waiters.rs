//! Pipelines that wait for a stable service after their deployment, as the waiters of AWS do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::fake_aws::{FakeAws, Source};
use firelens_tests::harness::scene::{policy, small_fleet};
use firelens_tests::harness::{Harness, Passed};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const MAX_PASSES: usize = 200;
/// Looks of `aws ecs wait services-stable`, and the time between two.
const LOOKS: usize = 40;
const BETWEEN: SignedDuration = SignedDuration::from_secs(15);
/// Theirs is seen to be done after 27 looks; with one of ours right after it 40 would not be enough.
const DEPLOYMENT: Duration = Duration::from_secs(400);

/// What `aws ecs wait services-stable` looks at.
fn is_stable(fake: &FakeAws) -> bool {
    let service = fake.service("main", "web").unwrap();
    let deployments = service["deployments"].as_array().unwrap();
    deployments.len() == 1
        && deployments[0]["rolloutState"] == "COMPLETED"
        && service["runningCount"] == service["desiredCount"]
}

/// Passes when they are due, and a waiter beside them; returns how often it looked.
async fn wait_for_stable(harness: &mut Harness, first_look: Timestamp) -> usize {
    let (mut look, mut due) = (first_look, harness.fake.now());
    let mut looks = 0;
    while looks < LOOKS {
        harness.fake.advance_to(look.min(due));
        if due <= look {
            let Passed::Ended(outcome) = harness.pass().await else {
                panic!("nothing crashes here");
            };
            due = harness.fake.now() + SignedDuration::try_from(outcome.requeue_after).unwrap();
            continue;
        }
        looks += 1;
        if is_stable(&harness.fake) {
            return looks;
        }
        look += BETWEEN;
    }
    panic!("max attempts exceeded");
}

fn new_image(document: &mut Value) {
    document["containerDefinitions"][0]["image"] = json!("registry.example/app:2");
}

fn policy_with_default_settle() -> Value {
    let mut policy = policy();
    policy["spec"]["rollout"]["settleSeconds"] = json!(120);
    policy
}

#[tokio::test]
async fn a_pipeline_waits_for_its_own_deployment_only() {
    for offset in [0, 4, 8, 14] {
        let mut harness = small_fleet().await;
        harness.apply(policy_with_default_settle()).await;
        harness.settle(MAX_PASSES).await;
        assert!(harness.has_router("main", "web"));
        harness.fake.set_deployment_duration(DEPLOYMENT);
        let deployed = harness
            .fake
            .owner_deploys("main", "web", Source::Own, new_image);
        deployed.unwrap();
        let first = harness.fake.now() + SignedDuration::from_secs(offset);
        let looks = wait_for_stable(&mut harness, first).await;
        assert!(looks <= 28, "{looks} looks, the first after {offset} s");
        harness.settle(MAX_PASSES).await;
        assert!(harness.has_router("main", "web"), "then it is followed");
    }
}

#[tokio::test]
async fn a_pipeline_deploying_before_first_injection_waits_for_its_own() {
    let mut harness = small_fleet().await;
    harness.fake.set_deployment_duration(DEPLOYMENT);
    let deployed = harness
        .fake
        .owner_deploys("main", "web", Source::Own, new_image);
    deployed.unwrap();
    harness.apply(policy_with_default_settle()).await;
    let first = harness.fake.now() + SignedDuration::from_secs(7);
    let looks = wait_for_stable(&mut harness, first).await;
    assert!(looks <= 28, "{looks} looks");
    let reason = harness.reason("main", "web", "Injected").await;
    assert!(
        ["ForeignDeployment", "WaitingForSettle"].contains(&reason.as_str()),
        "{reason}"
    );
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web"));
}

#[tokio::test]
async fn a_restart_does_not_begin_the_settle_time_anew() {
    let mut harness = small_fleet().await;
    harness.apply(policy_with_default_settle()).await;
    harness.settle(MAX_PASSES).await;
    // Shortly before everything is looked at again.
    harness.fake.advance(Duration::from_secs(299));
    let deployed = harness
        .fake
        .owner_deploys("main", "web", Source::Own, new_image);
    deployed.unwrap();
    harness.fake.advance(Duration::from_secs(1));
    harness.pass().await;
    harness.fake.advance(Duration::from_secs(30));
    harness.pass().await;
    assert_eq!(
        harness.reason("main", "web", "Injected").await,
        "WaitingForSettle"
    );
    let updates = harness.fake.count("UpdateService");
    harness.fake.advance(Duration::from_secs(100));
    harness.restart().await;
    harness.pass().await;
    assert_eq!(harness.fake.count("UpdateService"), updates);
    harness.fake.advance(Duration::from_secs(21));
    harness.pass().await;
    assert!(
        harness.fake.count("RegisterTaskDefinition") > 2,
        "it begins"
    );
}
