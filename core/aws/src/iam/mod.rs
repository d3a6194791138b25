//! IAM statements that outputs and configuration delivery need, and the policy document made of them.
//!
//! A document grants exactly the union of its statements: merging grants nothing more.

mod arn;
mod document;
mod evaluate;

pub use arn::{RoleName, partition_of_region, role_name};
pub use document::{
    INLINE_POLICY_TOTAL_CHARACTERS, POLICY_NAME_CHARACTERS, former_policy_name, merge,
    policy_document, policy_name, policy_size_characters,
};
pub use evaluate::{
    Lack, NamedDocument, RightsFinding, RightsResult, RolePolicies, describe, evaluate,
    within_boundary,
};

use serde::{Deserialize, Serialize};

/// One `Allow` statement: these actions on these resources.
///
/// Serialised for plans as `{"sid": …, "actions": […], "resources": […]}`; the JSON that IAM reads
/// is made by [`policy_document`].
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Statement {
    /// Statement id, letters and digits only, unique within a document (`merge` sees to that).
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html>
    pub sid: String,
    /// Actions such as `logs:PutLogEvents`, sorted once merged.
    pub actions: Vec<String>,
    /// Resource ARNs (wildcards allowed), sorted once merged.
    pub resources: Vec<String>,
}

impl Statement {
    /// Creates a statement from its parts, in the given order.
    pub fn new(
        sid: &str,
        actions: impl IntoIterator<Item = impl Into<String>>,
        resources: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            sid: sid.to_owned(),
            actions: actions.into_iter().map(Into::into).collect(),
            resources: resources.into_iter().map(Into::into).collect(),
        }
    }
}

/// Which of the two roles of a task definition is meant.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
pub enum RoleUse {
    /// `taskRoleArn`: what the containers run as. Fluent Bit sends with it.
    Task,
    /// `executionRoleArn`: what ECS itself uses to pull images, secrets and, on EC2, the S3 file.
    Execution,
}

/// What one role of a task definition has to be allowed to do.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Task or execution role.
    pub role: RoleUse,
    /// The role as the task definition names it: an ARN, or a bare role name.
    pub role_arn: String,
    /// The statements, merged.
    pub statements: Vec<Statement>,
}

/// `Sid` of the statement that allows the init process, or the ECS agent, to read the configuration.
pub const CONFIG_SID: &str = "FirelensConfig";

impl Grant {
    /// Whether no task can start without these rights: the execution role is used before the first container
    /// starts, and the init process ends the router if it cannot read its files.
    #[must_use]
    pub fn is_needed_to_start(&self) -> bool {
        self.role == RoleUse::Execution
            || self
                .statements
                .iter()
                .any(|statement| statement.sid == CONFIG_SID)
    }
}
