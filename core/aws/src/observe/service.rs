//! One ECS service, with the fields that decisions need. Its tasks are read separately, if a plan needs them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::evidence::seconds;
use super::settings::{self, DeploymentSettings};

/// One deployment in `DescribeServices`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentView {
    /// `ecs-svc/…`.
    pub id: String,
    /// `PRIMARY`, `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// ARN of its revision.
    pub task_definition: String,
    /// `IN_PROGRESS`, `COMPLETED`, `FAILED`; `None` behind classic load balancers.
    pub rollout_state: Option<String>,
    /// Reason as ECS reports it.
    pub rollout_state_reason: String,
    /// Tasks wanted.
    pub desired_count: i64,
    /// Tasks running.
    pub running_count: i64,
    /// Number of tasks that are being started.
    pub pending_count: i64,
    /// Number of tasks that did not start.
    pub failed_tasks: i64,
    /// When ECS changed it last.
    pub updated_at: Option<Timestamp>,
}

impl DeploymentView {
    /// Whether it reached steady state. If ECS reports no rollout state (classic load balancers), all wanted
    /// tasks must run.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match self.rollout_state.as_deref() {
            Some(state) => state == "COMPLETED",
            None => self.running_count >= self.desired_count,
        }
    }

    /// Whether it has tasks, or is getting some.
    #[must_use]
    pub const fn has_tasks(&self) -> bool {
        self.running_count > 0 || self.pending_count > 0
    }
}

/// Where a load balancer sends the traffic of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoadBalancerView {
    /// Container that listens.
    pub container_name: String,
    /// Its port; 0 when not known.
    pub container_port: u16,
}

/// One ECS service, with the fields decisions need. Source: `Service` of the ECS API,
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    /// Full ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// ARN of its cluster.
    pub cluster_arn: String,
    /// `ACTIVE`, `DRAINING`, `INACTIVE`.
    pub status: String,
    /// ARN of the revision it is set to; empty for some services with an external controller.
    pub task_definition: String,
    /// `EC2`, `FARGATE`, `EXTERNAL`, when set on the service itself.
    pub launch_type: Option<String>,
    /// Names of the capacity providers in its strategy.
    pub capacity_providers: Vec<String>,
    /// Their type, as `type` of `DescribeCapacityProviders`: `EC2_AUTOSCALING`, `MANAGED_INSTANCES`, `FARGATE`,
    /// `FARGATE_SPOT`; `None` if it was not read. It is not part of the service itself.
    pub provider_type: Option<String>,
    /// `Linux`, `Windows_Server_2022_Core` …; Fargate only.
    pub platform_family: Option<String>,
    /// `REPLICA` or `DAEMON`.
    pub scheduling_strategy: String,
    /// `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
    pub deployment_controller: String,
    /// `ECS` for services that Express Gateway manages.
    pub resource_management_type: Option<String>,
    /// Whether tasks get a public address; `None` outside of network mode `awsvpc`.
    pub assign_public_ip: Option<bool>,
    /// Tasks wanted.
    pub desired_count: i64,
    /// Tasks that run.
    pub running_count: i64,
    /// Tasks that start.
    pub pending_count: i64,
    /// How ECS replaces its tasks.
    pub deployment_settings: DeploymentSettings,
    /// Load balancers; those of the primary task set if the service has task sets.
    pub load_balancers: Vec<LoadBalancerView>,
    /// Deployments, newest first as ECS lists them.
    pub deployments: Vec<DeploymentView>,
    /// Task sets of an external deployment, in the form of deployments.
    pub task_sets: Vec<DeploymentView>,
    /// Tags of the service.
    pub tags: BTreeMap<String, String>,
}

impl ServiceView {
    /// Parses one element of `services` of a `DescribeServices` response.
    ///
    /// # Errors
    /// The text is not a JSON object of that shape.
    pub fn parse(raw_json: &str) -> Result<Self, serde_json::Error> {
        let raw: RawService = serde_json::from_str(raw_json)?;
        Ok(raw.into())
    }

    /// Returns the number of tasks that run or start.
    #[must_use]
    pub const fn tasks(&self) -> i64 {
        self.running_count.saturating_add(self.pending_count)
    }

