//! What the adapter reads to evaluate a rollout, through the SDK, against the fake.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use firelens_aws::observe::{ImageQuestion, LogDelivery, ServiceDeploymentView, TaskView};
use firelens_controller::aws::{
    AwsClients, AwsErrorKind, AwsFactory, Budgets, IncomingRecords, TargetAccess,
};
use firelens_controller::metrics::Metrics;
use firelens_controller::prometheus::Prometheus;
use firelens_tests::fake_aws::{ACCOUNT, DeploymentEnd, FakeAws, Fault, FaultPlan, REGION, When};
use firelens_tests::harness::scene::{fargate, run};
use firelens_tests::harness::{DrivenClock, aws_settings};
use jiff::SignedDuration;
use serde_json::json;

async fn clients(fake: &FakeAws) -> AwsClients {
    let clock = Arc::new(DrivenClock::new(fake));
    let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
    let budgets = Budgets::new(100, Arc::<DrivenClock>::clone(&clock), metrics.clone());
    let factory = AwsFactory::new(aws_settings(fake), Arc::new(budgets), clock, metrics);
    let access = TargetAccess {
        target: "test".to_owned(),
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        role_arn: None,
        external_id: None,
    };
    factory.clients(&access).await
}

fn scene() -> FakeAws {
    let fake = FakeAws::start().unwrap();
    fake.add_cluster("main", json!({})).unwrap();
    run(&fake, "main", &fargate("web"));
    fake
}

#[tokio::test]
async fn tasks_that_run_and_tasks_that_stopped_are_told_apart() {
    let fake = scene();
    let revision = fake.revisions("web")[0].0.clone();
    let exited = json!({"stopCode": "EssentialContainerExited",
        "containers": [{"name": "app", "exitCode": 137}]});
    let stopped_at = fake.now();
    let id = fake.stop_task("main", "web", &revision, &exited);
    let clients = clients(&fake).await;
    let running = clients.tasks("main", "web", false).await.unwrap();
    let stopped = clients.tasks("main", "web", true).await.unwrap();
    assert_eq!((running.items.len(), stopped.items.len()), (2, 1));
    let running = TaskView::parse(&running.items[0]).unwrap();
    assert_eq!(running.task_definition, revision);
    assert_eq!(running.last_status, "RUNNING");
    let stopped = TaskView::parse(&stopped.items[0]).unwrap();
    assert_eq!(stopped.id(), id);
    assert_eq!(stopped.stopped_at, Some(stopped_at));
    assert_eq!(stopped.container("app").unwrap().exit_code, Some(137));
}

#[tokio::test]
async fn only_service_deployments_of_the_time_asked_for_come_back() {
    let fake = scene();
    let clients = clients(&fake).await;
    fake.advance(Duration::from_secs(3600));
    let after = fake.now() - SignedDuration::from_secs(60);
    let none = clients.service_deployments("main", "web", after).await;
    assert!(none.unwrap().items.is_empty());
    fake.script_deployments("main", "web", &[DeploymentEnd::RollsBack]);
    let revision = fake.register(fargate("web")).unwrap();
    let update = json!({"cluster": "main", "service": "web", "taskDefinition": revision});
    fake.ecs("UpdateService", update).unwrap();
    fake.advance(Duration::from_secs(61));
    let deployments = clients.service_deployments("main", "web", after).await;
    let deployments = deployments.unwrap().items;
    assert_eq!(deployments.len(), 1);
    let view = ServiceDeploymentView::parse(&deployments[0]).unwrap();
    assert_eq!(view.status, "ROLLBACK_IN_PROGRESS");
    assert!(view.status_reason.contains("circuit breaker"));
    assert!(view.created_at.unwrap() > after);
}

#[tokio::test]
async fn alarms_that_exist_are_answered_with_their_state() {
    let fake = FakeAws::start().unwrap();
    fake.set_alarm("rings", "ALARM");
    fake.set_alarm("quiet", "OK");
    fake.set_alarm_of_kind("CompositeAlarm", "of-alarms", "OK");
    fake.set_alarm_of_kind("LogAlarm", "of-logs", "ALARM");
    let clients = clients(&fake).await;
    let names = ["quiet", "rings", "of-alarms", "of-logs", "missing"].map(str::to_owned);
    let alarms = clients.alarms(&names).await.unwrap();
    assert_eq!(alarms.len(), 4);
    assert_eq!(alarms["of-alarms"].state, "OK");
    assert_eq!(alarms["of-logs"].state, "ALARM");
    assert_eq!(alarms["rings"].state, "ALARM");
    assert_eq!(alarms["quiet"].state, "OK");
}

