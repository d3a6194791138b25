//! The rules of `apiVersion`, `kind` and `metadata`.
//!
//! Metadata is not changed; unknown members are handled by the store.

use serde_json::Value;

use super::path::{Errors, Path};
use super::{Cause, names, similar};
use crate::v1alpha1::{API_VERSION, Kind};

/// Longest name of a policy: it is part of labels and of names of role policies.
const POLICY_NAME_MAX_BYTES: usize = 63;
/// Longest name of any object.
const NAME_MAX_BYTES: usize = 253;

/// The members of an object.
const MEMBERS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];

/// Checks everything of the object but `spec` and `status`.
pub(crate) fn check(kind: Kind, object: &Value, errors: &mut Errors) {
    for (member, expected) in [("apiVersion", API_VERSION), ("kind", kind.name())] {
        let path = Path::new(member);
        match object.get(member) {
            None | Some(Value::Null) => errors.required(&path, &format!("must be {expected:?}")),
            Some(actual) if actual == expected => {}
            Some(actual) => {
                let detail = format!("supported values: {expected:?}");
                errors.push(&path, Cause::NotSupported, actual, &detail);
            }
        }
    }
    for name in object.as_object().into_iter().flat_map(|map| map.keys()) {
        if !MEMBERS.contains(&name.as_str()) {
            let detail = similar::nearest(name, &MEMBERS)
                .map_or_else(String::new, |near| format!("did you mean {near:?}?"));
            errors.push(&Path::new(name), Cause::Unknown, &Value::Null, &detail);
        }
    }
    check_name(kind, object.get("metadata").unwrap_or(&Value::Null), errors);
    check_labels(object.get("metadata").unwrap_or(&Value::Null), errors);
}

fn check_name(kind: Kind, metadata: &Value, errors: &mut Errors) {
    let longest = if kind == Kind::LoggingPolicy {
        POLICY_NAME_MAX_BYTES
    } else {
        NAME_MAX_BYTES
    };
    let text = |name: &str| {
        metadata
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (name, prefix) = (text("name"), text("generateName"));
    let path = Path::new("metadata").field("name");
    if name.is_empty() && prefix.is_empty() {
        errors.required(&path, "name or generateName is required");
    } else if name.len() > longest {
        errors.too_long(&path, longest);
    } else if !name.is_empty() && !names::is_dns_subdomain(name) {
        errors.invalid(&path, name, names::DNS_SUBDOMAIN);
    }
    // The server completes the prefix to a name.
    if !prefix.is_empty() && name.is_empty() && !names::is_dns_subdomain(&format!("{prefix}x")) {
        let path = Path::new("metadata").field("generateName");
        errors.invalid(&path, prefix, names::DNS_SUBDOMAIN);
    }
}

/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
fn check_labels(metadata: &Value, errors: &mut Errors) {
    let labels = metadata.get("labels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        let path = Path::new("metadata").field("labels").key(key);
        let (prefix, name) = match key.split_once('/') {
            Some((prefix, name)) => (Some(prefix), name),
            None => (None, key.as_str()),
        };
        if name.is_empty() || !is_label_text(name) || !prefix.is_none_or(names::is_dns_subdomain) {
            errors.invalid(&path, key.as_str(), "must be a label key: [PREFIX/]NAME");
        }
        if !value.as_str().is_none_or(is_label_text) {
            let detail = "must be at most 63 letters, digits, '-', '_' and '.', starting and \
                          ending with a letter or digit";
            errors.push(&path, Cause::Invalid, value, detail);
        }
    }
}

fn is_label_text(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}
