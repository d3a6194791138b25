//! The world of one target as far as it was read.
//!
//! Each thing that was asked for is [`Observed::Absent`], [`Observed::Unknown`] or
//! [`Observed::Present`]; a thing not in its map was not asked for. A failed read is never `Absent`:
//! nothing is deleted or made again on `Unknown`.

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

/// Newest revisions of a family looked at when the answer to a registration was lost. Others may have
/// registered after us, but not many within the minute that a pass takes.
pub const FAMILY_LOOK_BACK: usize = 5;

/// The answer to one question about AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed<T> {
    /// AWS said that it does not exist.
    Absent,
    /// The read failed; the text says how.
    Unknown(String),
    /// AWS showed it.
    Present(T),
}

impl<T> Observed<T> {
    /// What was shown, if anything was.
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
    /// SHA-256 (hex) from the object's metadata, where it is there.
    pub sha256: Option<String>,
}

/// What is known of one target after the reads of a pass.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// AWS account id, 12 digits.
    pub account_id: String,
    /// Region name.
    pub region: String,
    /// Whether all of the target was read in this pass: a resync. Between two, only what moves is.
    pub is_whole: bool,
    /// Clusters that match the target, by name.
    pub clusters: BTreeMap<String, ClusterView>,
    /// Clusters (by name) whose services could not be listed, and why. The key `*` stands for all:
    /// listing the clusters failed.
    pub unread_clusters: BTreeMap<String, String>,
    /// Clusters that match the target and belong to another one that was there before: their names, and that
    /// of the other target. They are not looked at.
    pub clusters_of_others: BTreeMap<String, String>,
    /// Services of the clusters that were read.
    pub services: BTreeMap<WorkloadKey, Observed<ServiceView>>,
    /// Revisions by ARN. Their content never changes, so a cached answer serves.
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
    /// What AWS said of the rights of roles.
    pub rights: BTreeMap<RightsQuestion, Observed<RightsView>>,
    /// Objects by bucket and key.
    pub objects: BTreeMap<(String, String), Observed<ObjectView>>,
    /// What tags point to, read in this pass.
    pub images: BTreeMap<ImageQuestion, Observed<ImageView>>,
    /// Container instances by the ARN of their cluster.
    pub container_instances: BTreeMap<String, Observed<Vec<InstanceView>>>,
    /// What tells whether deployments are well and logs arrive, read in this pass.
    pub evidence: Evidence,
}

impl Observation {
    /// Why nothing is known of a workload, when its cluster could not be read.
    #[must_use]
    pub fn unread(&self, key: &WorkloadKey) -> Option<&str> {
        self.unread_clusters
            .get(&key.cluster)
            .or_else(|| self.unread_clusters.get("*"))
            .map(String::as_str)
    }

    /// What was read of tasks; where nothing was, the question is added to `needs`.
    pub fn tasks(
        &self,
        question: TasksQuestion,
        needs: &mut Needs,
    ) -> Option<&Observed<Vec<TaskView>>> {
        let found = self.evidence.tasks.get(&question);
        if found.is_none() {
            needs.evidence.tasks.insert(question);
        }
        found
    }
}
