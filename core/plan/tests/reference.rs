//! The core and the Python reference of the benchmark agree on the whole corpus.
//!
//! Whoever changes what is injected must change `tests/bench/patch_reference.py` too, or the benchmark would
//! compare different work.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "the corpus is a file")]

#[path = "../benches/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;

use support::corpus::{corpus, lines};
use support::policy::Setting;

#[test]
fn the_python_reference_gives_the_same_1_000_results() {
    let documents = corpus(&Setting::new());
    assert_eq!(documents.len(), 1_000);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference-corpus.jsonl");
    std::fs::write(&file, lines(&documents)).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/bench/patch_reference.py");
    let output = Command::new("python3")
        .arg(script)
        .arg(&file)
        .output()
        .unwrap();
    let summary = String::from_utf8_lossy(&output.stdout).into_owned();
    let problems = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{summary}{problems}");
    assert_eq!(summary.trim(), "1000 of 1000 results are equal");
}
