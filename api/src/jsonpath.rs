//! The part of JSONPath that printer columns use: members, indices, `[*]` and `[?(@.key=="value")]`.
//! Never fails on an object that lacks the path: there is simply nothing to show.

use serde_json::Value;

/// Every value that `path` leads to, in the order of the document. A leading `.` or `$.` may be left out.
pub(crate) fn find<'a>(object: &'a Value, path: &str) -> Vec<&'a Value> {
    let path = path.trim().trim_start_matches('{').trim_end_matches('}');
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut found = vec![object];
    while !rest.is_empty() && !found.is_empty() {
        rest = match rest.strip_prefix('[') {
            Some(inside) => {
                let end = closing(inside);
                found = bracket(&found, &inside[..end]);
                inside.get(end + 1..).unwrap_or_default()
            }
            None => {
                let (name, tail) = member(rest.strip_prefix('.').unwrap_or(rest));
                found = found.iter().filter_map(|value| value.get(&name)).collect();
                tail
            }
        };
    }
    found
}

/// Position of the bracket that closes, quotes respected.
fn closing(inside: &str) -> usize {
    let mut quote = None;
    for (index, character) in inside.char_indices() {
        match (quote, character) {
            (None, ']') => return index,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    inside.len()
}

/// Reads a member's name up to the next unescaped `.` or `[`.
fn member(text: &str) -> (String, &str) {
    let (mut name, mut escaped) = (String::new(), false);
    for (index, character) in text.char_indices() {
        match character {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '.' | '[' if !escaped => return (name, &text[index..]),
            _ => name.push(character),
        }
        escaped = false;
    }
    (name, "")
}

fn bracket<'a>(found: &[&'a Value], inside: &str) -> Vec<&'a Value> {
    let inside = inside.trim();
    if inside == "*" {
        return found.iter().flat_map(|value| children(value)).collect();
    }
    if let Some(filter) = inside.strip_prefix("?(").and_then(|f| f.strip_suffix(')')) {
        let Some((left, right)) = filter.split_once("==") else {
            return Vec::new();
        };
        let path = left.trim().strip_prefix('@').unwrap_or_default();
        let wanted = unquoted(right.trim());
        return found
            .iter()
            .flat_map(|value| children(value))
            .filter(|value| find(value, path).first().is_some_and(|v| text(v) == wanted))
            .collect();
    }
    match inside.parse::<usize>() {
        Ok(index) => found.iter().filter_map(|value| value.get(index)).collect(),
        Err(_) => found
            .iter()
            .filter_map(|value| value.get(unquoted(inside)))
            .collect(),
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn unquoted(quoted: &str) -> &str {
    quoted.trim_matches(|c| c == '"' || c == '\'')
}

/// A value as one cell shows it: strings bare, everything else as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_of_printer_columns_lead_to_their_values() {
        let object = json!({
            "metadata": {"annotations": {"a.b/c": "x"}},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
            "spec": {"list": [1, 2], "s3": {"bucket": "b"}},
        });
        for (path, wanted) in [
            (".spec.list[1]", json!([2])),
            ("spec.list", json!([[1, 2]])),
            ("$.spec.list[*]", json!([1, 2])),
            (
                ".status.conditions[?(@.type==\"Ready\")].status",
                json!(["True"]),
            ),
            (".status.conditions[?(@.type=='None')].status", json!([])),
            (".status.conditions[*].type", json!(["Ready", "Other"])),
            (".metadata.annotations.a\\.b/c", json!(["x"])),
            (".metadata.annotations['a.b/c']", json!(["x"])),
            (".nope.nope", json!([])),
        ] {
            assert_eq!(json!(find(&object, path)), wanted, "{path}");
        }
    }
}
