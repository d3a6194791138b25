//! A thousand services in three targets: the order and pace of a rollout, what stops it, and that everything
//! ends as it would have ended undisturbed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_tests::fake_aws::{DeploymentEnd, Source, World};
use firelens_tests::harness::fleet::{CLUSTER, Fleet, Rest, TARGETS, policy};
use jiff::SignedDuration;
use serde_json::{Value, json};

const SERVICES: usize = 1_000;
/// Services in flight at once in a target.
const LIMIT: usize = 100;
/// More than any of these rollouts takes.
const LIMIT_HOURS: i64 = 12;

fn rollout() -> Value {
    json!({
        "maxConcurrent": LIMIT, "waveGrowth": 4, "failureThreshold": 1,
        "canary": {"count": 2, "bakeSeconds": 120},
    })
}

async fn fleet() -> Fleet {
    let mut fleet = Fleet::start(SERVICES).await;
    // What the limits of AWS do to a rollout is another test's; here they would only make it long.
    fleet.harness.fake.throttle(false);
    fleet.harness.apply(policy(&rollout())).await;
    fleet.wake();
    fleet
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// What the services run, whatever it took to get there.
fn services(world: World) -> Vec<(String, Value)> {
    world.services.into_iter().collect()
}

fn updates(fleet: &Fleet) -> usize {
    fleet.harness.fake.count("UpdateService")
}

async fn assert_all_routed(fleet: &Fleet) {
    let left = fleet.without_router(SERVICES);
    if let Some(first) = left.first() {
        let reason = fleet.reason(&first.target, &first.service).await;
        let rollouts = fleet.rollouts().await;
        let status = &rollouts[&first.target]["status"];
        panic!(
            "{} have no router; {first} says {reason}: {status:#}",
            left.len()
        );
    }
}

fn assert_never_more_than_allowed(fleet: &Fleet) {
    for (target, most) in &fleet.most_in_flight {
        assert!(*most <= LIMIT, "{target}: {most} in flight");
    }
}

fn is_routed(deploying: &Value) -> bool {
    deploying.to_string().contains("firelensConfiguration")
}

/// Numbers, sizes and outcomes of the waves of a rollout.
fn waves(rollout: &Value) -> Vec<(u64, u64, u64)> {
    let waves = rollout["status"]["waves"].as_array().unwrap();
    let number = |wave: &Value, name: &str| wave[name].as_u64().unwrap();
    let all = waves.iter();
    all.map(|wave| {
        (
            number(wave, "wave"),
            number(wave, "size"),
            number(wave, "done"),
        )
    })
    .collect()
}

fn condition(object: &Value, type_: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let found = conditions.iter().find(|one| one["type"] == type_);
    found.cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_services_go_in_waves_and_cost_one_registration_and_one_update_each() {
    let mut fleet = fleet().await;
    let rest = fleet.run(hours(LIMIT_HOURS), |_| {}).await;
    assert_eq!(rest, Rest::Quiet);
    assert_all_routed(&fleet).await;
    assert_never_more_than_allowed(&fleet);
    assert_eq!(updates(&fleet), SERVICES);
    assert_eq!(fleet.harness.fake.count("RegisterTaskDefinition"), SERVICES);
    for (target, rollout) in fleet.rollouts().await {
        let waves = waves(&rollout);
        let sizes: Vec<u64> = waves.iter().map(|wave| wave.1).collect();
        assert_eq!(sizes[..3], [2, 8, 32], "{target}");
        assert!(waves.iter().all(|(_, size, done)| size == done), "{target}");
        assert_eq!(condition(&rollout, "Complete")["status"], "True");
    }
    // The canaries of each target were done before anybody else began.
    for (target, ..) in TARGETS {
        assert_canaries_first(&fleet, target);
    }
}

/// The times of a target's updates: two canaries, then nobody until they were done and had baked.
fn assert_canaries_first(fleet: &Fleet, target: &str) {
    let place = fleet.place(target);
    let calls = fleet.harness.fake.calls();
    let mine = calls
        .iter()
        .filter(|call| call.operation == "UpdateService" && call.place == *place.place());
    let times: Vec<i64> = mine.map(|call| call.at_ms).collect();
    assert!(
        times[2] - times[1] >= 120_000,
        "{target}: {:?}",
        &times[..3]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_the_canary_stops_the_fleet_and_after_a_retry_all_ends_as_undisturbed() {
    let mut calm = fleet().await;
    calm.run(hours(LIMIT_HOURS), |_| {}).await;
    let expected = services(calm.harness.fake.world());
    drop(calm);

    let mut fleet = fleet().await;
    fleet
        .harness
        .fake
        .judge_deployments(|deploying| match is_routed(deploying.task_definition) {
            true => DeploymentEnd::RollsBack,
            false => DeploymentEnd::Completes,
        });
    assert_eq!(fleet.run(hours(2), |_| {}).await, Rest::Quiet);
    assert_eq!(
        updates(&fleet),
        2 * TARGETS.len(),
        "the canaries and nobody else"
    );
    for (target, rollout) in fleet.rollouts().await {
        let paused = condition(&rollout, "Paused");
        assert_eq!(paused["status"], "True", "{target}");
        let why = paused["message"].as_str().unwrap();
        assert!(
            why.contains("failed") && why.contains("failureThreshold"),
            "{why}"
        );
    }
    // The cause is corrected outside of our sight; the same is tried again when somebody says so.
    fleet
        .harness
        .fake
        .judge_deployments(|_| DeploymentEnd::Completes);
    assert_eq!(fleet.run(hours(1), |_| {}).await, Rest::Quiet);
    assert_eq!(updates(&fleet), 2 * TARGETS.len(), "nothing by itself");
    let now = fleet.harness.fake.now().to_string();
    fleet
        .say(&json!({"resumedAt": now, "retry": {"at": now}}))
        .await;
    assert_eq!(fleet.run(hours(LIMIT_HOURS), |_| {}).await, Rest::Quiet);
    assert_never_more_than_allowed(&fleet);
    assert_eq!(services(fleet.harness.fake.world()), expected);
    let registered = fleet.harness.fake.count("RegisterTaskDefinition");
    assert_eq!(registered, SERVICES, "what was registered serves again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_wave_three_of_one_target_stops_that_target_only_and_can_be_resumed() {
    let mut fleet = fleet().await;
    // The forty-fourth service of a target is in wave 3: 2 + 8 + 32 went before.
    let bad = fleet.services("west", SERVICES)[43].clone();
    let name = bad.clone();
    fleet.harness.fake.judge_deployments(move |deploying| {
        match deploying.service == name && is_routed(deploying.task_definition) {
            true => DeploymentEnd::RollsBack,
            false => DeploymentEnd::Completes,
        }
    });
    assert_eq!(fleet.run(hours(LIMIT_HOURS), |_| {}).await, Rest::Quiet);
    let rollouts = fleet.rollouts().await;
    for (target, paused) in [("east", "False"), ("west", "True"), ("other", "False")] {
        assert_eq!(
            condition(&rollouts[target], "Paused")["status"],
            paused,
            "{target}"
        );
    }
    assert_eq!(rollouts["west"]["status"]["wave"], 3);
    assert_eq!(fleet.reason("west", &bad).await, "RolledBack");
    let left = fleet.without_router(SERVICES);
    assert!(left.len() > 200 && left.iter().all(|key| key.target == "west"));

    fleet
        .harness
        .fake
        .judge_deployments(|_| DeploymentEnd::Completes);
    let now = fleet.harness.fake.now().to_string();
    fleet
        .say(&json!({"resumedAt": now, "retry": {"at": now}}))
        .await;
    assert_eq!(fleet.run(hours(LIMIT_HOURS), |_| {}).await, Rest::Quiet);
    assert_all_routed(&fleet).await;
    assert_never_more_than_allowed(&fleet);
    assert_eq!(updates(&fleet), SERVICES + 1, "one was tried twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_deploys_every_minute_loses_no_change_and_is_followed() {
    let mut fleet = fleet().await;
    let busy: Vec<String> = fleet.services("east", SERVICES)[..40].to_vec();
    let mut deploys = 0_usize;
    let place = fleet.place("east");
    fleet
        .run(hours(1), |_| {
            let service = &busy[deploys % busy.len()];
            deploys += 1;
            let image = format!("registry.example/app:deploy-{deploys}");
            let deployed = place.owner_deploys(CLUSTER, service, Source::Own, |document| {
                document["containerDefinitions"][0]["image"] = json!(image);
            });
            deployed.expect("the owner deploys");
        })
        .await;
    assert_eq!(fleet.run(hours(LIMIT_HOURS), |_| {}).await, Rest::Quiet);
    assert!(deploys > 50);
    assert_all_routed(&fleet).await;
    for (index, service) in busy.iter().enumerate() {
        // The last deploy of each service is what runs, with the router on top.
        let last = (1..=deploys).rev().find(|n| (n - 1) % busy.len() == index);
        let live = place.live(CLUSTER, service).unwrap().to_string();
        let image = format!("registry.example/app:deploy-{}\"", last.unwrap());
        assert!(live.contains(&image), "{service} does not run {image}");
    }
    assert_never_more_than_allowed(&fleet);
    // One update for each service and at most one for each deploy that had to be followed.
    assert!((SERVICES..=SERVICES + deploys).contains(&updates(&fleet)));
}
