//! No target requests an immediate next pass, pass after pass, without having changed anything.

use std::collections::BTreeMap;

use firelens_aws::record::{
    AttemptEnd, FailedAttempt, FailureReason, Purpose, RolloutRecord, WorkloadKey, WorkloadRecord,
};
use firelens_plan::{Decision, Plan, Step};
use firelens_types::v1alpha1::Mode;
use proptest::prelude::*;
use serde_json::json;

use crate::build::{base, policy};
use crate::world::World;

const SERVICES: usize = 3;
/// Passes that come sooner than this are immediate, in seconds.
const AT_ONCE_SECONDS: i64 = 5;

/// Events in a fleet between two passes.
#[derive(Clone, Debug)]
enum Event {
    Pass,
    Wait(i64),
    Complete,
    OwnerDeploys(usize),
    OwnerSetsFirst(usize),
    RollBack(usize),
    /// AWS denies what the next pass would do with the service.
    Deny(usize),
    /// ECS refuses it with a message that may pass.
    Doubt(usize),
    OptOut(usize),
    Silent(usize),
    LoseRole(usize),
    LoseRecords,
    Suspend(bool),
    Audit(bool),
    NewGeneration,
    Delete,
}

fn event() -> impl Strategy<Value = Event> {
    let service = 0..SERVICES;
    prop_oneof![
        6 => Just(Event::Pass),
        3 => prop_oneof![Just(1), Just(20), Just(61), Just(300), Just(3_600)].prop_map(Event::Wait),
        3 => Just(Event::Complete),
        2 => service.clone().prop_map(Event::OwnerDeploys),
        1 => service.clone().prop_map(Event::OwnerSetsFirst),
        1 => service.clone().prop_map(Event::RollBack),
        3 => service.clone().prop_map(Event::Deny),
        3 => service.clone().prop_map(Event::Doubt),
        1 => service.clone().prop_map(Event::OptOut),
        1 => service.clone().prop_map(Event::Silent),
        1 => service.prop_map(Event::LoseRole),
        1 => Just(Event::LoseRecords),
        1 => any::<bool>().prop_map(Event::Suspend),
        1 => any::<bool>().prop_map(Event::Audit),
        1 => Just(Event::NewGeneration),
        1 => Just(Event::Delete),
    ]
}

/// Records that AWS refused a change, as the controller does.
fn refuse(world: &mut World, service: &str, end: AttemptEnd) {
    let made = world.plan();
    let Some(planned) = made.workloads.get(&World::key(service)) else {
        return;
    };
    let update = planned.steps.iter().find_map(|step| match step {
        Step::Update(update) => Some(update),
        Step::Register(_) => None,
    });
    let Some(update) = update else { return };
    let mut record = planned.record.clone();
    let (reason, seconds) = match end {
        AttemptEnd::Doubted => (FailureReason::RequestRefused, 15),
        AttemptEnd::Refused | AttemptEnd::Brought => (FailureReason::AccessDenied, 300),
    };
    if end != AttemptEnd::Doubted {
        record.admitted = None;
    }
    record.failed = Some(FailedAttempt {
        purpose: update.purpose,
        task_definition: String::new(),
        hash: update.hash.clone(),
        policy: update.policy.clone(),
        reason,
        message: String::new(),
        at: world.now,
        retry_at: Some(world.now + jiff::SignedDuration::from_secs(seconds)),
        tries: 1,
        put_back: None,
        end,
    });
    world.records.insert(World::key(service), record);
}

