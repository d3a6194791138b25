//! The router: the FireLens container added to each task.
//!
//! Secrets are references, not values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::serde_util::{is_false, text_enum};

/// The router image used when a policy names none.
/// <https://github.com/aws/aws-for-fluent-bit/releases>
pub const DEFAULT_ROUTER_IMAGE: &str = "public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.16";

/// The container name of the router when a policy names none; the AWS examples use it too.
pub const DEFAULT_ROUTER_NAME: &str = "log_router";

/// The FireLens container added to each task.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Router {
    /// What the router runs: fluentbit (default), fluentd.
    #[serde(rename = "type")]
    pub type_: RouterType,
    /// Container name of the router: 1 to 255 of `[A-Za-z0-9_-]`. Default: log_router.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,255}$"))]
    pub name: String,
    /// Image of the router. Default for fluentbit:
    /// `public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.16`; fluentd has no default.
    pub image: String,
    /// Whether the task stops when the router stops. Default: true.
    pub essential: bool,
    /// ECS CPU units for the router (1024 are one vCPU). Absent: what the task has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 196_608))]
    pub cpu: Option<u32>,
    /// Memory set aside for the router, in MiB, at least 6. Default: 100.
    #[serde(rename = "memoryReservationMiB")]
    #[schemars(range(min = 6, max = 1_048_576))]
    pub memory_reservation_mib: u32,
    /// Hard memory limit of the router, in MiB, above `memoryReservationMiB`. Absent: none.
    #[serde(rename = "memoryMiB", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 6, max = 1_048_576))]
    pub memory_mib: Option<u32>,
    /// Whether the ECS agent adds cluster, task ARN and task definition to each record
    /// (`enable-ecs-log-metadata`). Default: true.
    pub ecs_metadata: bool,
    /// The user of the router: `uid`, `uid:gid` or `uid:groupname`, numeric uid. Default: "0".
    pub user: String,
    /// Whether the root filesystem of the router is read-only. Default: false.
    #[serde(skip_serializing_if = "is_false")]
    pub readonly_root_filesystem: bool,
    /// Environment variables of the router, not secret.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Environment variables of the router whose value ECS reads from Secrets Manager or the SSM
    /// parameter store: name to ARN (or SSM parameter name).
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html>
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
    /// What application containers wait for. START (default): the router was started. HEALTHY: its
    /// health check passed.
    pub dependency: Dependency,
    /// The health check of the router.
    pub health_check: HealthCheck,
    /// Seconds ECS waits for the router to become what others depend on, 2 to 120.
    /// Absent: the ECS default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 120))]
    pub start_timeout_seconds: Option<u32>,
    /// Seconds between SIGTERM and SIGKILL for the router, 2 to 120. Absent: the longest stopTimeout
    /// of the routed containers and the time the router goes on sending, 60 for most tasks, at most
    /// 120 on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 120))]
    pub stop_timeout_seconds: Option<u32>,
    /// Where the router's own log goes. Absent: CloudWatch Logs is not configured for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<RouterLogs>,
}

impl Default for Router {
    fn default() -> Self {
        Router {
            type_: RouterType::Fluentbit,
            name: DEFAULT_ROUTER_NAME.to_owned(),
            image: DEFAULT_ROUTER_IMAGE.to_owned(),
            essential: true,
            cpu: None,
            memory_reservation_mib: 100,
            memory_mib: None,
            ecs_metadata: true,
            user: "0".to_owned(),
            readonly_root_filesystem: false,
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            dependency: Dependency::Start,
            health_check: HealthCheck::default(),
            start_timeout_seconds: None,
            stop_timeout_seconds: None,
            logs: None,
        }
    }
}

text_enum! {
    /// What the router runs.
    #[derive(Default)]
    RouterType {
        /// Fluent Bit.
        #[default]
        Fluentbit = "fluentbit",
        /// Fluentd.
        Fluentd = "fluentd",
    }
}

text_enum! {
    /// What application containers wait for.
    #[derive(Default)]
    Dependency {
        /// The router was started.
        #[default]
        Start = "START",
        /// The health check of the router passed.
        Healthy = "HEALTHY",
    }
}

/// The health check of the router. Ranges are those of ECS.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheck {
    /// Auto (default): the check that suits the router image. None: no check. Custom: `command`.
    #[serde(rename = "type")]
    pub type_: HealthCheckType,
    /// The command of a Custom check, such as `["CMD-SHELL", "curl -f http://127.0.0.1:2020/"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Seconds between two checks, 5 to 300. Absent: the ECS default, 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5, max = 300))]
    pub interval_seconds: Option<u32>,
    /// Seconds after which a check failed, 2 to 60. Absent: the ECS default, 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 60))]
    pub timeout_seconds: Option<u32>,
    /// Failed checks before the router is unhealthy, 1 to 10. Absent: the ECS default, 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub retries: Option<u32>,
    /// Seconds after the start during which failed checks do not count, 0 to 300. Absent: off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 300))]
    pub start_period_seconds: Option<u32>,
}

text_enum! {
    /// Where the health check of the router comes from.
    #[derive(Default)]
    HealthCheckType {
        /// The check that suits the image.
        #[default]
        Auto = "Auto",
        /// No check.
        None = "None",
        /// The command of the policy.
        Custom = "Custom",
    }
}

/// Where the router's own log goes: a CloudWatch Logs group through the `awslogs` driver, or
/// nowhere.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RouterLogs {
    /// True: the router has no log configuration; excludes the other fields. Default: false.
    #[serde(skip_serializing_if = "is_false")]
    pub none: bool,
    /// Log group, such as `/firelens/router`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9_/.#-]{1,512}$"))]
    pub group: Option<String>,
    /// Region of the log group. Absent: the region of the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z]{2,}(-[a-z0-9]+)+-[0-9]+$"))]
    pub region: Option<String>,
    /// Prefix of the log streams. Absent: `firelens`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[^:*]{1,400}$"))]
    pub stream_prefix: Option<String>,
    /// Whether the log driver creates the group (needs `logs:CreateLogGroup` on the execution
    /// role). Default: false.
    #[serde(skip_serializing_if = "is_false")]
    pub create_group: bool,
}
