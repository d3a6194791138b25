//! The health of workloads that still bake: their deployment and the containers of their new tasks.
//!
//! Only revisions of ours are checked: the health of what the owner runs is not the operator's concern.

use jiff::Timestamp;

use crate::gate::failure::{EXIT_KILLED, ended_badly, stopped_by_itself, tell_container};
use crate::gate::{Findings, Watched};
use crate::input::PlanInput;
use firelens_aws::observe::{Needs, Observed, ServiceView, TaskView, TasksQuestion, sanitize};
use firelens_aws::record::WorkloadRecord;

/// The number of services of a rollout whose tasks are read in one pass. Each costs up to four calls, of which ECS
/// restores twenty a second: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>.
/// For further services only the deployment is evaluated, which costs nothing.
pub const WATCHED_TASKS_SERVICES: usize = 10;

/// The revision of ours that bakes in a workload.
struct Baking<'a> {
    revision: &'a str,
    router: Option<String>,
    /// Nothing before this time counts.
    since: Timestamp,
    settled: bool,
}

pub(crate) fn evaluate(
    input: &PlanInput<'_>,
    watched: &[Watched<'_>],
    needs: &mut Needs,
    findings: &mut Findings,
) {
    let mut left = WATCHED_TASKS_SERVICES;
    for (key, service, record) in watched {
        let Some(baking) = baking(input, record) else {
            continue;
        };
        if let Some(bad) = deployment(service, &baking) {
            findings.failed.push(format!("{key}: {bad}"));
        } else if service.desired_count > 0 && left > 0 {
            left -= 1;
            match tasks(input, service, &baking, needs) {
                Ok(None) => {}
                Ok(Some(bad)) => findings.failed.push(format!("{key}: {bad}")),
                Err(why) => findings.unclear.push(format!("{key}: {why}")),
            }
        }
    }
}

fn baking<'a>(input: &PlanInput<'_>, record: &'a WorkloadRecord) -> Option<Baking<'a>> {
    let (revision, since, settled) = match (&record.deployment, &record.managed) {
        (Some(deployment), _) => (&deployment.task_definition, deployment.started_at, false),
        (None, Some(managed)) => (&managed.arn, managed.settled_at?, true),
        (None, None) => return None,
    };
    let document = input.observation.task_definitions.get(revision);
    let router = document
        .and_then(Observed::present)
        .and_then(firelens_inject::marks)
        .map(|marks| marks.router);
    Some(Baking {
        revision,
        router,
        since,
        settled,
    })
}

/// What ECS reports of the deployment, where that is bad.
fn deployment(service: &ServiceView, baking: &Baking<'_>) -> Option<String> {
    let ours = service
        .deployments
        .iter()
        .find(|view| view.task_definition == baking.revision)?;
    (ours.rollout_state.as_deref() == Some("FAILED")).then(|| {
        let why = sanitize::aws_reason(&ours.rollout_state_reason);
        format!("ECS marked the deployment as failed: {why}")
    })
}

/// What is wrong with its tasks, if anything is.
///
/// # Errors
/// When the health of the tasks is not known, with the reason.
fn tasks(
    input: &PlanInput<'_>,
    service: &ServiceView,
    baking: &Baking<'_>,
    needs: &mut Needs,
) -> Result<Option<String>, String> {
    let mut ask = |stopped: bool| {
        let question = TasksQuestion {
            cluster_arn: service.cluster_arn.clone(),
            service: service.name.clone(),
            stopped,
        };
        input.observation.tasks(question, needs)
    };
    let (running, stopped) = (ask(false), ask(true));
    let running = listed(running, "tasks")?;
    let stopped = listed(stopped, "stopped tasks")?;
    let router = baking.router.as_deref();
    let unhealthy = ours(running, baking).find_map(|task| {
        let router = task.container(router?)?;
        (router.health == "UNHEALTHY").then(|| {
            format!(
                "the router {} of task {} is unhealthy",
                router.name,
                task.id()
            )
        })
    });
    Ok(unhealthy.or_else(|| {
        ours(stopped, baking)
            .filter(|task| task.stopped_at.is_none_or(|at| at >= baking.since))
            .find_map(|task| broken(task, router, baking.settled))
    }))
}

fn listed<'a>(
    observed: Option<&'a Observed<Vec<TaskView>>>,
    subject: &str,
) -> Result<&'a [TaskView], String> {
    match observed {
        Some(Observed::Present(tasks)) => Ok(tasks),
        Some(Observed::Absent) => Ok(&[]),
        Some(Observed::Unknown(why)) => Err(format!(
            "its {subject} could not be read: {}",
            sanitize::aws_reason(why)
        )),
        None => Err(format!("its {subject} are being read")),
    }
}

fn ours<'t>(tasks: &'t [TaskView], baking: &Baking<'_>) -> impl Iterator<Item = &'t TaskView> {
    tasks
        .iter()
        .filter(|task| task.task_definition == baking.revision)
}

/// Describes how a stopped task is evidence against the router. While the deployment runs, ECS itself evaluates
/// tasks that do not start; and an application that ends by itself did so before.
fn broken(task: &TaskView, router: Option<&str>, settled: bool) -> Option<String> {
    if !stopped_by_itself(task) {
        return None;
    }
    let of_router = router
        .and_then(|name| task.container(name))
        .filter(|container| ended_badly(container));
    if let Some(container) = of_router {
        return Some(format!(
            "task {}: {}",
            task.id(),
            tell_container(container, true)
        ));
    }
    if !settled {
        return None;
    }
    let killed = task.containers.iter().find(|container| {
        container.exit_code == Some(EXIT_KILLED) && container.reason.contains("OutOfMemory")
    });
    if let Some(container) = killed {
        return Some(format!(
            "task {}: {}",
            task.id(),
            tell_container(container, false)
        ));
    }
    (task.stop_code == "TaskFailedToStart").then(|| {
        format!(
            "task {} did not start: {}",
            task.id(),
            sanitize::aws_reason(&task.stopped_reason)
        )
    })
}
