//! Whether a live revision already is what an injection wants.
//!
//! Only what injection sets is compared, not what is the owner's, and in canonical form, so that ECS's
//! own additions cause no new revision.

use serde_json::Value;

use firelens_taskdef::{
    ContainerView, RawObject, TaskDefinitionDoc, canonical_dependencies, canonical_member,
};

use crate::context::Injection;
use crate::marks::our_router;
use crate::marks::restore::RestoreRecord;
use crate::marks::{
    LABEL_BASE, LABEL_GENERATION, LABEL_HASH, LABEL_INSTALLATION, LABEL_POLICY_UID, LABEL_RESTORE,
};

/// Members of log configurations, health checks and the other parts of a router that mean something: whoever sets one
/// where the operator does not has changed what it set.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
const MEANT: [&str; 21] = [
    "command",
    "condition",
    "containerName",
    "containerPath",
    "containerPort",
    "credentialsParameter",
    "hardLimit",
    "hostPort",
    "interval",
    "logDriver",
    "options",
    "protocol",
    "readOnly",
    "retries",
    "secretOptions",
    "softLimit",
    "sourceVolume",
    "startPeriod",
    "timeout",
    "type",
    "valueFrom",
];

/// Labels that may differ: they say where a revision came from, not what it does, or, in case of the
/// record, are compared by their meaning.
const IGNORED_LABELS: [&str; 6] = [
    LABEL_HASH,
    LABEL_BASE,
    LABEL_GENERATION,
    LABEL_POLICY_UID,
    LABEL_INSTALLATION,
    LABEL_RESTORE,
];

/// Whether everything that the injection sets is in `live`: the router, the log configuration and
/// the start order of the routed containers, and no second router.
///
/// The labels for hash, base, generation, uid and installation are ignored: a change of the policy that
/// does not change what is injected needs no new revision, and neither does a policy that was made again
/// under its name.
#[must_use]
pub fn is_current(live: &TaskDefinitionDoc, desired: &Injection) -> bool {
    has_all_of(live, &desired.document, &desired.router)
}

/// As [`is_current`], of a document with its router.
pub(crate) fn has_all_of(
    live: &TaskDefinitionDoc,
    desired: &TaskDefinitionDoc,
    router: &str,
) -> bool {
    let (Some(found), Some(wanted)) = (our_router(live), our_router(desired)) else {
        return false;
    };
    if !found.is_named(router) || !same_record(live, &found, &wanted) {
        return false;
    }
    let routers = live.containers().filter(ContainerView::is_router).count();
    routers == 1
        && desired.containers().all(|wanted| {
            let name = wanted.name_text();
            live.container(&name).is_some_and(|found| {
                if name == router {
                    has_router(found.raw(), wanted.raw())
                } else {
                    has_routing(found.raw(), wanted.raw(), router)
                }
            })
        })
}

/// The record may tell of containers that are gone since; of those that are there it must say the same.
/// A size that we set must still be there.
fn same_record(
    document: &TaskDefinitionDoc,
    live: &ContainerView<'_>,
    wanted: &ContainerView<'_>,
) -> bool {
    // The same record needs no reading, unless it tells of a size.
    let written = live.written_docker_label(LABEL_RESTORE).unwrap_or_default();
    if wanted.written_docker_label(LABEL_RESTORE) == Some(written) && !written.contains("task") {
        return true;
    }
    let live = live.docker_label(LABEL_RESTORE).unwrap_or_default();
    let wanted = wanted.docker_label(LABEL_RESTORE).unwrap_or_default();
    let (Ok(live), Ok(wanted)) = (RestoreRecord::parse(&live), RestoreRecord::parse(&wanted))
    else {
        return false;
    };
    live.covers(&wanted) && wanted.task_is_ours(document)
}

/// ECS, and more so emulators, may add members to the router; none that we set may be missing.
fn has_router(live: &RawObject, wanted: &RawObject) -> bool {
    wanted.names().all(|name| match name {
        "dockerLabels" => {
            ContainerView::new(live).has_labels_of(&ContainerView::new(wanted), &IGNORED_LABELS)
        }
        name => same_member(live, wanted, name, |wanted| wanted.is_some()),
    })
}

fn has_routing(live: &RawObject, wanted: &RawObject, router: &str) -> bool {
    same_member(live, wanted, "logConfiguration", |_| true)
        && (live.get("dependsOn") == wanted.get("dependsOn")
            || same_dependencies(
                &canonical_dependencies(live, router),
                &canonical_dependencies(wanted, router),
            ))
}

fn same_dependencies(live: &[String], wanted: &[String]) -> bool {
    let mut pairs = live.iter().zip(wanted);
    live.len() == wanted.len() && pairs.all(|(live, wanted)| means_the_same(live, wanted))
}

/// Whether a member means the same in both, where what is wanted counts at all.
fn same_member(
    live: &RawObject,
    wanted: &RawObject,
    name: &str,
    counts: impl Fn(&Option<String>) -> bool,
) -> bool {
    if live.get(name) == wanted.get(name) {
        return true;
    }
    let text = canonical_member(wanted, name);
    !counts(&text)
        || match (canonical_member(live, name), text) {
            (Some(live), Some(wanted)) => means_the_same(&live, &wanted),
            (live, wanted) => live == wanted,
        }
}

/// Whether two canonical texts differ at most by members that ECS has added by itself: those that mean nothing to the
/// operator. Every member that it could have set counts, and so do all keys of `options`.
fn means_the_same(live: &str, wanted: &str) -> bool {
    live == wanted
        || match (serde_json::from_str(live), serde_json::from_str(wanted)) {
            (Ok(live), Ok(wanted)) => covers(&live, &wanted),
            _ => false,
        }
}

fn covers(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => {
            let meant = |name: &str| wanted.contains_key(name) || MEANT.contains(&name);
            live.keys().filter(|name| meant(name)).count() == wanted.len()
                && wanted.iter().all(|(name, wanted)| {
                    live.get(name).is_some_and(|live| match name.as_str() {
                        "options" => live == wanted,
                        _ => covers(live, wanted),
                    })
                })
        }
        (Value::Array(live), Value::Array(wanted)) => {
            live.len() == wanted.len()
                && live
                    .iter()
                    .zip(wanted)
                    .all(|(live, wanted)| covers(live, wanted))
        }
        _ => live == wanted,
    }
}
