//! A raw HTTP client for each protocol, and small documents.

use std::time::Duration;

use firelens_tests::fake_aws::FakeAws;
use serde_json::{Value, json};

pub(crate) const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/any/aws4_request, Signature=0";

/// How long a call waits for its answer.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn fake() -> FakeAws {
    FakeAws::start().unwrap()
}

pub(crate) fn agent() -> ureq::Agent {
    agent_within(PATIENCE)
}

fn agent_within(patience: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(patience))
        .build()
        .new_agent()
}

/// Status and body of an ECS call; an error when no answer came.
pub(crate) fn try_ecs(
    fake: &FakeAws,
    operation: &str,
    params: &Value,
) -> Result<(u16, Value), ureq::Error> {
    try_ecs_within(PATIENCE, fake, operation, params)
}

/// [`try_ecs`] that gives up sooner, for answers that never come.
pub(crate) fn try_ecs_within(
    patience: Duration,
    fake: &FakeAws,
    operation: &str,
    params: &Value,
) -> Result<(u16, Value), ureq::Error> {
    let mut response = agent_within(patience)
        .post(fake.endpoint())
        .header(
            "x-amz-target",
            format!("AmazonEC2ContainerServiceV20141113.{operation}"),
        )
        .header("content-type", "application/x-amz-json-1.1")
        .header("authorization", SIGNED)
        .send(params.to_string())?;
    let text = response.body_mut().read_to_string()?;
    Ok((
        response.status().as_u16(),
        serde_json::from_str(&text).unwrap(),
    ))
}

/// The answer of an ECS call that succeeds.
#[expect(
    clippy::needless_pass_by_value,
    reason = "tests write documents in place"
)]
pub(crate) fn ecs(fake: &FakeAws, operation: &str, params: Value) -> Value {
    let (status, body) = try_ecs(fake, operation, &params).unwrap();
    assert_eq!(status, 200, "{operation}: {body}");
    body
}

/// Code and message of an ECS call that is refused.
#[expect(
    clippy::needless_pass_by_value,
    reason = "tests write documents in place"
)]
pub(crate) fn refused(fake: &FakeAws, operation: &str, params: Value) -> (String, String) {
    let (status, body) = try_ecs(fake, operation, &params).unwrap();
    assert!(status >= 400, "{operation} was not refused: {body}");
    (
        body["__type"].as_str().unwrap().to_owned(),
        body["message"].as_str().unwrap().to_owned(),
    )
}

/// Status and body of an IAM or STS call with the given access key.
pub(crate) fn query(fake: &FakeAws, key: &str, form: &[(&str, &str)]) -> (u16, String) {
    let of_sts = |(_, value): &(&str, &str)| ["AssumeRole", "GetCallerIdentity"].contains(value);
    let version = if form.iter().any(of_sts) {
        "2011-06-15"
    } else {
        "2010-05-08"
    };
    let form = form.iter().copied().chain([("Version", version)]);
    let mut response = agent()
        .post(fake.endpoint())
        .header("authorization", SIGNED.replace("AKIATEST", key))
        .send_form(form)
        .unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), text)
}

/// A Fargate document of one container that logs to CloudWatch.
pub(crate) fn web(family: &str) -> Value {
    json!({
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::111122223333:role/exec",
        "containerDefinitions": [{
            "name": "app",
            "image": "app:1",
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/app"}},
        }],
    })
}

/// [`web`] with a router.
pub(crate) fn routed(family: &str) -> Value {
    let mut document = web(family);
    document["containerDefinitions"][0]["logConfiguration"] =
        json!({"logDriver": "awsfirelens", "options": {"Name": "stdout"}});
    document["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(json!({
            "name": "log_router",
            "image": "router:1",
            "firelensConfiguration": {"type": "fluentbit"},
        }));
    document
}

/// A fake with cluster `main` and one settled service `web`.
pub(crate) fn with_service() -> FakeAws {
    let fake = fake();
    fake.add_cluster("main", json!({})).unwrap();
    let arn = fake.register(web("web")).unwrap();
    fake.add_service("main", "web", &arn, json!({"launchType": "FARGATE"}))
        .unwrap();
    fake
}
