//! Services that a failed deployment of ours left on a revision that does not work.

use firelens_aws::observe::{DeploymentsQuestion, Observed, ServiceDeploymentView};
use firelens_aws::record::{Purpose, PutBackState};
use firelens_plan::{Decision, RevisionRef, Step, UpdateStep, Wait};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::build::{base, policy};
use crate::world::World;

/// A fleet in which `s0` was given the router.
fn started(count: usize, rollout: &Value) -> World {
    let mut world = World::fleet(count);
    let mut whole = json!({"maxConcurrent": 1, "canary": {"count": 0}});
    for (field, value) in rollout.as_object().unwrap() {
        whole[field] = value.clone();
    }
    world
        .policies
        .push(policy("all", &json!({"rollout": whole})));
    assert_eq!(world.start(), ["s0"]);
    world
}

fn fails(world: &mut World, service: &str) {
    let simulated = world.services.get_mut(service).unwrap();
    simulated.rollout_state = "FAILED";
    simulated.failed_tasks = 3;
}

/// The tasks of the deployment do not start, and ECS keeps trying.
fn crashes(world: &mut World, service: &str) {
    world.services.get_mut(service).unwrap().failed_tasks = 3;
    world.advance(1_900);
}

fn update(world: &World, service: &str) -> UpdateStep {
    let plan = world.plan();
    let workload = &plan.workloads[&World::key(service)];
    assert_eq!(workload.decision, Decision::PuttingBack);
    match &workload.steps[..] {
        [Step::Update(update)] => update.clone(),
        other => panic!("{other:?}"),
    }
}

fn state(world: &World, service: &str) -> PutBackState {
    let failed = world.records[&World::key(service)].failed.as_ref().unwrap();
    failed.put_back.as_ref().unwrap().state.clone()
}

/// Asserts that nothing is updated any more, whatever time passes.
fn assert_rests(world: &mut World) {
    let updates = world.updates.len();
    for _ in 0..10 {
        world.pass();
        world.deployments_complete();
        world.advance(3_600);
    }
    assert_eq!(world.updates.len(), updates, "no ping-pong");
}

#[test]
fn a_failed_deployment_returns_the_service_to_its_previous_revision() {
    let mut world = started(2, &json!({}));
    let owners = world.records[&World::key("s0")]
        .deployment
        .as_ref()
        .unwrap()
        .previous
        .clone();
    fails(&mut world, "s0");
    world.pass();
    assert_eq!(world.services["s0"].revision, owners);
    assert_eq!(world.decision("s0"), Decision::Deploying(Purpose::Restore));
    assert_eq!(world.plan().policies["all"].in_progress, 1);
    world.deployments_complete();
    world.pass();
    assert_eq!(world.decision("s0"), Decision::Failed);
    assert_eq!(state(&world, "s0"), PutBackState::Done);
    assert!(
        matches!(world.decision("s1"), Decision::Waiting(Wait::Paused(_))),
        "it counts as the failure it is"
    );
    assert_rests(&mut world);
}

#[test]
fn an_overdue_deployment_is_reverted_unless_its_tasks_are_running() {
    let mut world = started(1, &json!({}));
    world.advance(1_900);
    world.pass();
    assert_eq!(world.updates.len(), 1, "all its tasks run, old ones drain");
    crashes(&mut world, "s0");
    world.pass();
    assert_eq!(world.updates.len(), 2);
    assert!(!world.is_injected("s0"));
}

#[test]
fn on_failure_leave_leaves_the_service_as_it_is() {
    let mut world = started(1, &json!({"onFailure": "Leave"}));
    fails(&mut world, "s0");
    world.pass();
    assert!(world.is_injected("s0"));
    assert_rests(&mut world);
}

#[test]
fn a_newer_deployment_of_the_owner_is_not_put_back() {
    let mut world = started(1, &json!({}));
    fails(&mut world, "s0");
    let theirs = world.owner_deploys("s0", &base("s0", "app:2"));
    world.pass();
    let live = world.live("s0").to_register_input();
    assert!(
        live.contains("app:2"),
        "{theirs} or ours on top of it: {live}"
    );
}

