//! What `kubectl` changes, with every version found, against the real router and a real database.
//! It gets no flag that a user would not pass.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_store::GeneratedObject;
use firelens_tests::kubectl::{POLICY, with_each};
use firelens_types::v1alpha1::Kind;
use serde_json::json;

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
        // Before 1.25 kubectl validates by itself, with a less specific message.
        if kubectl.minor >= 25 {
            assert!(ran.stderr.contains("spec.mode"), "{ran:?}");
        }
        assert_eq!(kubectl.ok(&["get", "lp", "-o", "name"]), "");
    })
    .await;
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
async fn a_rollout_is_paused_and_nothing_else_of_it_changed() {
    with_each(async |api, kubectl| {
        let lease = api
            .store
            .acquire_lease("prod", "a", Duration::from_secs(60));
        let lease = lease.await.unwrap().expect("the lease is free");
        let rollout = [GeneratedObject {
            name: "pay.g1.prod".to_owned(),
            labels: json!({"firelens.dev/target": "prod", "firelens.dev/policy": "pay"}),
            spec: json!({"policy": "pay", "generation": 1, "target": "prod"}),
            status: None,
        }];
        let written = api
            .store
            .apply_generated(&lease, Kind::Rollout, &rollout, &[]);
        written.await.unwrap();
        let pause = r#"{"spec":{"control":{"paused":true}}}"#;
        let out = kubectl.ok(&["patch", "ro", "pay.g1.prod", "--type", "merge", "-p", pause]);
        assert_eq!(out, "rollout.firelens.dev/pay.g1.prod patched\n");
        let read = [
            "get",
            "ro",
            "pay.g1.prod",
            "-o",
            "jsonpath={.spec.control.paused}",
        ];
        assert_eq!(kubectl.ok(&read), "true");
        let _ = kubectl.ok(&["annotate", "ro", "pay.g1.prod", "ticket=OPS-1"]);
        let moved = r#"{"spec":{"target":"dev"}}"#;
        let ran = kubectl.run(&["patch", "ro", "pay.g1.prod", "--type", "merge", "-p", moved]);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert!(ran.stderr.contains("spec.target"), "{ran:?}");
        let explained = kubectl.ok(&["explain", "rollout.spec.control"]);
        assert!(explained.contains("paused"), "{explained}");
    })
    .await;
}
