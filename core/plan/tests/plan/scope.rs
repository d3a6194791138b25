//! A cluster that leaves a target, and a target that is deleted, leave no router behind unnoticed.

use firelens_plan::{Decision, held_by};
use serde_json::{Value, json};

use crate::build::{REGION, base, policy};
use crate::world::World;

const ROLE: &str = "task-s0";

fn two(spec: &Value) -> Value {
    let output = |name: &str| json!({"name": name, "destination": {"firehose": {"deliveryStream": name, "region": REGION}}});
    let mut whole = json!({"outputs": [output("one"), output("two")]});
    for (field, value) in spec.as_object().into_iter().flatten() {
        whole[field] = value.clone();
    }
    whole
}

/// Routers run in `main`, and the target names another cluster.
fn left() -> World {
    let mut world = World::fleet(2);
    world.policies.push(policy("all", &two(&json!({}))));
    world.settle();
    assert_eq!(world.injected(), 2);
    world.target.spec.clusters = vec!["elsewhere".to_owned()];
    world
}

fn everything_is_there(world: &World) {
    assert_eq!(world.injected(), 2);
    assert_eq!((world.policies_of(ROLE).len(), world.objects.len()), (1, 1));
}

#[test]
fn a_cluster_leaving_the_target_keeps_its_routers_and_permissions() {
    let mut world = left();
    for _ in 0..10 {
        world.pass();
        world.advance(3_600);
        assert_eq!(world.decision("s0"), Decision::OutOfScope(false));
        everything_is_there(&world);
    }
    let updates = world.updates.len();
    world.target.spec.clusters = vec!["*".to_owned()];
    world.settle();
    assert_eq!(world.decision("s0"), Decision::InSync, "it came back");
    assert_eq!(world.updates.len(), updates);
}

#[test]
fn deleting_the_policy_removes_routers_from_clusters_outside_the_target() {
    let mut world = left();
    world.pass();
    world.delete_policy(0);
    assert!(!world.plan().policies["all"].released);
    world.settle();
    assert_eq!(world.injected(), 0);
    assert!(world.plan().policies["all"].released);
    assert!(world.role_policies.is_empty() && world.objects.is_empty());
    assert!(world.records.is_empty(), "and nobody looks there any more");
}

#[test]
fn an_untargeted_service_is_forgotten_once_its_router_is_replaced() {
    let mut world = left();
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.settle();
    assert!(!world.records.contains_key(&World::key("s0")));
    assert!(world.policies_of(ROLE).is_empty());
    assert!(world.is_injected("s1") && world.policies_of("task-s1").len() == 1);
}

#[test]
fn a_workload_taken_over_by_another_target_is_forgotten_unchanged() {
    let mut world = left();
    world.handed_over.insert(World::key("s0"));
    let made = world.pass();
    assert_eq!(made.forgotten_workloads, [World::key("s0")]);
    assert!(world.is_injected("s0"));
    assert_eq!(world.decision("s1"), Decision::OutOfScope(false));
}

#[test]
fn a_deleted_target_is_kept_until_its_routers_are_removed() {
    let mut world = left();
    world.target.spec.clusters = vec!["*".to_owned()];
    world.target.metadata.deletion_timestamp = Some(world.now);
    world.pass();
    assert_eq!(world.decision("s0"), Decision::OutOfScope(true));
    assert_eq!(held_by(&world.plan()).len(), 2);
    everything_is_there(&world);
    // The policy still exists, for other targets.
    let elsewhere = json!({"selector": {"targets": ["other"]}});
    world.policies[0] = policy("all", &two(&elsewhere));
    world.policies[0].metadata.generation = Some(2);
    world.settle();
    world.settle();
    assert_eq!(world.injected(), 0);
    assert!(held_by(&world.plan()).is_empty());
    assert!(world.role_policies.is_empty() && world.objects.is_empty());
    assert!(world.resources.is_empty() && world.owned.is_empty());
}
