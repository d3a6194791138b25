//! How ECS changes a registered document: fills in defaults, rewrites sizes, derives attributes.
//! Unknown members are kept as they were sent, as new fields of ECS would be.

use serde_json::{Map, Value, json};

use super::sizes::{cpu_units, memory_mib};
use super::task_definitions::containers;
use crate::fake_aws::calls::Place;

/// The document as stored.
pub(super) fn stored(input: Map<String, Value>, place: &Place) -> Map<String, Value> {
    let mut document = input;
    let network_mode = document
        .get("networkMode")
        .and_then(Value::as_str)
        .unwrap_or("")
        .to_owned();
    if let Some(Value::Array(list)) = document.get_mut("containerDefinitions") {
        for container in list.iter_mut().filter_map(Value::as_object_mut) {
            fill_container(container, &network_mode);
        }
    }
    for (name, read) in [
        ("cpu", cpu_units as fn(&Value) -> Option<u64>),
        ("memory", memory_mib),
    ] {
        if let Some(units) = document.get(name).and_then(read) {
            document.insert(name.to_owned(), json!(units.to_string()));
        }
    }
    for role in ["taskRoleArn", "executionRoleArn"] {
        if let Some(name) = document.get(role).and_then(Value::as_str)
            && !name.is_empty()
            && !name.starts_with("arn:")
        {
            let arn = format!(
                "arn:{}:iam::{}:role/{name}",
                place.partition(),
                place.account
            );
            document.insert(role.to_owned(), json!(arn));
        }
    }
    for list in ["volumes", "placementConstraints"] {
        document.entry(list).or_insert_with(|| json!([]));
    }
    if let Some(Value::Array(volumes)) = document.get_mut("volumes") {
        for volume in volumes.iter_mut().filter_map(Value::as_object_mut) {
            if volume.len() == 1 {
                volume.insert("host".to_owned(), json!({}));
            }
        }
    }
    let derived = Value::Object(document.clone());
    document.insert("requiresAttributes".to_owned(), attributes(&derived));
    document.insert("compatibilities".to_owned(), compatibilities(&derived));
    document
}

fn fill_container(container: &mut Map<String, Value>, network_mode: &str) {
    container.entry("cpu").or_insert_with(|| json!(0));
    container.entry("essential").or_insert_with(|| json!(true));
    for list in [
        "environment",
        "mountPoints",
        "volumesFrom",
        "portMappings",
        "systemControls",
    ] {
        container.entry(list).or_insert_with(|| json!([]));
    }
    if container.contains_key("firelensConfiguration") {
        container.entry("user").or_insert_with(|| json!("0"));
    }
    if let Some(Value::Array(ports)) = container.get_mut("portMappings") {
        for port in ports.iter_mut().filter_map(Value::as_object_mut) {
            let host_port = match network_mode {
                "awsvpc" | "host" => port.get("containerPort").cloned(),
                _ => Some(json!(0)),
            };
            if let Some(host_port) = host_port {
                port.entry("hostPort").or_insert(host_port);
            }
            port.entry("protocol").or_insert_with(|| json!("tcp"));
        }
    }
    if let Some(check) = container
        .get_mut("healthCheck")
        .and_then(Value::as_object_mut)
    {
        for (name, value) in [("interval", 30), ("timeout", 5), ("retries", 3)] {
            check.entry(name).or_insert_with(|| json!(value));
        }
    }
}

/// Attributes that instances must have, as the agent names its capabilities.
fn attributes(document: &Value) -> Value {
    let mut names = Vec::new();
    for container in containers(document) {
        let log = &container["logConfiguration"];
        if let Some(driver) = log["logDriver"].as_str() {
            names.push(format!(
                "com.amazonaws.ecs.capability.logging-driver.{driver}"
            ));
        }
        if !log["options"]["log-driver-buffer-limit"].is_null() {
            names.push(
                "ecs.capability.logging-driver.awsfirelens.log-driver-buffer-limit".to_owned(),
            );
        }
        let router = &container["firelensConfiguration"];
        if let Some(kind) = router["type"].as_str() {
            names.push(format!("ecs.capability.firelens.{kind}"));
        }
        if let Some(kind) = router["options"]["config-file-type"].as_str() {
            names.push(format!("ecs.capability.firelens.options.config.{kind}"));
        }
        if !container["healthCheck"].is_null() {
            names.push("ecs.capability.container-health-check".to_owned());
        }
        if !container["dependsOn"].is_null() {
            names.push("ecs.capability.container-ordering".to_owned());
        }
    }
    if !document["taskRoleArn"].is_null() {
        names.push("com.amazonaws.ecs.capability.task-iam-role".to_owned());
    }
    if document["networkMode"] == "awsvpc" {
        names.push("ecs.capability.task-eni".to_owned());
    }
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| json!({ "name": name }))
        .collect()
}

/// Launch types the document fits.
fn compatibilities(document: &Value) -> Value {
    let fargate = document["networkMode"] == "awsvpc"
        && document["cpu"].is_string()
        && document["memory"].is_string();
    let mut kinds = vec!["EC2", "MANAGED_INSTANCES"];
    if document["networkMode"] != "awsvpc" {
        kinds = vec!["EXTERNAL", "EC2"];
    }
    if fargate {
        kinds.push("FARGATE");
    }
    json!(kinds)
}
