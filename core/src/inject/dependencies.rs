//! Start order: routed containers wait for the router, by entries of their own.
//!
//! Never touches an entry that is about another container, and never relies on the entries that the ECS
//! agent adds by itself: it adds none as soon as the router waits for anything.
//! Rules: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html>.

use std::collections::BTreeSet;

use serde_json::json;

use crate::doc::{RawObject, TaskDefinitionDoc, array, elements};
use crate::v1alpha1::Dependency;

use super::restore::{Before, DependencyRecord, RestoreRecord};
use super::{Refusal, graph};

const DEPENDS_ON: &str = "dependsOn";

/// Names under which containers may already wait for the router.
pub(super) struct RouterNames<'a> {
    /// Name of our router.
    pub(super) own: &'a str,
    /// Name of the router that ours takes the place of.
    pub(super) replaced: Option<&'a str>,
}

impl RouterNames<'_> {
    fn includes(&self, name: &str) -> bool {
        name == self.own || self.replaced == Some(name)
    }
}

/// Makes routed containers wait for the router, and those that waited for the router it replaces.
/// Answers whether anything waits for a healthy router.
pub(super) fn add(
    doc: &mut TaskDefinitionDoc,
    routed: &BTreeSet<&str>,
    names: &RouterNames<'_>,
    wanted: Dependency,
    record: &mut RestoreRecord,
) -> Result<bool, Refusal> {
    let mut waits_for_health = false;
    for name in doc.container_names() {
        let wanted = routed.contains(name.as_str()).then_some(wanted);
        let Some(container) = doc.container_mut(&name) else {
            continue;
        };
        let Some(change) = change(container, &name, names, wanted)? else {
            continue;
        };
        waits_for_health |= change.waits_for_health;
        container.set_text(DEPENDS_ON, change.text);
        record.container(&name).dependencies = Some(change.record);
    }
    Ok(waits_for_health)
}

struct Change {
    text: String,
    waits_for_health: bool,
    record: DependencyRecord,
}

/// The new `dependsOn` of one container; none when it stays.
fn change(
    container: &RawObject,
    name: &str,
    names: &RouterNames<'_>,
    wanted: Option<Dependency>,
) -> Result<Option<Change>, Refusal> {
    let (mut entries, instead_of_list) = read(container);
    let mut replaced = Vec::new();
    let mut condition = wanted.map(Dependency::as_str);
    for (index, entry) in entries.iter().enumerate() {
        let Some((on, existing)) = entry_of(entry) else {
            continue;
        };
        if !names.includes(&on) {
            continue;
        }
        match existing.as_str() {
            "HEALTHY" => condition = Some("HEALTHY"),
            "COMPLETE" | "SUCCESS" => return Err(graph::never_ends(name, &on, &existing)),
            _ => condition = condition.or(Some("START")),
        }
        replaced.push((index, entry.clone()));
    }
    let Some(condition) = condition else {
        return Ok(None);
    };
    let entry = json!({"containerName": names.own, "condition": condition}).to_string();
    match replaced.first() {
        Some((first, _)) => {
            let first = *first;
            entries[first] = entry;
            let mut index = 0;
            entries.retain(|_| {
                index += 1;
                index - 1 == first || !replaced.iter().any(|(at, _)| *at == index - 1)
            });
        }
        None => entries.push(entry),
    }
    Ok(Some(Change {
        text: array(&entries),
        waits_for_health: condition == "HEALTHY",
        record: DependencyRecord {
            instead_of_list,
            replaced,
        },
    }))
}

/// Takes all waiting for the router out and puts back what the record says.
pub(super) fn remove(doc: &mut TaskDefinitionDoc, router: &str, record: &RestoreRecord) {
    for name in doc.container_names() {
        let known = record
            .containers
            .get(&name)
            .and_then(|container| container.dependencies.as_ref());
        let Some(container) = doc.container_mut(&name) else {
            continue;
        };
        let (entries, _) = read(container);
        let mut kept: Vec<String> = entries
            .iter()
            .filter(|entry| entry_of(entry).is_none_or(|(on, _)| on != router))
            .cloned()
            .collect();
        if kept.len() == entries.len() {
            continue;
        }
        for (index, entry) in known.iter().flat_map(|known| &known.replaced) {
            kept.insert((*index).min(kept.len()), entry.clone());
        }
        let before = match known {
            Some(known) => known.instead_of_list.clone(),
            None => Some(Before::Absent),
        };
        match before.filter(|_| kept.is_empty()) {
            Some(Before::Absent) => {
                container.remove(DEPENDS_ON);
            }
            Some(Before::Text(text)) => container.set_text(DEPENDS_ON, text),
            None => container.set_text(DEPENDS_ON, array(&kept)),
        }
    }
}

/// Entries of `dependsOn`, and what stands there when it is no list.
fn read(container: &RawObject) -> (Vec<String>, Option<Before>) {
    match container.get(DEPENDS_ON) {
        None => (Vec::new(), Some(Before::Absent)),
        Some(text) => match elements(text) {
            Some(entries) => (entries, None),
            None => (Vec::new(), Some(Before::Text(text.to_owned()))),
        },
    }
}

/// Container and condition of one entry.
fn entry_of(entry: &str) -> Option<(String, String)> {
    let entry = RawObject::parse(entry).ok()?;
    Some((
        entry.string("containerName")?,
        entry.string("condition").unwrap_or_default(),
    ))
}
