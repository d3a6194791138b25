//! Canaries, waves and stages: the order of workloads, and what does not reset a wave.

use firelens_plan::{Decision, Wait};
use serde_json::{Value, json};

use crate::build::{base, policy};
use crate::world::World;

fn fleet(count: usize, rollout: &Value) -> World {
    let mut world = World::fleet(count);
    world
        .policies
        .push(policy("all", &json!({"rollout": rollout})));
    world
}

/// Starts what may start and completes it, repeatedly: the services of each round.
fn rounds(world: &mut World) -> Vec<Vec<String>> {
    let mut rounds = Vec::new();
    loop {
        let started = world.start();
        if started.is_empty() {
            return rounds;
        }
        rounds.push(started);
        world.deployments_complete();
    }
}

#[test]
fn waves_grow_from_the_canary_up_to_max_concurrent() {
    let rollout =
        json!({"maxConcurrent": 8, "canary": {"count": 1, "bakeSeconds": 0}, "waveGrowth": 2});
    let mut world = fleet(25, &rollout);
    let sizes: Vec<usize> = rounds(&mut world).iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 2, 4, 8, 8, 2]);
    let rollout_state = world.rollout_state("all");
    let waves: Vec<_> = rollout_state
        .waves
        .iter()
        .map(|wave| (wave.wave, wave.size, wave.done))
        .collect();
    assert_eq!(waves, [(0, 1, 1), (1, 2, 2), (2, 4, 4), (3, 18, 18)]);
    assert_eq!(rollout_state.remaining, 0);
}

#[test]
fn a_wave_begins_only_when_the_one_before_is_done() {
    let rollout =
        json!({"maxConcurrent": 8, "canary": {"count": 1, "bakeSeconds": 0}, "waveGrowth": 3});
    let mut world = fleet(10, &rollout);
    world.start();
    world.deployments_complete();
    assert_eq!(world.start().len(), 3);
    // Two of three are done: the third keeps the next wave waiting.
    let last = world.updates.last().unwrap().clone();
    world.deployments_complete();
    world.services.get_mut(&last).unwrap().rollout_state = "IN_PROGRESS";
    assert!(world.start().is_empty());
    assert_eq!(world.decision("s9"), Decision::Waiting(Wait::Wave(1)));
    world.deployments_complete();
    assert_eq!(world.start().len(), 6);
}

#[test]
fn stages_roll_out_in_order_and_unstaged_services_last() {
    let rollout = json!({
        "maxConcurrent": 10, "canary": {"count": 0},
        "order": [{"matchLabels": {"tier": "test"}}, {"matchLabels": {"tier": "staging"}}]
    });
    let mut world = fleet(6, &rollout);
    for (service, tier) in [
        ("s1", "prod"),
        ("s3", "staging"),
        ("s4", "test"),
        ("s5", "test"),
    ] {
        world.services.get_mut(service).unwrap().tags = json!([{"key": "tier", "value": tier}]);
    }
    let first = world.start();
    assert_eq!(first, ["s4", "s5"]);
    assert_eq!(world.decision("s3"), Decision::Waiting(Wait::Stage));
    world.deployments_complete();
    assert_eq!(world.start(), ["s3"]);
    world.deployments_complete();
    assert_eq!(world.start(), ["s0", "s1", "s2"]);
}

#[test]
fn canaries_are_chosen_to_differ_from_each_other() {
    let rollout = json!({"maxConcurrent": 5, "canary": {"count": 2, "bakeSeconds": 600}});
    let mut world = fleet(4, &rollout);
    let mut large = base("s3", "app:1");
    large["memory"] = json!("4096");
    large["cpu"] = json!("1024");
    large["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "proxy", "image": "proxy:1"}));
    world.owner_deploys("s3", &large);
    let mut canaries = world.start();
    canaries.sort();
    assert_eq!(canaries, ["s0", "s3"], "s1 and s2 are like s0");
}

#[test]
fn failed_canaries_are_replaced_until_the_threshold_pauses_the_rollout() {
    let rollout = json!({
        "maxConcurrent": 5, "canary": {"count": 1, "bakeSeconds": 0}, "failureThreshold": 2
    });
    let mut world = fleet(4, &rollout);
    assert_eq!(world.start(), ["s0"]);
    world.roll_back("s0");
    assert_eq!(world.start(), ["s1"], "one failure does not pause it yet");
    world.roll_back("s1");
    assert!(world.start().is_empty());
    assert!(matches!(
        world.decision("s2"),
        Decision::Waiting(Wait::Paused(_))
    ));
    let rollout_state = world.rollout_state("all");
    assert_eq!(
        (
            rollout_state.waves[0].started,
            rollout_state.waves[0].failed
        ),
        (2, 2)
    );
    assert!(rollout_state.paused.unwrap().contains("2 attempts failed"));
}

#[test]
fn a_redeployed_canary_is_injected_without_reopening_its_wave() {
    let rollout = json!({"maxConcurrent": 2, "canary": {"count": 1, "bakeSeconds": 600}});
    let mut world = fleet(5, &rollout);
    assert_eq!(world.start(), ["s0"]);
    world.deployments_complete();
    world.pass();
    // The canary bakes: nobody else may start, but its owner's deployment is followed.
    world.owner_deploys("s0", &base("s0", "app:2"));
    assert_eq!(world.start(), ["s0"]);
    world.deployments_complete();
    assert!(world.start().is_empty(), "the bake time goes on");
    world.advance(600);
    assert_eq!(world.start().len(), 2, "the wave after the canary");
    assert!(world.live("s0").to_register_input().contains("app:2"));
}

#[test]
fn a_generation_that_leaves_tasks_unchanged_redeploys_no_service() {
    let rollout = json!({"maxConcurrent": 2, "canary": {"count": 1, "bakeSeconds": 600}});
    let mut world = fleet(3, &rollout);
    world.advance(20);
    world.settle();
    world.advance(700);
    world.settle();
    assert_eq!(world.injected(), 3);
    let updates = world.updates.len();
    world.policies[0] = policy(
        "all",
        &json!({"rollout": {"maxConcurrent": 9, "approval": "Required"}}),
    );
    world.policies[0].metadata.generation = Some(2);
    world.settle();
    assert_eq!(world.updates.len(), updates);
    assert_eq!(world.rollout_state("all").plan.workloads, 0);
    // Whoever deploys now is followed without approval: the generation has reached it.
    world.owner_deploys("s1", &base("s1", "app:7"));
    world.settle();
    assert!(world.is_injected("s1"));
}

#[test]
fn a_deployment_may_take_as_long_as_ecs_bakes_it() {
    let mut world = fleet(
        1,
        &json!({"canary": {"count": 0}, "progressDeadlineSeconds": 60}),
    );
    world.settings = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 10});
    world.start();
    world.advance(619);
    world.pass();
    assert!(world.records[&World::key("s0")].failed.is_none());
    world.advance(60);
    world.pass();
    assert!(world.records[&World::key("s0")].failed.is_some());
}
