//! The observation of one target: what was read of AWS in a pass.
//!
//! Each value that was read is [`Observed::Absent`], [`Observed::Unknown`] or [`Observed::Present`]; a value
//! that is not in its map was not read. A failed read is not `Absent` but `Unknown`, on which nothing is deleted
//! or created again.

use std::collections::{BTreeMap, BTreeSet};

mod answered;
mod evidence;
mod images;
mod instance;
mod needs;
mod rights;
pub mod sanitize;
mod service;
mod settings;

use crate::record::WorkloadKey;
use firelens_taskdef::TaskDefinitionDoc;

pub use evidence::{
    AlarmView, DeploymentsQuestion, Evidence, EvidenceNeeds, LogDelivery, LogDeliveryQuestion,
    LogLocation, LogTailQuestion, ServiceDeploymentView, TaskContainer, TaskView, TasksQuestion,
};
pub use images::{ImageQuestion, ImageView};
pub use instance::InstanceView;
pub use needs::Needs;
pub use rights::{
    InlinePolicies, RightsQuestion, RightsView, RoleView, SimulatedDecision, SimulatedRight,
};
pub use service::{DeploymentView, LoadBalancerView, ServiceView};
pub use settings::DeploymentSettings;

/// The number of newest revisions of a family that are read when the response to a registration was lost.
/// Others may have registered after us, but not many within the minute that a pass takes.
pub const FAMILY_LOOK_BACK: usize = 5;

/// One value that was read of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed<T> {
    /// It does not exist.
    Absent,
    /// The read failed; the text is the reason.
    Unknown(String),
    /// It exists.
    Present(T),
}

impl<T> Observed<T> {
    /// Returns the value, if it is present.
    pub const fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

/// One ECS cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterView {
    /// Full ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Tags of the cluster.
    pub tags: BTreeMap<String, String>,
}

/// One S3 object that holds a router configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectView {
    /// SHA-256 (hex) from the object's metadata, if it has one.
    pub sha256: Option<String>,
}

/// What is known of one target after the reads of a pass.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// AWS account id, 12 digits.
    pub account_id: String,
    /// Region name.
    pub region: String,
    /// Whether the whole target was read in this pass: a resync. Other passes read only what changes.
    pub is_whole: bool,
    /// Clusters that match the target, by name.
    pub clusters: BTreeMap<String, ClusterView>,
    /// Clusters (by name) whose services could not be listed, and why. The key `*` means all of them: listing
    /// the clusters failed.
    pub unread_clusters: BTreeMap<String, String>,
    /// Clusters that match the target but belong to another target that is older: their names, and the name of
    /// the other target. Their services are not read.
    pub clusters_of_others: BTreeMap<String, String>,
    /// Services of the clusters that were read.
    pub services: BTreeMap<WorkloadKey, Observed<ServiceView>>,
    /// Revisions by ARN. Their content does not change, so they may come from a cache.
    pub task_definitions: BTreeMap<String, Observed<TaskDefinitionDoc>>,
    /// Revisions by ARN, read in this pass: for their status.
    pub fresh_task_definitions: BTreeMap<String, Observed<TaskDefinitionDoc>>,
    /// The newest active revisions of a family (at most [`FAMILY_LOOK_BACK`]), newest first, read in
    /// this pass.
    pub families: BTreeMap<String, Observed<Vec<TaskDefinitionDoc>>>,
    /// Roles by name.
    pub roles: BTreeMap<String, Observed<RoleView>>,
    /// Services of other targets of the account that no policy selects, by the roles of their tasks; those
    /// that could be read.
    pub role_users: BTreeMap<String, BTreeSet<String>>,
    /// Inline policy documents (decoded JSON text) by role name and policy name.
    pub role_policies: BTreeMap<(String, String), Observed<String>>,
    /// All inline policies of roles, by role name.
    pub inline_policies: BTreeMap<String, Observed<InlinePolicies>>,
    /// Documents of the default versions of managed policies (decoded JSON text), by ARN.
    pub managed_policies: BTreeMap<String, Observed<String>>,
    /// The rights of roles, as AWS reports them.
    pub rights: BTreeMap<RightsQuestion, Observed<RightsView>>,
    /// Objects by bucket and key.
    pub objects: BTreeMap<(String, String), Observed<ObjectView>>,
    /// What tags point to, read in this pass.
    pub images: BTreeMap<ImageQuestion, Observed<ImageView>>,
    /// Container instances by the ARN of their cluster.
    pub container_instances: BTreeMap<String, Observed<Vec<InstanceView>>>,
    /// Evidence on the health of deployments and on arriving logs, read in this pass.
    pub evidence: Evidence,
}

impl Observation {
    /// Returns why a workload could not be read, if its cluster could not be read.
    #[must_use]
    pub fn unread(&self, key: &WorkloadKey) -> Option<&str> {
        self.unread_clusters
            .get(&key.cluster)
            .or_else(|| self.unread_clusters.get("*"))
            .map(String::as_str)
    }

    /// Returns the tasks that were read; if they were not, adds the question to `needs`.
    pub fn tasks(
        &self,
        question: TasksQuestion,
        needs: &mut Needs,
    ) -> Option<&Observed<Vec<TaskView>>> {
        let tasks = self.evidence.tasks.get(&question);
        if tasks.is_none() {
            needs.evidence.tasks.insert(question);
        }
        tasks
    }
}
