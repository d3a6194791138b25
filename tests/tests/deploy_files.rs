//! What `deploy/` says about the program, held against the program: metrics and AWS actions.
//! Must never need a running part: it reads files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All source text of a crate.
fn sources(krate: &str) -> String {
    let mut folders = vec![root().join(krate).join("src")];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "rs")
            {
                text.push_str(&fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    text
}

/// Runs of letters, digits, colons and underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == ':' || c == '_'))
}

#[test]
fn every_metric_an_alert_names_is_exported() {
    let sources: String = ["api", "store", "controller"].map(sources).concat();
    let alerts = read("deploy/prometheus/alerts.yaml");
    let named: BTreeSet<_> = words(&alerts)
        .filter_map(|word| word.strip_prefix("firelens_"))
        .collect();
    assert!(named.len() > 10, "alerts name metrics: {named:?}");
    let missing: Vec<_> = named
        .into_iter()
        .filter(|name| {
            !sources.contains(&format!("\"{name}\""))
                && !sources.contains(&format!("\"firelens_{name}\""))
        })
        .collect();
    assert!(missing.is_empty(), "no code exports firelens_{missing:?}");
}

#[test]
fn the_rights_of_the_operator_are_exactly_the_calls_it_makes() {
    let source = read("controller/src/aws/operation.rs");
    let made = |write: &str| -> BTreeSet<String> {
        // NAME: "service", "Call", Bucket, write;
        let rows = source
            .lines()
            .filter(|line| line.trim_end().ends_with(&format!(", {write};")));
        rows.map(|row| row.split('"').collect::<Vec<_>>())
            .filter(|parts| parts.len() == 5)
            .map(|parts| action(parts[1], parts[3]))
            .collect()
    };
    // Looking for an object answers "not found" only to those who may list the bucket.
    let mut reads = made("false");
    reads.insert("s3:ListBucket".to_owned());
    assert_eq!(granted("deploy/iam/controller-read.json"), reads);
    // Registering passes the roles a task has and sends its tags again.
    let mut writes = made("true");
    writes.extend(["ecs:TagResource", "iam:PassRole"].map(str::to_owned));
    assert_eq!(granted("deploy/iam/controller-write.json"), writes);
}

#[test]
fn the_templates_grant_what_the_policies_grant() {
    let wanted: BTreeSet<String> = granted("deploy/iam/controller-read.json")
        .into_iter()
        .chain(granted("deploy/iam/controller-write.json"))
        .collect();
    for template in [
        "deploy/cloudformation/firelens-spoke.yaml",
        "deploy/terraform/spoke/main.tf",
    ] {
        let text = read(template);
        let allowed: BTreeSet<_> = words(&text).collect();
        let missing: Vec<_> = wanted
            .iter()
            .filter(|action| !allowed.contains(action.as_str()))
            .collect();
        assert!(missing.is_empty(), "{template} lacks {missing:?}");
    }
}

/// The IAM action of an API call.
fn action(service: &str, call: &str) -> String {
    let call = match call {
        "HeadObject" => "GetObject",
        "ListObjectsV2" => "ListBucket",
        other => other,
    };
    format!("{service}:{call}")
}

/// Every action that a policy document allows.
fn granted(path: &str) -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&read(path)).unwrap();
    let statements = document["Statement"].as_array().unwrap();
    statements
        .iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            action => vec![action.clone()],
        })
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}
