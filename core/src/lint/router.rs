//! The router: image, memory, health check, times, variables, buffers.
//!
//! Never asks a registry: an image is judged by its name.

use super::policy::Subject;
use super::{Code, Findings, ImageVersion, secret};
use crate::v1alpha1::validate::{names, secrets};
use crate::v1alpha1::{Delivery, Dependency, HealthCheckType, LoggingPolicySpec, RouterType};

/// Memory, in MiB, below which the input buffer is smaller than a burst.
const MEMORY_SMALL_MIB: u32 = 50;
/// Room that Fluent Bit needs beside its buffers, in MiB.
const MEMORY_ROOM_MIB: u32 = 32;
/// Lines that a log driver should hold at least, and at most, for one container.
const BUFFER_SMALL_LINES: u32 = 1_000;
const BUFFER_LARGE_LINES: u32 = 10_000_000;
/// Seconds that Fluent Bit takes to flush: its own default, and that of a rendered file.
const GRACE_SECONDS: u32 = 5;
const GRACE_OF_FILES_SECONDS: u32 = 30;
/// First version whose init process starts on a read-only root filesystem.
const INIT_ON_READONLY_ROOT: (u32, u32, u32) = (2, 33, 0);
/// Versions of aws-for-fluent-bit that are known to break, and why.
/// <https://github.com/aws/aws-for-fluent-bit/issues>
const BAD_IMAGES: [(&str, &str); 5] = [
    ("2.19.1", "loses logs (aws-for-fluent-bit issue 236)"),
    ("2.29.0", "stops tasks (aws-for-fluent-bit issue 491)"),
    ("2.32.2", "crashes (aws-for-fluent-bit issue 861)"),
    (
        "2.34.0",
        "refuses configurations that earlier versions take (aws-for-fluent-bit issue 1002)",
    ),
    ("3.0.0", "has no curl for health checks"),
];

/// Checks the router of a policy.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    check_image(subject, findings);
    check_memory(subject.spec, findings);
    check_health(subject, findings);
    check_times(subject, findings);
    check_variables(subject, findings);
    let router = &subject.spec.router;
    if !router.essential {
        let message = "the task goes on without its router";
        findings.add(Code::RouterNotEssential, "spec.router.essential", message);
    }
    if !names::is_user(&router.user) {
        let message = format!("{:?} is not uid or uid:gid", router.user);
        findings.add(Code::UserNotNumeric, "spec.router.user", message);
    }
    if router.name.contains("-firelens") {
        let message = format!(
            "{:?} begins like the tags of another container",
            router.name
        );
        findings.add(Code::FirelensInName, "spec.router.name", message);
    }
}

/// What nobody can check about Fluentd.
pub(super) fn note_fluentd(spec: &LoggingPolicySpec, findings: &mut Findings) {
    if spec.router.type_ == RouterType::Fluentd {
        let message = "plugins and options of Fluentd are not known here";
        findings.add(Code::FluentdUnchecked, "spec.router.type", message);
    }
}

/// The tag of an image without the words for variants.
fn plain_tag(image: &str) -> Option<&str> {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    let (_, tag) = named.rsplit('/').next()?.split_once(':')?;
    let tag = tag.strip_prefix("init-").unwrap_or(tag);
    Some(tag.strip_prefix("debug-").unwrap_or(tag))
}

