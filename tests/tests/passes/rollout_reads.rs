//! A rollout through a large fleet reads what moves, not the fleet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::harness::scene::{fargate, inline_policy, run, target};
use firelens_tests::harness::{Harness, Passed};
use serde_json::json;

const SERVICES: usize = 120;
/// Describing all services in tens.
const WHOLE: usize = SERVICES.div_ceil(10);

#[tokio::test]
async fn between_two_resyncs_only_what_moves_is_read() {
    let mut harness = Harness::start().await;
    harness.fake.add_cluster("main", json!({})).unwrap();
    for index in 0..SERVICES {
        run(&harness.fake, "main", &fargate(&format!("s{index}")));
    }
    harness.apply(target()).await;
    let mut policy = inline_policy();
    policy["spec"]["rollout"] = json!({"maxConcurrent": 3, "canary": {"count": 0}});
    harness.apply(policy).await;

    let Passed::Ended(first) = harness.pass().await else {
        panic!("no crash was asked for")
    };
    assert!(
        harness.fake.count("DescribeServices") >= WHOLE,
        "the first look is at everything"
    );
    let mut spent = Duration::ZERO;
    let mut wait = first.requeue_after;
    while spent + wait < Duration::from_secs(200) {
        spent += wait;
        harness.fake.advance(wait);
        harness.fake.clear_calls();
        let Passed::Ended(outcome) = harness.pass().await else {
            panic!("no crash was asked for")
        };
        assert_eq!(harness.fake.count("ListServices"), 0);
        // Three in flight, three that take their places, and the look before each update.
        let reads = harness.fake.count("DescribeServices");
        assert!(reads <= 8, "{reads} reads of services in one pass");
        wait = outcome.requeue_after;
    }
    let live = harness.fake.live("main", "s0").unwrap().to_string();
    assert!(
        live.contains("firelensConfiguration"),
        "the rollout went on"
    );
    harness.fake.advance(Duration::from_secs(300));
    harness.fake.clear_calls();
    harness.pass().await;
    assert!(
        harness.fake.count("DescribeServices") >= WHOLE,
        "a resync looks at everything"
    );
}
