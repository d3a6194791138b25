//! The selector of a policy: the terms that choose its workloads.
//!
//! They are matched in `select`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::serde_util::text_enum;

/// The terms that a workload must meet, all of them; an absent or empty term always holds.
/// Globs: `*` any run of characters, `?` exactly one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Selector {
    /// Globs on names of `AwsTarget` objects; one must match. Empty: any target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Globs on names of ECS clusters; one must match. Empty: any cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// Globs on names of ECS services; one must match. Empty: any service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Launch types: FARGATE, EC2, EXTERNAL, MANAGED_INSTANCES. Empty: any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub launch_types: Vec<LaunchType>,
    /// A selector over the tags of the ECS service.
    #[serde(skip_serializing_if = "LabelSelector::is_empty")]
    pub service_tags: LabelSelector,
    /// What is left out, even when the terms above hold: any one term is enough.
    #[serde(skip_serializing_if = "Exclude::is_empty")]
    pub exclude: Exclude,
}

/// What a policy leaves out; any one matching term is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Exclude {
    /// Globs on names of ECS clusters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// Globs on names of ECS services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// A selector over the tags of the ECS service. Empty: excludes nothing.
    #[serde(skip_serializing_if = "LabelSelector::is_empty")]
    pub service_tags: LabelSelector,
}

impl Exclude {
    /// Whether nothing is excluded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty() && self.services.is_empty() && self.service_tags.is_empty()
    }
}

/// A selector over tags, as Kubernetes has them over labels: everything given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LabelSelector {
    /// Tags that must be there with exactly this value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Requirements on single tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelExpression>,
}

impl LabelSelector {
    /// Whether nothing is required.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

/// A requirement on one tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelExpression {
    /// Key of the tag.
    pub key: String,
    /// In, NotIn (also holds when the tag is absent), Exists, DoesNotExist.
    pub operator: LabelOperator,
    /// Values for In and NotIn; empty for the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

text_enum! {
    /// How a tag is compared.
    LabelOperator {
        /// The tag has one of the values.
        In = "In",
        /// The tag is absent or has none of the values.
        NotIn = "NotIn",
        /// The tag is there.
        Exists = "Exists",
        /// The tag is absent.
        DoesNotExist = "DoesNotExist",
    }
}

text_enum! {
    /// Where ECS runs tasks.
    LaunchType {
        /// AWS Fargate.
        Fargate = "FARGATE",
        /// EC2 instances of the account.
        Ec2 = "EC2",
        /// ECS Anywhere.
        External = "EXTERNAL",
        /// ECS Managed Instances.
        ManagedInstances = "MANAGED_INSTANCES",
    }
}
