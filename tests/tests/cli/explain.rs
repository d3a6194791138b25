//! `firelens plan` and `firelens explain` against an API and a controller.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use firelens_tests::cli::{Ran, run};
use firelens_tests::harness::Harness;
use firelens_tests::harness::scene::{BUCKET, POLICY, policy, small_fleet};
use firelens_tests::http::Api;
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};
use tempfile::TempDir;

const MAX_PASSES: usize = 100;
/// A policy for one service, before the one for all.
const FIRST: &str = "payments";

fn first() -> Value {
    let mut first = policy();
    first["metadata"]["name"] = json!(FIRST);
    first["spec"]["priority"] = json!(10);
    first["spec"]["selector"] = json!({"services": ["web"]});
    first
}

async fn explained(url: &str) -> (String, Value) {
    let text = run(url, &["explain", "main/web"]).await.done();
    let data = run(url, &["explain", "prod/main/web", "-o", "json"])
        .await
        .json();
    (text, data)
}

fn outcomes(data: &Value) -> Vec<String> {
    let policies = data["policies"].as_array().unwrap();
    let shown = policies.iter().map(|policy| {
        let text = |member: &str| policy[member].as_str().unwrap().to_owned();
        format!("{} {}", text("policy"), text("verdict"))
    });
    shown.collect()
}

