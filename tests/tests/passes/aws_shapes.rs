//! Real responses of AWS: the operator reads every one of them, and the responses of the fake AWS have their shape.
//! They are fixtures; `tests/fixtures/aws-shapes/README.md` has their sources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use firelens_aws::observe::{ServiceView, TaskView};
use firelens_plan::select::launch_type;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_tests::fake_aws::{FakeAws, misfits_of_answer};
use firelens_tests::harness::scene::{fargate, run};
use firelens_types::v1alpha1::LaunchType;
use serde_json::{Value, json};

const DOCUMENTS: [&str; 2] = [
    "describe-task-definition-with-empty-lists",
    "describe-task-definition-without-registrar-and-tags",
];

fn fixture(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/aws-shapes");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn services() -> BTreeMap<String, ServiceView> {
    let answer = fixture("describe-services");
    let services = answer["services"].as_array().unwrap().iter();
    services
        .map(|service| ServiceView::parse(&service.to_string()).unwrap())
        .map(|view| (view.name.clone(), view))
        .collect()
}

#[test]
fn every_recorded_answer_fits_awss_own_models() {
    for (operation, name) in [
        ("DescribeServices", "describe-services"),
        ("DescribeTasks", "describe-tasks"),
        ("DescribeClusters", "describe-clusters"),
        (
            "DescribeTaskDefinition",
            "describe-task-definition-with-empty-lists",
        ),
        (
            "DescribeTaskDefinition",
            "describe-task-definition-without-registrar-and-tags",
        ),
    ] {
        let misfits = misfits_of_answer(operation, &fixture(name));
        assert!(misfits.is_empty(), "{name}: {misfits:#?}");
    }
}

#[test]
fn services_of_every_age_and_controller_are_read() {
    let services = services();
    let old = &services["lantern"];
    assert!(!old.is_deploying() && old.deployments[0].rollout_state.is_none());
    assert_eq!(
        (
            old.scheduling_strategy.as_str(),
            old.deployment_controller.as_str()
        ),
        ("REPLICA", "ECS")
    );
    assert_eq!(launch_type(old), LaunchType::Fargate);
    assert!(
        services["anchor"].is_deploying(),
        "the old deployment is there"
    );
    let by_provider = &services["compass"];
    assert!(by_provider.launch_type.is_none() && by_provider.is_deploying());
    assert_eq!(launch_type(by_provider), LaunchType::Fargate);
    assert_eq!(by_provider.tags["crew"], "deck");
    let by_code_deploy = &services["beacon"];
    assert!(by_code_deploy.deployments.is_empty() && !by_code_deploy.is_deploying());
    assert!(by_code_deploy.task_definition.ends_with("beacon:2"));
    assert_eq!(by_code_deploy.load_balancers[0].container_name, "lamp");
    let leaving = &services["driftwood"];
    assert!(leaving.still_drains() && leaving.tasks() == 2 && leaving.desired_count == 0);
}

#[test]
fn task_definitions_are_read_and_lose_nothing() {
    for name in DOCUMENTS {
        let answer = fixture(name);
        let doc = TaskDefinitionDoc::parse(&answer.to_string()).unwrap();
        let family = answer["taskDefinition"]["family"].as_str();
        assert_eq!(doc.value("family").unwrap().as_str(), family, "{name}");
        for (member, value) in answer["taskDefinition"].as_object().unwrap() {
            if member != "containerDefinitions" {
                assert_eq!(doc.value(member).as_ref(), Some(value), "{name} {member}");
            }
        }
        assert_eq!(doc.containers().count(), 1, "{name}");
    }
}

#[test]
fn tasks_that_start_run_and_failed_to_start_are_read() {
    let answer = fixture("describe-tasks");
    let tasks: Vec<TaskView> = answer["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| TaskView::parse(&task.to_string()).unwrap())
        .collect();
    assert_eq!(tasks.len(), 4);
    let failed = format!("{:?}", tasks[1]);
    assert!(failed.contains("CannotPullContainerError") && failed.contains("TaskFailedToStart"));
}

/// The members that all of some objects have.
fn common<'v>(objects: impl Iterator<Item = &'v Value>) -> BTreeSet<String> {
    objects
        .map(|object| object.as_object().unwrap().keys().cloned().collect())
        .reduce(|left: BTreeSet<String>, right| left.intersection(&right).cloned().collect())
        .unwrap()
}

