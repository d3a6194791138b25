//! Rights of roles over whole passes: what is verified, what it costs, and what is written together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use firelens_plan::{RESOURCE_RECHECK_SECONDS, RIGHTS_RETRY_SECONDS};
use firelens_tests::fake_aws::{ACCOUNT, Fault, FaultPlan, When};
use firelens_tests::harness::Harness;
use firelens_tests::harness::rights::task_boundary;
use firelens_tests::harness::scene::{self, BUCKET, fargate, inline_policy, policy, small_fleet};
use serde_json::{Value, json};

const MAX_PASSES: usize = 100;

fn verifying() -> Value {
    let mut verifying = policy();
    verifying["spec"]["iam"] = json!({"mode": "Verify"});
    verifying
}

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": "*"},
    ]})
}

async fn message(harness: &Harness, service: &str) -> String {
    let condition = harness.condition("main", service, "Injected").await;
    condition.unwrap()["message"].as_str().unwrap().to_owned()
}

/// The owner attaches a managed policy to both roles of a service, under a path of its own.
fn attach(harness: &Harness, service: &str, document: &Value) {
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/team/{service}");
    harness.fake.add_managed_policy(&arn, document);
    for role in ["task", "exec"] {
        let role = format!("{service}-{role}");
        harness.fake.attach_role_policy(&role, &arn).unwrap();
    }
}

async fn later(harness: &mut Harness, seconds: i64) {
    let seconds = Duration::from_secs(seconds.unsigned_abs());
    harness.fake.advance(seconds);
    harness.settle(MAX_PASSES).await;
}

#[tokio::test]
async fn missing_rights_are_named_and_block_every_write() {
    let mut harness = small_fleet().await;
    harness.apply(verifying()).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.fake.writes().is_empty());
    assert_eq!(
        harness.reason("main", "web", "Injected").await,
        "RightsMissing"
    );
    let message = message(&harness, "web").await;
    for part in [
        "role/ecs/web-task lacks",
        "firehose:PutRecordBatch on arn:aws:firehose:us-east-1:111122223333:deliverystream/archive (no policy allows it)",
        "according to SimulatePrincipalPolicy",
    ] {
        assert!(message.contains(part), "{part:?} in {message}");
    }
    attach(&harness, "web", &allow("*"));
    later(&mut harness, RIGHTS_RETRY_SECONDS).await;
    assert!(harness.has_router("main", "web") && !harness.has_router("main", "jobs"));
    assert_eq!(harness.fake.count("PutRolePolicy"), 0);
}

#[tokio::test]
async fn without_permission_to_simulate_role_policies_are_read_and_evaluated() {
    for fault in [
        Fault::Denied,
        Fault::Error(firelens_tests::fake_aws::AwsError::new(
            400,
            "InvalidAction",
            "Could not find operation SimulatePrincipalPolicy",
        )),
    ] {
        let mut harness = small_fleet().await;
        let simulate = When::operation("SimulatePrincipalPolicy").always();
        harness.fake.inject(FaultPlan::new(simulate, fault.clone()));
        attach(&harness, "web", &allow("*"));
        let boundary = format!("arn:aws:iam::{ACCOUNT}:policy/edge");
        harness.fake.add_managed_policy(&boundary, &allow("s3:*"));
        attach(&harness, "jobs", &allow("*"));
        harness
            .fake
            .set_permissions_boundary("jobs-task", Some(&boundary))
            .unwrap();
        harness.apply(verifying()).await;
        harness.settle(MAX_PASSES).await;
        assert!(harness.has_router("main", "web"), "{fault:?}");
        assert!(!harness.has_router("main", "jobs"), "{fault:?}");
        let message = message(&harness, "jobs").await;
        assert!(
            message.contains(
                "the permissions boundary arn:aws:iam::111122223333:policy/edge does not allow it"
            ) && message.contains("without SimulatePrincipalPolicy ("),
            "{message}"
        );
    }
}

