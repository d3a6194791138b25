//! Every row of `docs/edge-cases.md` names a test that exists, and words that exist.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use firelens_fluent::lint::Code;
use firelens_inject::{NoteCode, Reason};
use firelens_report::status::REASONS;

use crate::architecture::{CRATES, root};

const ROWS: usize = 77;
const COLUMNS: usize = 4;

/// A row of the table.
struct Row {
    number: usize,
    behaviour: String,
    tests: String,
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("docs/edge-cases.md")).unwrap();
    let cells = |line: &str| -> Vec<String> {
        let line = line
            .trim_start_matches('|')
            .trim_end()
            .trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    text.lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .map(|line| {
            let cells = cells(line);
            assert_eq!(cells.len(), COLUMNS, "{line}");
            assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
            Row {
                number: cells[0].parse().unwrap(),
                behaviour: cells[2].clone(),
                tests: cells[3].clone(),
            }
        })
        .collect()
}

/// Returns the texts in backticks, each with the word before it.
fn quoted(text: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = text.split('`').collect();
    assert_eq!(parts.len() % 2, 1, "an open backtick: {text}");
    let word = |before: &str| {
        before
            .split_whitespace()
            .last()
            .unwrap_or_default()
            .to_owned()
    };
    parts
        .chunks_exact(2)
        .map(|pair| (word(pair[0]), pair[1].to_owned()))
        .collect()
}

/// A test as nextest prints it: package and binary, then the path of the function.
struct Test {
    /// Folder of the package.
    package: PathBuf,
    /// Name of the test binary; none for tests beside the code.
    binary: Option<String>,
    /// Modules, then the function.
    path: Vec<String>,
}

impl Test {
    fn parse(text: &str) -> Option<Self> {
        let (binary, path) = text.split_once(' ')?;
        let (package, binary) = match binary.split_once("::") {
            Some((package, binary)) => (package, Some(binary.to_owned())),
            None => (binary, None),
        };
        Some(Self {
            package: CRATES
                .iter()
                .find(|(name, _, _)| *name == package)
                .map(|(_, home, _)| root().join(home))?,
            binary,
            path: path.split("::").map(str::to_owned).collect(),
        })
    }

    /// Returns the files that may contain the function: that of its module, or of the module around it.
    fn sources(&self) -> Vec<PathBuf> {
        let modules = &self.path[..self.path.len() - 1];
        let base = match &self.binary {
            None => self.package.join("src"),
            Some(binary) => self.package.join("tests").join(binary),
        };
        let mut paths = Vec::new();
        for depth in (0..=modules.len()).rev().take(2) {
            let place = modules[..depth]
                .iter()
                .fold(base.clone(), |at, part| at.join(part));
            paths.push(place.with_extension("rs"));
            paths.push(place.join("mod.rs"));
            paths.push(place.join("main.rs"));
        }
        paths.retain(|path| path.is_file());
        paths
    }

    fn exists(&self) -> bool {
        let name = self.path.last().unwrap();
        let mut sources = self.sources().into_iter();
        sources.any(|path| declares(&fs::read_to_string(path).unwrap(), name))
    }

    /// Whether the binary has the golden case.
    fn has_case(&self, case: &str) -> bool {
        let binary = self.binary.as_deref().unwrap_or_default();
        let cases = match self.path[0].as_str() {
            "lint_corpus" => self.package.join("lint"),
            _ => self.package.join("tests").join(binary).join("cases"),
        };
        let names = fs::read_dir(cases)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        names
            .into_iter()
            .any(|path| path.file_stem().is_some_and(|stem| stem == case))
    }

    /// Whether it goes through a folder of cases, so that a row must say which.
    fn is_golden(&self) -> bool {
        let name = self.path.last().unwrap();
        name.starts_with("every_case_") || name.starts_with("each_broken_file_")
    }
}

/// Whether the text has the function, and the function is a test.
fn declares(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let opening = format!("fn {name}(");
    lines.iter().enumerate().any(|(index, line)| {
        line.contains(&opening)
            && lines[..index]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn the_table_has_every_edge_case_once_and_in_order() {
    let numbers: Vec<usize> = rows().iter().map(|row| row.number).collect();
    let wanted: Vec<usize> = (1..=ROWS).collect();
    assert_eq!(numbers, wanted);
}

#[test]
fn every_edge_case_names_tests_and_golden_cases_that_exist() {
    let mut problems = Vec::new();
    for row in rows() {
        let mut last: Option<(Test, bool)> = None;
        let mut seen = 0;
        let finish = |last: Option<(Test, bool)>, problems: &mut Vec<String>| {
            if last.is_some_and(|(test, named)| test.is_golden() && !named) {
                problems.push(format!("{}: names no golden case", row.number));
            }
        };
        for (_, text) in quoted(&row.tests) {
            if let Some(test) = Test::parse(&text) {
                finish(last.take(), &mut problems);
                seen += 1;
                if !test.exists() {
                    problems.push(format!("{}: there is no test {text}", row.number));
                }
                last = Some((test, false));
            } else if let Some((test, named)) = &mut last {
                *named = true;
                if !test.has_case(&text) {
                    problems.push(format!("{}: there is no case {text}", row.number));
                }
            } else {
                problems.push(format!("{}: {text} stands before any test", row.number));
            }
        }
        finish(last, &mut problems);
        if seen == 0 {
            problems.push(format!("{}: names no test", row.number));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_word_of_an_edge_case_exists() {
    let refusals = Reason::ALL.iter().map(|word| word.as_str());
    let reasons: Vec<&str> = refusals
        .chain(REASONS.iter().map(|reason| reason.word))
        .collect();
    let notes: Vec<&str> = NoteCode::ALL.iter().map(|word| word.as_str()).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|word| word.as_str()).collect();
    let mut problems = Vec::new();
    for row in rows() {
        for (kind, word) in quoted(&row.behaviour) {
            let list = match kind.to_ascii_lowercase().as_str() {
                "reason" => &reasons,
                "note" => &notes,
                "finding" => &codes,
                _ => continue,
            };
            if !list.contains(&word.as_str()) {
                problems.push(format!("{}: {kind} {word}", row.number));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
