//! No test is forgotten: each file below a `tests/` folder belongs to a test binary, and each binary is on the page
//! that people begin with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::architecture::{CRATES, none, root, rust_files};

/// Longest name of a test, in words: it is read in a list of a thousand.
const MAX_WORDS: usize = 10;

/// The file that has to declare a module: beside it, or the one that its folder is named after.
fn parents(file: &Path, tests: &Path) -> Vec<PathBuf> {
    let is_folder = file.file_stem().is_some_and(|stem| stem == "mod");
    let folder = match is_folder {
        true => file.parent().unwrap().parent().unwrap(),
        false => file.parent().unwrap(),
    };
    let mut parents = vec![folder.join("main.rs"), folder.join("mod.rs")];
    if folder != tests {
        parents.push(folder.with_extension("rs"));
    }
    parents
}

fn module_name(file: &Path) -> String {
    let is_folder = file.file_stem().is_some_and(|stem| stem == "mod");
    let named = if is_folder {
        file.parent().unwrap()
    } else {
        file
    };
    named.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Files below a folder of test binaries that no binary takes in.
fn forgotten(tests: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for file in rust_files(tests) {
        let is_binary = file.file_name().is_some_and(|name| name == "main.rs")
            || file.parent().is_some_and(|parent| parent == tests);
        let declaration = Regex::new(&format!(
            r"(?m)^\s*(pub(\(crate\))? )?mod {};",
            module_name(&file)
        ))
        .unwrap();
        let is_declared = parents(&file, tests)
            .iter()
            .any(|parent| fs::read_to_string(parent).is_ok_and(|text| declaration.is_match(&text)));
        if !is_binary && !is_declared {
            files.push(file.display().to_string());
        }
    }
    files
}

#[test]
fn every_file_of_tests_belongs_to_a_binary() {
    let mut offenders = Vec::new();
    for (_, home, _) in CRATES {
        let tests = root().join(home).join("tests");
        if tests.is_dir() {
            offenders.extend(forgotten(&tests));
        }
    }
    none("files that no test binary takes in", &offenders);
}

#[test]
fn a_file_that_no_binary_takes_in_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("alone.rs", "");
    write("group/main.rs", "mod one;\nmod deep;\n");
    write("group/one.rs", "");
    write("group/deep/mod.rs", "mod inner;\n");
    write("group/deep/inner.rs", "");
    assert_eq!(forgotten(folder.path()), Vec::<String>::new());
    write("group/two.rs", "");
    write("group/deep/other/mod.rs", "");
    write("loose/thing.rs", "");
    let names = ["deep/other/mod.rs", "group/two.rs", "loose/thing.rs"];
    let files = forgotten(folder.path());
    assert_eq!(files.len(), names.len(), "{files:?}");
    for (file, name) in files.iter().zip(names) {
        assert!(file.ends_with(name), "{file}");
    }
}

#[test]
fn every_test_binary_is_on_the_page_of_tests() {
    let page = fs::read_to_string(root().join("tests/README.md")).unwrap();
    let mut offenders = Vec::new();
    for (_, home, _) in CRATES {
        let Ok(entries) = fs::read_dir(root().join(home).join("tests")) else {
            continue;
        };
        let paths: BTreeSet<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        for path in paths {
            let is_binary = path.join("main.rs").is_file() || path.is_file();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let shown = format!("`{home}/tests/{name}`");
            if is_binary && !page.contains(&shown) {
                offenders.push(shown);
            }
        }
    }
    none(
        "test binaries that tests/README.md does not name",
        &offenders,
    );
}

#[test]
fn names_of_tests_are_short_enough_to_read() {
    let test =
        Regex::new(r"#\[(?:tokio::)?test[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)\(")
            .unwrap();
    let mut offenders = Vec::new();
    let mut seen = 0;
    for (_, home, _) in CRATES {
        for folder in ["src", "tests"] {
            let folder = root().join(home).join(folder);
            let files = if folder.is_dir() {
                rust_files(&folder)
            } else {
                Vec::new()
            };
            for file in files {
                let text = fs::read_to_string(&file).unwrap();
                for test_name in test.captures_iter(&text) {
                    seen += 1;
                    if test_name[1].split('_').count() > MAX_WORDS {
                        offenders.push(format!("{}: {}", file.display(), &test_name[1]));
                    }
                }
            }
        }
    }
    assert!(seen > 500, "the tests were not found: {seen}");
    none(&format!("names of more than {MAX_WORDS} words"), &offenders);
}
