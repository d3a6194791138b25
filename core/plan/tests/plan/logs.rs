//! Whether logs arrive: what destinations show, how often they are checked, and what is reported.

use std::collections::BTreeMap;

use firelens_aws::observe::{LogDelivery, LogDeliveryQuestion, LogLocation, Observed};
use firelens_aws::record::LogsSeen;
use firelens_plan::log_delivery::{CHECKS_PER_PASS, GRACE_SECONDS};
use firelens_report::status::{LOGS_FLOWING, StatusContext, find, workload_status};
use serde_json::{Value, json};

use crate::build::{REGION, policy};
use crate::evidence::{task, tasks_of};
use crate::world::World;

fn output(name: &str, destination: &Value) -> Value {
    json!({"name": name, "destination": destination})
}

/// A fleet whose services run our router, each with one task, under a policy with those outputs.
fn fleet(count: usize, outputs: &[Value]) -> World {
    let mut world = World::fleet(count);
    let rollout = json!({"canary": {"count": 0}, "maxConcurrent": 100});
    let spec = json!({"outputs": outputs, "rollout": rollout});
    world.policies.push(policy("all", &spec));
    world.settle();
    assert_eq!(world.injected(), count);
    world.desired_count = 1;
    for (name, service) in &world.services {
        let running = json!({"lastStatus": "RUNNING"});
        let tasks = vec![task(&format!("t-{name}"), &service.revision, running)];
        world
            .evidence
            .tasks
            .insert(tasks_of(name, false), Observed::Present(tasks));
    }
    world
}

fn streams() -> Value {
    output(
        "main",
        &json!({"cloudWatchLogs": {"logGroupName": "/all", "logStreamPrefix": "x-"}}),
    )
}

/// The questions that the next plan asks about destinations.
fn asked(world: &World) -> Vec<LogDeliveryQuestion> {
    world
        .seen()
        .evidence
        .log_deliveries
        .keys()
        .cloned()
        .collect()
}

/// Everything that is requested next gets this answer.
fn answer(world: &mut World, answer: &Observed<LogDelivery>) {
    for question in asked(world) {
        world
            .evidence
            .log_deliveries
            .insert(question, answer.clone());
    }
}

fn seen(world: &World) -> LogsSeen {
    world.records[&World::key("s0")].logs.as_ref().unwrap().seen
}

/// Status, reason and message of the condition.
fn condition(world: &World) -> (String, String, String) {
    let seen = world.seen();
    let input = world.input(&seen);
    let context = StatusContext {
        input: &input,
        outcomes: &BTreeMap::new(),
        now: world.now,
    };
    let key = World::key("s0");
    let plan = world.plan();
    let mut entry = plan.workloads[&key].clone();
    entry.record = world.records[&key].clone();
    let status = workload_status(&context, &key, &entry, None);
    let condition = find(&status.conditions, LOGS_FLOWING).unwrap();
    (
        format!("{:?}", condition.status),
        condition.reason.clone(),
        condition.message.clone(),
    )
}

#[test]
fn log_stream_of_managed_revision_task_is_queried() {
    let world = fleet(1, &[streams()]);
    let questions = asked(&world);
    assert_eq!(questions.len(), 1);
    assert_eq!(questions[0].region, REGION);
    assert_eq!(
        questions[0].place,
        LogLocation::LogStreams {
            group: "/all".into(),
            prefix: "x-app-firelens-t-s0".into()
        }
    );
}

/// The state of the logs of `s0`, now and after the grace, while nothing arrives.
fn said_now_and_later(world: &mut World) -> (LogsSeen, LogsSeen) {
    let nothing = Observed::Present(LogDelivery::Nothing);
    answer(world, &nothing);
    world.pass();
    let now = seen(world);
    world.advance(GRACE_SECONDS + 900);
    answer(world, &nothing);
    world.pass();
    (now, seen(world))
}

#[test]
fn logs_grace_restarts_after_a_lost_database() {
    let mut world = fleet(1, &[streams()]);
    world.advance(86_400);
    world.records.clear();
    let states = said_now_and_later(&mut world);
    assert_eq!(states, (LogsSeen::Waiting, LogsSeen::Silent));
}

#[test]
fn logs_grace_restarts_when_owner_deploys_a_copy() {
    let mut world = fleet(1, &[streams()]);
    world.advance(86_400);
    let live = world.live("s0").to_register_input();
    let copy = live.replace("app:1", "app:2");
    let copied = world.owner_deploys("s0", &serde_json::from_str(&copy).unwrap());
    let running = json!({"lastStatus": "RUNNING"});
    let tasks = vec![task("t-new", &copied, running)];
    let question = tasks_of("s0", false);
    let tasks = Observed::Present(tasks);
    world.evidence.tasks.insert(question, tasks);
    let states = said_now_and_later(&mut world);
    assert_eq!(states, (LogsSeen::Waiting, LogsSeen::Silent));
}

#[test]
fn shared_log_destination_query_is_stable_across_passes() {
    let firehose = output("main", &json!({"firehose": {"deliveryStream": "logs"}}));
    let mut world = fleet(1, &[firehose]);
    let first = asked(&world);
    assert_eq!(first.len(), 1);
    world.advance(61);
    world.pass();
    world.advance(61);
    assert_eq!(asked(&world), first);
}

