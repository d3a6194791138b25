//! The restore record: what was there before, kept in a label of the router.
//!
//! It holds only what injection changed and serves only to put that back; an owner's later change wins
//! over the record.

use std::collections::BTreeMap;

use serde_json::Value;

use firelens_aws::size::{cpu_units, memory_mib};
use firelens_taskdef::{
    Json, JsonKind, ObjectText, RawObject, TaskDefinitionDoc, array, quote, sorted,
};

/// Version of the record's shape.
const VERSION: &str = "1";

/// What injection changed in one container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContainerRecord {
    /// Whether `logConfiguration` was changed.
    pub(crate) log: Option<Before>,
    /// What was done to `dependsOn`.
    pub(crate) dependencies: Option<DependencyRecord>,
}

/// A member before it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// It was not there.
    Absent,
    /// Its text.
    Text(String),
}

/// What was done to `dependsOn` of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DependencyRecord {
    /// The member before, when it was no list: absent or, say, `null`.
    pub(crate) instead_of_list: Option<Before>,
    /// Entries on the router (or on the router that was taken over), with their place.
    pub(crate) replaced: Vec<(usize, String)>,
}

/// A member of the task that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskMember {
    pub(crate) before: Before,
    /// The text that was set.
    pub(crate) set: String,
}

/// A container that was taken out, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemovedContainer {
    pub(crate) index: usize,
    pub(crate) text: String,
}

/// Everything that is needed to take an injection out again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RestoreRecord {
    /// By container name.
    pub(crate) containers: BTreeMap<String, ContainerRecord>,
    /// The router that ours took the place of.
    pub(crate) foreign_router: Option<RemovedContainer>,
    /// Task-level members that were changed, by name.
    pub(crate) task: BTreeMap<String, TaskMember>,
}

impl RestoreRecord {
    /// The record of one container, made when there is none.
    pub(crate) fn container(&mut self, name: &str) -> &mut ContainerRecord {
        self.containers.entry(name.to_owned()).or_default()
    }

    /// Whether this record, of a live revision, says the same as the one that is wanted. It may tell
    /// of containers that are gone since. Order and spelling do not count: ECS changes both.
    pub(crate) fn covers(&self, wanted: &Self) -> bool {
        let same_router = match (&self.foreign_router, &wanted.foreign_router) {
            (None, None) => true,
            (Some(one), Some(other)) => sorted(&one.text) == sorted(&other.text),
            _ => false,
        };
        same_router
            && self.task.len() == wanted.task.len()
            && wanted.task.iter().all(|(name, wanted)| {
                self.task.get(name).is_some_and(|found| {
                    found.set == wanted.set && found.before.value() == wanted.before.value()
                })
            })
            && wanted.containers.iter().all(|(name, wanted)| {
                self.containers
                    .get(name)
                    .is_some_and(|found| found.means(wanted))
            })
    }

    /// Whether the members of the task that we set still say what we set, in whatever spelling.
    pub(crate) fn task_is_ours(&self, document: &TaskDefinitionDoc) -> bool {
        self.task.iter().all(|(name, member)| {
            let found = document.value(name);
            let units = match name.as_str() {
                "cpu" => found.as_ref().and_then(cpu_units),
                _ => found.as_ref().and_then(memory_mib),
            };
            units.is_some_and(|units| units.to_string() == member.set)
        })
    }

    /// Compact JSON.
    pub(crate) fn to_json(&self) -> String {
        let mut record = ObjectText::default();
        record.set_text("v", VERSION);
        let mut containers = ObjectText::default();
        for (name, container) in &self.containers {
            containers.set_text(name, &container_json(container));
        }
        record.set_text("containers", &containers.finish());
        if let Some(router) = &self.foreign_router {
            let mut object = ObjectText::default();
            object.set_text("index", &router.index.to_string());
            object.set_text("container", &router.text);
            record.set_text("router", &object.finish());
        }
        if !self.task.is_empty() {
            let mut task = ObjectText::default();
            for (name, member) in &self.task {
                let pair = [before_json(&member.before), quote(&member.set)];
                task.set_text(name, &array(&pair));
            }
            record.set_text("task", &task.finish());
        }
        record.finish()
    }

