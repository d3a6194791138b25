//! Two installations of the operator on one AWS, and one that has lost its database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;
use std::time::Duration;

use firelens_tests::binary;
use firelens_tests::fake_aws::{FakeAws, Source};
use firelens_tests::harness::fleet::{self, Fleet, Rest};
use firelens_tests::harness::scene::{policy, small_fleet, target};
use firelens_tests::harness::{Harness, INSTALLATION};
use firelens_tests::postgres;
use firelens_tests::process::{Process, clean};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

const MAX_PASSES: usize = 100;
/// Longest wait for a start that is refused.
const PATIENCE: Duration = Duration::from_secs(30);
/// Services of the fleet, over three targets.
const SERVICES: usize = 120;

async fn injected() -> Harness {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    for service in ["web", "jobs"] {
        assert!(harness.has_router("main", service), "{service}");
    }
    harness
}

fn installation(fake: &FakeAws, service: &str) -> Value {
    let live = fake.live("main", service).unwrap();
    let containers = live["taskDefinition"]["containerDefinitions"].as_array();
    let router = containers.unwrap().last().unwrap();
    router["dockerLabels"]["firelens.dev/installation"].clone()
}

fn new_image(document: &mut Value) {
    document["containerDefinitions"][0]["image"] = json!("registry.example/app:2");
}

#[tokio::test]
async fn a_lost_database_and_the_same_yaml_write_nothing() {
    let mut harness = injected().await;
    assert_eq!(installation(&harness.fake, "web"), INSTALLATION);
    let before = harness.fake.world();
    harness.fake.clear_calls();
    harness.lose_database(INSTALLATION).await;
    harness.apply(target()).await;
    harness.settle(MAX_PASSES).await;
    let reason = harness.reason("main", "web", "Injected").await;
    assert_eq!(reason, "PolicyUnknown", "before the policy is there again");
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.fake.write_count(), 0);
    assert_eq!(harness.fake.world(), before);
    for service in ["web", "jobs"] {
        let reason = harness.reason("main", service, "Ready").await;
        assert_eq!(reason, "InSync", "{service}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_is_not_redeployed_after_database_loss() {
    let mut fleet = Fleet::start(SERVICES).await;
    fleet.harness.fake.throttle(false);
    let rollout = json!({"maxConcurrent": SERVICES, "canary": {"count": 1, "bakeSeconds": 60}});
    fleet.harness.apply(fleet::policy(&rollout)).await;
    fleet.wake();
    let day = SignedDuration::from_hours(12);
    assert_eq!(fleet.run(day, |_| {}).await, Rest::Quiet);
    assert_eq!(fleet.without_router(SERVICES), []);
    fleet.harness.fake.clear_calls();
    fleet.lose_database(INSTALLATION).await;
    fleet.harness.apply(fleet::policy(&rollout)).await;
    assert_eq!(fleet.run(day, |_| {}).await, Rest::Quiet);
    for operation in ["UpdateService", "RegisterTaskDefinition", "PutRolePolicy"] {
        assert_eq!(fleet.harness.fake.count(operation), 0, "{operation}");
    }
    assert_eq!(
        fleet
            .reason("west", &fleet.services("west", SERVICES)[7])
            .await,
        "InSync"
    );
}

#[tokio::test]
async fn a_start_on_the_database_of_another_installation_is_refused() {
    let database = postgres::database().await;
    let store = database.store().await;
    store.name_installation("east", false).await.unwrap();
    let home = TempDir::new().unwrap();
    let mut command = Command::new(binary::path());
    command.args(["serve", "--listen", "127.0.0.1:0", "--roles", "api"]);
    clean(&mut command, home.path())
        .env("DATABASE_URL", database.url())
        .env("FIRELENS_INSTALLATION_ID", "west");
    let mut serve = Process::spawn(command, home.path().join("firelens.log"));
    assert_eq!(serve.ended(PATIENCE), Some(1));
    let log = serve.log_tail();
    for word in [
        "installation east",
        "DATABASE_URL",
        "--replace-installation-id",
    ] {
        assert!(log.contains(word), "{word}: {log}");
    }
    assert_eq!(store.installation().await.unwrap(), "east");
}

/// Passes of both in turn until neither writes any more.
async fn settle_both(first: &mut Harness, second: &mut Harness) {
    for _ in 0..MAX_PASSES {
        let before = first.fake.write_count();
        first.pass().await;
        second.pass().await;
        first.fake.advance(Duration::from_secs(20));
        let is_deploying = first.fake.in_flight() > 0;
        if first.fake.write_count() == before && !is_deploying {
            first.settle(MAX_PASSES).await;
            second.settle(MAX_PASSES).await;
            return;
        }
    }
    panic!("the two never come to rest");
}

#[tokio::test]
async fn two_installations_do_not_fight_over_one_service() {
    let mut first = injected().await;
    let mut second = first.beside("second").await;
    second.apply(target()).await;
    second.apply(policy()).await;
    first.fake.clear_calls();
    settle_both(&mut first, &mut second).await;
    assert_eq!(first.fake.write_count(), 0);
    let contested = second.condition("main", "web", "Contested").await.unwrap();
    assert_eq!(contested["status"], "True");
    let message = contested["message"].as_str().unwrap();
    assert!(
        message.contains("installation tests") && message.contains("selector"),
        "{message}"
    );
    assert_eq!(first.reason("main", "web", "Ready").await, "InSync");

    // An owner removes the router from under both: one of them brings it back, the other leaves it.
    for round in 1..=3 {
        first
            .fake
            .owner_deploys("main", "web", Source::Own, |document| {
                new_image(document);
                document["containerDefinitions"][0]["environment"][0]["value"] =
                    json!(round.to_string());
            })
            .unwrap();
        let before = first.fake.taken("UpdateService");
        settle_both(&mut second, &mut first).await;
        // One that names a revision ECS does not know yet is refused, and comes again.
        let updates = first.fake.taken("UpdateService");
        assert_eq!(updates, before + 1, "{round}");
        assert!(first.has_router("main", "web"));
        let winner = installation(&first.fake, "web");
        let (holder, other) = match winner == "second" {
            true => (&second, &first),
            false => (&first, &second),
        };
        assert_eq!(holder.reason("main", "web", "Ready").await, "InSync");
        assert_eq!(other.reason("main", "web", "Ready").await, "Contested");
        let rights = first.fake.role_policies("web-task");
        assert!(!rights.is_empty(), "the router has its rights");
    }
}
