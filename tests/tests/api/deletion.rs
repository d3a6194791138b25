//! What keeps an object that is deleted, and what lets it be removed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_tests::http::{Api, GROUP, destination, policy, target};
use firelens_types::v1alpha1::Kind;
use serde_json::json;

fn path(plural: &str, name: &str) -> String {
    format!("{GROUP}/{plural}/{name}")
}

#[tokio::test]
async fn a_policy_stays_until_its_finalizer_is_gone() {
    let api = Api::start().await;
    let stored = api.created("loggingpolicies", &policy("pay")).await;
    let path = path("loggingpolicies", "pay");
    let kept = api
        .merge(&path, &json!({"metadata": {"finalizers": null}}))
        .await
        .expect(200);
    assert_eq!(
        kept["metadata"]["finalizers"],
        json!(["firelens.dev/restore"]),
        "while it lives"
    );
    let marked = api.delete(&path).await.expect(200);
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    let mut file = policy("pay");
    file["metadata"]["resourceVersion"] = marked["metadata"]["resourceVersion"].clone();
    let replaced = api.put(&path, &file).await.expect(200);
    assert_eq!(
        replaced["metadata"]["finalizers"],
        json!(["firelens.dev/restore"]),
        "not mentioned, so kept"
    );
    let gone = api
        .merge(&path, &json!({"metadata": {"finalizers": []}}))
        .await
        .expect(200);
    assert_eq!(gone["metadata"]["uid"], stored["metadata"]["uid"]);
    let status = api.get(&path).await.expect(404);
    assert_eq!(status["reason"], "NotFound");
    assert_eq!(
        status["message"],
        "loggingpolicies.firelens.dev \"pay\" not found"
    );
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted() {
    let api = Api::start().await;
    api.created("logdestinations", &destination("logs")).await;
    api.created("loggingpolicies", &policy("pay")).await;
    let path_of_logs = path("logdestinations", "logs");
    let status = api.delete(&path_of_logs).await.expect(409);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("is used by LoggingPolicy pay"),
        "{status}"
    );
    let status = api
        .delete(&format!("{GROUP}/logdestinations"))
        .await
        .expect(409);
    assert_eq!(status["details"]["name"], "logs");
    let _ = api
        .delete(&path("loggingpolicies", "pay"))
        .await
        .expect(200);
    let done = api.delete(&path_of_logs).await.expect(200);
    assert_eq!(
        (&done["kind"], &done["status"]),
        (&json!("Status"), &json!("Success"))
    );
    assert_eq!(done["details"]["name"], "logs");
}

#[tokio::test]
async fn deletion_of_a_target_with_injected_services_is_refused() {
    let api = Api::start().await;
    api.created("awstargets", &target("prod")).await;
    let workload = json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "Workload", "metadata": {"name": "prod.main.pay"},
        "spec": {"target": "prod", "cluster": "main", "service": "pay"},
    });
    let mut stored = api.store.create(Kind::Workload, workload).await.unwrap();
    stored["status"] =
        json!({"managedRevision": "arn:aws:ecs:us-east-1:111122223333:task-definition/pay:2"});
    api.store
        .update(
            Kind::Workload,
            "prod.main.pay",
            firelens_store::Update::status(stored),
        )
        .await
        .unwrap();
    let path = path("awstargets", "prod");
    let status = api.delete(&path).await.expect(409);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("prod.main.pay"),
        "{status}"
    );
    let dry_run = format!("{path}?dryRun=All");
    for (annotation, value) in [
        ("firelens.dev/abandon-workloads", "true"),
        ("firelens.dev/deletion-policy", "Retain"),
    ] {
        let set = json!({"metadata": {"annotations": {annotation: value}}});
        let _ = api.merge(&path, &set).await.expect(200);
        let _ = api.delete(&dry_run).await.expect(200);
        let unset = json!({"metadata": {"annotations": {annotation: null}}});
        let _ = api.merge(&path, &unset).await.expect(200);
        let _ = api.delete(&dry_run).await.expect(409);
    }
    let retain = json!({"metadata": {"annotations": {"firelens.dev/deletion-policy": "Retain"}}});
    let _ = api.merge(&path, &retain).await.expect(200);
    let _ = api.delete(&path).await.expect(200);
}

#[tokio::test]
async fn deletion_honours_preconditions_and_selectors() {
    let api = Api::start().await;
    for name in ["a", "b", "c"] {
        let mut object = destination(name);
        object["metadata"]["labels"] = json!({"old": (name != "c").to_string()});
        api.created("logdestinations", &object).await;
    }
    let json = [("content-type", "application/json")];
    let path = path("logdestinations", "a");
    let options = json!({"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}});
    let status = api
        .send("DELETE", &path, &json, options.to_string())
        .await
        .expect(409);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("UID in precondition"),
        "{status}"
    );
    let deleted = api
        .delete(&format!("{GROUP}/logdestinations?labelSelector=old%3Dtrue"))
        .await
        .expect(200);
    assert_eq!(deleted["kind"], "LogDestinationList");
    assert_eq!(deleted["items"].as_array().unwrap().len(), 2);
    let left = api
        .get(&format!("{GROUP}/logdestinations"))
        .await
        .expect(200);
    assert_eq!(left["items"][0]["metadata"]["name"], "c");
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}
