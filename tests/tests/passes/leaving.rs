//! Rights and files stay under routers that still run, whatever their owners and their policies do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_store::{EventFilter, Update};
use firelens_tests::fake_aws::Source;
use firelens_tests::harness::scene::{BUCKET, POLICY, fargate, policy, run, small_fleet, target};
use firelens_tests::harness::{Harness, Passed, TARGET};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const MAX_PASSES: usize = 200;
const ROLES: [&str; 4] = ["web-task", "web-exec", "jobs-task", "jobs-exec"];

async fn injected() -> Harness {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    harness
}

fn new_image(document: &mut Value) {
    document["containerDefinitions"][0]["image"] = json!("registry.example/app:2");
}

/// What the revisions of ours in `web` need.
fn assert_kept(harness: &Harness, moment: &str) {
    let policies = harness.fake.role_policies("web-task");
    assert!(!policies.is_empty(), "{moment}: the role policy");
    assert!(
        !harness.fake.objects(BUCKET).is_empty(),
        "{moment}: the file"
    );
}

/// Passes as they come due until the deployment of the owner is done.
async fn while_deploying(harness: &mut Harness, mut check: impl FnMut(&Harness)) {
    let before = harness.fake.in_flight();
    assert!(before > 0, "nothing is under way");
    while harness.fake.in_flight() > 0 {
        let Passed::Ended(outcome) = harness.pass().await else {
            panic!("nothing crashes here");
        };
        if harness.fake.in_flight() > 0 {
            check(harness);
        }
        let soon = outcome.requeue_after.min(Duration::from_secs(60));
        harness.fake.advance(soon);
    }
}

#[tokio::test]
async fn an_owners_deploy_keeps_the_rights_of_replaced_tasks() {
    let mut harness = injected().await;
    harness.fake.clear_calls();
    harness
        .fake
        .set_deployment_duration(Duration::from_secs(300));
    let fake = harness.fake.clone();
    fake.owner_deploys("main", "web", Source::Own, new_image)
        .unwrap();
    while_deploying(&mut harness, |harness| {
        assert_kept(harness, "while it deploys");
    })
    .await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web"));
    let writes = harness.fake.writes();
    let of_iam = writes
        .iter()
        .filter(|call| call.operation.contains("RolePolicy"));
    assert_eq!(of_iam.count(), 0, "nor is IAM written again");
}

#[tokio::test]
async fn deleting_a_policy_mid_deploy_keeps_rights_of_running_tasks() {
    let mut harness = injected().await;
    harness
        .fake
        .set_deployment_duration(Duration::from_secs(300));
    let fake = harness.fake.clone();
    fake.owner_deploys("main", "web", Source::Own, new_image)
        .unwrap();
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    while_deploying(&mut harness, |harness| {
        assert_kept(harness, "while it deploys");
    })
    .await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
    for role in ROLES {
        assert!(harness.fake.role_policies(role).is_empty(), "{role}");
    }
    assert!(harness.fake.objects(BUCKET).is_empty());
}

#[tokio::test]
async fn an_early_success_restore_keeps_rights_until_old_tasks_stop() {
    let mut harness = injected().await;
    let early = json!({"earlySuccessCriteria": {
        "enable": true, "healthyPercent": 100, "sourceServiceRevisionCleanup": "DEFERRED",
    }});
    let update = json!({"cluster": "main", "service": "web", "deploymentConfiguration": early});
    harness.fake.ecs("UpdateService", update).unwrap();
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    let mut completed_with_old_tasks = 0;
    for _ in 0..MAX_PASSES {
        let Passed::Ended(outcome) = harness.pass().await else {
            panic!("nothing crashes here");
        };
        let web = harness.fake.service("main", "web").unwrap();
        let deployments = web["deployments"].as_array().unwrap();
        if deployments[0]["rolloutState"] == "COMPLETED" && deployments.len() > 1 {
            completed_with_old_tasks += 1;
            assert_kept(&harness, "while it is cleaned up");
        }
        harness
            .fake
            .advance(outcome.requeue_after.min(Duration::from_secs(60)));
    }
    assert!(completed_with_old_tasks > 2, "{completed_with_old_tasks}");
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
    assert!(harness.fake.role_policies("web-task").is_empty());
    assert!(harness.fake.objects(BUCKET).is_empty());
}

