//! The rules of a `LoggingPolicy` that no type can hold.
//!
//! Only the policy itself is checked: whether a destination exists, or a workload can be injected, is
//! evaluated later and reported in the status.

use std::collections::BTreeSet;

use serde_json::Value;

use super::path::{Errors, Path};
use super::{destination, filters, names, rollout, router, selector};
use crate::v1alpha1::{Config, Delivery, LoggingPolicySpec, Output, RouterType};

/// Longest raw configuration, in bytes: the limit of a whole task definition.
const CUSTOM_CONFIG_MAX_BYTES: usize = 65_536;

/// Files that the ECS agent overwrites.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html>
const RESERVED_FILES: [&str; 2] = [
    "/fluent-bit/etc/fluent-bit.conf",
    "/fluentd/etc/fluent.conf",
];

/// Checks the spec. `raw` is the spec as the user wrote it, without defaults.
pub(crate) fn check(path: &Path, spec: &LoggingPolicySpec, raw: &Value, errors: &mut Errors) {
    selector::check(&path.field("selector"), &spec.selector, errors);
    check_containers(path, spec, errors);
    router::check(&path.field("router"), &spec.router, errors);
    check_outputs(path, spec, errors);
    check_filters(path, spec, errors);
    check_custom_config(path, spec, errors);
    check_config(&path.field("config"), spec, errors);
    if spec.router.type_ == RouterType::Fluentd {
        check_fluentd(path, spec, raw, errors);
    }
    rollout::check(&path.field("rollout"), &spec.rollout, errors);
}

fn check_containers(path: &Path, spec: &LoggingPolicySpec, errors: &mut Errors) {
    let path = path.field("containers");
    if spec.containers.include.is_empty() {
        errors.required(&path.field("include"), "use [\"*\"] for every container");
    }
    selector::check_globs(&path.field("include"), &spec.containers.include, errors);
    selector::check_globs(&path.field("exclude"), &spec.containers.exclude, errors);
}

fn check_outputs(path: &Path, spec: &LoggingPolicySpec, errors: &mut Errors) {
    let outputs = path.field("outputs");
    let has_own = spec.custom_config.is_some() || spec.config.delivery == Delivery::File;
    if spec.outputs.is_empty() && !has_own {
        errors.required(
            &outputs,
            "at least one output, or a customConfig or config.file with its own",
        );
    }
    let mut seen = BTreeSet::new();
    for (index, output) in spec.outputs.iter().enumerate() {
        let path = outputs.index(index);
        let name = output.name.as_str();
        if !names::is_dns_label(name) {
            errors.invalid(&path.field("name"), name, names::DNS_LABEL);
        } else if !seen.insert(name) {
            errors.duplicate(&path.field("name"), name, "");
        }
        check_output(&path, output, errors);
    }
}

fn check_output(path: &Path, output: &Output, errors: &mut Errors) {
    check_choice(path, output, errors);
    if let Some(reference) = &output.destination_ref
        && !names::is_dns_subdomain(&reference.name)
    {
        let at = path.field("destinationRef").field("name");
        errors.invalid(&at, reference.name.as_str(), names::DNS_SUBDOMAIN);
    }
    if let Some(spec) = &output.destination {
        destination::check(&path.field("destination"), spec, errors);
    }
    if output.containers.is_empty() {
        errors.required(&path.field("containers"), "use [\"*\"] for every container");
    }
    selector::check_globs(&path.field("containers"), &output.containers, errors);
}

/// Checks that exactly one destination is given.
fn check_choice(path: &Path, output: &Output, errors: &mut Errors) {
    let places = [
        ("destinationRef", output.destination_ref.is_some()),
        ("destination", output.destination.is_some()),
        ("awslogs", output.awslogs.is_some()),
    ];
    let choice = destination::one_of(&places.map(|(name, _)| name));
    let mut given = places.iter().filter(|(_, given)| *given);
    if given.next().is_none() {
        errors.required(path, &choice);
    }
    for (name, _) in given {
        errors.forbidden(&path.field(name), &choice);
    }
}

fn check_filters(path: &Path, spec: &LoggingPolicySpec, errors: &mut Errors) {
    for (index, filter) in spec.filters.iter().enumerate() {
        let path = path.field("filters").index(index);
        selector::check_globs(&path.field("containers"), &filter.containers, errors);
        filters::check(&path, filter, errors);
    }
    let mut seen = BTreeSet::new();
    for (index, parser) in spec.parsers.iter().enumerate() {
        let path = path.field("parsers").index(index);
        if !seen.insert(parser.name.as_str()) {
            errors.duplicate(&path.field("name"), parser.name.as_str(), "");
        }
        filters::check_parser(&path, parser, errors);
    }
}