fn version_of(tag: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = tag.split('.').map(|part| part.parse::<u32>().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

fn check_image(subject: &Subject<'_>, findings: &mut Findings) {
    let router = &subject.spec.router;
    let (image, field) = (router.image.as_str(), "spec.router.image");
    let tag = plain_tag(image);
    let pinned = image.contains('@');
    let moves = |tag: &str| {
        matches!(tag, "latest" | "stable") || (subject.is_aws_image && tag.parse::<u32>().is_ok())
    };
    if !pinned && tag.is_none_or(moves) {
        let message = format!(
            "{} is another image from one day to the next",
            tag.unwrap_or("no tag")
        );
        findings.add(Code::MovingImageTag, field, message);
    }
    let known = BAD_IMAGES
        .iter()
        .find(|(bad, _)| subject.is_aws_image && tag == Some(bad));
    if let Some((bad, why)) = known {
        let message = format!("{bad} {why}");
        findings.add(Code::KnownBadImage, field, message);
    }
    let old = tag
        .and_then(version_of)
        .is_some_and(|version| version < INIT_ON_READONLY_ROOT);
    let init = subject.spec.config.delivery == Delivery::Init;
    if subject.is_aws_image && router.readonly_root_filesystem && init && old {
        let message = "the init process writes to the root filesystem before 2.33.0";
        findings.add(
            Code::InitOnReadonlyRoot,
            "spec.router.readonlyRootFilesystem",
            message,
        );
    }
}

fn check_memory(spec: &LoggingPolicySpec, findings: &mut Findings) {
    let router = &spec.router;
    let reserved = router.memory_reservation_mib;
    if reserved < MEMORY_SMALL_MIB {
        let message = format!(
            "{reserved} MiB give a buffer of {} MB",
            (reserved / 2).max(1)
        );
        findings.add(
            Code::RouterMemorySmall,
            "spec.router.memoryReservationMiB",
            message,
        );
    }
    if let Some(limit) = router.memory_mib
        && limit < reserved.saturating_add(MEMORY_ROOM_MIB)
    {
        let message = format!(
            "{limit} MiB leave less than {MEMORY_ROOM_MIB} beside the {reserved} that buffers may take"
        );
        findings.add(Code::RouterMemoryTight, "spec.router.memoryMiB", message);
    }
    if router.cpu == Some(0) {
        let message = "cpu is 0, which counts as 2 of 1024 shares";
        findings.add(Code::RouterCpuZero, "spec.router.cpu", message);
    }
    match spec.buffer_limit {
        Some(lines) if lines < BUFFER_SMALL_LINES => {
            let message = format!("{lines} lines are soon full");
            findings.add(Code::BufferLimitSmall, "spec.bufferLimit", message);
        }
        Some(lines) if lines > BUFFER_LARGE_LINES => {
            let message = format!(
                "{lines} lines of 100 bytes are {} MB for each container",
                lines / 10_000
            );
            findings.add(Code::BufferLimitLarge, "spec.bufferLimit", message);
        }
        _ => {}
    }
}

fn check_health(subject: &Subject<'_>, findings: &mut Findings) {
    let router = &subject.spec.router;
    let check = &router.health_check;
    if check.type_ != HealthCheckType::Custom {
        return;
    }
    let field = "spec.router.healthCheck.command";
    let command = check.command.join(" ");
    if router.essential && command.contains("/api/v1/health") {
        let message = "it fails while a destination is down, and takes the tasks with it";
        findings.add(Code::DeepHealthCheck, field, message);
    }
    let runs = |program: &str| {
        command
            .split(|c: char| c.is_whitespace() || "|;&/'\"".contains(c))
            .any(|word| word == program)
    };
    let modern = matches!(
        subject.version,
        ImageVersion::V4_2_2 | ImageVersion::V5_1_1 | ImageVersion::Modern
    );
    if subject.is_aws_image && modern && (runs("nc") || runs("ncat")) {
        let message = "aws-for-fluent-bit has no nc from 3.0 on";
        findings.add(Code::HealthCheckProgramMissing, field, message);
    }
    let without_curl = plain_tag(&router.image) == Some("3.0.0");
    if subject.is_aws_image && without_curl && runs("curl") {
        let message = "aws-for-fluent-bit 3.0.0 has no curl";
        findings.add(Code::HealthCheckProgramMissing, field, message);
    }
}

fn check_times(subject: &Subject<'_>, findings: &mut Findings) {
    let spec = subject.spec;
    let router = &spec.router;
    let set = subject
        .custom
        .sections()
        .filter(|section| section.name == "SERVICE");
    let set: Option<u32> = set
        .filter_map(|section| section.value("grace")?.parse().ok())
        .max();
    let has_file =
        !spec.filters.is_empty() || !spec.parsers.is_empty() || spec.custom_config.is_some();
    let grace = set.unwrap_or(if has_file {
        GRACE_OF_FILES_SECONDS
    } else {
        GRACE_SECONDS
    });
    if let Some(stop) = router.stop_timeout_seconds
        && stop < grace
    {
        let message = format!(
            "ECS kills the router after {stop} seconds, and Fluent Bit takes up to {grace}"
        );
        findings.add(
            Code::StopTimeoutBelowGrace,
            "spec.router.stopTimeoutSeconds",
            message,
        );
    }
    if router.dependency == Dependency::Healthy && router.start_timeout_seconds.is_none() {
        let message = "a router that never becomes healthy keeps tasks pending";
        findings.add(
            Code::HealthyWithoutTimeout,
            "spec.router.startTimeoutSeconds",
            message,
        );
    }
}

fn check_variables(subject: &Subject<'_>, findings: &mut Findings) {
    let router = &subject.spec.router;
    for (name, value) in &router.environment {
        let field = format!("spec.router.environment[{name}]");
        if secrets::is_secret_variable(name) && !value.is_empty() {
            let message = format!("{name} is a secret, and stands here in plain text");
            findings.add(Code::SecretInEnvironment, &field, message);
        } else {
            secret::check_value(name, value, &field, findings);
        }
    }
    for (name, value_from) in &router.secrets {
        if !secrets::is_value_from(value_from) {
            let message = format!("the value of {name} is no reference to a secret");
            findings.add(
                Code::SecretNotReference,
                format!("spec.router.secrets[{name}]"),
                message,
            );
        }
    }
    let given = router.environment.keys().map(|name| (name, "environment"));
    for (name, map) in given.chain(router.secrets.keys().map(|name| (name, "secrets"))) {
        let reserved = [
            "FLUENT_",
            "ECS_CONTAINER_",
            "ECS_AGENT_",
            "AWS_CONTAINER_CREDENTIALS_",
        ];
        let lowered = name.to_ascii_lowercase();
        if reserved.iter().any(|prefix| name.starts_with(prefix))
            || name == "AWS_EXECUTION_ENV"
            || lowered.starts_with("aws_fluent_bit_init_")
        {
            let message = format!("{name} is set by ECS or by the operator");
            findings.add(
                Code::ReservedVariable,
                format!("spec.router.{map}[{name}]"),
                message,
            );
        }
    }
    let level = subject
        .custom
        .sections()
        .any(|section| section.name == "SERVICE" && section.value("log_level").is_some());
    let newest = subject.version.bits() & ImageVersion::V5_1_1.bits() != 0;
    if level && newest && router.environment.contains_key("FLB_LOG_LEVEL") {
        let message = "Log_Level is set in customConfig as well";
        findings.add(
            Code::LogLevelTwice,
            "spec.router.environment[FLB_LOG_LEVEL]",
            message,
        );
    }
}
