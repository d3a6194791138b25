//! The rules of a destination that no type can hold.
//!
//! Whether a plugin knows an option depends on its version: `outputs` and the linter check that.

use std::collections::BTreeMap;

use super::path::{Errors, Path};
use super::{names, secrets, text};
use crate::v1alpha1::{
    AwsPermission, CloudWatchLogs, CustomDestination, Destination, DestinationBlock, Elasticsearch,
    Forward, LogDestinationSpec,
};

/// Names of options that the operator sets itself.
const RESERVED_OPTIONS: [&str; 8] = [
    "name",
    "@type",
    "match",
    "match_regex",
    "include-pattern",
    "exclude-pattern",
    "log-driver-buffer-limit",
    "config-file-type",
];

/// Options that a plugin accepts several times.
const REPEATABLE_OPTIONS: [&str; 3] = ["header", "event_field", "add_label"];

/// Retention times that CloudWatch Logs accepts, in days.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>
const RETENTION_DAYS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

pub(crate) fn check(path: &Path, spec: &LogDestinationSpec, errors: &mut Errors) {
    let blocks = spec.blocks();
    match blocks.as_slice() {
        [] => errors.required(path, &one_of(LogDestinationSpec::BLOCKS)),
        [_] => {}
        [_, others @ ..] => {
            for (name, _) in others {
                errors.forbidden(&path.field(name), &one_of(LogDestinationSpec::BLOCKS));
            }
        }
    }
    for (name, block) in blocks {
        let path = path.field(name);
        check_block(&path, block, errors);
        check_options(&path, block.block(), errors);
        check_secret_options(&path, block.block(), errors);
    }
}

/// Returns the detail for a choice between blocks.
pub(crate) fn one_of(names: &[&str]) -> String {
    format!("exactly one of {} must be given", names.join(", "))
}

fn check_block(path: &Path, block: Destination<'_>, errors: &mut Errors) {
    match block {
        Destination::CloudWatchLogs(block) => check_cloud_watch_logs(path, block, errors),
        Destination::Elasticsearch(block) => check_elasticsearch(path, block, errors),
        Destination::Forward(block) => check_forward(path, block, errors),
        Destination::Datadog(block) if block.site.is_some() && block.host.is_some() => {
            errors.forbidden(&path.field("site"), "only one of site, host may be given");
        }
        Destination::NewRelic(block) if block.region.is_some() && block.base_uri.is_some() => {
            let detail = "only one of region, baseUri may be given";
            errors.forbidden(&path.field("region"), detail);
        }
        Destination::Custom(block) => {
            check_custom_role(path, block, errors);
            for (index, permission) in block.aws_permissions.iter().enumerate() {
                let path = path.field("awsPermissions").index(index);
                check_permission(&path, permission, errors);
            }
        }
        _ => {}
    }
    for (option, value) in block.block().typed_options() {
        if matches!(option, "role_arn" | "aws_role_arn") && !names::is_role_arn(&value) {
            errors.invalid(&path.field("roleArn"), value, names::ROLE_ARN);
        }
    }
}

fn check_custom_role(path: &Path, block: &CustomDestination, errors: &mut Errors) {
    let options = block.role_options();
    let takes_id = options.is_some_and(|(_, id)| id.is_some());
    for (field, given, taken) in [
        ("roleArn", block.role_arn.is_some(), options.is_some()),
        ("externalId", block.external_id.is_some(), takes_id),
    ] {
        if given && !taken {
            let detail = format!("not supported by the plugin {}", block.plugin);
            errors.forbidden(&path.field(field), &detail);
        }
    }
    if block.external_id.is_some() && block.role_arn.is_none() {
        errors.required(&path.field("roleArn"), "externalId requires a role");
    }
}

fn check_cloud_watch_logs(path: &Path, block: &CloudWatchLogs, errors: &mut Errors) {
    if block.log_stream_prefix.is_some() && block.log_stream_name.is_some() {
        errors.forbidden(
            &path.field("logStreamName"),
            "exactly one of logStreamPrefix, logStreamName must be given",
        );
    }
    if block.log_stream_prefix.is_none() && block.log_stream_name.is_none() {
        errors.required(
            path,
            "exactly one of logStreamPrefix, logStreamName must be given",
        );
    }
    if let Some(days) = block.log_retention_days
        && !RETENTION_DAYS.contains(&days)
    {
        let days_known: Vec<String> = RETENTION_DAYS.iter().map(ToString::to_string).collect();
        errors.not_supported(
            &path.field("logRetentionDays"),
            days,
            &format!("supported values: {}", days_known.join(", ")),
        );
    }
}

fn check_elasticsearch(path: &Path, block: &Elasticsearch, errors: &mut Errors) {
    match (&block.cloud_id, &block.host) {
        (None, None) if !block.secret_options.contains_key("cloud_id") => {
            errors.required(path, &one_of(&["host", "cloudId"]));
        }
        (Some(_), Some(_)) => {
            errors.forbidden(&path.field("cloudId"), &one_of(&["host", "cloudId"]));
        }
        _ => {}
    }
}

