//! Role policies and objects.

use firelens_inject::Reason;
use firelens_plan::{
    Decision, IAM_PROPAGATION_AT_START_SECONDS, IAM_PROPAGATION_SECONDS, Step, Wait,
};
use serde_json::json;

use crate::build::{base, policy};
use crate::world::World;

fn refusal(world: &World, service: &str) -> Option<Reason> {
    match world.decision(service) {
        Decision::Refused(refusal) => Some(refusal.reason),
        _ => None,
    }
}

#[test]
fn the_update_waits_until_iam_had_time() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    let first = world.pass();
    let steps = &first.workloads[&World::key("s0")].steps;
    assert!(
        matches!(steps[..], [Step::Register(_)]),
        "registered while IAM spreads: {steps:?}"
    );
    world.advance(IAM_PROPAGATION_SECONDS - 1);
    world.pass();
    assert!(world.updates.is_empty());
    world.advance(1);
    world.pass();
    assert_eq!(world.updates, ["s0"]);
    assert_eq!(world.registered, 1);
}

/// A policy whose router has a secret: without the execution role's right to read it no task starts.
fn with_secret() -> serde_json::Value {
    let token = "arn:aws:ssm:us-east-1:111122223333:parameter/token";
    json!({"router": {"secrets": {"TOKEN": token}}})
}

#[test]
fn rights_without_which_no_task_starts_get_a_minute() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &with_secret()));
    world.pass();
    world.advance(IAM_PROPAGATION_AT_START_SECONDS - 1);
    world.pass();
    assert!(world.updates.is_empty());
    world.advance(1);
    world.pass();
    assert_eq!(world.updates, ["s0"]);
}

#[test]
fn permissions_for_the_next_services_are_written_during_canary_bake() {
    let mut world = World::fleet(3);
    let mut spec = with_secret();
    spec["rollout"] = json!({"maxConcurrent": 1, "canary": {"count": 1, "bakeSeconds": 300}});
    world.policies.push(policy("all", &spec));
    world.pass();
    world.advance(IAM_PROPAGATION_AT_START_SECONDS);
    world.pass();
    assert_eq!(world.updates.len(), 1, "the canary");
    // Two roles each: those of the canary, and of the one that is next.
    assert_eq!(world.role_policies.len(), 4);
    world.deployments_complete();
    world.advance(10);
    let baking = world.pass();
    let waits = |wait: &Decision| matches!(wait, Decision::Waiting(Wait::Canary(Some(_))));
    let waiting = baking.workloads.values();
    assert_eq!(
        waiting.filter(|workload| waits(&workload.decision)).count(),
        2
    );
    assert_eq!(world.registered, 1, "nothing is registered ahead");
    world.advance(300);
    world.pass();
    assert_eq!(
        world.updates.len(),
        2,
        "the next goes without waiting for IAM"
    );
}

#[test]
fn a_role_that_does_not_exist_is_refused() {
    let mut world = World::fleet(1);
    world.roles.clear();
    world.policies.push(policy("all", &json!({})));
    world.settle();
    assert_eq!(refusal(&world, "s0"), Some(Reason::RoleMissing));
    assert_eq!(world.registered, 0);
}

#[test]
fn a_role_that_an_unselected_service_uses_is_not_widened() {
    let mut world = World::fleet(2);
    let mut shared = base("s1", "app:1");
    shared["taskRoleArn"] = base("s0", "")["taskRoleArn"].clone();
    world.owner_deploys("s1", &shared);
    let only = json!({"selector": {"services": ["s0"]}});
    world.policies.push(policy("one", &only));
    world.settle();
    assert_eq!(refusal(&world, "s0"), Some(Reason::RoleShared));
    assert!(world.role_policies.is_empty() && world.registered == 0);

    let allowed = json!({"selector": {"services": ["s0"]}, "iam": {"allowSharedRoles": true}});
    world.policies[0] = policy("one", &allowed);
    world.settle();
    assert!(world.is_injected("s0"));
}

#[test]
fn a_role_shared_with_an_unselected_service_is_not_widened() {
    let mut world = World::fleet(1);
    let user = "main/other of target west".to_owned();
    world
        .users_elsewhere
        .insert("task-s0".to_owned(), [user].into());
    world.policies.push(policy("all", &json!({})));
    world.settle();
    match world.decision("s0") {
        Decision::Refused(refusal) => {
            assert_eq!(refusal.reason, Reason::RoleShared);
            assert!(refusal.message.contains("main/other of target west"));
        }
        other => panic!("{other:?}"),
    }
    assert!(world.role_policies.is_empty());
    let shared = ["main/other of target west".to_owned()];
    assert_eq!(
        world.policy_plan(0).roles.len(),
        0,
        "refused, so nothing is wanted"
    );

    world.policies[0] = policy("all", &json!({"iam": {"allowSharedRoles": true}}));
    assert_eq!(world.policy_plan(0).roles[0].other_users, shared);
    world.settle();
    assert!(world.is_injected("s0"));
}

#[test]
fn a_service_is_updated_only_after_its_role_policy_exists() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    let wanted = world.role_policies.clone();
    let moved = world.updates.len();
    world.role_policies.clear();
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.pass();
    assert_eq!(world.updates.len(), moved, "IAM is given time again");
    assert_eq!(world.role_policies, wanted, "it is written again first");
    world.settle();
    assert!(world.is_injected("s0"));

    world.roles.clear();
    world.owner_deploys("s0", &base("s0", "app:3"));
    world.settle();
    assert_eq!(refusal(&world, "s0"), Some(Reason::RoleMissing));
    assert!(!world.is_injected("s0"));
}

#[test]
fn a_deleted_configuration_file_is_rewritten_before_the_service_update() {
    let output = |name: &str| json!({"name": name, "destination": {"firehose": {"deliveryStream": name, "region": "us-east-1"}}});
    let mut world = World::fleet(1);
    let two = json!({"outputs": [output("one"), output("two")]});
    world.policies.push(policy("all", &two));
    world.settle();
    let wanted = world.objects.clone();
    assert!(!wanted.is_empty());
    world.objects.clear();
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.pass();
    assert_eq!(world.objects, wanted);
    world.settle();
    assert!(world.is_injected("s0"));
}

#[test]
fn a_role_keeps_old_permissions_until_the_new_revision_settles() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    let other = json!({"outputs": [{"name": "main", "destination": {"firehose": {"deliveryStream": "other", "region": "us-east-1"}}}]});
    world.policies[0] = policy("all", &other);
    world.policies[0].metadata.generation = Some(2);
    world.pass();
    let both = world.role_policies.values().next().unwrap().clone();
    assert!(
        both.contains("deliverystream/logs") && both.contains("deliverystream/other"),
        "{both}"
    );
    world.settle();
    let last = world.role_policies.values().next().unwrap();
    assert!(
        !last.contains("deliverystream/logs") && last.contains("deliverystream/other"),
        "{last}"
    );
}

#[test]
fn several_outputs_create_one_configuration_file_that_deletion_removes() {
    let mut world = World::fleet(1);
    let outputs = json!({"outputs": [
        {"name": "one", "destination": {"firehose": {"deliveryStream": "one", "region": "us-east-1"}}},
        {"name": "two", "destination": {"firehose": {"deliveryStream": "two", "region": "us-east-1"}}}
    ]});
    world.policies.push(policy("all", &outputs));
    world.settle();
    assert!(world.is_injected("s0"));
    assert_eq!(world.objects.len(), 1);
    world.delete_policy(0);
    world.settle();
    assert!(world.objects.is_empty() && !world.is_injected("s0"));
}
