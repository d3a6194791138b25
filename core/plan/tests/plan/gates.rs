//! Whether a rollout may go on: the effect of each piece of evidence on the analysis.

use firelens_aws::observe::{AlarmView, Needs, Observed};
use firelens_plan::gate::{AnalysisResult, evaluate};
use serde_json::{Value, json};

use crate::build::policy;
use crate::evidence::{stopped, task, tasks_of};
use crate::world::World;

/// A fleet of one that has run our router for a minute, under a policy with that rollout.
fn baking(rollout: &Value) -> (World, String) {
    let mut world = World::fleet(1);
    world.desired_count = 2;
    let mut whole = json!({"canary": {"count": 1, "bakeSeconds": 600}});
    for (field, value) in rollout.as_object().into_iter().flatten() {
        whole[field] = value.clone();
    }
    world
        .policies
        .push(policy("all", &json!({"rollout": whole})));
    for _ in 0..4 {
        world.pass();
        world.deployments_complete();
        world.advance(20);
    }
    let revision = world.services["s0"].revision.clone();
    assert!(world.is_injected("s0"));
    (world, revision)
}

/// The analysis when everything it requests is read.
fn analysis(world: &World) -> AnalysisResult {
    let mut seen = world.seen();
    for _ in 0..3 {
        let mut needs = Needs::default();
        let input = world.input(&seen);
        let keys = [World::key("s0")];
        let watched: Vec<_> = keys
            .iter()
            .map(|key| {
                let service = seen.services[key].present().unwrap();
                (key, service, &world.records[key])
            })
            .collect();
        let analysis = evaluate(&input, &world.policies[0], &watched, &mut needs);
        if needs.is_empty() {
            return analysis;
        }
        assert!(
            matches!(analysis, AnalysisResult::Inconclusive(_)),
            "nothing is well before it was read: {analysis:?}"
        );
        world.read(&needs, &mut seen);
    }
    panic!("the analysis never has what it needs");
}

#[track_caller]
fn expect(world: &World, wanted: &AnalysisResult) {
    let result = analysis(world);
    let agrees = match (wanted, &result) {
        (AnalysisResult::Successful, AnalysisResult::Successful) => true,
        (AnalysisResult::Failed(part), AnalysisResult::Failed(text))
        | (AnalysisResult::Inconclusive(part), AnalysisResult::Inconclusive(text)) => {
            text.contains(part)
        }
        _ => false,
    };
    assert!(agrees, "{result:?} instead of {wanted:?}");
}

fn failed(part: &str) -> AnalysisResult {
    AnalysisResult::Failed(part.into())
}

fn inconclusive(part: &str) -> AnalysisResult {
    AnalysisResult::Inconclusive(part.into())
}

#[test]
fn healthy_tasks_speak_for_going_on() {
    let (mut world, revision) = baking(&json!({}));
    let healthy = json!({"lastStatus": "RUNNING",
        "containers": [{"name": "log_router", "healthStatus": "HEALTHY"}]});
    let tasks = vec![task("a", &revision, healthy)];
    world
        .evidence
        .tasks
        .insert(tasks_of("s0", false), Observed::Present(tasks));
    expect(&world, &AnalysisResult::Successful);
}

#[test]
fn unhealthy_router_fails_the_canary_but_unhealthy_application_does_not() {
    let (mut world, revision) = baking(&json!({}));
    let sick = |name: &str| json!({"lastStatus": "RUNNING", "containers": [{"name": name, "healthStatus": "UNHEALTHY"}]});
    for (tasks, wanted) in [
        (
            vec![task("a", &revision, sick("log_router"))],
            failed("prod/main/s0: the router log_router of task a is unhealthy"),
        ),
        (
            vec![task("a", &revision, sick("app"))],
            AnalysisResult::Successful,
        ),
        (
            vec![task("a", "arn:of:the:owner", sick("log_router"))],
            AnalysisResult::Successful,
        ),
    ] {
        world
            .evidence
            .tasks
            .insert(tasks_of("s0", false), Observed::Present(tasks));
        expect(&world, &wanted);
    }
}

