//! Compares the metrics that `deploy/` names with those of the program. Policies are in `shipped_policies`.
//! Only files are read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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
