//! Revisions of ours that nothing runs any more are deregistered, so that nobody starts one by name.

use firelens_aws::record::{Intent, Purpose};
use firelens_plan::{DEREGISTRATIONS_PER_PASS, Decision};
use firelens_types::v1alpha1::DeletionPolicy;
use serde_json::{Value, json};

use crate::build::{base, policy};
use crate::world::World;

const ROLE: &str = "task-s0";

fn fleet(services: usize) -> World {
    let mut world = World::fleet(services);
    world.policies.push(policy("all", &json!({})));
    world
}

fn renew(world: &mut World, stream: &str) {
    let generation = world.policies[0].generation() + 1;
    let output = json!({"name": "main", "destination": {"firehose": {"deliveryStream": stream, "region": "us-east-1"}}});
    world.policies[0] = policy("all", &json!({"outputs": [output]}));
    world.policies[0].metadata.generation = Some(generation);
}

fn copy_of(world: &World, arn: &str, image: &str) -> Value {
    let document = firelens_taskdef::TaskDefinitionDoc::parse(&world.revisions[arn]).unwrap();
    let mut copy: Value = serde_json::from_str(&document.to_register_input()).unwrap();
    copy["containerDefinitions"][0]["image"] = json!(image);
    copy
}

#[test]
fn after_a_restore_the_family_stands_for_the_owners_revision() {
    let mut world = fleet(2);
    let theirs = world.services["s0"].revision.clone();
    world.settle();
    let ours = world.services["s0"].revision.clone();
    assert_eq!(world.newest_active("s0"), ours);
    world.delete_policy(0);
    while !world.deregistered.contains(&ours) {
        assert_eq!(world.policies_of(ROLE).len(), 1, "somebody could start it");
        world.pass();
        world.deployments_complete();
        world.advance(20);
    }
    world.settle();
    assert_eq!(world.newest_active("s0"), theirs);
    assert!(world.owned.is_empty() && world.role_policies.is_empty());
    assert!(world.plan().policies["all"].released);
    assert_eq!(world.decision("s0"), Decision::Ejected);
}

#[test]
fn the_revision_of_a_rolled_back_canary_is_deregistered() {
    let mut world = fleet(1);
    let theirs = world.services["s0"].revision.clone();
    world.start();
    world.roll_back("s0");
    world.settle();
    assert_eq!(world.decision("s0"), Decision::Failed);
    assert_eq!(world.newest_active("s0"), theirs);
    assert!(world.policies_of(ROLE).is_empty());
    // The policy is corrected: another revision, with its rights.
    renew(&mut world, "other");
    world.settle();
    assert!(world.is_injected("s0"));
    assert_eq!(world.newest_active("s0"), world.services["s0"].revision);
    assert_eq!(world.policies_of(ROLE).len(), 1);
}

#[test]
fn families_do_not_fill_with_generations_that_are_over() {
    let mut world = fleet(2);
    world.settle();
    for round in 0..5 {
        renew(&mut world, &format!("stream-{round}"));
        world.settle();
        world.owner_deploys("s1", &base("s1", &format!("app:{round}")));
        world.settle();
        assert_eq!(world.owned.len(), 2, "only what runs");
    }
    for service in ["s0", "s1"] {
        assert_eq!(
            world.newest_active(service),
            world.services[service].revision
        );
    }
    assert_eq!(world.deregistered.len(), world.registered - 2);
}

#[test]
fn an_owners_copy_of_a_failed_revision_stays_failed() {
    let mut world = fleet(1);
    world.start();
    let bad = world.records[&World::key("s0")].deployment.clone().unwrap();
    world.roll_back("s0");
    world.pass();
    let copy = copy_of(&world, &bad.task_definition, "app:2");
    world.owner_deploys("s0", &copy);
    world.settle();
    assert_eq!(world.decision("s0"), Decision::Failed);
    assert!(!world.deregistered.contains(&world.services["s0"].revision));
    assert_eq!(world.policies_of(ROLE).len(), 1, "its tasks write with it");
    let at = world.now;
    world.say(0, json!({"retry": {"at": at.to_string()}}));
    assert_eq!(world.decision("s0"), Decision::InSync);
}

#[test]
fn an_owners_copy_is_not_deregistered_and_keeps_its_permissions() {
    let mut world = fleet(1);
    world.settle();
    let ours = world.services["s0"].revision.clone();
    // Registered last, and not deployed.
    let copy = copy_of(&world, &ours, "app:2");
    let copied = world.register(&copy.to_string());
    world.delete_policy(0);
    for _ in 0..30 {
        world.pass();
        world.deployments_complete();
        world.advance(20);
    }
    assert!(!world.is_injected("s0"));
    assert_eq!(world.newest_active("s0"), copied);
    assert_eq!(world.policies_of(ROLE).len(), 1);
    assert!(!world.plan().policies["all"].released);
    // They register one without.
    let next = world.register(&base("s0", "app:3").to_string());
    world.settle();
    assert_eq!(world.newest_active("s0"), next);
    assert!(world.policies_of(ROLE).is_empty());
    assert_eq!(world.deregistered, [ours]);
}

