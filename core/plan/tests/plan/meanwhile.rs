//! A service whose owner deploys while a newer generation waits: what ran last is restored meanwhile.

use firelens_plan::{Decision, GENERATIONS_KEPT, Wait};
use firelens_types::v1alpha1::{Freeze, Kind};
use serde_json::{Value, json};

use crate::build::{base, object, policy};
use crate::world::World;

const FLEET: usize = 4;

/// Generation 1 everywhere, and generation 2 with that rollout just applied.
fn second_generation(rollout: &Value) -> World {
    let mut world = World::fleet(FLEET);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    assert_eq!(world.injected(), FLEET);
    apply(&mut world, 2, rollout);
    world
}

fn apply(world: &mut World, generation: i64, rollout: &Value) {
    let mut whole = json!({"canary": {"count": 0}, "maxConcurrent": 10});
    for (field, value) in rollout.as_object().unwrap() {
        whole[field] = value.clone();
    }
    let spec = json!({"bufferLimit": 1000 + generation, "rollout": whole});
    world.policies[0] = policy("all", &spec);
    world.policies[0].metadata.generation = Some(generation);
}

/// Waits long enough for rights to propagate and for every deployment that may start to end.
fn rest(world: &mut World) {
    for _ in 0..3 {
        world.start();
        world.deployments_complete();
    }
    world.pass();
}

fn generation(world: &World, service: &str) -> Option<i64> {
    firelens_inject::marks(&world.live(service)).map(|marks| marks.generation)
}

fn approve(world: &mut World) {
    let hash = world.rollout_state("all").plan.hash;
    world.say(0, json!({"approve": {"plan": hash}}));
}

#[test]
fn proven_generation_is_restored_while_the_next_waits() {
    let window = json!({"windows": [{"schedule": "0 23 * * *", "durationMinutes": 60}]});
    for (waits_for, rollout, control) in [
        ("approval", json!({"approval": "Required"}), json!({})),
        ("window", window, json!({})),
        ("pause", json!({}), json!({"paused": true})),
        ("abort", json!({}), json!({"abort": {}})),
    ] {
        let mut world = second_generation(&rollout);
        world.say(0, control);
        rest(&mut world);
        let updates = world.updates.len();
        world.owner_deploys("s1", &base("s1", "app:2"));
        assert_eq!(world.start(), ["s1"], "{waits_for}");
        rest(&mut world);
        assert_eq!(generation(&world, "s1"), Some(1), "{waits_for}");
        assert!(world.live("s1").to_register_input().contains("app:2"));
        assert_eq!(world.updates.len(), updates + 1, "once: {waits_for}");
        let decision = world.decision("s1");
        let waits = matches!(
            decision,
            Decision::Waiting(
                Wait::Approval(_) | Wait::Window(_) | Wait::Paused(_) | Wait::Aborted
            )
        );
        assert!(waits, "{waits_for}: {decision:?}");
    }
}

#[test]
fn the_next_generation_comes_in_its_turn_to_all_alike() {
    let mut world = second_generation(&json!({"approval": "Required"}));
    rest(&mut world);
    world.owner_deploys("s1", &base("s1", "app:2"));
    let hash = world.rollout_state("all").plan.hash;
    rest(&mut world);
    let plan = world.rollout_state("all").plan;
    assert_eq!(plan.hash, hash, "what is to be approved is the same");
    assert_eq!(plan.workloads as usize, FLEET, "nobody was reached");
    approve(&mut world);
    world.settle();
    for service in ["s0", "s1", "s2", "s3"] {
        assert_eq!(generation(&world, service), Some(2), "{service}");
    }
    assert_eq!(world.decision("s1"), Decision::InSync);
}

#[test]
fn restoring_proven_generation_uses_no_canary_slot() {
    let canary = json!({"canary": {"count": 1, "bakeSeconds": 50_000}});
    let mut world = second_generation(&canary);
    rest(&mut world);
    let newer = |world: &World| {
        let names = world.services.keys();
        names
            .filter(|name| generation(world, name) == Some(2))
            .count()
    };
    assert_eq!(newer(&world), 1, "the canary bakes");
    for service in ["s1", "s2", "s3"] {
        world.owner_deploys(service, &base(service, "app:2"));
    }
    rest(&mut world);
    assert_eq!(world.injected(), FLEET);
    assert_eq!(newer(&world), 1);
    world.advance(50_000);
    world.settle();
    assert_eq!(newer(&world), FLEET);
}

#[test]
fn what_comes_back_keeps_to_the_limit_of_the_rollout() {
    let limit = json!({"approval": "Required", "maxConcurrent": 1});
    let mut world = second_generation(&limit);
    for service in ["s0", "s1", "s2"] {
        world.owner_deploys(service, &base(service, "app:2"));
    }
    assert_eq!(world.start().len(), 1);
    for _ in 0..2 {
        world.deployments_complete();
        assert_eq!(world.start().len(), 1);
    }
    world.deployments_complete();
    rest(&mut world);
    assert_eq!(world.injected(), FLEET);
}

