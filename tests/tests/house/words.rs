//! One word for one thing: public types have unique names, and words that were given up are not used.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;

use regex::Regex;

use crate::architecture::{CRATES, none, root, rust_files};

/// Names that mean the same in each of their places.
const SHARED: [&str; 3] = [
    // The processor of a task, and of an image.
    "Architecture",
    // Normal or Warning: in the core, and in the store.
    "EventType",
    // Kubernetes label selectors: of policies, and of requests.
    "LabelSelector",
];

/// Words that were replaced by another one, with that word (`docs/architecture.md`).
const GIVEN_UP: [(&str, &str); 13] = [
    ("arrival", "log delivery"),
    ("judge", "evaluate"),
    ("judged", "evaluated"),
    ("judgement", "evaluation"),
    ("linted", "policy errors"),
    ("ShipManually", "DeployManually"),
    ("WaitingForPlace", "WaitingForSlot"),
    ("give_back", "restore"),
    ("take_back", "undo"),
    ("takeaway", "revert"),
    ("verdict", "result"),
    ("Verdict", "AnalysisResult"),
    ("Standing", "RolloutState"),
];

/// The text of every source file, with where it is.
fn texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for (name, home, _) in CRATES {
        if name != "firelens-tests" {
            for file in rust_files(&root().join(home).join("src")) {
                let shown = file.strip_prefix(root()).unwrap().display().to_string();
                texts.push((shown, fs::read_to_string(&file).unwrap()));
            }
        }
    }
    texts
}

#[test]
fn public_types_have_names_of_their_own() {
    let declared = Regex::new(r"(?m)^\s*pub (?:struct|enum|type|trait) (\w+)").unwrap();
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (shown, text) in texts() {
        for declaration in declared.captures_iter(&text) {
            places
                .entry(declaration[1].to_owned())
                .or_default()
                .push(shown.clone());
        }
    }
    assert!(
        places.len() > 200,
        "the types were not found: {}",
        places.len()
    );
    let offenders: Vec<String> = places
        .iter()
        .filter(|(name, places)| places.len() > 1 && !SHARED.contains(&name.as_str()))
        .map(|(name, places)| format!("{name}: {}", places.join(", ")))
        .collect();
    none("public types that share a name", &offenders);
}

#[test]
fn words_that_were_given_up_stay_away() {
    let mut offenders = Vec::new();
    for (word, instead) in GIVEN_UP {
        let whole = Regex::new(&format!(r"\b{word}\b")).unwrap();
        for (shown, text) in texts() {
            for (index, line) in text.lines().enumerate() {
                // Names that scripts and stored records use are kept.
                let is_kept = line.contains("rename = ");
                if whole.is_match(line) && !is_kept {
                    offenders.push(format!("{shown}:{}: {word} (say {instead})", index + 1));
                }
            }
        }
    }
    none("words with another word in the glossary", &offenders);
}

#[test]
fn log_messages_that_people_look_for_are_in_the_code() {
    let code: String = texts().into_iter().map(|(_, text)| text).collect();
    let page = fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let named = Regex::new(r"log: `([^`]+)`").unwrap();
    let mut wanted: Vec<String> = named
        .captures_iter(&page)
        .map(|message| message[1].to_owned())
        .collect();
    assert!(wanted.len() > 3, "the messages were not found: {wanted:?}");
    let soak = fs::read_to_string(root().join("tests/soak/watch.py")).unwrap();
    let never = soak
        .lines()
        .find_map(|line| line.strip_prefix("NEVER = ("))
        .unwrap();
    let quoted = Regex::new(r#""([^"]+)""#).unwrap();
    wanted.extend(
        quoted
            .captures_iter(never)
            .map(|message| message[1].to_owned()),
    );
    let offenders: Vec<String> = wanted
        .into_iter()
        // What the runtime says itself.
        .filter(|message| message != "panicked" && !code.contains(message))
        .collect();
    none("log messages that the code does not have", &offenders);
}
