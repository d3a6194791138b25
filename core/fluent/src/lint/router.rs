//! The router: image, memory, health check, times, variables, buffers.
//!
//! An image is evaluated by its name; no registry is asked.

use super::policy::Subject;
use super::{Code, Findings, secret};
use crate::catalogue::FluentBitVersion;
use firelens_aws::image::{RouterImage, Use};
use firelens_types::v1alpha1::validate::{names, secrets};
use firelens_types::v1alpha1::{
    Delivery, Dependency, HealthCheckType, LoggingPolicySpec, RouterType,
};

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
/// Checks the router of a policy.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    check_image(subject, findings);
    check_memory(subject.spec, findings);
    check_health(subject, findings);
    check_times(subject, findings);
    check_variables(subject, findings);
    let router = &subject.spec.router;
    if !router.essential {
        let message = "the task continues without its router";
        findings.add(Code::RouterNotEssential, "spec.router.essential", message);
    }
    if !names::is_user(&router.user) {
        let message = format!("{:?} is not uid or uid:gid", router.user);
        findings.add(Code::UserNotNumeric, "spec.router.user", message);
    }
    if router.name.contains("-firelens") {
        let message = format!(
            "{:?} starts like the tags of another container",
            router.name
        );
        findings.add(Code::FirelensInName, "spec.router.name", message);
    }
}

/// What nobody can check about Fluentd.
pub(super) fn note_fluentd(spec: &LoggingPolicySpec, findings: &mut Findings) {
    if spec.router.type_ == RouterType::Fluentd {
        let message = "plugins and options of Fluentd are not checked";
        findings.add(Code::FluentdUnchecked, "spec.router.type", message);
    }
}

fn check_image(subject: &Subject<'_>, findings: &mut Findings) {
    let router = &subject.spec.router;
    let image = RouterImage::parse(&router.image);
    let field = "spec.router.image";
    if image.is_moving() {
        let message = format!(
            "{} can refer to another image at any time",
            image.tag().unwrap_or("an image name without a tag")
        );
        findings.add(Code::MovingImageTag, field, message);
    }
    for known in image.known_breaks(&use_of(subject)) {
        let message = format!(
            "{}: {}; use {} ({})",
            image.tag().unwrap_or_default(),
            known.reason,
            known.instead,
            known.link
        );
        findings.add(Code::KnownBadImage, field, message);
    }
    let init = subject.spec.config.delivery == Delivery::Init;
    if router.readonly_root_filesystem && init && !image.init_starts_on_readonly_root() {
        let message = "the init process writes to the root filesystem before 2.33.0";
        findings.add(
            Code::InitOnReadonlyRoot,
            "spec.router.readonlyRootFilesystem",
            message,
        );
    }
}

/// What the policy makes of its router, as far as it is known without destinations of its own.
fn use_of<'a>(subject: &'a Subject<'_>) -> Use<'a> {
    let mut service = subject
        .custom
        .sections()
        .filter(|section| section.name == "SERVICE");
    Use {
        plugins: subject.plugins.iter().map(String::as_str).collect(),
        dispensable: !subject.spec.router.essential,
        log_level_variable: subject
            .spec
            .router
            .environment
            .get("FLB_LOG_LEVEL")
            .map(String::as_str),
        log_level_option: service.find_map(|section| section.value("log_level")),
    }
}

fn check_memory(spec: &LoggingPolicySpec, findings: &mut Findings) {
    let router = &spec.router;
    let reserved = router.memory_reservation_mib;
    if reserved < MEMORY_SMALL_MIB {
        let message = format!(
            "{reserved} MiB result in a buffer of {} MB",
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
            "{limit} MiB leave less than {MEMORY_ROOM_MIB} besides the {reserved} that buffers may use"
        );
        findings.add(Code::RouterMemoryTight, "spec.router.memoryMiB", message);
    }
    if router.cpu == Some(0) {
        let message = "cpu is 0, which counts as 2 of 1024 shares";
        findings.add(Code::RouterCpuZero, "spec.router.cpu", message);
    }
    match spec.buffer_limit {
        Some(lines) if lines < BUFFER_SMALL_LINES => {
            let message = format!("a buffer of {lines} lines is soon full");
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
        let message = "it fails while a destination is unavailable, so that ECS replaces the tasks";
        findings.add(Code::DeepHealthCheck, field, message);
    }
    let image = RouterImage::parse(&router.image);
    if let Some(program) = image.missing_program(&check.command) {
        let message = format!("{} has no {program}", router.image);
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
            let message = format!("{name} is a secret, and is in plain text here");
            findings.add(Code::SecretInEnvironment, &field, message);
        } else {
            secret::check_value(name, value, &field, findings);
        }
    }
    for (name, value_from) in &router.secrets {
        if !secrets::is_value_from(value_from) {
            let message = format!("the value of {name} is not a reference to a secret");
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
    // 5.0.9 takes both; its bits are those of its neighbours.
    let newest = subject.version != FluentBitVersion::V5_0_9
        && subject.version.bits() & FluentBitVersion::V5_1_1.bits() != 0;
    if level && newest && router.environment.contains_key("FLB_LOG_LEVEL") {
        let message = "Log_Level is set in customConfig as well";
        findings.add(
            Code::LogLevelTwice,
            "spec.router.environment[FLB_LOG_LEVEL]",
            message,
        );
    }
}
