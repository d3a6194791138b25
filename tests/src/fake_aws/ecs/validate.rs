//! What ECS refuses at registration, with its messages where they are known.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::sizes::{cpu_units, fargate_has, memory_mib};
use super::task_definitions::containers;
use super::{list_of, text};
use crate::fake_aws::reply::AwsError;

const MAX_CONTAINERS: usize = 10;
const MAX_BYTES: usize = 65_536;
const READ_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// Refuses what the API refuses. `length_bytes` is the size of the request body as sent.
pub(super) fn validate(document: &Value, length_bytes: usize) -> Result<(), AwsError> {
    for member in READ_ONLY {
        if document.get(member).is_some() {
            return Err(AwsError::invalid(format!(
                "Unknown parameter in input: \"{member}\""
            )));
        }
    }
    let family = text(document, "family").unwrap_or("");
    if !is_name(family) {
        return Err(AwsError::client("Family should not be null or empty."));
    }
    let containers = containers(document);
    if containers.is_empty() {
        return Err(AwsError::client("Container list cannot be empty."));
    }
    if containers.len() > MAX_CONTAINERS {
        return Err(AwsError::client("Too many containers."));
    }
    if length_bytes > MAX_BYTES {
        return Err(AwsError::client(format!(
            "Actual length: '{length_bytes}'. Max allowed length is '{MAX_BYTES}' bytes."
        )));
    }
    names(containers)?;
    for container in containers {
        memory(document, container)?;
        volumes(document, container)?;
        health_check(container)?;
        if !list_of(container, "links").is_empty()
            && !["", "bridge"].contains(&text(document, "networkMode").unwrap_or(""))
        {
            return Err(AwsError::client(
                "Links are not supported when networkMode is not bridge.",
            ));
        }
    }
    dependencies(containers)?;
    routers(containers)?;
    if list_of(document, "requiresCompatibilities")
        .iter()
        .any(|kind| kind == "FARGATE")
    {
        fargate(document, containers)?;
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn name_of(container: &Value) -> &str {
    text(container, "name").unwrap_or("")
}

fn is_essential(container: &Value) -> bool {
    container.get("essential").and_then(Value::as_bool) != Some(false)
}

fn names(containers: &[Value]) -> Result<(), AwsError> {
    let mut seen = BTreeSet::new();
    for container in containers {
        let name = name_of(container);
        if !is_name(name) {
            return Err(AwsError::client(
                "Container.name should not be null or empty and may only have letters, numbers, \
                 hyphens and underscores.",
            ));
        }
        if !seen.insert(name) {
            return Err(AwsError::client(format!(
                "Duplicate container name found: {name}"
            )));
        }
        if text(container, "image").unwrap_or("").is_empty() {
            return Err(AwsError::client(
                "Container.image should not be null or empty.",
            ));
        }
    }
    if !containers.iter().any(is_essential) {
        return Err(AwsError::client(
            "At least one container must be essential.",
        ));
    }
    Ok(())
}

fn memory(document: &Value, container: &Value) -> Result<(), AwsError> {
    const MIN_MIB: u64 = 6;
    let name = name_of(container);
    let hard = container.get("memory").and_then(Value::as_u64);
    let soft = container.get("memoryReservation").and_then(Value::as_u64);
    let task = document.get("memory").and_then(memory_mib);
    if hard.is_none() && soft.is_none() && task.is_none() {
        return Err(AwsError::client(format!(
            "Invalid setting for container '{name}'. At least one of 'memory' or \
             'memoryReservation' must be specified."
        )));
    }
    if hard.is_some_and(|mib| mib < MIN_MIB) || soft.is_some_and(|mib| mib < MIN_MIB) {
        return Err(AwsError::client(format!(
            "Invalid 'memory' setting for container '{name}': less than {MIN_MIB} MiB."
        )));
    }
    if let (Some(hard), Some(soft)) = (hard, soft)
        && hard < soft
    {
        return Err(AwsError::client(format!(
            "Invalid setting for container '{name}'. 'memoryReservation' must be less than 'memory'."
        )));
    }
    if let (Some(task), Some(own)) = (task, soft.or(hard)) {
        let sum: u64 = containers(document)
            .iter()
            .filter_map(|c| c.get("memoryReservation").or(c.get("memory")))
            .filter_map(Value::as_u64)
            .sum();
        if own > task || sum > task {
            return Err(AwsError::client(
                "Invalid 'memory' setting for task: the containers reserve more than the task has.",
            ));
        }
    }
    Ok(())
}

fn volumes(document: &Value, container: &Value) -> Result<(), AwsError> {
    for mount in list_of(container, "mountPoints") {
        let Some(source) = text(mount, "sourceVolume") else {
            continue;
        };
        if !list_of(document, "volumes")
            .iter()
            .any(|volume| text(volume, "name") == Some(source))
        {
            return Err(AwsError::client(format!("Unknown volume '{source}'.")));
        }
    }
    Ok(())
}

fn health_check(container: &Value) -> Result<(), AwsError> {
    let Some(check) = container.get("healthCheck") else {
        return Ok(());
    };
    let command = list_of(check, "command");
    if !matches!(
        command.first().and_then(Value::as_str),
        Some("CMD" | "CMD-SHELL")
    ) {
        return Err(AwsError::client(
            "Health check command must start with CMD or CMD-SHELL.",
        ));
    }
    for (name, low, high) in [
        ("interval", 5, 300),
        ("timeout", 2, 60),
        ("retries", 1, 10),
        ("startPeriod", 0, 300),
    ] {
        if let Some(value) = check.get(name).and_then(Value::as_u64)
            && !(low..=high).contains(&value)
        {
            return Err(AwsError::client(format!(
                "Health check {name} must be between {low} and {high}."
            )));
        }
    }
    Ok(())
}

fn dependencies(containers: &[Value]) -> Result<(), AwsError> {
    let by_name: BTreeMap<&str, &Value> = containers.iter().map(|c| (name_of(c), c)).collect();
    for container in containers {
        for dependency in list_of(container, "dependsOn") {
            let on = text(dependency, "containerName").unwrap_or("");
            let Some(target) = by_name.get(on) else {
                return Err(AwsError::client(format!(
                    "Cannot depend on container + '{on}' because it does not exist"
                )));
            };
            match text(dependency, "condition").unwrap_or("") {
                "START" => {}
                "HEALTHY" if target.get("healthCheck").is_some() => {}
                "HEALTHY" => {
                    return Err(AwsError::client(format!(
                        "Container '{on}' must have a health check to be depended on as HEALTHY."
                    )));
                }
                "COMPLETE" | "SUCCESS" if !is_essential(target) => {}
                "COMPLETE" | "SUCCESS" => {
                    return Err(AwsError::client(
                        "A dependency container with SUCCESS or COMPLETE condition cannot be an \
                         essential container",
                    ));
                }
                other => {
                    return Err(AwsError::client(format!(
                        "Invalid dependency condition: '{other}'"
                    )));
                }
            }
        }
    }
    let mut left: BTreeSet<&str> = by_name.keys().copied().collect();
    while let Some(free) = left.iter().copied().find(|name| {
        let needs = by_name
            .get(name)
            .map_or(&[][..], |c| list_of(c, "dependsOn"));
        !needs
            .iter()
            .any(|d| left.contains(text(d, "containerName").unwrap_or("")))
    }) {
        left.remove(free);
    }
    if left.is_empty() {
        Ok(())
    } else {
        Err(AwsError::client(
            "Container dependencies have a cycle in them.",
        ))
    }
}

fn routers(containers: &[Value]) -> Result<(), AwsError> {
    let routers: Vec<&Value> = containers
        .iter()
        .filter_map(|container| container.get("firelensConfiguration"))
        .collect();
    let used = containers
        .iter()
        .any(|container| container["logConfiguration"]["logDriver"] == "awsfirelens");
    if used && routers.is_empty() {
        return Err(AwsError::client(
            "When awsfirelens log driver is specified in log configuration, a firelens \
             configuration object must be configured in one of the containers.",
        ));
    }
    if !used && !routers.is_empty() {
        return Err(AwsError::client(
            "When a firelensConfiguration object is specified, at least one container has to be \
             configured with the awsfirelens log driver.",
        ));
    }
    if routers.len() > 1 {
        return Err(AwsError::client(
            "Only one container can have a firelensConfiguration object.",
        ));
    }
    for router in routers {
        if !matches!(text(router, "type"), Some("fluentbit" | "fluentd")) {
            return Err(AwsError::client("Invalid firelens configuration type."));
        }
        let options = &router["options"];
        if options["config-file-type"] == "s3"
            && !options["config-file-value"]
                .as_str()
                .is_some_and(|arn| arn.starts_with("arn:") && arn.contains(":s3:::"))
        {
            return Err(AwsError::client("Invalid arn syntax."));
        }
    }
    Ok(())
}

fn fargate(document: &Value, containers: &[Value]) -> Result<(), AwsError> {
    const MAX_TIMEOUT_SECONDS: u64 = 120;
    if text(document, "networkMode") != Some("awsvpc") {
        return Err(AwsError::client(
            "Fargate only supports network mode 'awsvpc'.",
        ));
    }
    let cpu = document.get("cpu").and_then(cpu_units);
    let memory = document.get("memory").and_then(memory_mib);
    let (Some(cpu), Some(memory)) = (cpu, memory) else {
        return Err(AwsError::client(
            "Fargate requires that 'cpu' and 'memory' be defined at the task level.",
        ));
    };
    if !fargate_has(cpu, memory) {
        return Err(AwsError::client(
            "No Fargate configuration exists for given values.",
        ));
    }
    let has_execution_role = text(document, "executionRoleArn").is_some_and(|arn| !arn.is_empty());
    for container in containers {
        let driver = container["logConfiguration"]["logDriver"].as_str();
        match driver {
            None | Some("splunk" | "awsfirelens") => {}
            Some("awslogs") if has_execution_role => {}
            Some("awslogs") => {
                return Err(AwsError::client(
                    "Fargate requires task definition to have execution role ARN to support log \
                     driver awslogs.",
                ));
            }
            Some(_) => {
                return Err(AwsError::client(
                    "Log driver is not supported when networkMode is awsvpc on Fargate.",
                ));
            }
        }
        if container["firelensConfiguration"]["options"]["config-file-type"] == "s3" {
            return Err(AwsError::client(
                "Fargate does not support the config-file-type s3.",
            ));
        }
        for name in ["startTimeout", "stopTimeout"] {
            if container[name].as_u64().unwrap_or(0) > MAX_TIMEOUT_SECONDS {
                return Err(AwsError::client(format!(
                    "{name} must be at most {MAX_TIMEOUT_SECONDS} seconds on Fargate."
                )));
            }
        }
    }
    let secrets = containers.iter().any(|container| {
        !list_of(container, "secrets").is_empty()
            || !list_of(&container["logConfiguration"], "secretOptions").is_empty()
    });
    if secrets && !has_execution_role {
        return Err(AwsError::client(
            "When you are specifying container secrets, you must also specify a value for \
             'executionRoleArn'.",
        ));
    }
    Ok(())
}
