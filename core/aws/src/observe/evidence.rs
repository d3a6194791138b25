//! Evidence on whether a deployment is healthy, why it failed, and whether logs arrive.
//!
//! These are questions and answers; `gate` and `log_delivery` evaluate them. A question without an answer is
//! [`Observed::Unknown`](super::Observed), which is not a failure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::Observed;

/// Asks for the service deployments of a service that began after a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeploymentsQuestion {
    /// ARN of the cluster.
    pub cluster_arn: String,
    /// Name of the service.
    pub service: String,
    /// The time after which they began.
    pub after: Timestamp,
}

/// Asks for tasks of a service, at most 100: one page of `ListTasks`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TasksQuestion {
    /// ARN of the cluster.
    pub cluster_arn: String,
    /// Name of the service.
    pub service: String,
    /// Whether to read stopped tasks, which ECS shows for about an hour, instead of running ones.
    pub stopped: bool,
}

/// Asks for the newest lines of a log stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogTailQuestion {
    /// Region of the log group.
    pub region: String,
    /// Name of the log group.
    pub group: String,
    /// Name of the stream.
    pub stream: String,
}

/// Asks whether anything has arrived at a destination since a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogDeliveryQuestion {
    /// Region of the destination.
    pub region: String,
    /// Where to look.
    pub place: LogLocation,
    /// Earlier records do not count.
    pub since: Timestamp,
}

/// A location at which AWS shows arriving records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLocation {
    /// Log streams of a CloudWatch Logs group.
    LogStreams {
        /// Name of the log group.
        group: String,
        /// How the names of the streams begin.
        prefix: String,
    },
    /// The metric `IncomingRecords` of a Firehose stream.
    Firehose {
        /// Name of the stream.
        stream: String,
    },
    /// The metric `IncomingRecords` of a Kinesis data stream.
    KinesisStream {
        /// Name of the stream.
        stream: String,
    },
    /// Objects of an S3 bucket.
    Objects {
        /// Name of the bucket.
        bucket: String,
        /// How their keys begin, without a leading slash.
        prefix: String,
    },
}

/// What was found at a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogDelivery {
    /// Nothing since the time of the question.
    Nothing,
    /// The stream of the task exists and shows no event yet. CloudWatch Logs reports the time of the
    /// newest event late, within an hour as a rule:
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html>.
    Opened,
    /// Records arrived; the time of the newest one.
    Newest(Timestamp),
}

/// A CloudWatch alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmView {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why, as CloudWatch reports it.
    pub reason: String,
}

/// A service deployment. Source: `ServiceDeployment` of the ECS API,
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDeploymentView {
    /// ARN of the service deployment.
    pub arn: String,
    /// ARNs of the service revisions that it replaces; none for the first of a service.
    pub source_revisions: Vec<String>,
    /// `IN_PROGRESS`, `SUCCESSFUL`, `STOPPED`, `ROLLBACK_SUCCESSFUL` …
    pub status: String,
    /// Reason as ECS reports it; may be empty.
    pub status_reason: String,
    /// Why it was rolled back; empty when it was not.
    pub rollback_reason: String,
    /// Names of the alarms that made ECS roll it back.
    pub triggered_alarms: Vec<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

/// A task of a service. Source: `Task` of the ECS API,
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// Full ARN.
    pub arn: String,
    /// ARN of its revision.
    pub task_definition: String,
    /// `PENDING`, `RUNNING`, `STOPPED` …
    pub last_status: String,
    /// `EssentialContainerExited`, `TaskFailedToStart` …; empty while it runs.
    pub stop_code: String,
    /// Reason as ECS reports it; empty while it runs.
    pub stopped_reason: String,
    /// When it stopped.
    pub stopped_at: Option<Timestamp>,
    /// Its containers, including those that ECS adds.
    pub containers: Vec<TaskContainer>,
}

/// A container of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskContainer {
    /// Name in the task definition.
    pub name: String,
    /// The image as the task definition names it; may be empty.
    pub image: String,
    /// Digest of the image that it runs; empty until the image was pulled.
    pub image_digest: String,
    /// How it ended, if it did.
    pub exit_code: Option<i64>,
    /// Reason as the agent reports it; may be empty.
    pub reason: String,
    /// `HEALTHY`, `UNHEALTHY`, `UNKNOWN`; empty without a health check.
    pub health: String,
}

impl TaskView {
    /// Reads one element of `tasks` of a `DescribeTasks` answer.
    ///
    /// # Errors
    /// The text is not a JSON object of that shape.
    pub fn parse(raw_json: &str) -> Result<Self, serde_json::Error> {
        let raw: RawTask = serde_json::from_str(raw_json)?;
        Ok(raw.into())
    }

    /// Returns the id at the end of the ARN, which tags and names of streams contain.
    #[must_use]
    pub fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    /// Returns the container of that name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&TaskContainer> {
        self.containers
            .iter()
            .find(|container| container.name == name)
    }
}

impl ServiceDeploymentView {
    /// Reads one element of `serviceDeployments` of a `DescribeServiceDeployments` answer.
    ///
    /// # Errors
    /// The text is not a JSON object of that shape.
    pub fn parse(raw_json: &str) -> Result<Self, serde_json::Error> {
        let raw: RawServiceDeployment = serde_json::from_str(raw_json)?;
        Ok(raw.into())
    }
}

