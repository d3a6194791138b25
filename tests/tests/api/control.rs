//! What users may change of a rollout over HTTP: `spec.control`, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_store::{GeneratedObject, Lease};
use firelens_tests::http::{Api, GROUP};
use firelens_types::v1alpha1::Kind;
use serde_json::json;

use crate::causes;

const NAME: &str = "everything.g3.prod";
const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn path() -> String {
    format!("{GROUP}/rollouts/{NAME}")
}

/// Returns the rollout as a controller writes it.
fn written(updated: u32) -> GeneratedObject {
    GeneratedObject {
        name: NAME.to_owned(),
        labels: json!({"firelens.dev/target": "prod", "firelens.dev/policy": "everything"}),
        spec: json!({"policy": "everything", "generation": 3, "target": "prod"}),
        status: Some(json!({
            "selected": 9, "updated": updated, "inProgress": 0, "pending": 0, "failed": 0, "skipped": 0,
            "wave": 0, "message": "", "conditions": [],
            "plan": {"hash": HASH, "workloads": 9, "needsApproval": true, "approved": false},
        })),
    }
}

async fn write(api: &Api, lease: &Lease, updated: u32) {
    let objects = [written(updated)];
    let done = api
        .store
        .apply_generated(lease, Kind::Rollout, &objects, &[]);
    done.await.unwrap();
}

async fn start() -> (Api, Lease) {
    let api = Api::start().await;
    let lease = api
        .store
        .acquire_lease("prod", "a", Duration::from_secs(60))
        .await
        .unwrap()
        .expect("the lease is free");
    write(&api, &lease, 1).await;
    (api, lease)
}

#[tokio::test]
async fn a_rollout_control_patch_is_stored_and_wakes_the_controller() {
    let (api, _lease) = start().await;
    let before = api.store.head().await.unwrap().desired;
    let paused = api
        .merge(&path(), &json!({"spec": {"control": {"paused": true}}}))
        .await
        .expect(200);
    assert_eq!(paused["spec"]["control"], json!({"paused": true}));
    assert_eq!(paused["spec"]["policy"], "everything");
    assert_eq!(paused["status"]["updated"], 1);
    assert_eq!(paused["metadata"]["generation"], 2);
    assert!(api.store.head().await.unwrap().desired > before);

    let headers = [("content-type", "application/json-patch+json")];
    let operations = json!([
        {"op": "test", "path": "/spec/control/paused", "value": true},
        {"op": "replace", "path": "/spec/control", "value": {"approve": {"plan": HASH}}},
    ]);
    let approved = api
        .send("PATCH", &path(), &headers, operations.to_string())
        .await
        .expect(200);
    assert_eq!(
        approved["spec"]["control"],
        json!({"approve": {"plan": HASH}})
    );

    let mut whole = approved;
    whole["spec"]["control"] = json!({"abort": {"undo": true}});
    let aborted = api.put(&path(), &whole).await.expect(200);
    assert_eq!(aborted["spec"]["control"]["abort"]["undo"], true);
    let status = api.put(&path(), &whole).await.expect(409);
    assert_eq!(status["reason"], "Conflict", "the version was used up");
}

#[tokio::test]
async fn what_people_said_and_labelled_outlives_what_the_controller_writes() {
    let (api, lease) = start().await;
    let update = json!({
        "metadata": {"labels": {"team": "payments"}, "annotations": {"ticket": "OPS-1"}},
        "spec": {"control": {"paused": true}},
    });
    let updated = api.merge(&path(), &update).await.expect(200);
    write(&api, &lease, 2).await;
    let kept = api.get(&path()).await.expect(200);
    assert_eq!(kept["status"]["updated"], 2);
    for member in ["spec", "metadata"] {
        let mut wanted = updated[member].clone();
        if member == "metadata" {
            wanted["resourceVersion"] = kept["metadata"]["resourceVersion"].clone();
        }
        assert_eq!(kept[member], wanted);
    }
    let version = api.store.current_resource_version().await.unwrap();
    write(&api, &lease, 2).await;
    let after = api.store.current_resource_version().await.unwrap();
    assert_eq!(after, version, "nothing new, nothing written");
}

