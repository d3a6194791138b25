//! The envelope that every object has: `apiVersion`, `kind`, `metadata`, `spec`, `status`.
//!
//! The store keeps members of `metadata` that this file does not name as they are; no decision may depend
//! on them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An object of the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Object<S, T> {
    /// Group and version of the schema this object is written in: `firelens.dev/v1alpha1`.
    pub api_version: String,
    /// What this object is.
    pub kind: String,
    /// Standard object metadata.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: S,
    /// What the controller found and did. Written by the controller only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<T>,
}

/// Standard object metadata, as Kubernetes has it. `name` is the only member that users must give.
///
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMeta {
    /// Name of the object, unique within its kind: a DNS-1123 subdomain of at most 253
    /// characters (a LoggingPolicy: at most 63). Cannot be changed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Prefix from which the server makes a unique name when `name` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_name: Option<String>,
    /// Identity of this object in time and space, set by the server: an object that is deleted
    /// and created again has another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Opaque version of the stored object, set by the server. Send it with an update to be
    /// refused when someone else was faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
    /// Sequence number of the desired state, set by the server: grows when `spec` changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// When the object was created (RFC 3339), set by the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub creation_timestamp: Option<Timestamp>,
    /// When deletion was asked for (RFC 3339), set by the server. The object stays until its
    /// finalizers are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub deletion_timestamp: Option<Timestamp>,
    /// Seconds until deletion may proceed, set by the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_grace_period_seconds: Option<i64>,
    /// Labels that select and group objects.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Free annotations, kept and not interpreted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Names of what must finish its work before a deleted object disappears.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
    /// Objects this one depends on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owner_references: Vec<OwnerReference>,
    /// Which manager set which fields. Kept and not interpreted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "managed_fields")]
    pub managed_fields: Vec<Value>,
}

fn managed_fields(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "items": {
            "type": "object",
            "description": "What one manager set.",
            "x-kubernetes-preserve-unknown-fields": true
        }
    })
}

/// An object that another depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnerReference {
    /// Group and version of the owner.
    pub api_version: String,
    /// Kind of the owner.
    pub kind: String,
    /// Name of the owner.
    pub name: String,
    /// Uid of the owner.
    pub uid: String,
    /// Whether the owner is the managing controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<bool>,
    /// Whether the owner cannot be removed before this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_owner_deletion: Option<bool>,
}

impl<S, T> Object<S, T> {
    /// Returns the name of the object.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Returns the generation of the desired state; 0 before the object was stored.
    pub fn generation(&self) -> i64 {
        self.metadata.generation.unwrap_or(0)
    }

    /// Returns the uid; empty before the object was stored.
    pub fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or("")
    }

    /// Whether deletion was requested.
    pub fn is_deleting(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }
}
