//! Why a deployment of ours failed, from what ECS and the router's own log still show.
//!
//! The explanation does not change whether the deployment failed: evidence that cannot be read is only named as
//! missing.

use jiff::{SignedDuration, Timestamp};

use crate::input::PlanInput;
use firelens_aws::observe::sanitize;
use firelens_aws::observe::{
    DeploymentsQuestion, LogTailQuestion, Needs, Observed, ServiceDeploymentView, ServiceView,
    TaskContainer, TaskView, TasksQuestion,
};
use firelens_aws::record::{DeploymentRecord, WorkloadRecord};
use firelens_taskdef::TaskDefinitionDoc;

/// How far the clocks of AWS and ours may be apart, in seconds.
const CLOCK_SKEW_SECONDS: i64 = 60;

/// Exit code of a container that was killed, as happens when it uses more memory than it may:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>.
pub(crate) const EXIT_KILLED: i64 = 137;

/// Exit code of a Fluent Bit that cannot read its configuration, from the guide to debugging of
/// <https://github.com/aws/aws-for-fluent-bit>.
const EXIT_CONFIGURATION: i64 = 255;

/// Where the router writes its own log, when that is CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RouterLog {
    region: String,
    group: String,
    stream_prefix: String,
}

/// Adds to a failure what ended the deployment, when it was noticed between `before` and `after`. Requests the
/// reads it needs; the message is complete when nothing more is requested. A failure that is already remembered is
/// not explained again.
pub(crate) fn explain(
    input: &PlanInput<'_>,
    service: &ServiceView,
    before: &WorkloadRecord,
    after: &mut WorkloadRecord,
    needs: &mut Needs,
) {
    let Some(deployment) = &before.deployment else {
        return;
    };
    if after.deployment.is_some() || after.failed == before.failed {
        return;
    }
    if let Some(failed) = &mut after.failed {
        failed.message = message(input, service, deployment, &failed.message, needs);
    }
}

fn message(
    input: &PlanInput<'_>,
    service: &ServiceView,
    deployment: &DeploymentRecord,
    reason: &str,
    needs: &mut Needs,
) -> String {
    let mut unread = Vec::new();
    let mut parts = vec![sanitize::aws_reason(reason)];
    let deployments = service_deployments(input, service, deployment.started_at, needs);
    if let Some(views) = answer("the service deployments", deployments, &mut unread) {
        tell_deployment(&mut parts, views, deployment.started_at);
    }
    let document = revision(input, &deployment.task_definition, needs);
    let document = answer("the revision", document, &mut unread);
    let router = document
        .and_then(firelens_inject::marks)
        .map(|marks| marks.router);
    let stopped = stopped_tasks(input, service, needs);
    if let Some(tasks) = answer("the stopped tasks", stopped, &mut unread)
        && let Some(task) = telling_task(tasks, deployment, router.as_deref())
    {
        parts.push(tell_task(task, router.as_deref()));
        if let (Some(document), Some(router)) = (document, &router) {
            match router_log(document, router) {
                Some(log) => {
                    let tail = tail(input, &log, router, task, needs);
                    if let Some(lines) = answer("the router's log", tail, &mut unread) {
                        tell_lines(&mut parts, lines);
                    }
                }
                None => parts.push("the router's log is not in CloudWatch Logs".to_owned()),
            }
        }
    }
    parts.extend(deployment.told_of_images());
    if !unread.is_empty() {
        parts.push(format!("could not be read: {}", unread.join(", ")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// Returns what was read, if it was; notes what could not be read, with the reason.
fn answer<'a, T>(
    subject: &str,
    observed: Option<&'a Observed<T>>,
    unread: &mut Vec<String>,
) -> Option<&'a T> {
    match observed? {
        Observed::Present(value) => Some(value),
        Observed::Absent => None,
        Observed::Unknown(why) => {
            unread.push(format!("{subject} ({})", sanitize::aws_reason(why)));
            None
        }
    }
}

fn revision<'a>(
    input: &PlanInput<'a>,
    arn: &str,
    needs: &mut Needs,
) -> Option<&'a Observed<TaskDefinitionDoc>> {
    let observed = input.observation.task_definitions.get(arn);
    if observed.is_none() {
        needs.task_definitions.insert(arn.to_owned());
    }
    observed
}

/// The service deployments of a service since one of ours was started.
pub(crate) fn service_deployments<'a>(
    input: &PlanInput<'a>,
    service: &ServiceView,
    started_at: Timestamp,
    needs: &mut Needs,
) -> Option<&'a Observed<Vec<ServiceDeploymentView>>> {
    let skew = SignedDuration::from_secs(CLOCK_SKEW_SECONDS);
    let question = DeploymentsQuestion {
        cluster_arn: service.cluster_arn.clone(),
        service: service.name.clone(),
        after: started_at.checked_sub(skew).unwrap_or(started_at),
    };
    let observed = input
        .observation
        .evidence
        .service_deployments
        .get(&question);
    if observed.is_none() {
        needs.evidence.service_deployments.insert(question);
    }
    observed
}

fn stopped_tasks<'a>(
    input: &PlanInput<'a>,
    service: &ServiceView,
    needs: &mut Needs,
) -> Option<&'a Observed<Vec<TaskView>>> {
    let question = TasksQuestion {
        cluster_arn: service.cluster_arn.clone(),
        service: service.name.clone(),
        stopped: true,
    };
    input.observation.tasks(question, needs)
}

