//! A thousand services in three targets: the order and pace of a rollout, what stops it, and that everything
//! ends as it would have ended undisturbed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use firelens_tests::fake_aws::{Call, DeploymentEnd, FakeAws, Source, World};
use firelens_tests::harness::fleet::{CLUSTER, Fleet, Rest, TARGETS, policy};
use firelens_tests::harness::scene::POLICY;
use firelens_tests::harness::{condition, is_routed};
use firelens_types::v1alpha1::Kind;
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

/// Updates that ECS took: one that names a revision it does not know yet is refused, and comes again.
fn updates(fleet: &Fleet) -> usize {
    fleet.harness.fake.taken("UpdateService")
}

fn is_update(call: &Call) -> bool {
    call.operation == "UpdateService" && call.error.is_none()
}

async fn assert_all_routed(fleet: &Fleet) {
    assert_routed_but(fleet, None).await;
}

async fn assert_routed_but(fleet: &Fleet, except: Option<&str>) {
    let mut left = fleet.without_router(SERVICES);
    left.retain(|key| Some(key.service.as_str()) != except);
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

/// Numbers, sizes and outcomes of the waves of a rollout.
fn waves(rollout: &Value) -> Vec<(u64, u64, u64)> {
    let waves = rollout["status"]["waves"].as_array().unwrap();
    let number = |wave: &Value, name: &str| wave[name].as_u64().unwrap();
    let waves = waves.iter();
    waves
        .map(|wave| {
            (
                number(wave, "wave"),
                number(wave, "size"),
                number(wave, "done"),
            )
        })
        .collect()
}

/// A rollout that nothing disturbs goes in waves, and costs one registration and one update for each service.
/// Returns what the services run then.
async fn calm_rollout() -> Vec<(String, Value)> {
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
        assert_eq!(
            condition(&rollout["status"], "Complete").unwrap()["status"],
            "True"
        );
    }
    // The canaries of each target were done before anybody else began.
    for (target, ..) in TARGETS {
        assert_canaries_first(&fleet, target);
    }
    services(fleet.harness.fake.world())
}

