//! Services with an external deploy (CodeDeploy or another controller): prepared, and deployed by their owner.

use firelens_aws::record::Purpose;
use firelens_plan::Decision;
use serde_json::json;

use crate::build::{base, policy};
use crate::world::World;

const SERVICE: &str = "s0";

fn fleet(controller: &'static str) -> World {
    let mut world = World::fleet(2);
    world.services.get_mut(SERVICE).unwrap().controller = controller;
    world.policies.push(policy(
        "all",
        &json!({"rollout": {"maxConcurrent": 1, "canary": {"count": 0}}}),
    ));
    world
}

/// The revision that the owner is asked to deploy.
fn asked(world: &World) -> (String, Purpose) {
    match world.decision(SERVICE) {
        Decision::DeployManually(shipment) => (shipment.revision, shipment.purpose),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_owner_deploys_and_reverts_a_prepared_revision() {
    for controller in ["CODE_DEPLOY", "EXTERNAL"] {
        let mut world = fleet(controller);
        let original = world.services[SERVICE].revision.clone();
        world.settle();
        assert!(world.is_injected("s1"), "others do not wait for it");
        assert_eq!(world.updates, ["s1"], "UpdateService is never called");
        assert_eq!(world.services[SERVICE].revision, original);
        let (prepared, purpose) = asked(&world);
        assert_eq!(purpose, Purpose::Inject);
        assert_eq!(world.registered, 2);
        assert_eq!(world.role_policies.len(), 2, "what it relies on is there");
        world.advance(7_200);
        world.settle();
        assert_eq!(world.role_policies.len(), 2, "and stays");
        assert_eq!(world.registered, 2);

        world.owner_sets(SERVICE, &prepared);
        world.settle();
        assert_eq!(world.decision(SERVICE), Decision::InSync, "{controller}");

        world.delete_policy(0);
        world.settle();
        assert_eq!(asked(&world), (original.clone(), Purpose::Eject));
        assert!(!world.plan().policies["all"].released, "it still runs ours");
        world.owner_sets(SERVICE, &original);
        world.settle();
        assert!(world.plan().policies["all"].released);
        assert!(world.role_policies.is_empty() && world.objects.is_empty());
        assert!(world.updates.iter().all(|service| service == "s1"));
    }
}

#[test]
fn a_prepared_revision_never_deployed_is_not_reported_as_removed() {
    let mut world = fleet("CODE_DEPLOY");
    world.settle();
    let (_, purpose) = asked(&world);
    assert_eq!(purpose, Purpose::Inject);
    world.delete_policy(0);
    world.settle();
    assert_eq!(world.decision(SERVICE), Decision::NotSelected);
    assert_eq!(world.decision("s1"), Decision::Ejected);
}

#[test]
fn a_new_owner_revision_is_prepared_again_and_never_overridden() {
    let mut world = fleet("CODE_DEPLOY");
    world.settle();
    let (first, _) = asked(&world);
    world.owner_deploys(SERVICE, &base(SERVICE, "app:2"));
    world.settle();
    let (second, _) = asked(&world);
    assert_ne!(first, second);
    assert!(world.revisions[&second].contains("app:2"));
    for _ in 0..6 {
        world.owner_sets(SERVICE, &second);
        world.settle();
        world.advance(60);
        world.owner_deploys(SERVICE, &base(SERVICE, "app:2"));
        world.settle();
    }
    asked(&world);
    assert!(!world.updates.contains(&SERVICE.to_owned()));
}

#[test]
fn what_was_prepared_and_never_shipped_goes_with_the_policy() {
    let mut world = fleet("EXTERNAL");
    world.settle();
    asked(&world);
    world.delete_policy(0);
    world.settle();
    assert!(world.plan().policies["all"].released);
    assert!(world.role_policies.is_empty() && world.objects.is_empty());
}

#[test]
fn an_owners_changed_copy_is_restored_as_its_own_revision() {
    let mut world = fleet("CODE_DEPLOY");
    world.settle();
    let (prepared, _) = asked(&world);
    world.owner_sets(SERVICE, &prepared);
    let mut copy: serde_json::Value =
        serde_json::from_str(&world.live(SERVICE).to_register_input()).unwrap();
    copy["containerDefinitions"][0]["image"] = json!("app:2");
    world.owner_deploys(SERVICE, &copy);
    world.settle();
    assert_eq!(world.decision(SERVICE), Decision::InSync);
    world.delete_policy(0);
    world.settle();
    let (back, purpose) = asked(&world);
    assert_eq!(purpose, Purpose::Eject);
    let text = &world.revisions[&back];
    assert!(text.contains("app:2") && !text.contains("firelensConfiguration"));
}