fn check_forward(path: &Path, block: &Forward, errors: &mut Errors) {
    let choices = ["host", "upstream", "unixPath"];
    let given = [
        block.host.is_some(),
        block.upstream.is_some(),
        block.unix_path.is_some(),
    ];
    let mut names = choices
        .iter()
        .zip(given)
        .filter_map(|(name, given)| given.then_some(name));
    if names.next().is_none() {
        errors.required(path, &one_of(&choices));
    }
    for name in names {
        errors.forbidden(&path.field(name), &one_of(&choices));
    }
}

fn check_permission(path: &Path, permission: &AwsPermission, errors: &mut Errors) {
    for (index, action) in permission.actions.iter().enumerate() {
        let path = path.field("actions").index(index);
        let (service, name) = action.split_once(':').unwrap_or((action, ""));
        let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if service.is_empty()
            || !service.chars().all(known)
            || name.trim_matches('*').is_empty()
            || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '*')
        {
            errors.invalid(
                &path,
                action.as_str(),
                "must be an IAM action such as sns:Publish, not all actions of a service",
            );
        } else if matches!(service, "iam" | "organizations" | "account") {
            errors.forbidden(
                &path,
                "no log output needs to change identities or accounts",
            );
        }
    }
    for (index, resource) in permission.resources.iter().enumerate() {
        let form = resource == "*" || resource.splitn(6, ':').count() == 6;
        let start = resource == "*" || resource.starts_with("arn:");
        if !form
            || !start
            || resource
                .chars()
                .any(|c| c.is_whitespace() || c.is_control())
        {
            errors.invalid(
                &path.field("resources").index(index),
                resource.as_str(),
                "must be an ARN, or *",
            );
        }
    }
}

fn check_options(path: &Path, block: &dyn DestinationBlock, errors: &mut Errors) {
    let path = path.field("options");
    let mut seen = BTreeMap::new();
    for (name, value) in block.options() {
        let at = path.key(name);
        if !check_option_name(&at, name, errors) {
            continue;
        }
        if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
            errors.duplicate(&at, name.as_str(), &same_option(other));
        }
        if let Some((_, field)) = typed_field(block, name) {
            errors.forbidden(&at, &format!("use the field {field:?}"));
        }
        let is_secret = secrets::is_secret_option(name) && !secrets::is_variable(value);
        let is_header = name.eq_ignore_ascii_case("header") && secrets::is_secret_header(value);
        if is_secret || is_header {
            errors.forbidden(&at, "contains a secret: use secretOptions");
        }
        check_option_value(&at, name, value, errors);
    }
}

/// Checks the value of an option as Fluent Bit reads it. A value of several lines is passed in a variable.
pub(crate) fn check_option_value(path: &Path, name: &str, value: &str, errors: &mut Errors) {
    if value.contains(text::is_kept_break) {
        text::check_several_lines(path, value, errors);
    } else if text::check_text(path, value, errors) {
        let is_key = name.to_ascii_lowercase().ends_with("key");
        text::check_opening(path, value, is_key, errors);
    }
}

fn typed_field(block: &dyn DestinationBlock, name: &str) -> Option<(&'static str, &'static str)> {
    let known = block.known_options().iter();
    known
        .copied()
        .find(|(option, _)| option.eq_ignore_ascii_case(name))
}

fn same_option(other: &str) -> String {
    format!("the same option as {other:?}: option names in Fluent Bit are case-insensitive")
}

/// Checks the name of an option. Returns false if nothing else of the option can be checked.
pub(crate) fn check_option_name(path: &Path, name: &str, errors: &mut Errors) -> bool {
    let lowered = name.to_ascii_lowercase();
    if RESERVED_OPTIONS.contains(&lowered.as_str()) {
        errors.forbidden(path, "set by the operator");
        return false;
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    // `format.@type` is the type of a section of Fluentd.
    let name = name.strip_suffix(".@type").unwrap_or(name);
    let good = (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(allowed);
    if !good {
        errors.invalid(
            path,
            name,
            "must be an option name: a letter, then letters, digits, '_', '.', '-'; at most 64",
        );
    }
    good
}

fn check_secret_options(path: &Path, block: &dyn DestinationBlock, errors: &mut Errors) {
    let typed = block.typed_options();
    let mut seen: BTreeMap<String, &String> = block
        .options()
        .keys()
        .map(|name| (name.to_ascii_lowercase(), name))
        .collect();
    let path = path.field("secretOptions");
    for (name, value_from) in block.secret_options() {
        let at = path.key(name);
        if !secrets::is_value_from(value_from) {
            errors.invalid(&at, value_from.as_str(), secrets::VALUE_FROM);
        }
        if name.contains('-') {
            errors.invalid(
                &at,
                name.as_str(),
                "must not contain a hyphen: the ECS agent uses the name in an environment variable",
            );
            continue;
        }
        if !check_option_name(&at, name, errors) {
            continue;
        }
        if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
            errors.duplicate(&at, name.as_str(), &same_option(other));
        }
        let repeatable = REPEATABLE_OPTIONS.contains(&name.to_ascii_lowercase().as_str());
        if let Some((_, field)) = typed_field(block, name)
            && !repeatable
            && typed
                .iter()
                .any(|(option, _)| option.eq_ignore_ascii_case(name))
        {
            errors.duplicate(
                &at,
                name.as_str(),
                &format!("already set by the field {field:?}"),
            );
        }
    }
}
