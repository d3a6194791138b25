//! What a plan asks to be read.
//!
//! Never an answer: those are in the observation.

use std::collections::BTreeSet;

use super::{EvidenceNeeds, RightsQuestion};

/// What a plan must know before it can decide. The pass reads these and plans again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Revisions whose content is wanted; a cache may answer.
    pub task_definitions: BTreeSet<String>,
    /// Revisions whose present status is wanted.
    pub fresh_task_definitions: BTreeSet<String>,
    /// Families whose newest active revisions are wanted.
    pub families: BTreeSet<String>,
    /// Role names.
    pub roles: BTreeSet<String>,
    /// Role name and inline policy name.
    pub role_policies: BTreeSet<(String, String)>,
    /// Names of roles whose inline policies are all wanted.
    pub inline_policies: BTreeSet<String>,
    /// ARNs of managed policies whose default version is wanted.
    pub managed_policies: BTreeSet<String>,
    /// What is to be found out about the rights of roles.
    pub rights: BTreeSet<RightsQuestion>,
    /// Bucket and key.
    pub objects: BTreeSet<(String, String)>,
    /// ARNs of clusters whose container instances are wanted.
    pub container_instances: BTreeSet<String>,
    /// What tells whether deployments are well and logs arrive.
    pub evidence: EvidenceNeeds,
}

impl Needs {
    /// Whether everything is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
