//! Controls of rollouts, and times when nothing may start: approval, ceilings, windows, freezes, pause, resume,
//! retry, abort.

use firelens_aws::record::Purpose;
use firelens_plan::{Decision, Wait};
use firelens_types::v1alpha1::{Freeze, IntOrPercent, Kind};
use serde_json::{Value, json};

use crate::build::{base, object, policy};
use crate::world::World;

fn fleet(count: usize, rollout: &Value) -> World {
    let mut world = World::fleet(count);
    let mut whole = json!({"maxConcurrent": 2, "canary": {"count": 0}});
    for (field, value) in rollout.as_object().unwrap() {
        whole[field] = value.clone();
    }
    world
        .policies
        .push(policy("all", &json!({"rollout": whole})));
    world
}

fn approve(world: &mut World) -> String {
    let hash = world.rollout_state("all").plan.hash;
    world.say(0, json!({"approve": {"plan": hash}}));
    hash
}

fn freeze(until: &str) -> Freeze {
    object(
        Kind::Freeze,
        &json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "Freeze", "metadata": {"name": "f"},
            "spec": {"reason": "quarter end", "until": until, "targets": ["pro*"]}}),
    )
}

#[test]
fn nothing_is_written_before_the_plan_is_approved() {
    let mut world = fleet(3, &json!({"approval": "Required"}));
    assert!(world.start().is_empty());
    assert_eq!((world.registered, world.role_policies.len()), (0, 0));
    let plan = world.rollout_state("all").plan;
    assert!(plan.needs_approval && !plan.approved && plan.workloads == 3);
    assert_eq!(
        world.decision("s0"),
        Decision::Waiting(Wait::Approval(plan.hash))
    );

    world.say(0, json!({"approve": {"plan": "0".repeat(64)}}));
    assert!(world.start().is_empty(), "another plan was approved");
    let hash = approve(&mut world);
    assert_eq!(world.start().len(), 2);
    world.deployments_complete();
    assert_eq!(world.start().len(), 1);
    let plan = world.rollout_state("all").plan;
    assert!(
        plan.approved && plan.hash == hash,
        "it stays as the rollout goes on"
    );
    world.settle();
    assert_eq!(world.injected(), 3);
}

#[test]
fn approval_expires_when_a_pending_base_changes() {
    let mut world = fleet(3, &json!({"approval": "Required"}));
    let hash = approve(&mut world);
    assert_eq!(world.start(), ["s0", "s1"]);
    world.deployments_complete();
    world.pass();
    // What is done may change: its owner's deployment is followed.
    world.owner_deploys("s0", &base("s0", "app:2"));
    assert_eq!(world.rollout_state("all").plan.hash, hash);
    world.owner_deploys("s2", &base("s2", "app:2"));
    let started = world.start();
    assert_eq!(
        started,
        ["s0"],
        "s2 is another change than the one approved"
    );
    let plan = world.rollout_state("all").plan;
    assert!(!plan.approved && plan.hash != hash);
    approve(&mut world);
    world.deployments_complete();
    assert_eq!(world.start(), ["s2"]);
}

#[test]
fn an_approval_lapses_when_the_policy_or_a_role_changes() {
    let mut world = fleet(2, &json!({"approval": "Required"}));
    let hash = approve(&mut world);
    world.policies[0] = policy(
        "all",
        &json!({"bufferLimit": 5, "rollout": {"approval": "Required"}}),
    );
    world.policies[0].metadata.generation = Some(2);
    assert!(world.start().is_empty());
    assert_ne!(world.rollout_state("all").plan.hash, hash);

    let mut world = fleet(2, &json!({"approval": "Required"}));
    let hash = approve(&mut world);
    let mut other_role = base("s0", "app:1");
    other_role["taskRoleArn"] = other_role["taskRoleArn"]
        .as_str()
        .unwrap()
        .replace("task-s0", "task-s1")
        .into();
    world.owner_deploys("s0", &other_role);
    assert_ne!(world.rollout_state("all").plan.hash, hash);
    assert!(world.start().is_empty());
}

#[test]
fn changes_above_target_approval_limit_and_their_removal_need_approval() {
    let mut world = fleet(4, &json!({}));
    world.target.spec.approval_above = Some(IntOrPercent::Percent(50));
    assert!(world.start().is_empty());
    approve(&mut world);
    world.settle();
    assert_eq!(world.injected(), 4);
    world.delete_policy(0);
    assert!(world.start().is_empty());
    approve(&mut world);
    world.settle();
    assert_eq!(world.injected(), 0);

    let mut world = fleet(4, &json!({}));
    world.target.spec.approval_above = Some(IntOrPercent::Number(4));
    assert_eq!(world.start().len(), 2);
}

#[test]
fn rollout_waits_for_windows_but_owner_deployments_are_always_followed() {
    // The world begins at midnight.
    let mut world = fleet(
        3,
        &json!({"windows": [{"schedule": "0 2 * * *", "durationMinutes": 60}]}),
    );
    assert!(world.start().is_empty());
    let opens = "2026-01-01T02:00:00Z".parse().unwrap();
    assert_eq!(
        world.decision("s0"),
        Decision::Waiting(Wait::Window(Some(opens)))
    );
    assert_eq!(world.plan().requeue_at, Some(opens));
    world.now = opens;
    assert_eq!(world.start().len(), 2);
    world.deployments_complete();
    world.now = "2026-01-01T03:00:00Z".parse().unwrap();
    assert!(world.start().is_empty(), "the window has closed");
    world.owner_deploys("s0", &base("s0", "app:2"));
    assert_eq!(world.start(), ["s0"]);
    // An undo is requested by people, and waits for no window.
    world.deployments_complete();
    world.delete_policy(0);
    assert_eq!(world.start().len(), 2);
}

