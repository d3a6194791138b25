//! What the store does to an object before it stores it: the metadata that only a server sets, the part that an
//! update may change, the growth of the generation. Pure: every rule here is a function of two objects.

use firelens_types::v1alpha1::{API_VERSION, Kind};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::error::StoreError;
use crate::types::Part;

/// The longest name of an object, in bytes.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>
const NAME_BYTES_MAX: usize = 253;
/// The letters of a generated suffix: no vowels and no characters that are easily confused, as in Kubernetes.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// The number of letters in a generated suffix.
const SUFFIX_LENGTH: usize = 5;

/// Members of `metadata` that clients cannot set: they stay as they are stored.
const SERVER_OWNED: [&str; 7] = [
    "name",
    "generateName",
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// Returns the name under which a new object is stored: its own, or `generateName` with a random suffix.
pub(crate) fn name_for(object: &Value, random: Uuid) -> Result<String, StoreError> {
    let name = match (text(object, "name"), text(object, "generateName")) {
        (Some(name), _) if !name.is_empty() => name.to_owned(),
        (_, Some(prefix)) if !prefix.is_empty() => {
            let kept: String = prefix
                .chars()
                .take(NAME_BYTES_MAX - SUFFIX_LENGTH)
                .collect();
            let suffix =
                random.as_bytes().iter().take(SUFFIX_LENGTH).map(|byte| {
                    char::from(SUFFIX_LETTERS[usize::from(*byte) % SUFFIX_LETTERS.len()])
                });
            kept + &suffix.collect::<String>()
        }
        _ => return Err(StoreError::invalid("metadata.name", "Required value")),
    };
    if name.len() > NAME_BYTES_MAX {
        return Err(StoreError::invalid(
            "metadata.name",
            format!("must be no more than {NAME_BYTES_MAX} bytes"),
        ));
    }
    Ok(name)
}

/// Returns a new object as it is stored: identity set, `status` left out.
pub(crate) fn new_object(
    kind: Kind,
    object: Value,
    name: &str,
    uid: Uuid,
    now: Timestamp,
) -> Result<Value, StoreError> {
    let (mut rest, mut metadata) = take_apart(object)?;
    for member in SERVER_OWNED.iter().chain(&["resourceVersion", "selfLink"]) {
        if *member != "generateName" {
            metadata.shift_remove(*member);
        }
    }
    let mut ordered = Map::new();
    ordered.insert("name".to_owned(), json!(name));
    ordered.append(&mut metadata);
    ordered.insert("uid".to_owned(), json!(uid.to_string()));
    ordered.insert("generation".to_owned(), json!(1));
    ordered.insert("creationTimestamp".to_owned(), timestamp(now));
    rest.shift_remove("status");
    Ok(assemble(kind, ordered, rest))
}

/// Returns the object with `incoming` applied, and its generation counted.
pub(crate) fn merged(
    kind: Kind,
    stored: &Value,
    incoming: Value,
    part: Part,
) -> Result<Value, StoreError> {
    match part {
        Part::Object => merged_object(kind, stored, incoming),
        Part::Status => {
            let mut result = stored.clone();
            set_member(&mut result, "status", incoming.get("status").cloned());
            Ok(result)
        }
    }
}

fn merged_object(kind: Kind, stored: &Value, incoming: Value) -> Result<Value, StoreError> {
    let (mut rest, mut metadata) = take_apart(incoming)?;
    metadata.shift_remove("resourceVersion");
    metadata.shift_remove("selfLink");
    let stored_metadata = stored.get("metadata");
    for member in SERVER_OWNED {
        match stored_metadata.and_then(|m| m.get(member)) {
            Some(value) => metadata.insert(member.to_owned(), value.clone()),
            None => metadata.shift_remove(member),
        };
    }
    rest.shift_remove("status");
    let mut result = assemble(kind, metadata, rest);
    set_member(&mut result, "status", stored.get("status").cloned());
    if is_deleting(stored) {
        let before = finalizers(stored);
        if finalizers(&result)
            .iter()
            .any(|finalizer| !before.contains(finalizer))
        {
            return Err(StoreError::invalid(
                "metadata.finalizers",
                "Forbidden: no new finalizers can be added if the object is being deleted",
            ));
        }
    }
    if result.get("spec") != stored.get("spec") {
        bump_generation(&mut result);
    }
    Ok(result)
}

/// Returns the object marked as being deleted.
pub(crate) fn marked(stored: &Value, now: Timestamp) -> Value {
    let mut result = stored.clone();
    if let Some(metadata) = result.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("deletionTimestamp".to_owned(), timestamp(now));
        metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(0));
    }
    bump_generation(&mut result);
    result
}

