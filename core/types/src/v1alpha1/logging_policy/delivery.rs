//! How the router gets its configuration, its permissions, and room in the task.
//!
//! These are choices; `render`, `iam` and `inject` implement them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::serde_util::{blank_as_none, is_false, text_enum};

/// How configuration that does not fit into log options reaches the router.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// Auto (default): the simplest that can carry the policy. Inline: log options alone, refused
    /// when they cannot. S3: the ECS agent fetches a file from the target's `configBucket`
    /// (not on Fargate). Init: the init image fetches it. File: a path inside the image, `file`.
    pub delivery: Delivery,
    /// Absolute path of a configuration file inside the router image, for File.
    #[serde(
        deserialize_with = "blank_as_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub file: Option<String>,
}

text_enum! {
    /// How configuration reaches the router.
    #[derive(Default)]
    Delivery {
        /// The simplest that can carry the policy.
        #[default]
        Auto = "Auto",
        /// Log options alone.
        Inline = "Inline",
        /// A file that the ECS agent fetches from S3.
        S3 = "S3",
        /// A file that the init image fetches from S3.
        Init = "Init",
        /// A file inside the image.
        File = "File",
    }
}

/// What to do about the permissions that the outputs need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Iam {
    /// Manage (default): add an inline policy with exactly these permissions to the roles of the
    /// task. Verify: report what is missing, and hold the workload back. Ignore: do not look.
    pub mode: IamMode,
    /// Whether roles that other workloads use as well may be given permissions. Default: false.
    #[serde(skip_serializing_if = "is_false")]
    pub allow_shared_roles: bool,
}

text_enum! {
    /// What to do about missing permissions.
    #[derive(Default)]
    IamMode {
        /// Add them.
        #[default]
        Manage = "Manage",
        /// Report them.
        Verify = "Verify",
        /// Do not look.
        Ignore = "Ignore",
    }
}

/// What to do when the router does not fit into the size of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Resources {
    /// Never (default): leave such a workload alone and say what is missing. Allow: move a Fargate
    /// task to the next valid size, and back when the router goes.
    pub resize: Resize,
}

text_enum! {
    /// Whether a task may be made larger.
    #[derive(Default)]
    Resize {
        /// Leave the size alone.
        #[default]
        Never = "Never",
        /// Take the next valid size.
        Allow = "Allow",
    }
}
