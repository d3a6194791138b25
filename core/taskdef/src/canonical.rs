//! The canonical form of a task definition: what is left when everything that ECS adds, drops or
//! reorders on registration is taken away.
//!
//! Never used as a request: it decides whether two documents mean the same, and its hash marks our
//! revisions. What ECS is not known to normalise is kept as it is.

mod stream;

use std::borrow::Cow;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{ABSENT_WHEN_EMPTY, READ_ONLY_MEMBERS, TaskDefinitionDoc};
use stream::SortKey;

pub use stream::{canonical_dependencies, canonical_member};

/// Top-level lists that mean the same empty and absent.
const EMPTY_TOP: [&str; 5] = [
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "inferenceAccelerators",
    "tags",
];

/// Container lists and maps that mean the same empty and absent.
const EMPTY_CONTAINER: [&str; 20] = [
    "command",
    "credentialSpecs",
    "dependsOn",
    "dnsSearchDomains",
    "dnsServers",
    "dockerLabels",
    "dockerSecurityOptions",
    "entryPoint",
    "environment",
    "environmentFiles",
    "extraHosts",
    "links",
    "linuxParameters",
    "mountPoints",
    "portMappings",
    "resourceRequirements",
    "secrets",
    "systemControls",
    "ulimits",
    "volumesFrom",
];

/// Container texts that mean the same empty and absent.
const BLANK_CONTAINER: [&str; 3] = ["user", "workingDirectory", "hostname"];

/// Parts of a log configuration that mean the same empty and absent.
const EMPTY_LOG: [&str; 2] = ["options", "secretOptions"];

/// Container lists whose order says nothing, with the member they are sorted by.
const UNORDERED_CONTAINER: [(&str, &str); 4] = [
    ("environment", "name"),
    ("secrets", "name"),
    ("dependsOn", "containerName"),
    ("portMappings", "containerPort"),
];

/// Health check values that ECS fills in.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>.
const HEALTH_CHECK_DEFAULTS: [(&str, u64); 3] = [("interval", 30), ("timeout", 5), ("retries", 3)];

/// The canonical form of a task definition, a register input or a describe answer: keys sorted,
/// read-only members, nulls and documented server defaults gone, sizes as numbers in text.
///
/// Text that is not JSON becomes a JSON string of itself, so that the function needs no error.
#[must_use]
pub fn canonical(json: &str) -> Value {
    let Ok(value) = serde_json::from_str::<Value>(json) else {
        return Value::from(json);
    };
    let mut top = match value {
        Value::Object(top) => unwrap_answer(top),
        other => return tidy(other),
    };
    for name in READ_ONLY_MEMBERS {
        top.remove(name);
    }
    drop_blank(&mut top, &ABSENT_WHEN_EMPTY);
    drop_empty(&mut top, &EMPTY_TOP);
    canonical_task_level(&mut top);
    let shares_host_ports =
        matches!(text(&top, "networkMode"), Some("awsvpc" | "host")) || lists_fargate(&top);
    if let Some(Value::Array(containers)) = top.get_mut("containerDefinitions") {
        for container in containers.iter_mut().filter_map(Value::as_object_mut) {
            canonical_container(container, shares_host_ports);
        }
    }
    drop_default_network_mode(&mut top);
    tidy(Value::Object(top))
}

/// SHA-256 of the [`canonical`] form, as 64 lower-case hexadecimal digits.
#[must_use]
pub fn canonical_hash(json: &str) -> String {
    match TaskDefinitionDoc::parse(json) {
        Ok(doc) => doc.canonical_hash(),
        Err(_) => sha256_hex(canonical(json).to_string().as_bytes()),
    }
}

/// SHA-256 as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    Sha256::digest(bytes)
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// Any JSON with keys sorted and nulls in objects dropped, for comparing parts.
pub fn sorted(json: &str) -> Value {
    serde_json::from_str(json).map_or_else(|_| Value::from(json), tidy)
}

/// A describe answer: tags move inside.
fn unwrap_answer(mut outer: Map<String, Value>) -> Map<String, Value> {
    if outer.contains_key("containerDefinitions") {
        return outer;
    }
    match outer.remove("taskDefinition") {
        Some(Value::Object(mut top)) => {
            if let Some(Value::Array(tags)) = outer.remove("tags")
                && !tags.is_empty()
            {
                top.insert("tags".to_owned(), Value::Array(tags));
            }
            top
        }
        Some(other) => {
            outer.insert("taskDefinition".to_owned(), other);
            outer
        }
        None => outer,
    }
}

fn canonical_task_level(top: &mut Map<String, Value>) {
    for (name, unit) in [("cpu", "vcpu"), ("memory", "gb")] {
        if let Some(size) = top.get(name).and_then(|value| size_text(value, unit)) {
            top.insert(name.to_owned(), Value::from(size));
        }
    }
    if top.get("enableFaultInjection") == Some(&Value::Bool(false)) {
        top.remove("enableFaultInjection");
    }
    for (name, value) in top.iter_mut() {
        tidy_task_member(name, value);
    }
    // Tags that are no list are not sent.
    if !top.get("tags").is_some_and(Value::is_array) {
        top.remove("tags");
    }
    drop_empty(top, &["tags"]);
}

