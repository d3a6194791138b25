//! The outputs of a policy: where logs go.
//!
//! An output refers to a destination or contains one; the destinations themselves are in `destination`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AwslogsOutput;
use crate::v1alpha1::LogDestinationSpec;
use crate::v1alpha1::serde_util::blank_as_none;

/// One place where logs go. Exactly one of `destinationRef`, `destination` and `awslogs` is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Output {
    /// Name of the output, unique in the policy: a DNS label (`[a-z0-9]([-a-z0-9]*[a-z0-9])?`) of
    /// at most 63 characters.
    pub name: String,
    /// The `LogDestination` to send to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_ref: Option<DestinationRef>,
    /// A destination in place: the same shape as the `spec` of a `LogDestination`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<LogDestinationSpec>,
    /// Where each container's own awslogs configuration sent its lines until now. Containers without
    /// one do not get this output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awslogs: Option<AwslogsOutput>,
    /// Globs on container names, a subset of the containers that the policy routes.
    /// Default: `["*"]`.
    #[serde(default = "everything")]
    pub containers: Vec<String>,
    /// Regular expression on the log line: only lines that match are sent (`include-pattern`).
    #[serde(
        default,
        deserialize_with = "blank_as_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub include_pattern: Option<String>,
    /// Regular expression on the log line: lines that match are not sent (`exclude-pattern`).
    #[serde(
        default,
        deserialize_with = "blank_as_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub exclude_pattern: Option<String>,
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

/// The name of a `LogDestination`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DestinationRef {
    /// `metadata.name` of the `LogDestination`.
    pub name: String,
}
