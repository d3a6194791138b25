//! When a rollout is complete, and when its completion is reported.

use firelens_report::status::{COMPLETE, Pace, find, rollout_status};
use firelens_types::v1alpha1::{Condition, Rollout, RolloutStatus};
use serde_json::json;

use crate::build::{base, policy};
use crate::world::World;

const PACE: Pace = Pace {
    registrations_per_second: 1.0,
};

fn fleet() -> World {
    let mut world = World::fleet(3);
    let rollout = json!({"canary": {"count": 0}, "maxConcurrent": 1});
    world
        .policies
        .push(policy("all", &json!({"rollout": rollout})));
    world
}

/// The rollout status after a pass, given the one before.
fn seen(world: &mut World, before: Option<&RolloutStatus>) -> RolloutStatus {
    let made = world.pass();
    let old: Option<Rollout> = before.map(|before| {
        let rollout = json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "Rollout",
            "metadata": {"name": "all.g1.prod"},
            "spec": {"policy": "all", "generation": 1, "target": "prod"}});
        let mut rollout: Rollout = serde_json::from_value(rollout).unwrap();
        rollout.status = Some(before.clone());
        rollout
    });
    rollout_status(&made, &world.policies[0], PACE, old.as_ref(), world.now).unwrap()
}

fn complete(status: &RolloutStatus) -> &Condition {
    find(&status.conditions, COMPLETE).unwrap()
}

#[test]
fn a_rollout_stays_complete_while_an_owner_deploys() {
    let mut world = fleet();
    world.settle();
    let done = seen(&mut world, None);
    let first = complete(&done).clone();
    assert_eq!(first.reason, "RolloutComplete");
    assert!(done.completed_at.is_some());
    world.advance(600);
    world.owner_deploys("s1", &base("s1", "app:2"));
    let mut status = done.clone();
    for _ in 0..6 {
        status = seen(&mut world, Some(&status));
        let now = complete(&status);
        assert_eq!(now.reason, first.reason, "{}", status.message);
        assert_eq!(now.last_transition_time, first.last_transition_time);
        assert_eq!(status.completed_at, done.completed_at);
        world.advance(20);
    }
    world.deployments_complete();
    status = seen(&mut world, Some(&status));
    assert_eq!(status.updated, 3);
}

#[test]
fn the_expected_end_is_not_rewritten_while_nothing_moves() {
    let mut world = fleet();
    let mut status = None;
    for _ in 0..4 {
        status = Some(seen(&mut world, status.as_ref()));
        world.advance(20);
    }
    let mut ends = vec![status.clone().unwrap().expected_end];
    for _ in 0..60 {
        status = Some(seen(&mut world, status.as_ref()));
        ends.push(status.clone().unwrap().expected_end);
        world.advance(10);
    }
    assert!(ends.iter().all(Option::is_some));
    ends.dedup();
    // Ten minutes in which one deployment does not end.
    assert!(ends.len() <= 4, "{ends:?}");
}

#[test]
fn deleted_policy_reverts_its_hanging_deployment_at_once() {
    let mut world = fleet();
    assert_eq!(world.start(), ["s0"]);
    let base = world.records[&World::key("s0")].deployment.clone().unwrap();
    world.delete_policy(0);
    assert_eq!(world.start(), ["s0"], "taken back at once");
    assert_eq!(world.services["s0"].revision, base.previous);
    world.deployments_complete();
    world.settle();
    assert!(world.plan().policies["all"].released);
}