#[tokio::test]
async fn everything_else_is_refused_by_name_with_who_writes_it() {
    let (api, _lease) = start().await;
    for (patch, fields) in [
        (json!({"spec": {"generation": 4}}), &["spec.generation"][..]),
        (
            json!({"spec": {"policy": "other", "target": "dev", "control": {"paused": true}}}),
            &["spec.policy", "spec.target"],
        ),
        (json!({"status": {"updated": 9}}), &["status"]),
        (
            json!({"metadata": {"finalizers": ["a.b/c"]}}),
            &["metadata.finalizers"],
        ),
        (
            json!({"metadata": {"labels": {"firelens.dev/target": "dev"}}}),
            &["metadata.labels[firelens.dev/target]"],
        ),
        (
            json!({"metadata": {"labels": {"firelens.dev/policy": null}}}),
            &["metadata.labels[firelens.dev/policy]"],
        ),
    ] {
        let status = api.merge(&path(), &patch).await.expect(422);
        assert_eq!(causes(&status), fields, "{patch}");
        let message = status["message"].as_str().unwrap();
        assert!(
            message.contains("is written by the controller"),
            "{message}"
        );
    }
    for (method, at) in [
        ("POST", ""),
        ("DELETE", "/everything.g3.prod"),
        ("DELETE", ""),
    ] {
        let collection = format!("{GROUP}/rollouts{at}");
        let headers = [("content-type", "application/json")];
        let answer = api.send(method, &collection, &headers, "{}").await;
        assert_eq!(answer.expect(405)["reason"], "MethodNotAllowed");
    }
    let status = api.merge(&format!("{}/status", path()), &json!({})).await;
    assert_eq!(status.expect(405)["reason"], "MethodNotAllowed");
}

#[tokio::test]
async fn words_that_mean_nothing_are_refused() {
    let (api, _lease) = start().await;
    let later = jiff::Timestamp::now() + Duration::from_secs(3600);
    let now = jiff::Timestamp::now();
    for (control, fields) in [
        (json!({"pause": true}), &["spec.control.pause"][..]),
        (
            json!({"approve": {"plan": "abc"}}),
            &["spec.control.approve.plan"],
        ),
        (json!({"resumedAt": later}), &["spec.control.resumedAt"]),
        (json!({"retry": {"at": later}}), &["spec.control.retry.at"]),
        (
            json!({"retry": {"at": now, "workloads": ["Not/a/name"]}}),
            &["spec.control.retry.workloads[0]"],
        ),
    ] {
        let patch = json!({"spec": {"control": control}});
        let status = api.merge(&path(), &patch).await.expect(422);
        assert_eq!(causes(&status), fields, "{patch}");
    }
    let good = json!({"spec": {"control": {"resumedAt": now, "retry": {"at": now}}}});
    let _ = api.merge(&path(), &good).await.expect(200);
}

#[tokio::test]
async fn a_dry_run_and_an_outdated_resource_version_change_nothing() {
    let (api, _lease) = start().await;
    let pause = json!({"spec": {"control": {"paused": true}}});
    let dry = api.merge(&format!("{}?dryRun=All", path()), &pause).await;
    assert_eq!(dry.expect(200)["spec"]["control"]["paused"], true);
    let mut old = pause.clone();
    old["metadata"] = json!({"resourceVersion": "1"});
    assert_eq!(
        api.merge(&path(), &old).await.expect(409)["reason"],
        "Conflict"
    );
    let stored = api.get(&path()).await.expect(200);
    assert!(stored["spec"]["control"].is_null(), "{stored}");
}

#[tokio::test]
async fn an_approval_of_another_plan_is_stored_with_a_warning() {
    let (api, _lease) = start().await;
    let other = "f".repeat(64);
    let approve = |plan: &str| json!({"spec": {"control": {"approve": {"plan": plan}}}});
    let answer = api.merge(&path(), &approve(&other)).await;
    assert!(
        answer.warnings()[0].contains(HASH),
        "{:?}",
        answer.warnings()
    );
    let _ = answer.expect(200);
    let answer = api.merge(&path(), &approve(HASH)).await;
    assert!(answer.warnings().is_empty());
    let _ = answer.expect(200);
}

#[tokio::test]
async fn a_rollout_that_is_not_there_is_not_made() {
    let (api, _lease) = start().await;
    let nobody = format!("{GROUP}/rollouts/nobody.g1.prod");
    let pause = json!({"spec": {"control": {"paused": true}}});
    assert_eq!(
        api.merge(&nobody, &pause).await.expect(404)["reason"],
        "NotFound"
    );
}
