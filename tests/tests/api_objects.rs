//! Create, read, update, patch, delete: what is stored, what is refused, and with which words.

use firelens_core::v1alpha1::Kind;
use firelens_tests::http::{Api, GROUP, destination, policy, target};
use serde_json::{Value, json};

fn path(plural: &str, name: &str) -> String {
    format!("{GROUP}/{plural}/{name}")
}

fn causes(status: &Value) -> Vec<&str> {
    let causes = status["details"]["causes"].as_array().unwrap();
    causes.iter().map(|cause| cause["field"].as_str().unwrap()).collect()
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
    assert_eq!((&status["kind"], &status["reason"], &status["code"]), (&json!("Status"), &json!("Invalid"), &json!(422)));
    assert_eq!(status["details"]["kind"], "LoggingPolicy");
    assert_eq!(status["details"]["group"], "firelens.dev");
    let mut fields = causes(&status);
    fields.sort_unstable();
    assert_eq!(
        fields,
        ["metadata.finalizers[0]", "spec.mode", "spec.outputs[0].name", "spec.priority", "spec.rotuer"]
    );
    let message = status["message"].as_str().unwrap();
    assert!(message.starts_with("LoggingPolicy.firelens.dev \"pay\" is invalid: ["), "{message}");
    assert!(message.contains("spec.mode: Unsupported value: \"Loud\""), "{message}");
    assert!(api.store.get(Kind::LoggingPolicy, "pay").await.unwrap().is_none());
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
    assert_ne!(stored["metadata"]["creationTimestamp"], "2000-01-01T00:00:00Z");
    assert!(stored.get("status").is_none());
    assert_eq!(stored["metadata"]["finalizers"], json!(["firelens.dev/restore"]));
    assert_eq!(stored["spec"]["deletionPolicy"], "Restore", "defaults are stored");
}

#[tokio::test]
async fn a_taken_name_and_a_generated_one() {
    let api = Api::start().await;
    api.created("awstargets", &target("prod")).await;
    let status = api.post(&format!("{GROUP}/awstargets"), &target("prod")).await.expect(409);
    assert_eq!(status["reason"], "AlreadyExists");
    assert_eq!(status["message"], "awstargets.firelens.dev \"prod\" already exists");
    let mut unnamed = target("");
    unnamed["metadata"] = json!({"generateName": "prod-"});
    let one = api.created("awstargets", &unnamed).await;
    let two = api.created("awstargets", &unnamed).await;
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name(&one).starts_with("prod-") && name(&one) != name(&two));
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
    assert!(status["message"].as_str().unwrap().contains("the object has been modified"));
    let patch = json!({"metadata": {"resourceVersion": first["metadata"]["resourceVersion"]}, "spec": {"priority": 3}});
    assert_eq!(api.merge(&path, &patch).await.expect(409)["reason"], "Conflict");
    let mut blind = first;
    blind["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    let status = api.put(&path, &blind).await.expect(422);
    assert_eq!(causes(&status), ["metadata.resourceVersion"]);
    assert_eq!(api.get(&path).await.expect(200)["spec"]["priority"], 1);
}

#[tokio::test]
async fn patches_that_race_are_all_applied() {
    let api = Api::start().await;
    api.created("loggingpolicies", &policy("pay")).await;
    let path = path("loggingpolicies", "pay");
    let patches: Vec<Value> =
        (0..4).map(|n| json!({"metadata": {"labels": {format!("l{n}"): "x"}}})).collect();
    let all = futures::future::join_all(patches.iter().map(|patch| api.merge(&path, patch))).await;
    assert!(all.iter().all(|answer| answer.code == 200), "{all:?}");
    let labels = api.get(&path).await.expect(200)["metadata"]["labels"].clone();
    assert_eq!(labels.as_object().unwrap().len(), 4);
}

#[tokio::test]
async fn an_unchanged_write_makes_no_new_version() {
    let api = Api::start().await;
    let stored = api.created("loggingpolicies", &policy("pay")).await;
    let same = api.put(&path("loggingpolicies", "pay"), &stored).await.expect(200);
    assert_eq!(same["metadata"], stored["metadata"]);
    let same = api.merge(&path("loggingpolicies", "pay"), &json!({"spec": {"mode": "Audit"}})).await;
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
    assert_eq!((&after["spec"]["priority"], &after["status"]["selected"]), (&json!(0), &json!(3)));
    assert_eq!(after["metadata"]["generation"], 1, "status does not count");
    let after = api.merge(&path, &json!({"spec": {"priority": 6}, "status": {"selected": 9}})).await.expect(200);
    assert_eq!((&after["spec"]["priority"], &after["status"]["selected"]), (&json!(6), &json!(3)));
    assert_eq!(after["metadata"]["generation"], 2);
    let after = api.merge(&status_path, &json!({"spec": {"priority": 7}, "status": {"selected": 4}})).await.expect(200);
    assert_eq!((&after["spec"]["priority"], &after["status"]["selected"]), (&json!(6), &json!(4)));
    let refused = api.merge(&status_path, &json!({"status": {"selected": "many"}})).await.expect(422);
    assert_eq!(causes(&refused), ["status"]);
}

