//! Others deploy over the router: the operator injects it again, and a contest is stopped.

use firelens_aws::record::Purpose;
use firelens_plan::{
    CONTEST_SECONDS, Decision, REVERT_LIMIT, REVERT_WINDOW_SECONDS, REVERTS_KEPT_MAX,
};
use firelens_types::v1alpha1::{DriftClass, RolloutControl, RolloutRetry};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::build::{base, policy};
use crate::world::World;

const SERVICE: &str = "s0";
const TERRAFORM: &str = "arn:aws:sts::111122223333:assumed-role/ci/terraform";

/// One service with the router, and the revision that its owner had.
fn routed() -> (World, String) {
    let mut world = World::fleet(1);
    world.registrar = TERRAFORM;
    let original = world.owner_deploys(SERVICE, &base(SERVICE, "app:1"));
    world.policies.push(policy("all", &json!({})));
    world.settle();
    assert!(world.is_injected(SERVICE));
    (world, original)
}

/// The owner deploys the same revision again, `pause` seconds after the one before.
fn fight(world: &mut World, original: &str, rounds: usize, pause_seconds: i64) {
    for _ in 0..rounds {
        world.advance(pause_seconds);
        world.owner_sets(SERVICE, original);
        world.settle();
    }
}

fn contested(world: &World) -> bool {
    matches!(world.decision(SERVICE), Decision::Contested(_))
}

