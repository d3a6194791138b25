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

/// A crate of `core/` stays below this: what is larger has more than one thing in it.
const MAX_CRATE_LINES: usize = 13_000;

/// The crates from the ground up: name, folder, and how many of those before it it may depend on.
pub(crate) const CRATES: [(&str, &str, usize); 12] = [
    ("firelens-taskdef", "core/taskdef", 0),
    ("firelens-types", "core/types", 0),
    ("firelens-aws", "core/aws", 2),
    ("firelens-fluent", "core/fluent", 3),
    ("firelens-inject", "core/inject", 4),
    ("firelens-plan", "core/plan", 5),
    ("firelens-report", "core/report", 6),
    ("firelens-store", "store", 3),
    ("firelens-api", "api", 8),
    ("firelens-controller", "controller", 8),
    ("firelens", "cli", 10),
    ("firelens-tests", "tests", 10),
];

/// The crates that decide: no I/O, no clock.
const CORE: [&str; 7] = [
    "firelens-taskdef",
    "firelens-types",
    "firelens-aws",
    "firelens-fluent",
    "firelens-inject",
    "firelens-plan",
    "firelens-report",
];

/// Edges of tests alone: the tests of the planner read what people are told of a plan.
const OF_TESTS: [(&str, &str); 1] = [("firelens-plan", "firelens-report")];

pub(crate) fn root() -> PathBuf {
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

/// Each crate of the workspace with the names it depends on; with those of its tests where `tests` is set.
fn dependencies(tests: bool) -> BTreeMap<String, BTreeSet<String>> {
    let text = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let needs = package["dependencies"].as_array().unwrap();
            let wanted = needs.iter().filter(|need| tests || need["kind"] != "dev");
            (name(package), wanted.map(name).collect())
        })
        .collect()
}

/// Every `.rs` file below a folder, sorted.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Every `.rs` file under `folder` of each crate.
fn sources(folder: &str) -> Vec<PathBuf> {
    let folders = CRATES
        .iter()
        .map(|(_, home, _)| root().join(home).join(folder));
    let files: Vec<PathBuf> = folders
        .filter(|path| path.is_dir())
        .flat_map(|path| rust_files(&path))
        .collect();
    assert!(
        folder != "src" || files.len() > 20,
        "sources were not found"
    );
    files
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// Fails with every offender at once.
pub(crate) fn none(rule: &str, offenders: &[String]) {
    assert!(
        offenders.is_empty(),
        "{rule}:\n  {}",
        offenders.join("\n  ")
    );
}

#[test]
fn crates_depend_in_one_direction() {
    let with_tests = dependencies(true);
    assert_eq!(
        with_tests
            .keys()
            .map(String::as_str)
            .collect::<BTreeSet<_>>(),
        CRATES.iter().map(|(name, _, _)| *name).collect(),
        "a crate came or went: give it its place here",
    );
    let without_tests = dependencies(false);
    let mut offenders = Vec::new();
    for (name, _, below) in CRATES {
        let allowed: Vec<&str> = CRATES[..below].iter().map(|(name, _, _)| *name).collect();
        for need in with_tests[name]
            .iter()
            .filter(|need| with_tests.contains_key(*need))
        {
            let is_of_tests =
                OF_TESTS.contains(&(name, need)) && !without_tests[name].contains(need);
            if !allowed.contains(&need.as_str()) && !is_of_tests {
                offenders.push(format!("{name} -> {need}"));
            }
        }
    }
    none("dependencies against the direction", &offenders);
}

#[test]
fn no_crate_of_the_core_holds_everything() {
    let mut offenders = Vec::new();
    for (name, home, _) in CRATES.iter().filter(|(name, _, _)| CORE.contains(name)) {
        let prefix = root().join(home);
        let lines: usize = sources("src")
            .iter()
            .filter(|path| path.starts_with(&prefix))
            .map(|path| fs::read_to_string(path).unwrap().lines().count())
            .sum();
        assert!(lines > 0, "{name} was not found");
        if lines > MAX_CRATE_LINES {
            offenders.push(format!("{name}: {lines} lines"));
        }
        let page = prefix.join("README.md");
        let text = fs::read_to_string(&page).unwrap_or_default();
        if text.lines().count() < 5 {
            offenders.push(format!("{}: says what lives there", shown(&page)));
        }
    }
    none("crates of the core", &offenders);
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
    for (name, needs) in dependencies(true) {
        for (owner, owns) in owners {
            let taken = needs.iter().filter(|need| name != owner && owns(need));
            offenders.extend(taken.map(|need| format!("{name} -> {need}: only {owner} may")));
        }
    }
    none("a dependency in the wrong crate", &offenders);
}

#[test]
fn the_core_depends_on_no_async_runtime_and_no_client() {
    let foreign = [
        "tokio", "async-", "futures", "hyper", "http", "axum", "tower", "reqwest", "ureq", "sqlx",
        "aws-", "rustls", "mio", "socket2", "rand",
    ];
    let mut offenders = Vec::new();
    for name in CORE {
        let arguments = [
            "tree", "-p", name, "-e", "normal", "--prefix", "none", "--format", "{p}",
        ];
        let tree = cargo(&arguments);
        assert!(tree.lines().count() > 5, "the tree was not read: {tree}");
        let lines = tree
            .lines()
            .filter(|line| foreign.iter().any(|prefix| line.starts_with(prefix)));
        offenders.extend(lines.map(|line| format!("{name} -> {line}")));
    }
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
    let offenders: Vec<String> = CRATES
        .iter()
        .map(|(_, home, _)| format!("{home}/Cargo.toml"))
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
