//! `firelens lint`: what the API would refuse, and what would fail at task start or lose logs.
//!
//! Only the files are read; no value that may be a secret is printed.

mod report;

use std::collections::BTreeMap;

use firelens_fluent::catalogue::FluentBitVersion;
use firelens_fluent::lint::{self, Finding};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{FieldError, Kind, LogDestination, LoggingPolicy, admit};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::report::{Report, Row};
use super::files::{self, Found};
use crate::args::Lint;
use crate::failure::Failure;

/// Checks every object of the given files; all problems are reported at once.
pub(crate) fn lint(arguments: &Lint) -> Result<(), Failure> {
    let mut entries = Vec::new();
    for path in &arguments.files {
        entries.extend(files::objects(path)?);
    }
    let mut report = Report::default();
    let destinations = destinations(&entries);
    for entry in &entries {
        check_object(entry, &destinations, arguments.image_version, &mut report);
    }
    for path in &arguments.task_definitions {
        let text = files::text(path)?;
        let document = TaskDefinitionDoc::parse(&text)
            .map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?;
        let label = format!("{}: task definition", path.display());
        report.count();
        report.extend(&label, lint::task(&document, arguments.image_version));
    }
    report.print(arguments)
}

/// Returns every destination of the files that can be read, by name.
fn destinations(entries: &[Found]) -> BTreeMap<String, LogDestination> {
    let given = entries
        .iter()
        .filter(|entry| text(&entry.object, "/kind") == Kind::LogDestination.name());
    given
        .filter_map(|entry| typed::<LogDestination>(Kind::LogDestination, &entry.object))
        .map(|destination| (destination.name().to_owned(), destination))
        .collect()
}

/// Returns the object with its defaults, or, if it is refused, without them; `None` if it cannot be read.
fn typed<T: DeserializeOwned>(kind: Kind, object: &Value) -> Option<T> {
    let object = admit(kind, object).unwrap_or_else(|_| object.clone());
    serde_json::from_value(object).ok()
}

fn check_object(
    entry: &Found,
    destinations: &BTreeMap<String, LogDestination>,
    version: Option<FluentBitVersion>,
    report: &mut Report,
) {
    let place = &entry.place;
    let name = text(&entry.object, "/kind");
    report.count();
    let Some(kind) = Kind::from_name(name) else {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        let message = format!(
            "Unsupported value: {name:?}: supported values: {}",
            known.join(", ")
        );
        report.push(Row::error(place, "FieldValueNotSupported", "kind", message));
        return;
    };
    let label = format!(
        "{place}: {name} {:?}",
        text(&entry.object, "/metadata/name")
    );
    let findings = findings(kind, &entry.object, destinations, version);
    let errors = admit(kind, &entry.object).err().unwrap_or_default();
    for error in errors {
        // A finding at the same field is about the same mistake, and includes a fix.
        if !findings
            .iter()
            .any(|finding| finding.is_error() && finding.field == error.field)
        {
            report.push(of_error(&label, &error));
        }
    }
    if kind == Kind::LoggingPolicy && !destinations.is_empty() {
        dangling(&label, &entry.object, destinations, report);
    }
    report.extend(&label, findings);
}

fn findings(
    kind: Kind,
    object: &Value,
    destinations: &BTreeMap<String, LogDestination>,
    version: Option<FluentBitVersion>,
) -> Vec<Finding> {
    match kind {
        Kind::LoggingPolicy => typed::<LoggingPolicy>(kind, object)
            .map(|policy| lint::policy(&policy, destinations, version))
            .unwrap_or_default(),
        Kind::LogDestination => typed::<LogDestination>(kind, object)
            .map(|destination| lint::destination(&destination, version.unwrap_or_default()))
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn of_error(label: &str, error: &FieldError) -> Row {
    let text = error.to_string();
    let message = text
        .strip_prefix(&format!("{}: ", error.field))
        .unwrap_or(&text)
        .to_owned();
    Row::error(label, error.cause.as_str(), &error.field, message)
}

/// Reports references to destinations that are in none of the files. They are checked only if the files contain
/// destinations at all; otherwise the destinations are assumed to be on the server.
fn dangling(
    label: &str,
    object: &Value,
    destinations: &BTreeMap<String, LogDestination>,
    report: &mut Report,
) {
    let outputs = object.pointer("/spec/outputs").and_then(Value::as_array);
    for (index, output) in outputs.into_iter().flatten().enumerate() {
        let name = text(output, "/destinationRef/name");
        if !name.is_empty() && !destinations.contains_key(name) {
            let field = format!("spec.outputs[{index}].destinationRef.name");
            let message =
                format!("Not found: {name:?}: the files contain no LogDestination with that name");
            report.push(Row::error(label, "DestinationMissing", &field, message));
        }
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
