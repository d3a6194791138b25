//! Owners act at every moment between the controller's calls: no change of theirs is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Mutex;
use std::time::Duration;

use firelens_report::status::rollout_name;
use firelens_tests::fake_aws::{Call, FakeAws, Source, When, World, canonical};
use firelens_tests::harness::scene::{BUCKET, POLICY, fargate, policy, small_fleet};
use firelens_tests::harness::{Harness, TARGET};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

use crate::for_each_run;

const MAX_PASSES: usize = 200;

fn new_image(document: &mut Value) {
    document["containerDefinitions"][0]["image"] = json!("registry.example/app:2");
}

/// What the services run, whatever it took to get there.
fn services(world: World) -> Vec<(String, Value)> {
    world.services.into_iter().collect()
}

async fn injecting() -> Harness {
    let harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.fake.clear_calls();
    harness
}

async fn restoring() -> Harness {
    let mut harness = injecting().await;
    harness.settle(MAX_PASSES).await;
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    harness.fake.clear_calls();
    harness
}

/// The owner has deployed over the router, and the controller has not looked yet.
async fn following() -> Harness {
    let mut harness = injecting().await;
    harness.settle(MAX_PASSES).await;
    harness
        .fake
        .owner_deploys("main", "web", Source::Own, new_image)
        .unwrap();
    harness.fake.advance(Duration::from_secs(60));
    harness.fake.clear_calls();
    harness
}

/// Everything is injected, and somebody undoes the rollout.
async fn undoing() -> Harness {
    let mut harness = injecting().await;
    harness.settle(MAX_PASSES).await;
    let name = rollout_name(POLICY, 1, TARGET);
    harness.say(&name, &json!({"abort": {"undo": true}})).await;
    harness.fake.clear_calls();
    harness
}

async fn moments_of(mut harness: Harness) -> usize {
    harness.settle(MAX_PASSES).await;
    harness.moments()
}

/// Settles even if the owner acted at the very last moment.
async fn settle(harness: &mut Harness) {
    harness.settle(MAX_PASSES).await;
    harness.settle(MAX_PASSES).await;
}

