//! Whether a live revision already is what an injection wants.
//!
//! Never looks at what is the owner's: only what injection sets is compared, in canonical form, so
//! that ECS's own additions cause no new revision.

use std::collections::BTreeMap;

use crate::doc::{
    ContainerView, RawObject, TaskDefinitionDoc, canonical_dependencies, canonical_member,
};

use super::restore::RestoreRecord;
use super::{Injection, LABEL_BASE, LABEL_GENERATION, LABEL_HASH, LABEL_RESTORE, marks};

/// Labels that may differ: they say where a revision came from, not what it does.
const IGNORED_LABELS: [&str; 3] = [LABEL_HASH, LABEL_BASE, LABEL_GENERATION];

/// Whether everything that the injection sets is in `live`: the router, the log configuration and
/// the start order of the routed containers, and no second router.
///
/// The labels for hash, base and generation are ignored: a change of the policy that does not
/// change what is injected needs no new revision.
#[must_use]
pub fn is_current(live: &TaskDefinitionDoc, desired: &Injection) -> bool {
    let Some(found) = marks(live) else {
        return false;
    };
    if found.router != desired.router || !same_record(&found.restore, desired) {
        return false;
    }
    let routers = live.containers().filter(ContainerView::is_router).count();
    routers == 1
        && desired.document.containers().all(|wanted| {
            let name = wanted.name();
            live.container(&name).is_some_and(|found| {
                if name == desired.router {
                    has_router(live, found.raw(), &desired.document, wanted.raw())
                } else {
                    has_routing(found.raw(), wanted.raw(), &desired.router)
                }
            })
        })
}

/// The record may tell of containers that are gone since; of those that are there it must say the same.
fn same_record(live: &str, desired: &Injection) -> bool {
    let Some(wanted) = marks(&desired.document) else {
        return false;
    };
    if live == wanted.restore {
        return true;
    }
    let (Ok(live), Ok(wanted)) = (
        RestoreRecord::parse(live),
        RestoreRecord::parse(&wanted.restore),
    ) else {
        return false;
    };
    live.covers(&wanted)
}

/// ECS, and more so emulators, may add members to the router; none that we set may be missing.
fn has_router(
    live: &TaskDefinitionDoc,
    found: &RawObject,
    desired: &TaskDefinitionDoc,
    wanted: &RawObject,
) -> bool {
    let found_members = live.canonical_members(found);
    let same = |name: &str, text: &str| {
        found_members
            .iter()
            .any(|(other, found)| other == name && found == text)
    };
    desired
        .canonical_members(wanted)
        .iter()
        .all(|(name, text)| match name.as_str() {
            "dockerLabels" => labels(found) == labels(wanted),
            name => same(name, text),
        })
}

fn labels(container: &RawObject) -> BTreeMap<String, String> {
    let mut labels = ContainerView::new(container).docker_labels();
    labels.retain(|name, _| !IGNORED_LABELS.contains(&name.as_str()) && name != LABEL_RESTORE);
    labels
}

fn has_routing(live: &RawObject, wanted: &RawObject, router: &str) -> bool {
    let logs = |container| canonical_member(container, "logConfiguration");
    let same_text = live.get("logConfiguration") == wanted.get("logConfiguration");
    (same_text || logs(live) == logs(wanted))
        && canonical_dependencies(live, router) == canonical_dependencies(wanted, router)
}
