//! What the awslogs configuration of one container says.
//!
//! An option that cannot be kept is named, so that a note or a refusal can say so.

use serde_json::Value;

use crate::awslogs::datetime;
use firelens_fluent::text::check_value;
use firelens_taskdef::ContainerView;

/// Options that say how lines are held back before they are sent. The router does that in its own
/// way, so they are left out.
const OF_THE_DRIVER: [&str; 5] = [
    "mode",
    "max-buffer-size",
    "awslogs-force-flush-interval-seconds",
    "awslogs-max-buffered-events",
    "awslogs-credentials-endpoint",
];

/// How the streams of the container are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Streams {
    /// `PREFIX/CONTAINER/TASK-ID`, as the ECS agent asks awslogs for.
    Prefix(String),
    /// `awslogs-stream`, the same for every task.
    Fixed(String),
    /// Neither: the id that Docker gives the container.
    ContainerId,
}

/// Where a record of several lines starts, in the syntax of Go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// The option that says so.
    pub(crate) option: &'static str,
    /// Lines that match it anywhere start a record.
    pub(crate) expression: String,
}

/// An endpoint other than the one of the region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: Option<String>,
}

/// The awslogs configuration of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Awslogs {
    pub(crate) group: String,
    /// None: the region of the task.
    pub(crate) region: Option<String>,
    pub(crate) streams: Streams,
    pub(crate) create_group: bool,
    pub(crate) start: Option<Start>,
    pub(crate) endpoint: Option<Endpoint>,
    /// `json/emf`.
    pub(crate) log_format: Option<String>,
    /// Options that are not carried over, in order.
    pub(crate) dropped: Vec<String>,
}

/// Reads the configuration: none when the container does not use awslogs.
///
/// The error is for people: what cannot be kept, without the name of the container.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>,
/// <https://docs.docker.com/engine/logging/drivers/awslogs/>
pub(crate) fn read(container: &ContainerView<'_>) -> Result<Option<Awslogs>, String> {
    if container.log_driver().as_deref() != Some("awslogs") {
        return Ok(None);
    }
    let configuration = container.log_configuration().unwrap_or(Value::Null);
    let options = Options(&configuration["options"]);
    let group = options
        .text("awslogs-group")
        .ok_or("awslogs-group is missing")?;
    check_group(&group)?;
    Ok(Some(Awslogs {
        group,
        region: region(&options)?,
        streams: streams(&options)?,
        create_group: options.is_true("awslogs-create-group"),
        start: start(&options)?,
        endpoint: endpoint(&options)?,
        log_format: log_format(&options)?,
        dropped: options.dropped(),
    }))
}

/// The options of a log configuration; blank ones count as absent.
struct Options<'a>(&'a Value);

impl Options<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let text = self.0.get(name)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The words that Go takes for true.
    /// <https://pkg.go.dev/strconv#ParseBool>
    fn is_true(&self, name: &str) -> bool {
        let text = self.text(name).unwrap_or_default();
        matches!(text.as_str(), "1" | "t" | "T" | "TRUE" | "true" | "True")
    }

    /// What is given and has no counterpart.
    fn dropped(&self) -> Vec<String> {
        const KEPT: [&str; 10] = [
            "awslogs-group",
            "awslogs-region",
            "awslogs-stream-prefix",
            "awslogs-stream",
            "awslogs-create-group",
            "awslogs-datetime-format",
            "awslogs-multiline-pattern",
            "awslogs-endpoint",
            "awslogs-format",
            "tag",
        ];
        let names = self.0.as_object().into_iter().flat_map(|all| all.keys());
        let mut dropped: Vec<String> = names
            .filter(|name| !KEPT.contains(&name.as_str()) && self.text(name).is_some())
            .cloned()
            .collect();
        dropped.sort_by_key(|name| (!OF_THE_DRIVER.contains(&name.as_str()), name.clone()));
        dropped
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
fn check_group(group: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    match (1..=512).contains(&group.len()) && group.chars().all(plain) {
        true => Ok(()),
        false => Err(format!(
            "awslogs-group {group:?} is not a valid log group name: use only letters, digits and ._-/#"
        )),
    }
}

/// The agent puts prefix, container and task together and passes that on as `awslogs-stream`.
fn streams(options: &Options<'_>) -> Result<Streams, String> {
    if let Some(prefix) = options.text("awslogs-stream-prefix") {
        check_stream("awslogs-stream-prefix", &prefix)?;
        return Ok(Streams::Prefix(prefix));
    }
    for name in ["awslogs-stream", "tag"] {
        match options.text(name) {
            None => {}
            Some(template) if template.contains("{{") => {
                return Err(format!(
                    "{name} {template:?} is a Docker template, which the router cannot resolve; use \
                     awslogs-stream-prefix"
                ));
            }
            Some(stream) => {
                check_stream(name, &stream)?;
                return Ok(Streams::Fixed(stream));
            }
        }
    }
    Ok(Streams::ContainerId)
}

/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html>;
/// Fluent Bit takes `${` for a variable.
fn check_stream(option: &str, text: &str) -> Result<(), String> {
    if text.contains([':', '*']) || text.contains("${") {
        return Err(format!(
            "{option} {text:?} must not contain `:`, `*` or `${{`"
        ));
    }
    check_value(text).map_err(|problem| format!("{option} {problem}"))
}

fn region(options: &Options<'_>) -> Result<Option<String>, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match options.text("awslogs-region") {
        Some(region) if !region.chars().all(plain) => Err(format!(
            "awslogs-region {region:?} is not a valid Region name"
        )),
        region => Ok(region),
    }
}

/// The one format there is, which plugin and driver pass on in the same header.
fn log_format(options: &Options<'_>) -> Result<Option<String>, String> {
    const EMBEDDED_METRICS: &str = "json/emf";
    match options.text("awslogs-format") {
        Some(format) if format != EMBEDDED_METRICS => Err(format!(
            "awslogs-format {format:?} is not supported; the only supported format is {EMBEDDED_METRICS}"
        )),
        format => Ok(format),
    }
}

/// Docker refuses both options together.
fn start(options: &Options<'_>) -> Result<Option<Start>, String> {
    const FORMAT: &str = "awslogs-datetime-format";
    const PATTERN: &str = "awslogs-multiline-pattern";
    let of = |option, expression| Some(Start { option, expression });
    match (options.text(FORMAT), options.text(PATTERN)) {
        (Some(_), Some(_)) => Err(format!("{FORMAT} and {PATTERN} cannot be used together")),
        (Some(format), None) => Ok(of(FORMAT, datetime::expression(&format))),
        (None, Some(pattern)) => Ok(of(PATTERN, pattern)),
        (None, None) => Ok(None),
    }
}

/// The plugin takes a host, and the port by itself. It speaks TLS whatever it is told.
fn endpoint(options: &Options<'_>) -> Result<Option<Endpoint>, String> {
    let Some(url) = options.text("awslogs-endpoint") else {
        return Ok(None);
    };
    let rest = url.strip_prefix("https://").unwrap_or(&url);
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let good_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    if host.is_empty() || !host.chars().all(plain) || !good_port {
        return Err(format!(
            "awslogs-endpoint {url:?} must be https://HOST or https://HOST:PORT; Fluent Bit supports no other form"
        ));
    }
    Ok(Some(Endpoint {
        host: host.to_owned(),
        port: port.map(str::to_owned),
    }))
}
