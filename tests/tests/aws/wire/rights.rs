//! Rights: a call is evaluated by the policies of its account, and refused with the message of its service.

use firelens_aws::iam::NamedDocument;
use firelens_tests::fake_aws::FakeAws;
use serde_json::{Value, json};

use crate::wire::s3::send;
use crate::wire::support::{ecs, fake, query, refused, web};

const CALLER: &str = "User: arn:aws:sts::111122223333:assumed-role/firelens-operator/fake is not authorized to perform:";

fn only(fake: &FakeAws, statements: &Value) {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    fake.allow_only(vec![NamedDocument {
        name: "p".to_owned(),
        document,
    }]);
}

#[test]
fn a_call_without_permission_gets_its_services_access_denied_message() {
    let fake = fake();
    fake.add_role("task", "/ecs/");
    fake.add_bucket("b");
    only(&fake, &json!([]));
    assert_eq!(
        refused(
            &fake,
            "DescribeServices",
            json!({"cluster": "main", "services": ["web"]})
        ),
        (
            "AccessDeniedException".to_owned(),
            format!(
                "{CALLER} ecs:DescribeServices on resource: arn:aws:ecs:us-east-1:111122223333:service/main/web \
                 because no identity-based policy allows the ecs:DescribeServices action"
            )
        )
    );
    let (status, body) = query(
        &fake,
        "AKIATEST",
        &[("Action", "GetRole"), ("RoleName", "task")],
    );
    assert_eq!(status, 403);
    for part in [
        "<Code>AccessDenied</Code>",
        "iam:GetRole on resource: role task because",
    ] {
        assert!(body.contains(part), "{body}");
    }
    let put = send(&fake, "PUT", "/b/k", &[], "text");
    assert_eq!(put.status, 403);
    assert!(
        put.body
            .contains("s3:PutObject on resource: &quot;arn:aws:s3:::b/k&quot;"),
        "{}",
        put.body
    );
    let head = send(&fake, "HEAD", "/b/k", &[], "");
    assert_eq!((head.status, head.body.as_str()), (403, ""));
}

#[test]
fn a_missing_object_is_forbidden_without_permission_to_list() {
    let fake = fake();
    fake.add_bucket("b");
    let read = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    only(&fake, &json!([read]));
    assert_eq!(send(&fake, "HEAD", "/b/none", &[], "").status, 403);
    let list = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b",
                      "Condition": {"StringEquals": {"s3:ResourceAccount": "111122223333"}}});
    only(&fake, &json!([read, list]));
    assert_eq!(send(&fake, "HEAD", "/b/none", &[], "").status, 404);
    let others = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b",
                        "Condition": {"StringEquals": {"s3:ResourceAccount": "444455556666"}}});
    only(&fake, &json!([read, others]));
    assert_eq!(send(&fake, "HEAD", "/b/none", &[], "").status, 403);
}

#[test]
fn registering_also_needs_to_tag_and_to_pass_each_role() {
    let fake = fake();
    let any = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    let pass = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
                      "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}});
    let mut document = web("web");
    document["tags"] = json!([{"key": "team", "value": "a"}]);
    let (register, tag) = (any("ecs:RegisterTaskDefinition"), any("ecs:TagResource"));
    for (statements, lacking) in [
        (json!([tag, pass]), "ecs:RegisterTaskDefinition"),
        (json!([register, pass]), "ecs:TagResource"),
        (json!([register, tag]), "iam:PassRole"),
    ] {
        only(&fake, &statements);
        let (_, message) = refused(&fake, "RegisterTaskDefinition", document.clone());
        assert!(
            message.contains(&format!("perform: {lacking} on resource")),
            "{message}"
        );
    }
    only(&fake, &json!([register, tag, pass]));
    let _ = ecs(&fake, "RegisterTaskDefinition", document);
    let deny = json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*"});
    only(&fake, &json!([register, tag, pass, deny]));
    let (_, message) = refused(&fake, "RegisterTaskDefinition", web("web"));
    assert!(
        message.contains("with an explicit deny in an identity-based policy"),
        "{message}"
    );
}

#[test]
fn a_call_whose_rights_are_not_known_is_refused() {
    let fake = fake();
    only(
        &fake,
        &json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]),
    );
    let (code, message) = refused(&fake, "CreateCluster", json!({"clusterName": "c"}));
    assert_eq!(code, "UnknownOperationException", "{message}");
}
