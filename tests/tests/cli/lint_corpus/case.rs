//! A file of the corpus: a policy, a task definition or a router file, and its expected codes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use firelens_fluent::catalogue::FluentBitVersion;
use firelens_fluent::lint::{self, Finding};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{Kind, LogDestination, LoggingPolicy, admit};
use serde::Deserialize;
use serde_json::Value;

/// A file below the repository.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Files of a folder with one of the endings, sorted, folders below it included.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for entry in
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = entry.unwrap().path();
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            paths.extend(files(&path, endings));
        } else if endings.contains(&ending) {
            paths.push(path);
        }
    }
    paths.sort();
    paths
}

/// The documents of a YAML or JSON file.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap())
        .filter(|value| !value.is_null())
        .collect()
}

/// What was found in a file.
pub(crate) struct Outcome {
    /// Findings of the linter.
    pub(crate) findings: Vec<Finding>,
    /// Whether admission accepts every object.
    pub(crate) admitted: bool,
}

/// Lints one file by its ending.
pub(crate) fn lint_file(path: &Path) -> Outcome {
    let text = fs::read_to_string(path).unwrap();
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("conf") => Outcome {
            findings: lint::router_file("main", &text, FluentBitVersion::Any),
            admitted: true,
        },
        Some("json") => {
            let document = TaskDefinitionDoc::parse(&text).unwrap();
            Outcome {
                findings: lint::task(&document, None),
                admitted: true,
            }
        }
        _ => lint_objects(&documents(&text)),
    }
}

/// Lints policies and destinations, and ignores other kinds.
pub(crate) fn lint_objects(objects: &[Value]) -> Outcome {
    let mut outcome = Outcome {
        findings: Vec::new(),
        admitted: true,
    };
    let mut policies: Vec<LoggingPolicy> = Vec::new();
    let mut destinations: BTreeMap<String, LogDestination> = BTreeMap::new();
    for object in objects {
        let name = object
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let Some(kind) = Kind::from_name(name) else {
            continue;
        };
        let admitted = admit(kind, object);
        outcome.admitted &= admitted.is_ok();
        let object = admitted.unwrap_or_else(|_| object.clone());
        match kind {
            Kind::LoggingPolicy => policies.push(serde_json::from_value(object).unwrap()),
            Kind::LogDestination => {
                let destination: LogDestination = serde_json::from_value(object).unwrap();
                outcome
                    .findings
                    .extend(lint::destination(&destination, FluentBitVersion::Any));
                destinations.insert(destination.name().to_owned(), destination);
            }
            _ => {}
        }
    }
    for policy in &policies {
        outcome
            .findings
            .extend(lint::policy(policy, &destinations, None));
    }
    outcome
}
