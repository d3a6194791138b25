//! Calls against AWS's own models: what does not fit is reported, and fails the test that made the call.
//! Needs the models (`FIRELENS_TEST_AWS_MODELS`), as `make test` provides them.

use firelens_tests::fake_aws::{AwsError, Fault, FaultPlan, When};
use serde_json::{Value, json};

use crate::wire::support::{agent, fake, query, try_ecs, with_service};

/// What is wrong with one request of ECS.
fn wrong(operation: &str, params: &Value) -> Vec<String> {
    let fake = with_service();
    let (status, body) = try_ecs(&fake, operation, params).unwrap();
    let misfits = fake.misfits();
    // Otherwise this test would fail, as any other test with such a call should.
    fake.allow_misfits();
    if !misfits.is_empty() {
        assert_eq!(status, 400, "{body}");
        assert_eq!(body["__type"], "DoesNotFitTheModel", "{body}");
    }
    misfits
}

#[test]
fn invalid_request_members_are_reported_with_their_paths() {
    for (operation, params, expected) in [
        (
            "ListClusters",
            json!({"maxResult": 5}),
            "ListClusters (request): maxResult: ListClustersRequest has no such member",
        ),
        (
            "ListClusters",
            json!({"maxResults": "5"}),
            "ListClusters (request): maxResults: \"5\" is no integer",
        ),
        (
            "UpdateService",
            json!({"cluster": "main", "service": "web", "propagateTags": "SOMETIMES"}),
            "UpdateService (request): propagateTags: \"SOMETIMES\" is none of",
        ),
        (
            "UpdateService",
            json!({"cluster": "main"}),
            "UpdateService (request): service: is required",
        ),
        (
            "TagResource",
            json!({"resourceArn": "arn", "tags": [{"key": "a", "value": "b"}, {"key": "?"}]}),
            "TagResource (request): tags[1].key: \"?\" does not match",
        ),
        (
            "ListCluster",
            json!({}),
            "ListCluster (request): AWS has no operation ListCluster",
        ),
    ] {
        let misfits = wrong(operation, &params);
        assert!(
            matches!(&misfits[..], [misfit] if misfit.starts_with(expected)),
            "{operation} {params}: {misfits:?}"
        );
    }
    let good = json!({"cluster": "main", "services": ["web"], "include": ["TAGS"]});
    assert_eq!(wrong("DescribeServices", &good), Vec::<String>::new());
}

#[test]
fn forms_of_iam_and_headers_of_s3_are_checked_too() {
    let fake = fake();
    fake.add_role("app", "/");
    fake.add_bucket("configs");
    let form = [("Action", "GetRole"), ("RoleName", "a b"), ("Role", "app")];
    let (status, body) = query(&fake, "AKIATEST", &form);
    assert_eq!(status, 400);
    assert!(body.contains("<Code>DoesNotFitTheModel</Code>"), "{body}");
    agent()
        .get(format!("{}/configs/key", fake.endpoint()))
        .header("authorization", crate::wire::support::SIGNED)
        .header("x-amz-unheard", "of")
        .call()
        .unwrap();
    let misfits = fake.misfits();
    fake.allow_misfits();
    for expected in [
        "GetRole (request): Role: GetRoleRequest has no such member",
        "GetRole (request): RoleName: \"a b\" does not match",
        "GetObject (request): x-amz-unheard: GetObjectRequest has no such member",
    ] {
        assert!(
            misfits.iter().any(|misfit| misfit.starts_with(expected)),
            "{expected}: {misfits:#?}"
        );
    }
}

#[test]
#[should_panic(expected = "not as AWS's models have them")]
fn an_invalid_aws_request_fails_the_test_at_its_end() {
    let fake = fake();
    try_ecs(&fake, "ListClusters", &json!({"maxResult": 5})).unwrap();
}

#[test]
fn an_error_that_the_operation_does_not_define_is_reported() {
    let fake = fake();
    let invented = AwsError::new(400, "TooManyTuesdaysException", "Not today.");
    let when = When::operation("ListClusters");
    fake.inject(FaultPlan::new(when, Fault::Error(invented)));
    try_ecs(&fake, "ListClusters", &json!({})).unwrap();
    let misfits = fake.misfits();
    fake.allow_misfits();
    assert_eq!(
        misfits,
        ["ListClusters (answer): the operation has no error \"TooManyTuesdaysException\""]
    );
}

#[test]
fn unknown_members_appear_only_in_answers_and_stay_stable() {
    let fake = with_service();
    fake.invite_strangers(Some(4));
    let ask = |operation: &str, params: Value| try_ecs(&fake, operation, &params).unwrap().1;
    let mut seen = 0;
    for _ in 0..20 {
        let asked = json!({"cluster": "main", "services": ["web"]});
        let answer = ask("DescribeServices", asked).to_string();
        seen += answer.matches("unheardOf").count();
    }
    assert!(seen > 10, "{seen}");
    let document = || ask("DescribeTaskDefinition", json!({"taskDefinition": "web:1"}));
    let (first, second) = (document(), document());
    assert_eq!(first["taskDefinition"], second["taskDefinition"]);
    let options =
        &first["taskDefinition"]["containerDefinitions"][0]["logConfiguration"]["options"];
    assert_eq!(options, &json!({"awslogs-group": "/app"}));
}
