//! The controller's AWS adapter, through the SDK, against the fake.
//! Decisions are covered by the tests of whole passes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use bytes::Bytes;
use firelens_controller::aws::{AwsClients, AwsErrorKind, AwsFactory, Budgets, TargetAccess};
use firelens_controller::metrics::Metrics;
use firelens_tests::fake_aws::{ACCOUNT, FakeAws, Fault, FaultPlan, REGION, When};
use firelens_tests::harness::{DrivenClock, aws_settings};
use prometheus::Registry;
use serde_json::{Value, json};

async fn clients(fake: &FakeAws, role_arn: Option<&str>) -> AwsClients {
    let clock = Arc::new(DrivenClock::new(fake));
    let metrics = Metrics::new(&Registry::new()).unwrap();
    let budgets = Budgets::new(100, Arc::<DrivenClock>::clone(&clock), metrics.clone());
    let factory = AwsFactory::new(aws_settings(fake), Arc::new(budgets), clock, metrics);
    let access = TargetAccess {
        target: "test".to_owned(),
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        role_arn: role_arn.map(str::to_owned),
        external_id: Some("id".to_owned()),
    };
    factory.clients(&access).await
}

fn document() -> Value {
    json!({
        "family": "web",
        "unheardOfTomorrow": {"deep": true},
        "containerDefinitions": [{"name": "app", "image": "app:1", "memory": 64}],
        "tags": [{"key": "team", "value": "a"}],
    })
}

#[tokio::test]
async fn fleets_are_listed_and_described_in_full() {
    let fake = FakeAws::start().unwrap();
    let arn = fake.register(document()).unwrap();
    fake.add_cluster("main", json!({})).unwrap();
    for i in 0..12 {
        let tags = json!({"tags": [{"key": "n", "value": i.to_string()}]});
        fake.add_service("main", &format!("s{i:02}"), &arn, tags)
            .unwrap();
    }
    let clients = clients(&fake, None).await;
    let clusters = clients.list_clusters().await.unwrap();
    assert_eq!(clusters.len(), 1);
    let described = clients.describe_clusters(&clusters).await.unwrap();
    assert!(described.items[0].contains("\"main\""));
    let services = clients.list_services(&clusters[0]).await.unwrap();
    assert_eq!(services.len(), 12);
    let some = clients
        .describe_services(&clusters[0], &services[..10])
        .await
        .unwrap();
    assert_eq!(some.items.len(), 10);
    assert!(some.items[3].contains(r#"{"key":"n","value":"3"}"#));
    assert_eq!(fake.count("ListServices"), 1);
}

#[tokio::test]
async fn a_revision_goes_in_and_comes_out_with_every_member() {
    let fake = FakeAws::start().unwrap();
    let clients = clients(&fake, None).await;
    let body = document().to_string();
    let registered = clients
        .register_task_definition(Bytes::from(body.clone()))
        .await
        .unwrap();
    assert_eq!(fake.calls()[0].body, body, "byte for byte");
    let raw = clients
        .describe_task_definition(&registered.arn)
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&raw).unwrap();
    assert_eq!(answer["taskDefinition"]["unheardOfTomorrow"]["deep"], true);
    assert_eq!(answer["tags"][0]["value"], "a");
    let newest = clients.newest_revisions("web", 5).await.unwrap();
    assert_eq!(newest, [registered.arn]);
}

#[tokio::test]
async fn a_service_is_updated_and_errors_are_sorted() {
    let fake = FakeAws::start().unwrap();
    fake.add_cluster("main", json!({})).unwrap();
    let first = fake.register(document()).unwrap();
    let second = fake.register(document()).unwrap();
    fake.add_service("main", "web", &first, json!({})).unwrap();
    let clients = clients(&fake, None).await;
    let shown = clients
        .update_service("main", "web", &second)
        .await
        .unwrap();
    assert!(shown.contains("IN_PROGRESS"));
    let missing = clients.update_service("main", "none", &second).await;
    assert_eq!(missing.unwrap_err().code, "ServiceNotFoundException");
    fake.inject(FaultPlan::new(When::write(), Fault::LostAnswer));
    let lost = clients
        .register_task_definition(Bytes::from(document().to_string()))
        .await
        .unwrap_err();
    assert!(lost.may_have_happened(), "{lost}");
    assert_eq!(fake.revisions("web").len(), 3, "sent once, executed once");
}

#[tokio::test]
async fn role_policies_and_objects_are_written_read_and_removed() {
    let fake = FakeAws::start().unwrap();
    fake.add_role("task", "/team/");
    fake.add_bucket("configs");
    let clients = clients(&fake, None).await;
    let role = clients.get_role("task").await.unwrap();
    assert_eq!(role.arn, format!("arn:aws:iam::{ACCOUNT}:role/team/task"));
    let document = r#"{"Version": "2012-10-17", "Statement": []}"#;
    clients
        .put_role_policy("task", "ours", document)
        .await
        .unwrap();
    let read = clients.get_role_policy("task", "ours").await.unwrap();
    assert_eq!(read, document);
    assert_eq!(clients.list_role_policies("task").await.unwrap(), ["ours"]);
    clients.delete_role_policy("task", "ours").await.unwrap();
    let gone = clients.get_role_policy("task", "ours").await.unwrap_err();
    assert_eq!(gone.kind, AwsErrorKind::NotFound);

    let key = "firelens/a b.conf";
    clients
        .put_object("configs", key, "text\n", "abc")
        .await
        .unwrap();
    assert_eq!(fake.objects("configs")[key], "text\n");
    clients
        .put_object("configs", key, "other", "abc")
        .await
        .unwrap();
    assert_eq!(fake.objects("configs")[key], "text\n", "never overwritten");
    let digest = clients.head_object("configs", key).await.unwrap();
    assert_eq!(digest.as_deref(), Some("abc"));
    clients.delete_object("configs", key).await.unwrap();
    let gone = clients.head_object("configs", key).await.unwrap_err();
    assert_eq!(gone.kind, AwsErrorKind::NotFound);
}

#[tokio::test]
async fn a_target_with_a_role_is_entered_through_it() {
    let fake = FakeAws::start().unwrap();
    let role = "arn:aws:iam::444455556666:role/operator";
    fake.trust(role, Some("id"));
    fake.at("444455556666", REGION)
        .add_cluster("theirs", json!({}))
        .unwrap();
    let clients = clients(&fake, Some(role)).await;
    let clusters = clients.list_clusters().await.unwrap();
    assert!(clusters[0].ends_with("444455556666:cluster/theirs"));
    let session = fake.calls()[1].role_session.clone().unwrap();
    assert_eq!(session.role_arn, role);
    assert_eq!(fake.count("AssumeRole"), 1);
}
