//! The outputs of a policy beside each other: doubles, collisions, containers, patterns, secrets.
//!
//! Two outputs are the same by plugin and place; their names do not count.

use std::collections::BTreeMap;

use super::output::Output as View;
use super::policy::Subject;
use super::{Code, Findings, filters, pattern, tags};
use firelens_types::v1alpha1::validate::secrets;
use firelens_types::v1alpha1::{LogDestination, LogDestinationSpec, Output};

/// Options that say where logs go, of any plugin.
const PLACES: [&str; 22] = [
    "host",
    "port",
    "uri",
    "path",
    "bucket",
    "s3_key_format",
    "log_group_name",
    "log_group_template",
    "log_stream_name",
    "log_stream_prefix",
    "delivery_stream",
    "stream",
    "index",
    "logstash_prefix",
    "cloud_id",
    "topics",
    "brokers",
    "base_uri",
    "region",
    "endpoint",
    "event_index",
    "tenant_id",
];

/// Checks the outputs of a policy.
pub(super) fn check(
    subject: &Subject<'_>,
    destinations: &BTreeMap<String, LogDestination>,
    findings: &mut Findings,
) {
    let outputs = &subject.spec.outputs;
    for (index, output) in outputs.iter().enumerate() {
        let at = format!("spec.outputs[{index}]");
        check_patterns(output, &at, findings);
        check_permissions(output, &at, findings);
        for (earlier, other) in outputs.iter().take(index).enumerate() {
            if overlap(output, other) {
                let name = &other.name;
                compare(output, other, destinations, &at, name, earlier, findings);
            }
        }
    }
}

fn overlap(left: &Output, right: &Output) -> bool {
    let shared = left
        .containers
        .iter()
        .any(|l| right.containers.iter().any(|r| tags::can_meet(l, r)));
    let patterns = |output: &Output| {
        (
            output.include_pattern.clone(),
            output.exclude_pattern.clone(),
        )
    };
    // Opposite patterns part the lines; other differences cannot be evaluated.
    shared && patterns(left) == patterns(right)
}

fn spec_of<'a>(
    output: &'a Output,
    destinations: &'a BTreeMap<String, LogDestination>,
) -> Option<&'a LogDestinationSpec> {
    let named = output
        .destination_ref
        .as_ref()
        .and_then(|reference| destinations.get(&reference.name));
    output
        .destination
        .as_ref()
        .or(named.map(|destination| &destination.spec))
}

fn compare(
    output: &Output,
    other: &Output,
    destinations: &BTreeMap<String, LogDestination>,
    at: &str,
    name: &str,
    earlier: usize,
    findings: &mut Findings,
) {
    let same_ref =
        output.destination_ref.is_some() && output.destination_ref == other.destination_ref;
    let (one, two) = (spec_of(output, destinations), spec_of(other, destinations));
    if same_ref || place(one).is_some_and(|place| Some(place) == self::place(two)) {
        let message = format!(
            "output {name} (spec.outputs[{earlier}]) sends the same lines to the same place"
        );
        findings.add(Code::DoubleDelivery, at, message);
        return;
    }
    if let (Some(one), Some(two)) = (one, two)
        && collide(one, two)
    {
        let message =
            format!("output {name} (spec.outputs[{earlier}]) writes the same objects or streams");
        findings.add(Code::StreamCollision, at, message);
    }
}

