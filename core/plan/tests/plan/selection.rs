//! Which policy wins, and what is left alone.

use firelens_plan::select::LostBecause;
use firelens_plan::{Decision, Wait};
use serde_json::json;

use crate::build::policy;
use crate::world::World;

#[test]
fn the_next_priority_takes_over_when_the_winner_is_deleted() {
    let mut world = World::fleet(1);
    world.policies.push(policy("low", &json!({"priority": 1})));
    world
        .policies
        .push(policy("high", &json!({"priority": 2, "bufferLimit": 77})));
    world.settle();
    let plan = world.plan();
    let selection = &plan.workloads[&World::key("s0")].selection;
    assert_eq!(selection.winner.as_ref().unwrap().name, "high");
    assert_eq!(selection.losers[0].reason, LostBecause::Priority);

    world.delete_policy(1);
    world.settle();
    assert!(world.is_injected("s0"));
    let marks = firelens_inject::marks(&world.live("s0")).unwrap();
    assert_eq!(marks.policy, "low");
    assert!(world.plan().policies["high"].released);
    assert_eq!(
        world
            .role_policies
            .keys()
            .map(|(_, name)| name.as_str())
            .collect::<Vec<_>>(),
        ["firelens-low@prod"]
    );
}

#[test]
fn audit_writes_nothing_and_never_wins_from_enforce() {
    let mut world = World::fleet(2);
    world
        .policies
        .push(policy("try", &json!({"mode": "Audit", "priority": 1000})));
    world.settle();
    assert_eq!(world.decision("s0"), Decision::WouldInject);
    assert!(world.registered == 0 && world.role_policies.is_empty() && world.objects.is_empty());

    world.policies.push(policy("real", &json!({"priority": 1})));
    world.settle();
    assert_eq!(world.injected(), 2);
    let plan = world.plan();
    let losers = &plan.workloads[&World::key("s0")].selection.losers;
    assert_eq!(losers[0].reason, LostBecause::AuditOnly);
}

#[test]
fn turning_a_policy_to_audit_leaves_what_runs() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    world.policies[0] = policy("all", &json!({"mode": "Audit"}));
    world.settle();
    assert!(world.is_injected("s0"));
    assert_eq!(world.updates.len(), 1);
}

#[test]
fn a_service_that_is_no_longer_selected_is_restored() {
    let mut world = World::fleet(2);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    world.policies[0] = policy("all", &json!({"selector": {"services": ["s1"]}}));
    world.policies[0].metadata.generation = Some(2);
    world.settle();
    assert!(!world.is_injected("s0") && world.is_injected("s1"));
    assert_eq!(
        world.role_policies.len(),
        1,
        "the role of s0 has lost the policy again"
    );
}

#[test]
fn the_opt_out_tag_freezes_a_workload() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    world.services.get_mut("s0").unwrap().tags =
        json!([{"key": "firelens.dev/inject", "value": "disabled"}]);
    world.policies[0] = policy("all", &json!({"bufferLimit": 5}));
    world.policies[0].metadata.generation = Some(2);
    world.settle();
    assert_eq!(world.decision("s0"), Decision::OptedOut);
    assert_eq!(world.updates.len(), 1);
    assert_eq!(world.role_policies.len(), 1, "what runs keeps its rights");
}

#[test]
fn suspend_starts_nothing_but_does_not_block_deletion() {
    let mut world = World::fleet(1);
    world
        .policies
        .push(policy("all", &json!({"suspend": true})));
    world.settle();
    assert_eq!(world.decision("s0"), Decision::Waiting(Wait::Suspended));
    world.policies[0] = policy("all", &json!({}));
    world.settle();
    assert!(world.is_injected("s0"));
    world.policies[0] = policy("all", &json!({"suspend": true}));
    world.delete_policy(0);
    world.settle();
    assert!(!world.is_injected("s0"));
}

#[test]
fn an_unreadable_account_changes_nothing() {
    let mut world = World::fleet(2);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    let records = world.records.clone();
    world.unreadable = true;
    world.delete_policy(0);
    let plan = world.pass();
    assert!(plan.removals.is_empty() && plan.forgotten_workloads.is_empty());
    assert!(!plan.policies["all"].released);
    assert_eq!(world.records, records);
}

#[test]
fn a_deleted_service_is_forgotten() {
    let mut world = World::fleet(2);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    world.services.remove("s0");
    assert_eq!(world.plan().forgotten_workloads, [World::key("s0")]);
}
