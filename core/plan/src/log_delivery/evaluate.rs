//! What the destinations of one workload show.
//!
//! No result while an answer is missing: the plan requests the reads and evaluates in its next round.

use jiff::SignedDuration;

use crate::input::PlanInput;
use crate::log_delivery::{Entry, GRACE_SECONDS, LOCATIONS_PER_OUTPUT};
use firelens_aws::observe::sanitize;
use firelens_aws::observe::{
    LogDelivery, LogDeliveryQuestion, Needs, Observed, TaskView, TasksQuestion,
};
use firelens_aws::record::{LogsSeen, ManagedRevision};
use firelens_fluent::locations::{self, Location, LogSource};
use firelens_fluent::outputs::OutputInUse;

/// The number of tasks whose streams are checked: one task that is broken alone is for the health check.
const TASKS_LOOKED_AT: usize = 2;

/// What one output shows at its destination.
enum Shown {
    Flowing(String),
    /// The stream exists and has no event yet.
    Opened(String),
    Nothing(String),
    Unreadable(String),
    /// AWS cannot show it.
    Unreachable(&'static str),
}

/// Returns what is seen of the logs of one workload; `None` while reads are missing.
pub(crate) fn evaluate(
    input: &PlanInput<'_>,
    entry: &Entry<'_>,
    managed: &ManagedRevision,
    needs: &mut Needs,
) -> Option<(LogsSeen, String)> {
    if !crate::log_delivery::is_fluent_bit(entry.policy) || entry.outputs.is_empty() {
        let message = "the destinations of this router cannot be checked through AWS".to_owned();
        return Some((LogsSeen::Unreachable, message));
    }
    if !entry
        .outputs
        .iter()
        .any(|output| is_reachable(input, entry, output))
    {
        return Some(unreachable(input, entry));
    }
    let tasks = match tasks(input, entry, needs)? {
        Ok(tasks) => tasks,
        Err(why) => return Some((LogsSeen::Unreadable, why)),
    };
    let tasks: Vec<&TaskView> = tasks
        .iter()
        .filter(|task| task.task_definition == managed.arn && task.last_status == "RUNNING")
        .take(TASKS_LOOKED_AT)
        .collect();
    if tasks.is_empty() {
        let message = "no task of the revision is running".to_owned();
        return Some((LogsSeen::Waiting, message));
    }
    // All outputs are requested before the first missing answer ends the round.
    let shown: Vec<Option<(&str, Shown)>> = entry
        .outputs
        .iter()
        .map(|output| {
            let shown = shown(input, entry, managed, output, &tasks, needs)?;
            Some((output.name.as_str(), shown))
        })
        .collect();
    let shown: Option<Vec<(&str, Shown)>> = shown.into_iter().collect();
    let grace = GRACE_SECONDS
        + entry
            .outputs
            .iter()
            .map(locations::delay_seconds)
            .max()
            .unwrap_or(0);
    Some(combine(input, managed, &shown?, grace))
}

fn is_reachable(input: &PlanInput<'_>, entry: &Entry<'_>, output: &OutputInUse) -> bool {
    place(input, entry, output, LogSource::default()).is_ok()
}

fn place(
    input: &PlanInput<'_>,
    entry: &Entry<'_>,
    output: &OutputInUse,
    source: LogSource<'_>,
) -> Result<Location, &'static str> {
    let changes_tags = locations::changes_tags(&entry.policy.spec);
    locations::of(output, source, &input.observation.region, changes_tags)
}

fn unreachable(input: &PlanInput<'_>, entry: &Entry<'_>) -> (LogsSeen, String) {
    let source = LogSource::default();
    let lines: Vec<String> = entry
        .outputs
        .iter()
        .filter_map(|output| {
            let why = place(input, entry, output, source).err()?;
            Some(format!("output {}: {why}", output.name))
        })
        .collect();
    (LogsSeen::Unreachable, lines.join("; "))
}