#[test]
fn a_freeze_starts_nothing_at_all_until_it_ends() {
    let mut world = fleet(3, &json!({}));
    world.start();
    world.deployments_complete();
    world.pass();
    world.freezes.push(freeze("2026-01-01T12:00:00Z"));
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.delete_policy(0);
    assert!(world.start().is_empty());
    assert!(matches!(
        world.decision("s1"),
        Decision::Waiting(Wait::Frozen { ref reason, .. }) if reason == "quarter end"
    ));
    world.now = "2026-01-01T12:00:00Z".parse().unwrap();
    world.settle();
    assert_eq!(world.injected(), 0);
}

#[test]
fn a_freeze_of_other_targets_or_of_later_holds_nothing() {
    let mut world = fleet(3, &json!({}));
    let mut elsewhere = freeze("2026-01-01T12:00:00Z");
    elsewhere.spec.targets = vec!["dev-*".to_owned()];
    let mut later = freeze("2026-01-02T12:00:00Z");
    later.spec.from = Some("2026-01-02T00:00:00Z".parse().unwrap());
    world.freezes = vec![elsewhere, later];
    assert_eq!(world.start().len(), 2);
}

#[test]
fn paused_rollout_finishes_deployments_and_continues_when_resumed() {
    let mut world = fleet(4, &json!({}));
    world.start();
    world.say(0, json!({"paused": true}));
    world.deployments_complete();
    assert!(world.start().is_empty());
    assert_eq!(world.injected(), 2);
    assert!(
        world
            .rollout_state("all")
            .paused
            .unwrap()
            .contains("a user paused it")
    );
    world.say(0, json!({"paused": false}));
    world.settle();
    assert_eq!(world.injected(), 4);
}

#[test]
fn resumed_rollout_resets_failure_count_and_skips_failed_services() {
    let mut world = fleet(4, &json!({"maxConcurrent": 1}));
    assert_eq!(world.start(), ["s0"]);
    world.roll_back("s0");
    assert!(world.start().is_empty());
    world.say(0, json!({"resumedAt": world.now.to_string()}));
    assert_eq!(world.start(), ["s1"]);
    world.roll_back("s1");
    assert!(world.start().is_empty(), "a failure after it pauses again");
    assert_eq!(world.decision("s0"), Decision::Failed);
}

#[test]
fn retry_runs_once_and_only_for_named_services() {
    let mut world = fleet(4, &json!({"failureThreshold": 2}));
    assert_eq!(world.start(), ["s0", "s1"]);
    world.roll_back("s0");
    world.roll_back("s1");
    assert!(world.start().is_empty());
    let at = world.now.to_string();
    world.say(
        0,
        json!({"resumedAt": at, "retry": {"at": at, "workloads": ["prod.main.s1"]}}),
    );
    let started = world.start();
    assert!(
        started.contains(&"s1".to_owned()) && !started.contains(&"s0".to_owned()),
        "{started:?}"
    );
    world.roll_back("s1");
    world.start();
    assert_eq!(world.decision("s1"), Decision::Failed, "a wish is for once");
    world.say(0, json!({"retry": {"at": world.now.to_string()}}));
    world.settle();
    assert_eq!(world.injected(), 4);
}

#[test]
fn an_aborted_rollout_leaves_what_is_done_and_follows_it() {
    let mut world = fleet(5, &json!({}));
    world.start();
    world.deployments_complete();
    world.pass();
    world.say(0, json!({"abort": {}}));
    world.settle();
    let done = world.injected();
    assert!((2..5).contains(&done));
    assert_eq!(world.decision("s4"), Decision::Waiting(Wait::Aborted));
    assert!(world.rollout_state("all").aborted);
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.settle();
    assert!(world.is_injected("s0"));
    assert_eq!(world.injected(), done);
}

#[test]
fn aborted_rollout_is_undone_in_waves_until_the_next_generation() {
    let mut world = fleet(5, &json!({}));
    world.start();
    world.deployments_complete();
    world.start();
    world.deployments_complete();
    world.pass();
    let before = world.injected();
    assert!(before >= 4);
    world.say(0, json!({"abort": {"undo": true}}));
    for _ in 0..12 {
        world.pass();
        assert!(world.deployments(Purpose::Eject) <= 2);
        world.advance(20);
        world.pass();
        world.deployments_complete();
    }
    world.settle();
    assert_eq!(world.injected(), 0);
    assert_eq!(world.decision("s0"), Decision::Waiting(Wait::Aborted));
    let revision = &world.services["s0"].revision;
    assert!(
        revision.ends_with(":1"),
        "the owner's own revision: {revision}"
    );

    world.policies[0] = policy("all", &json!({"bufferLimit": 1000}));
    world.policies[0].metadata.generation = Some(2);
    world.controls.clear();
    world.settle();
    assert_eq!(world.injected(), 5);
}
