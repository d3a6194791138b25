//! Images of the application by tag: what a deployment of ours may change beside the router.

use firelens_core::inject::{Note, Reason};
use firelens_core::plan::Decision;
use serde_json::json;

use crate::build::{base, policy};
use crate::world::World;

const PINNED: &str = "app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn world(image: &str, moving_tags: &str) -> World {
    let mut world = World::fleet(1);
    world.owner_deploys("s0", &base("s0", image));
    let rollout = json!({"canary": {"count": 0}, "movingTags": moving_tags});
    world
        .policies
        .push(policy("all", &json!({"rollout": rollout})));
    world
}

fn notes(world: &World) -> Vec<Note> {
    let plan = world.plan();
    let notes = &plan.workloads[&World::key("s0")].notes;
    let ours = notes
        .iter()
        .filter(|note| note.code.to_string() == "MovingTag");
    ours.cloned().collect()
}

#[test]
fn containers_with_tags_are_named_while_a_change_is_about_to_happen() {
    let mut world = world("app:1", "Warn");
    let found = notes(&world);
    assert!(found[0].message.contains("app (app:1)"), "{found:?}");
    assert!(!found[0].message.contains("log_router"));
    world.settle();
    assert!(world.is_injected("s0"));
    assert_eq!(notes(&world), [], "nothing is about to happen");
    world.delete_policy(0);
    let found = notes(&world);
    assert!(found[0].message.contains("app (app:1)"), "{found:?}");
    assert!(!found[0].message.contains("log_router"), "{found:?}");
}

#[test]
fn digests_are_no_risk_and_allow_says_nothing() {
    assert_eq!(notes(&world(PINNED, "Warn")), []);
    assert_eq!(notes(&world("app:1", "Allow")), []);
}

#[test]
fn refuse_neither_brings_the_router_nor_takes_it_out_where_a_tag_may_have_moved() {
    let mut refused = world("app:1", "Refuse");
    refused.settle();
    let Decision::Refused(refusal) = refused.decision("s0") else {
        panic!("{:?}", refused.decision("s0"));
    };
    assert_eq!(refusal.reason, Reason::MovingTag);
    assert_eq!((refused.registered, refused.updates.len()), (0, 0));

    let mut pinned = world(PINNED, "Refuse");
    pinned.settle();
    assert!(pinned.is_injected("s0"));

    let mut leaves = world("app:1", "Warn");
    leaves.settle();
    let rollout = json!({"canary": {"count": 0}, "movingTags": "Refuse"});
    leaves.policies[0] = policy("all", &json!({"rollout": rollout}));
    leaves.policies[0].metadata.generation = Some(2);
    assert_eq!(leaves.decision("s0"), Decision::InSync, "nothing changes");
    leaves.delete_policy(0);
    leaves.settle();
    assert!(leaves.is_injected("s0"));
}
