//! Which containers go through the router, to which outputs, and what their log configuration says.
//!
//! Options of another log driver are removed: they would reach Fluent Bit, which refuses to start on
//! what it does not know.

pub(crate) mod dependencies;
pub(crate) mod graph;
mod secrets;

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use wildmatch::WildMatch;

use firelens_fluent::outputs::CompiledOutput;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{ExistingFirelens, LoggingPolicySpec, RouterType};

use crate::refusal::{Note, NoteCode, Reason, Refusal};

/// A container that goes through the router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Routed {
    pub(crate) name: String,
    /// Places in `spec.outputs`, in order.
    pub(crate) outputs: Vec<usize>,
}

/// Whether the outputs may stand somewhere else than in `spec.outputs`.
pub(crate) fn routes_elsewhere(spec: &LoggingPolicySpec) -> bool {
    spec.custom_config
        .as_deref()
        .is_some_and(|text| !text.trim().is_empty())
        || spec.config.file.is_some()
}

/// The globs of a policy over container names.
#[derive(Clone, Debug)]
pub(crate) struct Globs {
    include: Vec<WildMatch>,
    exclude: Vec<WildMatch>,
    /// By place in `spec.outputs`.
    outputs: Vec<Vec<WildMatch>>,
}

impl Globs {
    pub(crate) fn of(spec: &LoggingPolicySpec) -> Self {
        let read = |globs: &Vec<String>| globs.iter().map(|glob| WildMatch::new(glob)).collect();
        let outputs = spec.outputs.iter();
        Self {
            include: read(&spec.containers.include),
            exclude: read(&spec.containers.exclude),
            outputs: outputs.map(|output| read(&output.containers)).collect(),
        }
    }
}

fn any_matches(globs: &[WildMatch], name: &str) -> bool {
    globs.iter().any(|glob| glob.matches(name))
}

/// The containers that the policy routes, in document order.
pub(crate) fn select(
    doc: &TaskDefinitionDoc,
    spec: &LoggingPolicySpec,
    globs: &Globs,
    notes: &mut Vec<Note>,
) -> Result<Vec<Routed>, Refusal> {
    let mut routed = Vec::new();
    for container in doc.containers() {
        let name = container.name_text();
        if !any_matches(&globs.include, &name) || any_matches(&globs.exclude, &name) {
            continue;
        }
        let uses_firelens = container.has_log_driver("awsfirelens");
        if uses_firelens && spec.containers.on_existing_firelens == ExistingFirelens::Skip {
            notes.push(skipped(
                &name,
                "it already uses awsfirelens, and containers.onExistingFirelens is Skip",
            ));
            continue;
        }
        let outputs: Vec<usize> = globs
            .outputs
            .iter()
            .enumerate()
            .filter(|(_, output)| any_matches(output, &name))
            .map(|(index, _)| index)
            .collect();
        if outputs.is_empty() && !routes_elsewhere(spec) {
            notes.push(skipped(&name, "no output of the policy applies to it"));
            continue;
        }
        let name = name.into_owned();
        routed.push(Routed { name, outputs });
    }
    if routed.is_empty() {
        let mut message = "the policy selects no container of this task: check containers.include, containers.exclude, \
                           containers.onExistingFirelens and `containers` of its outputs"
            .to_owned();
        if spec.outputs.iter().any(|output| output.awslogs.is_some()) {
            message.push_str(
                "; awslogs outputs apply only to containers that use the awslogs log driver",
            );
        }
        return Err(Refusal::new(Reason::NoContainersSelected, message));
    }
    secrets::refuse_of_other_drivers(doc, &routed)?;
    note_ambiguous_tags(doc, &routed, notes);
    Ok(routed)
}

fn skipped(name: &str, why: &str) -> Note {
    Note::new(
        NoteCode::ContainerSkipped,
        format!("container {name} is not changed: {why}"),
    )
}

pub(crate) fn matches_any(globs: &[String], name: &str) -> bool {
    globs.iter().any(|glob| WildMatch::new(glob).matches(name))
}

/// The agent matches `NAME-firelens*`, so `web` also gets what `web-firelens-admin` writes.
fn note_ambiguous_tags(doc: &TaskDefinitionDoc, routed: &[Routed], notes: &mut Vec<Note>) {
    for container in routed {
        let is_ambiguous = |other: &Cow<'_, str>| {
            let rest = other.strip_prefix(&container.name);
            rest.is_some_and(|rest| rest.starts_with("-firelens"))
        };
        let others = doc.containers().map(|other| other.name_text());
        for other in others.filter(is_ambiguous) {
            notes.push(Note::new(
                NoteCode::AmbiguousTag,
                format!(
                    "logs of container {other} also reach the outputs of container {}",
                    container.name
                ),
            ));
        }
    }
}

/// Log configuration of a container whose one output is told by options, or whose outputs stand in a
/// file. Early Fargate refuses an empty options map, so there is none.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html>.
pub(crate) fn log_configuration(
    output: Option<&CompiledOutput>,
    router: RouterType,
    buffer_limit: Option<u32>,
) -> Value {
    let mut options = Map::new();
    if let Some(output) = output {
        let name_key = match router {
            RouterType::Fluentbit => "Name",
            RouterType::Fluentd => "@type",
        };
        options.insert(name_key.to_owned(), Value::from(output.plugin.as_str()));
        for (key, value) in &output.options {
            options.insert(key.clone(), Value::from(value.as_str()));
        }
        for (key, pattern) in [
            ("include-pattern", &output.include_pattern),
            ("exclude-pattern", &output.exclude_pattern),
        ] {
            if let Some(pattern) = pattern.as_ref().filter(|pattern| !pattern.is_empty()) {
                options.insert(key.to_owned(), Value::from(pattern.as_str()));
            }
        }
    }
    if let Some(lines) = buffer_limit {
        options.insert(
            "log-driver-buffer-limit".to_owned(),
            Value::from(lines.to_string()),
        );
    }
    let mut configuration = json!({"logDriver": "awsfirelens"});
    if !options.is_empty() {
        configuration["options"] = Value::Object(options);
    }
    let secrets = output.map(|output| secret_list(&output.secret_options));
    if let Some(secrets) = secrets.filter(|secrets| !secrets.is_empty()) {
        configuration["secretOptions"] = Value::Array(secrets);
    }
    configuration
}

fn secret_list(secrets: &IndexMap<String, String>) -> Vec<Value> {
    secrets
        .iter()
        .map(|(name, value_from)| json!({"name": name, "valueFrom": value_from}))
        .collect()
}
