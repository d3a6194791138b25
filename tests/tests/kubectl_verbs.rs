//! Every verb of `kubectl`, with every version found, against the real router and a real database.
//! No flag is given that a user would not give.

use firelens_core::v1alpha1::Kind;
use firelens_store::{Event, EventType, Update};
use firelens_tests::http::{Api, policy};
use firelens_tests::kubectl::{Kubectl, programs};
use serde_json::{Value, json};

/// Runs a check with each `kubectl`, each against an API of its own.
async fn with_each(check: impl AsyncFn(&Api, &Kubectl)) {
    for (minor, program) in programs() {
        let api = Api::start().await;
        let kubectl = Kubectl::new(minor, program, &api.url());
        check(&api, &kubectl).await;
        api.stop().await;
    }
}

/// What only the controller does: the status of a policy.
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

/// What only the controller does: giving back what was injected, and letting go.
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

const POLICY: &str = "
apiVersion: firelens.dev/v1alpha1
kind: LoggingPolicy
metadata:
  name: pay
  labels: {team: pay}
spec:
  mode: Audit
  selector:
    services: [\"payments-*\"]
  outputs:
    - name: main
      destinationRef: {name: logs}
---
apiVersion: firelens.dev/v1alpha1
kind: LogDestination
metadata:
  name: logs
spec:
  s3: {bucket: logs-of-all, region: us-east-1}
";

#[tokio::test(flavor = "multi_thread")]
async fn apply_creates_changes_and_leaves_alone() {
    with_each(async |_, kubectl| {
        let file = kubectl.file("policy.yaml", POLICY);
        let out = kubectl.ok(&["apply", "-f", &file]);
        assert_eq!(
            out,
            "loggingpolicy.firelens.dev/pay created\nlogdestination.firelens.dev/logs created\n"
        );
        let out = kubectl.ok(&["apply", "-f", &file]);
        assert!(
            out.contains("loggingpolicy.firelens.dev/pay unchanged"),
            "{out}"
        );
        let changed = kubectl.file("changed.yaml", &POLICY.replace("Audit", "Enforce"));
        let out = kubectl.ok(&["apply", "-f", &changed]);
        assert!(
            out.contains("loggingpolicy.firelens.dev/pay configured"),
            "{out}"
        );
        let out = kubectl.ok(&[
            "get",
            "lp",
            "pay",
            "-o",
            "jsonpath={.spec.mode} {.metadata.generation}",
        ]);
        assert_eq!(out, "Enforce 2");
        let dry = kubectl.file("dry.yaml", &POLICY.replace("name: pay", "name: dry"));
        let out = kubectl.ok(&["apply", "--dry-run=server", "-f", &dry]);
        assert!(
            out.contains("loggingpolicy.firelens.dev/dry created (server dry run)"),
            "{out}"
        );
        assert_eq!(
            kubectl.ok(&["get", "lp", "-o", "name"]),
            "loggingpolicy.firelens.dev/pay\n"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_all_at_once_and_nothing_is_stored() {
    with_each(async |_, kubectl| {
        let wrong = POLICY
            .replace("mode: Audit", "mode: Loud")
            .replace("services:", "servces:");
        let file = kubectl.file("wrong.yaml", &wrong);
        let ran = kubectl.run(&["create", "-f", &file]);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert!(ran.stderr.contains("servces"), "{ran:?}");
        // Before 1.25 kubectl validates by itself, and then says no more than that.
        if kubectl.minor >= 25 {
            assert!(ran.stderr.contains("spec.mode"), "{ran:?}");
        }
        assert_eq!(kubectl.ok(&["get", "lp", "-o", "name"]), "");
    })
    .await;
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
        let all = kubectl.ok(&["get", "firelens"]);
        assert!(all.contains("loggingpolicy.firelens.dev/pay"), "{all}");
        assert!(all.contains("logdestination.firelens.dev/logs"), "{all}");
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
async fn diff_says_what_apply_would_do() {
    with_each(async |_, kubectl| {
        let file = kubectl.file("policy.yaml", POLICY);
        let new = kubectl.run(&["diff", "-f", &file]);
        assert_eq!(new.status, 1, "{new:?}");
        assert!(new.stdout.contains("+kind: LoggingPolicy"), "{new:?}");
        let _ = kubectl.ok(&["apply", "-f", &file]);
        let same = kubectl.run(&["diff", "-f", &file]);
        assert_eq!((same.status, same.stdout.as_str()), (0, ""), "{same:?}");
        let changed = kubectl.file("changed.yaml", &POLICY.replace("Audit", "Enforce"));
        let differs = kubectl.run(&["diff", "-f", &changed]);
        assert_eq!(differs.status, 1, "{differs:?}");
        assert!(differs.stdout.contains("-  mode: Audit"), "{differs:?}");
        assert!(differs.stdout.contains("+  mode: Enforce"), "{differs:?}");
        assert!(differs.stdout.contains("+  generation: 2"), "{differs:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edit_label_annotate_patch_and_replace_change_the_object() {
    with_each(async |api, kubectl| {
        let file = kubectl.file("policy.yaml", POLICY);
        let _ = kubectl.ok(&["apply", "-f", &file]);
        let editor = [("KUBE_EDITOR", "sed -i 's/mode: Audit/mode: Enforce/'")];
        let edited = kubectl.run_with(&["edit", "lp", "pay"], &editor, "");
        assert_eq!(edited.status, 0, "{edited:?}");
        let out = kubectl.ok(&["label", "lp", "pay", "tier=one"]);
        assert!(out.contains("labeled"), "{out}");
        let out = kubectl.ok(&["label", "lp", "pay", "team-"]);
        assert!(out.contains("labeled"), "{out}");
        let _ = kubectl.ok(&["annotate", "lp", "pay", "why=because"]);
        let patch = "{\"spec\": {\"priority\": 7}}";
        let out = kubectl.ok(&["patch", "lp", "pay", "--type=merge", "-p", patch]);
        assert!(out.contains("patched"), "{out}");
        let patch = "[{\"op\": \"add\", \"path\": \"/spec/suspend\", \"value\": true}]";
        let _ = kubectl.ok(&["patch", "lp", "pay", "--type=json", "-p", patch]);
        let stored = api
            .store
            .get(Kind::LoggingPolicy, "pay")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(stored["metadata"]["labels"], json!({"tier": "one"}));
        assert_eq!(stored["metadata"]["annotations"]["why"], "because");
        let spec = &stored["spec"];
        assert_eq!(
            (&spec["mode"], &spec["priority"], &spec["suspend"]),
            (&json!("Enforce"), &json!(7), &json!(true))
        );
        let _ = kubectl.ok(&["replace", "-f", &file]);
        let stored = api
            .store
            .get(Kind::LoggingPolicy, "pay")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(stored["spec"]["mode"], "Audit");
        assert_eq!(
            stored["metadata"]["finalizers"],
            json!(["firelens.dev/restore"])
        );
        let strategic = kubectl.run(&["patch", "lp", "pay", "-p", "{}"]);
        assert!(
            strategic
                .stderr
                .contains("application/strategic-merge-patch+json"),
            "{strategic:?}"
        );
        let ssa = kubectl.run(&["apply", "--server-side", "-f", &file]);
        assert!(
            ssa.stderr.contains("server-side apply is not supported"),
            "{ssa:?}"
        );
    })
    .await;
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
            ("loggingpolicy.spec.rollout.maxConcurrent", "may be deploying at once"),
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
        let still = kubectl.ok(&[
            "get",
            "lp",
            "pay",
            "-o",
            "jsonpath={.metadata.deletionTimestamp}",
        ]);
        assert!(!still.is_empty(), "the finalizer holds it");
        let_go(api, "pay").await;
        assert_eq!(deleting.wait(), 0);
        assert_eq!(gone.wait(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_removes_what_nobody_needs() {
    with_each(async |_, kubectl| {
        let file = kubectl.file("policy.yaml", POLICY);
        let _ = kubectl.ok(&["apply", "-f", &file]);
        let refused = kubectl.run(&["delete", "ld", "logs"]);
        assert_eq!(refused.status, 1);
        assert!(
            refused.stderr.contains("is used by LoggingPolicy pay"),
            "{refused:?}"
        );
        let other = POLICY.replace("name: logs\n", "name: other\n");
        let other = kubectl.file("other.yaml", other.split("---").nth(1).unwrap());
        let _ = kubectl.ok(&["create", "-f", &other]);
        let out = kubectl.ok(&["delete", "-f", &other]);
        assert!(
            out.contains("logdestination.firelens.dev \"other\" deleted"),
            "{out}"
        );
        let again = kubectl.run(&["delete", "ld", "other"]);
        assert!(again.stderr.contains("not found"), "{again:?}");
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
