//! Rules for `metadata`, the same for every kind: what users may set, what is the server's alone.
//! A request cannot choose a uid, a creation time, a generation or a deletion time.

use firelens_types::v1alpha1::{Cause, FieldError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Longest object name: a DNS subdomain.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names>
const MAX_NAME_CHARS: usize = 253;
/// Longest name part of a key.
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

/// Checks what `admit` leaves open in `metadata`: namespace, annotations, finalizers.
pub(crate) fn check(metadata: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !metadata["namespace"].is_null() {
        let detail = "this kind is not namespaced";
        errors.push(error("metadata.namespace", Cause::Forbidden, "", detail));
    }
    check_annotations(&metadata["annotations"], &mut errors);
    check_finalizers(&metadata["finalizers"], &mut errors);
    errors
}

/// Drops members that clients send and that mean nothing: an empty namespace, a link of old clients.
pub(crate) fn drop_noise(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("selfLink");
        if metadata
            .get("namespace")
            .is_some_and(|v| v == "" || v.is_null())
        {
            metadata.shift_remove("namespace");
        }
    }
}

fn check_annotations(annotations: &Value, errors: &mut Vec<FieldError>) {
    let mut size_bytes = 0;
    for (key, value) in annotations.as_object().into_iter().flatten() {
        size_bytes += key.len() + value.as_str().map_or(0, str::len);
        if !is_qualified_name(&key.to_ascii_lowercase()) {
            let field = format!("metadata.annotations[{key}]");
            let detail = "a key is an optional DNS subdomain and '/', then at most 63 letters, digits, '-', '_' or '.' that start and end with a letter or digit";
            errors.push(error(&field, Cause::Invalid, key, detail));
        }
    }
    if size_bytes > MAX_ANNOTATIONS_BYTES {
        let detail = format!("must have at most {MAX_ANNOTATIONS_BYTES} bytes");
        errors.push(error("metadata.annotations", Cause::TooLong, "", &detail));
    }
}

fn check_finalizers(finalizers: &Value, errors: &mut Vec<FieldError>) {
    for (index, item) in finalizers.as_array().into_iter().flatten().enumerate() {
        let text = item.as_str().unwrap_or_default();
        if item.is_string() && !(text.contains('/') && is_qualified_name(text)) {
            let field = format!("metadata.finalizers[{index}]");
            let detail = "must be a name like example.com/purpose";
            errors.push(error(&field, Cause::Invalid, text, detail));
        }
    }
}

fn is_subdomain(text: &str) -> bool {
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

/// `[prefix/]name`, the form of annotation keys and finalizers.
fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && !name.is_empty() && is_label_value(name),
        None => !text.is_empty() && is_label_value(text),
    }
}

/// Empty, or like a DNS label that may have capitals, `_` and `.`.
fn is_label_value(text: &str) -> bool {
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

/// The object as its type; `None` where it was written by another version.
pub(crate) fn typed<T: DeserializeOwned>(object: &Value) -> Option<T> {
    T::deserialize(object).ok()
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
            "name": "a",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "X_y": ""},
            "finalizers": ["firelens.dev/restore"],
        });
        assert_eq!(fields(&metadata), Vec::<String>::new());
    }

    #[test]
    fn every_problem_of_metadata_is_named_at_once() {
        let big = "x".repeat(MAX_ANNOTATIONS_BYTES);
        let metadata = json!({
            "namespace": "default", "annotations": {"-": "x", "big": big}, "finalizers": ["plain"],
        });
        let wanted = [
            "metadata.namespace",
            "metadata.annotations[-]",
            "metadata.annotations",
            "metadata.finalizers[0]",
        ];
        assert_eq!(fields(&metadata), wanted);
    }

    #[test]
    fn only_what_users_write_is_kept_of_metadata() {
        let metadata =
            json!({"name": "a", "uid": "u", "labels": {}, "generation": 7, "finalizers": ["a/b"]});
        assert_eq!(
            Value::Object(user_part(&metadata)),
            json!({"name": "a", "finalizers": ["a/b"]})
        );
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
            "a/b",
            &"a".repeat(254),
        ] {
            assert!(!is_subdomain(bad), "{bad}");
        }
    }
}