fn at_call(harness: &Harness, k: usize, act: impl Fn(&FakeAws) + Send + 'static) {
    harness
        .fake
        .hook(When::any().nth(k), move |fake, _| act(fake));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_at_any_moment_of_injection_gets_the_router() {
    let mut calm = small_fleet().await;
    calm.fake
        .owner_deploys("main", "web", Source::Own, new_image)
        .unwrap();
    calm.apply(policy()).await;
    settle(&mut calm).await;
    let wanted = services(calm.fake.world());
    for_each_run(1..=moments_of(injecting().await).await, async |k| {
        for source in [Source::Own, Source::Live] {
            let mut harness = injecting().await;
            let deploys = source.clone();
            at_call(&harness, k, move |fake| {
                fake.owner_deploys("main", "web", deploys.clone(), new_image)
                    .unwrap();
            });
            settle(&mut harness).await;
            let end = services(harness.fake.world());
            assert_eq!(end, wanted, "{source:?} at call {k}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_at_any_moment_of_restore_has_no_router() {
    let mut wanted = fargate("web");
    new_image(&mut wanted);
    let lost = Mutex::new(Vec::new());
    for_each_run(1..=moments_of(restoring().await).await, async |k| {
        for source in [Source::Own, Source::Live] {
            let mut harness = restoring().await;
            let deploys = source.clone();
            at_call(&harness, k, move |fake| {
                fake.owner_deploys("main", "web", deploys.clone(), new_image)
                    .unwrap();
            });
            settle(&mut harness).await;
            let end = harness.fake.live("main", "web").unwrap();
            let left =
                harness.fake.objects(BUCKET).len() + harness.fake.role_policies("web-task").len();
            if canonical(&end) != canonical(&wanted) || left > 0 {
                let call = harness.fake.calls()[k - 1].operation.clone();
                lost.lock()
                    .unwrap()
                    .push(format!("{source:?} before call {k}, {call}; left: {left}"));
            }
        }
    })
    .await;
    let lost = lost.into_inner().unwrap();
    assert!(lost.is_empty(), "{lost:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_deploy_at_any_moment_also_gets_the_router() {
    for_each_run(1..=moments_of(following().await).await, async |k| {
        let mut harness = following().await;
        at_call(&harness, k, |fake| {
            let next = |document: &mut Value| {
                document["containerDefinitions"][0]["image"] = json!("registry.example/app:3");
            };
            fake.owner_deploys("main", "web", Source::Own, next)
                .unwrap();
        });
        settle(&mut harness).await;
        let live = harness.fake.live("main", "web").unwrap().to_string();
        assert!(live.contains("registry.example/app:3"), "at call {k}");
        assert!(live.contains("firelensConfiguration"), "at call {k}");
        let updates = harness.fake.taken("UpdateService");
        assert!((1..=3).contains(&updates), "{updates} updates at call {k}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_during_injection_is_followed_once_or_left_alone() {
    for_each_run(1..=moments_of(injecting().await).await, async |k| {
        let mut harness = injecting().await;
        at_call(&harness, k, |fake| {
            let params = json!({"cluster": "main", "service": "web", "taskDefinition": "web:1"});
            fake.ecs("UpdateService", params).unwrap();
        });
        settle(&mut harness).await;
        let live = harness.fake.live("main", "web").unwrap();
        let routed = live.to_string().contains("firelensConfiguration");
        let reason = harness.reason("main", "web", "Injected").await;
        assert!(
            routed && reason == "InSync" || !routed && reason == "RolledBack",
            "{reason} at call {k}, routed: {routed}"
        );
        let updates =
            |call: &Call| call.operation == "UpdateService" && call.text("service") == "web";
        let calls = harness.fake.calls();
        let updates = calls.iter().filter(|call| updates(call)).count();
        assert!(updates <= 2, "{updates} updates at call {k}");
        assert_eq!(harness.fake.revisions("web").len(), 2, "at call {k}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_at_any_moment_of_undo_has_no_router() {
    let mut wanted = fargate("web");
    new_image(&mut wanted);
    for_each_run(1..=moments_of(undoing().await).await, async |k| {
        for source in [Source::Own, Source::Live] {
            let mut harness = undoing().await;
            let deploys = source.clone();
            at_call(&harness, k, move |fake| {
                fake.owner_deploys("main", "web", deploys.clone(), new_image)
                    .unwrap();
            });
            settle(&mut harness).await;
            let live = harness.fake.live("main", "web").unwrap();
            assert_eq!(
                canonical(&live),
                canonical(&wanted),
                "{source:?} at call {k}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scaling_at_any_moment_is_kept() {
    for_each_run(1..=moments_of(injecting().await).await, async |k| {
        let mut harness = injecting().await;
        at_call(&harness, k, |fake| {
            let params = json!({"cluster": "main", "service": "web", "desiredCount": 7});
            fake.ecs("UpdateService", params).unwrap();
        });
        settle(&mut harness).await;
        let service = harness.fake.service("main", "web").unwrap();
        assert_eq!(service["desiredCount"], 7, "at call {k}");
        let live = harness.fake.live("main", "web").unwrap().to_string();
        assert!(live.contains("firelensConfiguration"), "at call {k}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_deleted_at_any_moment_blocks_no_other() {
    for_each_run(1..=moments_of(injecting().await).await, async |k| {
        let mut harness = injecting().await;
        at_call(&harness, k, |fake| {
            let params = json!({"cluster": "main", "service": "web", "force": true});
            fake.ecs("DeleteService", params).unwrap();
        });
        settle(&mut harness).await;
        let live = harness.fake.live("main", "jobs").unwrap().to_string();
        assert!(live.contains("firelensConfiguration"), "at call {k}");
        let service = harness.fake.service("main", "web").unwrap();
        assert_ne!(service["status"], "ACTIVE");
    })
    .await;
}