    /// Reads what [`RestoreRecord::to_json`] wrote.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let record = RawObject::parse(text).map_err(|error| error.to_string())?;
        match record.get("v") {
            Some(VERSION) => {}
            Some(other) => return Err(format!("version {other} is not known")),
            None => return Err("there is no version".to_owned()),
        }
        let mut containers = BTreeMap::new();
        for (name, container) in object(record.json("containers"), "containers")?.members() {
            let name = name.string().unwrap_or_default().into_owned();
            let container = read_container(object(Some(container), &name)?)?;
            containers.insert(name, container);
        }
        let foreign_router = record.json("router").map(read_router).transpose()?;
        let mut task = BTreeMap::new();
        if let Some(found) = record.json("task") {
            for (name, member) in object(Some(found), "task")?.members() {
                let name = name.string().unwrap_or_default().into_owned();
                task.insert(name, read_member(member)?);
            }
        }
        Ok(Self {
            containers,
            foreign_router,
            task,
        })
    }
}

impl ContainerRecord {
    fn means(&self, other: &Self) -> bool {
        let log = |record: &Self| record.log.as_ref().map(Before::value);
        let dependencies = |record: &Self| {
            record.dependencies.as_ref().map(|record| {
                let mut replaced: Vec<String> = record
                    .replaced
                    .iter()
                    .map(|(_, text)| sorted(text).to_string())
                    .collect();
                replaced.sort();
                (record.instead_of_list.as_ref().map(Before::value), replaced)
            })
        };
        log(self) == log(other) && dependencies(self) == dependencies(other)
    }
}

impl Before {
    fn value(&self) -> Option<Value> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(sorted(text)),
        }
    }
}

fn container_json(record: &ContainerRecord) -> String {
    let mut object = ObjectText::default();
    if let Some(before) = &record.log {
        object.set_text("log", &before_json(before));
    }
    if let Some(dependencies) = &record.dependencies {
        let mut entry = ObjectText::default();
        if let Some(before) = &dependencies.instead_of_list {
            entry.set_text("instead", &before_json(before));
        }
        if !dependencies.replaced.is_empty() {
            let replaced: Vec<String> = dependencies
                .replaced
                .iter()
                .map(|(at, text)| format!("[{at},{text}]"))
                .collect();
            entry.set_text("replaced", &array(&replaced));
        }
        object.set_text("dependsOn", &entry.finish());
    }
    object.finish()
}

/// `[]` for absent, `[text]` for text: whatever the text is, `null` included, the two differ.
fn before_json(before: &Before) -> String {
    match before {
        Before::Absent => "[]".to_owned(),
        Before::Text(text) => array(std::slice::from_ref(text)),
    }
}

fn read_before(list: Json<'_>) -> Result<Before, String> {
    let mut entries = list.items();
    match (list.kind(), entries.next(), entries.next()) {
        (JsonKind::List, None, _) => Ok(Before::Absent),
        (JsonKind::List, Some(one), None) => Ok(Before::Text(one.text().to_owned())),
        _ => Err(format!(
            "{} is not a list with at most one entry",
            list.text()
        )),
    }
}

/// The two entries of a list of two.
fn pair(list: Json<'_>) -> Option<(Json<'_>, Json<'_>)> {
    let mut entries = list.items();
    match (entries.next(), entries.next(), entries.next()) {
        (Some(one), Some(other), None) => Some((one, other)),
        _ => None,
    }
}

/// `[before, set]`.
fn read_member(member: Json<'_>) -> Result<TaskMember, String> {
    let (before, set) = pair(member).ok_or_else(|| {
        format!(
            "{} is not a pair of the previous and the set value",
            member.text()
        )
    })?;
    let text = set.string();
    Ok(TaskMember {
        set: text
            .ok_or_else(|| format!("{} is not a string", set.text()))?
            .into_owned(),
        before: read_before(before)?,
    })
}

