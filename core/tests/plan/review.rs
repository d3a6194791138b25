//! What a policy would do, shown before it does it; and what its mistakes stop.

use firelens_core::inject::Reason;
use firelens_core::plan::Decision;
use firelens_core::review::Outlook;
use serde_json::json;

use crate::build::{base, policy};
use crate::world::World;

#[test]
fn a_review_shows_the_difference_the_rights_the_files_and_what_the_agent_makes_of_it() {
    let mut world = World::fleet(2);
    let filtered = json!({
        "selector": {"services": ["s0"]},
        "filters": [{"grep": {"exclude": ["log healthz"]}}],
    });
    world.policies.push(policy("filtered", &filtered));
    let plan = world.review(0);
    assert_eq!(plan.summary.workloads, 1, "the other is not touched");
    let s0 = &plan.workloads[0];
    assert_eq!(s0.outlook, Outlook::Inject);
    let paths: Vec<&str> = s0.differences.iter().map(|one| one.path.as_str()).collect();
    assert!(
        paths.contains(&"containerDefinitions[log_router]"),
        "{paths:?}"
    );
    assert!(
        paths.contains(&"containerDefinitions[app].dependsOn"),
        "{paths:?}"
    );
    let preview = s0.preview.as_deref().unwrap();
    assert!(
        preview.contains("ecs_task_definition s0:REVISION\n"),
        "{preview}"
    );
    assert!(preview.contains("Exclude log healthz"), "{preview}");
    assert_eq!(plan.objects.len(), 1);
    let role = &plan.roles[0];
    assert_eq!(
        (role.role.as_str(), role.before.is_none()),
        ("task-s0", true)
    );
    assert!(role.after.to_string().contains("firehose:PutRecordBatch"));
    assert!(world.updates.is_empty());
}

#[test]
fn a_policy_in_force_shows_no_difference() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    let plan = world.review(0);
    let s0 = &plan.workloads[0];
    assert_eq!((s0.outlook, s0.differences.len()), (Outlook::Unchanged, 0));
    assert!(s0.preview.as_deref().unwrap().contains("[INPUT]"));
    let role = &plan.roles[0];
    assert_eq!(role.before.as_ref(), Some(&role.after));
}

#[test]
fn errors_that_the_linter_finds_stop_new_injections_and_leave_running_ones() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    // The mistake can come with a destination, after the policy was admitted.
    let wrong = json!({"outputs": [
        {"name": "main", "destination": {"custom": {"plugin": "no_such_plugin"}}},
    ]});
    world.policies[0].spec = policy("all", &wrong).spec;
    world.policies[0].metadata.generation = Some(2);
    let before = world.updates.len();
    world.pass();
    match world.decision("s0") {
        Decision::Refused(refusal) => {
            assert_eq!(refusal.reason, Reason::PolicyHasErrors);
            assert!(
                refusal.message.contains("no_such_plugin"),
                "{}",
                refusal.message
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.updates.len(), before);
    assert!(world.is_injected("s0"), "what runs is left as it is");
    let late = base("late", "app:1");
    world.owner_deploys("s0", &late);
    world.pass();
    assert_eq!(world.updates.len(), before);
}
