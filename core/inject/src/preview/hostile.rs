//! Options that the agent writes and the router does not read as they were meant.
//!
//! Never repeats a value in a message: it may be a secret.

use firelens_fluent::render::read;
use firelens_fluent::text::{TextProblem, check_value};

use crate::preview::model::{Generated, RouterKind};
use crate::preview::options::Routed;
use crate::preview::{PreviewNote, PreviewNoteCode, fluentbit};

/// Checks every word that a task definition gives, then the whole file.
pub(crate) fn inspect(
    kind: RouterKind,
    generated: &Generated,
    routed: &[Routed],
    text: &str,
    notes: &mut Vec<PreviewNote>,
) {
    let before = notes.len();
    for container in routed {
        inspect_container(kind, container, notes);
    }
    if let Some(path) = &generated.include {
        notes.extend(value(kind, "config-file-value of the router", path));
    }
    let breaks = |note: &PreviewNote| {
        matches!(
            note.code,
            PreviewNoteCode::InjectsConfiguration | PreviewNoteCode::BreaksConfiguration
        )
    };
    // What no rule above finds, such as an odd container name, is found by reading the file.
    if kind == RouterKind::Fluentbit
        && !notes.iter().skip(before).any(breaks)
        && read(text).as_ref() != Ok(&fluentbit::meaning(generated))
    {
        notes.push(PreviewNote::new(
            PreviewNoteCode::BreaksConfiguration,
            "Fluent Bit does not read the generated file as the task definition means it",
        ));
    }
}

fn inspect_container(kind: RouterKind, container: &Routed, notes: &mut Vec<PreviewNote>) {
    let place = |option: &str| format!("option {option:?} of container {}", container.name);
    let own = [
        (kind.output_key(), &container.output),
        ("include-pattern", &container.include),
        ("exclude-pattern", &container.exclude),
    ];
    for (option, text) in own {
        notes.extend(
            text.iter()
                .filter_map(|text| value(kind, &place(option), text)),
        );
    }
    for (option, text) in &container.options {
        notes.extend(key(kind, &place(option), option));
        let is_secret = container
            .secrets
            .iter()
            .any(|secret| secret.option == *option);
        if !is_secret {
            notes.extend(value(kind, &place(option), text));
        }
    }
}

fn injects(place: &str) -> PreviewNote {
    PreviewNote::new(
        PreviewNoteCode::InjectsConfiguration,
        format!(
            "{place} holds a line break: what stands behind it becomes configuration of its own"
        ),
    )
}

fn breaks(place: &str, why: &str) -> PreviewNote {
    PreviewNote::new(
        PreviewNoteCode::BreaksConfiguration,
        format!("{place} is not read as it is written: {why}"),
    )
}

fn value(kind: RouterKind, place: &str, text: &str) -> Option<PreviewNote> {
    if text.contains('\n') {
        return Some(injects(place));
    }
    if kind == RouterKind::Fluentd && text.contains(" #") {
        return Some(breaks(place, "what stands behind ` #` is a comment"));
    }
    match check_value(text) {
        // A value never begins a line.
        Ok(()) | Err(TextProblem::Opening) => None,
        Err(TextProblem::Empty | TextProblem::TooLong) if kind == RouterKind::Fluentd => None,
        Err(TextProblem::Empty) => Some(breaks(
            place,
            "it is empty, and a key without a value ends Fluent Bit at start",
        )),
        Err(TextProblem::OuterBlank) => Some(breaks(place, "blanks at its ends are dropped")),
        Err(problem) => Some(breaks(place, &format!("it {problem}"))),
    }
}

fn key(kind: RouterKind, place: &str, key: &str) -> Option<PreviewNote> {
    if key.contains('\n') {
        return Some(injects(place));
    }
    let opens = match kind {
        RouterKind::Fluentbit => key.starts_with(['#', '[']),
        RouterKind::Fluentd => key.starts_with(['#', '<']) || key.starts_with("@include"),
    };
    if opens {
        return Some(breaks(place, "a line that begins like this is no option"));
    }
    if key.is_empty() || key.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some(breaks(place, "its name ends at the first blank"));
    }
    None
}