    /// Whether it is being deleted, and its tasks still run.
    #[must_use]
    pub fn still_drains(&self) -> bool {
        self.status == "DRAINING" && self.tasks() > 0
    }

    /// Whether the type of its capacity providers must be read: it has some,
    /// and the type does not follow from their names.
    #[must_use]
    pub fn has_unknown_providers(&self) -> bool {
        self.launch_type.is_none()
            && self.provider_type.is_none()
            && self
                .capacity_providers
                .iter()
                .any(|name| !matches!(name.as_str(), "FARGATE" | "FARGATE_SPOT"))
    }

    /// Whether Express Gateway created it: then it is changed by `UpdateExpressGatewayService`.
    #[must_use]
    pub fn is_express(&self) -> bool {
        self.resource_management_type.as_deref() == Some("ECS")
    }

    /// Returns the deployment that ECS is performing or has completed.
    #[must_use]
    pub fn primary_deployment(&self) -> Option<&DeploymentView> {
        self.deployments
            .iter()
            .find(|deployment| deployment.status == "PRIMARY")
    }

    /// Whether the newest deployment has reached its end and no other has tasks. `COMPLETED` alone is not enough:
    /// with `earlySuccessCriteria` ECS reports it while tasks of the previous revision still
    /// run. Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let primary = self.primary_deployment();
        let mut deployments = self.deployments.iter().chain(&self.task_sets);
        primary.is_none_or(DeploymentView::is_complete)
            && deployments
                .all(|deployment| deployment.status == "PRIMARY" || !deployment.has_tasks())
    }

    /// Returns the ARNs of the revisions of all deployments and task sets.
    pub fn shown_revisions(&self) -> impl Iterator<Item = &str> {
        let deployments = self.deployments.iter().chain(&self.task_sets);
        deployments
            .map(|deployment| deployment.task_definition.as_str())
            .filter(|arn| !arn.is_empty())
    }

    /// Returns the ARNs of the revisions that its tasks run, or that ECS could still roll back to.
    pub fn reachable_revisions(&self) -> impl Iterator<Item = &str> {
        let settled = self.is_settled();
        let deployments = self.deployments.iter().chain(&self.task_sets);
        let reachable = deployments.filter(move |deployment| {
            !settled || deployment.status == "PRIMARY" || deployment.has_tasks()
        });
        std::iter::once(self.task_definition.as_str())
            .chain(reachable.map(|deployment| deployment.task_definition.as_str()))
            .filter(|arn| !arn.is_empty())
    }

    /// Whether tasks of a deployment are still being replaced, ours or another's.
    #[must_use]
    pub fn is_deploying(&self) -> bool {
        self.deployments
            .iter()
            .any(|deployment| match deployment.status.as_str() {
                "PRIMARY" => deployment.rollout_state.as_deref() == Some("IN_PROGRESS"),
                // An older deployment that still runs tasks is being drained.
                "ACTIVE" => deployment.rollout_state.as_deref() != Some("FAILED"),
                _ => false,
            })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawService {
    service_arn: String,
    service_name: String,
    #[serde(default)]
    cluster_arn: String,
    #[serde(default)]
    status: String,
    task_definition: Option<String>,
    launch_type: Option<String>,
    capacity_provider_strategy: Option<Vec<RawStrategyItem>>,
    platform_family: Option<String>,
    scheduling_strategy: Option<String>,
    deployment_controller: Option<RawController>,
    resource_management_type: Option<String>,
    network_configuration: Option<RawNetwork>,
    #[serde(default)]
    desired_count: i64,
    #[serde(default)]
    running_count: i64,
    #[serde(default)]
    pending_count: i64,
    deployment_configuration: Option<settings::RawSettings>,
    deployments: Option<Vec<RawDeployment>>,
    load_balancers: Option<Vec<LoadBalancerView>>,
    task_sets: Option<Vec<RawTaskSet>>,
    tags: Option<Vec<RawTag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawNetwork {
    awsvpc_configuration: Option<RawAwsvpc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAwsvpc {
    assign_public_ip: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStrategyItem {
    capacity_provider: String,
}

#[derive(Deserialize)]
struct RawController {
    #[serde(rename = "type")]
    type_: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTaskSet {
    #[serde(default)]
    id: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    task_definition: String,
    #[serde(default)]
    running_count: i64,
    #[serde(default)]
    pending_count: i64,
    load_balancers: Option<Vec<LoadBalancerView>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDeployment {
    #[serde(default)]
    id: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    task_definition: String,
    rollout_state: Option<String>,
    rollout_state_reason: Option<String>,
    #[serde(default)]
    desired_count: i64,
    #[serde(default)]
    running_count: i64,
    #[serde(default)]
    pending_count: i64,
    #[serde(default)]
    failed_tasks: i64,
    #[serde(default, deserialize_with = "seconds")]
    updated_at: Option<Timestamp>,
}

/// A tag in the form of the ECS API.
#[derive(Deserialize)]
struct RawTag {
    key: String,
    #[serde(default)]
    value: String,
}

impl From<RawService> for ServiceView {
    fn from(raw: RawService) -> Self {
        // With CODE_DEPLOY and EXTERNAL the revision in force is in the primary task set.
        let sets = raw.task_sets.unwrap_or_default();
        let task_sets = sets.iter().map(Into::into).collect();
        let task_set = sets.into_iter().find(|set| set.status == "PRIMARY");
        let of_task_set = task_set
            .as_ref()
            .and_then(|set| set.load_balancers.clone())
            .filter(|list| !list.is_empty());
        let scheduling_strategy = raw
            .scheduling_strategy
            .unwrap_or_else(|| "REPLICA".to_owned());
        Self {
            arn: raw.service_arn,
            name: raw.service_name,
            cluster_arn: raw.cluster_arn,
            status: raw.status,
            task_definition: raw
                .task_definition
                .filter(|arn| !arn.is_empty())
                .or_else(|| task_set.map(|set| set.task_definition))
                .unwrap_or_default(),
            launch_type: raw.launch_type.filter(|text| !text.is_empty()),
            capacity_providers: raw
                .capacity_provider_strategy
                .unwrap_or_default()
                .into_iter()
                .map(|item| item.capacity_provider)
                .collect(),
            provider_type: None,
            platform_family: raw.platform_family.filter(|text| !text.is_empty()),
            deployment_settings: DeploymentSettings::of(
                raw.deployment_configuration,
                &scheduling_strategy,
            ),
            scheduling_strategy,
            deployment_controller: raw
                .deployment_controller
                .map_or_else(|| "ECS".to_owned(), |controller| controller.type_),
            resource_management_type: raw.resource_management_type,
            assign_public_ip: raw
                .network_configuration
                .and_then(|network| network.awsvpc_configuration)
                .map(|awsvpc| awsvpc.assign_public_ip.as_deref() == Some("ENABLED")),
            desired_count: raw.desired_count,
            running_count: raw.running_count,
            pending_count: raw.pending_count,
            load_balancers: of_task_set.or(raw.load_balancers).unwrap_or_default(),
            deployments: raw
                .deployments
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
            task_sets,
            tags: raw
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|tag| (tag.key, tag.value))
                .collect(),
        }
    }
}

impl From<&RawTaskSet> for DeploymentView {
    fn from(raw: &RawTaskSet) -> Self {
        Self {
            id: raw.id.clone(),
            status: raw.status.clone(),
            task_definition: raw.task_definition.clone(),
            updated_at: None,
            rollout_state: None,
            rollout_state_reason: String::new(),
            desired_count: 0,
            running_count: raw.running_count,
            pending_count: raw.pending_count,
            failed_tasks: 0,
        }
    }
}

impl From<RawDeployment> for DeploymentView {
    fn from(raw: RawDeployment) -> Self {
        Self {
            id: raw.id,
            status: raw.status,
            task_definition: raw.task_definition,
            rollout_state: raw.rollout_state.filter(|text| !text.is_empty()),
            rollout_state_reason: raw.rollout_state_reason.unwrap_or_default(),
            desired_count: raw.desired_count,
            running_count: raw.running_count,
            pending_count: raw.pending_count,
            failed_tasks: raw.failed_tasks,
            updated_at: raw.updated_at,
        }
    }
}