fn check_custom_config(path: &Path, spec: &LoggingPolicySpec, errors: &mut Errors) {
    let Some(config) = &spec.custom_config else {
        return;
    };
    let path = path.field("customConfig");
    if config.len() > CUSTOM_CONFIG_MAX_BYTES {
        errors.too_long(&path, CUSTOM_CONFIG_MAX_BYTES);
    }
    if config.contains('\0') {
        errors.invalid(&path, "", "must not contain a NUL character");
    }
}

fn check_config(path: &Path, spec: &LoggingPolicySpec, errors: &mut Errors) {
    let Config { delivery, file } = &spec.config;
    let at = path.field("file");
    match (delivery, file) {
        (Delivery::File, None) => errors.required(&at, "required by delivery File"),
        (Delivery::File, Some(file)) => check_file(&at, file, errors),
        (_, Some(_)) => errors.forbidden(&at, "allowed only with delivery File"),
        (_, None) => {}
    }
    let needs_file =
        !spec.filters.is_empty() || !spec.parsers.is_empty() || spec.custom_config.is_some();
    if matches!(delivery, Delivery::Inline | Delivery::File) && needs_file {
        let detail = format!(
            "{delivery} cannot carry filters, parsers or customConfig; supported values: \
             \"Auto\", \"S3\", \"Init\""
        );
        errors.invalid(&path.field("delivery"), delivery.as_str(), &detail);
    }
}

/// The folder of the parsers in aws-for-fluent-bit, and the only parsers file among its configurations.
/// <https://github.com/aws/aws-for-fluent-bit/blob/mainline/scripts/dockerfiles/Dockerfile.build>
const PARSER_FILES: &str = "/fluent-bit/parsers/";
const PARSER_CONFIG: &str = "/fluent-bit/configs/plugin-metrics-parser.conf";

/// Checks a file. There is one way to write a path, so that a file named under two spellings is not missed.
fn check_file(path: &Path, file: &str, errors: &mut Errors) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_.+-".contains(c);
    if RESERVED_FILES.contains(&file) {
        errors.forbidden(path, "the ECS agent writes its own configuration there");
    } else if file.starts_with(PARSER_FILES) || file == PARSER_CONFIG {
        errors.forbidden(
            path,
            "a parsers file, which Fluent Bit does not accept as its configuration; use its parsers by name in filters",
        );
    } else if !file.starts_with('/')
        || file.ends_with('/')
        || !file.chars().all(plain)
        || file
            .split('/')
            .skip(1)
            .any(|part| matches!(part, "" | "." | ".."))
        || file.len() > 1024
    {
        errors.invalid(
            path,
            file,
            "must be an absolute path of a file inside the router image",
        );
    }
}

/// Checks for what Fluentd does not support. Single fields are evaluated where they are rendered.
fn check_fluentd(path: &Path, spec: &LoggingPolicySpec, raw: &Value, errors: &mut Errors) {
    if raw.pointer("/router/image").is_none() {
        let at = path.field("router").field("image");
        errors.required(&at, "there is no default image for fluentd");
    }
    for (index, output) in spec.outputs.iter().enumerate() {
        let blocks = output.destination.iter().flat_map(|spec| spec.blocks());
        for (name, _) in blocks.filter(|(name, _)| *name == "openTelemetry") {
            let at = path.field("outputs").index(index).field("destination");
            let detail = "the OpenTelemetry plugin of Fluentd does not accept container logs";
            errors.not_supported(&at.field(name), name, detail);
        }
        if output.awslogs.is_some() {
            let at = path.field("outputs").index(index).field("awslogs");
            let detail = "not supported with router.type fluentd in this version; give a cloudWatchLogs destination";
            errors.not_supported(&at, "awslogs", detail);
        }
    }
    for (index, filter) in spec.filters.iter().enumerate() {
        for (name, block) in filter.blocks() {
            if let Some(detail) = block.unsupported_in_fluentd() {
                let at = path.field("filters").index(index).field(name);
                errors.not_supported(&at, name, detail);
            }
        }
    }
    if spec.config.delivery == Delivery::Init {
        let at = path.field("config").field("delivery");
        let detail = "there is no init image of Fluentd";
        errors.not_supported(&at, spec.config.delivery.as_str(), detail);
    }
}