#[test]
fn task_stopped_by_router_fault_fails_the_bake() {
    let (mut world, revision) = baking(&json!({}));
    let now = world.now;
    let early = now - jiff::SignedDuration::from_secs(3600);
    let exited = |name: &str, code: i64, reason: &str| {
        json!({"stopCode": "EssentialContainerExited",
               "containers": [{"name": name, "exitCode": code, "reason": reason}]})
    };
    let unstarted =
        json!({"stopCode": "TaskFailedToStart", "stoppedReason": "ResourceInitializationError"});
    let by_ecs = json!({"stopCode": "ServiceSchedulerInitiated", "stoppedReason": "Scaling activity",
        "containers": [{"name": "log_router", "exitCode": 137}]});
    for (at, extra, wanted) in [
        (
            now,
            exited("log_router", 255, ""),
            failed("task x: the router log_router stopped with exit code 255"),
        ),
        (
            early,
            exited("log_router", 255, ""),
            AnalysisResult::Successful,
        ),
        (now, exited("app", 1, ""), AnalysisResult::Successful),
        (
            now,
            exited("app", 137, "OutOfMemoryError: killed"),
            failed("container app stopped with exit code 137"),
        ),
        (
            now,
            unstarted,
            failed("task x did not start: ResourceInitializationError"),
        ),
        (now, by_ecs, AnalysisResult::Successful),
    ] {
        let tasks = vec![stopped("x", &revision, at, extra)];
        world
            .evidence
            .tasks
            .insert(tasks_of("s0", true), Observed::Present(tasks));
        expect(&world, &wanted);
    }
}

#[test]
fn tasks_that_cannot_be_read_leave_it_open() {
    let (mut world, _) = baking(&json!({}));
    world.evidence.tasks.insert(
        tasks_of("s0", true),
        Observed::Unknown("AccessDenied".into()),
    );
    expect(
        &world,
        &inconclusive("prod/main/s0: its stopped tasks could not be read: AccessDenied"),
    );
}

#[test]
fn failed_ecs_deployment_fails_the_canary_without_lookup() {
    let (mut world, _) = baking(&json!({}));
    let service = world.services.get_mut("s0").unwrap();
    service.rollout_state = "FAILED";
    service.reason = "tasks failed to start";
    expect(
        &world,
        &failed("ECS marked the deployment as failed: tasks failed to start"),
    );
}

#[test]
fn an_alarm_decides_by_its_state() {
    let (mut world, _) = baking(&json!({"gates": {"alarms": ["checkout-5xx"]}}));
    let alarm = |state: &str| {
        Observed::Present(AlarmView {
            state: state.into(),
            reason: "Threshold Crossed".into(),
        })
    };
    for (answer, wanted) in [
        (alarm("OK"), AnalysisResult::Successful),
        (
            alarm("ALARM"),
            failed("alarm checkout-5xx is in state ALARM: Threshold Crossed"),
        ),
        (
            alarm("INSUFFICIENT_DATA"),
            inconclusive("alarm checkout-5xx is in state INSUFFICIENT_DATA"),
        ),
        (
            Observed::Absent,
            inconclusive("there is no alarm checkout-5xx in us-east-1"),
        ),
        (
            Observed::Unknown("timeout".into()),
            inconclusive("alarm checkout-5xx could not be read: timeout"),
        ),
    ] {
        world.evidence.alarms.insert("checkout-5xx".into(), answer);
        expect(&world, &wanted);
    }
}

#[test]
fn a_query_decides_by_every_sample() {
    let gate = json!({"name": "errors", "query": "rate(errors)", "min": 0.0, "max": 0.5});
    let (mut world, _) = baking(&json!({"gates": {"prometheus": [gate]}}));
    for (answer, wanted) in [
        (
            Observed::Present(vec![0.0, 0.5]),
            AnalysisResult::Successful,
        ),
        (
            Observed::Present(vec![0.1, 0.6]),
            failed("query errors is 0.6, above 0.5"),
        ),
        (
            Observed::Present(vec![-1.0]),
            failed("query errors is -1, below 0"),
        ),
        (
            Observed::Present(vec![f64::INFINITY]),
            failed("query errors is inf, above 0.5"),
        ),
        (
            Observed::Present(vec![f64::NAN, 0.1]),
            inconclusive("query errors returned a sample that is not a number"),
        ),
        (
            Observed::Present(vec![f64::NAN, 7.0]),
            failed("query errors is 7, above 0.5"),
        ),
        (
            Observed::Present(vec![]),
            inconclusive("query errors returned no sample"),
        ),
        (
            Observed::Absent,
            inconclusive("runs without --prometheus-url"),
        ),
        (
            Observed::Unknown("connection refused".into()),
            inconclusive("query errors was not answered: connection refused"),
        ),
    ] {
        world.evidence.samples.insert("rate(errors)".into(), answer);
        expect(&world, &wanted);
    }
}

#[test]
fn one_failed_gate_outweighs_all_others() {
    let (mut world, _) = baking(&json!({"gates": {"alarms": ["a", "b"]}}));
    let rings = AlarmView {
        state: "ALARM".into(),
        reason: String::new(),
    };
    world
        .evidence
        .alarms
        .insert("b".into(), Observed::Present(rings));
    expect(&world, &failed("alarm b is in state ALARM"));
}

#[test]
fn required_logs_hold_the_rollout_until_seen() {
    let (world, _) = baking(&json!({"requireLogs": true}));
    expect(&world, &inconclusive("no task of the revision is running"));
}
