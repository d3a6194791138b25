//! Objects that no revision names any more: kept for as long as something could need them again.

use std::collections::BTreeSet;

use firelens_plan::{OBJECT_GRACE_SECONDS, REMOVALS_PER_PASS};
use serde_json::{Value, json};

use crate::build::{REGION, base, policy};
use crate::world::World;

/// A policy of two outputs, so that the router needs a file; another one for each `stream`.
fn two(stream: &str) -> Value {
    let output = |name: &str| json!({"name": name, "destination": {"firehose": {"deliveryStream": format!("{stream}-{name}"), "region": REGION}}});
    json!({"outputs": [output("one"), output("two")]})
}

fn renew(world: &mut World, stream: &str) {
    let generation = world.policies[0].generation() + 1;
    world.policies[0] = policy("all", &two(stream));
    world.policies[0].metadata.generation = Some(generation);
}

fn fleet(services: usize) -> World {
    let mut world = World::fleet(services);
    world.policies.push(policy("all", &two("a")));
    world
}

/// Keys that the revision names in its text.
fn named(world: &World, arn: &str) -> BTreeSet<String> {
    let text = &world.revisions[arn];
    let keys = text.split("configs/").skip(1);
    keys.map(|rest| rest.split('"').next().unwrap_or_default().to_owned())
        .collect()
}

/// Asserts that every revision that can come into use again names objects that exist.
fn nothing_is_missing(world: &World, moment: &str) {
    let mut reachable: BTreeSet<&String> = world
        .services
        .values()
        .map(|service| &service.revision)
        .collect();
    for record in world.records.values() {
        reachable.extend(record.registered.iter().map(|revision| &revision.arn));
        reachable.extend(record.managed.iter().map(|revision| &revision.arn));
        let deployment = record.deployment.as_ref();
        reachable.extend(
            deployment
                .iter()
                .flat_map(|deployment| [&deployment.previous, &deployment.task_definition]),
        );
    }
    for arn in reachable {
        for key in named(world, arn) {
            let place = ("configs".to_owned(), key);
            assert!(
                world.objects.contains_key(&place),
                "{moment}: {arn} names {place:?}"
            );
        }
    }
}

#[test]
fn reachable_revisions_never_point_at_a_missing_object() {
    let mut world = fleet(3);
    world.settle();
    for (round, stream) in ["b", "c", "a", "d", "e"].into_iter().enumerate() {
        renew(&mut world, stream);
        for step in 0..6 {
            let moment = format!("round {round}, step {step}");
            world.pass();
            nothing_is_missing(&world, &moment);
            match step {
                // A circuit breaker rolls one service back.
                1 if round == 1 => {
                    let previous = world.records[&World::key("s0")].deployment.as_ref();
                    let previous = previous
                        .map(|deployment| deployment.previous.clone())
                        .unwrap();
                    world.services.get_mut("s0").unwrap().revision = previous;
                }
                2 if round == 3 => {
                    world.owner_deploys("s2", &base("s2", "app:2"));
                }
                _ => {}
            }
            nothing_is_missing(&world, &moment);
            world.deployments_complete();
            world.advance(OBJECT_GRACE_SECONDS / 4);
        }
    }
    world.settle();
    world.advance(OBJECT_GRACE_SECONDS);
    world.settle();
    nothing_is_missing(&world, "the end");
    assert_eq!(world.objects.len(), 1, "{:?}", world.objects.keys());
    assert!(world.objects.values().all(|body| body.contains("e-one")));
}

#[test]
fn unused_object_is_deleted_after_grace_unless_reused() {
    let mut world = fleet(1);
    world.settle();
    let first = world.objects.keys().next().unwrap().clone();
    renew(&mut world, "b");
    world.settle();
    let seen = world.pass();
    assert_eq!((world.objects.len(), seen.spare_objects), (2, 1));
    world.advance(OBJECT_GRACE_SECONDS - 60);
    world.pass();
    assert!(world.objects.contains_key(&first), "its time is not up");
    renew(&mut world, "a");
    world.settle();
    world.pass();
    world.advance(OBJECT_GRACE_SECONDS - 120);
    let seen = world.pass();
    assert!(world.objects.contains_key(&first), "it is in use again");
    assert_eq!(
        (world.objects.len(), seen.spare_objects),
        (2, 1),
        "now the other is spare"
    );
    world.advance(120);
    world.pass();
    assert_eq!(world.objects.keys().collect::<Vec<_>>(), [&first]);
}

#[test]
fn an_owner_who_copied_our_revision_keeps_its_object() {
    let mut world = fleet(2);
    world.settle();
    let first = world.objects.keys().next().unwrap().clone();
    // Copied into another family, which no policy selects.
    let live = world.live("s1").to_register_input();
    let mut copied: Value = serde_json::from_str(&live).unwrap();
    copied["family"] = json!("copy");
    world.owner_deploys("s1", &copied);
    let mut only = two("b");
    only["selector"] = json!({"exclude": {"services": ["s1"]}});
    only["deletionPolicy"] = json!("Retain");
    world.policies[0] = policy("all", &only);
    world.policies[0].metadata.generation = Some(2);
    world.settle();
    assert!(
        firelens_inject::marks(&world.live("s1")).is_some(),
        "left as it is"
    );
    for _ in 0..3 {
        world.advance(OBJECT_GRACE_SECONDS);
        world.settle();
    }
    assert!(
        world.objects.contains_key(&first),
        "its tasks read it at each start"
    );
}

#[test]
fn cleanup_waits_for_silent_services_and_pending_work() {
    let mut world = fleet(2);
    world.settle();
    renew(&mut world, "b");
    world.settle();
    world.pass();
    world.advance(OBJECT_GRACE_SECONDS);
    world.silent.insert("s1".into());
    world.pass();
    assert_eq!(world.objects.len(), 2, "what it runs is not known");
    world.silent.clear();
    world.owner_deploys("s0", &base("s0", "app:2"));
    let busy = world.pass();
    assert!(
        busy.workloads
            .values()
            .any(|workload| !workload.steps.is_empty())
    );
    assert_eq!(world.objects.len(), 2, "workloads go first");
    world.settle();
    world.pass();
    assert_eq!(world.objects.len(), 1);
}

#[test]
fn one_pass_removes_a_few_objects_only() {
    let mut world = fleet(1);
    world.settle();
    for round in 0..REMOVALS_PER_PASS + 5 {
        renew(&mut world, &format!("r{round}"));
        world.settle();
    }
    world.pass();
    world.advance(OBJECT_GRACE_SECONDS);
    let before = world.objects.len();
    assert_eq!(before, REMOVALS_PER_PASS + 6);
    world.pass();
    assert_eq!(world.objects.len(), before - REMOVALS_PER_PASS);
    world.settle();
    assert_eq!(world.objects.len(), 1);
}
