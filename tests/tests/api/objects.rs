//! Create, read, update, patch: what is stored, and who may write what.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_tests::http::{Api, GROUP, policy, target};
use serde_json::{Value, json};

use crate::causes;

fn path(plural: &str, name: &str) -> String {
    format!("{GROUP}/{plural}/{name}")
}

#[tokio::test]
async fn the_server_alone_sets_identity_and_status() {
    let api = Api::start().await;
    let mut sent = policy("pay");
    sent["metadata"]["uid"] = json!("mine");
    sent["metadata"]["generation"] = json!(99);
    sent["metadata"]["creationTimestamp"] = json!("2000-01-01T00:00:00Z");
    sent["status"] = json!({"selected": 7});
    let stored = api.created("loggingpolicies", &sent).await;
    assert_ne!(stored["metadata"]["uid"], "mine");
    assert_eq!(stored["metadata"]["generation"], 1);
    assert_ne!(
        stored["metadata"]["creationTimestamp"],
        "2000-01-01T00:00:00Z"
    );
    assert!(stored.get("status").is_none());
    assert_eq!(
        stored["metadata"]["finalizers"],
        json!(["firelens.dev/restore"])
    );
    assert_eq!(
        stored["spec"]["deletionPolicy"], "Restore",
        "defaults are stored"
    );
}

#[tokio::test]
async fn a_taken_name_and_a_generated_one() {
    let api = Api::start().await;
    api.created("awstargets", &target("prod")).await;
    let status = api
        .post(&format!("{GROUP}/awstargets"), &target("prod"))
        .await
        .expect(409);
    assert_eq!(status["reason"], "AlreadyExists");
    assert_eq!(
        status["message"],
        "awstargets.firelens.dev \"prod\" already exists"
    );
    let mut unnamed = target("");
    unnamed["metadata"] = json!({"generateName": "prod-"});
    unnamed["spec"]["region"] = json!("eu-west-1");
    let first = api.created("awstargets", &unnamed).await;
    unnamed["spec"]["region"] = json!("eu-west-2");
    let second = api.created("awstargets", &unnamed).await;
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name(&first).starts_with("prod-") && name(&first) != name(&second));
}

#[tokio::test]
async fn the_slower_of_two_writers_gets_a_conflict() {
    let api = Api::start().await;
    let first = api.created("loggingpolicies", &policy("pay")).await;
    let path = path("loggingpolicies", "pay");
    let mut faster = first.clone();
    faster["spec"]["priority"] = json!(1);
    let faster = api.put(&path, &faster).await.expect(200);
    assert_eq!(faster["metadata"]["generation"], 2);
    let mut slower = first.clone();
    slower["spec"]["priority"] = json!(2);
    let status = api.put(&path, &slower).await.expect(409);
    assert_eq!(status["reason"], "Conflict");
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("the object has been modified")
    );
    let patch = json!({"metadata": {"resourceVersion": first["metadata"]["resourceVersion"]}, "spec": {"priority": 3}});
    assert_eq!(
        api.merge(&path, &patch).await.expect(409)["reason"],
        "Conflict"
    );
    let mut blind = first;
    blind["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("resourceVersion");
    let status = api.put(&path, &blind).await.expect(422);
    assert_eq!(causes(&status), ["metadata.resourceVersion"]);
    assert_eq!(api.get(&path).await.expect(200)["spec"]["priority"], 1);
}

#[tokio::test]
async fn patches_that_race_are_all_applied() {
    let api = Api::start().await;
    api.created("loggingpolicies", &policy("pay")).await;
    let path = path("loggingpolicies", "pay");
    let patches: Vec<Value> = (0..4)
        .map(|n| json!({"metadata": {"labels": {format!("l{n}"): "x"}}}))
        .collect();
    let answers =
        futures::future::join_all(patches.iter().map(|patch| api.merge(&path, patch))).await;
    assert!(
        answers.iter().all(|answer| answer.code == 200),
        "{answers:?}"
    );
    let labels = api.get(&path).await.expect(200)["metadata"]["labels"].clone();
    assert_eq!(labels.as_object().unwrap().len(), 4);
}

#[tokio::test]
async fn an_unchanged_write_makes_no_new_version() {
    let api = Api::start().await;
    let stored = api.created("loggingpolicies", &policy("pay")).await;
    let same = api
        .put(&path("loggingpolicies", "pay"), &stored)
        .await
        .expect(200);
    assert_eq!(same["metadata"], stored["metadata"]);
    let same = api
        .merge(
            &path("loggingpolicies", "pay"),
            &json!({"spec": {"mode": "Audit"}}),
        )
        .await;
    assert_eq!(same.expect(200)["metadata"], stored["metadata"]);
}

#[tokio::test]
async fn spec_and_status_are_written_apart() {
    let api = Api::start().await;
    let stored = api.created("loggingpolicies", &policy("pay")).await;
    let path = path("loggingpolicies", "pay");
    let status_path = format!("{path}/status");
    let mut sent = stored.clone();
    sent["spec"]["priority"] = json!(5);
    sent["status"] = json!({"selected": 3});
    let after = api.put(&status_path, &sent).await.expect(200);
    assert_eq!(
        (&after["spec"]["priority"], &after["status"]["selected"]),
        (&json!(0), &json!(3))
    );
    assert_eq!(after["metadata"]["generation"], 1, "status does not count");
    let after = api
        .merge(
            &path,
            &json!({"spec": {"priority": 6}, "status": {"selected": 9}}),
        )
        .await
        .expect(200);
    assert_eq!(
        (&after["spec"]["priority"], &after["status"]["selected"]),
        (&json!(6), &json!(3))
    );
    assert_eq!(after["metadata"]["generation"], 2);
    let after = api
        .merge(
            &status_path,
            &json!({"spec": {"priority": 7}, "status": {"selected": 4}}),
        )
        .await
        .expect(200);
    assert_eq!(
        (&after["spec"]["priority"], &after["status"]["selected"]),
        (&json!(6), &json!(4))
    );
    let refused = api
        .merge(&status_path, &json!({"status": {"selected": "many"}}))
        .await
        .expect(422);
    assert_eq!(causes(&refused), ["status"]);
}

#[tokio::test]
async fn workloads_are_read_only() {
    let api = Api::start().await;
    let workload = json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "Workload", "metadata": {"name": "x"}, "spec": {}});
    let collection = format!("{GROUP}/workloads");
    let workload_path = path("workloads", "x");
    for answer in [
        api.post(&collection, &workload).await,
        api.put(&workload_path, &workload).await,
        api.merge(&workload_path, &json!({})).await,
        api.merge(&format!("{workload_path}/status"), &json!({}))
            .await,
        api.delete(&workload_path).await,
        api.delete(&collection).await,
    ] {
        let status = answer.expect(405);
        assert_eq!(status["reason"], "MethodNotAllowed");
        assert!(
            status["message"]
                .as_str()
                .unwrap()
                .contains("written by the controller only")
        );
    }
    let _ = api.get(&collection).await.expect(200);
}
