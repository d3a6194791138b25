//! Container instances that join a cluster, as their agents would register them.
//! No tasks run on them: the test sets their free resources.

#![allow(clippy::expect_used)]

use serde_json::{Value, json};

use super::FakeAws;

impl FakeAws {
    /// Adds a container instance to a cluster, with these attributes and so much memory left. `extra`
    /// has further members of the API's `ContainerInstance`. Returns its ARN.
    ///
    /// # Panics
    /// If there is no such cluster.
    pub fn add_instance(
        &self,
        cluster: &str,
        attributes: &[&str],
        free_mib: u64,
        extra: &Value,
    ) -> String {
        let mut state = self.state();
        let home = state
            .regions
            .get_mut(&self.place)
            .and_then(|region| region.clusters.get_mut(cluster))
            .expect("a cluster of that name");
        let number = home.instances.len();
        let arn = self
            .place
            .ecs_arn(&format!("container-instance/{cluster}/{number:032x}"));
        let mut instance = instance(&arn, attributes, free_mib);
        for (name, value) in extra.as_object().into_iter().flatten() {
            instance[name] = value.clone();
        }
        home.instances.push(instance);
        arn
    }
}

/// An instance of 2 vCPU and 4 GB with a recent agent.
fn instance(arn: &str, attributes: &[&str], free_mib: u64) -> Value {
    const CPU_UNITS: u64 = 2048;
    const MEMORY_MIB: u64 = 3900;
    let resources = |memory_mib: u64| {
        json!([
            {"name": "CPU", "type": "INTEGER", "integerValue": CPU_UNITS},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": memory_mib},
            {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375"]},
        ])
    };
    let attributes: Vec<Value> = attributes
        .iter()
        .map(|name| json!({"name": name}))
        .collect();
    json!({
        "containerInstanceArn": arn,
        "status": "ACTIVE",
        "agentConnected": true,
        "versionInfo": {"agentVersion": "1.105.1", "dockerVersion": "DockerVersion: 25.0.3"},
        "attributes": attributes,
        "remainingResources": resources(free_mib),
        "registeredResources": resources(MEMORY_MIB),
    })
}
