//! Rules for `metadata`, the same for every kind: what users may set, what is the server's alone.
//! Never lets a request choose a uid, a creation time, a generation or a deletion time.

use firelens_core::v1alpha1::{Cause, FieldError};
use serde_json::{Map, Value};

/// Longest object name: a DNS subdomain.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names>
const MAX_NAME_CHARS: usize = 253;
/// Longest label value and longest name part of a label key.
const MAX_LABEL_CHARS: usize = 63;
/// All annotation keys and values of one object together.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/>
const MAX_ANNOTATIONS_BYTES: usize = 256 * 1024;

/// Members of `metadata` that a user writes. The others are set here, or kept from what is stored.
const USER_FIELDS: &[&str] = &[
    "name",
    "generateName",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
];

/// Members of `metadata` that clients send back because they read them, and that mean nothing in a write.
/// `resourceVersion` and `uid` are preconditions and are read before this list is applied.
const SERVER_FIELDS: &[&str] = &[
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
];

/// An error whose value is the text `value`; an empty one is not shown.
pub(crate) fn error(field: &str, cause: Cause, value: &str, detail: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        cause,
        value: if value.is_empty() {
            String::new()
        } else {
            Value::from(value).to_string()
        },
        detail: detail.to_owned(),
    }
}

/// Checks `metadata` of a write, every problem at once. Unknown members come as `Cause::Unknown`.
pub(crate) fn check(metadata: &Value) -> Vec<FieldError> {
    let Some(map) = metadata.as_object() else {
        return vec![error(
            "metadata",
            Cause::Required,
            "",
            "give the object a name",
        )];
    };
    let mut errors = Vec::new();
    check_names(map, &mut errors);
    check_labels(&metadata["labels"], &mut errors);
    check_annotations(&metadata["annotations"], &mut errors);
    check_finalizers(&metadata["finalizers"], &mut errors);
    if !metadata["ownerReferences"].is_null() && !metadata["ownerReferences"].is_array() {
        errors.push(error(
            "metadata.ownerReferences",
            Cause::Invalid,
            "",
            "must be a list",
        ));
    }
    for key in map.keys() {
        let known = USER_FIELDS.contains(&key.as_str()) || SERVER_FIELDS.contains(&key.as_str());
        if !known && key != "namespace" {
            errors.push(error(&format!("metadata.{key}"), Cause::Unknown, key, ""));
        }
    }
    errors
}

fn check_names(map: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
    for key in [
        "name",
        "generateName",
        "namespace",
        "resourceVersion",
        "uid",
    ] {
        if map.get(key).is_some_and(|v| !v.is_string() && !v.is_null()) {
            let field = format!("metadata.{key}");
            errors.push(error(
                &field,
                Cause::Invalid,
                &map[key].to_string(),
                "must be a string",
            ));
        }
    }
    if !text("namespace").is_empty() {
        let detail = "this kind has no namespaces";
        errors.push(error("metadata.namespace", Cause::Forbidden, "", detail));
    }
    let (name, prefix) = (text("name"), text("generateName"));
    if name.is_empty() && prefix.is_empty() {
        let detail = "name or generateName is required";
        errors.push(error("metadata.name", Cause::Required, "", detail));
    } else if !name.is_empty() && !is_subdomain(name) {
        errors.push(error("metadata.name", Cause::Invalid, name, SUBDOMAIN));
    } else if name.is_empty() && !is_subdomain(&format!("{prefix}x")) {
        errors.push(error(
            "metadata.generateName",
            Cause::Invalid,
            prefix,
            SUBDOMAIN,
        ));
    }
}

const SUBDOMAIN: &str = "must be at most 253 lower case letters, digits, '-' or '.', and start and end with a letter or digit";

fn check_labels(labels: &Value, errors: &mut Vec<FieldError>) {
    for (key, value) in string_map(labels, "metadata.labels", errors) {
        if !is_qualified_name(key) {
            errors.push(error("metadata.labels", Cause::Invalid, key, QUALIFIED));
        }
        if !is_label_value(value) {
            let detail = "a label value has at most 63 letters, digits, '-', '_' or '.', and starts and ends with a letter or digit";
            errors.push(error("metadata.labels", Cause::Invalid, value, detail));
        }
    }
}

fn check_annotations(annotations: &Value, errors: &mut Vec<FieldError>) {
    let mut size_bytes = 0;
    for (key, value) in string_map(annotations, "metadata.annotations", errors) {
        size_bytes += key.len() + value.len();
        if !is_qualified_name(&key.to_ascii_lowercase()) {
            errors.push(error(
                "metadata.annotations",
                Cause::Invalid,
                key,
                QUALIFIED,
            ));
        }
    }
    if size_bytes > MAX_ANNOTATIONS_BYTES {
        let detail = format!("must have at most {MAX_ANNOTATIONS_BYTES} bytes");
        errors.push(error("metadata.annotations", Cause::TooLong, "", &detail));
    }
}

