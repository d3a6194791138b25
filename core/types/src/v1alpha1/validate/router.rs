//! The rules of the router that no type can hold.
//!
//! Secrets are references: a value in `environment` that looks like a secret is refused, and not shown.

use super::path::{Errors, Path};
use super::{names, secrets};
use crate::v1alpha1::{Dependency, HealthCheck, HealthCheckType, Router, RouterLogs};

/// Variables that the ECS agent, or the operator's own configuration delivery, sets on the router.
const RESERVED_VARIABLES: [&str; 9] = [
    "FLUENT_UID",
    "FLUENT_HOST",
    "FLUENT_PORT",
    "ECS_CONTAINER_METADATA_URI",
    "ECS_CONTAINER_METADATA_URI_V4",
    "ECS_AGENT_URI",
    "AWS_EXECUTION_ENV",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Variables whose name contains this are settings of the init image of aws-for-fluent-bit.
/// <https://github.com/aws/aws-for-fluent-bit/tree/mainline/use_cases/init-process-for-fluent-bit>
const RESERVED_PREFIX: &str = "aws_fluent_bit_init_";

pub(crate) fn check(path: &Path, router: &Router, errors: &mut Errors) {
    if !names::is_image(&router.image) {
        errors.invalid(&path.field("image"), router.image.as_str(), names::IMAGE);
    }
    if !names::is_user(&router.user) {
        errors.invalid(&path.field("user"), router.user.as_str(), names::USER);
    }
    if let Some(memory) = router.memory_mib
        && memory <= router.memory_reservation_mib
    {
        let detail = format!(
            "must be greater than memoryReservationMiB ({})",
            router.memory_reservation_mib
        );
        errors.invalid(&path.field("memoryMiB"), memory, &detail);
    }
    check_variables(path, router, errors);
    if router.dependency == Dependency::Healthy
        && router.health_check.type_ == HealthCheckType::None
    {
        errors.invalid(
            &path.field("dependency"),
            router.dependency.as_str(),
            "HEALTHY requires a health check: healthCheck.type must not be None",
        );
    }
    check_health_check(&path.field("healthCheck"), &router.health_check, errors);
    if let Some(logs) = &router.logs {
        check_logs(&path.field("logs"), logs, errors);
    }
}

fn check_variables(path: &Path, router: &Router, errors: &mut Errors) {
    for (name, value) in &router.environment {
        let at = path.field("environment").key(name);
        check_variable_name(&at, name, errors);
        if secrets::is_secret_variable(name) && !value.is_empty() {
            errors.forbidden(&at, "contains a secret: use router.secrets");
        }
        if value.contains('\0') {
            errors.invalid(&at, value.as_str(), "must not contain a NUL character");
        }
        if value.len() > 32_768 {
            errors.too_long(&at, 32_768);
        }
    }
    for (name, value_from) in &router.secrets {
        let at = path.field("secrets").key(name);
        check_variable_name(&at, name, errors);
        if router.environment.contains_key(name) {
            errors.duplicate(&at, name.as_str(), "already set in environment");
        }
        if !secrets::is_value_from(value_from) {
            errors.invalid(&at, value_from.as_str(), secrets::VALUE_FROM);
        }
    }
}

fn check_variable_name(path: &Path, name: &str, errors: &mut Errors) {
    let lowered = name.to_ascii_lowercase();
    if RESERVED_VARIABLES.contains(&name) || lowered.contains(RESERVED_PREFIX) {
        errors.forbidden(path, "set by ECS or by the operator");
    } else if !names::is_environment_name(name) {
        errors.invalid(path, name, names::ENVIRONMENT_NAME);
    }
}

fn check_health_check(path: &Path, check: &HealthCheck, errors: &mut Errors) {
    let at = path.field("command");
    match (check.type_, check.command.as_slice()) {
        (HealthCheckType::Custom, []) => errors.required(&at, "required by type Custom"),
        (HealthCheckType::Custom, [form, rest @ ..]) => {
            if !matches!(form.as_str(), "CMD" | "CMD-SHELL") || rest.is_empty() {
                let detail = "must be [\"CMD\", PROGRAM, ARGUMENT…] or [\"CMD-SHELL\", COMMAND]";
                errors.invalid(&at, check.command.clone(), detail);
            }
        }
        (_, []) => {}
        (_, _) => errors.forbidden(&at, "allowed only with type Custom"),
    }
    if check.type_ != HealthCheckType::None {
        return;
    }
    for (name, given) in [
        ("intervalSeconds", check.interval_seconds.is_some()),
        ("timeoutSeconds", check.timeout_seconds.is_some()),
        ("retries", check.retries.is_some()),
        ("startPeriodSeconds", check.start_period_seconds.is_some()),
    ] {
        if given {
            errors.forbidden(&path.field(name), "not allowed with type None");
        }
    }
}

fn check_logs(path: &Path, logs: &RouterLogs, errors: &mut Errors) {
    if !logs.none {
        if logs.group.is_none() {
            errors.required(&path.field("group"), "required unless none is true");
        }
        return;
    }
    for (name, given) in [
        ("group", logs.group.is_some()),
        ("region", logs.region.is_some()),
        ("streamPrefix", logs.stream_prefix.is_some()),
        ("createGroup", logs.create_group),
    ] {
        if given {
            errors.forbidden(&path.field(name), "not allowed when none is true");
        }
    }
}
