//! AWS for one target: raw, budgeted, timed, counted.
//!
//! Everything that calls AWS is in this folder. It decides nothing about services: it makes the requested call,
//! once, and reports exactly what is known of the outcome.

mod budget;
mod call;
mod clients;
mod cloudwatch;
mod ecr;
mod ecs;
mod error;
mod iam;
mod iam_rights;
mod instances;
mod logs;
mod operation;
mod permission;
mod probe;
mod role;
#[cfg(test)]
mod role_tests;
mod s3;
mod tasks;
mod times;
#[cfg(test)]
mod wire_tests;

pub use budget::{Budgets, DEFAULT_BUDGET_SHARE_PERCENT, TokenBucket};
pub use clients::{AwsClients, AwsFactory, AwsSettings, AwsTimeouts, TargetAccess};
pub use cloudwatch::{DESCRIBE_ALARMS_SIZE, IncomingRecords};
pub use ecs::{
    DESCRIBE_CLUSTERS_SIZE, DESCRIBE_PROVIDERS_SIZE, DESCRIBE_SERVICES_SIZE, Described, Failure,
    LIST_PAGE_SIZE, RegisterAnswer,
};
pub use error::{AwsError, AwsErrorKind};
pub use iam_rights::SIMULATED_PAIRS_PER_CALL;
pub use instances::DESCRIBE_CONTAINER_INSTANCES_SIZE;
pub use operation::{Bucket, BucketLimits, BucketScope, Operation};
pub use permission::{PERMISSIONS, Permission};
pub use s3::DIGEST_METADATA;
