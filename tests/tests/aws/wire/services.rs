//! Services and deployments.

use std::time::Duration;

use firelens_tests::fake_aws::{DeploymentEnd, FakeAws};
use serde_json::{Value, json};

use crate::wire::support::{ecs, refused, routed, web, with_service};

const MINUTE: Duration = Duration::from_secs(60);

fn describe(fake: &FakeAws) -> Value {
    let params = json!({"cluster": "main", "services": ["web"]});
    ecs(fake, "DescribeServices", params)["services"][0].clone()
}

fn update(fake: &FakeAws, task_definition: &str) -> Value {
    let params = json!({
        "cluster": "main",
        "service": "web",
        "taskDefinition": task_definition,
    });
    ecs(fake, "UpdateService", params)["service"].clone()
}

/// Revision and rollout state of each deployment.
fn deployments(service: &Value) -> Vec<(String, String)> {
    let list = service["deployments"].as_array().unwrap().iter();
    list.map(|deployment| {
        let arn = deployment["taskDefinition"].as_str().unwrap();
        let name = arn.rsplit('/').next().unwrap();
        let state = deployment["rolloutState"].as_str().unwrap();
        (name.to_owned(), state.to_owned())
    })
    .collect()
}

fn pair(name: &str, state: &str) -> (String, String) {
    (name.to_owned(), state.to_owned())
}