fn missing(of_aws: &BTreeSet<String>, of_fake: &Value) -> Vec<String> {
    of_aws
        .iter()
        .filter(|member| of_fake.get(member.as_str()).is_none())
        .cloned()
        .collect()
}

#[test]
fn the_fake_answers_with_the_members_that_aws_always_has() {
    let fake = FakeAws::start().unwrap();
    fake.add_cluster("main", json!({})).unwrap();
    run(&fake, "main", &fargate("web"));
    let ask = |operation: &str, params: Value| fake.ecs(operation, params).unwrap();
    let services = ask(
        "DescribeServices",
        json!({"cluster": "main", "services": ["web"]}),
    );
    let listed = ask(
        "ListTasks",
        json!({"cluster": "main", "serviceName": "web"}),
    );
    let tasks = ask(
        "DescribeTasks",
        json!({"cluster": "main", "tasks": listed["taskArns"]}),
    );
    let clusters = ask("DescribeClusters", json!({"clusters": ["main"]}));
    let revision = services["services"][0]["taskDefinition"].clone();
    let documents = DOCUMENTS.map(|name| fixture(name)["taskDefinition"].clone());
    let documents = Value::from(documents.to_vec());
    let document = ask(
        "DescribeTaskDefinition",
        json!({"taskDefinition": revision}),
    );
    for (what, of_aws, of_fake) in [
        (
            "services",
            fixture("describe-services")["services"].clone(),
            &services["services"][0],
        ),
        (
            "deployments",
            json!([fixture("describe-services")["services"][0]["deployments"][0]]),
            &services["services"][0]["deployments"][0],
        ),
        (
            "tasks",
            fixture("describe-tasks")["tasks"].clone(),
            &tasks["tasks"][0],
        ),
        (
            "clusters",
            fixture("describe-clusters")["clusters"].clone(),
            &clusters["clusters"][0],
        ),
        ("task definitions", documents, &document["taskDefinition"]),
    ] {
        let of_aws = common(of_aws.as_array().unwrap().iter());
        assert_eq!(
            missing(&of_aws, of_fake),
            Vec::<String>::new(),
            "{what}: {of_fake}"
        );
    }
}

#[test]
fn a_code_deploy_service_has_task_sets_instead_of_deployments() {
    let fake = FakeAws::start().unwrap();
    fake.add_cluster("main", json!({})).unwrap();
    let revision = fake.register(fargate("web")).unwrap();
    let extra = json!({"launchType": "FARGATE", "deploymentController": {"type": "CODE_DEPLOY"}});
    fake.add_service("main", "web", &revision, extra).unwrap();
    let asked = json!({"cluster": "main", "services": ["web"]});
    let shown = fake.ecs("DescribeServices", asked).unwrap()["services"][0].clone();
    let recorded = &fixture("describe-services")["services"][3];
    assert_eq!(recorded["serviceName"], "beacon");
    for service in [&shown, recorded] {
        assert!(service.get("deployments").is_none(), "{service}");
        assert!(service["taskDefinition"].is_string(), "{service}");
    }
    let sets = |service: &Value| service["taskSets"][0].clone();
    // Those of the launch type are not the task set's own.
    let of_place = [
        "launchType",
        "platformVersion",
        "platformFamily",
        "networkConfiguration",
    ];
    let of_traffic = ["loadBalancers", "serviceRegistries"];
    let wanted = common([sets(recorded)].iter());
    let wanted = wanted
        .into_iter()
        .filter(|member| !of_place.contains(&&**member) && !of_traffic.contains(&&**member))
        .collect();
    assert_eq!(missing(&wanted, &sets(&shown)), Vec::<String>::new());
}