#[tokio::test]
async fn a_service_excluded_under_audit_retains_its_rights_and_files() {
    let mut harness = injected().await;
    let mut audit = policy();
    audit["spec"]["mode"] = json!("Audit");
    audit["spec"]["selector"]["exclude"] = json!({"services": ["web"]});
    harness.apply(audit).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.reason("main", "web", "Injected").await, "Retained");
    assert_kept(&harness, "retained");
    assert!(harness.has_router("main", "web"));
}

/// Every task of ours that runs has its rights and its file.
fn assert_nothing_runs_without_rights(harness: &Harness, services: &[String], moment: &str) {
    for name in services {
        let service = harness.fake.service("main", name).unwrap();
        for deployment in service["deployments"].as_array().unwrap() {
            let arn = deployment["taskDefinition"].as_str().unwrap();
            let revision = harness.fake.task_definition(arn).unwrap().to_string();
            if deployment["runningCount"] == 0 || !revision.contains("firelensConfiguration") {
                continue;
            }
            let policies = harness.fake.role_policies(&format!("{name}-task"));
            assert!(!policies.is_empty(), "{moment}: {name} runs {arn}");
            assert!(!harness.fake.objects(BUCKET).is_empty(), "{moment}: {name}");
        }
    }
}

/// What the owner of a service does now, each in the way of another tool.
fn act(harness: &Harness, name: &str, index: usize, round: usize) {
    let fake = harness.fake.clone();
    let image = json!(format!("registry.example/app:{round}"));
    let edit = |document: &mut Value| document["containerDefinitions"][0]["image"] = image;
    // A rollback where there is nothing to go back to is refused, as it is for people.
    drop(match index % 5 {
        0 => fake.owner_deploys("main", name, Source::Own, edit),
        1 => fake.owner_deploys("main", name, Source::Newest, edit),
        2 if round.is_multiple_of(2) => fake.owner_deploys("main", name, Source::Live, edit),
        2 if round < 5 => fake.ecspresso_rolls_back("main", name),
        2 | 3 => fake.terraform_applies("main", name),
        _ if round.is_multiple_of(2) => fake.owner_deploys("main", name, Source::Own, edit),
        _ => fake.stack_sets("main", name, true),
    });
}

#[tokio::test]
async fn rights_outlive_running_routers_and_are_then_removed() {
    let mut harness = Harness::start().await;
    let fake = harness.fake.clone();
    fake.add_bucket(BUCKET);
    fake.set_deployment_duration(Duration::from_secs(90));
    fake.add_cluster("main", json!({})).unwrap();
    let services: Vec<String> = (0..10).map(|number| format!("s{number}")).collect();
    for name in &services {
        run(&fake, "main", &fargate(name));
    }
    harness.apply(target()).await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    for round in 0..6 {
        if round == 3 {
            let mut next = policy();
            next["spec"]["outputs"][1]["destination"]["firehose"]["deliveryStream"] = json!("next");
            harness.apply(next).await;
        }
        if round == 5 {
            harness.delete(Kind::LoggingPolicy, POLICY).await;
        }
        for (index, name) in services.iter().enumerate() {
            act(&harness, name, index, round);
        }
        for pass in 0..12 {
            harness.pass().await;
            assert_nothing_runs_without_rights(&harness, &services, &format!("{round}.{pass}"));
            harness.fake.advance(Duration::from_secs(20));
            assert_nothing_runs_without_rights(&harness, &services, &format!("{round}.{pass}+"));
        }
    }
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
    for name in &services {
        assert!(!harness.has_router("main", name), "{name}");
        assert!(
            harness
                .fake
                .role_policies(&format!("{name}-task"))
                .is_empty()
        );
        let newest = harness.fake.task_definition(name).unwrap().to_string();
        assert!(
            !newest.contains("firelensConfiguration"),
            "{name}: {newest}"
        );
    }
    assert!(harness.fake.objects(BUCKET).is_empty());
    assert!(harness.store.revisions("prod").await.unwrap().is_empty());
}

