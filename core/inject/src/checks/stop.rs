//! How long the router may take to stop, so that the last lines of the others leave the task.
//!
//! Where ECS allows it, the router is not killed before Fluent Bit gives up by itself.
//!
//! Containers that others wait for are stopped after those, and each has its own `stopTimeout` from
//! there on. Where the order is not kept (an essential container that dies, a host that goes away)
//! all are stopped at once; so the router is given the time of the slowest container and its own.
//! Sources: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>,
//! <https://github.com/aws/aws-for-fluent-bit/blob/mainline/troubleshooting/debugging.md>.

use std::borrow::Cow;

use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{LaunchType, Router, RouterType};

use crate::delivery::{Shipment, Way};
use crate::refusal::{Note, NoteCode};

/// `stopTimeout` of a container that names none: the default of Fargate and of the ECS agent
/// (`ECS_CONTAINER_STOP_TIMEOUT`).
const DEFAULT_STOP_SECONDS: u64 = 30;
/// Longest `stopTimeout` on Fargate.
const MAX_FARGATE_STOP_SECONDS: u64 = 120;
/// `Grace` when no configuration sets it.
/// <https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode/configuration-file>
const DEFAULT_GRACE_SECONDS: u64 = 5;
/// `Grace` of the files built into aws-for-fluent-bit, and what is allowed for where it is not known:
/// a file of the owner's, or Fluentd, which has no such limit.
const BUILT_IN_GRACE_SECONDS: u64 = 30;

/// What the time is computed from.
pub(crate) struct Stop<'a> {
    pub(crate) doc: &'a TaskDefinitionDoc,
    pub(crate) router: &'a Router,
    pub(crate) launch_type: LaunchType,
    /// Seconds that the router goes on sending after it was told to stop.
    pub(crate) grace_seconds: u64,
}

/// Seconds that the router goes on sending after it was told to stop, by its configuration.
pub(crate) fn grace_seconds(router: &Router, way: Way<'_>, shipment: &Shipment) -> u64 {
    if router.type_ == RouterType::Fluentd {
        return BUILT_IN_GRACE_SECONDS;
    }
    match way {
        Way::OwnFile { .. } => shipment
            .service_value("Grace")
            .and_then(|grace| grace.parse().ok())
            .unwrap_or(DEFAULT_GRACE_SECONDS),
        Way::Options {
            agent: None,
            init: None,
        } => DEFAULT_GRACE_SECONDS,
        Way::Options { .. } | Way::InImage(_) => BUILT_IN_GRACE_SECONDS,
    }
}

/// The router's `stopTimeout`, in seconds: what the policy says, else what is needed.
pub(crate) fn timeout_seconds(stop: &Stop<'_>, notes: &mut Vec<Note>) -> u32 {
    let grace = stop.grace_seconds;
    let (slowest, application) = slowest(stop.doc);
    let needed = application.saturating_add(grace);
    let allowed = match stop.launch_type {
        LaunchType::Fargate => needed.min(MAX_FARGATE_STOP_SECONDS),
        _ => needed,
    };
    let sum = || {
        format!(
            "container {slowest} may take {application} seconds to stop and the router keeps sending for {grace} \
             seconds after that, {needed} seconds in total"
        )
    };
    let chosen = match stop.router.stop_timeout_seconds.map(u64::from) {
        Some(given) if given < allowed => {
            notes.push(Note::new(
                NoteCode::StopTimeout,
                format!(
                    "router.stopTimeoutSeconds is {given}: {}; the last log lines may be lost; set it to {allowed}, or \
                     remove it",
                    sum()
                ),
            ));
            given
        }
        Some(given) => given,
        None => allowed,
    };
    if needed > allowed {
        notes.push(Note::new(
            NoteCode::StopTimeout,
            format!(
                "{}, and Fargate limits the router to {MAX_FARGATE_STOP_SECONDS} seconds; the last log lines may be \
                 lost; reduce stopTimeout of {slowest} to {}",
                sum(),
                MAX_FARGATE_STOP_SECONDS.saturating_sub(grace)
            ),
        ));
    }
    u32::try_from(chosen).unwrap_or(u32::MAX)
}

/// The container behind the router that may take longest to stop, and its seconds.
fn slowest(doc: &TaskDefinitionDoc) -> (Cow<'_, str>, u64) {
    let mut slowest = (Cow::Borrowed(""), 0);
    for container in doc.containers() {
        if !container.has_log_driver("awsfirelens") {
            continue;
        }
        let seconds = container
            .stop_timeout_seconds()
            .unwrap_or(DEFAULT_STOP_SECONDS);
        if slowest.0.is_empty() || seconds > slowest.1 {
            slowest = (container.name_text(), seconds);
        }
    }
    slowest
}
