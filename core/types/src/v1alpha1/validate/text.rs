//! Checks text that reaches Fluent Bit: whether its configuration format can represent it.
//!
//! The renderer checks it again; this refuses early, and at the right field, what the renderer would refuse.

use serde_json::Value;

use super::path::{Errors, Path, Segment};
use super::structure;
use super::{Cause, secrets};
use crate::lua;

/// Longest text in one field, in bytes: the limit of a variable of a task definition and of a line.
const TEXT_MAX_BYTES: usize = 32_768;

/// Fields whose text is a regular expression, a time format or code: these may begin with `[`.
const FREE_OPENING: [&str; 10] = [
    "regex",
    "exclude",
    "includePattern",
    "excludePattern",
    "timeFormat",
    "code",
    "removeRegex",
    "rule",
    "condition",
    "command",
];

/// Fields that hold a regular expression, in which Fluent Bit would replace variables first.
const PATTERNS: [&str; 5] = [
    "regex",
    "exclude",
    "includePattern",
    "excludePattern",
    "removeRegex",
];

/// Maps whose values may have several lines.
const SEVERAL_LINES: [&str; 3] = ["record", "set", "add"];

/// Fields with rules of their own.
const CHECKED_ELSEWHERE: [&str; 4] = ["options", "secretOptions", "awsPermissions", "containers"];

/// Fields where the empty text means absent.
const MAY_BE_EMPTY: [&str; 3] = ["externalId", "includePattern", "excludePattern"];

/// Checks every text below `value`, which `schema` describes.
pub(crate) fn check_tree(path: &Path, schema: &Value, value: &Value, errors: &mut Errors) {
    match value {
        Value::String(text) => check_leaf(path, text, errors),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(items) = schema.get("items") {
                    check_tree(&path.index(index), items, item, errors);
                }
            }
        }
        Value::Object(map) => {
            for (name, below) in map {
                match structure::child(schema, name) {
                    Some((Segment::Field(_), _)) if CHECKED_ELSEWHERE.contains(&name.as_str()) => {}
                    Some((Segment::Key(_), schema)) => {
                        let path = path.key(name);
                        check_word(&path, name, errors);
                        check_tree(&path, schema, below, errors);
                    }
                    Some((_, schema)) => check_tree(&path.field(name), schema, below, errors),
                    None => {}
                }
            }
        }
        _ => {}
    }
}

fn check_leaf(path: &Path, text: &str, errors: &mut Errors) {
    let field = field_name(path);
    if text.is_empty() && MAY_BE_EMPTY.contains(&field) {
        return;
    }
    if field == "code" && path.has_field("lua") {
        return check_code(path, text, errors);
    }
    if SEVERAL_LINES.contains(&field) && text.contains(is_kept_break) {
        return check_several_lines(path, text, errors);
    }
    // The expressions of multiline rules are quoted, so blanks at their ends are kept.
    let quoted = field == "regex" && path.has_field("rules");
    let plain = if quoted { text.trim() } else { text };
    if !check_text(path, plain, errors) {
        return;
    }
    // A record key may well be called @timestamp; the format only knows `@` at the start of a line.
    let is_key = field.to_ascii_lowercase().ends_with("key");
    if !FREE_OPENING.contains(&field) {
        check_opening(path, text, is_key, errors);
    }
    if PATTERNS.contains(&field) && text.contains("${") {
        errors.invalid(
            path,
            text,
            "must not contain ${, which Fluent Bit reads as a variable; write [$][{]",
        );
    }
    if field == "header" && secrets::is_secret_header(text) {
        errors.forbidden(
            path,
            "contains a secret: put it into \"secretOptions\" as \"header\", as a reference",
        );
    }
}

/// Checks Lua code: it must be possible to write it on one line, however many lines it has.
fn check_code(path: &Path, code: &str, errors: &mut Errors) {
    if code.len() > TEXT_MAX_BYTES {
        errors.too_long(path, TEXT_MAX_BYTES);
    } else if !secrets::is_variable(code.trim())
        && let Err(problem) = lua::one_line(code)
    {
        errors.invalid(path, "", &problem.to_string());
    }
}

/// Checks a text of several lines, which reaches the router as an environment variable.
pub(crate) fn check_several_lines(path: &Path, text: &str, errors: &mut Errors) {
    let problem = if text.trim() != text {
        "must not start or end with a blank or a line break; in YAML, `|-` leaves the last one out"
    } else if text.chars().any(|c| c.is_control() && !is_kept_break(c)) {
        "must not contain control characters other than line breaks and tabs"
    } else if text.contains("${") {
        "must not contain ${ in a text of several lines: such a text is carried by a variable, and \
         variables in it are not replaced"
    } else if text.len() > TEXT_MAX_BYTES {
        return errors.too_long(path, TEXT_MAX_BYTES);
    } else {
        return;
    };
    errors.invalid(path, text, problem);
}

/// Whether the character is a line break or tab that a text of several lines may hold.
pub(crate) fn is_kept_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t')
}

/// Returns the name of the field that holds the text, without list indexes and map keys.
fn field_name(path: &Path) -> &str {
    path.segments()
        .rev()
        .find_map(|segment| match segment {
            Segment::Field(name) => Some(name.as_str()),
            _ => None,
        })
        .unwrap_or_default()
}

/// Checks that a text is not empty, has no blank at an end, is one line,
/// and is not too long. Returns whether it passed.
pub(crate) fn check_text(path: &Path, text: &str, errors: &mut Errors) -> bool {
    let problem = if text.is_empty() {
        "must not be empty: Fluent Bit does not start when an option has no value; remove the option"
    } else if text.chars().any(is_line_break) {
        "must be one line"
    } else if text.chars().any(char::is_control) {
        "must not contain control characters"
    } else if text.trim() != text {
        "must not start or end with a blank"
    } else if text.len() > TEXT_MAX_BYTES {
        errors.too_long(path, TEXT_MAX_BYTES);
        return false;
    } else {
        return true;
    };
    errors.invalid(path, text, problem);
    false
}

/// Checks the first character: `[` begins a section, `@` a command.
pub(crate) fn check_opening(path: &Path, text: &str, is_key: bool, errors: &mut Errors) {
    if text.starts_with('[') || (text.starts_with('@') && !is_key) {
        errors.invalid(
            path,
            text,
            "must not start with '[' or '@', which start a section or a command",
        );
    }
}

/// Checks a name that is written before a value on one line.
pub(crate) fn check_word(path: &Path, word: &str, errors: &mut Errors) {
    if word.is_empty() || word.chars().any(|c| c.is_whitespace() || c.is_control()) {
        errors.push(
            path,
            Cause::Invalid,
            &Value::from(word),
            "must be a name without spaces",
        );
    }
}

fn is_line_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}