#[tokio::test]
async fn an_unchanged_fleet_has_its_rights_rechecked_only_hourly() {
    let mut harness = small_fleet().await;
    for service in ["web", "jobs"] {
        attach(&harness, service, &allow("*"));
    }
    harness.apply(verifying()).await;
    harness.settle(MAX_PASSES).await;
    assert!(harness.has_router("main", "web") && harness.has_router("main", "jobs"));
    let iam_calls = |harness: &Harness| -> BTreeMap<String, usize> {
        let counts = harness.fake.counts();
        let iam = |name: &String| name.contains("Role") || name.contains("Polic");
        counts.into_iter().filter(|(name, _)| iam(name)).collect()
    };
    harness.fake.clear_calls();
    later(&mut harness, 300).await;
    harness.restart().await;
    later(&mut harness, 300).await;
    assert_eq!(iam_calls(&harness), BTreeMap::new());
    later(&mut harness, RESOURCE_RECHECK_SECONDS).await;
    let calls = iam_calls(&harness);
    assert_eq!(
        calls["GetRole"], 3,
        "each role that needs a right, once: {calls:?}"
    );
}

#[tokio::test]
async fn role_policy_size_and_permissions_boundary_are_checked_first() {
    let mut harness = small_fleet().await;
    let boundary = format!("arn:aws:iam::{ACCOUNT}:policy/edge");
    harness.fake.add_managed_policy(&boundary, &allow("s3:*"));
    harness
        .fake
        .set_permissions_boundary("jobs-task", Some(&boundary))
        .unwrap();
    let theirs = json!({"Version": "2012-10-17", "Statement": [], "Id": "x".repeat(10_000)});
    harness
        .fake
        .set_role_policy("web-task", "theirs", Some(&theirs))
        .unwrap();
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(
        harness.reason("main", "web", "Injected").await,
        "RolePolicyTooLong"
    );
    let characters = theirs.to_string().len();
    let injected = message(&harness, "web").await;
    assert!(
        injected.contains(&format!(
            "in addition to {characters} of other inline policies"
        )),
        "{injected}"
    );
    assert_eq!(
        harness.reason("main", "jobs", "Injected").await,
        "BoundaryDenies"
    );
    assert!(
        message(&harness, "jobs")
            .await
            .contains("firehose:PutRecordBatch")
    );
    let put = harness.fake.writes();
    let refused = ["web-task", "jobs-task"];
    assert!(
        put.iter()
            .all(|call| !refused.contains(&call.text("RoleName"))),
        "IAM was not asked to refuse"
    );
    harness
        .fake
        .set_role_policy("web-task", "theirs", None)
        .unwrap();
    harness
        .fake
        .set_permissions_boundary("jobs-task", Some(&task_boundary(ACCOUNT)))
        .unwrap();
    later(&mut harness, RIGHTS_RETRY_SECONDS).await;
    assert!(harness.has_router("main", "web") && harness.has_router("main", "jobs"));
}

#[tokio::test]
async fn a_role_with_a_path_is_written_and_verified_correctly() {
    for mode in ["Manage", "Verify"] {
        let mut harness = small_fleet().await;
        let mut document = fargate("path");
        for (member, name) in [
            ("taskRoleArn", "path-task"),
            ("executionRoleArn", "path-exec"),
        ] {
            let arn = format!("arn:aws:iam::{ACCOUNT}:role/ecs/a/{name}");
            document[member] = json!(arn);
        }
        scene::run(&harness.fake, "main", &document);
        if mode == "Verify" {
            attach(&harness, "path", &allow("*"));
        }
        let mut policy = policy();
        policy["spec"]["iam"] = json!({"mode": mode});
        policy["spec"]["selector"] = json!({"services": ["path"]});
        harness.apply(policy).await;
        harness.settle(MAX_PASSES).await;
        assert!(harness.has_router("main", "path"), "{mode}");
        let written = harness.fake.role_policies("path-task").len();
        assert_eq!(written, usize::from(mode == "Manage"));
        let simulated = harness.fake.calls();
        let simulated = simulated
            .iter()
            .filter(|call| call.operation == "SimulatePrincipalPolicy")
            .all(|call| call.text("PolicySourceArn").contains(":role/ecs/a/path-"));
        assert!(simulated, "{mode}");
    }
}