fn happen(world: &mut World, event: &Event) {
    let name = |index: &usize| format!("s{index}");
    match event {
        Event::Pass => drop(world.pass()),
        Event::Wait(seconds) => world.advance(*seconds),
        Event::Complete => world.deployments_complete(),
        Event::OwnerDeploys(index) => {
            let image = format!("app:{}", world.revisions.len());
            world.owner_deploys(&name(index), &base(&name(index), &image));
        }
        Event::OwnerSetsFirst(index) => {
            let service = name(index);
            let family = world.services[&service].revision.rsplit_once(':');
            let first = format!("{}:1", family.unwrap().0);
            world.owner_sets(&service, &first);
        }
        Event::RollBack(index) => {
            let record = world.records.get(&World::key(&name(index)));
            let is_ours = record.and_then(|record| record.deployment.as_ref());
            if is_ours
                .is_some_and(|ours| ours.task_definition == world.services[&name(index)].revision)
            {
                world.roll_back(&name(index));
            }
        }
        Event::Deny(index) => refuse(world, &name(index), AttemptEnd::Refused),
        Event::Doubt(index) => refuse(world, &name(index), AttemptEnd::Doubted),
        Event::OptOut(index) => {
            let service = world.services.get_mut(&name(index)).unwrap();
            service.tags = json!([{"key": "firelens.dev/inject", "value": "disabled"}]);
        }
        Event::Silent(index) => {
            if !world.silent.remove(&name(index)) {
                world.silent.insert(name(index));
            }
        }
        Event::LoseRole(index) => {
            let lost = format!("task-{}", name(index));
            world.roles.retain(|role| *role != lost);
        }
        Event::LoseRecords => world.records.clear(),
        of_the_policy => edit(world, of_the_policy),
    }
}

/// Edits of the policy, as long as there is one.
fn edit(world: &mut World, event: &Event) {
    let Some(policy) = world.policies.first_mut() else {
        return;
    };
    match event {
        Event::Suspend(suspended) => policy.spec.suspend = *suspended,
        Event::Audit(true) => policy.spec.mode = Mode::Audit,
        Event::Audit(false) => policy.spec.mode = Mode::Enforce,
        Event::NewGeneration => policy.metadata.generation = Some(policy.generation() + 1),
        Event::Delete if !policy.is_deleting() => world.delete_policy(0),
        Event::Delete => {}
        other => unreachable!("{other:?} is not of the policy"),
    }
}

type Memory = (
    BTreeMap<WorkloadKey, WorkloadRecord>,
    BTreeMap<String, RolloutRecord>,
);

/// The state that the next pass starts from.
fn memory(world: &World) -> Memory {
    (world.records.clone(), world.rollouts.clone())
}

/// Whether a pass did nothing to AWS.
fn did_nothing(made: &Plan) -> bool {
    made.removals.is_empty()
        && made
            .workloads
            .values()
            .all(|workload| workload.steps.is_empty())
        && !made.resources.values().any(|write| write.unconditional)
}

/// Runs passes at the times they request: none of them requests an immediate one twice without having changed
/// anything.
fn assert_restful(world: &mut World) {
    let mut was_restless = false;
    for _ in 0..8 {
        let before = memory(world);
        let began = world.now;
        let made = world.pass();
        let Some(at) = made.requeue_at else { return };
        assert!(at > began, "asked for a time that is over: {at}");
        let is_restless = at.duration_since(began).as_secs() < AT_ONCE_SECONDS
            && did_nothing(&made)
            && memory(world) == before;
        let waiting: Vec<&Decision> = made
            .workloads
            .values()
            .map(|workload| &workload.decision)
            .collect();
        assert!(!(is_restless && was_restless), "again at once: {waiting:?}");
        was_restless = is_restless;
        world.now = at.max(world.now);
    }
}

fn fleet() -> World {
    let mut world = World::fleet(SERVICES);
    let rollout = json!({"canary": {"count": 0}, "maxConcurrent": 2, "failureThreshold": 3});
    world
        .policies
        .push(policy("all", &json!({"rollout": rollout})));
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_state_asks_at_once_twice_without_having_changed(
        events in prop::collection::vec(event(), 1..25),
    ) {
        let mut world = fleet();
        for event in &events {
            happen(&mut world, event);
        }
        assert_restful(&mut world);
    }
}

#[test]
fn a_denied_removal_is_forgotten_once_owners_remove_the_router() {
    let mut world = fleet();
    world.settle();
    world.delete_policy(0);
    refuse(&mut world, "s0", AttemptEnd::Refused);
    let record = &world.records[&World::key("s0")];
    let failed = record.failed.as_ref().unwrap();
    assert_eq!(failed.purpose, Purpose::Eject);
    world.owner_deploys("s0", &base("s0", "app:2"));
    world.advance(3_600);
    world.pass();
    assert!(world.records[&World::key("s0")].failed.is_none());
    assert_eq!(world.decision("s0"), Decision::Ejected);
    world.deployments_complete();
    world.settle();
    assert!(world.plan().policies["all"].released);
}
