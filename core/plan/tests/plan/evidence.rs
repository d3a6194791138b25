//! Why a deployment failed: what its message contains of tasks, exit codes and the router's log.

use firelens_aws::observe::{
    DeploymentsQuestion, LogTailQuestion, Observed, ServiceDeploymentView, TaskView, TasksQuestion,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::build::{ACCOUNT, REGION, policy};
use crate::world::World;

pub(crate) fn cluster_arn() -> String {
    format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main")
}

/// A task of a revision; `extra` has further members.
pub(crate) fn task(id: &str, revision: &str, extra: Value) -> TaskView {
    let mut raw = extra;
    raw["taskArn"] = json!(format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/main/{id}"));
    raw["taskDefinitionArn"] = json!(revision);
    TaskView::parse(&raw.to_string()).unwrap()
}

/// A task that stopped at a time.
pub(crate) fn stopped(id: &str, revision: &str, at: Timestamp, extra: Value) -> TaskView {
    let mut raw = extra;
    raw["lastStatus"] = json!("STOPPED");
    raw["stoppedAt"] = json!(at.as_second());
    task(id, revision, raw)
}

pub(crate) fn tasks_of(service: &str, stopped: bool) -> TasksQuestion {
    TasksQuestion {
        cluster_arn: cluster_arn(),
        service: service.into(),
        stopped,
    }
}

/// A fleet of one whose first deployment of ours is under way, with the revision that is deployed.
fn deploying() -> (World, String) {
    let mut world = World::fleet(1);
    let router = json!({"logs": {"group": "/router", "region": "eu-west-1", "streamPrefix": "fl"}});
    world
        .policies
        .push(policy("all", &json!({"router": router})));
    world.pass();
    world.advance(20);
    world.pass();
    let revision = world.services["s0"].revision.clone();
    world.advance(60);
    (world, revision)
}

/// ECS rolls the service back.
fn roll_back(world: &mut World) {
    let key = World::key("s0");
    let previous = world.records[&key].deployment.clone().unwrap().previous;
    let service = world.services.get_mut("s0").unwrap();
    service.failed = Some(std::mem::replace(&mut service.revision, previous));
    service.rollout_state = "IN_PROGRESS";
    service.reason = "ECS deployment circuit breaker: rolling back.";
}

fn message(world: &World) -> String {
    let record = &world.records[&World::key("s0")];
    record.failed.as_ref().unwrap().message.clone()
}

fn deployments_of(world: &World) -> DeploymentsQuestion {
    let deployment = world.records[&World::key("s0")].deployment.clone().unwrap();
    DeploymentsQuestion {
        cluster_arn: cluster_arn(),
        service: "s0".into(),
        after: deployment.started_at - SignedDuration::from_secs(60),
    }
}

fn tail_of(task: &str) -> LogTailQuestion {
    LogTailQuestion {
        region: "eu-west-1".into(),
        group: "/router".into(),
        stream: format!("fl/log_router/{task}"),
    }
}

#[test]
fn rollback_message_names_container_exit_code_and_router_log_line() {
    let (mut world, revision) = deploying();
    let now = world.now;
    let ours = ServiceDeploymentView::parse(
        &json!({"status": "ROLLBACK_IN_PROGRESS", "createdAt": (now.as_second() - 60),
                "statusReason": "the circuit breaker threshold was exceeded",
                "alarms": {"triggeredAlarmNames": ["checkout-5xx"]}})
        .to_string(),
    )
    .unwrap();
    let question = deployments_of(&world);
    world
        .evidence
        .service_deployments
        .insert(question, Observed::Present(vec![ours]));
    let essential = "Essential container in task exited";
    let of_app = json!({"stopCode": "EssentialContainerExited", "stoppedReason": essential,
        "containers": [{"name": "app", "exitCode": 1}, {"name": "log_router", "exitCode": 0}]});
    let of_router = json!({"stopCode": "EssentialContainerExited", "stoppedReason": essential,
        "containers": [{"name": "app", "exitCode": 143}, {"name": "log_router", "exitCode": 137}]});
    let by_ecs = json!({"stopCode": "ServiceSchedulerInitiated",
        "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/1)",
        "containers": [{"name": "log_router", "exitCode": 137}]});
    world.evidence.tasks.insert(
        tasks_of("s0", true),
        Observed::Present(vec![
            stopped("scaled", &revision, now, by_ecs),
            stopped("first", &revision, now, of_app),
            stopped("second", &revision, now, of_router.clone()),
            stopped("foreign", "arn:other:1", now, of_router),
        ]),
    );
    let lines = vec![
        "[ warn] [engine] failed to flush chunk".to_owned(),
        "\u{1b}[1m[error]\u{1b}[0m api_key=0123456789abcdef refused".to_owned(),
    ];
    world
        .evidence
        .log_tails
        .insert(tail_of("second"), Observed::Present(lines));
    roll_back(&mut world);
    world.pass();
    assert_eq!(
        message(&world),
        "ECS deployment circuit breaker: rolling back.; \
         the circuit breaker threshold was exceeded; alarms that were triggered: checkout-5xx; \
         task second: the router log_router stopped with exit code 137 \
         (killed, for example because it exceeded its memory limit): \
         Essential container in task exited; \
         the router's log ends with: [ warn] [engine] failed to flush chunk | \
         [error] api_key=*** refused"
    );
}

#[test]
fn unreadable_evidence_is_named_and_the_failure_stays() {
    let (mut world, _) = deploying();
    let denied = "ecs:ListTasks failed (AccessDeniedException): not authorized";
    world
        .evidence
        .tasks
        .insert(tasks_of("s0", true), Observed::Unknown(denied.into()));
    roll_back(&mut world);
    world.pass();
    assert_eq!(
        message(&world),
        format!(
            "ECS deployment circuit breaker: rolling back.; \
             could not be read: the stopped tasks ({denied})"
        )
    );
}

#[test]
fn a_failure_is_looked_into_once() {
    let (mut world, _) = deploying();
    roll_back(&mut world);
    let seen = world.seen();
    assert!(
        !seen.evidence.tasks.is_empty() && !seen.evidence.service_deployments.is_empty(),
        "{:?}",
        seen.evidence
    );
    world.pass();
    let text = message(&world);
    world.advance(30);
    world.deployments_complete();
    let seen = world.seen();
    assert!(seen.evidence.tasks.is_empty(), "{:?}", seen.evidence);
    assert!(seen.evidence.service_deployments.is_empty());
    world.pass();
    assert_eq!(message(&world), text);
}

#[test]
fn a_task_that_never_started_tells_why() {
    let (mut world, revision) = deploying();
    let unable = "CannotPullContainerError: pull image manifest has been retried";
    let extra = json!({"stopCode": "TaskFailedToStart", "stoppedReason": unable,
        "containers": [{"name": "app"}, {"name": "log_router"}]});
    let tasks = vec![stopped("one", &revision, world.now, extra)];
    world
        .evidence
        .tasks
        .insert(tasks_of("s0", true), Observed::Present(tasks));
    roll_back(&mut world);
    world.pass();
    let text = message(&world);
    assert!(text.contains(&format!("task one: {unable}")), "{text}");
}