/// The running tasks, or why they are not known.
fn tasks<'a>(
    input: &PlanInput<'a>,
    entry: &Entry<'_>,
    needs: &mut Needs,
) -> Option<Result<&'a [TaskView], String>> {
    let question = TasksQuestion {
        cluster_arn: entry.service.cluster_arn.clone(),
        service: entry.service.name.clone(),
        stopped: false,
    };
    Some(match input.observation.tasks(question, needs)? {
        Observed::Present(tasks) => Ok(tasks),
        Observed::Absent => Ok(&[]),
        Observed::Unknown(why) => Err(format!(
            "the tasks could not be read: {}",
            sanitize::aws_reason(why)
        )),
    })
}

/// Returns what one output shows; `None` while an answer is missing.
fn shown(
    input: &PlanInput<'_>,
    entry: &Entry<'_>,
    managed: &ManagedRevision,
    output: &OutputInUse,
    tasks: &[&TaskView],
    needs: &mut Needs,
) -> Option<Shown> {
    let mut sources = Vec::new();
    for task in tasks {
        for container in &output.containers {
            sources.push(LogSource {
                container,
                task_id: task.id(),
            });
        }
    }
    let mut questions: Vec<LogDeliveryQuestion> = Vec::new();
    let mut where_ = String::new();
    for source in sources {
        let location = match place(input, entry, output, source) {
            Ok(location) => location,
            Err(why) => return Some(Shown::Unreachable(why)),
        };
        where_ = locations::describe(&location.place);
        let question = question(input, managed, location);
        if !questions.contains(&question) && questions.len() < LOCATIONS_PER_OUTPUT {
            questions.push(question);
        }
    }
    let mut missing = false;
    let mut shown = Shown::Nothing(where_.clone());
    for question in questions {
        let Some(answer) = input.observation.evidence.log_deliveries.get(&question) else {
            needs.evidence.log_deliveries.insert(question);
            missing = true;
            continue;
        };
        match answer {
            Observed::Present(LogDelivery::Newest(at)) if *at >= question.since => {
                shown = Shown::Flowing(where_.clone());
            }
            _ if matches!(shown, Shown::Flowing(_)) => {}
            Observed::Present(LogDelivery::Opened) => shown = Shown::Opened(where_.clone()),
            Observed::Unknown(why) if !matches!(shown, Shown::Opened(_)) => {
                let why = sanitize::aws_reason(why);
                shown = Shown::Unreadable(format!("{where_}: {why}"));
            }
            Observed::Present(_) | Observed::Absent | Observed::Unknown(_) => {}
        }
    }
    (!missing).then_some(shown)
}

/// Makes the question for a location. Where others write as well, only what came after the end of the deployment
/// counts.
fn question(
    input: &PlanInput<'_>,
    managed: &ManagedRevision,
    location: Location,
) -> LogDeliveryQuestion {
    let window = crate::log_delivery::window_start(input.now);
    let since = match managed.runs_since() {
        Some(since) if !location.of_one_task => window.max(since),
        _ => window,
    };
    LogDeliveryQuestion {
        region: location.region,
        place: location.place,
        since,
    }
}

/// Combines all outputs. The worst of those that can be seen counts; those that cannot be are named.
fn combine(
    input: &PlanInput<'_>,
    managed: &ManagedRevision,
    shown: &[(&str, Shown)],
    grace_seconds: i64,
) -> (LogsSeen, String) {
    let mut lines = Vec::new();
    let (mut silent, mut unreadable, mut opened) = (false, false, false);
    for (name, result) in shown {
        lines.push(match result {
            Shown::Flowing(place) => format!("output {name}: records arrive in {place}"),
            Shown::Opened(place) => {
                opened = true;
                format!(
                    "output {name}: {place} has the task's log stream, but shows no event in it yet"
                )
            }
            Shown::Nothing(place) => {
                silent = true;
                format!("output {name}: nothing has arrived in {place}")
            }
            Shown::Unreadable(why) => {
                unreadable = true;
                format!("output {name} could not be read: {why}")
            }
            Shown::Unreachable(why) => format!("output {name} cannot be checked: {why}"),
        });
    }
    let age = managed
        .runs_since()
        .map_or(SignedDuration::ZERO, |at| input.now.duration_since(at));
    let seen = if unreadable {
        LogsSeen::Unreadable
    } else if silent && age > SignedDuration::from_secs(grace_seconds) {
        LogsSeen::Silent
    } else if silent || opened {
        LogsSeen::Waiting
    } else {
        LogsSeen::Flowing
    };
    (seen, lines.join("; "))
}