#[test]
fn a_freeze_holds_it_like_everything_else() {
    let mut world = second_generation(&json!({"approval": "Required"}));
    let freeze: Freeze = object(
        Kind::Freeze,
        &json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "Freeze", "metadata": {"name": "f"},
            "spec": {"reason": "quarter end", "until": "2026-01-02T00:00:00Z", "targets": ["*"]}}),
    );
    world.freezes.push(freeze);
    world.owner_deploys("s1", &base("s1", "app:2"));
    assert!(world.start().is_empty());
    world.freezes.clear();
    assert_eq!(world.start(), ["s1"]);
    rest(&mut world);
    assert_eq!(generation(&world, "s1"), Some(1));
}

#[test]
fn failed_generation_is_not_restored_on_the_same_base() {
    let mut world = World::fleet(FLEET);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    world.owner_deploys("s1", &base("s1", "app:2"));
    assert_eq!(world.start(), ["s1"]);
    world.roll_back("s1");
    world.pass();
    assert_eq!(world.decision("s1"), Decision::Failed);
    // The next generation is meant to fix it.
    apply(&mut world, 2, &json!({"approval": "Required"}));
    assert!(world.start().is_empty());
    assert_eq!(generation(&world, "s1"), None);
    // Another base is another attempt.
    world.services.get_mut("s1").unwrap().failed = None;
    world.owner_deploys("s1", &base("s1", "app:3"));
    assert_eq!(world.start(), ["s1"]);
    rest(&mut world);
    assert_eq!(generation(&world, "s1"), Some(1));
    approve(&mut world);
    world.settle();
    assert_eq!(generation(&world, "s1"), Some(2));
}

#[test]
fn service_waits_when_its_proven_generation_is_unknown() {
    for lost in ["row", "record"] {
        let mut world = second_generation(&json!({"approval": "Required"}));
        rest(&mut world);
        world.owner_deploys("s1", &base("s1", "app:2"));
        match lost {
            "row" => world.generations.clear(),
            _ => drop(world.records.remove(&World::key("s1"))),
        }
        assert!(world.start().is_empty(), "{lost}");
        approve(&mut world);
        world.settle();
        assert_eq!(generation(&world, "s1"), Some(2), "{lost}");
    }
}

#[test]
fn an_owners_copy_of_the_proven_generation_keeps_its_permissions() {
    let mut world = second_generation(&json!({"approval": "Required"}));
    rest(&mut world);
    let (rights, updates) = (world.role_policies.clone(), world.updates.len());
    let copy = world.live("s1").to_register_input();
    let copy = copy.replace("app:1", "app:2");
    world.owner_deploys("s1", &serde_json::from_str(&copy).unwrap());
    rest(&mut world);
    assert_eq!(world.role_policies, rights);
    assert_eq!(world.updates.len(), updates, "it has its router");
    let record = &world.records[&World::key("s1")];
    let managed = record.managed.as_ref().unwrap();
    assert_eq!(managed.arn, world.services["s1"].revision);
    assert_eq!(managed.policy.generation, 1);
}

#[test]
fn the_proven_generation_returns_with_its_original_destinations() {
    let place = |stream: &str| {
        object(
            Kind::LogDestination,
            &json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "LogDestination", "metadata": {"name": "d"},
                "spec": {"firehose": {"deliveryStream": stream, "region": "us-east-1"}}}),
        )
    };
    let outputs = json!([{"name": "main", "destinationRef": {"name": "d"}}]);
    let mut world = World::fleet(1);
    world.destinations.insert("d".to_owned(), place("first"));
    let spec = |extra: Value| {
        let mut spec = json!({"outputs": outputs, "rollout": {"canary": {"count": 0}}});
        for (field, value) in extra.as_object().unwrap() {
            spec[field] = value.clone();
        }
        policy("all", &spec)
    };
    world.policies.push(spec(json!({})));
    world.settle();
    world.policies[0] = spec(
        json!({"bufferLimit": 5, "rollout": {"canary": {"count": 0}, "approval": "Required"}}),
    );
    world.policies[0].metadata.generation = Some(2);
    world.destinations.insert("d".to_owned(), place("second"));
    rest(&mut world);
    world.owner_deploys("s0", &base("s0", "app:2"));
    rest(&mut world);
    let live = world.live("s0").to_register_input();
    assert!(live.contains("first") && !live.contains("second"), "{live}");
}

#[test]
fn generations_that_no_workload_names_are_forgotten() {
    let mut world = second_generation(&json!({}));
    for number in 2..9 {
        apply(&mut world, number, &json!({}));
        world.settle();
    }
    assert!(world.generations.len() <= GENERATIONS_KEPT + 1);
    world.delete_policy(0);
    world.settle();
    world.policies.clear();
    world.settle();
    assert!(world.generations.is_empty());
}