#[test]
fn what_a_destination_shows_becomes_the_condition() {
    const NOTHING: &str = "nothing has arrived in log group /all";
    for (shown, grace, wanted) in [
        (
            Observed::Present(LogDelivery::Newest("2026-01-01T00:00:30Z".parse().unwrap())),
            false,
            (
                "True",
                "LogsArrive",
                "output main: records arrive in log group /all",
            ),
        ),
        (
            Observed::Present(LogDelivery::Opened),
            true,
            ("Unknown", "WaitingForLogs", "shows no event in it yet"),
        ),
        (
            Observed::Present(LogDelivery::Nothing),
            false,
            ("Unknown", "WaitingForLogs", NOTHING),
        ),
        (
            Observed::Present(LogDelivery::Nothing),
            true,
            ("False", "NoLogsSeen", NOTHING),
        ),
        (Observed::Absent, true, ("False", "NoLogsSeen", NOTHING)),
        (
            Observed::Unknown("AccessDenied".into()),
            true,
            ("Unknown", "LogsNotReadable", "log group /all: AccessDenied"),
        ),
    ] {
        let mut world = fleet(1, &[streams()]);
        if grace {
            world.advance(GRACE_SECONDS + 1);
        }
        answer(&mut world, &shown);
        world.pass();
        let (status, reason, message) = condition(&world);
        assert_eq!(
            (status.as_str(), reason.as_str()),
            (wanted.0, wanted.1),
            "{shown:?}"
        );
        assert!(message.contains(wanted.2), "{message}");
    }
}

#[test]
fn unreadable_destination_is_unknown_and_makes_no_calls() {
    let datadog = output(
        "dd",
        &json!({"datadog": {"host": "http-intake.logs.datadoghq.com", "secretOptions": {"apikey": "arn:aws:ssm:us-east-1:111122223333:parameter/k"}}}),
    );
    let mut world = fleet(1, &[datadog]);
    let looked = world.seen().evidence;
    assert!(
        looked.log_deliveries.is_empty() && looked.tasks.is_empty(),
        "{looked:?}"
    );
    world.pass();
    assert_eq!(seen(&world), LogsSeen::Unreachable);
    let (status, reason, _) = condition(&world);
    assert_eq!(
        (status.as_str(), reason.as_str()),
        ("Unknown", "NotReadable")
    );
}

#[test]
fn every_output_that_can_be_seen_must_show_something() {
    let archive = output(
        "archive",
        &json!({"firehose": {"deliveryStream": "archive"}}),
    );
    let mut world = fleet(1, &[streams(), archive]);
    world.advance(GRACE_SECONDS + 1);
    let now = world.now;
    for question in asked(&world) {
        let shown = match question.place {
            LogLocation::LogStreams { .. } => LogDelivery::Newest(now),
            _ => LogDelivery::Nothing,
        };
        world
            .evidence
            .log_deliveries
            .insert(question, Observed::Present(shown));
    }
    world.pass();
    assert_eq!(seen(&world), LogsSeen::Silent);
    let (.., message) = condition(&world);
    assert_eq!(
        message,
        "output main: records arrive in log group /all; \
         output archive: nothing has arrived in Firehose stream archive"
    );
}

#[test]
fn logs_are_checked_every_minute_until_proven_then_hourly() {
    let mut world = fleet(1, &[streams()]);
    answer(&mut world, &Observed::Present(LogDelivery::Nothing));
    world.pass();
    assert!(asked(&world).is_empty(), "just looked");
    world.advance(61);
    let now = world.now;
    answer(&mut world, &Observed::Present(LogDelivery::Newest(now)));
    world.pass();
    assert_eq!(seen(&world), LogsSeen::Flowing);
    world.advance(3000);
    assert!(asked(&world).is_empty(), "proven less than an hour ago");
    world.advance(601);
    assert_eq!(asked(&world).len(), 1);
}

#[test]
fn log_checks_are_spread_over_several_passes() {
    let count = CHECKS_PER_PASS + 5;
    let mut world = fleet(count, &[streams()]);
    assert_eq!(asked(&world).len(), CHECKS_PER_PASS);
    let now = world.now;
    answer(&mut world, &Observed::Present(LogDelivery::Newest(now)));
    world.pass();
    assert_eq!(asked(&world).len(), 5);
}

#[test]
fn unselected_or_idle_workload_is_not_checked() {
    let mut world = fleet(1, &[streams()]);
    world.desired_count = 0;
    assert!(asked(&world).is_empty());
    world.desired_count = 1;
    world.policies.clear();
    assert!(asked(&world).is_empty());
}

#[test]
fn what_others_write_as_well_counts_only_after_the_deployment() {
    let archive = output(
        "archive",
        &json!({"firehose": {"deliveryStream": "archive"}}),
    );
    let world = fleet(1, &[archive]);
    let record = &world.records[&World::key("s0")];
    let settled_at = record.managed.as_ref().unwrap().settled_at.unwrap();
    assert_eq!(asked(&world)[0].since, settled_at);
}