fn tail<'a>(
    input: &PlanInput<'a>,
    log: &RouterLog,
    router: &str,
    task: &TaskView,
    needs: &mut Needs,
) -> Option<&'a Observed<Vec<String>>> {
    let question = LogTailQuestion {
        region: log.region.clone(),
        group: log.group.clone(),
        stream: format!("{}/{router}/{}", log.stream_prefix, task.id()),
    };
    let observed = input.observation.evidence.log_tails.get(&question);
    if observed.is_none() {
        needs.evidence.log_tails.insert(question);
    }
    observed
}

/// Describes the deployment that began nearest to the time at which our update was answered.
fn tell_deployment(
    parts: &mut Vec<String>,
    deployments: &[ServiceDeploymentView],
    started_at: Timestamp,
) {
    let distance = |view: &&ServiceDeploymentView| {
        view.created_at.map_or(SignedDuration::MAX, |at| {
            at.duration_since(started_at).abs()
        })
    };
    let Some(ours) = deployments.iter().min_by_key(distance) else {
        return;
    };
    for text in [&ours.status_reason, &ours.rollback_reason] {
        let text = sanitize::aws_reason(text);
        if !parts.iter().any(|before| before.contains(&text)) {
            parts.push(text);
        }
    }
    if !ours.triggered_alarms.is_empty() {
        parts.push(format!(
            "alarms that were triggered: {}",
            sanitize::aws_reason(&ours.triggered_alarms.join(", "))
        ));
    }
}

/// Returns the task that explains most: one whose router ended badly before one where another container did, and
/// the earliest of those. Tasks that ECS or a person stopped explain nothing.
fn telling_task<'a>(
    tasks: &'a [TaskView],
    deployment: &DeploymentRecord,
    router: Option<&str>,
) -> Option<&'a TaskView> {
    let earliest = deployment.started_at.as_second() - CLOCK_SKEW_SECONDS;
    tasks
        .iter()
        .filter(|task| {
            task.task_definition == deployment.task_definition
                && task.stopped_at.is_none_or(|at| at.as_second() >= earliest)
                && stopped_by_itself(task)
        })
        .min_by_key(|task| {
            let router = router.and_then(|name| task.container(name));
            let router_first = !router.is_some_and(ended_badly);
            let without_a_culprit = !task.containers.iter().any(ended_badly);
            (router_first, without_a_culprit, task.stopped_at)
        })
}

/// Whether a task stopped for a reason of its own, and not because ECS or a person wanted fewer tasks.
pub(crate) fn stopped_by_itself(task: &TaskView) -> bool {
    match task.stop_code.as_str() {
        "ServiceSchedulerInitiated" => task.stopped_reason.contains("health check"),
        "UserInitiated" | "SpotInterruption" | "TerminationNotice" => false,
        _ => true,
    }
}

pub(crate) fn ended_badly(container: &TaskContainer) -> bool {
    container.exit_code.is_some_and(|code| code != 0) || !container.reason.is_empty()
}

fn tell_task(task: &TaskView, router: Option<&str>) -> String {
    let of_router = router
        .and_then(|name| task.container(name))
        .filter(|container| ended_badly(container));
    let culprit = of_router.or_else(|| {
        task.containers
            .iter()
            .find(|container| ended_badly(container))
    });
    let why = sanitize::aws_reason(&task.stopped_reason);
    match culprit {
        Some(container) => {
            let ended = tell_container(container, router == Some(container.name.as_str()));
            if why.is_empty() {
                format!("task {}: {ended}", task.id())
            } else {
                format!("task {}: {ended}: {why}", task.id())
            }
        }
        None => format!("task {}: {why}", task.id()),
    }
}

/// Describes how a container ended, with its exit code and the meaning of that.
pub(crate) fn tell_container(container: &TaskContainer, is_router: bool) -> String {
    let kind = if is_router { "the router" } else { "container" };
    let reason = sanitize::aws_reason(&container.reason);
    let meaning = match container.exit_code {
        Some(EXIT_KILLED) => Some("killed, for example because it exceeded its memory limit"),
        Some(EXIT_CONFIGURATION) if is_router => {
            Some("for example because it cannot read its configuration")
        }
        _ => None,
    };
    let details = [meaning.unwrap_or_default(), reason.as_str()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("; ");
    let name = &container.name;
    let ended = match container.exit_code {
        Some(code) => format!("{kind} {name} stopped with exit code {code}"),
        None => format!("{kind} {name} did not start"),
    };
    if details.is_empty() {
        ended
    } else {
        format!("{ended} ({details})")
    }
}

fn tell_lines(parts: &mut Vec<String>, lines: &[String]) {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| sanitize::log_line(line))
        .filter(|line| !line.is_empty())
        .collect();
    if !lines.is_empty() {
        parts.push(format!("the router's log ends with: {}", lines.join(" | ")));
    }
}

/// Group, region and stream prefix of the router's own log. Without a prefix streams are named by the id of the
/// container, which ECS does not report.
fn router_log(document: &TaskDefinitionDoc, router: &str) -> Option<RouterLog> {
    let container = document.container(router)?;
    if !container.has_log_driver("awslogs") {
        return None;
    }
    Some(RouterLog {
        region: container.log_option("awslogs-region")?,
        group: container.log_option("awslogs-group")?,
        stream_prefix: container.log_option("awslogs-stream-prefix")?,
    })
}
