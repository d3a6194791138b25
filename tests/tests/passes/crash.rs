//! The controller crashes at every AWS call of its main paths, and after each that took effect; its successor
//! must bring AWS to the state that an undisturbed run ends in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_tests::fake_aws::{Deploying, DeploymentEnd, Fault, FaultPlan, When, World};
use firelens_tests::harness::scene::{POLICY, policy, small_fleet};
use firelens_tests::harness::{Harness, is_routed};
use firelens_types::v1alpha1::Kind;
use serde_json::json;

use crate::for_each_run;

/// More than any run needs.
const MAX_PASSES: usize = 200;
/// What may happen to a write while the controller lives on.
const LOSSES: [Fault; 4] = [
    Fault::LostRequest,
    Fault::LostAnswer,
    Fault::ServerError,
    Fault::Throttle,
];

/// Which path of the controller is disturbed.
#[derive(Clone, Copy, Debug)]
enum Path {
    Inject,
    Restore,
    /// The router does not work, and ECS neither gives up nor rolls back.
    PutBack,
}

/// Everything up to the moment where the path begins.
async fn before(path: Path) -> Harness {
    let mut harness = small_fleet().await;
    let mut policy = policy();
    if matches!(path, Path::PutBack) {
        policy["spec"]["rollout"]["progressDeadlineSeconds"] = json!(60);
        policy["spec"]["selector"] = json!({"services": ["web"]});
        harness.fake.judge_deployments(crashing);
    }
    harness.apply(policy).await;
    if matches!(path, Path::Restore) {
        harness.settle(MAX_PASSES).await;
        harness.delete(Kind::LoggingPolicy, POLICY).await;
    }
    harness.fake.clear_calls();
    harness
}

fn crashing(deploying: &Deploying<'_>) -> DeploymentEnd {
    match is_routed(deploying.task_definition) {
        true => DeploymentEnd::Crashes,
        false => DeploymentEnd::Completes,
    }
}

async fn after(path: Path, harness: &Harness) -> World {
    let left = harness.get(Kind::LoggingPolicy, POLICY).await.is_some();
    assert_eq!(left, !matches!(path, Path::Restore), "the policy: {path:?}");
    harness.fake.world()
}

/// The end of an undisturbed run, its moments and its writes.
async fn undisturbed(path: Path) -> (World, usize, usize) {
    let mut harness = before(path).await;
    harness.settle(MAX_PASSES).await;
    let world = after(path, &harness).await;
    let writes = harness.fake.write_count();
    assert!(writes > 5, "the path writes nothing");
    let deregistered = harness.fake.count("DeregisterTaskDefinition");
    let ours = match path {
        Path::Inject => 0,
        Path::Restore => 2,
        // The revision that failed.
        Path::PutBack => 1,
    };
    assert_eq!(deregistered, ours, "{path:?}");
    (world, harness.moments(), writes)
}

async fn disturb(path: Path, fault: &Fault, when: When, world: &World) {
    let mut harness = before(path).await;
    harness
        .fake
        .inject(FaultPlan::new(when.clone(), fault.clone()));
    harness.settle(MAX_PASSES).await;
    let end = after(path, &harness).await;
    assert_eq!(&end, world, "{path:?}: {fault:?} at {when:?}");
}

/// Disturbs a run at each of these moments, with each of these faults.
async fn disturb_each(path: Path, faults: &[Fault], moments: Vec<When>, world: &World) {
    let runs = faults
        .iter()
        .flat_map(|fault| moments.iter().map(move |when| (fault, when.clone())));
    for_each_run(runs, async |(fault, when)| {
        disturb(path, fault, when, world).await;
    })
    .await;
}

async fn die_at_every_call(path: Path) {
    let (world, moments, writes) = undisturbed(path).await;
    let moments = (1..=moments).map(|k| When::any().nth(k)).collect();
    disturb_each(path, &[Fault::CrashBefore], moments, &world).await;
    // After a call that only reads the world is as it was before the next one.
    let writes = (1..=writes).map(|k| When::write().nth(k)).collect();
    disturb_each(path, &[Fault::CrashAfter], writes, &world).await;
}

async fn lose_every_write(path: Path) {
    let (world, _, writes) = undisturbed(path).await;
    let writes = (1..=writes).map(|k| When::write().nth(k)).collect();
    disturb_each(path, &LOSSES, writes, &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_injection_recovers_from_a_crash_at_any_call() {
    die_at_every_call(Path::Inject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_recovers_from_a_crash_at_any_call() {
    die_at_every_call(Path::Restore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_crash_leaves_a_service_on_a_failing_revision() {
    die_at_every_call(Path::PutBack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lost_write_leaves_a_service_on_a_failing_revision() {
    lose_every_write(Path::PutBack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_injection_recovers_from_any_lost_write() {
    lose_every_write(Path::Inject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_recovers_from_any_lost_write() {
    lose_every_write(Path::Restore).await;
}
