//! The router container: its name, its members, its own log.
//!
//! The router's own log does not go through the router, or its failures would be invisible.

pub(crate) mod health;
pub(crate) mod image;

use serde_json::{Map, Value, json};

use firelens_taskdef::{ContainerView, ObjectText, RawObject, TaskDefinitionDoc};
use firelens_types::v1alpha1::{Router, RouterLogs};

use crate::refusal::{Note, NoteCode, Reason, Refusal};

/// Longest container name, in characters.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.
const MAX_NAME_CHARACTERS: usize = 255;
/// Prefix of the router's log streams when the policy names none.
const DEFAULT_STREAM_PREFIX: &str = "firelens";

/// The name of the router: the one of the policy, or with a number when that is taken.
pub(crate) fn choose_name(
    doc: &TaskDefinitionDoc,
    wanted: &str,
    notes: &mut Vec<Note>,
) -> Result<String, Refusal> {
    let is_free =
        |name: &String| doc.container(name).is_none() && name.len() <= MAX_NAME_CHARACTERS;
    let wanted = wanted.to_owned();
    if is_free(&wanted) {
        return Ok(wanted);
    }
    let name = (2..=doc.containers().count() + 1).map(|number| format!("{wanted}_{number}")).find(is_free).ok_or_else(|| {
        Refusal::new(
            Reason::RouterNameTaken,
            format!("a container is already named {wanted:?}, and no free name can be derived from it; set another router.name"),
        )
    })?;
    notes.push(Note::new(
        NoteCode::RouterRenamed,
        format!(
            "the router is named {name}, because a container of the task is already named {wanted}"
        ),
    ));
    Ok(name)
}

/// Where the router's own log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnLog {
    /// The member `logConfiguration`, as JSON.
    pub(crate) configuration: String,
    pub(crate) group: String,
    pub(crate) region: String,
    /// Whether we ask the log driver to create the group.
    pub(crate) creates_group: bool,
}

/// What the policy says; else the group of the first candidate that has one in CloudWatch Logs.
pub(crate) fn own_log(
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
            "the router has no log configuration of its own, so its errors are not visible; set router.logs",
        ));
    }
    found
}

/// The log group of a container, under a stream prefix of our own.
fn like_that_of(container: &ContainerView<'_>, region: &str, prefix: &str) -> Option<OwnLog> {
    if !container.has_log_driver("awslogs") {
        return None;
    }
    let group = container
        .log_option_text("awslogs-group")
        .filter(|group| !group.is_empty())?;
    let its_region = container.log_option_text("awslogs-region");
    let region = its_region.as_deref().unwrap_or(region);
    // The role could create the group for this container, so it can for the router.
    let creates = container.log_option_text("awslogs-create-group").as_deref() == Some("true");
    Some(awslogs(&group, region, prefix, creates, false))
}

fn awslogs(
    group: &str,
    region: &str,
    prefix: &str,
    create_option: bool,
    creates_group: bool,
) -> OwnLog {
    let mut options = ObjectText::default();
    options.set_string("awslogs-group", group);
    options.set_string("awslogs-region", region);
    options.set_string("awslogs-stream-prefix", prefix);
    if create_option {
        options.set_string("awslogs-create-group", "true");
    }
    let mut configuration = ObjectText::default();
    configuration.set_string("logDriver", "awslogs");
    configuration.set_text("options", &options.finish());
    OwnLog {
        configuration: configuration.finish(),
        group: group.to_owned(),
        region: region.to_owned(),
        creates_group,
    }
}

/// What the frame of the router container is made of, beside the policy.
pub(crate) struct Shape<'a> {
    pub(crate) name: &'a str,
    pub(crate) image: &'a str,
    /// Variables of the delivery, after those of the policy.
    pub(crate) environment: &'a [(String, String)],
    /// Secrets of the outputs, after those of the policy.
    pub(crate) secrets: &'a [(String, String)],
    /// `config-file-type` and `config-file-value`.
    pub(crate) config_file: Option<(&'static str, &'a str)>,
    /// The member `healthCheck`, as JSON.
    pub(crate) health_check: Option<&'a str>,
}

/// A router container without what differs from task to task, and what it was made of.
pub(crate) struct Frame {
    name: String,
    image: String,
    environment: Vec<(String, String)>,
    secrets: Vec<(String, String)>,
    config_file: Option<(&'static str, String)>,
    health_check: Option<String>,
    container: RawObject,
}

impl Frame {
    fn of(router: &Router, shape: &Shape<'_>) -> Self {
        Self {
            name: shape.name.to_owned(),
            image: shape.image.to_owned(),
            environment: shape.environment.to_vec(),
            secrets: shape.secrets.to_vec(),
            config_file: shape
                .config_file
                .map(|(kind, value)| (kind, value.to_owned())),
            health_check: shape.health_check.map(str::to_owned),
            container: bare(router, shape),
        }
    }

    fn is_of(&self, shape: &Shape<'_>) -> bool {
        let config_file = self.config_file.as_ref();
        self.name == shape.name
            && self.image == shape.image
            && self.environment == shape.environment
            && self.secrets == shape.secrets
            && config_file.map(|(kind, value)| (*kind, value.as_str())) == shape.config_file
            && self.health_check.as_deref() == shape.health_check
    }
}

/// The router container but for what [`complete`] puts in; the last one again when it has the shape.
pub(crate) fn frame(router: &Router, shape: &Shape<'_>, last: &mut Option<Frame>) -> RawObject {
    let known = last.take().filter(|known| known.is_of(shape));
    let frame = last.insert(known.unwrap_or_else(|| Frame::of(router, shape)));
    frame.container.clone()
}

/// Puts in what differs from task to task: the router's own log, its time to stop, and its labels,
/// which are JSON.
pub(crate) fn complete(
    container: &mut RawObject,
    own_log: Option<OwnLog>,
    stop_timeout_seconds: u32,
    labels: String,
) {
    match own_log {
        Some(log) => container.set_text("logConfiguration", log.configuration),
        None => {
            container.remove("logConfiguration");
        }
    }
    container.set_text("stopTimeout", stop_timeout_seconds.to_string());
    container.set_text("dockerLabels", labels);
}

/// The container definition of the router, with nothing in the places that [`complete`] fills.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.
fn bare(router: &Router, shape: &Shape<'_>) -> RawObject {
    let mut container = ObjectText::default();
    container.set_string("name", shape.name);
    container.set_string("image", shape.image);
    container.set("essential", &Value::from(router.essential));
    set_number(&mut container, "cpu", router.cpu);
    set_number(&mut container, "memory", router.memory_mib);
    set_number(
        &mut container,
        "memoryReservation",
        Some(router.memory_reservation_mib),
    );
    container.set_string("user", &router.user);
    if router.readonly_root_filesystem {
        container.set("readonlyRootFilesystem", &Value::from(true));
    }
    set_pairs(
        &mut container,
        "environment",
        "value",
        &router.environment,
        shape.environment,
    );
    set_pairs(
        &mut container,
        "secrets",
        "valueFrom",
        &router.secrets,
        shape.secrets,
    );
    container.set(
        "firelensConfiguration",
        &firelens_configuration(router, shape.config_file),
    );
    container.set_text("logConfiguration", "null");
    if let Some(check) = shape.health_check {
        container.set_text("healthCheck", check);
    }
    set_number(&mut container, "startTimeout", router.start_timeout_seconds);
    container.set_text("stopTimeout", "null");
    container.set_text("dockerLabels", "null");
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