/// Plugin and place of a destination; None for one that names no place.
fn place(spec: Option<&LogDestinationSpec>) -> Option<(String, Vec<(&'static str, String)>)> {
    let view = View::of_spec("", spec?).into_iter().next()?;
    let words: Vec<(&'static str, String)> = PLACES
        .into_iter()
        .filter_map(|option| Some((option, view.value(option)?.to_owned())))
        .collect();
    // A secret may be what tells two places apart.
    let told_apart = view.given.iter().any(|given| given.value.is_none());
    let named = words
        .iter()
        .any(|(option, _)| *option != "region" && *option != "port");
    (named && !(told_apart && view.is_plugin(&["http"])))
        .then(|| (view.plugin.to_ascii_lowercase(), words))
}

/// Two outputs to one bucket or group, with keys or streams that can be the same.
fn collide(one: &LogDestinationSpec, two: &LogDestinationSpec) -> bool {
    let (Some(one), Some(two)) = (
        View::of_spec("", one).into_iter().next(),
        View::of_spec("", two).into_iter().next(),
    ) else {
        return false;
    };
    let same = |option: &str| one.value(option).is_some() && one.value(option) == two.value(option);
    let s3 = one.is_plugin(&["s3"])
        && two.is_plugin(&["s3"])
        && same("bucket")
        && one.value("s3_key_format") == two.value("s3_key_format")
        && !one.is_on("use_put_object");
    let logs = one.is_plugin(&["cloudwatch_logs"])
        && two.is_plugin(&["cloudwatch_logs"])
        && same("log_group_name")
        && (same("log_stream_prefix") || same("log_stream_name"));
    s3 || logs
}

fn check_patterns(output: &Output, at: &str, findings: &mut Findings) {
    for (name, text, exclude) in [
        ("includePattern", &output.include_pattern, false),
        ("excludePattern", &output.exclude_pattern, true),
    ] {
        if let Some(text) = text {
            let field = format!("{at}.{name}");
            pattern::check(text, &field, findings);
            filters::check_drop(text, exclude, &field, findings);
        }
    }
    if output.include_pattern.is_some() && output.include_pattern == output.exclude_pattern {
        let message = "it excludes exactly the lines that includePattern keeps";
        findings.add(
            Code::PatternDropsAll,
            format!("{at}.excludePattern"),
            message,
        );
    }
}

fn check_permissions(output: &Output, at: &str, findings: &mut Findings) {
    let custom = output
        .destination
        .as_ref()
        .and_then(|spec| spec.custom.as_ref());
    for (index, permission) in custom
        .iter()
        .flat_map(|custom| &custom.aws_permissions)
        .enumerate()
    {
        let field = format!("{at}.destination.custom.awsPermissions[{index}]");
        if permission.resources.iter().any(|resource| resource == "*") {
            let message = "it allows the actions on every resource of the account";
            findings.add(Code::PermissionWide, format!("{field}.resources"), message);
        }
        if let Some(action) = permission
            .actions
            .iter()
            .find(|action| action.contains('*'))
        {
            let message = format!("{action:?} allows more than one action");
            findings.add(Code::PermissionWide, format!("{field}.actions"), message);
        }
    }
}

/// Names and references of secret options.
pub(super) fn check_secret_names(output: &View, findings: &mut Findings) {
    for given in output.given.iter().filter(|given| given.value.is_none()) {
        if given.name.contains('-') {
            let message = format!(
                "{:?} contains a hyphen, which is not allowed in a variable",
                given.name
            );
            findings.add(Code::SecretOptionHyphen, &given.field, message);
        }
    }
}

/// References of secret options: `valueFrom` must name a secret, not be one.
pub(super) fn check_references(at: &str, spec: &LogDestinationSpec, findings: &mut Findings) {
    for (name, destination) in spec.blocks() {
        for (option, value_from) in destination.block().secret_options() {
            if !secrets::is_value_from(value_from) {
                let message = format!("the value of {option} is not a reference to a secret");
                findings.add(
                    Code::SecretNotReference,
                    format!("{at}.{name}.secretOptions[{option}]"),
                    message,
                );
            }
        }
    }
}

/// The init image reads variables through a shell, which knows no dots in names.
pub(super) fn check_secret_dots(output: &View, findings: &mut Findings) {
    for given in output
        .given
        .iter()
        .filter(|given| given.value.is_none() && given.name.contains('.'))
    {
        let message = format!(
            "{:?} contains a dot, and delivery Init passes it through a shell",
            given.name
        );
        findings.add(Code::SecretOptionDot, &given.field, message);
    }
}

/// Directories that an output writes to.
pub(super) fn check_store(output: &View, findings: &mut Findings) {
    if output.is_plugin(&["s3"]) {
        let path = output.value("store_dir").unwrap_or("/tmp/fluent-bit/s3");
        let message = format!("{path} cannot be written on a read-only root filesystem");
        findings.add(Code::PathReadOnly, output.field("store_dir"), message);
    }
}