/// Whether a `deletionTimestamp` is set.
pub(crate) fn is_deleting(object: &Value) -> bool {
    text(object, "deletionTimestamp").is_some()
}

/// Names of the finalizers that hold the object.
pub(crate) fn finalizers(object: &Value) -> Vec<&str> {
    let list = object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// `metadata.generation`.
pub(crate) fn generation(object: &Value) -> i64 {
    object
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .unwrap_or(1)
}

/// `metadata.labels` as a JSON object of strings, empty where there are none.
pub(crate) fn labels(object: &Value) -> Result<Value, StoreError> {
    match object.pointer("/metadata/labels") {
        None | Some(Value::Null) => Ok(json!({})),
        Some(Value::Object(labels)) if labels.values().all(Value::is_string) => {
            Ok(Value::Object(labels.clone()))
        }
        Some(_) => Err(StoreError::invalid(
            "metadata.labels",
            "must be an object of strings",
        )),
    }
}

/// The members of `metadata.labels` that are strings.
pub(crate) fn text_labels(object: &Value) -> Value {
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let texts = labels
        .into_iter()
        .flatten()
        .filter(|(_, value)| value.is_string());
    Value::Object(
        texts
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

/// Whether two states of an object have the same labels.
pub(crate) fn has_same_labels(object: &Value, other: &Value) -> bool {
    object.pointer("/metadata/labels") == other.pointer("/metadata/labels")
}

/// Returns the object as callers see it, with the revision that wrote it.
pub(crate) fn with_resource_version(mut object: Value, resource_version: i64) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert(
            "resourceVersion".to_owned(),
            json!(resource_version.to_string()),
        );
    }
    object
}

/// Sets or removes a top level member.
pub(crate) fn set_member(object: &mut Value, member: &str, value: Option<Value>) {
    if let Some(map) = object.as_object_mut() {
        match value {
            Some(value) => map.insert(member.to_owned(), value),
            None => map.shift_remove(member),
        };
    }
}

/// Counts a change of what people request.
pub(crate) fn bump_generation(object: &mut Value) {
    let next = generation(object) + 1;
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("generation".to_owned(), json!(next));
    }
}

/// Returns a member of `metadata` that is a string.
pub(crate) fn text<'a>(object: &'a Value, member: &str) -> Option<&'a str> {
    object.get("metadata")?.get(member)?.as_str()
}

fn timestamp(at: Timestamp) -> Value {
    json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A JSON object.
type Members = Map<String, Value>;

/// Returns the members of an object, and those of its `metadata`.
fn take_apart(object: Value) -> Result<(Members, Members), StoreError> {
    let Value::Object(mut rest) = object else {
        return Err(StoreError::invalid("", "must be an object"));
    };
    let metadata = match rest.shift_remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(StoreError::invalid("metadata", "must be an object")),
    };
    Ok((rest, metadata))
}

fn assemble(kind: Kind, metadata: Members, mut rest: Members) -> Value {
    rest.shift_remove("apiVersion");
    rest.shift_remove("kind");
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), json!(API_VERSION));
    object.insert("kind".to_owned(), json!(kind.name()));
    object.insert("metadata".to_owned(), Value::Object(metadata));
    object.append(&mut rest);
    Value::Object(object)
}