/// Task-level members that ECS spells anew.
fn tidy_task_member(name: &str, value: &mut Value) {
    match (name, value) {
        ("tags", Value::Array(tags)) => {
            tags.retain(|tag| {
                !tag["key"]
                    .as_str()
                    .is_some_and(|key| key.to_ascii_lowercase().starts_with("aws:"))
            });
            sort_by_member(tags, "key");
        }
        ("requiresCompatibilities", Value::Array(launch_types)) => {
            launch_types.sort_by_key(Value::to_string);
        }
        ("volumes", volumes) => {
            for volume in objects_of(Some(volumes)) {
                drop_empty(volume, &["host"]);
                if let Some(Value::Object(efs)) = volume.get_mut("efsVolumeConfiguration")
                    && text(efs, "rootDirectory") == Some("/")
                {
                    efs.remove("rootDirectory");
                }
            }
        }
        _ => {}
    }
}

/// On Linux `bridge` is what ECS takes when nothing is said; on Fargate only `awsvpc` is possible.
fn drop_default_network_mode(top: &mut Map<String, Value>) {
    if text(top, "networkMode") == Some(default_network_mode(lists_fargate(top))) {
        top.remove("networkMode");
    }
}

const fn default_network_mode(lists_fargate: bool) -> &'static str {
    if lists_fargate { "awsvpc" } else { "bridge" }
}

fn lists_fargate(top: &Map<String, Value>) -> bool {
    matches!(top.get("requiresCompatibilities"), Some(Value::Array(kinds)) if kinds.iter().any(|kind| kind == "FARGATE"))
}

fn canonical_container(container: &mut Map<String, Value>, shares_host_ports: bool) {
    drop_empty(container, &EMPTY_CONTAINER);
    drop_blank(container, &BLANK_CONTAINER);
    let is_zero = |value: Option<&Value>| value.and_then(Value::as_f64) == Some(0.0);
    if is_zero(container.get("cpu")) {
        container.remove("cpu");
    }
    if container.get("essential") == Some(&Value::Bool(true)) {
        container.remove("essential");
    }
    for mapping in objects(container, "portMappings") {
        if text(mapping, "protocol") == Some("tcp") {
            mapping.remove("protocol");
        }
        let same = shares_host_ports && mapping.get("hostPort") == mapping.get("containerPort");
        if same || is_zero(mapping.get("hostPort")) {
            mapping.remove("hostPort");
        }
    }
    for mount in objects(container, "mountPoints") {
        if mount.get("readOnly") == Some(&Value::Bool(false)) {
            mount.remove("readOnly");
        }
    }
    for (list, member) in UNORDERED_CONTAINER {
        if let Some(Value::Array(entries)) = container.get_mut(list) {
            sort_by_member(entries, member);
        }
    }
    if let Some(Value::Object(check)) = container.get_mut("healthCheck") {
        for (name, default) in HEALTH_CHECK_DEFAULTS {
            if check.get(name).and_then(Value::as_u64) == Some(default) {
                check.remove(name);
            }
        }
    }
    if let Some(Value::Object(logs)) = container.get_mut("logConfiguration") {
        drop_empty(logs, &EMPTY_LOG);
        if let Some(Value::Array(secrets)) = logs.get_mut("secretOptions") {
            sort_by_member(secrets, "name");
        }
    }
    canonical_router(container);
}

/// ECS fills in `"user": "0"` for the FireLens container.
fn canonical_router(container: &mut Map<String, Value>) {
    let Some(Value::Object(router)) = container.get_mut("firelensConfiguration") else {
        return;
    };
    drop_empty(router, &["options"]);
    if text(container, "user") == Some("0") {
        container.remove("user");
    }
}

/// `1024` and `"1 vCPU"` become `"1024"`; `2048` and `"2 GB"` become `"2048"`.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>.
fn size_text(value: &Value, unit: &str) -> Option<String> {
    let written = match value {
        Value::String(text) => text.trim().to_ascii_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let Some(amount) = written.strip_suffix(unit) else {
        return Some(written);
    };
    let units = amount.trim().parse::<f64>().ok()? * 1024.0;
    (units.is_finite() && units >= 0.0).then(|| format!("{units:.0}"))
}

/// Sorts keys, drops nulls in objects, and writes whole numbers as such, at every depth.
fn tidy(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name, tidy(value)))
                .collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(entries) => Value::Array(entries.into_iter().map(tidy).collect()),
        Value::Number(number) => whole(&number).map_or(Value::Number(number), Value::from),
        other => other,
    }
}

/// `2.0` as `2`, where that loses nothing.
fn whole(number: &serde_json::Number) -> Option<i64> {
    /// Largest magnitude up to which every whole f64 is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number
        .as_f64()
        .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT)?;
    format!("{float:.0}").parse().ok()
}

fn objects<'a>(
    parent: &'a mut Map<String, Value>,
    list: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    objects_of(parent.get_mut(list))
}

fn objects_of(list: Option<&mut Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    list.and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
}

/// Stable: entries that are equal in that member keep their order, which then may mean something.
fn sort_by_member(entries: &mut [Value], member: &str) {
    entries.sort_by(|one, other| sort_key(&one[member]).order(&sort_key(&other[member])));
}

fn sort_key(value: &Value) -> SortKey<'_> {
    match (value.as_str(), value.as_f64()) {
        (Some(text), _) => SortKey::Text(Cow::Borrowed(text)),
        (None, Some(number)) => SortKey::Number(number),
        (None, None) => SortKey::Other,
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}

fn drop_empty(members: &mut Map<String, Value>, names: &[&str]) {
    members.retain(|name, value| {
        let empty = match value {
            Value::Array(entries) => entries.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        !(empty && names.contains(&name.as_str()))
    });
}

fn drop_blank(members: &mut Map<String, Value>, names: &[&str]) {
    members.retain(|name, value| !(value == "" && names.contains(&name.as_str())));
}

#[cfg(test)]
mod tests;
