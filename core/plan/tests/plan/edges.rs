//! Edge cases of services, roles and rollouts.

use firelens_aws::observe::ServiceView;
use firelens_inject::Reason;
use firelens_plan::select::launch_type;
use firelens_plan::{Decision, Wait};
use firelens_types::v1alpha1::LaunchType;
use serde_json::{Value, json};

use crate::build::{REGION, base, policy};
use crate::world::World;

#[test]
fn launch_type_follows_service_and_capacity_providers() {
    let service = |extra: Value| {
        let mut raw = json!({
            "serviceArn": "arn:aws:ecs:us-east-1:111122223333:service/main/s0", "serviceName": "s0",
            "clusterArn": "arn:aws:ecs:us-east-1:111122223333:cluster/main", "status": "ACTIVE",
            "taskDefinition": "arn:aws:ecs:us-east-1:111122223333:task-definition/s0:1",
        });
        for (name, value) in extra.as_object().unwrap() {
            raw[name] = value.clone();
        }
        launch_type(&ServiceView::parse(&raw.to_string()).unwrap())
    };
    let providers =
        |name: &str| json!({"capacityProviderStrategy": [{"capacityProvider": name, "weight": 1}]});
    assert_eq!(service(providers("FARGATE_SPOT")), LaunchType::Fargate);
    assert_eq!(service(providers("own-group")), LaunchType::Ec2);
    assert_eq!(
        service(json!({"platformFamily": "LINUX"})),
        LaunchType::Fargate
    );
    assert_eq!(
        service(json!({"launchType": "EXTERNAL"})),
        LaunchType::External
    );
    assert_eq!(service(json!({})), LaunchType::Ec2);
}

#[test]
fn a_failed_deployment_of_the_owner_is_left_alone() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.services.get_mut("s0").unwrap().rollout_state = "FAILED";
    world.pass();
    assert_eq!(
        world.decision("s0"),
        Decision::Waiting(Wait::ForeignDeployment)
    );
    assert!(world.updates.is_empty() && world.registered == 0);
    world.deployments_complete();
    world.settle();
    assert_eq!(world.injected(), 1);
}

#[test]
fn a_service_on_an_inactive_revision_is_injected_from_it() {
    let mut world = World::fleet(1);
    let arn = world.services["s0"].revision.clone();
    let inactive = world.revisions[&arn].replace("\"ACTIVE\"", "\"INACTIVE\"");
    world.revisions.insert(arn, inactive);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    assert!(world.is_injected("s0"));
    world.delete_policy(0);
    world.settle();
    assert!(!world.is_injected("s0"));
}

#[test]
fn services_of_one_family_are_judged_one_by_one() {
    let mut world = World::fleet(2);
    let shared = world.services["s0"].revision.clone();
    world.services.get_mut("s1").unwrap().revision = shared.clone();
    let only = json!({"selector": {"services": ["s0"]}, "iam": {"allowSharedRoles": true}});
    world.policies.push(policy("one", &only));
    world.settle();
    assert!(world.is_injected("s0") && !world.is_injected("s1"));
    assert_eq!(world.services["s1"].revision, shared);

    world.policies[0] = policy("one", &json!({"iam": {"allowSharedRoles": true}}));
    world.policies[0].metadata.generation = Some(2);
    world.settle();
    assert!(world.is_injected("s0") && world.is_injected("s1"));
    world.delete_policy(0);
    world.settle();
    for service in ["s0", "s1"] {
        assert_eq!(world.services[service].revision, shared, "{service}");
    }
}

#[test]
fn too_long_role_policy_is_refused_before_any_write() {
    let mut world = World::fleet(1);
    let resources: Vec<String> = (0..64)
        .map(|index| {
            format!(
                "arn:aws:sns:{REGION}:111122223333:{}-{index}",
                "t".repeat(160)
            )
        })
        .collect();
    let custom = json!({
        "plugin": "stdout",
        "awsPermissions": [{"actions": ["sns:Publish"], "resources": resources}]
    });
    let outputs = json!({"outputs": [{"name": "main", "destination": {"custom": custom}}]});
    world.policies.push(policy("all", &outputs));
    world.settle();
    match world.decision("s0") {
        Decision::Refused(refusal) => assert_eq!(refusal.reason, Reason::RolePolicyTooLong),
        other => panic!("{other:?}"),
    }
    assert!(world.role_policies.is_empty() && world.registered == 0);
}

#[test]
fn objects_of_older_revisions_stay_until_their_policy_goes() {
    let two = |stream: &str| {
        let output = |name: &str| json!({"name": name, "destination": {"firehose": {"deliveryStream": format!("{stream}-{name}"), "region": REGION}}});
        json!({"outputs": [output("one"), output("two")]})
    };
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &two("a")));
    world.settle();
    let first: Vec<_> = world.objects.keys().cloned().collect();
    assert_eq!(first.len(), 1);
    world.policies[0] = policy("all", &two("b"));
    world.policies[0].metadata.generation = Some(2);
    world.settle();
    assert!(world.is_injected("s0"));
    assert!(
        world.objects.contains_key(&first[0]) && world.objects.len() == 2,
        "a rollback may bring the revision back that names it"
    );
    world.delete_policy(0);
    world.settle();
    assert!(world.objects.is_empty() && !world.is_injected("s0"));
}

#[test]
fn owner_deploys_without_router_are_injected_every_time() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &json!({})));
    world.settle();
    for round in 2..5 {
        world.owner_deploys("s0", &base("s0", &format!("app:{round}")));
        world.settle();
        assert!(world.is_injected("s0"), "round {round}");
        assert_eq!(world.registered, round);
    }
}
