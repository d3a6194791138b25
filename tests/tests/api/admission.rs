//! What is refused, with which messages, and what a dry run does not do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_tests::http::{Api, GROUP, policy, target};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

use crate::causes;

fn path(plural: &str, name: &str) -> String {
    format!("{GROUP}/{plural}/{name}")
}

#[tokio::test]
async fn five_mistakes_are_one_answer_that_names_five_fields() {
    let api = Api::start().await;
    let mut wrong = policy("pay");
    wrong["spec"]["mode"] = json!("Loud");
    wrong["spec"]["priority"] = json!("high");
    wrong["spec"]["rotuer"] = json!({});
    wrong["spec"]["outputs"][0]["name"] = json!("");
    wrong["metadata"]["finalizers"] = json!(["plain"]);
    let answer = api.post(&format!("{GROUP}/loggingpolicies"), &wrong).await;
    let status = answer.expect(422);
    assert_eq!(
        (&status["kind"], &status["reason"], &status["code"]),
        (&json!("Status"), &json!("Invalid"), &json!(422))
    );
    assert_eq!(status["details"]["kind"], "LoggingPolicy");
    assert_eq!(status["details"]["group"], "firelens.dev");
    let mut fields = causes(&status);
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "metadata.finalizers[0]",
            "spec.mode",
            "spec.outputs[0].name",
            "spec.priority",
            "spec.rotuer"
        ]
    );
    let message = status["message"].as_str().unwrap();
    assert!(
        message.starts_with("LoggingPolicy.firelens.dev \"pay\" is invalid: ["),
        "{message}"
    );
    assert!(
        message.contains("spec.mode: Unsupported value: \"Loud\""),
        "{message}"
    );
    assert!(
        api.store
            .get(Kind::LoggingPolicy, "pay")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn unknown_fields_are_refused_warned_of_or_dropped() {
    let api = Api::start().await;
    let mut sent = policy("pay");
    sent["spec"]["routre"] = json!({"image": "x"});
    sent["spec"]["outputs"][0]["conainers"] = json!(["*"]);
    let collection = format!("{GROUP}/loggingpolicies");
    for query in ["", "?fieldValidation=Strict"] {
        let status = api
            .post(&format!("{collection}{query}"), &sent)
            .await
            .expect(422);
        assert_eq!(causes(&status).len(), 2, "{status}");
    }
    let warned = api
        .post(
            &format!("{collection}?fieldValidation=Warn&dryRun=All"),
            &sent,
        )
        .await;
    assert_eq!(
        warned.warnings(),
        [
            "299 - \"unknown field \\\"spec.outputs[0].conainers\\\"\"",
            "299 - \"unknown field \\\"spec.routre\\\"\""
        ]
    );
    let pruned = warned.expect(201);
    assert!(pruned["spec"].get("routre").is_none());
    assert!(pruned["spec"]["outputs"][0].get("conainers").is_none());
    let ignored = api
        .post(&format!("{collection}?fieldValidation=Ignore"), &sent)
        .await;
    assert!(ignored.warnings().is_empty());
    assert_eq!(ignored.expect(201)["spec"], pruned["spec"]);
    sent["spec"]["mode"] = json!("Loud");
    let status = api
        .post(&format!("{collection}?fieldValidation=Ignore"), &sent)
        .await
        .expect(422);
    assert_eq!(
        causes(&status),
        ["spec.mode"],
        "only unknown fields are dropped"
    );
}

#[tokio::test]
async fn a_key_given_twice_is_refused() {
    let api = Api::start().await;
    let text = policy("pay").to_string().replace(
        "\"mode\":\"Audit\"",
        "\"mode\":\"Audit\",\"mode\":\"Enforce\"",
    );
    let json = [("content-type", "application/json")];
    let collection = format!("{GROUP}/loggingpolicies");
    let status = api
        .send("POST", &collection, &json, text.clone())
        .await
        .expect(422);
    assert_eq!(causes(&status), ["spec.mode"]);
    let answer = api
        .send(
            "POST",
            &format!("{collection}?fieldValidation=Warn"),
            &json,
            text,
        )
        .await;
    assert_eq!(
        answer.warnings(),
        ["299 - \"duplicate field \\\"spec.mode\\\"\""]
    );
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    let api = Api::start().await;
    let collection = format!("{GROUP}/loggingpolicies");
    let before = api.store.current_resource_version().await.unwrap();
    let would = api
        .post(&format!("{collection}?dryRun=All"), &policy("pay"))
        .await
        .expect(201);
    assert!(would["metadata"]["uid"].is_string());
    assert_eq!(api.store.current_resource_version().await.unwrap(), before);
    let stored = api.created("loggingpolicies", &policy("pay")).await;
    let path = path("loggingpolicies", "pay");
    let before = api.store.current_resource_version().await.unwrap();
    let would = api
        .merge(
            &format!("{path}?dryRun=All"),
            &json!({"spec": {"priority": 9}}),
        )
        .await
        .expect(200);
    assert_eq!(
        (&would["spec"]["priority"], &would["metadata"]["generation"]),
        (&json!(9), &json!(2))
    );
    let mut changed = stored.clone();
    changed["spec"]["mode"] = json!("Enforce");
    assert_eq!(
        api.put(&format!("{path}?dryRun=All"), &changed)
            .await
            .expect(200)["spec"]["mode"],
        "Enforce"
    );
    assert!(api.delete(&format!("{path}?dryRun=All")).await.expect(200)["metadata"]["deletionTimestamp"].is_string());
    let options =
        json!({"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]}).to_string();
    let json = [("content-type", "application/json")];
    let _ = api.send("DELETE", &path, &json, options).await.expect(200);
    assert_eq!(api.store.current_resource_version().await.unwrap(), before);
    assert_eq!(api.get(&path).await.expect(200), stored);
    let status = api
        .merge(&format!("{path}?dryRun=yes"), &json!({}))
        .await
        .expect(400);
    assert_eq!(status["reason"], "BadRequest");
}

/// Returns a policy with a plugin that no Fluent Bit has.
fn with_unknown_plugin(mode: &str) -> Value {
    let mut sent = policy("pay");
    sent["spec"]["mode"] = json!(mode);
    sent["spec"]["outputs"] =
        json!([{"name": "main", "destination": {"custom": {"plugin": "no_such_plugin"}}}]);
    sent
}

#[tokio::test]
async fn lint_errors_refuse_a_policy_in_enforce_mode() {
    let api = Api::start().await;
    let path = format!("{GROUP}/loggingpolicies");
    let status = api
        .post(&path, &with_unknown_plugin("Enforce"))
        .await
        .expect(422);
    let cause = &status["details"]["causes"][0];
    assert!(
        cause["message"].as_str().unwrap().contains("UnknownPlugin"),
        "{status}"
    );
    assert!(
        cause["field"].as_str().unwrap().contains("spec.outputs[0]"),
        "{status}"
    );
}

#[tokio::test]
async fn lint_errors_are_warnings_in_audit_and_block_enforce() {
    let api = Api::start().await;
    let path = format!("{GROUP}/loggingpolicies");
    let answer = api.post(&path, &with_unknown_plugin("Audit")).await;
    let is_warned = answer
        .warnings()
        .iter()
        .any(|warning| warning.contains("UnknownPlugin"));
    assert!(is_warned, "{:?}", answer.warnings());
    assert_eq!(answer.code, 201);
    let object_path = format!("{path}/pay");
    let enforce = json!({"spec": {"mode": "Enforce"}});
    let status = api.merge(&object_path, &enforce).await.expect(422);
    assert_eq!(status["reason"], "Invalid");
    let label = json!({"metadata": {"labels": {"team": "payments"}}});
    assert_eq!(api.merge(&object_path, &label).await.code, 200);
}

#[tokio::test]
async fn a_target_with_overlapping_clusters_is_refused_by_name() {
    let api = Api::start().await;
    let targets = format!("{GROUP}/awstargets");
    let with = |name: &str, clusters: Value| {
        let mut target = target(name);
        target["spec"]["clusters"] = clusters;
        target
    };
    api.created("awstargets", &with("prod", json!(["web", "prod-*"])))
        .await;
    let overlapping = with("eu", json!(["dev", "*-eu"]));
    let status = api.post(&targets, &overlapping).await.expect(422);
    assert_eq!(causes(&status), ["spec.clusters[1]"]);
    let message = status["message"].as_str().unwrap();
    for part in [
        "AwsTarget prod",
        "\"prod-*\"",
        "*-eu",
        "same account and region",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    for (member, other) in [("region", "eu-west-1"), ("accountId", "444455556666")] {
        let mut elsewhere = with(other, json!(["*"]));
        elsewhere["spec"][member] = json!(other);
        api.created("awstargets", &elsewhere).await;
    }
    let mut apart = api
        .created("awstargets", &with("eu", json!(["dev-*"])))
        .await;
    apart["spec"]["clusters"] = json!(["dev-*", "?eb"]);
    let status = api.put(&path("awstargets", "eu"), &apart).await.expect(422);
    assert_eq!(causes(&status), ["spec.clusters[1]"]);
    let patch = json!({"spec": {"clusters": ["*"]}});
    let _ = api
        .merge(&path("awstargets", "eu"), &patch)
        .await
        .expect(422);

    // A target that was stored already, by an older version or at the same time, can still be changed.
    let stored = with("older", json!(["*"]));
    let stored = firelens_types::v1alpha1::admit(Kind::AwsTarget, &stored).unwrap();
    api.store.create(Kind::AwsTarget, stored).await.unwrap();
    let suspend = json!({"spec": {"suspend": true}});
    let answer = api.merge(&path("awstargets", "older"), &suspend).await;
    let _ = answer.expect(200);
}
