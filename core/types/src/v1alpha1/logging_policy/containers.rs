//! Which containers of a task are routed.
//!
//! These are names and globs; they are matched against task definitions elsewhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::serde_util::text_enum;

/// Which containers of a task send their logs through the router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ContainerSelection {
    /// Globs on container names; one must match. Default: `["*"]`.
    pub include: Vec<String>,
    /// Globs on container names that are left alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// What to do with a container that already uses `awsfirelens`. Skip (default): leave it, and
    /// the task, alone. Replace: take over its router and log options.
    pub on_existing_firelens: ExistingFirelens,
}

impl Default for ContainerSelection {
    fn default() -> Self {
        ContainerSelection {
            include: vec!["*".to_owned()],
            exclude: Vec::new(),
            on_existing_firelens: ExistingFirelens::Skip,
        }
    }
}

text_enum! {
    /// What to do with a container that already uses `awsfirelens`.
    #[derive(Default)]
    ExistingFirelens {
        /// Leave it alone.
        #[default]
        Skip = "Skip",
        /// Take it over.
        Replace = "Replace",
    }
}
