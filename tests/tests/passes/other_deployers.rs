//! Other deployers: a fight is stopped and named, and CodeDeploy's services are prepared and never forced.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_store::EventFilter;
use firelens_tests::fake_aws::{Source, canonical};
use firelens_tests::harness::Harness;
use firelens_tests::harness::scene::{BUCKET, POLICY, add_roles, fargate, policy, small_fleet};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const MAX_PASSES: usize = 100;

fn updates_of(harness: &Harness, service: &str) -> usize {
    let calls = harness.fake.calls();
    let mine = calls
        .iter()
        .filter(|call| call.operation == "UpdateService" && call.text("service") == service);
    mine.count()
}

#[tokio::test]
async fn repeated_reverts_by_an_owner_are_left_alone_and_explained() {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    for _ in 0..8 {
        let params = json!({"cluster": "main", "service": "web", "taskDefinition": "web:1"});
        harness.fake.ecs("UpdateService", params).unwrap();
        harness.fake.advance(Duration::from_secs(600));
        harness.settle(MAX_PASSES).await;
    }
    assert_eq!(updates_of(&harness, "web"), 3);
    assert_eq!(harness.fake.revisions("web").len(), 2);
    let contested = harness.condition("main", "web", "Contested").await.unwrap();
    assert_eq!(contested["status"], "True");
    let message = contested["message"].as_str().unwrap();
    for part in [
        "3 times",
        "task-definition/web:1",
        ":root",
        "ignore_changes",
        "FAMILY",
    ] {
        assert_eq!(
            message.contains(part),
            part != "FAMILY",
            "{part}: {message}"
        );
    }
    let drift = harness.workload("main", "web").await["drift"].clone();
    let paths = drift.as_array().unwrap();
    assert!(paths.iter().all(|path| path["class"] == "Ours"), "{drift}");
    let events = harness.store.list_events(&EventFilter::default()).await;
    let events = format!("{:?}", events.unwrap());
    assert!(events.contains("DriftDetected") && events.contains("Contested"));

    // Something new of theirs is followed at once.
    let new_image = |document: &mut Value| {
        document["containerDefinitions"][0]["image"] = json!("registry.example/app:2");
    };
    harness
        .fake
        .owner_deploys("main", "web", Source::Own, new_image)
        .unwrap();
    harness.settle(MAX_PASSES).await;
    let live = harness.fake.live("main", "web").unwrap().to_string();
    assert!(live.contains("firelensConfiguration") && live.contains("app:2"));
    assert_eq!(harness.condition("main", "web", "Contested").await, None);
}

#[tokio::test]
async fn a_code_deploy_service_is_shipped_and_restored_by_owners() {
    let mut harness = small_fleet().await;
    let fake = harness.fake.clone();
    add_roles(&fake, &fargate("shop"));
    // As slow to stop as a container may be: noted.
    let mut document = fargate("shop");
    document["containerDefinitions"][0]["stopTimeout"] = json!(120);
    let original = fake.register(document.clone()).unwrap();
    let extra = json!({
        "launchType": "FARGATE", "desiredCount": 2, "deploymentController": {"type": "CODE_DEPLOY"},
        "loadBalancers": [{"containerName": "app", "containerPort": 8080, "targetGroupArn": "arn:blue"}],
    });
    fake.add_service("main", "shop", &original, extra).unwrap();
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;

    let revisions = fake.revisions("shop");
    assert_eq!(revisions.len(), 2, "one is prepared");
    let prepared = revisions[1].0.clone();
    let injected = harness.condition("main", "shop", "Injected").await.unwrap();
    assert_eq!(injected["reason"], "DeployManually");
    let message = injected["message"].as_str().unwrap();
    // What is ready, what is to be known of it, and what to do: in this order.
    let (steps, app_spec) = message.split_once('\n').unwrap();
    let ready = format!("the revision with the router is ready: {prepared}; ");
    assert!(steps.starts_with(&ready), "{steps}");
    let (note, ship) = (
        steps.find("to stop"),
        steps.find("deploy it with CodeDeploy"),
    );
    assert!(note.is_some() && note < ship, "{steps}");
    let app_spec: Value = serde_yaml::from_str(app_spec).unwrap();
    let properties = &app_spec["Resources"][0]["TargetService"]["Properties"];
    assert_eq!(properties["TaskDefinition"], json!(prepared));
    let traffic = json!({"ContainerName": "app", "ContainerPort": 8080});
    assert_eq!(properties["LoadBalancerInfo"], traffic);
    assert!(!fake.role_policies("shop-task").is_empty());

    fake.controller_ships("main", "shop", &prepared);
    harness.settle(MAX_PASSES).await;
    let injected = harness.condition("main", "shop", "Injected").await.unwrap();
    assert_eq!(injected["reason"], "InSync");

    harness.delete(Kind::LoggingPolicy, POLICY).await;
    // The policy waits for the owner, so there is no rest yet.
    for _ in 0..10 {
        harness.pass().await;
        harness.fake.advance(Duration::from_secs(60));
    }
    let injected = harness.condition("main", "shop", "Injected").await.unwrap();
    assert_eq!(injected["reason"], "DeployManually");
    assert!(injected["message"].as_str().unwrap().contains(&original));
    assert!(harness.get(Kind::LoggingPolicy, POLICY).await.is_some());
    fake.controller_ships("main", "shop", &original);
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
    assert!(fake.role_policies("shop-task").is_empty() && fake.objects(BUCKET).is_empty());
    let live = fake.live("main", "shop").unwrap();
    assert_eq!(canonical(&live), canonical(&document));
    assert_eq!(updates_of(&harness, "shop"), 0, "nothing is forced");
}
