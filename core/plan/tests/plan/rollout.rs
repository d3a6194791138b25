//! Pace, canaries, failures and putting back.

use firelens_aws::record::{AttemptEnd, FailedAttempt, FailureReason, Purpose};
use firelens_plan::{Decision, Wait};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::build::{base, policy};
use crate::world::World;

#[test]
fn a_fleet_is_injected_and_the_next_plan_is_empty() {
    let mut world = World::fleet(3);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    assert_eq!(world.injected(), 3);
    assert_eq!((world.registered, world.updates.len()), (3, 3));

    let plan = world.pass();
    assert!(
        plan.workloads
            .values()
            .all(|workload| workload.decision == Decision::InSync)
    );
    assert!(
        plan.workloads
            .values()
            .all(|workload| workload.steps.is_empty())
    );
    assert!(plan.resources.is_empty() && plan.removals.is_empty() && plan.requeue_at.is_none());
    assert_eq!(world.registered, 3);
}

#[test]
fn losing_the_database_registers_and_updates_nothing() {
    let mut world = World::fleet(3);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    world.records.clear();
    world.resources.clear();
    world.settle();
    assert_eq!((world.registered, world.updates.len()), (3, 3));
    assert_eq!(
        world.resources.len(),
        3,
        "role policies are remembered again"
    );
}

#[test]
fn never_more_than_max_concurrent_are_in_flight() {
    let mut world = World::fleet(9);
    world.policies.push(policy(
        "all",
        &json!({"rollout": {"maxConcurrent": 2, "canary": {"count": 0}}}),
    ));
    for _ in 0..40 {
        world.pass();
        assert!(world.deployments(Purpose::Inject) <= 2);
        world.advance(10);
        world.pass();
        assert!(world.deployments(Purpose::Inject) <= 2);
        world.deployments_complete();
    }
    assert_eq!(world.injected(), 9);
}

#[test]
fn the_canary_goes_alone_and_bakes() {
    let mut world = World::fleet(4);
    let rollout =
        json!({"rollout": {"maxConcurrent": 4, "canary": {"count": 1, "bakeSeconds": 600}}});
    world.policies.push(policy("all", &rollout));
    for _ in 0..4 {
        world.pass();
        world.deployments_complete();
        world.advance(20);
    }
    assert_eq!(world.injected(), 1);
    assert!(matches!(
        world.decision("s3"),
        Decision::Waiting(Wait::Canary(Some(_)))
    ));
    world.advance(600);
    world.settle();
    assert_eq!(world.injected(), 4);
}

#[test]
fn a_rolled_back_workload_pauses_the_rollout_without_a_retry() {
    let mut world = World::fleet(3);
    world.policies.push(policy(
        "all",
        &json!({"rollout": {"maxConcurrent": 1, "canary": {"count": 0}}}),
    ));
    let original = world.services["s0"].revision.clone();
    world.pass();
    world.advance(20);
    world.pass();
    assert_eq!(world.updates, ["s0"]);
    let service = world.services.get_mut("s0").unwrap();
    service.failed = Some(std::mem::replace(&mut service.revision, original.clone()));
    service.rollout_state = "COMPLETED";
    service.reason = "ECS deployment circuit breaker: rolling back";
    world.settle();
    assert_eq!(world.services["s0"].revision, original);
    assert_eq!(world.decision("s0"), Decision::Failed);
    assert!(matches!(
        world.decision("s1"),
        Decision::Waiting(Wait::Paused(_))
    ));
    assert_eq!(world.updates.len(), 1);

    // A changed policy is another attempt.
    world.policies[0] = policy("all", &json!({"bufferLimit": 1000}));
    world.policies[0].metadata.generation = Some(2);
    world.settle();
    assert_eq!(world.injected(), 3);
}

#[test]
fn a_deployment_of_the_owner_is_waited_for() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.services.get_mut("s0").unwrap().rollout_state = "IN_PROGRESS";
    world.pass();
    assert_eq!(
        world.decision("s0"),
        Decision::Waiting(Wait::ForeignDeployment)
    );
    assert!(world.updates.is_empty() && world.registered == 0);
    world.deployments_complete();
    world.settle();
    assert_eq!(world.injected(), 1);
}

#[test]
fn an_owners_deployment_is_followed_with_its_change() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.settle();
    assert!(world.is_injected("s0"));
    assert!(world.live("s0").to_register_input().contains("app:2"));
}

#[test]
fn redeploying_the_base_revision_reuses_the_injected_revision() {
    let mut world = World::fleet(1);
    let original = world.services["s0"].revision.clone();
    world.policies.push(policy("all", &json!({})));
    world.settle();
    world.services.get_mut("s0").unwrap().revision = original;
    world.settle();
    assert!(world.is_injected("s0"));
    assert_eq!((world.registered, world.updates.len()), (1, 2));
}

#[test]
fn an_owners_copy_is_in_sync_and_keeps_its_image() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    let mut copy: Value = serde_json::from_str(&world.live("s0").to_register_input()).unwrap();
    copy["containerDefinitions"][0]["image"] = json!("app:2");
    world.owner_deploys("s0", &copy);
    world.settle();
    assert_eq!(
        (world.registered, world.updates.len()),
        (1, 1),
        "the copy carries the router already"
    );

    world.delete_policy(0);
    world.settle();
    assert!(!world.is_injected("s0"));
    assert!(world.live("s0").to_register_input().contains("app:2"));
}