#[test]
fn an_owner_redeployment_of_a_failing_revision_is_not_overridden() {
    let mut world = started(1, &json!({}));
    let record = world.records.get_mut(&World::key("s0")).unwrap();
    let deployment = record.deployment.as_mut().unwrap();
    deployment.deployment_id = Some("ecs-svc/of-ours".into());
    fails(&mut world, "s0");
    world.pass();
    assert_eq!(world.updates.len(), 1, "the one in force has another id");
}

#[test]
fn an_inactive_previous_revision_is_named_and_not_restored() {
    let mut world = started(1, &json!({}));
    let before = world.records[&World::key("s0")].deployment.clone();
    let before = before.unwrap().previous;
    let inactive = world.revisions[&before].replace("\"ACTIVE\"", "\"INACTIVE\"");
    world.revisions.insert(before, inactive);
    fails(&mut world, "s0");
    world.pass();
    assert_eq!(world.updates.len(), 1);
    match state(&world, "s0") {
        PutBackState::Over(why) => assert!(why.contains("INACTIVE"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_rests(&mut world);
}

#[test]
fn a_put_back_that_fails_itself_is_not_tried_again() {
    let mut world = started(1, &json!({}));
    fails(&mut world, "s0");
    world.pass();
    fails(&mut world, "s0");
    world.pass();
    assert!(matches!(state(&world, "s0"), PutBackState::Over(_)));
    let failed = world.records[&World::key("s0")].failed.as_ref().unwrap();
    assert_eq!(failed.purpose, Purpose::Inject, "the failure that counts");
    assert_rests(&mut world);
}

#[test]
fn a_failed_router_update_restores_the_previous_router_and_permissions() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    let first = world.services["s0"].revision.clone();
    let role = ("task-s0".to_owned(), "firelens.all".to_owned());
    let had = world.role_policies.clone();
    let elsewhere = json!({"outputs": [{"name": "main",
        "destination": {"firehose": {"deliveryStream": "other", "region": "us-east-1"}}}]});
    world.policies[0] = policy("all", &elsewhere);
    world.policies[0].metadata.generation = Some(2);
    world.start();
    fails(&mut world, "s0");
    world.pass();
    assert_eq!(world.services["s0"].revision, first);
    world.deployments_complete();
    for _ in 0..4 {
        world.pass();
        world.advance(3_600);
    }
    let record = &world.records[&World::key("s0")];
    assert_eq!(
        record.managed.as_ref().map(|revision| &revision.arn),
        Some(&first)
    );
    assert_eq!(had.len(), 1, "{role:?}: {had:?}");
    let now = world.role_policies.values().next().unwrap();
    assert!(now.contains("deliverystream/logs"), "{now}");
}

#[test]
fn an_opted_out_or_suspended_service_is_not_put_back() {
    let mut world = started(1, &json!({}));
    fails(&mut world, "s0");
    world.target.spec.suspend = true;
    world.pass();
    assert_eq!(world.decision("s0"), Decision::Waiting(Wait::Suspended));
    world.target.spec.suspend = false;
    world.services.get_mut("s0").unwrap().tags =
        json!([{"key": "firelens.dev/inject", "value": "disabled"}]);
    world.pass();
    assert_eq!(world.decision("s0"), Decision::OptedOut);
    assert_eq!(world.updates.len(), 1);
}

#[test]
fn a_removal_that_fails_gives_the_router_back() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    world.delete_policy(0);
    world.pass();
    assert!(!world.is_injected("s0"));
    fails(&mut world, "s0");
    world.pass();
    assert!(world.is_injected("s0"));
    world.deployments_complete();
    world.pass();
    assert_eq!(world.decision("s0"), Decision::Failed);
    assert_rests(&mut world);
    assert_eq!(world.role_policies.len(), 1, "it runs, so it keeps them");
}

#[test]
fn neither_pause_nor_window_nor_approval_holds_putting_back() {
    let mut world = started(1, &json!({}));
    fails(&mut world, "s0");
    world.say(0, json!({"paused": true}));
    world.pass();
    assert_eq!(world.updates.len(), 2);
}

#[test]
fn a_circuit_breaker_that_rolls_back_goes_first() {
    let mut world = started(1, &json!({}));
    world.settings = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true}});
    fails(&mut world, "s0");
    world.pass();
    assert_eq!(world.updates.len(), 1);
    assert!(world.plan().requeue_at.is_some());
    world.advance(130);
    world.pass();
    assert_eq!(world.updates.len(), 2, "it did not come");
}

