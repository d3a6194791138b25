//! IAM and STS: roles, inline policies, propagation, sessions.

use std::time::Duration;

use firelens_tests::fake_aws::{FakeAws, Lag};
use serde_json::json;

use crate::wire::support::{fake, query};

const KEY: &str = "AKIATEST";

fn call(fake: &FakeAws, form: &[(&str, &str)]) -> (u16, String) {
    query(fake, KEY, form)
}

fn put(fake: &FakeAws, policy: &str, document: &str) -> (u16, String) {
    call(
        fake,
        &[
            ("Action", "PutRolePolicy"),
            ("RoleName", "task"),
            ("PolicyName", policy),
            ("PolicyDocument", document),
        ],
    )
}

fn get(fake: &FakeAws, policy: &str) -> (u16, String) {
    call(
        fake,
        &[
            ("Action", "GetRolePolicy"),
            ("RoleName", "task"),
            ("PolicyName", policy),
        ],
    )
}

#[test]
fn a_role_and_its_policies_are_read_back() {
    let fake = fake();
    fake.add_role("task", "/team/");
    fake.attach_role_policy("task", "arn:aws:iam::aws:policy/ReadOnly")
        .unwrap();
    let (_, role) = call(&fake, &[("Action", "GetRole"), ("RoleName", "task")]);
    assert!(role.contains("<Arn>arn:aws:iam::111122223333:role/team/task</Arn>"));
    assert_eq!(put(&fake, "p", r#"{"Statement": []}"#).0, 200);
    let (status, policy) = get(&fake, "p");
    assert_eq!(status, 200);
    assert!(
        policy.contains("%7B%22Statement%22%3A%20%5B%5D%7D"),
        "{policy}"
    );
    let (_, names) = call(
        &fake,
        &[("Action", "ListRolePolicies"), ("RoleName", "task")],
    );
    assert!(names.contains("<member>p</member>"));
    let (_, attached) = call(
        &fake,
        &[("Action", "ListAttachedRolePolicies"), ("RoleName", "task")],
    );
    assert!(attached.contains("<PolicyName>ReadOnly</PolicyName>"));
    let delete = [
        ("Action", "DeleteRolePolicy"),
        ("RoleName", "task"),
        ("PolicyName", "p"),
    ];
    assert_eq!(call(&fake, &delete).0, 200);
    let (status, error) = get(&fake, "p");
    assert_eq!(status, 404);
    assert!(error.contains("<Code>NoSuchEntity</Code>"));
}

#[test]
fn role_policies_share_a_size_limit_that_ignores_white_space() {
    let fake = fake();
    fake.add_role("task", "/");
    let big = json!({"Sid": "x".repeat(5000)}).to_string();
    assert_eq!(put(&fake, "a", &big).0, 200);
    assert_eq!(
        put(&fake, "b", &format!("{big}{}", " ".repeat(9000))).0,
        200
    );
    let (status, error) = put(&fake, "c", &big);
    assert_eq!(status, 409);
    assert!(error.contains("<Code>LimitExceeded</Code>"));
    assert_eq!(
        put(&fake, "b", "{}").0,
        200,
        "replacing frees what was there"
    );
    assert_eq!(put(&fake, "c", &big).0, 200);
    let (_, error) = put(&fake, "d", "not json");
    assert!(error.contains("MalformedPolicyDocument"));
}

#[test]
fn the_simulator_weighs_policies_boundary_and_conditions_without_resource_wildcards() {
    let fake = fake();
    fake.add_role("task", "/team/");
    let managed = "arn:aws:iam::111122223333:policy/app";
    let statements = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/a*"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/a-secret"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::c/*",
         "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ]});
    fake.add_managed_policy(managed, &statements);
    fake.attach_role_policy("task", managed).unwrap();
    let ask = |resource: &str| {
        let form = [
            ("Action", "SimulatePrincipalPolicy"),
            (
                "PolicySourceArn",
                "arn:aws:iam::111122223333:role/team/task",
            ),
            ("ActionNames.member.1", "s3:GetObject"),
            ("ResourceArns.member.1", resource),
        ];
        call(&fake, &form).1
    };
    let decision = |answer: &str| {
        let (_, rest) = answer.split_once("<EvalDecision>").unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    assert_eq!(decision(&ask("arn:aws:s3:::b/a1")), "allowed");
    assert_eq!(decision(&ask("arn:aws:s3:::b/a-secret")), "explicitDeny");
    assert_eq!(decision(&ask("arn:aws:s3:::b/*")), "implicitDeny");
    let conditional = ask("arn:aws:s3:::c/k");
    assert_eq!(decision(&conditional), "implicitDeny");
    assert!(conditional.contains("<member>aws:SecureTransport</member>"));
    let edge = "arn:aws:iam::111122223333:policy/edge";
    let nothing = json!({"Version": "2012-10-17", "Statement": []});
    fake.add_managed_policy(edge, &nothing);
    fake.set_permissions_boundary("task", Some(edge)).unwrap();
    let bounded = ask("arn:aws:s3:::b/a1");
    assert_eq!(decision(&bounded), "implicitDeny");
    assert!(bounded.contains("<AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary>"));
    let (_, role) = call(&fake, &[("Action", "GetRole"), ("RoleName", "task")]);
    assert!(role.contains(&format!(
        "<PermissionsBoundaryArn>{edge}</PermissionsBoundaryArn>"
    )));
}

#[test]
fn a_managed_policy_shows_its_default_version() {
    let fake = fake();
    let arn = "arn:aws:iam::aws:policy/service-role/Tasks";
    fake.add_managed_policy(arn, &json!({"Statement": []}));
    let (_, policy) = call(&fake, &[("Action", "GetPolicy"), ("PolicyArn", arn)]);
    assert!(policy.contains("<DefaultVersionId>v1</DefaultVersionId>"));
    let version = |version: &str| {
        let form = [
            ("Action", "GetPolicyVersion"),
            ("PolicyArn", arn),
            ("VersionId", version),
        ];
        call(&fake, &form)
    };
    assert!(version("v1").1.contains("%7B%22Statement%22%3A%5B%5D%7D"));
    assert_eq!(version("v2").0, 404);
    let other = [
        ("Action", "GetPolicy"),
        ("PolicyArn", "arn:aws:iam::aws:policy/No"),
    ];
    assert!(call(&fake, &other).1.contains("NoSuchEntity"));
}

#[test]
fn a_service_linked_role_cannot_be_changed() {
    let fake = fake();
    fake.add_role("task", "/aws-service-role/ecs.amazonaws.com/");
    assert!(put(&fake, "a", "{}").1.contains("UnmodifiableEntity"));
}

#[test]
fn a_policy_shows_only_after_the_propagation_delay() {
    let fake = fake();
    fake.add_role("task", "/");
    fake.set_iam_lag(Lag {
        age: Duration::from_secs(10),
        reads: 0,
    });
    put(&fake, "p", "{}");
    assert_eq!(get(&fake, "p").0, 404);
    fake.advance(Duration::from_secs(10));
    assert_eq!(get(&fake, "p").0, 200);
}

#[test]
fn a_role_session_uses_its_roles_account_and_is_recorded() {
    let fake = fake();
    fake.at("444455556666", "us-east-1").add_role("task", "/");
    let (_, answer) = call(
        &fake,
        &[
            ("Action", "AssumeRole"),
            ("RoleArn", "arn:aws:iam::444455556666:role/operator"),
            ("RoleSessionName", "firelens"),
            ("ExternalId", "secret"),
        ],
    );
    let key = answer
        .split("<AccessKeyId>")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .unwrap()
        .to_owned();
    let (_, identity) = query(&fake, &key, &[("Action", "GetCallerIdentity")]);
    assert!(identity.contains("<Account>444455556666</Account>"));
    assert!(identity.contains("assumed-role/operator/firelens"));
    let get_role = [("Action", "GetRole"), ("RoleName", "task")];
    assert_eq!(query(&fake, &key, &get_role).0, 200);
    assert_eq!(query(&fake, KEY, &get_role).0, 404);
    let calls = fake.calls();
    let session = calls[2].role_session.clone().unwrap();
    assert_eq!(session.session_name, "firelens");
    assert_eq!(session.external_id.as_deref(), Some("secret"));
    assert_eq!(calls[3].role_session, None);
}

#[test]
fn an_external_id_is_demanded_once_it_is_set() {
    let fake = fake();
    fake.trust("arn:aws:iam::1:role/r", Some("id"));
    let assume = |id: &str| {
        let form = [
            ("Action", "AssumeRole"),
            ("RoleArn", "arn:aws:iam::1:role/r"),
            ("RoleSessionName", "session"),
            ("ExternalId", id),
        ];
        call(&fake, &form).0
    };
    assert_eq!(assume("other"), 403);
    assert_eq!(assume("id"), 200);
}