fn check_finalizers(finalizers: &Value, errors: &mut Vec<FieldError>) {
    let items = match finalizers {
        Value::Null => return,
        Value::Array(items) => items,
        _ => {
            errors.push(error(
                "metadata.finalizers",
                Cause::Invalid,
                "",
                "must be a list",
            ));
            return;
        }
    };
    for (index, item) in items.iter().enumerate() {
        let text = item.as_str().unwrap_or_default();
        if !text.contains('/') || !is_qualified_name(text) {
            let field = format!("metadata.finalizers[{index}]");
            errors.push(error(
                &field,
                Cause::Invalid,
                text,
                "must be a name like example.com/purpose",
            ));
        }
    }
}

const QUALIFIED: &str = "a key is an optional DNS subdomain and '/', then at most 63 letters, digits, '-', '_' or '.' that start and end with a letter or digit";

fn string_map<'a>(
    value: &'a Value,
    field: &str,
    errors: &mut Vec<FieldError>,
) -> Vec<(&'a str, &'a str)> {
    let map = match value {
        Value::Null => return Vec::new(),
        Value::Object(map) => map,
        _ => {
            errors.push(error(field, Cause::Invalid, "", "must be a map of strings"));
            return Vec::new();
        }
    };
    let mut pairs = Vec::new();
    for (key, value) in map {
        match value.as_str() {
            Some(text) => pairs.push((key.as_str(), text)),
            None => {
                let detail = "must be a string: put it in quotes";
                errors.push(error(
                    &format!("{field}[{key}]"),
                    Cause::Invalid,
                    &value.to_string(),
                    detail,
                ));
            }
        }
    }
    pairs
}

pub(crate) fn is_subdomain(text: &str) -> bool {
    text.len() <= MAX_NAME_CHARS
        && text.split('.').all(|part| {
            let alphanumeric = |b: Option<&u8>| b.is_some_and(|b| is_lower_alphanumeric(*b));
            let bytes = part.as_bytes();
            alphanumeric(bytes.first())
                && alphanumeric(bytes.last())
                && bytes
                    .iter()
                    .all(|b| is_lower_alphanumeric(*b) || *b == b'-')
        })
}

fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// `[prefix/]name`, the form of label and annotation keys.
pub(crate) fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && !name.is_empty() && is_label_value(name),
        None => !text.is_empty() && is_label_value(text),
    }
}

/// A label value: empty, or like a name that may have capitals and `_`.
pub(crate) fn is_label_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.is_empty()
        || bytes.len() <= MAX_LABEL_CHARS
            && bytes[0].is_ascii_alphanumeric()
            && bytes[bytes.len() - 1].is_ascii_alphanumeric()
            && bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Keeps what users may write of `metadata`; empty and null members go.
pub(crate) fn user_part(metadata: &Value) -> Map<String, Value> {
    let mut part = Map::new();
    for key in USER_FIELDS {
        match &metadata[*key] {
            Value::Null => {}
            Value::Object(map) if map.is_empty() => {}
            Value::Array(list) if list.is_empty() => {}
            Value::String(text) if text.is_empty() => {}
            value => {
                part.insert((*key).to_owned(), value.clone());
            }
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(metadata: &Value) -> Vec<String> {
        check(metadata).into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn good_metadata_passes() {
        let metadata = json!({
            "name": "a.b-c1", "labels": {"a.b/C_d": "V.1", "x": ""}, "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "finalizers": ["firelens.dev/restore"], "resourceVersion": "3", "uid": "u", "generation": 3, "creationTimestamp": null,
            "managedFields": [], "namespace": ""
        });
        assert_eq!(fields(&metadata), Vec::<String>::new());
    }

    #[test]
    fn every_problem_of_metadata_is_named_at_once() {
        let metadata = json!({
            "name": "A", "namespace": "default", "labels": {"-": "x", "k": 3}, "finalizers": ["plain"], "annotations": [], "nmae": 1
        });
        assert_eq!(
            fields(&metadata),
            [
                "metadata.namespace",
                "metadata.name",
                "metadata.labels[k]",
                "metadata.labels",
                "metadata.annotations",
                "metadata.finalizers[0]",
                "metadata.nmae"
            ]
        );
        assert_eq!(fields(&json!({})), ["metadata.name"]);
        assert_eq!(fields(&Value::Null), ["metadata"]);
    }

    #[test]
    fn names_are_dns_subdomains() {
        for good in ["a", "a-b", "a.b.c", "0", &"a".repeat(253)] {
            assert!(is_subdomain(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "a.",
            "a..b",
            "-a",
            "a-",
            "A",
            "a_b",
            "ä",
            "a/b",
            &"a".repeat(254),
        ] {
            assert!(!is_subdomain(bad), "{bad}");
        }
    }
}