fn read_container(record: Json<'_>) -> Result<ContainerRecord, String> {
    let dependencies = match record.member("dependsOn") {
        None => None,
        found => Some(read_dependencies(object(found, "dependsOn")?)?),
    };
    Ok(ContainerRecord {
        log: record.member("log").map(read_before).transpose()?,
        dependencies,
    })
}

fn read_dependencies(object: Json<'_>) -> Result<DependencyRecord, String> {
    let mut replaced = Vec::new();
    for entry in object.member("replaced").into_iter().flat_map(Json::items) {
        let (at, text) = pair(entry)
            .ok_or_else(|| format!("{} is not a pair of an index and an entry", entry.text()))?;
        let at = at.text();
        let at = at.parse().map_err(|_| format!("{at} is not an index"))?;
        replaced.push((at, text.text().to_owned()));
    }
    Ok(DependencyRecord {
        instead_of_list: object.member("instead").map(read_before).transpose()?,
        replaced,
    })
}

fn read_router(router: Json<'_>) -> Result<RemovedContainer, String> {
    let object = RawObject::parse(router.text()).map_err(|error| error.to_string())?;
    let index = object
        .get("index")
        .and_then(|text| text.parse().ok())
        .ok_or("the router has no index")?;
    let text = object
        .get("container")
        .ok_or("the router has no container")?;
    RawObject::parse(text).map_err(|error| error.to_string())?;
    Ok(RemovedContainer {
        index,
        text: text.to_owned(),
    })
}

fn object<'a>(found: Option<Json<'a>>, name: &str) -> Result<Json<'a>, String> {
    found
        .filter(|json| json.kind() == JsonKind::Object)
        .ok_or_else(|| format!("there is no object {}", quote(name)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_record_survives_being_written_and_read() {
        let mut record = RestoreRecord::default();
        record.container("a \"b\"").log = Some(Before::Text(
            r#"{"logDriver":"awslogs","x":1.50}"#.to_owned(),
        ));
        record.container("b").log = Some(Before::Absent);
        record.container("b").dependencies = Some(DependencyRecord {
            instead_of_list: Some(Before::Text("null".to_owned())),
            replaced: vec![(2, r#"{"containerName":"x","condition":"START"}"#.to_owned())],
        });
        record.container("c").log = Some(Before::Text("null".to_owned()));
        record.container("c").dependencies = Some(DependencyRecord {
            instead_of_list: None,
            replaced: vec![],
        });
        record.foreign_router = Some(RemovedContainer {
            index: 0,
            text: r#"{"name":"r"}"#.to_owned(),
        });
        for (name, before) in [
            ("cpu", Before::Text("\"256\"".to_owned())),
            ("memory", Before::Absent),
        ] {
            let set = "1024".to_owned();
            record
                .task
                .insert(name.to_owned(), TaskMember { before, set });
        }
        let json = record.to_json();
        assert_eq!(RestoreRecord::parse(&json).unwrap(), record);
        assert_eq!(RestoreRecord::parse(&json).unwrap().to_json(), json);
    }

    #[test]
    fn a_damaged_record_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"v":2,"containers":{}}"#,
            r#"{"v":1}"#,
            r#"{"v":1,"containers":{"a":{"log":1}}}"#,
            r#"{"v":1,"containers":{"a":{"dependsOn":{"replaced":[["x",{}]]}}}}"#,
            r#"{"v":1,"containers":{},"task":{"cpu":[[]]}}"#,
            r#"{"v":1,"containers":{},"task":{"cpu":[[],1]}}"#,
            r#"{"v":1,"containers":{},"task":{"cpu":[1,"2"]}}"#,
            r#"{"v":1,"containers":{},"router":{"index":0}}"#,
            r#"{"v":1,"containers":{},"router":{"index":0,"container":"x"}}"#,
        ] {
            assert!(RestoreRecord::parse(text).is_err(), "{text}");
        }
    }
}
