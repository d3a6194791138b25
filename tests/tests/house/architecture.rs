//! The house rules that a compiler does not hold: who depends on whom, and how source files look.
//! Reads the workspace with `cargo metadata`, `cargo tree` and plain file reads; changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Source files stay below this; the aim is 400.
const MAX_LINES: usize = 450;

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().to_path_buf()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Each crate of the workspace with the names it depends on, tests and builds included.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let text = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().unwrap();
            (name(package), all.iter().map(name).collect())
        })
        .collect()
}

/// Every `.rs` file under `folder` of each crate.
fn sources(folder: &str) -> Vec<PathBuf> {
    let crates = ["core", "store", "api", "controller", "cli", "tests"];
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = crates
        .iter()
        .map(|name| root().join(name).join(folder))
        .filter(|path| path.is_dir())
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(
        folder != "src" || found.len() > 20,
        "sources were not found"
    );
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// Fails with every offender at once.
fn none(rule: &str, offenders: &[String]) {
    assert!(
        offenders.is_empty(),
        "{rule}:\n  {}",
        offenders.join("\n  ")
    );
}

#[test]
fn crates_depend_in_one_direction() {
    let everything = [
        "firelens-core",
        "firelens-store",
        "firelens-api",
        "firelens-controller",
    ];
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("firelens-core", &everything[..0]),
        ("firelens-store", &everything[..1]),
        ("firelens-api", &everything[..2]),
        ("firelens-controller", &everything[..2]),
        ("firelens", &everything[..]),
        ("firelens-tests", &everything[..]),
    ]);
    let all = dependencies();
    assert_eq!(
        all.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        allowed.keys().copied().collect(),
        "a crate came or went: give it its place here",
    );
    let mut offenders = Vec::new();
    for (name, needs) in &all {
        for need in needs.iter().filter(|need| all.contains_key(*need)) {
            if !allowed[name.as_str()].contains(&need.as_str()) {
                offenders.push(format!("{name} -> {need}"));
            }
        }
    }
    none("dependencies against the direction", &offenders);
}

#[test]
fn each_foreign_world_is_named_in_one_crate_only() {
    type Owns = fn(&str) -> bool;
    let owners: [(&str, Owns); 3] = [
        ("firelens-store", |name| name.starts_with("sqlx")),
        ("firelens-controller", |name| name.starts_with("aws-")),
        ("firelens-api", |name| name.starts_with("axum")),
    ];
    let mut offenders = Vec::new();
    for (name, needs) in dependencies() {
        for (owner, owns) in owners {
            let taken = needs.iter().filter(|need| name != owner && owns(need));
            offenders.extend(taken.map(|need| format!("{name} -> {need}: only {owner} may")));
        }
    }
    none("a dependency in the wrong crate", &offenders);
}

#[test]
fn the_core_has_no_runtime_and_no_client_in_its_tree() {
    let foreign = [
        "tokio", "async-", "futures", "hyper", "http", "axum", "tower", "reqwest", "ureq", "sqlx",
        "aws-", "rustls", "mio", "socket2", "rand",
    ];
    let arguments = "tree -p firelens-core -e normal --prefix none --format {p}";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let tree = cargo(&arguments);
    assert!(tree.lines().count() > 5, "the tree was not read: {tree}");
    let offenders: Vec<String> = tree
        .lines()
        .filter(|line| foreign.iter().any(|prefix| line.starts_with(prefix)))
        .map(str::to_owned)
        .collect();
    none("the core may only decide", &offenders);
}

#[test]
fn the_core_may_not_read_clocks_files_or_the_environment() {
    let rules = fs::read_to_string(root().join("core/clippy.toml")).unwrap();
    for banned in [
        "std::time::SystemTime::now",
        "std::time::Instant::now",
        "jiff::Timestamp::now",
        "std::env::var",
        "std::fs::read_to_string",
        "std::collections::HashMap",
    ] {
        assert!(
            rules.contains(&format!("\"{banned}\"")),
            "core/clippy.toml no longer bans {banned}"
        );
    }
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for lint in [
        "unsafe_code = \"forbid\"",
        "missing_docs = \"deny\"",
        "unwrap_used = \"deny\"",
        "expect_used = \"deny\"",
        "panic = \"deny\"",
        "todo = \"deny\"",
        "unimplemented = \"deny\"",
    ] {
        assert!(workspace.contains(lint), "the workspace lost {lint}");
    }
    let crates = ["core", "store", "api", "controller", "cli", "tests"];
    let offenders: Vec<String> = crates
        .iter()
        .map(|name| format!("{name}/Cargo.toml"))
        .filter(|path| {
            let text = fs::read_to_string(root().join(path)).unwrap();
            !text.contains("[lints]\nworkspace = true")
        })
        .collect();
    none("crates without the lints of the workspace", &offenders);
}

#[test]
fn source_files_stay_readable() {
    let offenders: Vec<String> = sources("src")
        .iter()
        .map(|path| (path, fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{}: {lines} lines", shown(path)))
        .collect();
    none("files to split by meaning", &offenders);
}

#[test]
fn every_source_file_says_first_what_it_is_for() {
    let offenders: Vec<String> = sources("src")
        .iter()
        .chain(&sources("tests"))
        .filter(|path| {
            let text = fs::read_to_string(path).unwrap();
            let first = text.lines().next().unwrap_or("");
            !first.starts_with("//! ") || first.len() < 12
        })
        .map(|path| shown(path))
        .collect();
    none(
        "files without a first line on what they are for",
        &offenders,
    );
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("to", "do!("),
        concat!("unimplement", "ed!("),
        concat!("#[ign", "ore"),
        concat!("dbg", "!("),
    ];
    let mut offenders = Vec::new();
    for path in sources("src").iter().chain(&sources("tests")) {
        for (index, line) in fs::read_to_string(path).unwrap().lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                offenders.push(format!("{}:{}: {}", shown(path), index + 1, line.trim()));
            }
        }
    }
    none("things left for later", &offenders);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let marks = [
        concat!("/ho", "me/"),
        concat!("/wo", "rk/"),
        concat!("/tmp/", "lab"),
    ];
    let mut offenders = Vec::new();
    for path in sources("src").iter().chain(&sources("tests")) {
        let text = fs::read_to_string(path).unwrap();
        for mark in marks.iter().filter(|mark| text.contains(**mark)) {
            offenders.push(format!("{}: {mark}", shown(path)));
        }
    }
    none("paths of one machine", &offenders);
}
