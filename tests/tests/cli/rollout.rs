//! `firelens rollout` against an API and a controller: a change is carried out, or refused with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::cli::run;
use firelens_tests::harness::scene::{POLICY, policy, small_fleet};
use firelens_tests::harness::{Harness, Passed};
use firelens_tests::http::Api;
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const ROLLOUT: &str = "everything.g1.prod";
const MAX_PASSES: usize = 100;

/// The small fleet under a policy with this rollout, after the first look.
async fn fleet(rollout: &Value) -> (Harness, Api, String) {
    let mut harness = small_fleet().await;
    let mut policy = policy();
    for (member, value) in rollout.as_object().unwrap() {
        policy["spec"]["rollout"][member] = value.clone();
    }
    harness.apply(policy).await;
    harness.pass().await;
    let api = Api::on(harness.store.clone()).await;
    let url = api.url();
    (harness, api, url)
}

/// Passes until nothing is in flight.
async fn work(harness: &mut Harness, passes: usize) {
    for _ in 0..passes {
        let Passed::Ended(outcome) = harness.pass().await else {
            panic!("no crash was asked for")
        };
        harness
            .fake
            .advance(outcome.requeue_after.min(Duration::from_secs(60)));
    }
}

#[tokio::test]
async fn a_plan_is_approved_by_its_hash_and_no_other() {
    let (mut harness, _api, url) = fleet(&json!({"approval": "Required"})).await;
    work(&mut harness, 3).await;
    assert!(
        harness.fake.writes().is_empty(),
        "nothing is written unapproved"
    );

    let status = run(&url, &["rollout", "status", ROLLOUT]).await.done();
    assert!(status.contains("WaitingForApproval"), "{status}");
    let object = run(&url, &["rollout", "status", ROLLOUT, "-o", "json"])
        .await
        .json();
    let hash = object["status"]["plan"]["hash"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        status.contains(&format!("rollout approve {ROLLOUT} --plan {hash}")),
        "{status}"
    );

    let other = "0".repeat(64);
    let refused = run(&url, &["rollout", "approve", ROLLOUT, "--plan", &other])
        .await
        .refused();
    assert!(
        refused.contains(&hash) && refused.contains("is not the current plan"),
        "{refused}"
    );

    let approved = run(&url, &["rollout", "approve", POLICY]).await;
    assert!(
        approved
            .stderr
            .contains("changes 2 workloads in target prod"),
        "{approved:?}"
    );
    assert_eq!(
        approved.done(),
        format!("{ROLLOUT} approved: plan {hash}\n")
    );
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web") && harness.has_router("main", "jobs"));
    let watched = run(&url, &["rollout", "status", ROLLOUT, "--watch"])
        .await
        .done();
    assert!(
        watched.contains("RolloutComplete") && watched.contains("pproved"),
        "{watched}"
    );
}

#[tokio::test]
async fn a_pause_holds_and_a_resume_goes_on() {
    let (mut harness, _api, url) = fleet(&json!({"maxConcurrent": 1})).await;
    let paused = run(&url, &["rollout", "pause", POLICY]).await.done();
    assert!(paused.starts_with(&format!("{ROLLOUT} paused")), "{paused}");
    work(&mut harness, 12).await;
    let reached = ["web", "jobs"].map(|service| harness.has_router("main", service));
    assert!(reached != [true, true], "the second did not start");
    let status = run(&url, &["rollout", "status", ROLLOUT]).await.done();
    assert!(
        status.contains("RolloutPaused") && status.contains("said       pause"),
        "{status}"
    );
    let object = harness.get(Kind::Rollout, ROLLOUT).await.unwrap();
    for condition in object["status"]["conditions"].as_array().unwrap() {
        let observed = &condition["observedGeneration"];
        assert_eq!(*observed, object["metadata"]["generation"], "{condition}");
    }

    let resumed = run(&url, &["rollout", "resume", ROLLOUT, "-o", "json"])
        .await
        .json();
    let control = &resumed["spec"]["control"];
    assert!(
        control["paused"].is_null() && control["resumedAt"].is_string(),
        "{control}"
    );
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web") && harness.has_router("main", "jobs"));
}

#[tokio::test]
async fn abort_with_undo_restores_every_service_to_its_own_revision() {
    let (mut harness, _api, url) = fleet(&json!({})).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web"));
    let refused = run(&url, &["rollout", "abort", ROLLOUT]).await.refused();
    assert!(
        refused.contains("is complete: there is nothing to abort"),
        "{refused}"
    );
    let aborted = run(&url, &["rollout", "abort", ROLLOUT, "--undo"])
        .await
        .done();
    assert!(
        aborted.contains("aborted: the router is removed again"),
        "{aborted}"
    );
    harness.settle(MAX_PASSES).await;
    assert!(!harness.has_router("main", "web") && !harness.has_router("main", "jobs"));
    let watched = run(&url, &["rollout", "status", ROLLOUT, "--watch"])
        .await
        .done();
    assert!(
        watched.contains("RolloutAborted") && watched.contains("abort with undo"),
        "{watched}"
    );
}

#[tokio::test]
async fn a_retry_names_workloads_as_explain_does() {
    let (_harness, _api, url) = fleet(&json!({})).await;
    let arguments = [
        "rollout",
        "retry",
        POLICY,
        "--workload",
        "prod/main/web",
        "-o",
        "json",
    ];
    let retried = run(&url, &arguments).await.json();
    let retry = &retried["spec"]["control"]["retry"];
    assert_eq!(retry["workloads"], json!(["prod.main.web"]));
    let retried = run(&url, &["rollout", "retry", POLICY, "-o", "json"])
        .await
        .json();
    let retry = &retried["spec"]["control"]["retry"];
    assert!(
        retry["workloads"].is_null() && retry["at"].is_string(),
        "{retry}"
    );
    let wrong = run(
        &url,
        &["rollout", "retry", POLICY, "--workload", "Not a name"],
    )
    .await
    .refused();
    assert!(
        wrong.contains("spec.control.retry.workloads[0]: Invalid value"),
        "{wrong}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_answered_with_what_is() {
    let (harness, _api, url) = fleet(&json!({})).await;
    let refused = run(&url, &["rollout", "pause", "nothing"]).await.refused();
    assert!(
        refused.contains("\"nothing\"") && refused.contains(ROLLOUT),
        "{refused}"
    );

    // The policy changed, and nobody has looked since.
    let mut next = policy();
    next["spec"]["priority"] = json!(7);
    harness.apply(next).await;
    let refused = run(&url, &["rollout", "pause", POLICY]).await.refused();
    assert!(refused.contains("now has generation 2"), "{refused}");
    let stored = harness.get(Kind::Rollout, ROLLOUT).await.unwrap();
    assert!(stored["spec"]["control"].is_null());

    let usage = run(&url, &["rollout", "status"]).await;
    assert_eq!(usage.status, 2, "{usage:?}");
}