#[tokio::test]
async fn explain_shows_which_policy_decides_and_which_follows() {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.apply(first()).await;
    harness.settle(MAX_PASSES).await;
    let api = Api::on(harness.store.clone()).await;
    let (text, data) = explained(&api.url()).await;
    assert_eq!(outcomes(&data), ["payments Decides", "everything Next"]);
    for part in [
        "payments decides: its priority 10 is higher than the 0 of everything",
        "everything next in line: its priority 0 is lower than the 10 of payments; it decides when payments goes",
        "prod.main.web: service web of cluster main in target prod (FARGATE",
        "payments.g1.prod: started ",
        "managed  web:2",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let other = run(&api.url(), &["explain", "main/jobs"]).await.done();
    let part =
        "payments does not select it: selector.services does not match: it has web, this is jobs";
    assert!(other.contains(part), "{other}");

    harness.delete(Kind::LoggingPolicy, FIRST).await;
    let (text, data) = explained(&api.url()).await;
    assert_eq!(outcomes(&data)[0], "payments BeingDeleted", "{text}");
    harness.settle(MAX_PASSES).await;
    let (text, data) = explained(&api.url()).await;
    assert_eq!(outcomes(&data), ["everything Decides"]);
    assert!(
        text.contains("everything decides: the only policy that selects it"),
        "{text}"
    );
    assert_eq!(harness.reason("main", "web", "Injected").await, "InSync");
    let live = harness.fake.live("main", "web").unwrap().to_string();
    let label = |policy: &str| format!("\"firelens.dev/policy\":\"{policy}\"");
    assert!(live.contains(&label(POLICY)), "{live}");
    assert!(!live.contains(&label(FIRST)), "{live}");
}

#[tokio::test]
async fn an_unknown_service_is_refused_with_the_known_ones() {
    let mut harness = small_fleet().await;
    harness.pass().await;
    let api = Api::on(harness.store.clone()).await;
    let refused = run(&api.url(), &["explain", "main/wbe"]).await.refused();
    assert!(
        refused.contains("prod.main.web") && refused.contains("prod.main.jobs"),
        "{refused}"
    );
    let usage = run(&api.url(), &["explain", "a/b/c/d"]).await;
    assert_eq!(usage.status, 2, "{usage:?}");
    let (text, _) = explained(&api.url()).await;
    assert!(
        text.contains("policies\n  none\n") && text.contains("NoPolicySelects"),
        "{text}"
    );
}

/// Runs the binary while the controller makes passes, as in production.
async fn planned(harness: &mut Harness, arguments: &[&str]) -> Ran {
    let api = Api::on(harness.store.clone()).await;
    let url = api.url();
    let running = run(&url, arguments);
    tokio::pin!(running);
    loop {
        tokio::select! {
            ran = &mut running => return ran,
            asked = harness.store.asked_targets() => {
                if !asked.unwrap().is_empty() {
                    harness.pass().await;
                }
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn a_plan_shows_task_definitions_roles_files_and_counts() {
    let mut harness = small_fleet().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("policy.json");
    let mut asked = policy();
    asked["spec"]["rollout"]["approval"] = json!("Required");
    fs::write(&path, asked.to_string()).unwrap();
    let file = path.to_str().unwrap();
    let ran = planned(&mut harness, &["plan", "-f", file]).await;
    let text = ran.done();
    let object = format!("  file s3://{BUCKET}/firelens/");
    for part in [
        "target prod: 2 to inject\n",
        "main/web: inject, web:1 -> a new revision, 2 tasks to replace\n",
        "    --- web:1\n    +++ planned\n",
        "    +      \"name\": \"log_router\"",
        "    -        \"logDriver\": \"json-file\"",
        "  role web-task, policy firelens-everything",
        "    --- now\n    +++ planned\n",
        object.as_str(),
        "approval is required: the plan gets its hash when the policy is applied\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(text.ends_with("\n2 to inject\n"), "{text}");

    let answer = planned(&mut harness, &["plan", "-f", file, "-o", "json"])
        .await
        .json();
    assert_eq!(answer["kind"], "Plan");
    let first = &answer["status"]["targets"][0]["workloads"][0];
    assert!(
        first["diff"]
            .as_str()
            .unwrap()
            .starts_with("--- jobs:1\n+++ planned\n")
    );
    let few = planned(&mut harness, &["plan", "-f", file, "--limit", "1"])
        .await
        .done();
    assert!(
        few.contains("1 workload more; increase --limit to show them"),
        "{few}"
    );

    harness.apply(asked).await;
    harness.pass().await;
    let stored = planned(&mut harness, &["plan", "--name", POLICY])
        .await
        .done();
    let rollout = harness
        .get(Kind::Rollout, "everything.g1.prod")
        .await
        .unwrap();
    let hash = rollout["status"]["plan"]["hash"].as_str().unwrap();
    assert!(
        stored.contains(&format!(
            "plan of everything.g1.prod: {hash} (not approved)"
        )),
        "{stored}"
    );
}

#[tokio::test]
async fn an_invalid_policy_is_refused_with_all_of_its_mistakes() {
    let api = Api::start().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("policy.json");
    let mut wrong = policy();
    wrong["spec"]["mode"] = json!("Loud");
    wrong["spec"]["rotuer"] = json!({});
    fs::write(&path, wrong.to_string()).unwrap();
    let arguments = ["plan", "-f", path.to_str().unwrap()];
    let refused = run(&api.url(), &arguments).await.refused();
    for part in [
        "LoggingPolicy everything was rejected (422 Invalid):",
        "  spec.mode: ",
        "  spec.rotuer: ",
    ] {
        assert!(refused.contains(part), "{refused}");
    }
    let nobody = run(&api.url(), &["plan", "--name", "nobody"])
        .await
        .refused();
    assert!(nobody.contains("not found"), "{nobody}");
    assert_eq!(run(&api.url(), &["plan"]).await.status, 2);
}

#[tokio::test]
async fn a_target_that_does_not_answer_is_a_problem() {
    let harness = small_fleet().await;
    harness.apply(policy()).await;
    let options = firelens_api::ApiOptions {
        request_timeout: std::time::Duration::from_secs(1),
        ..firelens_api::ApiOptions::default()
    };
    let api = Api::on_with(harness.store.clone(), options).await;
    let ran = run(&api.url(), &["plan", "--name", POLICY]).await;
    assert!(ran.stdout.contains("no workloads are affected"), "{ran:?}");
    assert!(
        ran.refused()
            .contains("target prod did not respond in time")
    );
}
