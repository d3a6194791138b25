//! The `firelens.dev/v1alpha1` API: its six kinds, their defaults, their schema and their rules.
//!
//! Names of kinds, fields and values cannot be changed: users, scripts and stored objects depend on them.

mod aws_target;
mod columns;
mod condition;
mod destination;
mod freeze;
mod kind;
mod logging_policy;
mod meta;
mod name;
mod rollout;
mod schema;
mod serde_util;
pub mod validate;
pub mod window;
mod workload;

pub use aws_target::*;
pub use columns::{Column, ColumnPath, printer_columns};
pub use condition::{Condition, ConditionStatus};
pub use destination::*;
pub use freeze::{FreezeSpec, FreezeStatus};
pub use kind::{
    API_VERSION, DELETION_POLICY_ANNOTATION, GROUP, IN_USE_FINALIZER, Kind, RESTORE_FINALIZER,
    RETAIN, VERSION,
};
pub use logging_policy::*;
pub use meta::{Object, ObjectMeta, OwnerReference};
pub use name::{rollout_name, workload_name};
pub use rollout::*;
pub use schema::generate_any as schema_of;
pub use schema::schema;
pub use validate::nearest_name;
pub use validate::{Cause, FieldError, admit};
pub use workload::*;

/// A policy: which workloads get which routing, and how it is rolled out.
pub type LoggingPolicy = Object<LoggingPolicySpec, LoggingPolicyStatus>;
/// A named, shared destination for logs.
pub type LogDestination = Object<LogDestinationSpec, LogDestinationStatus>;
/// An AWS account and region that the operator manages.
pub type AwsTarget = Object<AwsTargetSpec, AwsTargetStatus>;
/// A time in which no deployment is started.
pub type Freeze = Object<FreezeSpec, FreezeStatus>;
/// An ECS service as the operator sees it; written by the controller only.
pub type Workload = Object<WorkloadSpec, WorkloadStatus>;
/// The progress of one policy generation in one target; written by the controller only.
pub type Rollout = Object<RolloutSpec, RolloutStatus>;
