//! Deployments of owners that were completed just now, and changes that wait for them.

use firelens_plan::{Decision, Wait};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::build::{base, policy};
use crate::world::World;

fn fleet(count: usize, rollout: &Value) -> World {
    let mut world = World::fleet(count);
    let mut whole = json!({"maxConcurrent": 5, "canary": {"count": 0}, "settleSeconds": 120});
    for (field, value) in rollout.as_object().unwrap() {
        whole[field] = value.clone();
    }
    world
        .policies
        .push(policy("all", &json!({"rollout": whole})));
    world
}

/// The seconds until the wait is over; a pass takes some milliseconds of the last one.
fn waits(world: &World, service: &str) -> Option<i64> {
    match world.decision(service) {
        Decision::Waiting(Wait::Settle { until, .. }) => {
            let left = until.duration_since(world.now);
            Some(left.as_secs() + i64::from(left.subsec_nanos() > 0))
        }
        _ => None,
    }
}

#[test]
fn injection_waits_the_settle_time_after_an_owners_deployment() {
    let mut world = fleet(1, &json!({}));
    let until = world.now + SignedDuration::from_secs(120);
    world.pass();
    assert_eq!(waits(&world, "s0"), Some(120));
    assert_eq!(world.plan().requeue_at, Some(until));
    world.advance(119);
    world.pass();
    assert_eq!((waits(&world, "s0"), world.registered), (Some(1), 0));
    world.advance(1);
    world.pass();
    assert_eq!(waits(&world, "s0"), None);
    assert_eq!(world.registered, 1);
}

#[test]
fn an_old_deployment_delays_injection_by_only_two_polls() {
    let mut world = fleet(1, &json!({}));
    world.updated_at = Some(world.now - SignedDuration::from_secs(86_400));
    world.pass();
    assert_eq!(waits(&world, "s0"), Some(30));
    world.policies[0] = policy("all", &json!({}));
    world.pass();
    assert_eq!(
        waits(&world, "s0"),
        None,
        "settleSeconds: 0 waits for nothing"
    );
}

#[test]
fn the_settle_time_counts_from_the_observed_deployment_end() {
    let mut world = fleet(1, &json!({}));
    world.updated_at = Some(world.now - SignedDuration::from_secs(86_400));
    world.services.get_mut("s0").unwrap().rollout_state = "IN_PROGRESS";
    world.pass();
    assert_eq!(
        world.decision("s0"),
        Decision::Waiting(Wait::ForeignDeployment)
    );
    world.advance(400);
    world.deployments_complete();
    world.pass();
    assert_eq!(waits(&world, "s0"), Some(120));
}

#[test]
fn owner_deployments_wait_to_settle_and_new_generations_do_not() {
    let mut world = fleet(1, &json!({}));
    world.advance(0);
    world.settle();
    assert!(world.is_injected("s0"));
    let more = json!({"bufferLimit": 1000,
        "rollout": {"canary": {"count": 0}, "settleSeconds": 120}});
    world.policies[0] = policy("all", &more);
    world.policies[0].metadata.generation = Some(2);
    world.pass();
    assert_eq!(waits(&world, "s0"), None, "what runs is ours");
    world.settle();
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.pass();
    assert_eq!(waits(&world, "s0"), Some(120));
    world.advance(120);
    world.settle();
    assert!(world.is_injected("s0"));
    assert!(world.live("s0").to_register_input().contains("app:2"));
}

#[test]
fn the_settle_wait_survives_restarts_and_resets_on_new_deployments() {
    let mut world = fleet(1, &json!({}));
    world.pass();
    world.advance(100);
    let kept = serde_json::to_string(&world.records[&World::key("s0")]).unwrap();
    let read = serde_json::from_str(&kept).unwrap();
    world.records.insert(World::key("s0"), read);
    assert_eq!(waits(&world, "s0"), Some(20));
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.pass();
    assert_eq!(waits(&world, "s0"), Some(120));
}

#[test]
fn taking_back_waits_for_an_owners_deployment_too() {
    let mut world = fleet(1, &json!({}));
    world.settle();
    let body = world
        .live("s0")
        .to_register_input()
        .replace("app:1", "app:2");
    let body: Value = serde_json::from_str(&body).unwrap();
    world.owner_deploys("s0", &body);
    world.delete_policy(0);
    world.pass();
    assert_eq!(waits(&world, "s0"), Some(120));
}
