//! The router container: its name, its members, its own log.
//!
//! Never sends the router's own log through the router: its failures would be invisible.

use serde_json::{Map, Value, json};

use crate::doc::{ContainerView, ObjectText, RawObject, TaskDefinitionDoc};
use crate::v1alpha1::{Router, RouterLogs};

use super::{Note, NoteCode, Reason, Refusal};

/// Longest container name, in characters.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.
const MAX_NAME_CHARACTERS: usize = 255;
/// Prefix of the router's log streams when the policy names none.
const DEFAULT_STREAM_PREFIX: &str = "firelens";

/// The name of the router: the one of the policy, or with a number when that is taken.
pub(super) fn choose_name(
    doc: &TaskDefinitionDoc,
    wanted: &str,
    notes: &mut Vec<Note>,
) -> Result<String, Refusal> {
    let taken = doc.container_names();
    let is_free = |name: &String| !taken.contains(name) && name.len() <= MAX_NAME_CHARACTERS;
    if is_free(&wanted.to_owned()) {
        return Ok(wanted.to_owned());
    }
    let name = (2..=taken.len() + 1).map(|number| format!("{wanted}_{number}")).find(is_free).ok_or_else(|| {
        Refusal::new(
            Reason::RouterNameTaken,
            format!("a container is named {wanted:?} and no free name can be made of it; set another router.name"),
        )
    })?;
    notes.push(Note::new(
        NoteCode::RouterRenamed,
        format!("the router is named {name}, since a container of the task is named {wanted}"),
    ));
    Ok(name)
}

/// Where the router's own log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnLog {
    /// The member `logConfiguration`.
    pub(super) configuration: Value,
    pub(super) group: String,
    pub(super) region: String,
    /// Whether we ask the log driver to create the group.
    pub(super) creates_group: bool,
}

/// What the policy says; else the group of the first candidate that has one in CloudWatch Logs.
pub(super) fn own_log(
    candidates: &[ContainerView<'_>],
    logs: Option<&RouterLogs>,
    region: &str,
    notes: &mut Vec<Note>,
) -> Option<OwnLog> {
    let wanted = logs.cloned().unwrap_or_default();
    if wanted.none {
        return None;
    }
    let prefix = wanted
        .stream_prefix
        .as_deref()
        .unwrap_or(DEFAULT_STREAM_PREFIX);
    let found = match &wanted.group {
        Some(group) => {
            let region = wanted.region.as_deref().unwrap_or(region);
            Some(awslogs(
                group,
                region,
                prefix,
                wanted.create_group,
                wanted.create_group,
            ))
        }
        None => candidates
            .iter()
            .find_map(|container| like_that_of(container, region, prefix)),
    };
    if found.is_none() {
        notes.push(Note::new(
            NoteCode::NoRouterLogs,
            "the router has no log of its own, so its errors are not seen; set router.logs",
        ));
    }
    found
}

/// The log group of a container, under a stream prefix of our own.
fn like_that_of(container: &ContainerView<'_>, region: &str, prefix: &str) -> Option<OwnLog> {
    if container.log_driver().as_deref() != Some("awslogs") {
        return None;
    }
    let group = container
        .log_option("awslogs-group")
        .filter(|group| !group.is_empty())?;
    let region = container
        .log_option("awslogs-region")
        .unwrap_or_else(|| region.to_owned());
    // The role could create the group for this container, so it can for the router.
    let creates = container.log_option("awslogs-create-group").as_deref() == Some("true");
    Some(awslogs(&group, &region, prefix, creates, false))
}

fn awslogs(
    group: &str,
    region: &str,
    prefix: &str,
    create_option: bool,
    creates_group: bool,
) -> OwnLog {
    let mut options = Map::new();
    options.insert("awslogs-group".to_owned(), Value::from(group));
    options.insert("awslogs-region".to_owned(), Value::from(region));
    options.insert("awslogs-stream-prefix".to_owned(), Value::from(prefix));
    if create_option {
        options.insert("awslogs-create-group".to_owned(), Value::from("true"));
    }
    OwnLog {
        configuration: json!({"logDriver": "awslogs", "options": options}),
        group: group.to_owned(),
        region: region.to_owned(),
        creates_group,
    }
}

/// What the router container is made of, beside the policy.
pub(super) struct Parts<'a> {
    pub(super) name: &'a str,
    pub(super) image: &'a str,
    /// Variables of the delivery, after those of the policy.
    pub(super) environment: &'a [(String, String)],
    /// Secrets of the outputs, after those of the policy.
    pub(super) secrets: &'a [(String, String)],
    /// `config-file-type` and `config-file-value`.
    pub(super) config_file: Option<(&'a str, &'a str)>,
    pub(super) own_log: Option<&'a OwnLog>,
    pub(super) health_check: Option<&'a Value>,
    pub(super) stop_timeout_seconds: u32,
    pub(super) labels: Map<String, Value>,
}

/// The container definition of the router.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.
pub(super) fn container(router: &Router, parts: Parts<'_>) -> RawObject {
    let mut container = ObjectText::default();
    container.set("name", &Value::from(parts.name));
    container.set("image", &Value::from(parts.image));
    container.set("essential", &Value::from(router.essential));
    set_number(&mut container, "cpu", router.cpu);
    set_number(&mut container, "memory", router.memory_mib);
    set_number(
        &mut container,
        "memoryReservation",
        Some(router.memory_reservation_mib),
    );
    container.set("user", &Value::from(router.user.as_str()));
    if router.readonly_root_filesystem {
        container.set("readonlyRootFilesystem", &Value::from(true));
    }
    set_pairs(
        &mut container,
        "environment",
        "value",
        &router.environment,
        parts.environment,
    );
    set_pairs(
        &mut container,
        "secrets",
        "valueFrom",
        &router.secrets,
        parts.secrets,
    );
    container.set(
        "firelensConfiguration",
        &firelens_configuration(router, parts.config_file),
    );
    if let Some(log) = parts.own_log {
        container.set("logConfiguration", &log.configuration);
    }
    if let Some(check) = parts.health_check {
        container.set("healthCheck", check);
    }
    set_number(&mut container, "startTimeout", router.start_timeout_seconds);
    set_number(
        &mut container,
        "stopTimeout",
        Some(parts.stop_timeout_seconds),
    );
    container.set("dockerLabels", &Value::Object(parts.labels));
    container.into_object()
}

/// `enable-ecs-log-metadata` must be exactly `true` or `false`: any other word turns it off.
fn firelens_configuration(router: &Router, config_file: Option<(&str, &str)>) -> Value {
    let mut options = Map::new();
    options.insert(
        "enable-ecs-log-metadata".to_owned(),
        Value::from(router.ecs_metadata.to_string()),
    );
    if let Some((kind, value)) = config_file {
        options.insert("config-file-type".to_owned(), Value::from(kind));
        options.insert("config-file-value".to_owned(), Value::from(value));
    }
    json!({"type": router.type_.as_str(), "options": options})
}

fn set_number(container: &mut ObjectText, name: &str, number: Option<u32>) {
    if let Some(number) = number {
        container.set(name, &Value::from(number));
    }
}

fn set_pairs(
    container: &mut ObjectText,
    member: &str,
    value_key: &str,
    of_policy: &std::collections::BTreeMap<String, String>,
    ours: &[(String, String)],
) {
    let pairs: Vec<Value> = of_policy
        .iter()
        .chain(ours.iter().map(|(name, value)| (name, value)))
        .map(|(name, value)| json!({"name": name, value_key: value}))
        .collect();
    if !pairs.is_empty() {
        container.set(member, &Value::Array(pairs));
    }
}
