//! The end state in a form by which two runs can be compared.
//! What differs between correct runs is left out: times, revision numbers, random ids.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::models::strangers;
use super::state::State;

const READ_ONLY: [&str; 10] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
    "tags",
];

/// Everything that matters at the end, by account, region and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct World {
    /// `account/region/cluster/service` to what it runs (canonical) and how its rollout stands.
    pub services: BTreeMap<String, Value>,
    /// `account/role` to policy name to document.
    pub roles: BTreeMap<String, BTreeMap<String, Value>>,
    /// `bucket/key` to content.
    pub objects: BTreeMap<String, String>,
    /// `account/region/family` to the number of revisions ever registered.
    pub revisions: BTreeMap<String, usize>,
    /// `account/region/family` to the number of ACTIVE revisions.
    pub active_revisions: BTreeMap<String, usize>,
}

pub(super) fn world(state: &State) -> World {
    let mut world = World::default();
    for (place, region) in &state.regions {
        let at = format!("{}/{}", place.account, place.region);
        for (cluster_name, cluster) in &region.clusters {
            for (name, service) in &cluster.services {
                let service = service.newest();
                let runs = region.revision(&service.task_definition).map(|revision| {
                    canonical(&json!({"taskDefinition": revision.view(), "tags": revision.tags}))
                });
                let value = json!({
                    "status": format!("{:?}", service.status),
                    "rollout": format!("{:?}", service.rollout_state()),
                    "runs": runs,
                });
                world
                    .services
                    .insert(format!("{at}/{cluster_name}/{name}"), value);
            }
        }
        for (family, revisions) in &region.families {
            let active = revisions.iter().filter(|revision| revision.is_active());
            let key = format!("{at}/{family}");
            world.active_revisions.insert(key.clone(), active.count());
            world.revisions.insert(key, revisions.len());
        }
    }
    for (account, name, role) in state.roles.iter() {
        let policies = role.inline.iter().map(|(policy, text)| {
            let document: Value = serde_json::from_str(text).unwrap_or(Value::Null);
            (plain(policy), plain_value(&document))
        });
        world
            .roles
            .insert(format!("{account}/{name}"), policies.collect());
    }
    for (name, bucket) in &state.buckets {
        for (key, object) in &bucket.objects {
            let body = plain(&String::from_utf8_lossy(&object.body));
            world.objects.insert(plain(&format!("{name}/{key}")), body);
        }
    }
    world
}

/// A task definition (a describe answer, or bare) as compared between runs: read-only members,
/// server defaults and empty members left out, revision numbers and random ids masked.
pub fn canonical(document: &Value) -> Value {
    let mut input = register_input(document);
    strangers::see_off(&mut input);
    let mut value = prune(&plain_value(&input));
    if let Some(containers) = value
        .get_mut("containerDefinitions")
        .and_then(Value::as_array_mut)
    {
        for container in containers.iter_mut().filter_map(Value::as_object_mut) {
            undefault(container);
        }
    }
    value
}

/// The register input that a describe answer (or bare definition) stands for.
pub(super) fn register_input(document: &Value) -> Value {
    let bare = document.get("taskDefinition").unwrap_or(document);
    let mut input = bare.as_object().cloned().unwrap_or_default();
    let tags = document.get("tags").cloned();
    for member in READ_ONLY {
        input.remove(member);
    }
    if let Some(Value::Array(tags)) = tags
        && !tags.is_empty()
    {
        input.insert("tags".to_owned(), Value::Array(tags));
    }
    Value::Object(input)
}

fn undefault(container: &mut Map<String, Value>) {
    let defaults = [("cpu", json!(0)), ("essential", json!(true))];
    for (name, default) in defaults {
        if container.get(name) == Some(&default) {
            container.remove(name);
        }
    }
    if let Some(Value::Array(ports)) = container.get_mut("portMappings") {
        for port in ports.iter_mut().filter_map(Value::as_object_mut) {
            let host_port = port.get("hostPort").cloned();
            if host_port == port.get("containerPort").cloned() || host_port == Some(json!(0)) {
                port.remove("hostPort");
            }
            if port.get("protocol") == Some(&json!("tcp")) {
                port.remove("protocol");
            }
        }
    }
    if container.contains_key("firelensConfiguration") {
        if container.get("user") == Some(&json!("0")) {
            container.remove("user");
        }
        // The hash covers the masked ids, so it differs wherever they do.
        if let Some(Value::Object(labels)) = container.get_mut("dockerLabels") {
            labels.remove("firelens.dev/hash");
        }
    }
}

/// Without null, empty lists and empty objects.
fn prune(value: &Value) -> Value {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(items) => items.iter().map(prune).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), prune(value)))
            .filter(|(_, value)| !empty(value))
            .collect(),
        other => other.clone(),
    }
}

fn plain_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(plain(text)),
        Value::Array(items) => items.iter().map(plain_value).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), plain_value(value)))
            .collect(),
        other => other.clone(),
    }
}

/// Text with revision numbers of task definition ARNs and UUIDs masked.
fn plain(text: &str) -> String {
    mask_uuids(&mask_revisions(text))
}

fn mask_revisions(text: &str) -> String {
    const MARK: &str = ":task-definition/";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        let (before, after) = rest.split_at(at + MARK.len());
        out.push_str(before);
        let family = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
            .unwrap_or(after.len());
        out.push_str(&after[..family]);
        rest = &after[family..];
        if let Some(number) = rest.strip_prefix(':') {
            let digits = number.len()
                - number
                    .trim_start_matches(|c: char| c.is_ascii_digit())
                    .len();
            if digits > 0 {
                out.push_str(":*");
                rest = &number[digits..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn mask_uuids(text: &str) -> String {
    const LENGTH: usize = 36;
    let is_uuid = |bytes: &[u8]| {
        bytes.len() == LENGTH
            && bytes.iter().enumerate().all(|(i, b)| match i {
                8 | 13 | 18 | 23 => *b == b'-',
                _ => b.is_ascii_hexdigit(),
            })
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let candidate = rest.as_bytes().get(..LENGTH).unwrap_or_default();
        if is_uuid(candidate) {
            out.push_str("<uuid>");
            rest = &rest[LENGTH..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revision_numbers_and_ids_are_masked() {
        assert_eq!(
            plain("x arn:aws:ecs:r:1:task-definition/web-1:42, y"),
            "x arn:aws:ecs:r:1:task-definition/web-1:*, y"
        );
        assert_eq!(plain("a67e55044-10b1-426f-9247-bb680e5fe0c8b"), "a<uuid>b");
        assert_eq!(plain("repo/web:42"), "repo/web:42");
    }

    #[test]
    fn server_defaults_do_not_count() {
        let sent = json!({"family": "a", "containerDefinitions": [{"name": "x"}]});
        let kept = json!({"taskDefinition": {
            "family": "a", "revision": 3, "volumes": [],
            "containerDefinitions": [{"name": "x", "cpu": 0, "essential": true, "environment": []}],
        }, "tags": []});
        assert_eq!(canonical(&sent), canonical(&kept));
    }
}
