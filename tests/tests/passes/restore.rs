//! Deleting a policy: every service is what its owner made it, and nothing of ours is left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_tests::fake_aws::{FakeAws, Source, canonical};
use firelens_tests::harness::scene::{BUCKET, POLICY, ec2, fargate, policy, small_fleet};
use firelens_tests::harness::{Harness, TARGET, condition, is_routed};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const MAX_PASSES: usize = 100;
const ROLES: [&str; 4] = ["web-task", "web-exec", "jobs-task", "jobs-exec"];

async fn injected() -> Harness {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    for service in ["web", "jobs"] {
        assert!(is_routed(&live(&harness.fake, service)), "{service}");
    }
    harness
}

fn live(fake: &FakeAws, service: &str) -> Value {
    fake.live("main", service).unwrap()
}

fn revision(fake: &FakeAws, service: &str) -> u64 {
    live(fake, service)["taskDefinition"]["revision"]
        .as_u64()
        .unwrap()
}

async fn delete_policy(harness: &mut Harness) {
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
}

fn nothing_is_left(fake: &FakeAws) {
    for role in ROLES {
        let policies = fake.role_policies(role);
        assert!(policies.is_empty(), "{role}: {policies:?}");
    }
    assert!(fake.objects(BUCKET).is_empty());
}

fn new_image(document: &mut Value) {
    document["containerDefinitions"][0]["image"] = json!("registry.example/app:2");
}

#[tokio::test]
async fn services_go_back_to_their_base_revisions() {
    let mut harness = injected().await;
    assert!(!harness.fake.objects(BUCKET).is_empty());
    assert!(!harness.fake.role_policies("web-task").is_empty());
    delete_policy(&mut harness).await;
    for (service, document) in [("web", fargate("web")), ("jobs", ec2("jobs"))] {
        assert_eq!(revision(&harness.fake, service), 1, "{service}");
        let live = live(&harness.fake, service);
        assert_eq!(canonical(&live), canonical(&document));
        let revisions = harness.fake.revisions(service);
        assert_eq!(revisions.len(), 2, "nothing was registered to go back");
        assert!(revisions[0].1, "the base revision stays active");
        assert!(!revisions[1].1, "nobody can start ours any more");
    }
    nothing_is_left(&harness.fake);
}

#[tokio::test]
async fn a_serial_restore_waits_for_ecs_not_a_resync() {
    let mut harness = small_fleet().await;
    let mut one_by_one = policy();
    one_by_one["spec"]["rollout"]["maxConcurrent"] = json!(1);
    harness.apply(one_by_one).await;
    harness.settle(MAX_PASSES).await;
    let long = Duration::from_secs(45);
    harness.fake.set_deployment_duration(long);
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    harness.fake.clear_calls();
    harness.pass().await;
    let first = harness.workload("main", "jobs").await;
    for (type_, status) in [("Injected", "False"), ("Ready", "False")] {
        let condition = condition(&first, type_).unwrap();
        assert_eq!(condition["status"], status, "{condition}");
    }
    harness.fake.advance(Duration::from_secs(10));
    harness.pass().await;
    let reason = harness.reason("main", "jobs", "Ready").await;
    assert_eq!(reason, "DeploymentInProgress");
    harness.settle(MAX_PASSES).await;
    let calls = harness.fake.calls();
    let updates = calls
        .iter()
        .filter(|call| call.operation == "UpdateService");
    let at_ms: Vec<i64> = updates.map(|call| call.at_ms).collect();
    assert_eq!(at_ms.len(), 2);
    let pause_ms = at_ms[1] - at_ms[0] - 45_000;
    assert!((0..=11_000).contains(&pause_ms), "{pause_ms} ms");
}

#[tokio::test]
async fn a_restore_returns_to_the_owners_latest_revision() {
    let mut harness = injected().await;
    let theirs = harness
        .fake
        .owner_deploys("main", "web", Source::Own, new_image)
        .unwrap();
    harness.settle(MAX_PASSES).await;
    let managed = live(&harness.fake, "web");
    assert!(is_routed(&managed) && managed.to_string().contains("app:2"));
    delete_policy(&mut harness).await;
    let arn = live(&harness.fake, "web")["taskDefinition"]["taskDefinitionArn"].clone();
    assert_eq!(arn, json!(theirs));
    nothing_is_left(&harness.fake);
}

#[tokio::test]
async fn a_change_on_top_of_the_router_survives_its_removal() {
    let mut harness = injected().await;
    harness
        .fake
        .owner_deploys("main", "web", Source::Live, new_image)
        .unwrap();
    harness.settle(MAX_PASSES).await;
    assert!(is_routed(&live(&harness.fake, "web")));
    delete_policy(&mut harness).await;
    let mut wanted = fargate("web");
    new_image(&mut wanted);
    assert_eq!(canonical(&live(&harness.fake, "web")), canonical(&wanted));
    nothing_is_left(&harness.fake);
}

