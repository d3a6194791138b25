//! Whether a live revision already is what an injection wants.
//!
//! Never looks at what is the owner's: only what injection sets is compared, in canonical form, so
//! that ECS's own additions cause no new revision.

use serde_json::{Map, Value};

use crate::doc::{TaskDefinitionDoc, canonical};

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
    let live = canonical_containers(&live.to_register_input());
    let wanted = canonical_containers(&desired.register_input);
    let routers = live
        .values()
        .filter(|container| container.get("firelensConfiguration").is_some())
        .count();
    routers == 1
        && wanted.iter().all(|(name, wanted)| {
            live.get(name)
                .and_then(Value::as_object)
                .zip(wanted.as_object())
                .is_some_and(|(live, wanted)| {
                    if *name == desired.router {
                        has_router(live, wanted)
                    } else {
                        has_routing(live, wanted, &desired.router)
                    }
                })
        })
}

/// The record may tell of containers that are gone since; of those that are there it must say the same.
fn same_record(live: &str, desired: &Injection) -> bool {
    let Some(wanted) = marks(&desired.document) else {
        return false;
    };
    let (Ok(live), Ok(wanted)) = (
        RestoreRecord::parse(live),
        RestoreRecord::parse(&wanted.restore),
    ) else {
        return false;
    };
    live.covers(&wanted)
}

fn canonical_containers(register_input: &str) -> Map<String, Value> {
    let Value::Object(mut top) = canonical(register_input) else {
        return Map::new();
    };
    let Some(Value::Array(containers)) = top.remove("containerDefinitions") else {
        return Map::new();
    };
    containers
        .into_iter()
        .filter_map(|container| Some((container.get("name")?.as_str()?.to_owned(), container)))
        .collect()
}

/// ECS, and more so emulators, may add members to the router; none that we set may be missing.
fn has_router(live: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted
        .iter()
        .all(|(name, value)| match (name.as_str(), live.get(name)) {
            ("dockerLabels", Some(live)) => labels(live) == labels(value),
            (_, found) => found == Some(value),
        })
}

fn labels(value: &Value) -> Vec<(&str, &Value)> {
    let mut labels: Vec<(&str, &Value)> = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(name, _)| !IGNORED_LABELS.contains(name) && *name != LABEL_RESTORE)
        .collect();
    labels.sort_unstable_by_key(|(name, _)| *name);
    labels
}

fn has_routing(live: &Map<String, Value>, wanted: &Map<String, Value>, router: &str) -> bool {
    live.get("logConfiguration") == wanted.get("logConfiguration")
        && waiting(live, router) == waiting(wanted, router)
}

/// Entries of `dependsOn` on the router.
fn waiting<'a>(container: &'a Map<String, Value>, router: &str) -> Vec<&'a Value> {
    container
        .get("dependsOn")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|entry| entry["containerName"] == router)
        .collect()
}
