//! Whole passes: the gates between waves hold a rollout, stop it, or let it continue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::harness::scene::{fargate, inline_policy, run, target};
use firelens_tests::harness::{Harness, Passed, condition};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const SERVICES: [&str; 3] = ["s0", "s1", "s2"];
const ROLLOUT: &str = "everything.g1.prod";
const BAKE: Duration = Duration::from_secs(120);
/// Longest time between two looks at what bakes, and then some.
const A_WHILE: Duration = Duration::from_secs(600);

/// Three services under a policy whose first canary bakes for two minutes; `rollout` is added to it.
async fn fleet(rollout: &Value) -> Harness {
    let harness = Harness::start().await;
    harness.fake.add_cluster("main", json!({})).unwrap();
    for service in SERVICES {
        run(&harness.fake, "main", &fargate(service));
    }
    harness.apply(target()).await;
    let mut policy = inline_policy();
    policy["spec"]["rollout"] = rollout.clone();
    policy["spec"]["rollout"]["canary"] = json!({"count": 1, "bakeSeconds": BAKE.as_secs()});
    harness.apply(policy).await;
    harness
}

/// Passes as they come due for that long.
async fn work(harness: &mut Harness, span: Duration) {
    let mut left = span;
    while !left.is_zero() {
        let Passed::Ended(outcome) = harness.pass().await else {
            panic!("no crash was asked for")
        };
        let step = outcome.requeue_after.min(left);
        harness.fake.advance(step);
        left -= step;
    }
    harness.pass().await;
}

/// Services with the router.
fn reached(harness: &Harness) -> Vec<&'static str> {
    let has_router = |service: &&str| harness.has_router("main", service);
    SERVICES.into_iter().filter(has_router).collect()
}

async fn paused(harness: &Harness) -> Value {
    let rollout = harness.get(Kind::Rollout, ROLLOUT).await.unwrap();
    condition(&rollout["status"], "Paused").unwrap().clone()
}

async fn resume(harness: &Harness) {
    let now = harness.fake.now().to_string();
    harness.say(ROLLOUT, &json!({"resumedAt": now})).await;
}

#[tokio::test]
async fn an_undecided_alarm_holds_the_next_wave_until_ok() {
    let mut harness = fleet(&json!({"gates": {"alarms": ["checkout-5xx"]}})).await;
    harness.fake.set_alarm("checkout-5xx", "INSUFFICIENT_DATA");
    work(&mut harness, BAKE + A_WHILE).await;
    assert_eq!(reached(&harness), ["s0"]);
    let waits = harness.condition("main", "s1", "Injected").await.unwrap();
    assert_eq!(waits["reason"], "WaitingForGate");
    let message = waits["message"].as_str().unwrap();
    assert!(message.contains("checkout-5xx"), "{message}");
    assert_eq!(
        paused(&harness).await["status"],
        "False",
        "it is not taken for bad"
    );

    harness.fake.set_alarm("checkout-5xx", "OK");
    work(&mut harness, A_WHILE).await;
    assert_eq!(reached(&harness), SERVICES);
}

#[tokio::test]
async fn a_firing_alarm_pauses_the_rollout_until_it_is_resumed() {
    let mut harness = fleet(&json!({"gates": {"alarms": ["checkout-5xx"]}})).await;
    harness.fake.set_alarm("checkout-5xx", "OK");
    work(&mut harness, BAKE / 2).await;
    assert_eq!(reached(&harness), ["s0"]);
    harness.fake.set_alarm("checkout-5xx", "ALARM");
    work(&mut harness, BAKE + A_WHILE).await;
    let stopped = paused(&harness).await;
    assert_eq!(stopped["status"], "True");
    let why = stopped["message"].as_str().unwrap();
    assert!(why.contains("checkout-5xx"), "{why}");

    // Nothing goes on by itself: an alarm that has fallen silent says nothing of the cause.
    harness.fake.set_alarm("checkout-5xx", "OK");
    work(&mut harness, A_WHILE).await;
    assert_eq!(reached(&harness), ["s0"]);
    resume(&harness).await;
    work(&mut harness, A_WHILE).await;
    assert_eq!(reached(&harness), SERVICES);
}

#[tokio::test]
async fn a_query_out_of_bounds_pauses_and_without_samples_waits() {
    let query = "sum(rate(fluentbit_output_retries_total[5m]))";
    let gate = json!({"name": "router-retries", "query": query, "max": 0.5});
    let mut harness = fleet(&json!({"gates": {"prometheus": [gate]}})).await;
    work(&mut harness, BAKE + A_WHILE).await;
    assert_eq!(reached(&harness), ["s0"]);
    assert_eq!(
        harness.reason("main", "s1", "Injected").await,
        "WaitingForGate"
    );

    harness.fake.set_samples(query, &["0.1", "7"]);
    work(&mut harness, A_WHILE).await;
    let stopped = paused(&harness).await;
    assert_eq!(stopped["status"], "True");
    let why = stopped["message"].as_str().unwrap();
    assert!(why.contains("router-retries") && why.contains('7'), "{why}");

    harness.fake.set_samples(query, &["0.1"]);
    resume(&harness).await;
    work(&mut harness, A_WHILE).await;
    assert_eq!(reached(&harness), SERVICES);
}

#[tokio::test]
async fn missing_logs_hold_then_pause_a_rollout_requiring_them() {
    let mut harness = fleet(&json!({"requireLogs": true})).await;
    harness.fake.set_arriving(false);
    work(&mut harness, BAKE + Duration::from_secs(300)).await;
    assert_eq!(reached(&harness), ["s0"]);
    assert_eq!(
        harness.reason("main", "s1", "Injected").await,
        "WaitingForGate"
    );
    assert_eq!(paused(&harness).await["status"], "False", "it may be early");

    work(&mut harness, Duration::from_secs(1800)).await;
    assert_eq!(reached(&harness), ["s0"]);
    assert_eq!(
        paused(&harness).await["status"],
        "True",
        "it is silence by now"
    );

    harness.fake.set_arriving(true);
    resume(&harness).await;
    work(&mut harness, Duration::from_secs(2 * 3600)).await;
    assert_eq!(reached(&harness), SERVICES);
}

#[tokio::test]
async fn an_unhealthy_container_during_the_canary_bake_pauses_the_rollout() {
    let mut harness = fleet(&json!({})).await;
    work(&mut harness, BAKE / 2).await;
    assert_eq!(reached(&harness), ["s0"]);
    harness
        .fake
        .set_health("main", "s0", "log_router", Some("UNHEALTHY"));
    work(&mut harness, BAKE + A_WHILE).await;
    assert_eq!(reached(&harness), ["s0"]);
    let stopped = paused(&harness).await;
    assert_eq!(stopped["status"], "True");
    let why = stopped["message"].as_str().unwrap();
    assert!(why.contains("log_router"), "{why}");
}
