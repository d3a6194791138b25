//! What the agent knows of a task and a task definition does not say.
//!
//! AWS is not asked: what is not given is a word in capitals, so that it cannot be taken for real.

use firelens_aws::iam;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LaunchType;

/// Stands for the number of a revision that is not registered yet.
const REVISION: &str = "REVISION";

/// The values of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// What the task runs on.
    pub launch_type: LaunchType,
    /// Name of the cluster, as the agent has it.
    pub cluster: String,
    /// ARN of the task; its last part is the task id, which is part of every tag.
    pub task_arn: String,
    /// `family:revision`.
    pub task_definition: String,
    /// Id of the EC2 instance; ECS tells it to the agent's filter on EC2 only.
    pub instance_id: String,
}

/// What is known of a task; the rest is a word in capitals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownTask<'a> {
    /// Name of the cluster.
    pub cluster: Option<&'a str>,
    /// ARN of the task.
    pub task_arn: Option<&'a str>,
    /// Id of the EC2 instance.
    pub instance_id: Option<&'a str>,
    /// Region, for the ARN of the task.
    pub region: Option<&'a str>,
    /// Account, 12 digits, for the ARN of the task.
    pub account_id: Option<&'a str>,
}

impl Runtime {
    /// Words in capitals for all that is not known before a task starts.
    #[must_use]
    pub fn unknown(doc: &TaskDefinitionDoc, launch_type: LaunchType) -> Self {
        Self::of(doc, launch_type, &KnownTask::default())
    }

    /// What is known of a task, and words in capitals for the rest.
    #[must_use]
    pub fn of(doc: &TaskDefinitionDoc, launch_type: LaunchType, known: &KnownTask<'_>) -> Self {
        let registered = doc.arn().and_then(|arn| arn.rsplit('/').next());
        let cluster = known.cluster.unwrap_or("CLUSTER");
        let invented = || {
            format!(
                "arn:{}:ecs:{}:{}:task/{cluster}/TASK_ID",
                iam::partition_of_region(known.region.unwrap_or_default()),
                known.region.unwrap_or("REGION"),
                known.account_id.unwrap_or("ACCOUNT")
            )
        };
        Self {
            launch_type,
            cluster: cluster.to_owned(),
            task_arn: known.task_arn.map_or_else(invented, str::to_owned),
            task_definition: registered.map_or_else(|| Self::next_revision(doc), str::to_owned),
            instance_id: known.instance_id.unwrap_or("INSTANCE_ID").to_owned(),
        }
    }

    /// `family:REVISION`, for a task definition that is still to be registered.
    #[must_use]
    pub fn next_revision(doc: &TaskDefinitionDoc) -> String {
        format!("{}:{REVISION}", doc.family().unwrap_or("FAMILY"))
    }

    /// The last part of the task's ARN.
    #[must_use]
    pub fn task_id(&self) -> &str {
        self.task_arn.rsplit('/').next().unwrap_or_default()
    }

    /// The instance id where the agent adds it to records: ECS says `AWS_EXECUTION_ENV=AWS_ECS_EC2`
    /// to containers on EC2 only.
    pub(crate) fn instance_id_in_records(&self) -> Option<&str> {
        (self.launch_type == LaunchType::Ec2 && !self.instance_id.is_empty())
            .then_some(self.instance_id.as_str())
    }
}
