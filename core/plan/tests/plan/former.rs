//! Role policies whose name held no target, as older versions wrote them.

use firelens_aws::iam::former_policy_name;
use firelens_aws::record::ResourceId;
use firelens_plan::{FORMER_REPLACED_PER_PASS, IAM_PROPAGATION_SECONDS};
use serde_json::json;

use crate::build::policy;
use crate::world::World;

const NEW: &str = "firelens-all@prod";
const OLD: &str = "firelens-all";

/// A fleet with its routers, and role policies as an older version left them.
fn of_an_older_version(services: usize) -> World {
    let mut world = World::fleet(services);
    world.policies.push(policy(
        "all",
        &json!({"rollout": {"maxConcurrent": 500, "canary": {"count": 0}}}),
    ));
    world.settle();
    assert_eq!(former_policy_name("all"), OLD);
    for ((role, name), document) in std::mem::take(&mut world.role_policies) {
        assert_eq!(name, NEW);
        let old = (role, OLD.to_owned());
        world.role_policies.insert(old, document);
    }
    for (id, mut row) in std::mem::take(&mut world.resources) {
        if let ResourceId::RolePolicy { role, .. } = id {
            row.id = ResourceId::RolePolicy {
                role,
                policy_name: OLD.to_owned(),
            };
        }
        world.resources.insert(row.id.clone(), row);
    }
    world
}

fn names(world: &World) -> Vec<&str> {
    let mut names: Vec<&str> = world
        .role_policies
        .keys()
        .map(|(_, name)| name.as_str())
        .collect();
    names.dedup();
    names
}

#[test]
fn old_role_policy_is_deleted_after_the_new_one_propagates() {
    let mut world = of_an_older_version(1);
    world.pass();
    assert_eq!(names(&world), [OLD, NEW], "written beside the old one");
    world.advance(IAM_PROPAGATION_SECONDS - 1);
    world.pass();
    assert_eq!(names(&world), [OLD, NEW], "IAM has not spread it yet");
    world.advance(1);
    world.pass();
    assert_eq!(names(&world), [NEW]);
    assert_eq!(world.resources.len(), 1);
    world.advance(4_000);
    world.settle();
    assert_eq!((names(&world), world.updates.len()), (vec![NEW], 1));
}

#[test]
fn old_role_policy_is_kept_while_new_write_fails() {
    let mut world = of_an_older_version(1);
    let before = world.role_policies.clone();
    world.target.spec.suspend = true;
    world.settle();
    world.target.spec.suspend = false;
    // No room for a second one in the role.
    let theirs = format!("{{\"Id\": \"{}\"}}", "x".repeat(10_000));
    let role = "task-s0".to_owned();
    world
        .role_policies
        .insert((role.clone(), "theirs".to_owned()), theirs);
    for _ in 0..3 {
        world.advance(4_000);
        world.pass();
    }
    world.role_policies.remove(&(role, "theirs".to_owned()));
    assert_eq!(world.role_policies, before);
    world.advance(4_000);
    world.pass();
    world.advance(4_000);
    world.pass();
    assert_eq!(names(&world), [NEW]);
}

#[test]
fn a_policy_that_is_deleted_takes_both_names_along() {
    let mut world = of_an_older_version(2);
    world.pass();
    world.delete_policy(0);
    world.settle();
    assert!(world.role_policies.is_empty(), "{:?}", names(&world));
    assert!(world.resources.is_empty());
}

#[test]
fn former_role_policies_are_replaced_in_batches() {
    let services = FORMER_REPLACED_PER_PASS + 5;
    let mut world = of_an_older_version(services);
    world.pass();
    assert_eq!(
        world.role_policies.len(),
        services + FORMER_REPLACED_PER_PASS
    );
    for _ in 0..4 {
        world.advance(300);
        world.pass();
    }
    assert_eq!(names(&world), [NEW]);
    assert_eq!(world.role_policies.len(), services);
}
