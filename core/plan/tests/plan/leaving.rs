//! What our revisions need stays for as long as one of them runs or may come back.

use firelens_aws::record::Purpose;
use firelens_plan::Decision;
use serde_json::{Value, json};

use crate::build::{REGION, base, policy};
use crate::world::World;

const ROLE: &str = "task-s0";

/// A fleet under a policy of two outputs, so that there are role policies and an object.
fn fleet(services: usize, spec: &Value) -> World {
    let mut world = World::fleet(services);
    world.policies.push(policy("all", &two(spec)));
    world.settle();
    assert_eq!(world.injected(), services);
    assert_eq!(world.policies_of(ROLE).len(), 1);
    world
}

fn two(spec: &Value) -> Value {
    let output = |name: &str| json!({"name": name, "destination": {"firehose": {"deliveryStream": name, "region": REGION}}});
    let mut whole = json!({"outputs": [output("one"), output("two")]});
    for (field, value) in spec.as_object().into_iter().flatten() {
        whole[field] = value.clone();
    }
    whole
}

fn change(world: &mut World, spec: &Value) {
    let generation = world.policies[0].generation() + 1;
    world.policies[0] = policy("all", &two(spec));
    world.policies[0].metadata.generation = Some(generation);
}

#[test]
fn an_owners_deployment_takes_no_rights_from_tasks_it_replaces() {
    let mut world = fleet(1, &json!({}));
    world.owner_begins("s0", &base("s0", "app:2"));
    for _ in 0..20 {
        world.advance(30);
        let seen = world.pass();
        assert!(seen.removals.is_empty(), "{:?}", seen.removals);
        assert_eq!(world.policies_of(ROLE).len(), 1);
    }
    // Nor does the router that follows wait for IAM again.
    world.deployments_complete();
    world.pass();
    assert_eq!(world.deployments(Purpose::Inject), 1);
    world.settle();
    assert!(world.is_injected("s0"));
}

#[test]
fn rights_that_a_waiting_service_will_need_again_stay() {
    let mut world = fleet(1, &json!({}));
    world.owner_deploys("s0", &base("s0", "app:2"));
    change(&mut world, &json!({"suspend": true}));
    world.settle();
    assert_eq!(world.policies_of(ROLE).len(), 1);
}

#[test]
fn deleted_policy_waits_for_injected_tasks_being_replaced() {
    let mut world = fleet(1, &json!({}));
    world.owner_begins("s0", &base("s0", "app:2"));
    world.pass();
    world.delete_policy(0);
    for _ in 0..20 {
        world.advance(30);
        let seen = world.pass();
        assert!(!seen.policies["all"].released);
        assert_eq!(seen.policies["all"].to_eject, 1);
        assert!(seen.requeue_at.is_some(), "it is looked after");
        assert_eq!((world.policies_of(ROLE).len(), world.objects.len()), (1, 1));
    }
    world.deployments_complete();
    world.settle();
    assert!(world.plan().policies["all"].released);
    assert_eq!((world.policies_of(ROLE).len(), world.objects.len()), (0, 0));
}

#[test]
fn a_rollback_of_the_owners_deployment_finds_rights_and_files() {
    let mut world = fleet(1, &json!({}));
    world.owner_begins("s0", &base("s0", "app:2"));
    world.pass();
    world.delete_policy(0);
    world.pass();
    world.ecs_goes_back("s0");
    assert!(world.is_injected("s0"));
    world.pass();
    assert_eq!((world.policies_of(ROLE).len(), world.objects.len()), (1, 1));
    world.settle();
    assert!(!world.is_injected("s0"), "and is taken out then");
    assert!(world.plan().policies["all"].released);
    assert!(world.policies_of(ROLE).is_empty() && world.objects.is_empty());
}

#[test]
fn draining_tasks_of_a_rolled_back_deployment_keep_permissions() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &two(&json!({}))));
    world.start();
    world.start(); // IAM has had its time
    world.roll_back("s0");
    // ECS starts the old tasks again while the new ones still run.
    let service = world.services.get_mut("s0").unwrap();
    service.rollout_state = "IN_PROGRESS";
    service.draining.clone_from(&service.failed);
    world.delete_policy(0);
    world.pass();
    assert_eq!((world.policies_of(ROLE).len(), world.objects.len()), (1, 1));
    let service = world.services.get_mut("s0").unwrap();
    (service.rollout_state, service.draining) = ("COMPLETED", None);
    world.settle();
    assert!(world.policies_of(ROLE).is_empty() && world.objects.is_empty());
}

#[test]
fn a_restore_with_early_success_waits_for_the_old_tasks() {
    let mut world = fleet(1, &json!({}));
    world.delete_policy(0);
    world.pass();
    assert_eq!(world.deployments(Purpose::Eject), 1);
    world.deployments_succeed();
    for _ in 0..120 {
        world.advance(60);
        world.pass();
        assert_eq!(world.decision("s0"), Decision::Deploying(Purpose::Eject));
        assert_eq!((world.policies_of(ROLE).len(), world.objects.len()), (1, 1));
    }
    world.deployments_complete();
    world.settle();
    assert!(world.policies_of(ROLE).is_empty() && world.objects.is_empty());
}

#[test]
fn early_successful_injection_completes_when_old_tasks_are_gone() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.start();
    world.deployments_succeed();
    world.advance(7_200);
    world.pass();
    assert_eq!(world.decision("s0"), Decision::Deploying(Purpose::Inject));
    world.deployments_complete();
    world.pass();
    assert_eq!(world.decision("s0"), Decision::InSync);
}

#[test]
fn audit_policy_releasing_a_service_keeps_permissions_in_use() {
    let mut world = fleet(2, &json!({}));
    change(
        &mut world,
        &json!({"mode": "Audit", "selector": {"exclude": {"services": ["s0"]}}}),
    );
    world.settle();
    assert_eq!(world.decision("s0"), Decision::Retained);
    world.settle();
    assert_eq!(world.policies_of(ROLE).len(), 1, "its tasks write with it");
    // Once the owner has deployed a revision without router nothing needs them.
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.settle();
    assert!(world.policies_of(ROLE).is_empty());
}

#[test]
fn retain_policy_keeps_permissions_of_unselected_services() {
    let mut world = fleet(1, &json!({"deletionPolicy": "Retain"}));
    change(
        &mut world,
        &json!({"deletionPolicy": "Retain", "selector": {"exclude": {"services": ["s0"]}}}),
    );
    world.settle();
    assert_eq!(world.decision("s0"), Decision::Retained);
    world.delete_policy(0);
    world.settle();
    assert!(world.plan().policies["all"].released);
    assert_eq!((world.policies_of(ROLE).len(), world.objects.len()), (1, 1));
    assert!(world.resources.is_empty(), "nobody looks after them");
}

#[test]
fn self_describing_deployment_counts_after_its_record_is_lost() {
    let mut world = fleet(1, &json!({}));
    world.owner_begins("s0", &base("s0", "app:2"));
    world.records.clear();
    let mut narrowed = json!({"mode": "Audit"});
    narrowed["rollout"] = json!({"canary": {"count": 0}});
    change(&mut world, &narrowed);
    for _ in 0..10 {
        world.advance(30);
        world.pass();
        assert_eq!(world.policies_of(ROLE).len(), 1);
    }
    world.deployments_complete();
    world.settle();
    assert!(world.policies_of(ROLE).is_empty());
}