#[test]
fn repeated_revert_to_same_revision_is_contested_after_three_updates() {
    let (mut world, original) = routed();
    fight(&mut world, &original, REVERT_LIMIT - 1, 3_600);
    assert!(world.is_injected(SERVICE) && !contested(&world));
    fight(&mut world, &original, 20, 60);
    assert!(contested(&world));
    assert_eq!(world.services[SERVICE].revision, original, "theirs is left");
    assert_eq!(world.updates.len(), REVERT_LIMIT);
    assert_eq!(world.registered, 1);

    let Decision::Contested(contest) = world.decision(SERVICE) else {
        panic!("contested");
    };
    let message = contest.message();
    for part in [
        original.as_str(),
        TERRAFORM,
        "Terraform",
        "ignore_changes = [task_definition]",
        "firelens.dev/inject=disabled",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn repeated_revert_under_new_revision_numbers_is_contested() {
    let (mut world, _) = routed();
    for _ in 0..6 {
        world.advance(600);
        world.owner_deploys(SERVICE, &base(SERVICE, "app:1"));
        world.settle();
    }
    assert!(contested(&world));
    assert_eq!(world.updates.len(), REVERT_LIMIT);
}

#[test]
fn owner_deploying_new_images_every_minute_is_always_followed() {
    let (mut world, _) = routed();
    for round in 0..100 {
        world.advance(60);
        world.owner_deploys(SERVICE, &base(SERVICE, &format!("app:build-{round}")));
        world.settle();
        assert!(world.is_injected(SERVICE), "round {round}");
        let live = world.live(SERVICE).to_register_input();
        assert!(
            live.contains(&format!("app:build-{round}\"")),
            "theirs is kept"
        );
    }
    let record = &world.records[&World::key(SERVICE)];
    assert!(record.reverts.len() <= REVERTS_KEPT_MAX);
}

#[test]
fn a_deployment_every_night_is_followed_and_not_contested() {
    let (mut world, original) = routed();
    fight(&mut world, &original, 10, CONTEST_SECONDS);
    assert!(world.is_injected(SERVICE));
    fight(&mut world, &original, 6, REVERT_WINDOW_SECONDS + 1);
    assert!(world.is_injected(SERVICE));
}

#[test]
fn a_copy_of_ours_takes_nothing_away() {
    let (mut world, _) = routed();
    for round in 0..6 {
        let mut copy: Value =
            serde_json::from_str(&world.live(SERVICE).to_register_input()).unwrap();
        copy["containerDefinitions"][0]["image"] = json!(format!("app:{}", round % 2));
        world.owner_deploys(SERVICE, &copy);
        world.settle();
    }
    assert_eq!(world.decision(SERVICE), Decision::InSync);
    assert!(world.records[&World::key(SERVICE)].reverts.is_empty());
    assert_eq!(world.updates.len(), 1);
}

#[test]
fn a_rollback_by_ecs_takes_nothing_away() {
    let mut world = World::fleet(1);
    let original = world.services[SERVICE].revision.clone();
    world.policies.push(policy("all", &json!({})));
    world.pass();
    world.advance(20);
    world.pass();
    assert_eq!(world.deployments(Purpose::Inject), 1);
    world.advance(120);
    let service = world.services.get_mut(SERVICE).unwrap();
    service.failed = Some(service.revision.clone());
    service.revision = original;
    service.rollout_state = "COMPLETED";
    world.settle();
    assert_eq!(world.decision(SERVICE), Decision::Failed);
    assert!(world.records[&World::key(SERVICE)].reverts.is_empty());
    assert!(world.plan().workloads[&World::key(SERVICE)].drift.is_none());
}

#[test]
fn taking_the_router_out_ourselves_takes_nothing_away() {
    let (mut world, original) = routed();
    fight(&mut world, &original, 1, 60);
    world.delete_policy(0);
    world.settle();
    let record = &world.records[&World::key(SERVICE)];
    assert_eq!((record.reverts.len(), record.ran.as_ref()), (0, None));
}

#[test]
fn contest_ends_on_policy_change_retry_new_content_or_day() {
    type End = fn(&mut World);
    let ends: [(&str, End); 4] = [
        ("policy", |world| {
            world.policies[0].metadata.generation = Some(2);
        }),
        ("retry", |world| {
            let control = RolloutControl {
                retry: Some(RolloutRetry {
                    at: world.now,
                    workloads: vec!["prod.main.s0".to_owned()],
                }),
                ..RolloutControl::default()
            };
            world.controls.insert("uid-of-all".to_owned(), control);
        }),
        ("something new", |world| {
            world.owner_deploys(SERVICE, &base(SERVICE, "app:2"));
        }),
        ("a day", |world| world.advance(CONTEST_SECONDS)),
    ];
    for (name, end) in ends {
        let (mut world, original) = routed();
        fight(&mut world, &original, REVERT_LIMIT, 60);
        world.settle();
        assert!(contested(&world), "{name}");
        end(&mut world);
        world.settle();
        assert!(world.is_injected(SERVICE), "{name}");
    }
}

#[test]
fn a_retry_that_means_another_service_ends_no_contest() {
    let (mut world, original) = routed();
    fight(&mut world, &original, REVERT_LIMIT, 60);
    let control = RolloutControl {
        retry: Some(RolloutRetry {
            at: world.now + SignedDuration::from_secs(1),
            workloads: vec!["prod.main.other".to_owned()],
        }),
        ..RolloutControl::default()
    };
    world.controls.insert("uid-of-all".to_owned(), control);
    world.settle();
    assert!(contested(&world));
}

#[test]
fn contested_service_blocks_neither_others_nor_policy_deletion() {
    let (mut world, original) = routed();
    fight(&mut world, &original, REVERT_LIMIT, 60);
    world.owner_deploys("s1", &base("s1", "app:1"));
    world
        .roles
        .extend(["task-s1".to_owned(), "exec-s1".to_owned()]);
    world.settle();
    assert!(contested(&world) && world.is_injected("s1"));
    world.delete_policy(0);
    world.settle();
    assert!(!world.is_injected("s1"));
    assert!(world.plan().policies["all"].released);
    assert!(world.role_policies.is_empty() && world.objects.is_empty());
}

#[test]
fn what_is_taken_away_is_told_path_by_path() {
    let (mut world, _) = routed();
    world.owner_deploys(SERVICE, &base(SERVICE, "app:2"));
    let plan = world.plan();
    let drift = plan.workloads[&World::key(SERVICE)].drift.as_ref().unwrap();
    assert_eq!(drift.revision, world.services[SERVICE].revision);
    assert_eq!(drift.actor.principal.as_deref(), Some(TERRAFORM));
    let of = |class: DriftClass| -> Vec<&str> {
        let paths = drift.paths.iter().filter(|path| path.class == class);
        paths.map(|path| path.path.as_str()).collect()
    };
    assert_eq!(of(DriftClass::Theirs), ["containerDefinitions[app].image"]);
    assert!(of(DriftClass::Ours).contains(&"containerDefinitions[log_router]"));
    world.settle();
    assert!(world.plan().workloads[&World::key(SERVICE)].drift.is_none());
}

#[test]
fn altered_router_in_an_owner_copy_is_corrected() {
    let (mut world, _) = routed();
    let mut copy: Value = serde_json::from_str(&world.live(SERVICE).to_register_input()).unwrap();
    copy["containerDefinitions"][0]["logConfiguration"]["options"]["Name"] = json!("null");
    copy["containerDefinitions"][0]["image"] = json!("app:2");
    world.owner_deploys(SERVICE, &copy);
    let plan = world.plan();
    let drift = plan.workloads[&World::key(SERVICE)].drift.as_ref().unwrap();
    let paths: Vec<String> = drift
        .paths
        .iter()
        .map(|path| format!("{} {}", path.class, path.path))
        .collect();
    assert_eq!(
        paths,
        [
            "Ours containerDefinitions[app].logConfiguration.options.Name",
            "Theirs containerDefinitions[app].image",
        ]
    );
    world.settle();
    let live = world.live(SERVICE).to_register_input();
    assert!(
        live.contains("app:2") && !live.contains("\"null\""),
        "{live}"
    );
    assert!(world.records[&World::key(SERVICE)].reverts.is_empty());
}
