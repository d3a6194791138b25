//! The checks find each fault that they are for: policies with one fault each.

use firelens_controller::aws::{Operation, PERMISSIONS, Permission};
use firelens_tests::iam_reference::Reference;
use serde_json::{Value, json};

use crate::policies::check;
use crate::policies::document::Document;
use crate::policies::{json_policy, named, read};

fn found(statement: &Value) -> Vec<String> {
    let Some(reference) = Reference::load() else {
        return vec!["not checked".to_owned()];
    };
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    check::against_reference(&named("p", &document), &reference)
}

#[test]
fn an_action_that_is_limited_wrongly_or_unknown_is_found() {
    let cluster = "arn:aws:ecs:*:111122223333:cluster/*";
    for (statement, fault) in [
        (
            json!({"Effect": "Allow", "Action": "ecs:ListServices", "Resource": cluster}),
            "p: ecs:ListServices cannot be limited to {\"arn:aws:ecs:*:111122223333:cluster/*\"}",
        ),
        (
            json!({"Effect": "Allow", "Action": "ecs:DescribeServices", "Resource": cluster}),
            "p: ecs:DescribeServices cannot be limited to",
        ),
        (
            json!({"Effect": "Allow", "Action": "ecs:StopServiceDeployment",
                   "Resource": "arn:aws:ecs:*:111122223333:service/*"}),
            "p: ecs:StopServiceDeployment also needs a resource of type service-deployment",
        ),
        (
            json!({"Effect": "Allow", "Action": "logs:GetLogEvents",
                   "Resource": "arn:aws:logs:*:111122223333:log-group:/firelens/router"}),
            "p: logs:GetLogEvents cannot be limited to",
        ),
        (
            json!({"Effect": "Allow", "Action": "ecs:DescribeServices",
                   "Resource": ["arn:aws:ecs:*:111122223333:service/*", "arn:aws:ecs:*:111122223333:gateway/*"]}),
            "p: arn:aws:ecs:*:111122223333:gateway/* is no resource that ecs:DescribeServices could be about",
        ),
        (
            json!({"Effect": "Allow", "Action": "ecs:ListTaskDefinitions", "Resource": "*",
                   "Condition": {"StringEquals": {"ecs:cluster": cluster}}}),
            "p: ecs:ListTaskDefinitions knows no condition key ecs:cluster",
        ),
        (
            json!({"Effect": "Allow", "Action": "s3:HeadObject", "Resource": "*"}),
            "p: s3:HeadObject is no action of AWS",
        ),
        (
            json!({"Effect": "Deny", "Action": "ecs:Invent*", "Resource": "*"}),
            "p: ecs:Invent* is no action of AWS",
        ),
        (
            json!({"Effect": "Allow", "NotAction": ["acount:*"], "Resource": "*"}),
            "p: acount:* is no action of AWS",
        ),
    ] {
        let faults = found(&statement);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0].starts_with(fault) || faults[0] == "not checked",
            "{faults:?}"
        );
    }
    let good = json!({"Effect": "Allow", "Action": "ecs:ListServices", "Resource": "*",
                      "Condition": {"ArnLike": {"ecs:cluster": cluster}}});
    let faults = found(&good);
    assert!(faults.is_empty() || faults == ["not checked"], "{faults:?}");
}

fn policy(name: &str, change: impl FnOnce(&mut Vec<Value>)) -> Document {
    let mut document: Value =
        serde_json::from_str(&read(&format!("deploy/iam/{name}.json"))).unwrap();
    change(document["Statement"].as_array_mut().unwrap());
    Document::of(&document)
}

#[test]
fn an_excess_missing_or_misplaced_permission_is_found() {
    let Some(reference) = Reference::load() else {
        return;
    };
    let read = json_policy("controller-read").document;
    let write = json_policy("controller-write").document;
    let allow = |action: &str, resource: &str| json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let cases: [(Document, Document, &str); 5] = [
        (
            policy("controller-read", |statements| {
                statements.push(allow("ecs:ListAttributes", "*"));
            }),
            write.clone(),
            "no code calls ecs:ListAttributes",
        ),
        (
            policy("controller-read", |statements| {
                statements.retain(|statement| statement["Sid"] != "ReadTasks");
            }),
            write.clone(),
            "nothing grants ecs:DescribeTasks, which DescribeTasks needs",
        ),
        (
            policy("controller-read", |statements| {
                statements.push(allow("s3:PutObject", "*"));
            }),
            write,
            "s3:PutObject stands in the policy for reading",
        ),
        (
            read.clone(),
            policy("controller-write", |statements| {
                let pass = statements
                    .iter_mut()
                    .find(|statement| statement["Sid"] == "PassTheRolesTasksAlreadyHave");
                pass.unwrap().as_object_mut().unwrap().remove("Condition");
            }),
            "iam:PassRole is granted under [], and the table says [\"iam:PassedToService\"]",
        ),
        (
            read,
            policy("controller-write", |statements| {
                statements.push(allow("ecs:UpdateService", "*"));
            }),
            "ecs:UpdateService is granted on {\"*\"}, and the table says {\"service\"}",
        ),
    ];
    for (read, write, fault) in cases {
        assert_eq!(check::against_table(&read, &write, &reference), [fault]);
    }
}

#[test]
fn a_permission_unknown_to_aws_is_found() {
    let Some(reference) = Reference::load() else {
        return;
    };
    let row = |action, resources, condition| Permission {
        action,
        resources,
        condition,
        needed_by: &[Operation::LIST_TASKS],
    };
    let rows = [
        row("ecs:ListService", &[], None),
        row("ecs:ListServices", &["cluster"], None),
        row("ecs:StopServiceDeployment", &["service"], None),
        row("ecs:ListClusters", &[], Some("ecs:cluster")),
    ];
    assert_eq!(
        check::table(&rows, &reference),
        [
            "ecs:ListService is no action of AWS",
            "ecs:ListServices cannot be limited to a cluster",
            "ecs:StopServiceDeployment also needs a resource of type service-deployment",
            "ecs:ListClusters knows no condition key ecs:cluster",
        ]
    );
    assert!(PERMISSIONS.len() > 30);
}

#[test]
fn a_difference_between_two_forms_is_found_in_both_directions() {
    let read = json_policy("controller-read");
    let mut other = read.clone();
    other.name = "other".to_owned();
    assert!(check::differences(&read, &other).is_empty());
    other.document = policy("controller-read", |statements| {
        statements[0]["Resource"] = json!("arn:aws:ecs:*:*:cluster/*");
    });
    let differences = check::differences(&read, &other);
    assert_eq!(differences.len(), 2, "{differences:?}");
    assert!(
        differences[0].starts_with("other lacks")
            && differences[1].starts_with("deploy/iam/controller-read.json lacks")
    );
}
