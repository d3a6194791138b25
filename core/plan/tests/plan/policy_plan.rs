//! The preview of what a policy would do; and what its mistakes stop.

use firelens_inject::Reason;
use firelens_plan::Decision;
use firelens_report::policy_plan::Outlook;
use serde_json::json;

use crate::build::{base, policy};
use crate::world::World;

#[test]
fn a_review_shows_differences_permissions_files_and_the_agent_configuration() {
    let mut world = World::fleet(2);
    let filtered = json!({
        "selector": {"services": ["s0"]},
        "filters": [{"grep": {"exclude": ["log healthz"]}}],
    });
    world.policies.push(policy("filtered", &filtered));
    let plan = world.policy_plan(0);
    assert_eq!(plan.summary.workloads, 1, "the other is not touched");
    let s0 = &plan.workloads[0];
    assert_eq!(s0.outlook, Outlook::Inject);
    let paths: Vec<&str> = s0
        .differences
        .iter()
        .map(|difference| difference.path.as_str())
        .collect();
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
    let plan = world.policy_plan(0);
    let s0 = &plan.workloads[0];
    assert_eq!((s0.outlook, s0.differences.len()), (Outlook::Unchanged, 0));
    assert!(s0.preview.as_deref().unwrap().contains("[INPUT]"));
    let role = &plan.roles[0];
    assert_eq!(role.before.as_ref(), Some(&role.after));
}

#[test]
fn lint_errors_block_new_injections_but_keep_running_routers() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    // The mistake can come from a destination, after the policy was admitted.
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

#[test]
fn a_review_lists_other_role_users_and_permissions_boundary_denials() {
    let mut world = World::fleet(3);
    let mut shared = base("s1", "app:1");
    shared["executionRoleArn"] = base("s0", "")["taskRoleArn"].clone();
    world.owner_deploys("s1", &shared);
    let trust = json!({"Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999900001111:root"}, "Action": "sts:AssumeRole"},
        {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"},
    ]});
    world.trusts.insert("task-s0".into(), trust.to_string());
    let only = json!({"selector": {"services": ["s0"]}, "iam": {"allowSharedRoles": true}});
    world.policies.push(policy("one", &only));
    let role = world.policy_plan(0).roles.remove(0);
    assert_eq!(
        (role.role.as_str(), role.services),
        ("task-s0", vec!["main/s0".to_owned()])
    );
    assert_eq!(role.other_users, ["main/s1"]);
    assert_eq!(
        role.other_principals,
        ["arn:aws:iam::999900001111:root", "lambda.amazonaws.com"]
    );
    assert_eq!(role.boundary, None);

    let edge = "arn:aws:iam::111122223333:policy/edge";
    world.boundaries.insert("task-s0".into(), edge.into());
    let unread = world.policy_plan(0).roles.remove(0).boundary.unwrap();
    assert_eq!(unread.unknown.as_deref(), Some("AccessDenied"));
    for (action, denies) in [("*", false), ("s3:*", true)] {
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
        world
            .managed_policies
            .insert(edge.into(), document.to_string());
        let boundary = world.policy_plan(0).roles.remove(0).boundary.unwrap();
        assert_eq!((boundary.arn.as_str(), boundary.unknown), (edge, None));
        let denied = boundary.denies.unwrap_or_default();
        assert_eq!(
            denied.contains("firehose:PutRecordBatch"),
            denies,
            "{action}: {denied}"
        );
    }
}