/// `services` services on one base.
async fn one_base(services: usize) -> Harness {
    let harness = Harness::start().await;
    harness.fake.add_bucket(BUCKET);
    harness.fake.add_cluster("main", json!({})).unwrap();
    let document = fargate("shared");
    scene::run(&harness.fake, "main", &document);
    let arn = harness.fake.service("main", "shared").unwrap()["taskDefinition"].clone();
    for index in 1..services {
        let extra = json!({"launchType": "FARGATE", "desiredCount": 1});
        let name = format!("shared-{index}");
        harness
            .fake
            .add_service("main", &name, arn.as_str().unwrap(), extra)
            .unwrap();
    }
    harness.apply(scene::target()).await;
    harness
}

#[tokio::test]
async fn services_on_one_base_revision_share_a_registration() {
    const SERVICES: usize = 7;
    let mut harness = one_base(SERVICES).await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.fake.count("RegisterTaskDefinition"), 1);
    assert_eq!(harness.fake.count("UpdateService"), SERVICES);
    assert_eq!(harness.fake.revisions("shared").len(), 2);
}

#[tokio::test]
async fn a_registration_with_a_lost_answer_is_not_repeated() {
    let mut harness = one_base(4).await;
    let register = When::operation("RegisterTaskDefinition");
    harness
        .fake
        .inject(FaultPlan::new(register, Fault::LostAnswer));
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.fake.count("RegisterTaskDefinition"), 1);
    assert_eq!(harness.fake.revisions("shared").len(), 2);
    assert_eq!(harness.fake.count("UpdateService"), 4);
}

#[tokio::test]
async fn a_refused_registration_is_tried_once_and_reported_per_service() {
    let mut harness = one_base(3).await;
    let register = When::operation("RegisterTaskDefinition").always();
    let refused = firelens_tests::fake_aws::AwsError::new(
        400,
        "ClientException",
        "Too many concurrent attempts is not what this says.",
    );
    harness
        .fake
        .inject(FaultPlan::new(register, Fault::Error(refused)));
    harness.apply(inline_policy()).await;
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.fake.count("RegisterTaskDefinition"), 1);
    for service in ["shared", "shared-1", "shared-2"] {
        let reason = harness.reason("main", service, "Injected").await;
        assert_eq!(reason, "RequestRefused", "{service}");
    }
    assert_eq!(harness.fake.count("UpdateService"), 0);
}

#[tokio::test]
async fn a_target_counts_its_objects_and_role_policies_in_status() {
    let mut harness = small_fleet().await;
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    let target = harness
        .get(firelens_types::v1alpha1::Kind::AwsTarget, "prod")
        .await
        .unwrap();
    let objects = harness.fake.objects(BUCKET).len();
    let roles = ["web-task", "web-exec", "jobs-task", "jobs-exec"];
    let policies: usize = roles
        .iter()
        .map(|role| harness.fake.role_policies(role).len())
        .sum();
    assert_eq!(target["status"]["ownedObjects"], objects);
    assert_eq!(target["status"]["spareObjects"], 0);
    assert_eq!(target["status"]["ownedRolePolicies"], policies);
    let mut changed = policy();
    changed["spec"]["outputs"][1]["destination"]["firehose"]["deliveryStream"] = json!("other");
    harness.apply(changed).await;
    harness.settle(MAX_PASSES).await;
    later(&mut harness, 300).await;
    let target = harness
        .get(firelens_types::v1alpha1::Kind::AwsTarget, "prod")
        .await
        .unwrap();
    assert_eq!(
        target["status"]["spareObjects"], objects,
        "of the first generation"
    );
    assert_eq!(target["status"]["ownedObjects"], 2 * objects);
}
