//! The documented evaluation logic, as tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;

const STREAM: &str = "arn:aws:firehose:us-east-1:111122223333:deliverystream/logs";
const LOG_STREAMS: &str = "arn:aws:logs:us-east-1:111122223333:log-group:/app:log-stream:*";

fn named(name: &str, statements: &Value) -> NamedDocument {
    NamedDocument {
        name: name.to_owned(),
        document: json!({"Version": "2012-10-17", "Statement": statements}).to_string(),
    }
}

/// Returns `allowed`, `missing: why` or `unknown: why` for one action on one resource.
fn say(identity: &[&Value], boundary: Option<&Value>, action: &str, resource: &str) -> String {
    let identity = identity.iter().enumerate();
    let policies = RolePolicies {
        identity: identity
            .map(|(i, statements)| named(&format!("p{i}"), statements))
            .collect(),
        boundary: boundary.map(|statements| named("edge", statements)),
    };
    let asked = [Statement::new("Ask", [action], [resource])];
    let findings = evaluate(&policies, &asked);
    assert_eq!(findings.len(), 1);
    match &findings[0].result {
        RightsResult::Allowed => "allowed".to_owned(),
        RightsResult::Missing(lack) => format!("missing: {lack}"),
        RightsResult::Unknown(why) => format!("unknown: {why}"),
    }
}

fn allow(action: &str, resource: &str) -> Value {
    json!([{"Effect": "Allow", "Action": action, "Resource": resource}])
}

fn deny(action: &str, resource: &str) -> Value {
    json!([{"Effect": "Deny", "Action": action, "Resource": resource}])
}

#[test]
fn access_needs_an_allow_and_any_deny_wins() {
    let put = "firehose:PutRecordBatch";
    let everything = allow("*", "*");
    let exact = allow(put, STREAM);
    for (identity, boundary, wanted) in [
        (vec![], None, "missing: no policy allows it"),
        (vec![&exact], None, "allowed"),
        (vec![&everything], None, "allowed"),
        (vec![&allow("firehose:put*", "*")], None, "allowed"),
        (
            vec![&allow("Firehose:PutRecordBatc?", STREAM)],
            None,
            "allowed",
        ),
        (
            vec![&allow("firehose:PutRecord", "*")],
            None,
            "missing: no policy allows it",
        ),
        (
            vec![&allow(put, &STREAM.replace("logs", "LOGS"))],
            None,
            "missing: no policy allows it",
        ),
        (
            vec![&everything, &deny(put, "*")],
            None,
            "missing: p1 denies it",
        ),
        (
            vec![&deny("*", STREAM), &everything],
            None,
            "missing: p0 denies it",
        ),
        (vec![&everything, &deny("s3:*", "*")], None, "allowed"),
        (vec![&exact], Some(&everything), "allowed"),
        (
            vec![&exact],
            Some(&allow("s3:*", "*")),
            "missing: the permissions boundary edge does not allow it",
        ),
        (vec![], Some(&everything), "missing: no policy allows it"),
        (
            vec![&everything],
            Some(&deny("firehose:*", "*")),
            "missing: edge denies it",
        ),
    ] {
        assert_eq!(
            say(&identity, boundary, put, STREAM),
            wanted,
            "{identity:?} {boundary:?}"
        );
    }
}

#[test]
fn not_action_and_not_resource_name_everything_else() {
    let put = "firehose:PutRecordBatch";
    let but = |action: &str| json!([{"Effect": "Allow", "NotAction": [action], "Resource": "*"}]);
    let but_resource = |effect: &str, resource: &str| json!([{"Effect": effect, "Action": "*", "NotResource": resource}]);
    let everything = allow("*", "*");
    for (identity, wanted) in [
        (vec![&but("iam:*")], "allowed"),
        (vec![&but("firehose:*")], "missing: no policy allows it"),
        (vec![&but_resource("Allow", "arn:aws:s3:::*")], "allowed"),
        (
            vec![&but_resource("Allow", STREAM)],
            "missing: no policy allows it",
        ),
        (
            vec![&everything, &but_resource("Deny", "arn:aws:s3:::*")],
            "missing: p1 denies it",
        ),
        (vec![&everything, &but_resource("Deny", STREAM)], "allowed"),
    ] {
        assert_eq!(say(&identity, None, put, STREAM), wanted, "{identity:?}");
    }
}

fn part() -> String {
    "unknown: p0 allows a part of it, or names it with a variable".to_owned()
}