#[tokio::test]
async fn a_base_revision_that_is_inactive_is_registered_again() {
    let mut harness = injected().await;
    harness
        .fake
        .ecs(
            "DeregisterTaskDefinition",
            json!({"taskDefinition": "web:1"}),
        )
        .unwrap();
    delete_policy(&mut harness).await;
    assert_eq!(revision(&harness.fake, "web"), 3);
    let live = live(&harness.fake, "web");
    assert_eq!(canonical(&live), canonical(&fargate("web")));
    nothing_is_left(&harness.fake);
}

#[tokio::test]
async fn what_others_put_beside_ours_stays() {
    let mut harness = injected().await;
    let theirs = json!({"Version": "2012-10-17", "Statement": []});
    let fake = harness.fake.clone();
    fake.set_role_policy("web-task", "theirs", Some(&theirs))
        .unwrap();
    fake.set_object(BUCKET, "firelens/theirs.conf", Some("theirs"));
    delete_policy(&mut harness).await;
    let policies = fake.role_policies("web-task");
    assert_eq!(policies.keys().collect::<Vec<_>>(), ["theirs"]);
    let objects = fake.objects(BUCKET);
    assert_eq!(objects.keys().collect::<Vec<_>>(), ["firelens/theirs.conf"]);
}

#[tokio::test]
async fn a_policy_that_is_retained_leaves_everything_as_it_is() {
    let mut harness = injected().await;
    let mut retained = policy();
    retained["spec"]["deletionPolicy"] = json!("Retain");
    harness.apply(retained).await;
    harness.settle(MAX_PASSES).await;
    let before = harness.fake.world();
    delete_policy(&mut harness).await;
    assert_eq!(harness.fake.world(), before);
}

#[tokio::test]
async fn a_service_that_is_no_longer_selected_goes_back_alone() {
    let mut harness = injected().await;
    let mut narrowed = policy();
    narrowed["spec"]["selector"]["exclude"] = json!({"services": ["web"]});
    harness.apply(narrowed).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(revision(&harness.fake, "web"), 1, "no longer selected");
    let policies = harness.fake.role_policies("web-task");
    assert!(policies.is_empty(), "{policies:?}");
    assert!(is_routed(&live(&harness.fake, "jobs")), "still selected");
}

#[tokio::test]
async fn unknown_members_survive_injection_and_restore() {
    for seed in 1..=3 {
        let mut harness = small_fleet().await;
        harness.fake.invite_strangers(Some(seed));
        let before = [live(&harness.fake, "web"), live(&harness.fake, "jobs")];
        harness.apply(policy()).await;
        harness.settle(MAX_PASSES).await;
        for service in ["web", "jobs"] {
            assert!(is_routed(&live(&harness.fake, service)), "{seed} {service}");
            assert_eq!(harness.reason("main", service, "Injected").await, "InSync");
        }
        let kept = &live(&harness.fake, "web")["taskDefinition"]["unheardOfTomorrow"];
        assert_eq!(kept["deep"][2]["kept"], true, "{seed}");
        delete_policy(&mut harness).await;
        let after = [live(&harness.fake, "web"), live(&harness.fake, "jobs")];
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(canonical(before), canonical(after), "{seed}");
        }
        assert!(harness.fake.misfits().is_empty());
    }
}

#[tokio::test]
async fn a_service_being_deleted_keeps_rights_until_its_tasks_stop() {
    let mut harness = injected().await;
    let deleted = json!({"cluster": "main", "service": "web", "force": true});
    harness.fake.ecs("DeleteService", deleted).unwrap();
    harness.restart().await;
    harness.pass().await;
    assert!(!harness.fake.role_policies("web-task").is_empty());
    assert!(harness.fake.count("DeleteRolePolicy") == 0);
    let condition = harness.condition("main", "web", "Ready").await.unwrap();
    let condition = condition["message"].as_str().unwrap().to_owned();
    assert!(
        condition.contains("2 of its tasks still run"),
        "{condition}"
    );
    // Its tasks have stopped by then.
    harness.fake.advance(std::time::Duration::from_secs(600));
    harness.settle(MAX_PASSES).await;
    assert!(harness.fake.role_policies("web-task").is_empty());
    assert!(!harness.fake.role_policies("jobs-task").is_empty());
}

#[tokio::test]
async fn a_policy_that_leaves_a_target_is_ready_after_restore() {
    let mut harness = injected().await;
    let mut elsewhere = policy();
    elsewhere["spec"]["selector"] = json!({"targets": ["elsewhere"]});
    elsewhere["spec"]["rollout"]["maxConcurrent"] = json!(1);
    harness.apply(elsewhere).await;
    harness.settle(MAX_PASSES).await;
    for service in ["web", "jobs"] {
        assert!(!is_routed(&live(&harness.fake, service)), "{service}");
    }
    let policy = harness.get(Kind::LoggingPolicy, POLICY).await.unwrap();
    let ready = condition(&policy["status"], "Ready").unwrap();
    assert_eq!(ready["reason"], "RolloutComplete", "{ready}");
    let name = format!("{POLICY}.g2.{TARGET}");
    let rollout = harness.get(Kind::Rollout, &name).await.unwrap();
    let complete = condition(&rollout["status"], "Complete").unwrap();
    assert_eq!(complete["status"], "True", "{complete}");
}
