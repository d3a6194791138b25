//! Whom a policy reaches, and how fast: selector, containers, rollout, permissions, delivery.
//!
//! Workloads are not looked at, only names.

use super::{Code, Findings, tags};
use firelens_types::v1alpha1::{
    Delivery, IamMode, IntOrPercent, LabelOperator, LabelSelector, LaunchType, LoggingPolicySpec,
    Mode,
};

/// Services at once, in percent and as a number, from which a rollout is wide.
const WIDE_PERCENT: u32 = 50;
const WIDE_NUMBER: u32 = 50;
/// Failures after which a rollout has gone wrong for many.
const FAILURES_MANY: u32 = 10;
/// A usual deployment of ECS takes minutes, in seconds.
const DEADLINE_SHORT_SECONDS: u32 = 300;
/// Looks of the waiters of AWS are 15 seconds apart: below two of them one may be missed.
const SETTLE_SHORT_SECONDS: u32 = 30;

/// Checks who is reached, and how.
pub(super) fn check(spec: &LoggingPolicySpec, findings: &mut Findings) {
    check_selector(spec, findings);
    check_containers(spec, findings);
    if spec.mode == Mode::Enforce {
        check_rollout(spec, findings);
        check_permissions(spec, findings);
    }
    let fargate_only = spec.selector.launch_types == [LaunchType::Fargate];
    if spec.config.delivery == Delivery::S3 && fargate_only {
        let message = "for tasks on Fargate, the ECS agent cannot fetch configuration from S3";
        findings.add(Code::S3DeliveryOnFargate, "spec.config.delivery", message);
    }
}

fn check_selector(spec: &LoggingPolicySpec, findings: &mut Findings) {
    let selector = &spec.selector;
    let all = |globs: &[String]| globs.is_empty() || globs.iter().any(|glob| glob == "*");
    let everything = all(&selector.targets)
        && all(&selector.clusters)
        && all(&selector.services)
        && selector.launch_types.is_empty()
        && selector.service_tags.is_empty()
        && selector.exclude.is_empty();
    if everything && spec.mode == Mode::Enforce {
        let message = "it specifies no target, cluster, service or tag, and excludes nothing";
        findings.add(Code::SelectsEverything, "spec.selector", message);
    }
    for (name, included, excluded) in [
        ("clusters", &selector.clusters, &selector.exclude.clusters),
        ("services", &selector.services, &selector.exclude.services),
    ] {
        let covered = excluded.iter().any(|glob| glob == "*")
            || (!included.is_empty() && included.iter().all(|glob| excluded.contains(glob)));
        if covered {
            let message = format!("every name in {name} is excluded");
            findings.add(
                Code::SelectsNothing,
                format!("spec.selector.exclude.{name}"),
                message,
            );
        }
    }
    if let Some(key) = contradiction(&selector.service_tags) {
        let message = format!("no service can meet the requirements for the tag {key:?}");
        findings.add(Code::SelectsNothing, "spec.selector.serviceTags", message);
    }
}

/// The key of a tag that must be there and must not, or must have two values.
fn contradiction(selector: &LabelSelector) -> Option<&str> {
    let labels = &selector.match_labels;
    for expression in &selector.match_expressions {
        let key = expression.key.as_str();
        let wanted = labels.get(key);
        let listed = |value: &String| expression.values.contains(value);
        let also = |operator| {
            selector
                .match_expressions
                .iter()
                .any(|other| other.key == key && other.operator == operator)
        };
        let impossible = match expression.operator {
            LabelOperator::In => wanted.is_some_and(|value| !listed(value)),
            LabelOperator::NotIn => wanted.is_some_and(listed),
            LabelOperator::DoesNotExist => {
                wanted.is_some() || also(LabelOperator::Exists) || also(LabelOperator::In)
            }
            LabelOperator::Exists => false,
        };
        if impossible {
            return Some(key);
        }
    }
    None
}

fn is_literal(glob: &str) -> bool {
    !glob.contains(['*', '?'])
}

