//! Role policies that others remove or alter.

use std::collections::BTreeMap;

use firelens_inject::NoteCode;
use firelens_plan::{Plan, ROLES_READ_PER_RESYNC, TAKEN_TOLD_SECONDS};
use serde_json::json;

use crate::build::policy;
use crate::world::World;

const RESYNC: i64 = 300;

fn fleet(services: usize) -> World {
    let mut world = World::fleet(services);
    world.policies.push(policy(
        "all",
        &json!({"rollout": {"maxConcurrent": 500, "canary": {"count": 0}}}),
    ));
    world.settle();
    world
}

fn note(plan: &Plan, service: &str) -> Option<String> {
    let notes = plan.workloads[&World::key(service)].notes.iter();
    let mut matching = notes.filter(|note| note.code == NoteCode::RightsTaken);
    matching.next().map(|note| note.message.clone())
}

#[test]
fn a_removed_role_policy_is_restored_at_resync_and_reported() {
    let mut world = fleet(2);
    let wanted = world.role_policies.clone();
    let place = wanted.keys().next().unwrap().clone();
    world.role_tags.insert(
        "task-s0".to_owned(),
        BTreeMap::from([("managed-by".to_owned(), "terraform".to_owned())]),
    );
    for times in 1..=3 {
        world.role_policies.remove(&place);
        world.advance(RESYNC);
        let plan = world.pass();
        assert_eq!(world.role_policies, wanted);
        assert_eq!(plan.repairs.len(), 1);
        let repair = &plan.repairs[0];
        assert!(!repair.altered);
        let affected = repair.workloads.keys().collect::<Vec<_>>();
        assert_eq!(affected, [&World::key("s0")]);
        let text = note(&plan, "s0").unwrap();
        assert_eq!(repair.workloads[&World::key("s0")], text);
        for part in [
            "somebody (probably Terraform",
            "removed the inline policy firelens-all@prod of role task-s0",
            "aws_iam_role_policies_exclusive",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(
            text.contains(&format!("{times} times")),
            times > 1,
            "{text}"
        );
        assert_eq!(note(&plan, "s1"), None);
        // The policy is seen again, and only what happens after that is counted anew.
        world.advance(RESYNC);
        let calm = world.pass();
        assert!(calm.repairs.is_empty());
        assert_eq!(note(&calm, "s0"), Some(text), "said for a day");
    }
    world.advance(TAKEN_TOLD_SECONDS);
    assert_eq!(note(&world.pass(), "s0"), None);
    assert_eq!(world.updates.len(), 2, "no task was replaced for it");
}

#[test]
fn an_altered_role_policy_is_corrected_at_the_next_resync() {
    let mut world = fleet(1);
    let wanted = world.role_policies.clone();
    world
        .role_policies
        .values_mut()
        .for_each(|document| *document = "{}".to_owned());
    world.advance(RESYNC);
    let plan = world.pass();
    assert_eq!(world.role_policies, wanted);
    assert!(plan.repairs[0].altered);
    assert!(note(&plan, "s0").unwrap().contains("somebody changed"));
    assert_eq!(world.updates.len(), 1);
}

#[test]
fn a_role_policy_not_yet_visible_is_not_a_removal() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.pass();
    // Written, and not visible yet.
    let written = std::mem::take(&mut world.role_policies);
    world.advance(2);
    assert!(world.pass().repairs.is_empty());
    world.role_policies = written;
    world.settle();
    assert_eq!(note(&world.pass(), "s0"), None);
}

#[test]
fn a_removed_role_policy_is_restored_while_its_service_waits() {
    let mut world = fleet(1);
    let wanted = world.role_policies.clone();
    // A new generation that may not start.
    world.policies[0] = policy("all", &json!({"suspend": true, "priority": 1}));
    world.policies[0].metadata.generation = Some(2);
    world.role_policies.clear();
    world.advance(RESYNC);
    world.pass();
    assert_eq!(world.role_policies, wanted);
}

#[test]
fn a_resync_reads_a_bounded_number_of_policies_oldest_first() {
    let services = ROLES_READ_PER_RESYNC + 20;
    let mut world = fleet(services);
    world.advance(60);
    world.pass();
    world.advance(RESYNC);
    world.role_policies.clear();
    let first = world.pass();
    assert_eq!(first.repairs.len(), ROLES_READ_PER_RESYNC);
    world.advance(RESYNC);
    let second = world.pass();
    assert_eq!(second.repairs.len(), 20);
    assert_eq!(world.role_policies.len(), services);
}

#[test]
fn between_two_resyncs_no_role_is_read_again() {
    let mut world = fleet(1);
    world.resync = false;
    world.role_policies.clear();
    world.advance(RESYNC);
    assert!(world.pass().repairs.is_empty());
    assert!(world.role_policies.is_empty());
}
