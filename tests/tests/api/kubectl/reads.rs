//! What `kubectl` shows and waits for, with every version found, against the real router and a real database.
//! It gets no flag that a user would not pass.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_store::{Event, EventType, Update};
use firelens_tests::http::{Api, policy};
use firelens_tests::kubectl::{POLICY, with_each};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

/// Writes the status of a policy, as only the controller does.
async fn write_condition(api: &Api, name: &str, status: &str) {
    let mut object = api
        .store
        .get(Kind::LoggingPolicy, name)
        .await
        .unwrap()
        .unwrap();
    object["status"] = json!({"conditions": [{
        "type": "Ready", "status": status, "reason": "Tested", "message": "",
        "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z",
    }]});
    api.store
        .update(Kind::LoggingPolicy, name, Update::status(object))
        .await
        .unwrap();
}

/// Removes the finalizer, as only the controller does after it restored what was injected.
async fn let_go(api: &Api, name: &str) {
    let mut object = api
        .store
        .get(Kind::LoggingPolicy, name)
        .await
        .unwrap()
        .unwrap();
    object["metadata"]["finalizers"] = json!([]);
    api.store
        .update(Kind::LoggingPolicy, name, Update::object(object))
        .await
        .unwrap();
}

/// Polls until so many clients watch, so that a started command is known to watch.
async fn until_watched(api: &Api, clients: u32) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    let wanted = format!("firelens_watch_clients {clients}\n");
    while !api.get("/metrics").await.text.contains(&wanted) {
        assert!(tokio::time::Instant::now() < deadline, "nobody watches");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_shows_tables_objects_and_names() {
    with_each(async |api, kubectl| {
        let file = kubectl.file("policy.yaml", POLICY);
        let out = kubectl.ok(&["create", "-f", &file]);
        assert!(
            out.contains("loggingpolicy.firelens.dev/pay created"),
            "{out}"
        );
        write_condition(api, "pay", "True").await;
        let table = kubectl.ok(&["get", "loggingpolicies"]);
        let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(
            header,
            [
                "NAME", "MODE", "PRIORITY", "SELECTED", "INJECTED", "READY", "AGE"
            ]
        );
        assert!(
            table.contains("pay") && table.contains("Audit") && table.contains("True"),
            "{table}"
        );
        let wide = kubectl.ok(&["get", "lp", "-o", "wide"]);
        assert!(wide.contains("REASON") && wide.contains("Tested"), "{wide}");
        let yaml = kubectl.ok(&["get", "lp", "pay", "-o", "yaml"]);
        assert!(yaml.contains("firelens.dev/restore"), "{yaml}");
        let json: Value =
            serde_json::from_str(&kubectl.ok(&["get", "lp", "pay", "-o", "json"])).unwrap();
        assert_eq!(json["kind"], "LoggingPolicy");
        assert_eq!(
            kubectl.ok(&["get", "lp", "-l", "team=pay", "-o", "name"]),
            "loggingpolicy.firelens.dev/pay\n"
        );
        assert_eq!(
            kubectl.ok(&["get", "lp", "-l", "team!=pay", "-o", "name"]),
            ""
        );
        let columns = kubectl.ok(&["get", "lp", "-L", "team", "--show-labels"]);
        assert!(
            columns.contains("TEAM") && columns.contains("team=pay"),
            "{columns}"
        );
        let listing = kubectl.ok(&["get", "firelens"]);
        assert!(
            listing.contains("loggingpolicy.firelens.dev/pay"),
            "{listing}"
        );
        assert!(
            listing.contains("logdestination.firelens.dev/logs"),
            "{listing}"
        );
        let missing = kubectl.run(&["get", "lp", "nope"]);
        assert!(
            missing
                .stderr
                .contains("loggingpolicies.firelens.dev \"nope\" not found"),
            "{missing:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn get_watch_shows_each_change() {
    with_each(async |api, kubectl| {
        api.created("loggingpolicies", &policy("pay")).await;
        let watching = kubectl.start(&["get", "lp", "--watch"]);
        assert!(watching.line().starts_with("NAME"));
        assert!(watching.line().starts_with("pay"));
        api.created("loggingpolicies", &policy("web")).await;
        assert!(watching.line().starts_with("web"));
        let path = "/apis/firelens.dev/v1alpha1/loggingpolicies/pay";
        let changed = api.merge(path, &json!({"spec": {"mode": "Enforce"}})).await;
        assert_eq!(changed.code, 200);
        let line = watching.line();
        assert!(
            line.starts_with("pay") && line.contains("Enforce"),
            "{line}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn describe_shows_fields_and_events() {
    with_each(async |api, kubectl| {
        let stored = api.created("loggingpolicies", &policy("pay")).await;
        record(api, &stored).await;
        let out = kubectl.ok(&["describe", "lp", "pay"]);
        assert!(out.contains("Name:         pay"), "{out}");
        assert!(out.contains("Mode:"), "{out}");
        assert!(
            out.contains("Injected") && out.contains("seven services changed"),
            "{out}"
        );
        let out = kubectl.ok(&["get", "events"]);
        assert!(
            out.contains("loggingpolicy/pay") && out.contains("seven services changed"),
            "{out}"
        );
        if kubectl.minor >= 23 {
            let out = kubectl.ok(&["events", "--for", "loggingpolicy/pay"]);
            assert!(out.contains("seven services changed"), "{out}");
        }
        let out = kubectl.ok(&[
            "get",
            "events",
            "--field-selector",
            "type=Warning",
            "-o",
            "name",
        ]);
        assert_eq!(out, "");
    })
    .await;
}

async fn record(api: &Api, object: &Value) {
    let uid = object["metadata"]["uid"].as_str().unwrap().to_owned();
    let event = Event {
        object_kind: "LoggingPolicy".to_owned(),
        object_name: "pay".to_owned(),
        object_uid: uid,
        event_type: EventType::Normal,
        reason: "Injected".to_owned(),
        message: "seven services changed".to_owned(),
        component: "firelens-controller".to_owned(),
    };
    api.store.record_event(event).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_shows_every_field() {
    with_each(async |_, kubectl| {
        let out = kubectl.ok(&["explain", "loggingpolicy.spec.router"]);
        assert!(
            out.contains("memoryReservationMiB") && out.contains("FIELDS"),
            "{out}"
        );
        let out = kubectl.ok(&["explain", "LoggingPolicy", "--recursive"]);
        for field in [
            "destinationRef",
            "maxConcurrent",
            "matchLabels",
            "conditions",
        ] {
            assert!(out.contains(field), "{field}: {out}");
        }
        for (field, known) in [
            (
                "loggingpolicy.spec.rollout.maxConcurrent",
                "may be deploying at once",
            ),
            ("logdestination.spec.s3", "bucket"),
            ("awstarget.spec", "accountId"),
            ("workload.status", "managedRevision"),
            ("rollout.status", "wave"),
            ("events", "involvedObject"),
        ] {
            assert!(kubectl.ok(&["explain", field]).contains(known), "{field}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_sees_conditions_and_deletion() {
    with_each(async |api, kubectl| {
        api.created("loggingpolicies", &policy("pay")).await;
        write_condition(api, "pay", "False").await;
        let waiting = kubectl.start(&["wait", "--for=condition=Ready", "--timeout=20s", "lp/pay"]);
        let too_soon = kubectl.run(&["wait", "--for=condition=Ready", "--timeout=1s", "lp/pay"]);
        assert_eq!(too_soon.status, 1, "{too_soon:?}");
        write_condition(api, "pay", "True").await;
        assert!(waiting.line().contains("condition met"));
        assert_eq!(waiting.wait(), 0);

        let deleting = kubectl.start(&["delete", "lp", "pay"]);
        assert!(deleting.line().contains("deleted"));
        let gone = kubectl.start(&["wait", "--for=delete", "--timeout=20s", "lp/pay"]);
        until_watched(api, 2).await;
        let held = api
            .store
            .get(Kind::LoggingPolicy, "pay")
            .await
            .unwrap()
            .unwrap();
        assert!(
            held["metadata"]["deletionTimestamp"].is_string(),
            "the finalizer holds it"
        );
        let_go(api, "pay").await;
        assert_eq!(deleting.wait(), 0);
        assert_eq!(gone.wait(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_commands_know_the_kinds() {
    with_each(async |_, kubectl| {
        let out = kubectl.ok(&["api-resources"]);
        for kind in Kind::ALL {
            let line = out.lines().find(|line| line.contains(kind.name())).unwrap();
            assert!(
                line.contains(kind.plural()) && line.contains(kind.short_names()[0]),
                "{line}"
            );
            assert!(line.contains("false"), "{line}");
        }
        assert!(
            kubectl
                .ok(&["api-versions"])
                .contains("firelens.dev/v1alpha1")
        );
        let version = kubectl.ok(&["version", "-o", "json"]);
        let version: Value = serde_json::from_str(&version).unwrap();
        assert_eq!(version["serverVersion"]["major"], "1");
        let out = kubectl.ok(&["get", "--raw", "/readyz"]);
        assert_eq!(out, "ok");
    })
    .await;
}
