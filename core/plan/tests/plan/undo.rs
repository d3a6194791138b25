//! Deployments of ours that are under way are followed to their end, whatever is wanted meanwhile.

use firelens_aws::record::Purpose;
use firelens_plan::{DEPLOYMENT_POLL_SECONDS, Decision, Plan};
use firelens_report::status::{Pace, policy_status, rollout_status};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::build::policy;
use crate::world::World;

fn fleet(count: usize, spec: &Value) -> World {
    let mut world = World::fleet(count);
    let mut whole = json!({"rollout": {"maxConcurrent": 1, "canary": {"count": 0}}});
    for (field, value) in spec.as_object().unwrap() {
        whole[field] = value.clone();
    }
    world.policies.push(policy("all", &whole));
    world
}

/// Asserts that the service has a deployment under way for `purpose`, and that the next pass comes soon.
fn assert_followed(world: &World, service: &str, purpose: Purpose, case: &str) -> Plan {
    let plan = world.plan();
    let workload = &plan.workloads[&World::key(service)];
    assert_eq!(workload.decision, Decision::Deploying(purpose), "{case}");
    let soon = world.now + SignedDuration::from_secs(DEPLOYMENT_POLL_SECONDS);
    assert_eq!(plan.requeue_at, Some(soon), "{case}");
    plan
}

#[test]
fn router_removal_counts_as_in_progress_until_ecs_is_done() {
    let mut world = fleet(2, &json!({}));
    world.settle();
    world.delete_policy(0);
    world.pass();
    let plan = assert_followed(&world, "s0", Purpose::Eject, "deletion");
    let progress = &plan.policies["all"];
    assert_eq!((progress.in_progress, progress.to_eject), (1, 1));
    world.deployments_complete();
    assert_eq!(world.start(), ["s1"], "the next begins at the next look");
}

#[test]
fn an_undo_under_way_is_followed_every_ten_seconds() {
    let mut world = fleet(1, &json!({}));
    world.settle();
    world.say(0, json!({"abort": {"undo": true}}));
    world.pass();
    assert_followed(&world, "s0", Purpose::Eject, "undo");
}

#[test]
fn a_deployment_by_the_operator_is_followed_after_opt_out() {
    let mut world = fleet(1, &json!({}));
    world.start();
    let service = world.services.get_mut("s0").unwrap();
    service.tags = json!([{"key": "firelens.dev/inject", "value": "disabled"}]);
    assert_followed(&world, "s0", Purpose::Inject, "opt-out");
}

#[test]
fn a_deployment_by_the_operator_is_followed_after_a_refusal() {
    let mut world = fleet(1, &json!({}));
    world.start();
    world.policies[0] = policy("all", &json!({"containers": {"include": ["nobody"]}}));
    world.policies[0].metadata.generation = Some(2);
    assert_followed(&world, "s0", Purpose::Inject, "refusal");
}

#[test]
fn a_deployment_whose_policy_is_gone_is_not_followed_forever() {
    let mut world = fleet(1, &json!({"deletionPolicy": "Retain"}));
    world.start();
    world.policies.clear();
    assert_followed(&world, "s0", Purpose::Inject, "no policy");
    world.advance(1_900);
    world.pass();
    assert!(matches!(world.decision("s0"), Decision::Orphaned(_)));
    assert_eq!(world.plan().requeue_at, None);
}

fn opts_out(world: &mut World, service: &str) {
    world.services.get_mut(service).unwrap().tags =
        json!([{"key": "firelens.dev/inject", "value": "disabled"}]);
}

#[test]
fn an_opted_out_service_does_not_block_policy_readiness() {
    let mut world = fleet(2, &json!({}));
    world.settle();
    opts_out(&mut world, "s0");
    let plan = world.plan();
    let progress = &plan.policies["all"];
    assert_eq!((progress.to_eject, progress.pending), (0, 0));
    assert_eq!(progress.opted_out, ["main/s0"]);
}

#[test]
fn a_deleted_policy_waits_for_and_names_opted_out_services() {
    let mut world = fleet(2, &json!({}));
    world.settle();
    opts_out(&mut world, "s0");
    world.delete_policy(0);
    world.settle();
    assert!(world.is_injected("s0") && !world.is_injected("s1"));
    let plan = world.plan();
    assert!(!plan.policies["all"].released, "its tasks rely on it");
    assert!(!world.role_policies.is_empty());
    let pace = Pace {
        registrations_per_second: 1.0,
    };
    let status = rollout_status(&plan, &world.policies[0], pace, None, world.now).unwrap();
    let ready = status
        .conditions
        .iter()
        .find(|condition| condition.type_ == "Ready");
    let ready = ready.unwrap();
    assert_eq!(ready.reason, "OptedOutServices");
    assert!(ready.message.contains("main/s0"), "{}", ready.message);
    let shown = policy_status(&world.policies[0], &[], &[status], world.now);
    let ready = shown
        .conditions
        .iter()
        .find(|condition| condition.type_ == "Ready");
    let ready = ready.unwrap();
    assert_eq!(ready.reason, "OptedOutServices");
    assert!(
        ready.message.contains("remove the tag"),
        "{}",
        ready.message
    );

    world.services.get_mut("s0").unwrap().tags = json!([]);
    world.settle();
    assert!(world.plan().policies["all"].released);
}