#[test]
fn a_revision_that_another_service_of_the_family_runs_stays() {
    let mut world = fleet(2);
    world.settle();
    let ours = world.services["s0"].revision.clone();
    // No policy selects the other service; somebody started it by the name of the family.
    world.owner_sets("s1", &ours);
    let generation = world.policies[0].generation() + 1;
    world.policies[0] = policy(
        "all",
        &json!({"selector": {"services": ["nothing"]}, "deletionPolicy": "Retain"}),
    );
    world.policies[0].metadata.generation = Some(generation);
    world.owner_sets("s0", &ours.replace(":2", ":1"));
    for _ in 0..10 {
        world.pass();
        world.advance(20);
    }
    assert!(!world.deregistered.contains(&ours));
    assert_eq!(world.policies_of(ROLE).len(), 1);
}

#[test]
fn nothing_is_deregistered_while_a_service_does_not_answer() {
    let mut world = fleet(2);
    world.settle();
    world.silent.insert("s1".into());
    renew(&mut world, "other");
    for _ in 0..20 {
        world.pass();
        world.deployments_complete();
        world.advance(20);
    }
    assert!(world.is_injected("s0") && world.deregistered.is_empty());
    world.silent.clear();
    world.settle();
    assert_eq!(world.deregistered.len(), 2);
}

#[test]
fn one_pass_deregisters_a_few_revisions_only() {
    let services = DEREGISTRATIONS_PER_PASS + 5;
    let mut world = fleet(services);
    world.policies[0] = policy(
        "all",
        &json!({"rollout": {"canary": {"count": 0}, "maxConcurrent": 100}}),
    );
    world.settle();
    assert_eq!(world.owned.len(), services);
    world.delete_policy(0);
    let mut most = 0;
    for _ in 0..20 {
        most = most.max(world.pass().deregistrations.len());
        world.deployments_complete();
        world.advance(20);
    }
    assert_eq!(most, DEREGISTRATIONS_PER_PASS);
    assert!(world.owned.is_empty() && world.role_policies.is_empty());
}

#[test]
fn a_revision_whose_registration_went_unanswered_is_found_and_deregistered() {
    let mut world = fleet(1);
    world.start();
    let key = World::key("s0");
    let deployment = world.records[&key].deployment.clone().unwrap();
    assert_eq!(deployment.purpose, Purpose::Inject);
    // The answer was lost, and before the next pass the policy was deleted.
    let owned = world.owned.remove(&deployment.task_definition).unwrap();
    world.owner_sets("s0", &deployment.previous);
    world.records.clear();
    world.intents.push(Intent {
        router: Some(owned.router.clone()),
        ..Intent::register("prod", "s0", &owned.hash, world.now)
    });
    world.delete_policy(0);
    world.advance(60);
    world.pass();
    assert!(world.intents.is_empty());
    world.settle();
    assert_eq!(world.deregistered, [owned.arn]);
    assert_eq!(world.newest_active("s0"), deployment.previous);
    assert!(firelens_inject::marks(&world.live("s0")).is_none());
}

#[test]
fn what_is_retained_is_not_deregistered() {
    let mut world = fleet(1);
    world.policies[0] = policy("all", &json!({"deletionPolicy": "Retain"}));
    world.settle();
    world.delete_policy(0);
    world.settle();
    assert!(world.plan().policies["all"].released);
    assert!(world.owned.is_empty() && world.deregistered.is_empty());
}

#[test]
fn unused_revisions_are_deregistered_even_with_deletion_policy_retain() {
    let mut world = fleet(1);
    world.settle();
    let before = world.services["s0"].revision.clone();
    let retain = |world: &mut World| {
        world.policies[0].spec.deletion_policy = DeletionPolicy::Retain;
    };
    renew(&mut world, "other");
    retain(&mut world);
    while world.services["s0"].revision == before {
        world.pass();
        world.advance(20);
    }
    world.deployments_complete();
    let runs = world.services["s0"].revision.clone();
    assert!(world.owned.contains_key(&before) && world.owned.contains_key(&runs));
    world.delete_policy(0);
    world.settle();
    assert_eq!(world.deregistered, [before]);
    assert_eq!(world.services["s0"].revision, runs);
    assert!(world.owned.is_empty(), "what runs is forgotten");
}
