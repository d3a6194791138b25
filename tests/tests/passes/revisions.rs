//! Revisions that the operator registered: none is left for a pipeline, a schedule or a rollback to start.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_store::EventFilter;
use firelens_tests::fake_aws::{DeploymentEnd, Fault, FaultPlan, Source, When};
use firelens_tests::harness::Harness;
use firelens_tests::harness::scene::{BUCKET, POLICY, policy, small_fleet};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const MAX_PASSES: usize = 200;

async fn injected() -> Harness {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    harness
}

fn new_image(document: &mut Value) {
    document["containerDefinitions"][0]["image"] = json!("registry.example/app:2");
}

fn newest(harness: &Harness, family: &str) -> Value {
    harness.fake.task_definition(family).unwrap()
}

async fn events(harness: &Harness) -> String {
    let events = harness.store.list_events(&EventFilter::default()).await;
    format!("{:?}", events.unwrap())
}

#[tokio::test]
async fn after_a_restore_the_newest_family_revision_is_the_owners() {
    let mut harness = injected().await;
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
    for family in ["web", "jobs"] {
        assert_eq!(newest(&harness, family)["taskDefinition"]["revision"], 1);
    }
    let fake = harness.fake.clone();
    fake.owner_deploys("main", "web", Source::Newest, new_image)
        .unwrap();
    harness.settle(MAX_PASSES).await;
    assert!(!harness.has_router("main", "web"));
    assert!(events(&harness).await.contains("RevisionsDeregistered"));
}

#[tokio::test]
async fn a_rolled_back_canary_leaves_no_revision_for_pipelines() {
    let mut harness = small_fleet().await;
    let fake = harness.fake.clone();
    fake.script_deployments("main", "web", &[DeploymentEnd::RollsBack]);
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    assert!(!harness.has_router("main", "web"));
    assert_eq!(newest(&harness, "web")["taskDefinition"]["revision"], 1);
    assert!(fake.role_policies("web-task").is_empty());
    assert!(
        harness.has_router("main", "jobs"),
        "nothing else is touched"
    );
}

#[tokio::test]
async fn a_revision_denied_deregistration_keeps_its_rights_and_is_reported() {
    let mut harness = injected().await;
    let fake = harness.fake.clone();
    let denied = When::operation("DeregisterTaskDefinition").always();
    fake.inject(FaultPlan::new(denied, Fault::Denied));
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    for _ in 0..40 {
        harness.pass().await;
        fake.advance(std::time::Duration::from_secs(30));
    }
    assert!(!harness.has_router("main", "web"), "it is taken out");
    assert!(!fake.role_policies("web-task").is_empty());
    assert!(!fake.objects(BUCKET).is_empty());
    assert!(harness.get(Kind::LoggingPolicy, POLICY).await.is_some());
    assert!(events(&harness).await.contains("RevisionNotDeregistered"));
    fake.clear_faults();
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
    assert!(fake.role_policies("web-task").is_empty() && fake.objects(BUCKET).is_empty());
}

#[tokio::test]
async fn a_family_keeps_only_one_active_revision_of_ours() {
    let mut harness = injected().await;
    let fake = harness.fake.clone();
    for round in 0..4 {
        let mut next = policy();
        let group = json!(format!("/firelens/{round}"));
        next["spec"]["outputs"][0]["destination"]["cloudWatchLogs"]["logGroupName"] = group;
        harness.apply(next).await;
        harness.settle(MAX_PASSES).await;
        let image = json!(format!("registry.example/app:{round}"));
        fake.owner_deploys("main", "web", Source::Own, |document| {
            document["containerDefinitions"][0]["image"] = image;
        })
        .unwrap();
        harness.settle(MAX_PASSES).await;
        assert!(harness.has_router("main", "web"));
    }
    let active = fake
        .revisions("web")
        .into_iter()
        .filter(|(_, active)| *active);
    let ours = active.filter(|(arn, _)| {
        let text = fake.task_definition(arn).unwrap().to_string();
        text.contains("firelens.dev/hash")
    });
    assert_eq!(ours.count(), 1);
    let owned = harness.store.revisions("prod").await.unwrap();
    assert_eq!(owned.len(), 2, "what runs in web and in jobs: {owned:?}");
}
