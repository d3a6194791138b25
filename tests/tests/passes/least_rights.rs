//! The operator works with the rights of `deploy/iam`: each of them is used, and none is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use firelens_aws::iam::NamedDocument;
use firelens_controller::aws::PERMISSIONS;
use firelens_tests::fake_aws::{ACCOUNT, Asked, DeploymentEnd, FakeAws, Fault, FaultPlan, When};
use firelens_tests::harness::rights::shipped_policies;
use firelens_tests::harness::scene::{
    BUCKET, POLICY, ec2, express, fargate, policy, run, small_fleet,
};
use firelens_tests::harness::{Harness, Passed};
use firelens_tests::iam_reference::Reference;
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const ATTRIBUTES: [&str; 7] = [
    "com.amazonaws.ecs.capability.logging-driver.awsfirelens",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "ecs.capability.firelens.fluentbit",
    "ecs.capability.firelens.options.config.file",
    "ecs.capability.firelens.options.config.s3",
    "ecs.capability.container-health-check",
    "ecs.capability.container-ordering",
];
const ROUTER_LOGS: &str = "/firelens/router";
/// Longer than objects that nothing names are kept.
const NINE_DAYS: Duration = Duration::from_secs(9 * 86_400);

/// Services of every kind get a router with a file and rights, one fails, one never comes up, one is verified
/// only; then the policies go.
async fn a_life() -> Harness {
    let mut harness = small_fleet().await;
    let fake = harness.fake.clone();
    fake.add_instance("main", &ATTRIBUTES, 3000, &json!({}));
    for service in ["sick", "stuck", "verified"] {
        let mut document = fargate(service);
        let image = format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{service}:1");
        fake.push_image(&image, service);
        document["containerDefinitions"][0]["image"] = json!(image);
        run(&fake, "main", &document);
    }
    run_managed(&fake);
    let express_service = json!({"resourceManagementType": "ECS"});
    run_with(&fake, "main", &express("shop"), express_service);
    let theirs = json!({"Version": "2012-10-17", "Statement": []});
    fake.set_role_policy("web-task", "theirs", Some(&theirs))
        .unwrap();
    fake.set_alarm("errors", "OK");
    fake.script_deployments("main", "sick", &[DeploymentEnd::RollsBack]);
    fake.script_deployments("main", "stuck", &[DeploymentEnd::Crashes]);
    // What was registered is looked for by its family.
    let register = When::operation("RegisterTaskDefinition");
    fake.inject(FaultPlan::new(register, Fault::LostAnswer));
    for policy in [managing(), verifying(), failing()] {
        harness.apply(policy).await;
    }
    fail_of_sick(&mut harness).await;
    work(&mut harness, Duration::from_secs(2 * 3_600)).await;
    let condition = harness.condition("managed", "worker", "Injected").await;
    assert!(harness.has_router("managed", "worker"), "{condition:?}");
    for service in ["web", "jobs", "shop", "verified"] {
        assert!(harness.has_router("main", service), "{service}");
    }
    for name in [POLICY, "verifying", "failing"] {
        harness.delete(Kind::LoggingPolicy, name).await;
    }
    work(&mut harness, Duration::from_secs(1_800)).await;
    harness.fake.advance(NINE_DAYS);
    work(&mut harness, Duration::from_secs(900)).await;
    harness
}

/// A service with further members of CreateService.
fn run_with(fake: &FakeAws, cluster: &str, document: &Value, extra: Value) {
    run(fake, cluster, document);
    let mut params = extra;
    params["cluster"] = json!(cluster);
    params["service"] = document["family"].clone();
    fake.ecs("UpdateService", params).unwrap();
    fake.advance(Duration::from_secs(120));
}

/// A service on Managed Instances, which are told by their capacity provider.
fn run_managed(fake: &FakeAws) {
    fake.set_provider_type("fleet", "MANAGED_INSTANCES");
    let providers = json!({"capacityProviders": ["FARGATE", "fleet"]});
    fake.add_cluster("managed", providers).unwrap();
    let strategy = json!([{"capacityProvider": "fleet", "weight": 1, "base": 0}]);
    let extra = json!({"capacityProviderStrategy": strategy});
    run_with(fake, "managed", &ec2("worker"), extra);
}

fn managing() -> Value {
    let mut policy = policy();
    policy["spec"]["selector"] = json!({"services": ["web", "jobs", "shop", "worker"]});
    policy["spec"]["rollout"] = json!({
        "canary": {"count": 1, "bakeSeconds": 60}, "maxConcurrent": 10, "gates": {"alarms": ["errors"]},
    });
    policy
}

fn failing() -> Value {
    let mut policy = policy();
    policy["metadata"]["name"] = json!("failing");
    policy["spec"]["selector"] = json!({"services": ["sick", "stuck"]});
    policy["spec"]["rollout"]["progressDeadlineSeconds"] = json!(120);
    policy["spec"]["router"] =
        json!({"logs": {"group": ROUTER_LOGS, "region": "us-east-1", "streamPrefix": "fl"}});
    policy
}