/// The target of the scene with other clusters.
fn target_of(clusters: &[&str]) -> Value {
    let mut target = target();
    target["spec"]["clusters"] = json!(clusters);
    target
}

#[tokio::test]
async fn a_cluster_removed_from_its_target_keeps_routers_and_rights() {
    let mut harness = injected().await;
    harness.apply(target_of(&["elsewhere"])).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web"));
    assert_kept(&harness, "out of scope");
    assert_eq!(
        harness.reason("main", "web", "Injected").await,
        "OutOfScope"
    );
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    harness.settle(MAX_PASSES).await;
    assert!(!harness.has_router("main", "web") && !harness.has_router("main", "jobs"));
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
    assert!(harness.fake.role_policies("web-task").is_empty());
    assert_eq!(harness.get(Kind::Workload, "prod.main.web").await, None);
}

#[tokio::test]
async fn another_target_that_names_the_cluster_takes_its_routers_on() {
    let mut harness = injected().await;
    harness.apply(target_of(&["elsewhere"])).await;
    harness.settle(MAX_PASSES).await;
    let mut heir = target();
    heir["metadata"]["name"] = json!("heir");
    harness.apply(heir).await;
    for _ in 0..8 {
        harness.pass_over("heir").await;
        harness.pass().await;
        harness.fake.advance(Duration::from_secs(60));
        assert_kept(&harness, "while it changes hands");
    }
    assert!(harness.has_router("main", "web"));
    assert_eq!(harness.get(Kind::Workload, "prod.main.web").await, None);
    assert!(harness.get(Kind::Workload, "heir.main.web").await.is_some());
    assert!(harness.store.records("prod").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deleted_target_waits_and_reports_while_routers_run() {
    let mut harness = injected().await;
    harness.delete(Kind::AwsTarget, TARGET).await;
    harness.settle(MAX_PASSES).await;
    let held = harness.get(Kind::AwsTarget, TARGET).await;
    assert!(
        held.is_some_and(|held| held["metadata"]["finalizers"] == json!(["firelens.dev/in-use"]))
    );
    assert_kept(&harness, "held");
    assert_eq!(
        harness.reason("main", "web", "Injected").await,
        "OutOfScope"
    );
    let events = harness.store.list_events(&EventFilter::default()).await;
    assert!(format!("{:?}", events.unwrap()).contains("StillInUse"));
    harness.delete(Kind::LoggingPolicy, POLICY).await;
    harness.settle_until_gone(Kind::AwsTarget, TARGET).await;
    assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
    assert!(!harness.has_router("main", "web"));
    assert!(harness.fake.role_policies("web-task").is_empty());
}

#[tokio::test]
async fn deleting_a_target_with_retain_leaves_everything_in_place() {
    let mut harness = injected().await;
    let mut retained = harness.get(Kind::AwsTarget, TARGET).await.unwrap();
    retained["metadata"]["annotations"] = json!({"firelens.dev/deletion-policy": "Retain"});
    let update = Update::object(retained);
    let stored = harness.store.update(Kind::AwsTarget, TARGET, update).await;
    stored.unwrap();
    harness.delete(Kind::AwsTarget, TARGET).await;
    let before = harness.fake.world();
    harness.settle_until_gone(Kind::AwsTarget, TARGET).await;
    assert_eq!(harness.fake.world(), before);
    assert!(harness.store.records(TARGET).await.unwrap().is_empty());
}
