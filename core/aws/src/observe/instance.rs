//! One container instance: the capabilities of its agent, and its free resources.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::size::TaskSize;

/// One container instance. Source: `ContainerInstance` of the ECS API,
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    /// Full ARN.
    pub arn: String,
    /// `ACTIVE`, `DRAINING`, `REGISTERING` …
    pub status: String,
    /// Names of its attributes, including the capabilities of the agent.
    pub attributes: BTreeSet<String>,
    /// CPU and memory that are free, if both are reported.
    pub remaining: Option<TaskSize>,
    /// CPU and memory that it has for tasks, if both are reported.
    pub registered: Option<TaskSize>,
    /// Capacity provider that it belongs to.
    pub capacity_provider: Option<String>,
    /// Version of its ECS agent.
    pub agent_version: Option<String>,
}

impl InstanceView {
    /// Parses one element of `containerInstances` of a `DescribeContainerInstances` response.
    ///
    /// # Errors
    /// The text is not a JSON object of that shape.
    pub fn parse(raw_json: &str) -> Result<Self, serde_json::Error> {
        let raw: RawInstance = serde_json::from_str(raw_json)?;
        Ok(Self {
            arn: raw.container_instance_arn,
            status: raw.status,
            attributes: raw
                .attributes
                .unwrap_or_default()
                .into_iter()
                .map(|attribute| attribute.name)
                .collect(),
            remaining: size(&raw.remaining_resources.unwrap_or_default()),
            registered: size(&raw.registered_resources.unwrap_or_default()),
            capacity_provider: raw.capacity_provider_name.filter(|name| !name.is_empty()),
            agent_version: raw.version_info.and_then(|info| info.agent_version),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawInstance {
    container_instance_arn: String,
    #[serde(default)]
    status: String,
    attributes: Option<Vec<RawAttribute>>,
    remaining_resources: Option<Vec<RawResource>>,
    registered_resources: Option<Vec<RawResource>>,
    capacity_provider_name: Option<String>,
    version_info: Option<RawVersion>,
}

#[derive(Deserialize)]
struct RawAttribute {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawVersion {
    agent_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawResource {
    #[serde(default)]
    name: String,
    integer_value: Option<i64>,
}

fn size(resources: &[RawResource]) -> Option<TaskSize> {
    let amount = |name: &str| {
        let resource = resources.iter().find(|resource| resource.name == name)?;
        u64::try_from(resource.integer_value?).ok()
    };
    Some(TaskSize {
        cpu_units: amount("CPU")?,
        memory_mib: amount("MEMORY")?,
    })
}