/// The answers of one pass.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Service deployments, in the order ECS lists them.
    pub service_deployments: BTreeMap<DeploymentsQuestion, Observed<Vec<ServiceDeploymentView>>>,
    /// Tasks, in the order ECS describes them.
    pub tasks: BTreeMap<TasksQuestion, Observed<Vec<TaskView>>>,
    /// The newest lines of streams, oldest first.
    pub log_tails: BTreeMap<LogTailQuestion, Observed<Vec<String>>>,
    /// Alarms of the target's account and region by name.
    pub alarms: BTreeMap<String, Observed<AlarmView>>,
    /// Samples that PromQL queries returned, by query; `Absent` if the operator has no Prometheus.
    pub samples: BTreeMap<String, Observed<Vec<f64>>>,
    /// What arrived at destinations.
    pub log_deliveries: BTreeMap<LogDeliveryQuestion, Observed<LogDelivery>>,
}

/// The evidence that a plan needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvidenceNeeds {
    /// Service deployments.
    pub service_deployments: BTreeSet<DeploymentsQuestion>,
    /// Tasks.
    pub tasks: BTreeSet<TasksQuestion>,
    /// The newest lines of streams.
    pub log_tails: BTreeSet<LogTailQuestion>,
    /// Names of alarms.
    pub alarms: BTreeSet<String>,
    /// PromQL queries.
    pub samples: BTreeSet<String>,
    /// What arrived at destinations.
    pub log_deliveries: BTreeSet<LogDeliveryQuestion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTask {
    task_arn: String,
    #[serde(default)]
    task_definition_arn: String,
    #[serde(default)]
    last_status: String,
    stop_code: Option<String>,
    stopped_reason: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    stopped_at: Option<Timestamp>,
    containers: Option<Vec<RawContainer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContainer {
    #[serde(default)]
    name: String,
    image: Option<String>,
    image_digest: Option<String>,
    exit_code: Option<i64>,
    reason: Option<String>,
    health_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawServiceDeployment {
    #[serde(default)]
    service_deployment_arn: String,
    source_service_revisions: Option<Vec<RawServiceRevision>>,
    #[serde(default)]
    status: String,
    status_reason: Option<String>,
    rollback: Option<RawRollback>,
    alarms: Option<RawAlarms>,
    #[serde(default, deserialize_with = "seconds")]
    created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct RawServiceRevision {
    #[serde(default)]
    arn: String,
}

#[derive(Deserialize)]
struct RawRollback {
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAlarms {
    triggered_alarm_names: Option<Vec<String>>,
}

/// A time of the ECS API: seconds since 1970, with a fraction.
pub(super) fn seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?;
    // A time out of range counts as unknown; the cast saturates.
    Ok(seconds.and_then(|value| Timestamp::from_millisecond((value * 1000.0) as i64).ok()))
}

impl From<RawTask> for TaskView {
    fn from(raw: RawTask) -> Self {
        Self {
            arn: raw.task_arn,
            task_definition: raw.task_definition_arn,
            last_status: raw.last_status,
            stop_code: raw.stop_code.unwrap_or_default(),
            stopped_reason: raw.stopped_reason.unwrap_or_default(),
            stopped_at: raw.stopped_at,
            containers: raw
                .containers
                .unwrap_or_default()
                .into_iter()
                .map(|container| TaskContainer {
                    name: container.name,
                    image: container.image.unwrap_or_default(),
                    image_digest: container.image_digest.unwrap_or_default(),
                    exit_code: container.exit_code,
                    reason: container.reason.unwrap_or_default(),
                    health: container.health_status.unwrap_or_default(),
                })
                .collect(),
        }
    }
}

impl From<RawServiceDeployment> for ServiceDeploymentView {
    fn from(raw: RawServiceDeployment) -> Self {
        let sources = raw.source_service_revisions.unwrap_or_default();
        Self {
            arn: raw.service_deployment_arn,
            source_revisions: sources.into_iter().map(|source| source.arn).collect(),
            status: raw.status,
            status_reason: raw.status_reason.unwrap_or_default(),
            rollback_reason: raw
                .rollback
                .and_then(|rollback| rollback.reason)
                .unwrap_or_default(),
            triggered_alarms: raw
                .alarms
                .and_then(|alarms| alarms.triggered_alarm_names)
                .unwrap_or_default(),
            created_at: raw.created_at,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn stopped_task_is_parsed_with_exit_codes_and_reasons() {
        let task = TaskView::parse(
            r#"{"taskArn": "arn:aws:ecs:us-east-1:1:task/main/abc", "taskDefinitionArn": "td:2",
                "lastStatus": "STOPPED", "stopCode": "EssentialContainerExited",
                "stoppedReason": "Essential container in task exited", "stoppedAt": 1767225600.5,
                "invented": {"tomorrow": true},
                "containers": [
                    {"name": "app", "exitCode": 0, "healthStatus": "UNKNOWN"},
                    {"name": "log_router", "exitCode": 137, "reason": "OutOfMemoryError"}]}"#,
        )
        .unwrap();
        assert_eq!(task.id(), "abc");
        let at = task.stopped_at.unwrap();
        assert_eq!(at.to_string(), "2026-01-01T00:00:00.5Z");
        let router = task.container("log_router").unwrap();
        assert_eq!(router.exit_code, Some(137));
        assert_eq!(router.reason, "OutOfMemoryError");
        assert!(task.container("envoy").is_none());
    }

    #[test]
    fn service_deployment_shows_rollback_reason_and_triggered_alarms() {
        let deployment = ServiceDeploymentView::parse(
            r#"{"status": "ROLLBACK_SUCCESSFUL", "statusReason": "s", "createdAt": 1767225600,
                "rollback": {"reason": "r"},
                "alarms": {"status": "TRIGGERED", "alarmNames": ["a", "b"],
                           "triggeredAlarmNames": ["b"]}}"#,
        )
        .unwrap();
        assert_eq!(deployment.rollback_reason, "r");
        assert_eq!(deployment.triggered_alarms, ["b"]);
        assert!(deployment.created_at.is_some());
        let bare = ServiceDeploymentView::parse("{}").unwrap();
        assert_eq!(bare.created_at, None);
    }
}
