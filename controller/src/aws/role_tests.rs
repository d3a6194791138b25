//! Where the role of a target is assumed, and the message when that fails.
#![allow(clippy::unwrap_used)]

use super::wire_tests::{Answer, Wire, clients_of};
use super::*;

const OWN: &str = "eu-central-1";

fn target(external_id: Option<&str>) -> TargetAccess {
    TargetAccess {
        target: "prod".into(),
        account_id: "444455556666".into(),
        // An opt-in region.
        region: "ap-east-1".into(),
        role_arn: Some("arn:aws:iam::444455556666:role/firelens-operator".into()),
        external_id: external_id.map(str::to_owned),
    }
}

fn assumed() -> Answer {
    let body = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>\
                <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                <Expiration>2099-12-31T23:59:59Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    Answer::Body(200, body.to_owned())
}

fn refused(code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    Answer::Body(403, body)
}

async fn error(answer: Answer, external_id: Option<&str>) -> AwsError {
    let wire = Wire::new([answer]);
    let clients = clients_of(&wire, Some(OWN), &target(external_id)).await;
    clients.list_clusters().await.unwrap_err()
}

#[tokio::test]
async fn sts_uses_the_operator_region_and_ecs_the_target_region() {
    let list = Answer::Body(200, r#"{"clusterArns":[]}"#.to_owned());
    let wire = Wire::new([assumed(), list]);
    let clients = clients_of(&wire, Some(OWN), &target(Some("an-external-id"))).await;
    clients.list_clusters().await.unwrap();
    let sent = wire.sent();
    let hosts: Vec<&str> = sent.iter().map(|sent| sent.uri.as_str()).collect();
    assert_eq!(
        hosts,
        [
            "https://sts.eu-central-1.amazonaws.com/",
            "https://ecs.ap-east-1.amazonaws.com/"
        ]
    );
    let signed_for = |index: usize, region: &str| {
        let headers = &sent[index].headers;
        let scope = format!("/{region}/");
        headers
            .iter()
            .any(|(name, value)| name == "authorization" && value.contains(&scope))
    };
    assert!(signed_for(0, OWN) && signed_for(1, "ap-east-1"));
    let body = String::from_utf8_lossy(&sent[0].body).into_owned();
    assert!(body.contains("ExternalId=an-external-id"), "{body}");
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
async fn a_failed_role_assumption_reports_the_cause_and_the_remedy() {
    let not_authorized = "User: arn:aws:sts::111122223333:assumed-role/hub/x is not authorized to perform: \
                          sts:AssumeRole on resource: arn:aws:iam::444455556666:role/firelens-operator";
    for (answer, external_id, kind, words) in [
        (
            refused("AccessDenied", not_authorized),
            Some("an-external-id"),
            AwsErrorKind::Denied,
            vec![
                "its trust policy must allow the role of the operator",
                "require the external ID",
                not_authorized,
            ],
        ),
        (
            refused("AccessDenied", not_authorized),
            None,
            AwsErrorKind::Denied,
            vec![
                "spec.assumeRole.externalId must be set if that policy requires one",
                "sts:AssumeRole",
            ],
        ),
        (
            refused(
                "RegionDisabledException",
                "STS is not activated in this region",
            ),
            None,
            AwsErrorKind::Denied,
            vec![
                "STS is deactivated in eu-central-1",
                "account settings",
                "AWS_REGION",
            ],
        ),
        (
            refused(
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
            None,
            AwsErrorKind::Denied,
            vec!["not valid in eu-central-1", "opt-in region"],
        ),
        (
            Answer::Refused,
            None,
            AwsErrorKind::Unreachable,
            vec!["cannot reach STS in eu-central-1", "VPC endpoint"],
        ),
        (
            Answer::Never,
            None,
            AwsErrorKind::Unreachable,
            vec!["cannot reach STS in eu-central-1"],
        ),
    ] {
        let error = error(answer, external_id).await;
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.is_about_credentials(), "{error}");
        for word in ["arn:aws:iam::444455556666:role/firelens-operator"]
            .into_iter()
            .chain(words)
        {
            assert!(error.message.contains(word), "{word}: {error}");
        }
    }
}

#[tokio::test]
async fn unrecognized_credentials_suggest_that_the_region_is_not_enabled() {
    let unknown = r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#;
    let wire = Wire::new([assumed(), Answer::Body(400, unknown.to_owned())]);
    let clients = clients_of(&wire, Some(OWN), &target(None)).await;
    let error = clients.list_clusters().await.unwrap_err();
    assert_eq!(
        error.message,
        "The security token included in the request is invalid.; if ap-east-1 is an opt-in region, enable it in \
         account 444455556666"
    );
}

/// S3 answers HEAD without a body, so without a message about the missing permission.
#[tokio::test]
async fn a_refusal_without_words_names_the_right() {
    let wire = Wire::new([assumed(), Answer::Body(403, String::new())]);
    let clients = clients_of(&wire, Some(OWN), &target(None)).await;
    let error = clients.head_object("bucket", "key").await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Denied);
    assert_eq!(
        error.message,
        "the role needs s3:GetObject and s3:ListBucket"
    );
}