fn check_containers(spec: &LoggingPolicySpec, findings: &mut Findings) {
    let selection = &spec.containers;
    let excluded = |glob: &String| selection.exclude.contains(glob);
    if selection.exclude.iter().any(|glob| glob == "*") || selection.include.iter().all(excluded) {
        let message = "every container is excluded";
        findings.add(
            Code::NoContainerSelected,
            "spec.containers.exclude",
            message,
        );
        return;
    }
    let outputs = spec.outputs.iter().enumerate().map(|(index, output)| {
        (
            format!("spec.outputs[{index}].containers"),
            &output.containers,
        )
    });
    let filters = spec.filters.iter().enumerate().map(|(index, filter)| {
        (
            format!("spec.filters[{index}].containers"),
            &filter.containers,
        )
    });
    for (field, names) in outputs.chain(filters) {
        let meets = |name: &String| {
            selection
                .include
                .iter()
                .any(|glob| tags::can_meet(glob, name))
        };
        for name in names
            .iter()
            .filter(|name| !meets(name) || (is_literal(name) && excluded(name)))
        {
            let message = format!("{name:?} is not a container that the policy selects");
            findings.add(Code::ContainersNotSelected, &field, message);
        }
        check_names(names, &field, findings);
    }
    check_names(&selection.include, "spec.containers.include", findings);
    check_routed(spec, findings);
}

/// Containers that are selected by name, and that no output takes.
fn check_routed(spec: &LoggingPolicySpec, findings: &mut Findings) {
    let excluded = |glob: &String| spec.containers.exclude.contains(glob);
    let routed = |name: &String| {
        spec.outputs.iter().any(|output| {
            output
                .containers
                .iter()
                .any(|glob| tags::can_meet(glob, name))
        })
    };
    let custom = spec.custom_config.is_some() || spec.config.delivery == Delivery::File;
    if custom || spec.outputs.is_empty() {
        return;
    }
    for name in spec
        .containers
        .include
        .iter()
        .filter(|name| !excluded(name) && !routed(name))
    {
        let message = format!("no output receives the lines of {name:?}");
        findings.add(
            Code::ContainerWithoutOutput,
            "spec.containers.include",
            message,
        );
    }
}

fn check_names(names: &[String], field: &str, findings: &mut Findings) {
    for name in names.iter().filter(|name| name.contains("-firelens")) {
        let message = format!("{name:?} starts like the tags of another container");
        findings.add(Code::FirelensInName, field, message);
    }
}

fn check_rollout(spec: &LoggingPolicySpec, findings: &mut Findings) {
    let rollout = &spec.rollout;
    let wide = match rollout.max_concurrent {
        IntOrPercent::Percent(percent) => percent >= WIDE_PERCENT,
        IntOrPercent::Number(number) => number >= WIDE_NUMBER,
    };
    if wide {
        let message = format!(
            "{} services are changed at the same time",
            rollout.max_concurrent
        );
        findings.add(Code::RolloutWide, "spec.rollout.maxConcurrent", message);
    }
    if rollout.canary.count == 0 {
        let message = "there is no canary";
        findings.add(Code::NoCanary, "spec.rollout.canary.count", message);
    } else if rollout.canary.bake_seconds == 0 {
        let message = "the other services follow as soon as the canaries run";
        findings.add(
            Code::CanaryWithoutBake,
            "spec.rollout.canary.bakeSeconds",
            message,
        );
    }
    if rollout.failure_threshold > FAILURES_MANY {
        let message = format!(
            "{} services may fail before the rollout stops",
            rollout.failure_threshold
        );
        findings.add(
            Code::FailureThresholdHigh,
            "spec.rollout.failureThreshold",
            message,
        );
    }
    if rollout.progress_deadline_seconds < DEADLINE_SHORT_SECONDS {
        let message = format!(
            "many deployments take longer than {} seconds",
            rollout.progress_deadline_seconds
        );
        findings.add(
            Code::ProgressDeadlineShort,
            "spec.rollout.progressDeadlineSeconds",
            message,
        );
    }
    if rollout.settle_seconds < SETTLE_SHORT_SECONDS {
        let message = format!(
            "{} seconds are less than two polls of the AWS waiters",
            rollout.settle_seconds
        );
        findings.add(Code::SettleShort, "spec.rollout.settleSeconds", message);
    }
}

fn check_permissions(spec: &LoggingPolicySpec, findings: &mut Findings) {
    if spec.iam.allow_shared_roles {
        let message = "roles of other workloads may get the permissions of this policy";
        findings.add(
            Code::SharedRolesAllowed,
            "spec.iam.allowSharedRoles",
            message,
        );
    }
    let aws = spec
        .outputs
        .iter()
        .filter_map(|output| output.destination.as_ref())
        .any(|destination| {
            destination.cloud_watch_logs.is_some()
                || destination.firehose.is_some()
                || destination.kinesis_streams.is_some()
                || destination.s3.is_some()
        });
    if spec.iam.mode == IamMode::Ignore && aws {
        let message = "the permissions of the task role to write there are not checked";
        findings.add(Code::PermissionsIgnored, "spec.iam.mode", message);
    }
}