#[tokio::test]
async fn unknown_fields_are_refused_warned_of_or_dropped() {
    let api = Api::start().await;
    let mut sent = policy("pay");
    sent["spec"]["routre"] = json!({"image": "x"});
    sent["spec"]["outputs"][0]["conainers"] = json!(["*"]);
    let collection = format!("{GROUP}/loggingpolicies");
    for query in ["", "?fieldValidation=Strict"] {
        let status = api.post(&format!("{collection}{query}"), &sent).await.expect(422);
        assert_eq!(causes(&status).len(), 2, "{status}");
    }
    let warned = api.post(&format!("{collection}?fieldValidation=Warn&dryRun=All"), &sent).await;
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
    let ignored = api.post(&format!("{collection}?fieldValidation=Ignore"), &sent).await;
    assert!(ignored.warnings().is_empty());
    assert_eq!(ignored.expect(201)["spec"], pruned["spec"]);
    sent["spec"]["mode"] = json!("Loud");
    let status = api.post(&format!("{collection}?fieldValidation=Ignore"), &sent).await.expect(422);
    assert_eq!(causes(&status), ["spec.mode"], "only unknown fields are dropped");
}

#[tokio::test]
async fn a_key_given_twice_is_refused() {
    let api = Api::start().await;
    let text = policy("pay").to_string().replace("\"mode\":\"Audit\"", "\"mode\":\"Audit\",\"mode\":\"Enforce\"");
    let json = [("content-type", "application/json")];
    let collection = format!("{GROUP}/loggingpolicies");
    let status = api.send("POST", &collection, &json, text.clone()).await.expect(422);
    assert_eq!(causes(&status), ["spec.mode"]);
    let answer = api.send("POST", &format!("{collection}?fieldValidation=Warn"), &json, text).await;
    assert_eq!(answer.warnings(), ["299 - \"duplicate field \\\"spec.mode\\\"\""]);
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    let api = Api::start().await;
    let collection = format!("{GROUP}/loggingpolicies");
    let before = api.store.current_resource_version().await.unwrap();
    let would = api.post(&format!("{collection}?dryRun=All"), &policy("pay")).await.expect(201);
    assert!(would["metadata"]["uid"].is_string());
    assert_eq!(api.store.current_resource_version().await.unwrap(), before);
    let stored = api.created("loggingpolicies", &policy("pay")).await;
    let path = path("loggingpolicies", "pay");
    let before = api.store.current_resource_version().await.unwrap();
    let would = api.merge(&format!("{path}?dryRun=All"), &json!({"spec": {"priority": 9}})).await.expect(200);
    assert_eq!((&would["spec"]["priority"], &would["metadata"]["generation"]), (&json!(9), &json!(2)));
    let mut changed = stored.clone();
    changed["spec"]["mode"] = json!("Enforce");
    assert_eq!(api.put(&format!("{path}?dryRun=All"), &changed).await.expect(200)["spec"]["mode"], "Enforce");
    assert!(api.delete(&format!("{path}?dryRun=All")).await.expect(200)["metadata"]["deletionTimestamp"].is_string());
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]}).to_string();
    let json = [("content-type", "application/json")];
    let _ = api.send("DELETE", &path, &json, options).await.expect(200);
    assert_eq!(api.store.current_resource_version().await.unwrap(), before);
    assert_eq!(api.get(&path).await.expect(200), stored);
    let status = api.merge(&format!("{path}?dryRun=yes"), &json!({})).await.expect(400);
    assert_eq!(status["reason"], "BadRequest");
}

