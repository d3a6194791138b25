//! Collects the log options of the containers, as the agent does.
//!
//! Every option that the agent writes is kept, also when no plugin knows it.

use std::collections::BTreeMap;

use serde_json::Value;

use firelens_taskdef::{ContainerView, TaskDefinitionDoc};

use crate::preview::AgentProblem;
use crate::preview::model::RouterKind;

/// The log driver whose logs go through the router.
pub(crate) const DRIVER: &str = "awsfirelens";
/// Option for the log driver, not for the output.
pub(crate) const BUFFER_LIMIT: &str = "log-driver-buffer-limit";
const INCLUDE: &str = "include-pattern";
const EXCLUDE: &str = "exclude-pattern";

/// A container that logs through the router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Routed {
    pub(crate) name: String,
    /// Plugin of its output.
    pub(crate) output: Option<String>,
    pub(crate) include: Option<String>,
    pub(crate) exclude: Option<String>,
    /// What the agent writes into its output; secrets as placeholders.
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) buffer_limit: Option<String>,
}

/// A secret option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) option: String,
    /// Variable of the router: the option and the place of the container in the list.
    pub(crate) variable: String,
    pub(crate) value_from: String,
}

/// The containers with the awsfirelens driver, in document order.
pub(crate) fn collect(
    doc: &TaskDefinitionDoc,
    kind: Option<RouterKind>,
    problems: &mut Vec<AgentProblem>,
) -> Vec<Routed> {
    let mut routed = Vec::new();
    for (index, container) in doc.containers().enumerate() {
        let secrets = secrets(&container, index);
        match container.log_driver() {
            Some(driver) if driver == DRIVER => {
                routed.extend(kind.map(|kind| of_container(&container, kind, secrets, problems)));
            }
            Some(driver) if !secrets.is_empty() => {
                problems.push(AgentProblem::SecretOfOtherDriver {
                    container: container.name(),
                    driver,
                });
            }
            _ => {}
        }
    }
    routed
}

fn of_container(
    container: &ContainerView<'_>,
    kind: RouterKind,
    secrets: Vec<Secret>,
    problems: &mut Vec<AgentProblem>,
) -> Routed {
    let name = container.name();
    let mut options = plain(container);
    let buffer_limit = options.remove(BUFFER_LIMIT);
    for secret in &secrets {
        // A secret option wins over a plain one of its name.
        let placeholder = kind.placeholder(&secret.variable);
        options.insert(secret.option.clone(), placeholder);
        if secret.value_from.is_empty() {
            problems.push(AgentProblem::MissingSecretValue {
                container: name.clone(),
                option: secret.option.clone(),
            });
        }
    }
    let routed = Routed {
        output: options.remove(kind.output_key()),
        include: options.remove(INCLUDE),
        exclude: options.remove(EXCLUDE),
        options,
        secrets,
        buffer_limit,
        name,
    };
    if routed.output.is_none() && !routed.options.is_empty() {
        problems.push(AgentProblem::MissingOutputName {
            container: routed.name.clone(),
            key: kind.output_key(),
            found: routed
                .options
                .keys()
                .find(|key| key.eq_ignore_ascii_case(kind.output_key()))
                .cloned(),
        });
    }
    routed
}

fn plain(container: &ContainerView<'_>) -> BTreeMap<String, String> {
    let configuration = container.log_configuration().unwrap_or_default();
    texts(configuration.get("options"))
}

/// The members of an object that are texts.
pub(crate) fn texts(object: Option<&Value>) -> BTreeMap<String, String> {
    object
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn secrets(container: &ContainerView<'_>, index: usize) -> Vec<Secret> {
    let configuration = container.log_configuration().unwrap_or_default();
    let text =
        |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    configuration
        .get("secretOptions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let option = text(entry, "name")?;
            Some(Secret {
                variable: format!("{option}_{index}"),
                value_from: text(entry, "valueFrom").unwrap_or_default(),
                option,
            })
        })
        .collect()
}
