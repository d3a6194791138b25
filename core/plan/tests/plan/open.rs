//! Plans that go ahead although not everything could be read.

use firelens_plan::{Decision, Plan, Wait, plan_with_what_is_known};
use serde_json::json;

use crate::build::policy;
use crate::world::World;

fn fleet() -> World {
    let mut world = World::fleet(3);
    let rollout = json!({"canary": {"count": 0}, "maxConcurrent": 100});
    world
        .policies
        .push(policy("all", &json!({"rollout": rollout})));
    world
}

/// The plan of a pass that did not learn what `service` runs.
fn plan_without(world: &World, service: &str) -> Plan {
    let mut seen = world.seen();
    seen.task_definitions
        .remove(&world.services[service].revision);
    plan_with_what_is_known(&world.input(&seen))
}

#[test]
fn a_workload_with_a_missing_read_waits_while_others_proceed() {
    let world = fleet();
    let whole = world.plan();
    let made = plan_without(&world, "s0");
    assert!(made.needs.is_empty());
    assert!(!made.left_open.is_empty());
    let waiting = &made.workloads[&World::key("s0")];
    let Decision::Waiting(Wait::Read(why)) = &waiting.decision else {
        panic!("{:?}", waiting.decision);
    };
    assert!(why.contains("task definition"), "{why}");
    assert!(waiting.steps.is_empty());
    for service in ["s1", "s2"] {
        let key = World::key(service);
        assert_eq!(made.workloads[&key].steps, whole.workloads[&key].steps);
        assert!(!made.workloads[&key].steps.is_empty());
    }
    assert!(made.requeue_at.is_some());
}

#[test]
fn a_workload_that_waits_for_a_read_keeps_its_record() {
    let mut world = fleet();
    world.start();
    world.deployments_complete();
    let before = world.records[&World::key("s0")].clone();
    let made = plan_without(&world, "s0");
    assert_eq!(made.workloads[&World::key("s0")].record, before);
    let settled = &made.workloads[&World::key("s1")].record;
    assert!(settled.deployment.is_none(), "the others are followed");
}

#[test]
fn nothing_is_removed_while_a_read_is_missing() {
    let mut world = fleet();
    world.settle();
    world.delete_policy(0);
    for _ in 0..20 {
        if !world.plan().removals.is_empty() {
            break;
        }
        world.pass();
        world.deployments_complete();
        world.advance(20);
    }
    assert!(!world.plan().removals.is_empty());
    let made = plan_without(&world, "s0");
    assert!(!made.left_open.is_empty());
    assert!(made.removals.is_empty(), "{:?}", made.removals);
}
