//! The requests on the wire, byte for byte, with the real SDK on top of an HTTP client in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::*;
use crate::clock::SystemClock;
use crate::metrics::Metrics;

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Body(u16, String),
    Reset,
    Refused,
    Never,
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    target: String,
    content_length: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) uri: String,
}

/// Answers from a list and records what was sent; the last answer is repeated.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Wire {
    pub(super) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            sent: Arc::default(),
        }
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers();
        let header = |name: &str| headers.get(name).map(str::to_owned);
        self.sent.lock().unwrap().push(Sent {
            target: header("x-amz-target").unwrap_or_default(),
            content_length: header("content-length"),
            headers: headers.iter().map(|(n, v)| (n.into(), v.into())).collect(),
            body: request.body().bytes().unwrap_or_default().to_vec(),
            uri: request.uri().to_owned(),
        });
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            if answers.len() > 1 {
                answers.pop_front().unwrap()
            } else {
                answers.front().cloned().unwrap()
            }
        };
        let io = |kind: std::io::ErrorKind| ConnectorError::io(std::io::Error::from(kind).into());
        match answer {
            Answer::Body(status, body) => HttpConnectorFuture::ready(Ok(HttpResponse::new(
                status.try_into().unwrap(),
                SdkBody::from(body),
            ))),
            Answer::Reset => {
                HttpConnectorFuture::ready(Err(io(std::io::ErrorKind::ConnectionReset)))
            }
            Answer::Refused => {
                HttpConnectorFuture::ready(Err(io(std::io::ErrorKind::ConnectionRefused)))
            }
            Answer::Never => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

fn ok(body: &str) -> Answer {
    Answer::Body(200, body.to_owned())
}

fn refused(code: &str, message: &str) -> Answer {
    let body =
        serde_json::json!({"__type": format!("com.amazonaws.ecs#{code}"), "message": message});
    Answer::Body(400, body.to_string())
}

async fn clients(wire: &Wire) -> AwsClients {
    let access = TargetAccess {
        target: "prod".into(),
        account_id: "111122223333".into(),
        region: "us-east-1".into(),
        role_arn: None,
        external_id: None,
    };
    clients_of(wire, None, &access).await
}

/// Clients of a target for an operator in that region.
pub(super) async fn clients_of(
    wire: &Wire,
    own_region: Option<&str>,
    access: &TargetAccess,
) -> AwsClients {
    let clock = Arc::new(SystemClock::new());
    let metrics = Metrics::unregistered();
    let budgets = Arc::new(Budgets::new(
        100,
        Arc::<SystemClock>::clone(&clock),
        metrics.clone(),
    ));
    let settings = AwsSettings {
        http_client: Some(wire.clone().into_shared()),
        region: own_region.map(str::to_owned),
        timeouts: AwsTimeouts {
            attempt: Duration::from_millis(50),
            write: Duration::from_millis(60),
            ..AwsTimeouts::default()
        },
        ..AwsSettings::default()
    }
    .with_keys("AKIDEXAMPLE", "secret");
    AwsFactory::new(settings, budgets, clock, metrics)
        .clients(access)
        .await
}

use aws_smithy_runtime_api::shared::IntoShared;

const UNUSUAL: &str = "{\n  \"family\" : \"web\", \"brandNewField\": {\"z\": 1.50, \"a\": [\"\\u00fc\"]},\n  \"containerDefinitions\":[{\"name\":\"app\",\"image\":\"x\",\"tomorrow\":true}]\n}";

#[tokio::test]
async fn a_registration_is_sent_unchanged_and_its_response_returned_raw() {
    let answer = r#"{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:us-east-1:111122223333:task-definition/web:8","tomorrow":1.10},"tags":[]}"#;
    let wire = Wire::new([ok(answer)]);
    let body = Bytes::from_static(UNUSUAL.as_bytes());
    let registered = clients(&wire)
        .await
        .register_task_definition(body)
        .await
        .unwrap();
    assert_eq!(registered.raw, answer);
    assert!(registered.arn.ends_with("task-definition/web:8"));
    let sent = wire.sent();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].target.ends_with(".RegisterTaskDefinition"));
    assert_eq!(sent[0].body, UNUSUAL.as_bytes());
    assert_eq!(
        sent[0].content_length.as_deref(),
        Some(UNUSUAL.len().to_string().as_str())
    );
    assert!(
        sent[0]
            .headers
            .iter()
            .any(|(name, _)| name == "authorization")
    );
}

#[tokio::test]
async fn a_description_is_returned_unchanged_and_requested_with_tags() {
    let answer = "{\"taskDefinition\": {\"family\":\"web\",\n \"number\": 1.0e2, \"newField\":{}}, \"tags\":[{\"key\":\"a\",\"value\":\"b\"}]}";
    let wire = Wire::new([ok(answer)]);
    let raw = clients(&wire)
        .await
        .describe_task_definition("web:7")
        .await
        .unwrap();
    assert_eq!(raw, answer);
    let asked: serde_json::Value = serde_json::from_slice(&wire.sent()[0].body).unwrap();
    assert_eq!(
        asked,
        serde_json::json!({"taskDefinition": "web:7", "include": ["TAGS"]})
    );
}

#[tokio::test]
async fn services_keep_fields_that_the_sdk_does_not_know() {
    let wire = Wire::new([ok(
        r#"{"services":[{"serviceName":"a","tomorrow":[1]},{"serviceName":"b"}],"failures":[{"arn":"arn:c","reason":"MISSING"}]}"#,
    )]);
    let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let described = clients(&wire)
        .await
        .describe_services("cluster", &names)
        .await
        .unwrap();
    assert_eq!(
        described.items,
        [
            r#"{"serviceName":"a","tomorrow":[1]}"#,
            r#"{"serviceName":"b"}"#
        ]
    );
    assert!(described.failures[0].is_missing());
}

