//! No two rooms of a crate need each other: a room is a file or folder directly below `src/`.
//!
//! Who changes a room then knows what it can break: what is above it, and nothing else. Reads plain text, since
//! the compiler takes circles of modules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::architecture::{CRATES, none, root, rust_files};

/// A use of one room by another, with the file in which it is.
type Edges = BTreeMap<(String, String), BTreeSet<String>>;

/// A path in the code, such as `record::WorkloadKey`, as its parts.
type CodePath = Vec<String>;

/// What one source file is called in paths, and its text without comments and inline tests.
struct Module {
    path: CodePath,
    file: String,
    text: String,
}

/// A name of its own that a `use` gives to what it takes.
static ALIAS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s+as\s+\w+").unwrap());

/// The paths of a `use` tree, or of an expression, that begins at the start of `text`.
fn paths(text: &str, prefix: &[String], collected: &mut Vec<CodePath>) -> usize {
    let start = text.len() - text.trim_start().len();
    let rest = &text[start..];
    if rest.starts_with('{') {
        let mut at = 1;
        loop {
            let skipped = rest[at..]
                .trim_start_matches(|c: char| c == ',' || c.is_whitespace())
                .len();
            at = rest.len() - skipped;
            if skipped == 0 || rest[at..].starts_with('}') {
                return start + at + 1;
            }
            let read = paths(&rest[at..], prefix, collected);
            if read == 0 {
                return start + at;
            }
            at += read;
            at += ALIAS.find(&rest[at..]).map_or(0, |alias| alias.end());
        }
    }
    let name: String = rest
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '*')
        .collect();
    if name.is_empty() {
        return 0;
    }
    let mut path = prefix.to_vec();
    path.push(name.clone());
    let end = start + name.len();
    match text[end..].strip_prefix("::") {
        Some(more) if !more.starts_with('<') => end + 2 + paths(more, &path, collected),
        _ => {
            collected.push(path);
            end
        }
    }
}

/// The modules of a crate, `lib.rs` and files of tests left out.
fn modules(source: &Path) -> Vec<Module> {
    let comment = Regex::new(r"//[^\n]*").unwrap();
    let inline_tests = Regex::new(r"#\[cfg\(test\)\]\s*mod tests \{").unwrap();
    let mut modules = Vec::new();
    for file in rust_files(source) {
        let relative = file.strip_prefix(source).unwrap().with_extension("");
        let mut path: CodePath = relative
            .components()
            .map(|part| part.as_os_str().to_str().unwrap().to_owned())
            .collect();
        let is_root = path.len() == 1 && ["lib", "main"].contains(&path[0].as_str());
        if is_root || path.iter().any(|part| part == "tests") {
            continue;
        }
        if path.last().is_some_and(|last| last == "mod") {
            path.pop();
        }
        let text = fs::read_to_string(&file).unwrap();
        let text = comment.replace_all(&text, "").into_owned();
        let code = inline_tests.split(&text).next().unwrap().to_owned();
        modules.push(Module {
            path,
            file: relative.display().to_string(),
            text: code,
        });
    }
    modules
}

/// Names that the root of a crate hands on, with the room they come from.
fn handed_on(source: &Path, rooms: &BTreeSet<String>) -> BTreeMap<String, String> {
    let Ok(text) = fs::read_to_string(source.join("lib.rs")) else {
        return BTreeMap::new();
    };
    let mut names = BTreeMap::new();
    for export in Regex::new(r"(?m)^pub(?:\(crate\))? use ")
        .unwrap()
        .find_iter(&text)
    {
        let mut exported = Vec::new();
        paths(&text[export.end()..], &[], &mut exported);
        for path in exported.iter().filter(|path| rooms.contains(&path[0])) {
            names.insert(path.last().unwrap().clone(), path[0].clone());
        }
    }
    names
}

/// Which rooms of a crate use which.
fn edges(source: &Path) -> Edges {
    let modules = modules(source);
    let rooms: BTreeSet<String> = modules
        .iter()
        .map(|module| module.path[0].clone())
        .collect();
    let handed_on = handed_on(source, &rooms);
    let start = Regex::new(r"\b(crate|super(?:::super)*)::").unwrap();
    let mut edges = Edges::new();
    for module in &modules {
        let room = &module.path[0];
        for occurrence in start.captures_iter(&module.text) {
            let whole = occurrence.get(0).unwrap();
            let ups = occurrence[1].matches("super").count();
            let base = match occurrence[1].starts_with("super") {
                true => module.path[..module.path.len().saturating_sub(ups)].to_vec(),
                false => CodePath::new(),
            };
            let mut targets = Vec::new();
            paths(&module.text[whole.end()..], &base, &mut targets);
            for target in targets {
                let target = match rooms.contains(&target[0]) {
                    true => Some(&target[0]),
                    false => handed_on.get(&target[0]),
                };
                if let Some(target) = target.filter(|target| *target != room) {
                    let uses = edges.entry((room.clone(), target.clone())).or_default();
                    uses.insert(module.file.clone());
                }
            }
        }
    }
    edges
}

/// Every room that can be reached from `room`.
fn reached(edges: &Edges, room: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    let mut open = vec![room.to_owned()];
    while let Some(room) = open.pop() {
        for (_, target) in edges.keys().filter(|(from, _)| *from == room) {
            if rooms.insert(target.clone()) {
                open.push(target.clone());
            }
        }
    }
    rooms
}

/// The uses that are part of a circle, for people.
fn circles(source: &Path) -> Vec<String> {
    let edges = edges(source);
    let in_circle = |(from, to): &&(String, String)| reached(&edges, to).contains(from);
    edges
        .keys()
        .filter(in_circle)
        .map(|edge| {
            let files: Vec<&str> = edges[edge].iter().map(String::as_str).collect();
            format!(
                "{}: {} -> {} in {}",
                source.display(),
                edge.0,
                edge.1,
                files.join(", ")
            )
        })
        .collect()
}

#[test]
fn no_two_rooms_of_a_crate_need_each_other() {
    let mut offenders = Vec::new();
    for (name, home, _) in CRATES
        .iter()
        .filter(|(name, _, _)| *name != "firelens-tests")
    {
        let source = root().join(home).join("src");
        assert!(
            !edges(&source).is_empty(),
            "the rooms of {name} were not read"
        );
        offenders.extend(circles(&source));
    }
    none(
        "rooms that need each other; move what both use below them",
        &offenders,
    );
}

#[test]
fn circular_module_dependencies_are_found_however_a_module_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let source: PathBuf = folder.path().to_owned();
    let write = |name: &str, text: &str| {
        let path = source.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "lib.rs",
        "mod a;\nmod b;\nmod c;\npub use a::{deep::Thing, Other};\n",
    );
    write("a/mod.rs", "//! Uses b.\nmod deep;\nuse super::b;\n");
    write(
        "a/deep.rs",
        "//! Nothing but a comment on crate::c::Nothing.\n",
    );
    write("b.rs", "//! Above c.\nuse crate::{c::{X, Y as Z}};\n");
    write(
        "c.rs",
        "//! Below.\n#[cfg(test)]\nmod tests {\n    use crate::a::Other;\n}\n",
    );
    assert_eq!(circles(&source), Vec::<String>::new());

    for back in [
        "use crate::Thing;",
        "fn f() { crate::a::g(); }",
        "use super::{b, a};",
        "use crate::a::{deep::{Thing}};",
    ] {
        write("c.rs", &format!("//! Below.\n{back}\n"));
        let message = circles(&source).join("\n");
        assert!(message.contains("c -> "), "{back}: {message}");
    }
}