#[tokio::test]
async fn a_policy_stays_until_its_finalizer_is_gone() {
    let api = Api::start().await;
    let stored = api.created("loggingpolicies", &policy("pay")).await;
    let path = path("loggingpolicies", "pay");
    let kept = api.merge(&path, &json!({"metadata": {"finalizers": null}})).await.expect(200);
    assert_eq!(kept["metadata"]["finalizers"], json!(["firelens.dev/restore"]), "while it lives");
    let marked = api.delete(&path).await.expect(200);
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    let mut file = policy("pay");
    file["metadata"]["resourceVersion"] = marked["metadata"]["resourceVersion"].clone();
    let replaced = api.put(&path, &file).await.expect(200);
    assert_eq!(replaced["metadata"]["finalizers"], json!(["firelens.dev/restore"]), "not mentioned, so kept");
    let gone = api.merge(&path, &json!({"metadata": {"finalizers": []}})).await.expect(200);
    assert_eq!(gone["metadata"]["uid"], stored["metadata"]["uid"]);
    let status = api.get(&path).await.expect(404);
    assert_eq!(status["reason"], "NotFound");
    assert_eq!(status["message"], "loggingpolicies.firelens.dev \"pay\" not found");
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted() {
    let api = Api::start().await;
    api.created("logdestinations", &destination("logs")).await;
    api.created("loggingpolicies", &policy("pay")).await;
    let path_of_logs = path("logdestinations", "logs");
    let status = api.delete(&path_of_logs).await.expect(409);
    assert!(status["message"].as_str().unwrap().contains("is used by LoggingPolicy pay"), "{status}");
    let status = api.delete(&format!("{GROUP}/logdestinations")).await.expect(409);
    assert_eq!(status["details"]["name"], "logs");
    let _ = api.delete(&path("loggingpolicies", "pay")).await.expect(200);
    let done = api.delete(&path_of_logs).await.expect(200);
    assert_eq!((&done["kind"], &done["status"]), (&json!("Status"), &json!("Success")));
    assert_eq!(done["details"]["name"], "logs");
}

#[tokio::test]
async fn a_target_whose_services_run_with_the_router_is_not_deleted() {
    let api = Api::start().await;
    api.created("awstargets", &target("prod")).await;
    let workload = json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "Workload", "metadata": {"name": "prod.main.pay"},
        "spec": {"target": "prod", "cluster": "main", "service": "pay"},
    });
    let mut stored = api.store.create(Kind::Workload, workload).await.unwrap();
    stored["status"] = json!({"managedRevision": "arn:aws:ecs:us-east-1:111122223333:task-definition/pay:2"});
    api.store.update(Kind::Workload, "prod.main.pay", firelens_store::Update::status(stored)).await.unwrap();
    let path = path("awstargets", "prod");
    let status = api.delete(&path).await.expect(409);
    assert!(status["message"].as_str().unwrap().contains("prod.main.pay"), "{status}");
    let abandon = json!({"metadata": {"annotations": {"firelens.dev/abandon-workloads": "true"}}});
    let _ = api.merge(&path, &abandon).await.expect(200);
    let _ = api.delete(&path).await.expect(200);
}

#[tokio::test]
async fn deletion_honours_preconditions_and_selectors() {
    let api = Api::start().await;
    for name in ["a", "b", "c"] {
        let mut one = destination(name);
        one["metadata"]["labels"] = json!({"old": (name != "c").to_string()});
        api.created("logdestinations", &one).await;
    }
    let json = [("content-type", "application/json")];
    let path = path("logdestinations", "a");
    let options = json!({"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}});
    let status = api.send("DELETE", &path, &json, options.to_string()).await.expect(409);
    assert!(status["message"].as_str().unwrap().contains("UID in precondition"), "{status}");
    let deleted = api.delete(&format!("{GROUP}/logdestinations?labelSelector=old%3Dtrue")).await.expect(200);
    assert_eq!(deleted["kind"], "LogDestinationList");
    assert_eq!(deleted["items"].as_array().unwrap().len(), 2);
    let left = api.get(&format!("{GROUP}/logdestinations")).await.expect(200);
    assert_eq!(left["items"][0]["metadata"]["name"], "c");
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn generated_kinds_are_read_only() {
    let api = Api::start().await;
    let workload = json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "Workload", "metadata": {"name": "x"}, "spec": {}});
    for plural in ["workloads", "rollouts"] {
        let collection = format!("{GROUP}/{plural}");
        let one = path(plural, "x");
        for answer in [
            api.post(&collection, &workload).await,
            api.put(&one, &workload).await,
            api.merge(&one, &json!({})).await,
            api.merge(&format!("{one}/status"), &json!({})).await,
            api.delete(&one).await,
            api.delete(&collection).await,
        ] {
            let status = answer.expect(405);
            assert_eq!(status["reason"], "MethodNotAllowed");
            assert!(status["message"].as_str().unwrap().contains("written by the controller only"));
        }
        let _ = api.get(&collection).await.expect(200);
    }
}
