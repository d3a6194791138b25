//! Start order: routed containers wait for the router, by entries of their own.
//!
//! Entries about other containers are not changed. The entries that the ECS agent adds by itself cannot be
//! relied on: it adds none as soon as the router waits for anything.
//! Rules: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html>.

use firelens_taskdef::{
    ContainerView, Json, JsonKind, ObjectText, RawObject, TaskDefinitionDoc, array, wait,
};
use firelens_types::v1alpha1::Dependency;

use crate::containers::graph;
use crate::marks::restore::{Before, DependencyRecord, RestoreRecord};
use crate::refusal::Refusal;

const DEPENDS_ON: &str = "dependsOn";

/// Names under which containers may already wait for the router.
pub(crate) struct RouterNames<'a> {
    /// Name of our router.
    pub(crate) own: &'a str,
    /// Name of the router that ours takes the place of.
    pub(crate) replaced: Option<&'a str>,
}

impl RouterNames<'_> {
    fn includes(&self, name: &str) -> bool {
        name == self.own || self.replaced == Some(name)
    }
}

/// Makes routed containers wait for the router, and those that waited for the router it replaces.
/// Returns whether anything waits for a healthy router.
pub(crate) fn add(
    doc: &mut TaskDefinitionDoc,
    routed: &[&str],
    names: &RouterNames<'_>,
    wanted: Dependency,
    record: &mut RestoreRecord,
) -> Result<bool, Refusal> {
    let mut waits_for_health = false;
    for container in doc.containers_mut() {
        let view = ContainerView::new(container);
        let name = view.name_text();
        let wanted = routed.contains(&&*name).then_some(wanted);
        let Some(change) = change(&view, &name, names, wanted)? else {
            continue;
        };
        waits_for_health |= change.waits_for_health;
        record.container(&name).dependencies = Some(change.record);
        container.set_text(DEPENDS_ON, change.text);
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
    container: &ContainerView<'_>,
    name: &str,
    names: &RouterNames<'_>,
    wanted: Option<Dependency>,
) -> Result<Option<Change>, Refusal> {
    let mut replaced = Vec::new();
    let mut condition = wanted.map(Dependency::as_str);
    for (index, entry) in entries(container.raw()).enumerate() {
        let Some((on, existing)) = wait(entry).filter(|(on, _)| names.includes(on)) else {
            continue;
        };
        match existing.as_ref() {
            "HEALTHY" => condition = Some("HEALTHY"),
            "COMPLETE" | "SUCCESS" => return Err(graph::never_ends(name, &on, &existing)),
            _ => condition = condition.or(Some("START")),
        }
        replaced.push((index, entry.text().to_owned()));
    }
    let Some(condition) = condition else {
        return Ok(None);
    };
    let mut entry = ObjectText::default();
    entry.set_string("containerName", names.own);
    entry.set_string("condition", condition);
    let entry = entry.finish();
    let is_replaced = |index: usize| replaced.iter().any(|(at, _)| *at == index);
    let first = replaced.first().map(|(at, _)| *at);
    let mut texts: Vec<&str> = entries(container.raw())
        .enumerate()
        .filter(|(index, _)| first == Some(*index) || !is_replaced(*index))
        .map(|(index, old)| match first {
            Some(first) if first == index => entry.as_str(),
            _ => old.text(),
        })
        .collect();
    if first.is_none() {
        texts.push(&entry);
    }
    Ok(Some(Change {
        text: array(&texts),
        waits_for_health: condition == "HEALTHY",
        record: DependencyRecord {
            instead_of_list: instead_of_list(container.raw()),
            replaced,
        },
    }))
}

/// Takes all waiting for the router out and puts back what the record says.
pub(crate) fn remove(doc: &mut TaskDefinitionDoc, router: &str, record: &RestoreRecord) {
    for container in doc.containers_mut() {
        let is_on_router =
            |entry: &Json<'_>| wait(*entry).is_some_and(|(on, _)| on.as_ref() == router);
        if !entries(container).any(|entry| is_on_router(&entry)) {
            continue;
        }
        let name = ContainerView::new(container).name_text();
        let known = record
            .containers
            .get(&*name)
            .and_then(|container| container.dependencies.as_ref());
        let mut kept: Vec<&str> = entries(container)
            .filter(|entry| !is_on_router(entry))
            .map(Json::text)
            .collect();
        for (index, entry) in known.iter().flat_map(|known| &known.replaced) {
            kept.insert((*index).min(kept.len()), entry);
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
            None => {
                let kept = array(&kept);
                container.set_text(DEPENDS_ON, kept);
            }
        }
    }
}

/// Entries of `dependsOn`; none when it is no list.
fn entries(container: &RawObject) -> impl Iterator<Item = Json<'_>> {
    let list = container.json(DEPENDS_ON);
    list.into_iter().flat_map(Json::items)
}

/// What stands in the place of `dependsOn` when that is no list.
fn instead_of_list(container: &RawObject) -> Option<Before> {
    match container.json(DEPENDS_ON) {
        None => Some(Before::Absent),
        Some(found) if found.kind() == JsonKind::List => None,
        Some(found) => Some(Before::Text(found.text().to_owned())),
    }
}