fn verifying() -> Value {
    let mut policy = policy();
    policy["metadata"]["name"] = json!("verifying");
    policy["spec"]["selector"] = json!({"services": ["verified"]});
    policy["spec"]["iam"] = json!({"mode": "Verify"});
    policy["spec"]["outputs"] = json!([
        {"name": "logs", "destination": {"cloudWatchLogs": {"logGroupName": "/firelens/all", "logStreamPrefix": "all-"}}},
        {"name": "archive", "destination": {"s3": {"bucket": BUCKET}}},
    ]);
    policy
}

/// Passes until the service that fails is deployed; its router stops and leaves a last line.
async fn fail_of_sick(harness: &mut Harness) {
    for _ in 0..60 {
        let wait = pass(harness).await;
        let live = harness.fake.live("main", "sick").unwrap();
        if live.to_string().contains("firelensConfiguration") {
            let revision = live["taskDefinition"]["taskDefinitionArn"]
                .as_str()
                .unwrap();
            let exited = json!({
                "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
                "containers": [{"name": "app", "exitCode": 143}, {"name": "log_router", "exitCode": 255}],
            });
            let task = harness.fake.stop_task("main", "sick", revision, &exited);
            let stream = format!("fl/log_router/{task}");
            harness
                .fake
                .write_log(ROUTER_LOGS, &stream, &["[error] stopping"]);
            return;
        }
        harness.fake.advance(wait);
    }
    panic!("never deployed");
}

async fn pass(harness: &mut Harness) -> Duration {
    match harness.pass().await {
        Passed::Ended(outcome) => outcome.requeue_after.max(Duration::from_secs(1)),
        Passed::Crashed => panic!("no crash was asked for"),
    }
}

/// Passes as they come due for that long. The rights of a role are given on the way.
async fn work(harness: &mut Harness, span: Duration) {
    let everything = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let mut left = span;
    while !left.is_zero() {
        let step = pass(harness).await.min(left);
        harness.fake.advance(step);
        left -= step;
        if left < span / 2 {
            for role in ["verified-task", "verified-exec"] {
                harness
                    .fake
                    .set_role_policy(role, "all", Some(&everything))
                    .unwrap();
            }
        }
    }
}

/// The policies without one of their actions.
fn without(policies: Vec<NamedDocument>, action: &str) -> Vec<NamedDocument> {
    let without = |policy: NamedDocument| {
        let mut document: Value = serde_json::from_str(&policy.document).unwrap();
        for statement in document["Statement"].as_array_mut().unwrap() {
            match &mut statement["Action"] {
                Value::Array(actions) => actions.retain(|name| name != action),
                value if value == action => *value = json!([]),
                _ => {}
            }
        }
        NamedDocument {
            document: document.to_string(),
            ..policy
        }
    };
    policies.into_iter().map(without).collect()
}

fn actions(asked: &BTreeSet<Asked>) -> BTreeSet<&str> {
    asked.iter().map(|asked| asked.action.as_str()).collect()
}

/// What each call needed is what the reference says of its action: a resource of one of its types, and
/// condition keys that it knows.
fn as_aws_says(asked: &Asked, reference: &Reference) {
    let action = reference.action(&asked.action).expect("an action of AWS");
    if asked.resource == "*" {
        let row = PERMISSIONS.iter().find(|row| row.action == asked.action);
        assert!(row.unwrap().resources.is_empty(), "{asked:?}");
    } else {
        assert!(!action.types_of(&asked.resource).is_empty(), "{asked:?}");
    }
    for key in asked.context.keys() {
        assert!(action.knows_key(key), "{key} of {asked:?}");
    }
}

#[tokio::test]
async fn each_granted_action_is_used_and_required() {
    let harness = a_life().await;
    let calls = harness.fake.calls();
    let denied: Vec<_> = calls
        .iter()
        .filter(|call| {
            call.error
                .as_deref()
                .is_some_and(|code| code.starts_with("AccessDenied"))
        })
        .collect();
    assert!(denied.is_empty(), "{denied:#?}");
    let asked = harness.fake.rights_asked();
    let granted: BTreeSet<&str> = PERMISSIONS.iter().map(|row| row.action).collect();
    let used = actions(&asked);
    let unused: Vec<_> = granted.difference(&used).collect();
    assert!(unused.is_empty(), "granted and never used: {unused:?}");
    assert_eq!(granted, used);

    for action in granted {
        let other = FakeAws::start().unwrap();
        other.allow_only(without(shipped_policies(ACCOUNT), action));
        for asked in &asked {
            assert_eq!(
                other.allows(asked),
                asked.action != action,
                "without {action}: {asked:?}"
            );
        }
    }
    if let Some(reference) = Reference::load() {
        asked
            .iter()
            .for_each(|asked| as_aws_says(asked, &reference));
    }
}
