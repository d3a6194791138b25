//! `LoggingPolicy`: which workloads get which routing, and how it is rolled out.
//!
//! These are types and defaults; the rules that no type can express are in `validate`.

mod awslogs;
mod containers;
mod delivery;
mod filters;
mod filters_record;
mod gates;
mod outputs;
mod parsers;
mod rollout_strategy;
mod router;
mod selector;
mod status;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use awslogs::{AwslogsFormat, AwslogsMultiline, AwslogsOutput, AwslogsStreams};
pub use containers::{ContainerSelection, ExistingFirelens};
pub use delivery::{Config, Delivery, Iam, IamMode, Resize, Resources};
pub use filters::{
    CustomFilter, Filter, FilterBlock, GrepFilter, LuaFilter, MultilineFilter, ParserFilter,
    RewriteTagFilter, ThrottleFilter,
};
pub use filters_record::{ModifyFilter, NestFilter, NestOperation, RecordModifierFilter};
pub use gates::{Bound, Gates, PrometheusGate};
pub use outputs::{DestinationRef, Output};
pub use parsers::{MultilineParser, MultilineRule, Parser, ParserFormat};
pub use rollout_strategy::{
    Approval, Canary, IntOrPercent, MaintenanceWindow, MovingTags, OnFailure, RolloutStrategy,
};
pub use router::{
    DEFAULT_ROUTER_IMAGE, DEFAULT_ROUTER_NAME, Dependency, HealthCheck, HealthCheckType, Router,
    RouterLogs, RouterType,
};
pub use selector::{Exclude, LabelExpression, LabelOperator, LabelSelector, LaunchType, Selector};
pub use status::LoggingPolicyStatus;

use super::serde_util::{blank_as_none, is_false, text_enum};

/// Which workloads get which log routing, and how it is rolled out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoggingPolicySpec {
    /// Audit (default): find out and report what would be done, change nothing. Enforce: roll it
    /// out.
    #[serde(default)]
    pub mode: Mode,
    /// Which policy decides when several select a workload: the highest. Ties go to the oldest
    /// policy, then to the first by name. Default: 0.
    #[serde(default)]
    #[schemars(range(min = -1_000_000_000, max = 1_000_000_000))]
    pub priority: i32,
    /// True: start no new steps; what runs is left alone. Default: false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Which workloads the policy is for: every given term must hold; `{}` selects everything.
    #[serde(default)]
    pub selector: Selector,
    /// Which containers of a task send their logs through the router.
    #[serde(default)]
    pub containers: ContainerSelection,
    /// The router: the FireLens container added to each task.
    #[serde(default)]
    pub router: Router,
    /// Where logs go. Each entry names a `LogDestination`, has a destination in place, or is
    /// `awslogs`. At least one, unless `customConfig` or `config.file` brings its own outputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub outputs: Vec<Output>,
    /// Log lines held in memory by the log driver of each container while the router cannot take
    /// them (`log-driver-buffer-limit`), 0 to 536870911. Absent: the ECS default, 1048576.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-docker-buffer-limit.html>
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 536_870_911))]
    pub buffer_limit: Option<u32>,
    /// Fluent Bit filters, in the order in which records pass them. Each entry has exactly one
    /// block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub filters: Vec<Filter>,
    /// Parsers that filters name, beside those that come with the image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub parsers: Vec<Parser>,
    /// Raw Fluent Bit configuration (classic format) put after the filters, at most 64 KiB.
    /// It is checked, and reported as unsupported in status.
    #[serde(
        default,
        deserialize_with = "blank_as_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub custom_config: Option<String>,
    /// How configuration that does not fit into log options reaches the router.
    #[serde(default)]
    pub config: Config,
    /// What to do about the permissions that the outputs need.
    #[serde(default)]
    pub iam: Iam,
    /// What to do when the router does not fit into the size of a task.
    #[serde(default)]
    pub resources: Resources,
    /// How fast changes reach workloads, and when to stop.
    #[serde(default)]
    pub rollout: RolloutStrategy,
    /// What happens to workloads when the policy is deleted or no longer selects them. Restore
    /// (default): the injection is taken away. Retain: it stays.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

text_enum! {
    /// Whether a policy only reports.
    #[derive(Default)]
    Mode {
        /// Report only.
        #[default]
        Audit = "Audit",
        /// Roll out.
        Enforce = "Enforce",
    }
}

text_enum! {
    /// What happens to workloads that a policy lets go of.
    #[derive(Default)]
    DeletionPolicy {
        /// The injection is taken away.
        #[default]
        Restore = "Restore",
        /// The injection stays.
        Retain = "Retain",
    }
}
