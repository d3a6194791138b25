//! Each broken file gets the code after which it is named.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use firelens_fluent::lint::{Code, Severity};

use crate::lint_corpus::case::{files, lint_file, path};

const NOT_REAL: &str = "not-a-real";

fn corpus() -> Vec<(String, PathBuf)> {
    files(&path("tests/lint"), &["yaml", "json", "conf"])
        .into_iter()
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect()
}

/// The codes that the head of a file allows beside its own: `# also: A, B`.
fn allowed(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# also: "))
        .flat_map(|codes| codes.split(", ").map(str::to_owned))
        .collect()
}

#[test]
fn every_code_has_a_broken_file() {
    let files: BTreeSet<String> = corpus().into_iter().map(|(name, _)| name).collect();
    let codes: BTreeSet<String> = Code::ALL
        .iter()
        .map(|code| code.as_str().to_owned())
        .collect();
    assert_eq!(files, codes);
    let policies = corpus()
        .iter()
        .filter(|(_, path)| path.extension().unwrap() == "yaml")
        .count();
    assert!(policies >= 60, "{policies}");
}

#[test]
fn each_broken_file_reports_only_the_error_it_is_for() {
    let mut problems = Vec::new();
    for (name, path) in corpus() {
        let text = fs::read_to_string(&path).unwrap();
        let outcome = lint_file(&path);
        let shown: Vec<String> = outcome.findings.iter().map(ToString::to_string).collect();
        if !outcome
            .findings
            .iter()
            .any(|finding| finding.code.as_str() == name)
        {
            problems.push(format!("{name}: not found, but {shown:#?}"));
        }
        let also = allowed(&text);
        for finding in outcome
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
        {
            let code = finding.code.as_str();
            if code != name && !also.contains(code) {
                problems.push(format!("{name}: {finding}"));
            }
        }
        let refused = text.lines().any(|line| line == "# refused at admission");
        if outcome.admitted == refused {
            problems.push(format!("{name}: admitted is {}", outcome.admitted));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn findings_are_sorted_stable_and_free_of_secrets() {
    for (name, path) in corpus() {
        let findings = lint_file(&path).findings;
        assert_eq!(findings, lint_file(&path).findings, "{name}");
        assert!(findings.is_sorted(), "{name}");
        for finding in findings {
            assert_eq!(finding.severity, finding.code.severity(), "{name}");
            let text = format!("{} {}", finding.field, finding.message);
            assert!(
                !text.contains(NOT_REAL) && !text.contains("AKIA"),
                "{name}: {text}"
            );
        }
    }
}

#[test]
fn every_code_says_what_it_means_and_what_to_do() {
    let mut meanings = BTreeSet::new();
    for code in Code::ALL {
        for text in [code.meaning(), code.fix()] {
            assert!(
                text.ends_with('.') && !text.contains('\n') && !text.contains('|'),
                "{code}: {text}"
            );
        }
        assert!(meanings.insert(code.meaning()), "{code}: said twice");
    }
}
