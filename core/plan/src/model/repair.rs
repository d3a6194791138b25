//! Role policies that others removed or altered and that are restored.

use std::collections::BTreeMap;

use firelens_aws::record::{ResourceId, WorkloadKey};

/// A role policy that others removed or altered, and that this pass writes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The id of the role policy.
    pub id: ResourceId,
    /// Whether it existed with other content.
    pub altered: bool,
    /// Workloads that rely on it, each with the message for people.
    pub workloads: BTreeMap<WorkloadKey, String>,
}