fn deployment_status(fake: &FakeAws) -> String {
    let arn = describe(fake)["currentServiceDeployment"].clone();
    let params = json!({"serviceDeploymentArns": [arn]});
    let answer = ecs(fake, "DescribeServiceDeployments", params);
    answer["serviceDeployments"][0]["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn services_are_listed_ten_per_page_or_up_to_hundred() {
    let fake = with_service();
    let arn = fake.revisions("web")[0].0.clone();
    for i in 0..104 {
        let params = json!({
            "cluster": "main", "serviceName": format!("s{i:03}"), "taskDefinition": arn,
            "launchType": "FARGATE", "networkConfiguration": {},
        });
        ecs(&fake, "CreateService", params);
    }
    let list = |params: Value| {
        let answer = ecs(&fake, "ListServices", params);
        let count = answer["serviceArns"].as_array().unwrap().len();
        (count, answer["nextToken"].clone())
    };
    assert_eq!(list(json!({"cluster": "main"})).0, 10);
    let (count, token) = list(json!({"cluster": "main", "maxResults": 100}));
    assert_eq!(count, 100);
    let (count, token) = list(json!({"cluster": "main", "maxResults": 100, "nextToken": token}));
    assert_eq!((count, token), (5, Value::Null));
    assert_eq!(list(json!({"cluster": "main", "launchType": "EC2"})).0, 0);
    let (code, _) = refused(
        &fake,
        "ListServices",
        json!({"cluster": "main", "maxResults": 101}),
    );
    assert_eq!(code, "InvalidParameterException");
    let (code, _) = refused(&fake, "ListServices", json!({"cluster": "none"}));
    assert_eq!(code, "ClusterNotFoundException");
}

#[test]
fn at_most_ten_services_are_described_with_tags_if_requested() {
    let fake = with_service();
    let names: Vec<String> = (0..11).map(|i| i.to_string()).collect();
    let (code, _) = refused(
        &fake,
        "DescribeServices",
        json!({"cluster": "main", "services": names}),
    );
    assert_eq!(code, "InvalidParameterException");
    assert!(describe(&fake).get("tags").is_none());
    let answer = ecs(
        &fake,
        "DescribeServices",
        json!({"cluster": "main", "services": ["web", "none"], "include": ["TAGS"]}),
    );
    assert_eq!(answer["services"][0]["tags"], json!([]));
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_new_revision_is_deployed_as_the_clock_is_driven() {
    let fake = with_service();
    fake.register(routed("web")).unwrap();
    let service = update(&fake, "web:2");
    assert_eq!(
        deployments(&service),
        [pair("web:2", "IN_PROGRESS"), pair("web:1", "COMPLETED")]
    );
    fake.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(deployments(&describe(&fake)).len(), 2);
    assert_eq!(deployment_status(&fake), "IN_PROGRESS");
    fake.advance(Duration::from_millis(1));
    assert_eq!(deployments(&describe(&fake)), [pair("web:2", "COMPLETED")]);
    assert_eq!(deployment_status(&fake), "SUCCESSFUL");
}

#[test]
fn the_same_revision_starts_nothing_unless_forced() {
    let fake = with_service();
    let before = describe(&fake)["deployments"][0]["id"].clone();
    let service = update(&fake, "web:1");
    assert_eq!(service["deployments"][0]["id"], before);
    let params = json!({"cluster": "main", "service": "web", "desiredCount": 3});
    let service = ecs(&fake, "UpdateService", params)["service"].clone();
    assert_eq!(service["deployments"][0]["id"], before);
    assert_eq!(service["desiredCount"], 3);
    let params = json!({"cluster": "main", "service": "web", "forceNewDeployment": true});
    let service = ecs(&fake, "UpdateService", params)["service"].clone();
    assert_ne!(service["deployments"][0]["id"], before);
    assert_eq!(service["desiredCount"], 3);
}

#[test]
fn a_second_update_supersedes_the_deployment_that_runs() {
    let fake = with_service();
    fake.register(routed("web")).unwrap();
    fake.register(web("web")).unwrap();
    update(&fake, "web:2");
    update(&fake, "web:3");
    fake.advance(MINUTE);
    assert_eq!(deployments(&describe(&fake)), [pair("web:3", "COMPLETED")]);
    let params = json!({"cluster": "main", "service": "web", "status": ["STOPPED"]});
    let stopped = ecs(&fake, "ListServiceDeployments", params);
    assert_eq!(stopped["serviceDeployments"].as_array().unwrap().len(), 1);
}

#[test]
fn a_scripted_failure_stays_and_a_scripted_rollback_goes_back() {
    let fake = with_service();
    fake.register(routed("web")).unwrap();
    fake.script_deployments(
        "main",
        "web",
        &[DeploymentEnd::Fails, DeploymentEnd::RollsBack],
    );
    update(&fake, "web:2");
    fake.advance(MINUTE);
    let service = describe(&fake);
    assert_eq!(deployments(&service)[0], pair("web:2", "FAILED"));
    assert_eq!(deployment_status(&fake), "STOPPED");
    let params = json!({"cluster": "main", "service": "web", "forceNewDeployment": true});
    ecs(&fake, "UpdateService", params);
    fake.advance(MINUTE);
    let service = describe(&fake);
    assert_eq!(deployments(&service)[0], pair("web:1", "IN_PROGRESS"));
    assert_eq!(deployments(&service)[1], pair("web:2", "FAILED"));
    assert_eq!(deployment_status(&fake), "ROLLBACK_IN_PROGRESS");
    fake.advance(MINUTE);
    let service = describe(&fake);
    assert_eq!(deployments(&service), [pair("web:1", "COMPLETED")]);
    assert!(
        service["taskDefinition"]
            .as_str()
            .unwrap()
            .ends_with("web:1")
    );
    assert_eq!(deployment_status(&fake), "ROLLBACK_SUCCESSFUL");
}

#[test]
fn an_inactive_or_unfit_revision_is_refused() {
    let fake = with_service();
    fake.register(web("web")).unwrap();
    fake.ecs(
        "DeregisterTaskDefinition",
        json!({"taskDefinition": "web:2"}),
    )
    .unwrap();
    let ask = |task_definition: &str| {
        let params = json!({
            "cluster": "main", "service": "web", "taskDefinition": task_definition,
        });
        refused(&fake, "UpdateService", params)
    };
    assert_eq!(ask("web:2").1, "TaskDefinition is inactive");
    assert_eq!(ask("web:9").1, "TaskDefinition not found.");
    fake.register(json!({
        "family": "ec2",
        "containerDefinitions": [{"name": "a", "image": "a", "memory": 64}],
    }))
    .unwrap();
    assert!(ask("ec2:1").1.contains("does not support launch_type"));
    let (code, _) = refused(
        &fake,
        "UpdateService",
        json!({"cluster": "main", "service": "none"}),
    );
    assert_eq!(code, "ServiceNotFoundException");
}

#[test]
fn foreign_deployment_controllers_take_no_task_definition() {
    for controller in ["CODE_DEPLOY", "EXTERNAL"] {
        let fake = with_service();
        let extra = json!({
            "launchType": "FARGATE", "deploymentController": {"type": controller},
        });
        fake.add_service("main", "foreign", "web:1", extra).unwrap();
        let params = json!({"cluster": "main", "service": "foreign", "taskDefinition": "web:1"});
        let (code, message) = refused(&fake, "UpdateService", params);
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains(controller));
        let params = json!({"cluster": "main", "service": "foreign", "desiredCount": 2});
        ecs(&fake, "UpdateService", params);
    }
}

#[test]
fn a_deleted_service_drains_and_is_then_inactive() {
    let fake = with_service();
    let params = json!({"cluster": "main", "service": "web"});
    refused(&fake, "DeleteService", params);
    let params = json!({"cluster": "main", "service": "web", "force": true});
    ecs(&fake, "DeleteService", params);
    assert_eq!(describe(&fake)["status"], "DRAINING");
    let params = json!({"cluster": "main", "service": "web", "desiredCount": 1});
    assert_eq!(
        refused(&fake, "UpdateService", params).0,
        "ServiceNotActiveException"
    );
    fake.advance(MINUTE);
    assert_eq!(describe(&fake)["status"], "INACTIVE");
    let listed = ecs(&fake, "ListServices", json!({"cluster": "main"}));
    assert_eq!(listed["serviceArns"], json!([]));
}
