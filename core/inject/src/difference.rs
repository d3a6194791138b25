//! Where two task definitions differ, path by path.
//!
//! Containers, and everything else in a list whose items have a name, are compared by name, so that a
//! container more is one difference and not one of every container behind it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::marks::LABEL_RESTORE;

/// Shown in place of a secret value.
pub const HIDDEN: &str = "(hidden)";

/// Words in the name of a field or variable whose value is not shown. A plain value under such a name
/// is a mistake of its owner; a plan must not spread it.
const SECRET_WORDS: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "license_key",
    "auth",
];

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Where, such as `containerDefinitions[app].logConfiguration`.
    pub path: String,
    /// What is there now; absent when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What there would be; absent when it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Every difference between two documents, in document order, secrets hidden.
#[must_use]
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(left), Some(right)) if left == right => {}
        // ECS writes its defaults into what it describes.
        (Some(one), None) | (None, Some(one)) if is_default(one) => {}
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            for key in left
                .keys()
                .chain(right.keys().filter(|key| !left.contains_key(*key)))
            {
                compare(&member(path, key), left.get(key), right.get(key), found);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            match (by_name(left), by_name(right)) {
                (Some(left_items), Some(right_items)) => {
                    for name in names(left, right) {
                        let at = format!("{path}[{name}]");
                        let (left, right) = (left_items.get(&name), right_items.get(&name));
                        compare(&at, left.copied(), right.copied(), found);
                    }
                }
                _ => found.push(difference(path, before, after)),
            }
        }
        _ => found.push(difference(path, before, after)),
    }
}

/// The document as it may be shown: secrets hidden, and without what ECS may have added by itself.
pub fn presentable(document: &Value) -> Value {
    match shown("", document) {
        Value::Object(map) => without_defaults(map),
        other => other,
    }
}

fn without_defaults(map: Map<String, Value>) -> Value {
    let kept = map.into_iter().filter(|(_, value)| !is_default(value));
    let kept = kept.map(|(key, value)| match value {
        Value::Object(map) => (key, without_defaults(map)),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| match item {
                Value::Object(map) => without_defaults(map),
                other => other,
            });
            (key, items.collect())
        }
        other => (key, other),
    });
    Value::Object(kept.collect())
}

/// Whether ECS may have added the value by itself: an empty list or object, CPU 0.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

fn difference(path: &str, before: Option<&Value>, after: Option<&Value>) -> Difference {
    let name = named(path);
    Difference {
        path: path.to_owned(),
        before: before.map(|value| shown(name, value)),
        after: after.map(|value| shown(name, value)),
    }
}

/// Name of the value at the path. An environment variable has its name before `.value`.
fn named(path: &str) -> &str {
    let path = path.strip_suffix("].value").unwrap_or(path);
    path.rsplit(['.', '[']).next().unwrap_or_default()
}

/// `path.key`; a key with other characters than a word's goes into brackets, as in
/// `dockerLabels["firelens.dev/hash"]`.
fn member(path: &str, key: &str) -> String {
    let is_word = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match (path.is_empty(), is_word) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{key:?}]"),
    }
}

fn name_of(item: &Value) -> Option<&str> {
    item.get("name").and_then(Value::as_str)
}

/// The items by name; `None` when one has none, or two have the same.
fn by_name(items: &[Value]) -> Option<BTreeMap<String, &Value>> {
    let mut named = BTreeMap::new();
    for item in items {
        if named.insert(name_of(item)?.to_owned(), item).is_some() {
            return None;
        }
    }
    Some(named)
}

/// All names, those of `left` first, each once.
fn names(left: &[Value], right: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in left.iter().chain(right).filter_map(name_of) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The value as it may be shown under that name.
fn shown(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if name.contains(LABEL_RESTORE) => {
            Value::String(format!("(restore record, {} bytes)", text.len()))
        }
        Value::String(text) if is_secret(name) && !is_reference(text) => {
            Value::String(HIDDEN.to_owned())
        }
        Value::Object(map) => Value::Object(shown_members(map)),
        Value::Array(items) => Value::Array(items.iter().map(|item| shown(name, item)).collect()),
        other => other.clone(),
    }
}

fn shown_members(map: &Map<String, Value>) -> Map<String, Value> {
    // An environment variable has its name beside its value.
    let variable = map.get("name").and_then(Value::as_str);
    map.iter()
        .map(|(key, value)| {
            let name = match (key.as_str(), variable) {
                ("value", Some(variable)) => variable,
                _ => key,
            };
            (key.clone(), shown(name, value))
        })
        .collect()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Whether the text only says where a secret is.
fn is_reference(text: &str) -> bool {
    text.starts_with("arn:")
        || text.starts_with("${")
        || text.eq_ignore_ascii_case("on")
        || text.eq_ignore_ascii_case("off")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_more_is_one_difference() {
        let before = json!({"containerDefinitions": [{"name": "app", "cpu": 1}]});
        let after =
            json!({"containerDefinitions": [{"name": "app", "cpu": 1}, {"name": "log_router"}]});
        let found = differences(&before, &after);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "containerDefinitions[log_router]");
        assert_eq!(found[0].before, None);
        assert_eq!(found[0].after, Some(json!({"name": "log_router"})));
    }

    #[test]
    fn secret_like_values_are_hidden_and_references_are_shown() {
        let before = json!({"containerDefinitions": [{"name": "app", "logConfiguration": {
            "options": {"splunk-token": "very-secret", "splunk-url": "https://x"}}}]});
        let after = json!({"containerDefinitions": [{"name": "app",
            "environment": [{"name": "DB_PASSWORD", "value": "hunter2"}],
            "logConfiguration": {"options": {"Name": "splunk"},
                "secretOptions": [{"name": "splunk_token", "valueFrom": "arn:aws:ssm:x"}]}}]});
        let text = serde_json::to_string(&differences(&before, &after)).unwrap();
        assert!(
            !text.contains("very-secret") && !text.contains("hunter2"),
            "{text}"
        );
        assert!(
            text.contains("arn:aws:ssm:x") && text.contains(HIDDEN),
            "{text}"
        );
    }

    #[test]
    fn a_variable_that_changes_hides_both_its_values() {
        let variable = |name: &str, value: &str| json!({"containerDefinitions": [{"name": "app", "environment": [{"name": name, "value": value}]}]});
        for (name, hides) in [("DB_PASSWORD", true), ("api.token", true), ("STAGE", false)] {
            let found = differences(&variable(name, "one"), &variable(name, "two"));
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].before == Some(json!(HIDDEN)), hides, "{name}");
            assert_eq!(found[0].after == Some(json!(HIDDEN)), hides, "{name}");
        }
    }

    #[test]
    fn the_restore_record_is_only_counted() {
        let before = json!({});
        let after = json!({"dockerLabels": {"firelens.dev/restore": "{\"token\":\"x\"}"}});
        let text = serde_json::to_string(&differences(&before, &after)).unwrap();
        assert!(
            text.contains("13 bytes") && !text.contains("token"),
            "{text}"
        );
    }

    #[test]
    fn defaults_that_ecs_adds_are_no_difference() {
        let before = json!({"containerDefinitions": [{"name": "app", "cpu": 0, "links": []}]});
        let after = json!({"containerDefinitions": [{"name": "app"}]});
        assert_eq!(differences(&before, &after), []);
        assert_eq!(differences(&after, &before), []);
    }

    #[test]
    fn lists_without_names_are_compared_as_a_whole() {
        let found = differences(&json!({"a": [1, 2]}), &json!({"a": [1, 3]}));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "a");
    }
}
