//! Tables of what others do to a revision of ours, and whose each path is.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;

fn base() -> Value {
    json!({
        "family": "web", "cpu": "256", "memory": "512",
        "containerDefinitions": [
            {"name": "app", "image": "app:1", "essential": true,
             "environment": [{"name": "STAGE", "value": "prod"}, {"name": "TOKEN", "value": "old"}],
             "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/app"}}},
            {"name": "side", "image": "side:1", "essential": false},
        ]
    })
}

/// As the injection makes it.
fn applied() -> Value {
    let mut made = base();
    made["containerDefinitions"][0]["logConfiguration"] =
        json!({"logDriver": "awsfirelens", "options": {"Name": "firehose"}});
    made["containerDefinitions"][0]["dependsOn"] =
        json!([{"containerName": "log_router", "condition": "START"}]);
    made["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(json!({
            "name": "log_router", "image": "router:1", "essential": true, "user": "0",
            "firelensConfiguration": {"type": "fluentbit"}
        }));
    made
}

/// Class and path of each difference.
fn found(live: &Value) -> Vec<String> {
    classify(
        &base().to_string(),
        &applied().to_string(),
        &live.to_string(),
    )
    .into_iter()
    .map(|path| format!("{} {}", path.class, path.path))
    .collect()
}

fn live(change: impl FnOnce(&mut Value)) -> Value {
    let mut live = applied();
    change(&mut live);
    live
}

#[test]
fn restored_owner_definition_removes_only_our_paths() {
    let found = found(&base());
    assert!(
        found.iter().all(|path| path.starts_with("Ours ")),
        "{found:?}"
    );
    assert_eq!(
        found,
        [
            "Ours containerDefinitions[app].logConfiguration.logDriver",
            "Ours containerDefinitions[app].logConfiguration.options.Name",
            "Ours containerDefinitions[app].logConfiguration.options[\"awslogs-group\"]",
            "Ours containerDefinitions[app].dependsOn",
            "Ours containerDefinitions[log_router]",
        ]
    );
}

type Change = fn(&mut Value);

/// Takes the container at that place out.
fn without(live: &mut Value, index: usize) {
    live["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .remove(index);
}

/// What ECS does to a document by itself.
fn written_by_ecs(live: &mut Value) {
    let router = live["containerDefinitions"][2].as_object_mut().unwrap();
    router.remove("user");
    router.insert("mountPoints".to_owned(), json!([]));
    live["cpu"] = json!(".25 vCPU");
    live["containerDefinitions"][0]["environment"]
        .as_array_mut()
        .unwrap()
        .reverse();
}

fn drops_its_output(live: &mut Value) {
    live["containerDefinitions"][0]["logConfiguration"]["options"]["Name"] = json!("null");
}

#[test]
fn each_drift_path_is_attributed_to_whoever_set_it() {
    let cases: [(&str, Change, &[&str]); 9] = [
        ("nothing", |_| {}, &[]),
        (
            "a new image",
            |live| live["containerDefinitions"][0]["image"] = json!("app:2"),
            &["Theirs containerDefinitions[app].image"],
        ),
        (
            "a container less",
            |live| without(live, 1),
            &["Theirs containerDefinitions[side]"],
        ),
        (
            "the container that was routed goes",
            |live| without(live, 0),
            &["Theirs containerDefinitions[app]"],
        ),
        (
            "another image of the router",
            |live| live["containerDefinitions"][2]["image"] = json!("router:2"),
            &["Ours containerDefinitions[log_router].image"],
        ),
        (
            "an option of the output",
            drops_its_output,
            &["Ours containerDefinitions[app].logConfiguration.options.Name"],
        ),
        (
            "a size",
            |live| live["memory"] = json!("1024"),
            &["Theirs memory"],
        ),
        (
            "what ECS writes by itself",
            written_by_ecs,
            &["Server cpu", "Server containerDefinitions[log_router].user"],
        ),
        (
            "all of it",
            |live| {
                live["containerDefinitions"][2]["image"] = json!("router:2");
                live["containerDefinitions"][0]["image"] = json!("app:2");
                live["cpu"] = json!(".25 vCPU");
            },
            &[
                "Ours containerDefinitions[log_router].image",
                "Theirs containerDefinitions[app].image",
                "Server cpu",
            ],
        ),
    ];
    for (name, change, wanted) in cases {
        assert_eq!(found(&live(change)), wanted, "{name}");
    }
}

#[test]
fn a_log_configuration_of_the_owners_own_is_theirs() {
    let found = found(&live(|live| {
        let app = live["containerDefinitions"][0].as_object_mut().unwrap();
        app.remove("logConfiguration");
    }));
    assert_eq!(found, ["Theirs containerDefinitions[app].logConfiguration"]);
}

#[test]
fn secrets_are_hidden_and_long_values_are_counted() {
    let live = live(|live| {
        let app = &mut live["containerDefinitions"][0];
        app["environment"][1]["value"] = json!("hunter2");
        app["command"] = json!(["x".repeat(DRIFT_VALUE_BYTES_MAX)]);
    });
    let paths = classify(
        &base().to_string(),
        &applied().to_string(),
        &live.to_string(),
    );
    let text = serde_json::to_string(&paths).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("xxx"), "{text}");
    assert!(
        text.contains("(hidden)") && text.contains("260 bytes"),
        "{text}"
    );
}