/// The times of a target's updates: two canaries, then nobody until they were done and had baked.
fn assert_canaries_first(fleet: &Fleet, target: &str) {
    let place = fleet.place(target);
    let calls = fleet.harness.fake.calls();
    let mine = calls
        .iter()
        .filter(|call| is_update(call) && call.place == *place.place());
    let times: Vec<i64> = mine.map(|call| call.at_ms).collect();
    assert!(
        times[2] - times[1] >= 120_000,
        "{target}: {:?}",
        &times[..3]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_canary_pauses_the_fleet_until_a_retry() {
    let expected = calm_rollout().await;

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
        let paused = condition(&rollout["status"], "Paused").unwrap();
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
    assert_eq!(
        registered,
        SERVICES + 2 * TARGETS.len(),
        "what failed was deregistered, and is registered once more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_in_wave_three_pauses_only_its_target() {
    let mut fleet = fleet().await;
    // The forty-fourth service of a target is in wave 3: 2 + 8 + 32 went before.
    let west = fleet.services("west", SERVICES);
    let bad = west[43].clone();
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
            condition(&rollouts[target]["status"], "Paused").unwrap()["status"],
            paused,
            "{target}"
        );
    }
    assert_eq!(rollouts["west"]["status"]["wave"], 3);
    assert_eq!(fleet.reason("west", &bad).await, "RolledBack");
    let left = fleet.without_router(SERVICES);
    assert!(left.iter().all(|key| key.target == "west"));
    // Nobody of wave 4 has begun: what is 42 + 100 and further.
    let waiting = &west[42 + LIMIT..];
    let has_waited = |service: &String| left.iter().any(|key| key.service == *service);
    assert!(waiting.iter().all(has_waited), "{left:?}");

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
async fn frequent_deploys_are_followed_and_contested_services_left_alone() {
    let mut fleet = fleet().await;
    let busy: Vec<String> = fleet.services("east", SERVICES)[..40].to_vec();
    let fighter = fleet.services("west", SERVICES)[2].clone();
    let mut fight = Fighter {
        place: fleet.place("west"),
        service: fighter.clone(),
        rested_minutes: 0,
    };
    let mut deploys = 0_usize;
    let east = fleet.place("east");
    fleet
        .run(hours(1), |_| {
            fight.act();
            let service = &busy[deploys % busy.len()];
            deploys += 1;
            let image = format!("registry.example/app:deploy-{deploys}");
            let deployed = east.owner_deploys(CLUSTER, service, Source::Own, |document| {
                document["containerDefinitions"][0]["image"] = json!(image);
            });
            deployed.expect("the owner deploys");
        })
        .await;
    let rest = fleet.run(hours(LIMIT_HOURS), |_| fight.act());
    assert_eq!(rest.await, Rest::Quiet);
    assert!(deploys > 50);
    assert_routed_but(&fleet, Some(&fighter)).await;
    assert_eq!(fleet.reason("west", &fighter).await, "Contested");
    for (index, service) in busy.iter().enumerate() {
        // The last deploy of each service is what runs, with the router on top.
        let last = (1..=deploys).rev().find(|n| (n - 1) % busy.len() == index);
        let live = east.live(CLUSTER, service).unwrap().to_string();
        let image = format!("registry.example/app:deploy-{}\"", last.unwrap());
        assert!(live.contains(&image), "{service} does not run {image}");
    }
    assert_never_more_than_allowed(&fleet);
    // One update for each service, at most one for each deploy that had to be followed, and two more for the
    // fighter: it is given up after the third.
    assert!((SERVICES..=SERVICES + deploys + 2).contains(&updates(&fleet)));
    let of_fighter = |call: &&Call| is_update(call) && call.text("service") == fighter;
    let calls = fleet.harness.fake.calls();
    assert_eq!(calls.iter().filter(of_fighter).count(), 3);
}

/// Somebody whose tool holds the task definition of a service, as `terraform apply` does: back to the first
/// revision, each time a deployment has rested for some minutes. One that is cut off would count as failed, and so
/// would one that no pass saw to be complete: a pass of a wave takes minutes at the pace that AWS allows.
struct Fighter {
    place: FakeAws,
    service: String,
    rested_minutes: u32,
}

/// Longer than any pass of this fleet.
const REST_MINUTES: u32 = 6;

impl Fighter {
    /// One more minute.
    fn act(&mut self) {
        let live = self.place.live(CLUSTER, &self.service).unwrap();
        let mut service = self.place.service(CLUSTER, &self.service).unwrap();
        let is_at_rest = service["deployments"].take()[0]["rolloutState"] == "COMPLETED";
        self.rested_minutes = match is_at_rest && is_routed(&live) {
            true => self.rested_minutes + 1,
            false => 0,
        };
        if self.rested_minutes > REST_MINUTES {
            let first = format!("{}:1", self.service);
            let params =
                json!({"cluster": CLUSTER, "service": self.service, "taskDefinition": first});
            self.place.ecs("UpdateService", params).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_policy_mid_rollout_restores_every_service_it_touched() {
    let mut fleet = fleet().await;
    let reached = |fleet: &Fleet| SERVICES - fleet.without_router(SERVICES).len();
    let (untouched, before) = (fleet.harness.fake.world(), revisions(&fleet));
    let middle = fleet.run(SignedDuration::from_mins(20), |_| {}).await;
    assert_eq!(middle, Rest::TimeUp);
    let touched = reached(&fleet);
    assert!(
        (50..SERVICES - 50).contains(&touched),
        "{touched} are reached"
    );

    let mut slow = rollout();
    slow["maxConcurrent"] = json!(10);
    fleet.harness.apply(policy(&slow)).await;
    fleet.harness.delete(Kind::LoggingPolicy, POLICY).await;
    let deleted_ms = fleet.harness.fake.now().as_millisecond();
    fleet.wake();
    assert_eq!(fleet.run(hours(LIMIT_HOURS), |_| {}).await, Rest::Quiet);
    assert_taken_back_without_pauses(&fleet, touched, deleted_ms);
    assert_eq!(fleet.harness.get(Kind::LoggingPolicy, POLICY).await, None);
    assert_eq!(revisions(&fleet), before);
    let world = fleet.harness.fake.world();
    assert!(
        world.roles.values().all(BTreeMap::is_empty),
        "{:?}",
        world.roles
    );
    assert!(world.objects.is_empty());
    assert_eq!(world.services, untouched.services);
    assert_never_more_than_allowed(&fleet);
}

/// Ten at a time in each target, and the next ten within two looks of the end of the ten before: a wait for
/// a resync between them would make a day of it.
fn assert_taken_back_without_pauses(fleet: &Fleet, touched: usize, deleted_ms: i64) {
    const ROUND_MS: i64 = 15_000 + 2 * 10_000;
    let calls = fleet.harness.fake.calls();
    let updates = calls.iter().filter(|call| is_update(call));
    let last_ms = updates.map(|call| call.at_ms).max().unwrap();
    // The targets were not reached by equal shares; and what was still deploying ends first.
    let rounds = i64::try_from(touched.div_ceil(10)).unwrap() + 2;
    let took_ms = last_ms - deleted_ms;
    assert!(
        took_ms <= rounds * ROUND_MS,
        "{took_ms} ms, {rounds} rounds"
    );
}

/// ARNs of the revisions that the services run.
fn revisions(fleet: &Fleet) -> Vec<Value> {
    let services = TARGETS.iter().flat_map(|(target, ..)| {
        let place = fleet.place(target);
        let services = fleet.services(target, SERVICES);
        services
            .into_iter()
            .map(move |service| place.live(CLUSTER, &service).unwrap())
    });
    services
        .map(|live| live["taskDefinition"]["taskDefinitionArn"].clone())
        .collect()
}
