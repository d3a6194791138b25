//! Routers of this installation, of another, or of a policy that nobody knows any more.

use firelens_plan::{Decision, Plan};
use firelens_report::status::decision_reason;
use serde_json::{Value, json};

use crate::build::{base, policy};
use crate::world::World;

/// Larger than the number that is looked for in one pass.
const FLEET: usize = 120;

/// Two outputs: the router needs a file, and the role rights.
fn outputs() -> Value {
    let output = |name: &str| json!({"name": name, "destination": {"firehose": {"deliveryStream": name, "region": "us-east-1"}}});
    json!({"outputs": [output("one"), output("two")], "rollout": {"canary": {"count": 0}, "maxConcurrent": 200}})
}

fn injected(services: usize) -> World {
    let mut world = World::fleet(services);
    world.policies.push(policy("all", &outputs()));
    world.settle();
    assert_eq!(world.injected(), services);
    world
}

/// The parts of a world that a pass could have changed.
fn written(world: &World) -> Value {
    json!([
        world.registered,
        world.updates,
        format!("{:?}", world.role_policies),
        format!("{:?}", world.objects),
    ])
}

/// Removes the label of the installation from every revision: an older version made them.
fn forget_installation(world: &mut World) {
    for text in world.revisions.values_mut() {
        *text = text.replace("\"firelens.dev/installation\":\"here\",", "");
        assert!(!text.contains("firelens.dev/installation"));
    }
}

#[test]
fn a_lost_database_and_the_same_policies_change_no_service() {
    for has_label in [true, false] {
        let mut world = injected(6);
        if !has_label {
            forget_installation(&mut world);
        }
        let (before, rows) = (written(&world), world.resources.len());
        world.lose_database();
        world.settle();
        assert_eq!(written(&world), before, "label: {has_label}");
        let plan = world.plan();
        let in_sync = plan.workloads.values();
        let in_sync = in_sync.filter(|workload| workload.decision == Decision::InSync);
        assert_eq!(in_sync.count(), 6);
        assert_eq!(world.resources.len(), rows, "the rows are there again");
        world.delete_policy(0);
        world.settle();
        assert_eq!(world.injected(), 0);
        assert!(world.role_policies.is_empty() && world.objects.is_empty());
    }
}

#[test]
fn recreated_policy_adopts_resources_of_its_predecessor() {
    let mut world = injected(3);
    let before = written(&world);
    world.policies[0].metadata.uid = Some("another".to_owned());
    world.settle();
    assert_eq!(written(&world), before);
    let uids = world.resources.values().map(|row| row.policy.uid.as_str());
    assert!(uids.clone().count() > 3 && uids.clone().all(|uid| uid == "another"));
    world.delete_policy(0);
    world.settle();
    assert!(world.role_policies.is_empty() && world.objects.is_empty());
    assert!(world.resources.is_empty());
}

#[test]
fn router_with_no_applied_policy_is_reported_as_orphaned() {
    let mut world = injected(FLEET);
    let policies = std::mem::take(&mut world.policies);
    world.lose_database();
    let before = written(&world);
    let orphaned = |plan: &Plan| {
        let workloads = plan.workloads.values();
        workloads
            .filter(|workload| workload.decision == Decision::Orphaned("all".to_owned()))
            .count()
    };
    assert_eq!(orphaned(&world.pass()), 100, "so many in one pass");
    world.advance(300);
    let plan = world.pass();
    assert_eq!(orphaned(&plan), FLEET, "and the others a resync later");
    let workload = &plan.workloads[&World::key("s0")];
    let (reason, message) = decision_reason(&workload.decision, &workload.record);
    assert_eq!(reason.to_string(), "PolicyUnknown");
    assert!(message.contains("policy all"), "{message}");
    world.policies = policies;
    world.lose_database();
    world.settle();
    assert_eq!(written(&world), before);
    assert_eq!(world.decision("s7"), Decision::InSync);
}

#[test]
fn what_another_installation_runs_is_contested_and_never_written() {
    let mut world = injected(2);
    let before = written(&world);
    world.installation = "there";
    world.lose_database();
    world.settle();
    assert_eq!(written(&world), before);
    let plan = world.plan();
    let workload = &plan.workloads[&World::key("s0")];
    let (reason, message) = decision_reason(&workload.decision, &workload.record);
    assert_eq!(reason.to_string(), "Contested");
    for word in [
        "installation here",
        "policy all",
        "selector",
        "FIRELENS_INSTALLATION_ID=here",
    ] {
        assert!(message.contains(word), "{word}: {message}");
    }
    // Neither a narrower selector nor the deletion of the policy takes anything from the other.
    world.policies[0] = policy("all", &json!({"selector": {"services": ["none"]}}));
    world.settle();
    assert_eq!(world.decision("s0"), Decision::NotSelected);
    world.delete_policy(0);
    world.settle();
    assert_eq!(written(&world), before);
    assert!(world.plan().policies["all"].released);
}

#[test]
fn rights_that_another_installations_router_may_need_stay() {
    let mut world = World::fleet(1);
    world.policies.push(policy("all", &outputs()));
    // The rights are written, the service is not moved yet: the other installation is faster.
    world.pass();
    assert!(!world.role_policies.is_empty() && world.updates.is_empty());
    let mut other = World::fleet(1);
    other.installation = "there";
    other.policies.push(policy("all", &outputs()));
    other.settle();
    let theirs = other.revisions[&other.services["s0"].revision].clone();
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    world.owner_deploys("s0", &theirs["taskDefinition"]);
    let before = (world.role_policies.clone(), world.objects.clone());
    world.settle();
    assert!(matches!(world.decision("s0"), Decision::Claimed(_)));
    world.delete_policy(0);
    world.settle();
    assert_eq!((world.role_policies, world.objects), before);
    assert!(world.updates.is_empty());
    assert!(world.resources.is_empty(), "they are forgotten");
}

#[test]
fn router_of_recreated_policy_is_ejected_when_unselected() {
    let mut world = injected(2);
    world.policies[0] = policy("all", &json!({"selector": {"services": ["s1"]}}));
    world.policies[0].spec.outputs = policy("all", &outputs()).spec.outputs;
    world.lose_database();
    // Unselected and unknown: it is looked for first.
    world.pass();
    world.settle();
    assert!(!world.is_injected("s0") && world.is_injected("s1"));
}

#[test]
fn router_of_unknown_installation_and_policy_is_kept() {
    let mut world = injected(1);
    forget_installation(&mut world);
    world.policies[0] = policy("all", &json!({"selector": {"services": ["none"]}}));
    world.lose_database();
    let before = written(&world);
    world.pass();
    world.settle();
    assert_eq!(written(&world), before);
    assert_eq!(world.decision("s0"), Decision::Orphaned("all".to_owned()));
}

#[test]
fn service_released_by_another_installation_is_taken_over() {
    let mut world = injected(1);
    world.installation = "there";
    world.lose_database();
    world.settle();
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.settle();
    assert!(world.is_injected("s0"));
    assert_eq!(world.decision("s0"), Decision::InSync);
}
