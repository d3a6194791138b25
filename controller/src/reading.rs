//! Stored objects, as far as this version can read them.
//!
//! An object that another version stored may contain what this one does not understand. It does not stop the
//! others, and what can be read of it is used.

use std::collections::BTreeMap;

use firelens_types::v1alpha1::{DeletionPolicy, Kind, LoggingPolicy, LoggingPolicySpec};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Members of `metadata` that a pass needs.
const NEEDED: [&str; 7] = [
    "name",
    "uid",
    "generation",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
];

/// The policies, as far as they can be read.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    pub(crate) readable: Vec<LoggingPolicy>,
    /// Names, by uid, of those whose spec cannot be read: what they injected is left as it is.
    pub(crate) unreadable: BTreeMap<String, String>,
}

/// Reads policies. Of one that is being deleted only its deletion policy is needed: what it injected is taken out
/// whatever else is in it.
pub(crate) fn policies(objects: Vec<Value>) -> Policies {
    let mut policies = Policies::default();
    for object in objects {
        if let Some(policy) = readable(Kind::LoggingPolicy, object.clone()) {
            policies.readable.push(policy);
        } else if let Some(policy) = leaving(&object) {
            policies.readable.push(policy);
        } else {
            let text = |path: &str| object.pointer(path).and_then(Value::as_str);
            let uid = text("/metadata/uid").unwrap_or_default().to_owned();
            let name = text("/metadata/name").unwrap_or_default().to_owned();
            policies.unreadable.insert(uid, name);
        }
    }
    policies
}

/// A policy that is being deleted, without the rest of its spec.
fn leaving(object: &Value) -> Option<LoggingPolicy> {
    object.pointer("/metadata/deletionTimestamp")?;
    let deletion_policy = object.pointer("/spec/deletionPolicy").cloned();
    let deletion_policy = deletion_policy
        .and_then(|word| serde_json::from_value::<DeletionPolicy>(word).ok())
        .unwrap_or_default();
    let spec = LoggingPolicySpec {
        deletion_policy,
        ..LoggingPolicySpec::default()
    };
    let mut plain = plain(object.clone());
    plain["spec"] = serde_json::to_value(spec).ok()?;
    serde_json::from_value(plain).ok()
}

/// Returns the object as its type; without `status` and what is not needed of `metadata` where only those cannot
/// be read.
pub(crate) fn readable<T: DeserializeOwned>(kind: Kind, object: Value) -> Option<T> {
    let error = match T::deserialize(&object) {
        Ok(typed) => return Some(typed),
        Err(error) => error,
    };
    let name = object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let read = serde_json::from_value(plain(object)).ok();
    let kind = kind.name();
    if read.is_some() {
        tracing::warn!(kind, name, %error, "object is read without its status");
    } else {
        tracing::error!(kind, name, %error, "object cannot be read and is skipped");
    }
    read
}

/// The object without `status`, with what is needed of `metadata`.
fn plain(mut object: Value) -> Value {
    let Some(members) = object.as_object_mut() else {
        return object;
    };
    members.remove("status");
    if let Some(Value::Object(metadata)) = members.get_mut("metadata") {
        let mut kept = Map::new();
        for name in NEEDED {
            if let Some(value) = metadata.remove(name) {
                kept.insert(name.to_owned(), value);
            }
        }
        *metadata = kept;
    }
    object
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use firelens_types::v1alpha1::Workload;
    use serde_json::json;

    use super::*;

    fn policy(spec: &Value, metadata: &Value) -> Value {
        let mut whole = json!({"name": "old", "uid": "u", "generation": 2});
        for (member, value) in metadata.as_object().unwrap() {
            whole[member] = value.clone();
        }
        json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "LoggingPolicy",
            "metadata": whole, "spec": spec})
    }

    #[test]
    fn unreadable_labels_and_status_do_not_hide_an_object() {
        let mut object = policy(&json!({}), &json!({"labels": {"a": 7}}));
        object["status"] = json!("fine");
        let policy_read: LoggingPolicy = readable(Kind::LoggingPolicy, object).unwrap();
        assert_eq!((policy_read.name(), policy_read.generation()), ("old", 2));
        let workload = json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "Workload",
            "metadata": {"name": "w"}, "spec": {"target": "t", "cluster": "c", "service": "s"},
            "status": {"conditions": "none"}});
        assert!(readable::<Workload>(Kind::Workload, workload).is_some());
    }

    #[test]
    fn a_deleted_policy_is_released_even_with_unreadable_fields() {
        let odd = json!({"later": true, "deletionPolicy": "Retain"});
        let deleted = json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["f"]});
        let result = policies(vec![
            policy(&odd, &deleted),
            policy(&odd, &json!({"uid": "v"})),
        ]);
        assert_eq!(result.unreadable["v"], "old");
        let left = &result.readable[0];
        assert!(left.is_deleting() && left.metadata.finalizers == ["f"]);
        assert_eq!(left.spec.deletion_policy, DeletionPolicy::Retain);
    }
}
