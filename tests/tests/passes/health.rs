//! Whole passes: why a deployment failed, and whether logs arrive, as users see it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::fake_aws::{DeploymentEnd, Fault, FaultPlan, When};
use firelens_tests::harness::scene::{inline_policy, small_fleet};
use firelens_tests::harness::{Harness, Passed};
use serde_json::json;

/// Passes until the service runs another revision than `before`; returns that revision.
async fn until_deployed(harness: &mut Harness, service: &str, before: &str) -> String {
    for _ in 0..20 {
        let Passed::Ended(outcome) = harness.pass().await else {
            panic!("no crash was asked for")
        };
        let live = harness.fake.service("main", service).unwrap();
        let revision = live["taskDefinition"].as_str().unwrap().to_owned();
        if revision != before {
            return revision;
        }
        harness.fake.advance(outcome.requeue_after);
    }
    panic!("never deployed")
}

fn revision_of(harness: &Harness, service: &str) -> String {
    let live = harness.fake.service("main", service).unwrap();
    live["taskDefinition"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_failed_deployment_reports_router_exit_code_and_log_lines() {
    let mut harness = small_fleet().await;
    let before = revision_of(&harness, "web");
    harness
        .fake
        .script_deployments("main", "web", &[DeploymentEnd::RollsBack]);
    let mut policy = inline_policy();
    policy["spec"]["router"] =
        json!({"logs": {"group": "/firelens/router", "region": "us-east-1", "streamPrefix": "fl"}});
    policy["spec"]["selector"] = json!({"services": ["web"]});
    harness.apply(policy).await;
    let ours = until_deployed(&mut harness, "web", &before).await;
    let exited = json!({
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "app", "exitCode": 143}, {"name": "log_router", "exitCode": 255}],
    });
    let task = harness.fake.stop_task("main", "web", &ours, &exited);
    harness.fake.write_log(
        "/firelens/router",
        &format!("fl/log_router/{task}"),
        &[
            "Fluent Bit v4.2.2",
            "[error] unknown property 'delivery'",
            "[error] token=abc123 stopping",
        ],
    );
    harness.settle(60).await;
    let injected = harness.condition("main", "web", "Injected").await.unwrap();
    assert_eq!(injected["reason"], "RolledBack");
    let message = injected["message"].as_str().unwrap();
    for part in [
        "circuit breaker",
        "the router log_router stopped with exit code 255 (for example because it cannot read its configuration)",
        "the router's log ends with: Fluent Bit v4.2.2 | [error] unknown property 'delivery' | [error] token=*** stopping",
    ] {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    assert_eq!(harness.fake.count("GetLogEvents"), 1, "read once");
    assert_eq!(harness.fake.count("ListServiceDeployments"), 1, "read once");
}

#[tokio::test]
async fn a_failure_stands_when_nothing_of_it_may_be_read() {
    let mut harness = small_fleet().await;
    harness
        .fake
        .script_deployments("main", "web", &[DeploymentEnd::RollsBack]);
    for operation in ["ListTasks", "ListServiceDeployments"] {
        let when = When::operation(operation).always();
        harness.fake.inject(FaultPlan::new(when, Fault::Denied));
    }
    let mut policy = inline_policy();
    policy["spec"]["selector"] = json!({"services": ["web"]});
    harness.apply(policy).await;
    harness.settle(60).await;
    let injected = harness.condition("main", "web", "Injected").await.unwrap();
    assert_eq!(injected["reason"], "RolledBack");
    let message = injected["message"].as_str().unwrap();
    assert!(
        message.contains("could not be read: the service deployments (ecs:ListServiceDeployments")
            && message.contains("the stopped tasks (ecs:ListTasks"),
        "{message}"
    );
}

#[tokio::test]
async fn arriving_logs_are_reported_as_flowing_and_rechecked_hourly() {
    let mut harness = small_fleet().await;
    harness.apply(inline_policy()).await;
    harness.settle(60).await;
    for service in ["web", "jobs"] {
        let logs = harness
            .condition("main", service, "LogsFlowing")
            .await
            .unwrap();
        assert_eq!(logs["status"], "True", "{logs}");
        assert_eq!(logs["reason"], "LogsArrive");
        assert_eq!(
            logs["message"],
            "output logs: records arrive in log group /firelens/all"
        );
    }
    harness.fake.clear_calls();
    for _ in 0..6 {
        harness.fake.advance(Duration::from_secs(300));
        harness.pass().await;
    }
    assert_eq!(harness.fake.count("DescribeLogStreams"), 0);
    for _ in 0..8 {
        harness.fake.advance(Duration::from_secs(300));
        harness.pass().await;
    }
    let looks = harness.fake.count("DescribeLogStreams");
    assert!((2..=8).contains(&looks), "{looks} looks at two services");
}

#[tokio::test]
async fn absent_logs_are_reported_missing_after_fifteen_minutes() {
    let mut harness = small_fleet().await;
    harness.fake.set_arriving(false);
    harness.apply(inline_policy()).await;
    harness.settle(60).await;
    let logs = harness
        .condition("main", "web", "LogsFlowing")
        .await
        .unwrap();
    assert_eq!(
        (&logs["status"], &logs["reason"]),
        (&json!("Unknown"), &json!("WaitingForLogs"))
    );
    for _ in 0..4 {
        harness.fake.advance(Duration::from_secs(300));
        harness.pass().await;
    }
    let logs = harness
        .condition("main", "web", "LogsFlowing")
        .await
        .unwrap();
    assert_eq!(
        (&logs["status"], &logs["reason"]),
        (&json!("False"), &json!("NoLogsSeen"))
    );
    // What runs is not called broken for it.
    let ready = harness.condition("main", "web", "Ready").await.unwrap();
    assert_eq!(ready["status"], "True");
}

#[tokio::test]
async fn an_unreadable_destination_is_unknown_and_never_reported_as_silent() {
    let mut harness = small_fleet().await;
    let when = When::operation("DescribeLogStreams").always();
    harness.fake.inject(FaultPlan::new(when, Fault::Denied));
    harness.apply(inline_policy()).await;
    harness.settle(60).await;
    for _ in 0..5 {
        harness.fake.advance(Duration::from_secs(300));
        harness.pass().await;
    }
    let logs = harness
        .condition("main", "web", "LogsFlowing")
        .await
        .unwrap();
    assert_eq!(
        (&logs["status"], &logs["reason"]),
        (&json!("Unknown"), &json!("LogsNotReadable"))
    );
    assert!(
        logs["message"]
            .as_str()
            .unwrap()
            .contains("AccessDeniedException")
    );
}
