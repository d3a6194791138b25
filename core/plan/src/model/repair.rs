//! What others took away from us and is given back.

use std::collections::BTreeMap;

use firelens_aws::record::{ResourceId, WorkloadKey};

/// A role policy that others took away or altered, and that this pass writes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Which.
    pub id: ResourceId,
    /// It was there with other content.
    pub altered: bool,
    /// Workloads that rely on it, with what is said to people about it.
    pub workloads: BTreeMap<WorkloadKey, String>,
}