#[test]
fn deleting_the_policy_restores_base_revisions_and_removes_all_resources() {
    let mut world = World::fleet(3);
    let before: Vec<String> = world
        .services
        .values()
        .map(|service| service.revision.clone())
        .collect();
    world.policies.push(policy("all", &json!({})));
    world.settle();
    assert_eq!(world.role_policies.len(), 3);
    world.delete_policy(0);
    assert!(!world.plan().policies["all"].released);
    world.settle();
    let after: Vec<String> = world
        .services
        .values()
        .map(|service| service.revision.clone())
        .collect();
    assert_eq!(before, after);
    assert!(
        world.role_policies.is_empty() && world.objects.is_empty() && world.resources.is_empty()
    );
    assert!(world.plan().policies["all"].released);
}

#[test]
fn an_inactive_base_is_registered_again() {
    let mut world = World::fleet(1);
    let original = world.services["s0"].revision.clone();
    world.policies.push(policy("all", &json!({})));
    world.settle();
    let inactive = world.revisions[&original].replace("\"ACTIVE\"", "\"INACTIVE\"");
    world.revisions.insert(original.clone(), inactive);
    world.delete_policy(0);
    world.settle();
    assert_ne!(world.services["s0"].revision, original);
    let expected = firelens_taskdef::canonical_hash(&base("s0", "app:1").to_string());
    assert_eq!(
        firelens_taskdef::canonical_hash(&world.live("s0").to_register_input()),
        expected
    );
}

#[test]
fn retain_lets_go_at_once() {
    let mut world = World::fleet(2);
    world
        .policies
        .push(policy("all", &json!({"deletionPolicy": "Retain"})));
    world.settle();
    let updates = world.updates.len();
    world.delete_policy(0);
    world.settle();
    assert_eq!((world.injected(), world.updates.len()), (2, updates));
    assert!(world.plan().policies["all"].released && world.resources.is_empty());
    assert_eq!(world.role_policies.len(), 2, "what runs keeps its rights");
}

#[test]
fn a_missed_deadline_counts_as_failed_until_the_deployment_arrives() {
    let mut world = World::fleet(1);
    let rollout = json!({"rollout": {"canary": {"count": 0}, "progressDeadlineSeconds": 60}});
    world.policies.push(policy("all", &rollout));
    world.pass();
    world.advance(20);
    world.pass();
    world.advance(61);
    world.pass();
    assert_eq!(
        world.plan().policies["all"].failed + world.plan().policies["all"].in_sync,
        1
    );
    assert!(world.records[&World::key("s0")].failed.is_some());
    world.deployments_complete();
    world.settle();
    assert!(world.records[&World::key("s0")].failed.is_none());
    assert_eq!(world.updates.len(), 1);
}

/// The failed attempt of an injection that AWS refused, retried after so many seconds.
fn refused(world: &World, service: &str, end: AttemptEnd, seconds: i64) -> FailedAttempt {
    let record = &world.records[&World::key(service)];
    FailedAttempt {
        purpose: Purpose::Inject,
        task_definition: String::new(),
        hash: record.registered.as_ref().unwrap().hash.clone(),
        policy: firelens_plan::select::policy_ref(&world.policies[0]),
        reason: FailureReason::AccessDenied,
        message: "not authorized to perform iam:PassRole".into(),
        at: world.now,
        retry_at: Some(world.now + SignedDuration::from_secs(seconds)),
        tries: 1,
        put_back: None,
        end,
    }
}

#[test]
fn a_canary_keeps_its_place_until_ecs_shows_its_revision() {
    let mut world = World::fleet(4);
    let rollout = json!({"rollout": {"canary": {"count": 1, "bakeSeconds": 0}}});
    world.policies.push(policy("all", &rollout));
    world.pass();
    let failed = refused(&world, "s0", AttemptEnd::Doubted, 15);
    let record = world.records.get_mut(&World::key("s0")).unwrap();
    assert!(record.deployment.is_none() && record.admitted.is_some());
    record.failed = Some(failed);
    world.advance(5);
    world.pass();
    let waits = world.decision("s0");
    assert!(
        matches!(waits, Decision::Waiting(Wait::Doubt { .. })),
        "{waits:?}"
    );
    for other in ["s1", "s2", "s3"] {
        let waits = world.decision(other);
        assert_eq!(waits, Decision::Waiting(Wait::Canary(None)), "{other}");
    }
    assert_eq!(world.plan().policies["all"].failed, 0, "it is no failure");
    world.settle();
    for service in ["s0", "s1", "s2", "s3"] {
        assert!(world.is_injected(service), "{service}");
    }
}

#[test]
fn a_denied_workload_lets_others_go_first_and_is_retried() {
    let mut world = World::fleet(2);
    world.policies.push(policy(
        "all",
        &json!({"rollout": {"maxConcurrent": 1, "canary": {"count": 0}}}),
    ));
    world.pass();
    let key = World::key("s0");
    let failed = refused(&world, "s0", AttemptEnd::Refused, 300);
    let record = world.records.get_mut(&key).unwrap();
    record.admitted = None;
    record.failed = Some(failed);
    for _ in 0..4 {
        world.pass();
        world.deployments_complete();
        world.advance(20);
    }
    assert_eq!(world.decision("s0"), Decision::Failed);
    assert!(
        world.is_injected("s1"),
        "one denied workload is no failed rollout"
    );
    world.advance(300);
    world.settle();
    assert!(world.is_injected("s0"));
}
