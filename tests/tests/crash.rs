//! The controller dies at every AWS call of its main paths, before and after the call took effect;
//! its successor must bring AWS to the state that an undisturbed run ends in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_core::v1alpha1::Kind;
use firelens_tests::fake_aws::{Fault, FaultPlan, World};
use firelens_tests::harness::Harness;
use firelens_tests::harness::scene::{POLICY, policy, small_fleet};

/// More than any run needs.
const MAX_PASSES: usize = 200;
const CRASHES: [Fault; 2] = [Fault::CrashBefore, Fault::CrashAfter];
/// A lost message is a crash that the controller survives.
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
}

/// Everything up to the moment where the path begins.
async fn before(path: Path) -> Harness {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    if matches!(path, Path::Restore) {
        harness.settle(MAX_PASSES).await;
        harness.delete(Kind::LoggingPolicy, POLICY).await;
    }
    harness.fake.clear_calls();
    harness
}

async fn after(path: Path, harness: &Harness) -> World {
    let left = harness.get(Kind::LoggingPolicy, POLICY).await.is_some();
    assert_eq!(left, matches!(path, Path::Inject), "the policy: {path:?}");
    harness.fake.world()
}

/// The end of an undisturbed run, and how many AWS calls it made.
async fn undisturbed(path: Path) -> (World, usize) {
    let mut harness = before(path).await;
    harness.settle(MAX_PASSES).await;
    (after(path, &harness).await, harness.fake.calls().len())
}

async fn disturb_every_call(path: Path, faults: &[Fault]) {
    let (world, calls) = undisturbed(path).await;
    assert!(calls > 10, "the path makes no calls");
    for fault in faults {
        for k in 1..=calls {
            let mut harness = before(path).await;
            harness.fake.inject(FaultPlan::at(k, fault.clone()));
            harness.settle(MAX_PASSES).await;
            let disturbed = harness.fake.calls()[k - 1].operation.clone();
            let end = after(path, &harness).await;
            assert_eq!(end, world, "{path:?}: {fault:?} at call {k}, {disturbed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dying_at_any_call_of_an_injection_changes_nothing_in_the_end() {
    disturb_every_call(Path::Inject, &CRASHES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dying_at_any_call_of_a_restoration_changes_nothing_in_the_end() {
    disturb_every_call(Path::Restore, &CRASHES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn losing_any_call_of_an_injection_changes_nothing_in_the_end() {
    disturb_every_call(Path::Inject, &LOSSES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn losing_any_call_of_a_restoration_changes_nothing_in_the_end() {
    disturb_every_call(Path::Restore, &LOSSES).await;
}
