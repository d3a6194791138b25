//! `firelens lint`: what the API would refuse, before anything is sent to it.

use std::collections::BTreeSet;

use firelens_core::v1alpha1::{Kind, admit};
use serde_json::Value;

use super::files::{self, Found};
use crate::args::Lint;
use crate::failure::Failure;

/// Checks every object of the given files; all problems are reported at once.
pub(crate) fn lint(arguments: &Lint) -> Result<(), Failure> {
    let mut found = Vec::new();
    for path in &arguments.files {
        found.extend(files::objects(path)?);
    }
    if found.is_empty() {
        return Err(Failure::refused("no objects found"));
    }
    let mut problems: Vec<String> = found.iter().flat_map(problems_of).collect();
    problems.extend(dangling_references(&found));
    if problems.is_empty() {
        eprintln!("{} objects checked, no problems found", found.len());
        return Ok(());
    }
    problems.push(format!(
        "{} objects checked, {} problems found",
        found.len(),
        problems.len()
    ));
    Err(Failure::Refused(problems))
}

fn problems_of(found: &Found) -> Vec<String> {
    let place = &found.place;
    let name = text(&found.object, "/kind");
    let Some(kind) = Kind::from_name(name) else {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        return vec![format!(
            "{place}: kind: Unsupported value: {name:?}: supported values: {}",
            known.join(", ")
        )];
    };
    let label = format!(
        "{place}: {name} {:?}",
        text(&found.object, "/metadata/name")
    );
    match admit(kind, &found.object) {
        Ok(_) => Vec::new(),
        Err(errors) => errors
            .into_iter()
            .map(|error| format!("{label}: {error}"))
            .collect(),
    }
}

/// References to destinations that are in none of the files. Only looked for when destinations were
/// given at all: otherwise they are taken to be in the server.
fn dangling_references(found: &[Found]) -> Vec<String> {
    let names: BTreeSet<&str> = found
        .iter()
        .filter(|found| text(&found.object, "/kind") == Kind::LogDestination.name())
        .map(|found| text(&found.object, "/metadata/name"))
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for found in found
        .iter()
        .filter(|found| text(&found.object, "/kind") == Kind::LoggingPolicy.name())
    {
        let outputs = found
            .object
            .pointer("/spec/outputs")
            .and_then(Value::as_array);
        for (index, output) in outputs.into_iter().flatten().enumerate() {
            let name = text(output, "/destinationRef/name");
            if !name.is_empty() && !names.contains(name) {
                problems.push(format!(
                    "{}: LoggingPolicy {:?}: spec.outputs[{index}].destinationRef.name: Not found: {name:?}: no LogDestination of that name in the given files",
                    found.place,
                    text(&found.object, "/metadata/name")
                ));
            }
        }
    }
    problems
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