/// Returns a statement on all actions of logs, under two conditions.
fn conditional(effect: &str) -> Value {
    json!({"Effect": effect, "Action": "logs:*", "Resource": "*",
           "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}, "Bool": {"aws:SecureTransport": "true"}}})
}

#[test]
fn conditional_statement_is_unknown_and_names_its_condition_keys() {
    let everything = allow("*", "*");
    let (maybe, never) = (conditional("Allow"), conditional("Deny"));
    let condition = "under a condition on aws:SecureTransport, aws:SourceVpc";
    let beyond = "missing: the permissions boundary edge does not allow it";
    let none = json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*", "Condition": {}});
    for (identity, boundary, wanted) in [
        (
            vec![&maybe],
            None,
            format!("unknown: p0 allows it {condition}"),
        ),
        (vec![&maybe, &everything], None, "allowed".to_owned()),
        (
            vec![&everything, &never],
            None,
            format!("unknown: p1 denies it {condition}"),
        ),
        (
            vec![&never],
            None,
            "missing: no policy allows it".to_owned(),
        ),
        (
            vec![&everything],
            Some(&maybe),
            format!("unknown: edge allows it {condition}"),
        ),
        (vec![&maybe], Some(&allow("s3:*", "*")), beyond.to_owned()),
        (
            vec![&maybe, &deny("logs:*", "*")],
            None,
            "missing: p1 denies it".to_owned(),
        ),
        (vec![&none], None, "allowed".to_owned()),
    ] {
        let outcome = say(&identity, boundary, "logs:PutLogEvents", LOG_STREAMS);
        assert_eq!(outcome, wanted, "{identity:?} {boundary:?}");
    }
}

#[test]
fn resource_allowed_in_part_or_by_variable_is_unknown() {
    let group = "arn:aws:logs:us-east-1:111122223333:log-group:/app:log-stream";
    for (resource, wanted) in [
        (format!("{group}:app-*"), part()),
        (
            "arn:aws:logs:*:*:log-group:${aws:PrincipalTag/group}:*".to_owned(),
            part(),
        ),
        (
            "arn:aws:logs:*:*:log-group:/other:*".to_owned(),
            "missing: no policy allows it".to_owned(),
        ),
        (format!("{group}:*"), "allowed".to_owned()),
    ] {
        let outcome = say(
            &[&allow("logs:*", &resource)],
            None,
            "logs:PutLogEvents",
            LOG_STREAMS,
        );
        assert_eq!(outcome, wanted, "{resource}");
    }
}

#[test]
fn deny_on_part_of_the_resource_is_unknown() {
    let deny_part = deny(
        "*",
        "arn:aws:logs:us-east-1:111122223333:log-group:/app:log-stream:x",
    );
    let outcome = say(
        &[&allow("*", "*"), &deny_part],
        None,
        "logs:PutLogEvents",
        LOG_STREAMS,
    );
    assert_eq!(
        outcome,
        "unknown: p1 denies a part of it, or names it with a variable"
    );
}

#[test]
fn a_document_that_cannot_be_read_makes_everything_unknown() {
    for (document, why) in [
        ("no json", "expected"),
        ("{}", "no Statement"),
        (
            r#"{"Statement": [{"Action": "*", "Resource": "*"}]}"#,
            "neither Allow nor Deny",
        ),
        (
            r#"{"Statement": [{"Effect": "Allow", "Action": 1, "Resource": "*"}]}"#,
            "Action holds",
        ),
        (
            r#"{"Statement": [{"Effect": "Allow", "Action": "*"}]}"#,
            "needs Resource or NotResource",
        ),
        (
            r#"{"Statement": [{"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}]}"#,
            "one only",
        ),
    ] {
        let document = NamedDocument {
            name: "odd".to_owned(),
            document: document.to_owned(),
        };
        let policies = RolePolicies {
            identity: vec![document.clone()],
            boundary: None,
        };
        let asked = [Statement::new(
            "Ask",
            ["s3:GetObject"],
            ["arn:aws:s3:::b/k"],
        )];
        let findings = evaluate(&policies, &asked);
        let RightsResult::Unknown(reason) = &findings[0].result else {
            panic!("{findings:?}");
        };
        assert!(
            reason.starts_with("policy odd cannot be read: ") && reason.contains(why),
            "{reason}"
        );
        let bounded = within_boundary(&document, &asked);
        assert!(matches!(&bounded[0].result, RightsResult::Unknown(_)));
    }
}

#[test]
fn every_pair_of_action_and_resource_is_judged() {
    let asked = [
        Statement::new(
            "A",
            ["s3:GetObject", "s3:PutObject"],
            ["arn:aws:s3:::b/1", "arn:aws:s3:::b/2"],
        ),
        Statement::new("B", ["s3:ListBucket"], ["arn:aws:s3:::b"]),
    ];
    let boundary = named("edge", &allow("s3:GetObject", "arn:aws:s3:::b/1"));
    let findings = within_boundary(&boundary, &asked);
    let allowed: Vec<_> = findings
        .iter()
        .map(|finding| finding.result == RightsResult::Allowed)
        .collect();
    assert_eq!(allowed, [true, false, false, false, false]);
}