#[tokio::test]
async fn a_denied_read_of_each_service_is_a_denial() {
    let fake = scene();
    let clients = clients(&fake).await;
    let now = fake.now();
    let tag = ImageQuestion::of("111122223333.dkr.ecr.us-east-1.amazonaws.com/app:1").unwrap();
    for operation in [
        "ListTasks",
        "ListServiceDeployments",
        "DescribeAlarms",
        "GetMetricData",
        "DescribeLogStreams",
        "GetLogEvents",
        "BatchGetImage",
    ] {
        fake.clear_faults();
        let when = When::operation(operation).always();
        fake.inject(FaultPlan::new(when, Fault::Denied));
        let kind = IncomingRecords::Firehose;
        let error = match operation {
            "ListTasks" => clients.tasks("main", "web", true).await.err(),
            "ListServiceDeployments" => {
                let result = clients.service_deployments("main", "web", now).await;
                result.err()
            }
            "DescribeAlarms" => clients.alarms(&["a".to_owned()]).await.err(),
            "GetMetricData" => clients.incoming_records(REGION, kind, "s", now).await.err(),
            "DescribeLogStreams" => clients.log_streams(REGION, "g", "p").await.err(),
            "BatchGetImage" => clients.image(&tag).await.err(),
            _ => clients.log_tail(REGION, "g", "s").await.err(),
        };
        let error = error.unwrap();
        assert_eq!(error.kind, AwsErrorKind::Denied, "{operation}: {error}");
    }
}

#[tokio::test]
async fn a_log_group_in_another_region_is_asked_there() {
    let fake = FakeAws::start().unwrap();
    fake.set_arriving(false);
    let clients = clients(&fake).await;
    let elsewhere = fake.at(ACCOUNT, "eu-west-1");
    elsewhere.write_log("/app", "x-web-firelens-1", &["a", "b", "c", "d"]);
    let at = fake.now();
    let delivery = clients.log_streams("eu-west-1", "/app", "x-web").await;
    assert_eq!(delivery.unwrap(), LogDelivery::Newest(at));
    let nothing = clients.log_streams(REGION, "/app", "x-web").await;
    assert_eq!(nothing.unwrap(), LogDelivery::Nothing);
    let tail = clients.log_tail("eu-west-1", "/app", "x-web-firelens-1");
    assert_eq!(tail.await.unwrap(), ["b", "c", "d"]);
    let missing = clients.log_tail(REGION, "/app", "x").await.unwrap_err();
    assert_eq!(missing.kind, AwsErrorKind::NotFound);
}

#[tokio::test]
async fn records_that_came_in_are_seen_with_their_time() {
    let fake = FakeAws::start().unwrap();
    let clients = clients(&fake).await;
    let since = fake.now();
    fake.advance(Duration::from_secs(130));
    let kind = IncomingRecords::Kinesis;
    let delivery = clients.incoming_records(REGION, kind, "s", since).await;
    let minute = since + SignedDuration::from_secs(120);
    assert_eq!(delivery.unwrap(), LogDelivery::Newest(minute));
    fake.set_arriving(false);
    let delivery = clients.incoming_records(REGION, kind, "s", since).await;
    assert_eq!(delivery.unwrap(), LogDelivery::Nothing);
    let calls = fake.calls();
    let sent = &calls[0].params["MetricDataQueries"][0]["MetricStat"]["Metric"];
    assert_eq!(sent["Namespace"], "AWS/Kinesis");
    assert_eq!(sent["Dimensions"][0]["Name"], "StreamName");
}

#[tokio::test]
async fn the_newest_object_under_a_prefix_counts() {
    let fake = FakeAws::start().unwrap();
    fake.add_bucket("logs");
    let since = fake.now();
    let clients = clients(&fake).await;
    let look = || clients.newest_object(REGION, "logs", "a/", since);
    assert_eq!(look().await.unwrap(), LogDelivery::Nothing);
    fake.set_object("logs", "a/1", Some("x"));
    fake.advance(Duration::from_secs(60));
    fake.set_object("logs", "a/0", Some("x"));
    fake.set_object("logs", "b/0", Some("x"));
    let newest = SignedDuration::from_secs(60);
    let delivery = look().await.unwrap();
    assert!(
        matches!(delivery, LogDelivery::Newest(at) if at >= since + newest && at <= fake.now()),
        "{delivery:?}"
    );
}

#[tokio::test]
async fn more_old_objects_than_one_page_lists_leave_it_open() {
    let fake = FakeAws::start().unwrap();
    fake.add_bucket("logs");
    for number in 0..1001 {
        fake.set_object("logs", &format!("a/{number:04}"), Some(""));
    }
    fake.advance(Duration::from_secs(60));
    let clients = clients(&fake).await;
    let objects = clients
        .newest_object(REGION, "logs", "a/", fake.now())
        .await;
    assert_eq!(objects.unwrap_err().code, "TooManyObjects");
}

#[tokio::test]
async fn a_prometheus_query_returns_its_samples_or_the_server_error() {
    let fake = FakeAws::start().unwrap();
    let query = "sum(rate(errors{job=\"a b\"}[5m])) > 0";
    fake.set_samples(query, &["0.25", "NaN"]);
    let server = Prometheus::new(fake.endpoint()).unwrap();
    let samples = server.samples(query).await.unwrap();
    assert_eq!(samples.len(), 2);
    assert!((samples[0] - 0.25).abs() < f64::EPSILON && samples[1].is_nan());
    let error = server.samples("other").await.unwrap_err();
    assert_eq!(error.to_string(), "Prometheus returned 400: unknown query");
}