#[tokio::test]
async fn lists_ask_for_full_pages_and_follow_the_token() {
    let wire = Wire::new([
        ok(r#"{"serviceArns":["a"],"nextToken":"t"}"#),
        ok(r#"{"serviceArns":["b"]}"#),
    ]);
    let arns = clients(&wire).await.list_services("cluster").await.unwrap();
    assert_eq!(arns, ["a", "b"]);
    let asked: Vec<serde_json::Value> = wire
        .sent()
        .iter()
        .map(|sent| serde_json::from_slice(&sent.body).unwrap())
        .collect();
    assert_eq!(asked[0]["maxResults"], 100);
    assert_eq!(asked[1]["nextToken"], "t");
}

#[tokio::test]
async fn an_update_names_the_revision_and_nothing_else() {
    let wire = Wire::new([ok(r#"{"service":{"serviceName":"web","tomorrow":1}}"#)]);
    let service = clients(&wire)
        .await
        .update_service("cluster", "web", "arn:td:8")
        .await
        .unwrap();
    assert_eq!(service, r#"{"serviceName":"web","tomorrow":1}"#);
    let asked: serde_json::Value = serde_json::from_slice(&wire.sent()[0].body).unwrap();
    let expected = serde_json::json!({
        "cluster": "cluster", "service": "web", "taskDefinition": "arn:td:8"
    });
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_write_is_sent_once_and_lost_responses_are_ambiguous() {
    for answer in [Answer::Reset, Answer::Never] {
        let wire = Wire::new([answer]);
        let body = Bytes::from_static(b"{}");
        let error = clients(&wire)
            .await
            .register_task_definition(body)
            .await
            .unwrap_err();
        assert_eq!(error.kind, AwsErrorKind::Ambiguous, "{error}");
        assert!(error.may_have_happened());
        assert_eq!(wire.sent().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_connection_is_not_ambiguous() {
    let wire = Wire::new([Answer::Refused]);
    let error = clients(&wire)
        .await
        .update_service("c", "s", "arn")
        .await
        .unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Unreachable, "{error}");
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_throttled_write_is_not_retried_and_drains_its_bucket() {
    let wire = Wire::new([refused("ThrottlingException", "Rate exceeded")]);
    let clients = clients(&wire).await;
    let body = Bytes::from_static(b"{}");
    let error = clients.register_task_definition(body).await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Throttled);
    assert_eq!(wire.sent().len(), 1);
    let bucket =
        clients
            .caller
            .budgets
            .bucket("111122223333", "us-east-1", Bucket::TaskDefinitionModify);
    assert!(bucket.tokens() < 1.0);
}

#[tokio::test]
async fn a_read_is_repeated_and_every_attempt_is_paid_for() {
    let wire = Wire::new([
        Answer::Body(500, r#"{"__type":"ServerException"}"#.to_owned()),
        ok(r#"{"clusterArns":[]}"#),
    ]);
    let clients = clients(&wire).await;
    clients.list_clusters().await.unwrap();
    assert_eq!(wire.sent().len(), 2);
    let bucket = clients
        .caller
        .budgets
        .bucket("111122223333", "us-east-1", Bucket::ClusterRead);
    // Two of fifty are spent; at 20 per second a slow retry may have restored one.
    assert!(bucket.tokens() <= 50.0);
    let error_then = Wire::new([Answer::Never]);
    let clients = self::clients(&error_then).await;
    let error = clients.list_clusters().await.unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Timeout);
    assert_eq!(error_then.sent().len(), 3);
}

#[tokio::test]
async fn the_race_between_two_registrations_is_a_conflict() {
    let words = "Too many concurrent attempts to create a new revision of the specified family.";
    let wire = Wire::new([refused("ClientException", words)]);
    let body = Bytes::from_static(b"{}");
    let error = clients(&wire)
        .await
        .register_task_definition(body)
        .await
        .unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::Conflict);
    assert!(error.is_transient());
}

#[tokio::test]
async fn an_object_is_put_only_where_there_is_none() {
    let exists = "<Error><Code>PreconditionFailed</Code><Message>m</Message></Error>";
    let wire = Wire::new([ok(""), Answer::Body(412, exists.to_owned())]);
    let clients = clients(&wire).await;
    clients
        .put_object("bucket", "a/b.conf", "text", "abcd")
        .await
        .unwrap();
    clients
        .put_object("bucket", "a/b.conf", "text", "abcd")
        .await
        .unwrap();
    let sent = &wire.sent()[0];
    let has = |name: &str, value: &str| {
        sent.headers
            .iter()
            .any(|(n, v)| n == name && (v == value || value.is_empty()))
    };
    assert!(has("if-none-match", "*"));
    assert!(has("x-amz-meta-firelens-sha256", "abcd"));
    assert!(has("content-type", "text/plain; charset=utf-8"));
    assert_eq!(sent.body, b"text");
    assert!(sent.uri.contains("a/b.conf"), "{}", sent.uri);
}

#[tokio::test]
async fn a_missing_object_is_not_found() {
    let wire = Wire::new([Answer::Body(404, String::new())]);
    let error = clients(&wire)
        .await
        .head_object("bucket", "key")
        .await
        .unwrap_err();
    assert_eq!(error.kind, AwsErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn a_role_policy_that_is_gone_is_removed_already() {
    let gone = "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>m</Message></Error></ErrorResponse>";
    let wire = Wire::new([Answer::Body(404, gone.to_owned())]);
    clients(&wire)
        .await
        .delete_role_policy("role", "policy")
        .await
        .unwrap();
}
