//! The FireLens options of a task definition, whoever wrote it.
//!
//! Nothing is reported about containers with another log driver.

use serde_json::{Map, Value};

use super::output::{Around, Output};
use super::policy::check_output;
use super::{Code, Findings};
use crate::catalogue::FluentBitVersion;
use firelens_taskdef::TaskDefinitionDoc;

/// Options that the ECS agent takes for itself.
const OF_THE_AGENT: [&str; 3] = [
    "include-pattern",
    "exclude-pattern",
    "log-driver-buffer-limit",
];
/// Words that the agent takes for a boolean.
/// <https://pkg.go.dev/strconv#ParseBool>
const BOOLEANS: [&str; 12] = [
    "1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False",
];

/// Checks the routers and the routed containers.
pub(super) fn check(
    document: &TaskDefinitionDoc,
    version: Option<FluentBitVersion>,
    findings: &mut Findings,
) {
    let router = document
        .containers()
        .enumerate()
        .find(|(_, container)| container.firelens_configuration().is_some());
    let image = router.as_ref().and_then(|(_, container)| container.image());
    let version = version.unwrap_or_else(|| {
        image
            .as_deref()
            .map(FluentBitVersion::of_image)
            .unwrap_or_default()
    });
    let configuration = router
        .as_ref()
        .and_then(|(_, container)| container.firelens_configuration());
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let type_ = configuration.as_ref().and_then(|value| text(value, "type"));
    if let (Some((index, _)), Some(configuration)) = (&router, &configuration) {
        check_router(
            configuration,
            &format!("containerDefinitions[{index}].firelensConfiguration"),
            findings,
        );
    }
    let fluentd = type_.as_deref() == Some("fluentd");
    let metadata = configuration
        .as_ref()
        .and_then(|value| text(value.get("options")?, "enable-ecs-log-metadata"))
        .is_none_or(|value| {
            BOOLEANS
                .get(..6)
                .is_some_and(|on| on.contains(&value.as_str()))
        });
    for (index, container) in document.containers().enumerate() {
        let Some(log) = container.log_configuration() else {
            continue;
        };
        if log.get("logDriver").and_then(Value::as_str) != Some("awsfirelens") {
            continue;
        }
        let at = format!("containerDefinitions[{index}].logConfiguration");
        check_container(&log, &at, fluentd, version, metadata, findings);
        if container.name().contains("-firelens") {
            let message = format!(
                "{:?} starts like the tags of another container",
                container.name()
            );
            findings.add(
                Code::FirelensInName,
                format!("containerDefinitions[{index}].name"),
                message,
            );
        }
    }
}

fn check_router(configuration: &Value, at: &str, findings: &mut Findings) {
    let Some(options) = configuration.get("options").and_then(Value::as_object) else {
        return;
    };
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let field = |name: &str| format!("{at}.options[{name}]");
    if let Some(value) = text("enable-ecs-log-metadata").filter(|value| !BOOLEANS.contains(value)) {
        let message = format!("{value:?} turns the metadata off; use true or false");
        findings.add(
            Code::RouterOptionInvalid,
            field("enable-ecs-log-metadata"),
            message,
        );
    }
    let (kind, file) = (text("config-file-type"), text("config-file-value"));
    if let Some(kind) = kind.filter(|kind| !matches!(*kind, "s3" | "file")) {
        let message = format!("{kind:?} is not a valid type; use s3 or file");
        findings.add(
            Code::RouterOptionInvalid,
            field("config-file-type"),
            message,
        );
    }
    let missing = match (kind, file) {
        (Some(_), None) => Some("config-file-type requires config-file-value"),
        (None, Some(_)) => Some("config-file-value is ignored without config-file-type"),
        _ => None,
    };
    if let Some(message) = missing {
        findings.add(Code::RouterOptionInvalid, at, message);
    }
    if file.is_some_and(|file| {
        file.ends_with("/etc/fluent-bit.conf") || file.ends_with("/etc/fluent.conf")
    }) {
        let message = "the ECS agent writes its own configuration there";
        findings.add(
            Code::RouterOptionInvalid,
            field("config-file-value"),
            message,
        );
    }
}

fn check_container(
    log: &Value,
    at: &str,
    fluentd: bool,
    version: FluentBitVersion,
    metadata: bool,
    findings: &mut Findings,
) {
    let empty = Map::new();
    let all = log
        .get("options")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let secrets: Vec<&str> = log
        .get("secretOptions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|secret| secret.get("name")?.as_str())
        .collect();
    let key = if fluentd { "@type" } else { "Name" };
    let name = all.get(key).and_then(Value::as_str);
    let options: Vec<(&str, &str)> = all
        .iter()
        .filter(|(option, _)| option.as_str() != key && !OF_THE_AGENT.contains(&option.as_str()))
        .filter_map(|(option, value)| Some((option.as_str(), value.as_str()?)))
        .collect();
    let Some(name) = name else {
        if !options.is_empty() || !secrets.is_empty() {
            let message = format!("there are options, but no {key}: the task cannot start");
            findings.add(Code::OutputNameMissing, format!("{at}.options"), message);
        }
        return;
    };
    if fluentd {
        return;
    }
    let output = Output::of_options(at, name, options.into_iter(), secrets.into_iter());
    let around = Around {
        version,
        variables: None,
    };
    check_output(&output, &around, metadata, true, findings);
}
