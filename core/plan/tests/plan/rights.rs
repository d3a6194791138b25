//! Rights that are verified, and limits of those that are written.

use std::collections::BTreeMap;

use firelens_aws::observe::{SimulatedDecision, SimulatedRight};
use firelens_inject::{NoteCode, Reason};
use firelens_plan::{
    Decision, RESOURCE_RECHECK_SECONDS, RIGHTS_ASKED_PER_PASS, RIGHTS_RETRY_SECONDS,
};
use serde_json::{Value, json};

use crate::build::{ACCOUNT, base, policy};
use crate::world::World;

const PUT: &str = "firehose:PutRecordBatch";
const STREAM: &str = "arn:aws:firehose:us-east-1:111122223333:deliverystream/logs";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/edge";

fn verifying(services: usize) -> World {
    let mut world = World::fleet(services);
    let verify = json!({"iam": {"mode": "Verify"}});
    world.policies.push(policy("all", &verify));
    world
}

fn document(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(action: &str, resource: &str) -> String {
    document(&json!([{"Effect": "Allow", "Action": action, "Resource": resource}]))
}

/// The owner adds an inline policy to the task role of a service.
fn owner_allows(world: &mut World, service: &str, document: String) {
    let place = (format!("task-{service}"), "theirs".to_owned());
    world.role_policies.insert(place, document);
}

fn refused(world: &World, service: &str) -> (Reason, String) {
    match world.decision(service) {
        Decision::Refused(refusal) => (refusal.reason, refusal.message),
        other => panic!("{other:?}"),
    }
}

fn notes(world: &World, code: NoteCode) -> Vec<String> {
    let plan = world.plan();
    let notes = plan.workloads[&World::key("s0")].notes.iter();
    notes
        .filter(|note| note.code == code)
        .map(|note| note.message.clone())
        .collect()
}

#[test]
fn verify_refuses_missing_permissions_and_proceeds_once_they_are_granted() {
    let mut world = verifying(1);
    world.settle();
    let (reason, message) = refused(&world, "s0");
    assert_eq!(reason, Reason::RightsMissing);
    assert!(
        message.starts_with(&format!(
            "task role arn:aws:iam::{ACCOUNT}:role/task-s0 lacks {PUT} on {STREAM} (no policy allows it); according to the policies of the role, without SimulatePrincipalPolicy (AccessDenied)"
        )),
        "{message}"
    );
    assert!(world.registered == 0 && world.role_policies.is_empty());
    owner_allows(&mut world, "s0", allow(PUT, STREAM));
    world.settle();
    assert_eq!(world.registered, 0, "not looked at before its time");
    world.advance(RIGHTS_RETRY_SECONDS);
    world.settle();
    assert!(world.is_injected("s0"));
    assert_eq!(world.role_policies.len(), 1, "the operator writes none");
}

#[test]
fn permissions_are_rechecked_hourly_and_when_the_destination_changes() {
    let mut world = verifying(1);
    owner_allows(&mut world, "s0", allow("*", "*"));
    world.settle();
    let asked = world.questions.get();
    assert!(world.is_injected("s0") && asked > 0);
    world.settle();
    world.advance(RESOURCE_RECHECK_SECONDS / 2);
    world.pass();
    assert_eq!(world.questions.get(), asked, "remembered");
    world.advance(RESOURCE_RECHECK_SECONDS / 2);
    world.pass();
    assert_eq!(world.questions.get(), 2 * asked);
    let other = json!({"iam": {"mode": "Verify"}, "outputs": [{"name": "main", "destination": {"firehose": {"deliveryStream": "other", "region": "us-east-1"}}}]});
    world.policies[0] = policy("all", &other);
    world.policies[0].metadata.generation = Some(2);
    world.pass();
    assert_eq!(world.questions.get(), 3 * asked, "another stream");
}

#[test]
fn a_conditional_permission_is_noted_without_blocking_the_change() {
    let mut world = verifying(1);
    let conditional = json!({"Effect": "Allow", "Action": PUT, "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}});
    owner_allows(&mut world, "s0", document(&conditional));
    world.settle();
    assert!(world.is_injected("s0"));
    let texts = notes(&world, NoteCode::RightsUnknown);
    assert_eq!(texts.len(), 1);
    assert!(
        texts[0].contains("under a condition on aws:SourceVpc"),
        "{texts:?}"
    );
}

#[test]
fn the_simulator_of_iam_is_believed_where_it_can_tell() {
    let right = |decision: SimulatedDecision, missing: &[&str]| SimulatedRight {
        action: PUT.to_owned(),
        resource: STREAM.to_owned(),
        decision,
        missing_context: missing.iter().map(|&key| key.to_owned()).collect(),
    };
    for (answer, wanted) in [
        (right(SimulatedDecision::Allowed, &[]), None),
        (
            right(SimulatedDecision::ImplicitDeny, &["aws:SourceVpc"]),
            None,
        ),
        (
            right(SimulatedDecision::ImplicitDeny, &[]),
            Some("no policy allows it"),
        ),
        (
            right(
                SimulatedDecision::ExplicitDeny(vec!["guard".to_owned()]),
                &["aws:SourceVpc"],
            ),
            Some("guard denies it"),
        ),
        (
            right(SimulatedDecision::OutsideBoundary, &[]),
            Some("permissions boundary of the role"),
        ),
        (
            right(SimulatedDecision::OutsideOrganization, &[]),
            Some("a policy of the organization denies it"),
        ),
    ] {
        let mut world = verifying(1);
        world.simulator = Some(BTreeMap::from([(
            "task-s0".to_owned(),
            vec![answer.clone()],
        )]));
        world.settle();
        match wanted {
            None => assert!(world.is_injected("s0"), "{answer:?}"),
            Some(wanted) => {
                let (_, message) = refused(&world, "s0");
                assert!(message.contains(wanted), "{message}");
                assert!(
                    message.contains("according to SimulatePrincipalPolicy"),
                    "{message}"
                );
            }
        }
    }
}

#[test]
fn policies_decide_where_the_simulator_takes_wildcards_literally() {
    let logs = json!({"iam": {"mode": "Verify"}, "outputs": [{"name": "main", "destination": {"cloudWatchLogs": {"logGroupName": "/app", "logStreamPrefix": "a-", "region": "us-east-1"}}}]});
    for (resource, wanted) in [
        ("*", None),
        (
            "arn:aws:logs:us-east-1:111122223333:log-group:/app:log-stream:a-x*",
            Some(NoteCode::RightsUnknown),
        ),
    ] {
        let mut world = World::fleet(1);
        world.policies.push(policy("all", &logs));
        owner_allows(&mut world, "s0", allow("logs:*", resource));
        let asked = world.plan();
        assert!(asked.needs.is_empty());
        let seen = world.seen();
        let (question, _) = seen.rights.iter().next().unwrap();
        let denied = question.statements.iter().flat_map(|statement| {
            let pair = |action: &String| {
                statement
                    .resources
                    .iter()
                    .map(move |resource| SimulatedRight {
                        action: action.clone(),
                        resource: resource.clone(),
                        decision: if resource.contains('*') {
                            SimulatedDecision::ImplicitDeny
                        } else {
                            SimulatedDecision::Allowed
                        },
                        missing_context: Vec::new(),
                    })
                    .collect::<Vec<_>>()
            };
            statement.actions.iter().flat_map(pair).collect::<Vec<_>>()
        });
        world.simulator = Some(BTreeMap::from([(question.role.clone(), denied.collect())]));
        world.settle();
        assert!(world.is_injected("s0"), "{resource}");
        let texts = notes(&world, NoteCode::RightsUnknown);
        assert_eq!(texts.is_empty(), wanted.is_none(), "{texts:?}");
    }
}

#[test]
fn a_running_service_keeps_its_router_and_notes_lost_permissions() {
    let mut world = verifying(1);
    owner_allows(&mut world, "s0", allow("*", "*"));
    world.settle();
    owner_allows(&mut world, "s0", allow("s3:*", "*"));
    world.advance(RESOURCE_RECHECK_SECONDS);
    world.settle();
    assert_eq!(world.decision("s0"), Decision::InSync);
    let texts = notes(&world, NoteCode::RightsLost);
    assert!(texts[0].contains(PUT), "{texts:?}");
    assert_eq!(world.updates.len(), 1);
}

#[test]
fn a_role_in_another_account_is_noted_and_not_queried() {
    let mut world = verifying(1);
    let mut elsewhere = base("s0", "app:1");
    elsewhere["taskRoleArn"] = json!("arn:aws:iam::999900001111:role/task-s0");
    world.owner_deploys("s0", &elsewhere);
    world.settle();
    assert!(world.is_injected("s0"));
    let texts = notes(&world, NoteCode::RightsUnknown);
    assert!(
        texts[0].contains("999900001111") && texts[0].contains(PUT),
        "{texts:?}"
    );
    assert_eq!(world.questions.get(), 0);
}

#[test]
fn a_task_role_found_under_another_path_is_refused() {
    let mut world = verifying(1);
    let mut moved = base("s0", "app:1");
    moved["taskRoleArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:role/team/task-s0"));
    world.owner_deploys("s0", &moved);
    owner_allows(&mut world, "s0", allow("*", "*"));
    world.settle();
    let (reason, message) = refused(&world, "s0");
    assert_eq!(reason, Reason::RightsMissing);
    assert!(
        message.contains("does not exist; a role with the same name is"),
        "{message}"
    );
}

#[test]
fn permissions_of_a_large_fleet_are_checked_gradually() {
    let services = RIGHTS_ASKED_PER_PASS + 20;
    let mut world = verifying(services);
    for index in 0..services {
        owner_allows(&mut world, &format!("s{index}"), allow("*", "*"));
    }
    world.pass();
    assert_eq!(world.questions.get() % RIGHTS_ASKED_PER_PASS, 0);
    let known = |world: &World| {
        let records = world.records.values();
        records.filter(|record| record.rights.is_some()).count()
    };
    assert_eq!(known(&world), RIGHTS_ASKED_PER_PASS);
    world.pass();
    assert_eq!(known(&world), services);
}

#[test]
fn injection_is_refused_when_the_permissions_boundary_denies_it() {
    for (boundary, wanted) in [
        (Some(allow("*", "*")), None),
        (Some(allow("s3:*", "*")), Some("(not included)")),
        (
            Some(document(&json!([
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "firehose:*", "Resource": "*"},
            ]))),
            Some("(denied)"),
        ),
    ] {
        let mut world = World::fleet(1);
        world.policies.push(policy("all", &json!({})));
        world.boundaries.insert("task-s0".into(), BOUNDARY.into());
        world
            .managed_policies
            .extend(boundary.map(|text| (BOUNDARY.into(), text)));
        world.settle();
        let Some(wanted) = wanted else {
            assert!(world.is_injected("s0"));
            assert!(notes(&world, NoteCode::RightsUnknown).is_empty());
            continue;
        };
        let (reason, message) = refused(&world, "s0");
        assert_eq!(reason, Reason::BoundaryDenies);
        assert!(
            message.contains(BOUNDARY) && message.contains(PUT) && message.contains(wanted),
            "{message}"
        );
        assert!(world.role_policies.is_empty() && world.registered == 0);
    }
}

#[test]
fn an_undecidable_permissions_boundary_is_noted_until_it_becomes_clear() {
    let conditional = json!({"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}}});
    for (boundary, wanted) in [
        (None, "cannot be read: AccessDenied"),
        (Some(document(&conditional)), "aws:SecureTransport"),
    ] {
        let mut world = World::fleet(1);
        world.policies.push(policy("all", &json!({})));
        world.boundaries.insert("task-s0".into(), BOUNDARY.into());
        world
            .managed_policies
            .extend(boundary.map(|text| (BOUNDARY.into(), text)));
        world.settle();
        assert!(world.is_injected("s0"));
        world.advance(RESOURCE_RECHECK_SECONDS);
        world.settle();
        let texts = notes(&world, NoteCode::RightsUnknown);
        assert!(texts.iter().any(|text| text.contains(wanted)), "{texts:?}");
        world
            .managed_policies
            .insert(BOUNDARY.into(), allow("*", "*"));
        world.advance(RESOURCE_RECHECK_SECONDS);
        world.settle();
        assert!(notes(&world, NoteCode::RightsUnknown).is_empty());
    }
}

#[test]
fn the_inline_policies_of_others_take_room_in_a_role() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    owner_allows(&mut world, "s0", allow("s3:GetObject", &"x".repeat(10_000)));
    world.settle();
    let (reason, message) = refused(&world, "s0");
    assert_eq!(reason, Reason::RolePolicyTooLong);
    let others = world.role_policies.values().next().unwrap().len();
    assert!(
        message.contains(&format!("in addition to {others} of other inline policies")),
        "{message}"
    );
    assert_eq!(world.role_policies.len(), 1);
    owner_allows(&mut world, "s0", allow("s3:GetObject", &"x".repeat(9_000)));
    world.advance(RIGHTS_RETRY_SECONDS);
    world.settle();
    assert!(world.is_injected("s0"));
}

#[test]
fn policies_that_share_a_role_count_together_toward_its_limit() {
    let long = |name: &str| {
        let resources: Vec<String> = (0..30)
            .map(|index| {
                format!(
                    "arn:aws:sns:us-east-1:{ACCOUNT}:{}-{index}",
                    "t".repeat(160)
                )
            })
            .collect();
        let custom = json!({"plugin": "stdout", "awsPermissions": [{"actions": ["sns:Publish"], "resources": resources}]});
        policy(
            name,
            &json!({
                "selector": {"services": [name]}, "iam": {"allowSharedRoles": true},
                "outputs": [{"name": "main", "destination": {"custom": custom}}]
            }),
        )
    };
    let mut world = World::fleet(2);
    let mut shared = base("s1", "app:1");
    shared["taskRoleArn"] = base("s0", "")["taskRoleArn"].clone();
    world.owner_deploys("s1", &shared);
    world.policies.extend([long("s0"), long("s1")]);
    world.settle();
    assert!(
        world.role_policies.is_empty(),
        "{:?}",
        world.role_policies.keys()
    );
    assert_eq!(refused(&world, "s0").0, Reason::RolePolicyTooLong);
}

#[test]
fn a_role_keeps_the_permissions_of_an_unreachable_service() {
    let output = |service: &str| {
        let stream = format!("of-{service}");
        json!({
            "selector": {"services": ["s0", "s1"]},
            "outputs": [{"name": "main", "destination": {"firehose": {"deliveryStream": stream, "region": "us-east-1"}}}]
        })
    };
    let mut world = World::fleet(2);
    let mut shared = base("s1", "app:1");
    shared["taskRoleArn"] = base("s0", "")["taskRoleArn"].clone();
    world.owner_deploys("s1", &shared);
    world.policies.push(policy("both", &output("s0")));
    world.settle();
    let before = world.role_policies.clone();
    world.policies[0] = policy("both", &output("s1"));
    world.policies[0].metadata.generation = Some(2);
    world.silent.insert("s1".into());
    for _ in 0..10 {
        world.pass();
        world.deployments_complete();
        world.advance(20);
    }
    assert!(world.live("s0").to_register_input().contains("of-s1"));
    let now = world.role_policies.values().next().unwrap();
    assert_eq!(world.role_policies.len(), before.len());
    assert!(
        now.contains("deliverystream/of-s0") && now.contains("deliverystream/of-s1"),
        "{now}"
    );
}

#[test]
fn a_service_blocked_by_its_role_does_not_block_others() {
    let mut world = World::fleet(3);
    let rollout = json!({"rollout": {"maxConcurrent": 1, "canary": {"count": 1}}});
    world.policies.push(policy("all", &rollout));
    world.boundaries.insert("task-s0".into(), BOUNDARY.into());
    world
        .managed_policies
        .insert(BOUNDARY.into(), allow("s3:*", "*"));
    for _ in 0..40 {
        world.pass();
        world.deployments_complete();
        world.advance(120);
    }
    assert_eq!(refused(&world, "s0").0, Reason::BoundaryDenies);
    assert!(world.is_injected("s1") && world.is_injected("s2"));
}
