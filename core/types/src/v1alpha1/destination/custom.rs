//! The destination for any other plugin.
//!
//! The user gives the plugin's name and options; permissions are only those that the user lists.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DestinationBlock;

/// Any output plugin of Fluent Bit or Fluentd.
/// <https://docs.fluentbit.io/manual/data-pipeline/outputs>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomDestination {
    /// Name of the plugin, such as `gelf` (Fluentd: the value of `@type`).
    #[schemars(regex(pattern = r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$"))]
    pub plugin: String,
    /// Options of the plugin, by its own names, not secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Options of the plugin whose value ECS reads from Secrets Manager or the SSM parameter store:
    /// option name (without a hyphen) to ARN or SSM parameter name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secret_options: BTreeMap<String, String>,
    /// ARN of a role to assume for sending, for another account; adds `sts:AssumeRole`. Only for
    /// plugins that can: cloudwatch_logs, kinesis_firehose, kinesis_streams, s3, opensearch, es,
    /// http, opentelemetry, prometheus_remote_write, and the Go plugins cloudwatch, firehose,
    /// kinesis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// External id that the trust policy of that role asks for; not for the Go plugins.
    #[serde(
        default,
        deserialize_with = "crate::v1alpha1::serde_util::blank_as_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub external_id: Option<String>,
    /// Permissions that the task role needs for the plugin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub aws_permissions: Vec<AwsPermission>,
}

/// A permission for the task role: these actions on these resources.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AwsPermission {
    /// IAM actions, such as `sns:Publish`; wildcards for a whole service are refused.
    #[schemars(length(min = 1, max = 64))]
    pub actions: Vec<String>,
    /// ARNs of resources; `*` alone is allowed for actions that know no resource.
    #[schemars(length(min = 1, max = 64))]
    pub resources: Vec<String>,
}

impl CustomDestination {
    /// Returns the names of the plugin's options for a role to assume and its external id.
    /// <https://docs.fluentbit.io/manual/administration/aws-credentials>
    #[must_use]
    pub fn role_options(&self) -> Option<(&'static str, Option<&'static str>)> {
        match self.plugin.as_str() {
            "cloudwatch_logs" | "kinesis_firehose" | "kinesis_streams" | "s3" => {
                Some(("role_arn", Some("external_id")))
            }
            "cloudwatch" | "firehose" | "kinesis" => Some(("role_arn", None)),
            "opensearch"
            | "es"
            | "elasticsearch"
            | "http"
            | "opentelemetry"
            | "prometheus_remote_write" => Some(("aws_role_arn", Some("aws_external_id"))),
            _ => None,
        }
    }
}

impl DestinationBlock for CustomDestination {
    fn plugin(&self) -> &str {
        &self.plugin
    }

    fn typed_options(&self) -> Vec<(&'static str, String)> {
        let Some((role, id)) = self.role_options() else {
            return Vec::new();
        };
        let role = self.role_arn.iter().map(|arn| (role, arn.clone()));
        let id = id.zip(self.external_id.clone());
        role.chain(id).collect()
    }

    fn options(&self) -> &BTreeMap<String, String> {
        &self.options
    }

    fn secret_options(&self) -> &BTreeMap<String, String> {
        &self.secret_options
    }

    fn known_options(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}
