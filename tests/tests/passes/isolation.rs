//! A broken service, cluster or deployment stops no other, and is not retried for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use firelens_controller::{ControllerConfig, Ctx, PassResult, lease_name, reconcile_target};
use firelens_store::Store;
use firelens_tests::fake_aws::{AwsError, Call, DeploymentEnd, Fault, FaultPlan, When};
use firelens_tests::harness::fleet::{self, Fleet};
use firelens_tests::harness::scene::{fargate, policy, run, small_fleet};
use firelens_tests::harness::{DrivenClock, Harness, aws_settings};
use firelens_types::v1alpha1::Kind;
use prometheus::Registry;
use serde_json::{Value, json};

const MAX_PASSES: usize = 100;

/// Every call that names `jobs` and that `chosen` accepts.
fn about_jobs(chosen: fn(&Call) -> bool) -> When {
    When::matching(move |call| chosen(call) && call.params.to_string().contains("jobs")).always()
}

/// A policy that goes on after a failure.
fn tolerant() -> Value {
    let mut policy = policy();
    policy["spec"]["rollout"]["failureThreshold"] = json!(5);
    policy
}

async fn passes(harness: &mut Harness, count: usize) {
    for _ in 0..count {
        harness.pass().await;
        harness.fake.advance(std::time::Duration::from_secs(30));
    }
}

#[tokio::test]
async fn a_refused_registration_is_not_retried_and_blocks_no_other() {
    let mut harness = small_fleet().await;
    let refusal = Fault::Error(AwsError::new(400, "ClientException", "Role is not valid"));
    let when = about_jobs(|call| call.operation == "RegisterTaskDefinition");
    harness.fake.inject(FaultPlan::new(when, refusal));
    harness.apply(tolerant()).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web"));
    assert!(!harness.has_router("main", "jobs"));
    let refused = |call: &Call| call.operation == "RegisterTaskDefinition" && call.error.is_some();
    let tries = harness.fake.calls().iter().filter(|c| refused(c)).count();
    assert_eq!(tries, 1, "the same is not tried again");
    let injected = harness.condition("main", "jobs", "Injected").await.unwrap();
    assert_eq!(injected["status"], "False");
    assert!(
        injected["message"]
            .to_string()
            .contains("Role is not valid")
    );
}

#[tokio::test]
async fn a_service_that_may_not_be_updated_stops_nobody() {
    let mut harness = small_fleet().await;
    let when = about_jobs(|call| call.operation == "UpdateService");
    harness.fake.inject(FaultPlan::new(when, Fault::Denied));
    harness.apply(policy()).await;
    passes(&mut harness, 20).await;
    assert!(harness.has_router("main", "web"));
    assert!(!harness.has_router("main", "jobs"));
    assert_eq!(
        harness.condition("main", "jobs", "Injected").await.unwrap()["status"],
        "False"
    );
    harness.fake.clear_faults();
    let before = harness.fake.revisions("jobs").len();
    assert_eq!(before, 2, "registered once, however often it is tried");
}

#[tokio::test]
async fn a_denied_registration_is_retried_and_blocks_no_other() {
    let mut harness = small_fleet().await;
    let when = about_jobs(|call| call.operation == "RegisterTaskDefinition");
    harness.fake.inject(FaultPlan::new(when, Fault::Denied));
    harness.apply(tolerant()).await;
    passes(&mut harness, 20).await;
    assert!(harness.has_router("main", "web"));
    assert!(!harness.has_router("main", "jobs"));
    assert_eq!(
        harness.condition("main", "jobs", "Injected").await.unwrap()["status"],
        "False"
    );
    harness.fake.clear_faults();
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "jobs"));
    assert_eq!(harness.fake.revisions("jobs").len(), 2);
}

#[tokio::test]
async fn a_revision_that_cannot_be_read_stops_nobody() {
    let mut harness = small_fleet().await;
    let when = about_jobs(|call| call.operation == "DescribeTaskDefinition");
    harness.fake.inject(FaultPlan::new(when, Fault::Denied));
    harness.apply(policy()).await;
    passes(&mut harness, 10).await;
    assert!(harness.has_router("main", "web"));
    assert!(!harness.has_router("main", "jobs"));
    harness.fake.clear_faults();
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "jobs"));
}

#[tokio::test]
async fn an_unreadable_cluster_keeps_its_state_and_blocks_no_other() {
    let mut harness = small_fleet().await;
    harness.fake.add_cluster("other", json!({})).unwrap();
    run(&harness.fake, "other", &fargate("api"));
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    let before = harness.fake.world();
    let unreadable = When::matching(|call| {
        call.operation == "ListServices" && call.text("cluster").ends_with("other")
    });
    let plan = FaultPlan::new(unreadable.always(), Fault::Denied);
    harness.fake.inject(plan);
    run(&harness.fake, "main", &fargate("late"));
    passes(&mut harness, 15).await;
    assert!(harness.has_router("main", "late"));
    let after = harness.fake.world();
    for (service, runs) in before.services {
        assert_eq!(after.services[&service], runs, "{service}");
    }
    for (role, policies) in before.roles {
        assert_eq!(after.roles[&role], policies, "{role}");
    }
}

