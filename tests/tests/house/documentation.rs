//! Lists in the documentation that are generated from the code. `UPDATE_DOCS=1` writes them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use firelens_aws::image::{GENERATIONS, LINES, RouterImage};
use firelens_fluent::lint::{Code, Severity};
use firelens_inject::preview::PreviewNoteCode;
use firelens_inject::{NoteCode, Reason};
use firelens_report::status::REASONS;
use firelens_types::v1alpha1::{DEFAULT_ROUTER_IMAGE, LogDestinationSpec};

use crate::architecture::{CRATES, root};

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name)
}

fn table<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let rows: Vec<String> = rows
        .map(|(word, meaning)| format!("| `{word}` | {} |", meaning.trim()))
        .collect();
    format!("| reason | meaning |\n|---|---|\n{}\n", rows.join("\n"))
}

/// Several tests write parts of one page.
static PAGES: Mutex<()> = Mutex::new(());

/// Compares the text between two marks of a page with the one generated from the code.
fn check(name: &str, mark: &str, wanted: &str) {
    let _one_at_a_time = PAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let path = page(name);
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        format!("<!-- {mark}:begin -->\n"),
        format!("<!-- {mark}:end -->"),
    );
    let (before, rest) = text.split_once(&begin).expect("the opening mark");
    let (current, after) = rest.split_once(&end).expect("the closing mark");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{begin}{wanted}{end}{after}")).unwrap();
    } else {
        assert_eq!(current, wanted, "{name}: run this test with UPDATE_DOCS=1");
    }
}

#[test]
fn the_policy_guide_lists_every_reason() {
    check(
        "policies.md",
        "reasons",
        &table(REASONS.iter().map(|reason| (reason.word, reason.meaning))),
    );
    let refusals = Reason::ALL
        .iter()
        .map(|reason| (reason.as_str(), reason.meaning()));
    check("policies.md", "refusals", &table(refusals));
}

#[test]
fn the_policy_guide_lists_every_note_of_a_preview() {
    let notes = PreviewNoteCode::ALL
        .iter()
        .map(|note| (note.as_str(), note.meaning()));
    check("policies.md", "preview-notes", &table(notes));
}

#[test]
fn the_policy_guide_has_a_row_for_every_destination() {
    let text = fs::read_to_string(page("policies.md")).unwrap();
    for block in LogDestinationSpec::BLOCKS {
        let row = format!("\n| `{block}` | ");
        assert_eq!(text.matches(&row).count(), 1, "{block}");
    }
}

/// The codes of one severity, by name.
fn codes(severity: Severity) -> String {
    let mut rows: Vec<String> = Code::ALL
        .iter()
        .filter(|code| code.severity() == severity)
        .map(|code| format!("| `{code}` | {} | {} |", code.meaning(), code.fix()))
        .collect();
    rows.sort();
    format!(
        "| code | meaning | fix |\n|---|---|---|\n{}\n",
        rows.join("\n")
    )
}

#[test]
fn the_linter_page_lists_every_code_refusal_and_note() {
    for (mark, severity) in [
        ("lint-errors", Severity::Error),
        ("lint-warnings", Severity::Warning),
        ("lint-notes", Severity::Info),
    ] {
        check("lint.md", mark, &codes(severity));
    }
    let refusals = Reason::ALL
        .iter()
        .map(|reason| (reason.as_str(), reason.meaning()));
    check("lint.md", "refusals", &table(refusals));
    let notes = NoteCode::ALL
        .iter()
        .map(|note| (note.as_str(), note.meaning()));
    check("lint.md", "notes", &table(notes));
}

/// How long the default image may outlive the security updates of the Fluent Bit in it: AWS tests a new one for weeks
/// before it ships it (decision 24).
const UPDATES_MAY_HAVE_ENDED_DAYS: i32 = 180;

#[test]
fn the_default_router_image_is_still_supported_by_aws() {
    let today = jiff::Zoned::now().date();
    let image = RouterImage::parse(DEFAULT_ROUTER_IMAGE);
    let day = |text: &str| text.parse::<jiff::civil::Date>().unwrap();
    let line = image.line().facts().unwrap();
    let looked_after = line.end_of_support.is_none_or(|end| day(end) >= today);
    assert!(
        looked_after,
        "AWS has ended {line:?}: find the version it tests now"
    );
    let inside = image.generation().unwrap();
    let last = inside.updates_until.map(day);
    let span = jiff::Span::new().days(UPDATES_MAY_HAVE_ENDED_DAYS);
    assert!(
        last.is_none_or(|last| last.checked_add(span).unwrap() >= today),
        "{inside:?} has had no updates for long: find the version that AWS tests now"
    );
}

#[test]
fn the_table_of_router_images_says_what_the_operator_knows() {
    let page = fs::read_to_string(page("policies.md")).unwrap();
    assert!(page.contains(DEFAULT_ROUTER_IMAGE));
    for line in &LINES {
        assert!(page.contains(&format!("`{}`", line.pinned)), "{line:?}");
        let day = line.end_of_support;
        assert!(day.is_none_or(|day| page.contains(day)), "{line:?}");
    }
    for generation in &GENERATIONS {
        let day = generation.updates_until;
        assert!(day.is_none_or(|day| page.contains(day)), "{generation:?}");
    }
}

/// The first sentence of a source file's documentation.
fn first_sentence(path: &std::path::Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let paragraph: Vec<&str> = lines
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    let sentence = paragraph
        .split_once(". ")
        .map_or(paragraph.as_str(), |(first, _)| first);
    sentence.trim_end_matches('.').replace('|', "\\|")
}

/// Rooms of a crate, by name, with what they are for.
fn rooms(source: &std::path::Path) -> Vec<(String, String)> {
    let mut rooms = Vec::new();
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let inside = path.join("mod.rs");
        let file = if inside.is_file() { inside } else { path };
        if file.is_file() && !["lib", "main"].contains(&name.as_str()) {
            rooms.push((name, first_sentence(&file)));
        }
    }
    rooms.sort();
    rooms
}

#[test]
fn the_map_of_the_architecture_names_every_room() {
    let mut map = String::from("| crate | room | what lives there |\n|---|---|---|\n");
    for (_, home, _) in CRATES.iter().filter(|(_, home, _)| *home != "tests") {
        let source = root().join(home).join("src");
        let main = if *home == "cli" { "main.rs" } else { "lib.rs" };
        map.push_str(&format!(
            "| **`{home}`** | | {} |\n",
            first_sentence(&source.join(main))
        ));
        for (name, lives) in rooms(&source) {
            map.push_str(&format!("| | `{name}` | {lives} |\n"));
        }
    }
    check("architecture.md", "rooms", &map);
}