#[test]
fn a_running_deployment_is_stopped_and_rolled_back_by_ecs() {
    let mut world = started(1, &json!({}));
    let begun = world.records[&World::key("s0")].deployment.clone();
    let begun = begun.unwrap().started_at;
    crashes(&mut world, "s0");
    let question = DeploymentsQuestion {
        cluster_arn: "arn:aws:ecs:us-east-1:111122223333:cluster/main".into(),
        service: "s0".into(),
        after: begun - SignedDuration::from_secs(60),
    };
    let shown = |status: &str| ServiceDeploymentView {
        arn: "arn:aws:ecs:us-east-1:111122223333:service-deployment/main/s0/1".into(),
        source_revisions: vec!["arn:before".into()],
        status: status.into(),
        status_reason: String::new(),
        rollback_reason: String::new(),
        triggered_alarms: Vec::new(),
        created_at: Some(begun),
    };
    let show = |status: &str, world: &mut World| {
        let answer = Observed::Present(vec![shown(status)]);
        world
            .evidence
            .service_deployments
            .insert(question.clone(), answer);
    };
    show("ROLLBACK_IN_PROGRESS", &mut world);
    assert!(
        matches!(world.decision("s0"), Decision::Waiting(Wait::Read(_))),
        "ECS does it already"
    );
    show("IN_PROGRESS", &mut world);
    let step = update(&world, "s0");
    assert!(step.stop.is_some_and(|arn| arn.ends_with("/main/s0/1")));
    assert!(matches!(step.revision, RevisionRef::Arn(arn) if arn.ends_with("/s0:1")));
    show("SUCCESSFUL", &mut world);
    assert_eq!(update(&world, "s0").stop, None, "then by an update");
}

#[test]
fn services_without_ecs_rollback_get_a_note_about_the_risk() {
    let notes = |settings: Value| {
        let mut world = World::fleet(1);
        world.desired_count = 4;
        world.settings = settings;
        world
            .policies
            .push(policy("all", &json!({"mode": "Audit"})));
        let plan = world.plan();
        let notes = plan.workloads[&World::key("s0")].notes.clone();
        let note = notes
            .into_iter()
            .find(|note| note.code.to_string() == "NoRollback");
        note.map(|note| note.message)
    };
    let breaker = |enable: bool, rollback: bool| {
        json!({"deploymentCircuitBreaker": {"enable": enable, "rollback": rollback},
            "minimumHealthyPercent": 50, "maximumPercent": 100})
    };
    assert_eq!(notes(breaker(true, true)), None);
    for settings in [breaker(true, false), breaker(false, false)] {
        let note = notes(settings).unwrap();
        assert!(note.contains("2 of its 4 tasks may be stopped"), "{note}");
    }
    let note = notes(json!({"minimumHealthyPercent": 100})).unwrap();
    assert!(note.contains("its old tasks keep running"), "{note}");
}

#[test]
fn a_deployment_without_a_recorded_start_is_still_followed() {
    let mut world = started(1, &json!({}));
    let record = world.records.get_mut(&World::key("s0")).unwrap();
    let before = record.deployment.take().unwrap();
    record.managed = None;
    assert_eq!(world.decision("s0"), Decision::Deploying(Purpose::Inject));
    fails(&mut world, "s0");
    world.pass();
    assert_eq!(world.services["s0"].revision, before.previous);
}