#[tokio::test]
async fn a_rollout_that_ecs_rolls_back_is_not_fought_over() {
    let mut harness = small_fleet().await;
    harness.fake.judge_deployments(|deploying| {
        let routed = deploying.task_definition.to_string().contains("firelens");
        if deploying.service == "jobs" && routed {
            DeploymentEnd::RollsBack
        } else {
            DeploymentEnd::Completes
        }
    });
    harness.apply(tolerant()).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web"));
    assert!(!harness.has_router("main", "jobs"));
    harness.fake.clear_calls();
    passes(&mut harness, 20).await;
    let writes = harness.fake.writes();
    assert!(writes.is_empty(), "no second attempt: {writes:#?}");
    assert_eq!(harness.fake.revisions("jobs").len(), 2);
}

#[tokio::test]
async fn throttling_delays_and_loses_nothing() {
    let mut harness = small_fleet().await;
    harness.fake.throttle(true);
    for i in 0..40 {
        run(&harness.fake, "main", &fargate(&format!("s{i:02}")));
    }
    let mut wide = policy();
    wide["spec"]["rollout"]["maxConcurrent"] = json!(100);
    harness.apply(wide).await;
    harness.settle(400).await;
    for i in 0..40 {
        assert!(harness.has_router("main", &format!("s{i:02}")));
        assert_eq!(harness.fake.revisions(&format!("s{i:02}")).len(), 2);
    }
}

/// A controller of the test's own, whose calls are never given up.
fn patient(fleet: &Fleet, store: Store) -> Ctx {
    let mut aws = aws_settings(&fleet.harness.fake);
    let long = Duration::from_secs(3_600);
    aws.timeouts.attempt = long;
    aws.timeouts.read = long;
    aws.timeouts.write = long;
    let config = ControllerConfig {
        api_budget_percent: 100,
        aws,
        clock: Arc::new(DrivenClock::new(&fleet.harness.fake)),
        ..ControllerConfig::default()
    };
    Ctx::new(store, &config, &Registry::new()).unwrap()
}

async fn pass(ctx: &Ctx, fleet: &Fleet, target: &str) -> PassResult {
    let outcome = reconcile_target(ctx, target, fleet.harness.fake.now()).await;
    fleet.harness.fake.advance(Duration::from_secs(15));
    outcome.result
}

fn routed(fleet: &Fleet, target: &str, services: usize) -> bool {
    let services = fleet.services(target, services);
    services
        .iter()
        .all(|service| fleet.has_router(target, service))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_denies_or_hangs_blocks_no_other() {
    const SERVICES: usize = 9;
    const ROLE: &str = "arn:aws:iam::444455556666:role/firelens-operator";
    let fleet = Fleet::start(SERVICES).await;
    let fake = fleet.harness.fake.clone();
    fleet
        .harness
        .apply(fleet::policy(&json!({"canary": {"count": 0}})))
        .await;
    fake.trust(ROLE, Some("another external id"));
    let of_the_west = When::matching(|call| call.place.region == "eu-west-1");
    fake.inject(FaultPlan::new(
        of_the_west.always(),
        Fault::TimeoutNotExecuted,
    ));

    let ctx = Arc::new(patient(&fleet, fleet.harness.store.clone()));
    let (hanging, now) = (Arc::clone(&ctx), fake.now());
    let west = tokio::spawn(async move { reconcile_target(&hanging, "west", now).await });
    for _ in 0..20 {
        pass(&ctx, &fleet, "east").await;
        assert_ne!(pass(&ctx, &fleet, "other").await, PassResult::Done);
    }
    assert!(!west.is_finished(), "the west never answers");
    assert!(routed(&fleet, "east", SERVICES));
    assert!(!routed(&fleet, "other", SERVICES) && !routed(&fleet, "west", SERVICES));
    let other = fleet.harness.get(Kind::AwsTarget, "other").await.unwrap();
    let text = other["status"]["conditions"].to_string();
    assert!(text.contains("sts:AssumeRole"), "{text}");
    for target in ["east", "west", "other"] {
        let lease = lease_name(target);
        let held = ctx.leases().current(target).is_some();
        assert!(held, "{lease}: each target has a lease of its own");
    }

    west.abort();
    assert!(west.await.unwrap_err().is_cancelled());
    fake.clear_faults();
    fake.trust(ROLE, Some("fleet"));
    for _ in 0..20 {
        for target in ["east", "west", "other"] {
            pass(&ctx, &fleet, target).await;
        }
    }
    let left = fleet.without_router(SERVICES);
    let other = fleet.harness.get(Kind::AwsTarget, "other").await.unwrap();
    let service = fleet.services("other", SERVICES).remove(0);
    let reason = fleet.reason("other", &service).await;
    assert!(left.is_empty(), "{left:?}: {reason}, {}", other["status"]);
    let entered = fake.calls();
    let entered = entered.iter().filter(|call| call.operation == "AssumeRole");
    let mine = entered.filter(|call| call.error.is_none());
    assert_eq!(mine.count(), 1, "one session serves every pass");
}
