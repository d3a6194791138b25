//! A policy as it was in one generation, stored for as long as a workload may need it again.
//!
//! The current generation is that of the object itself, not one of these.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PolicyRef;
use firelens_types::v1alpha1::{LogDestination, LoggingPolicy, ObjectMeta};

/// Identifies a generation: uid of the policy, and the number.
pub type GenerationKey = (String, i64);

/// A policy as it was in one generation, with the destinations to which it referred.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyGeneration {
    /// The policy, without its status.
    pub policy: LoggingPolicy,
    /// The destinations that its outputs refer to, by name.
    pub destinations: BTreeMap<String, LogDestination>,
}

impl PolicyGeneration {
    /// Returns the policy as it is, with those of the destinations to which it refers.
    #[must_use]
    pub fn of(policy: &LoggingPolicy, destinations: &BTreeMap<String, LogDestination>) -> Self {
        let named = policy.spec.outputs.iter();
        let named = named.filter_map(|output| Some(&output.destination_ref.as_ref()?.name));
        let named_destinations =
            named.filter_map(|name| Some((name.clone(), bare(destinations.get(name)?))));
        Self {
            destinations: named_destinations.collect(),
            policy: bare(policy),
        }
    }

    /// Returns its key.
    #[must_use]
    pub fn key(&self) -> GenerationKey {
        (self.policy.uid().to_owned(), self.policy.generation())
    }
}

impl PolicyRef {
    /// Returns the key of the generation.
    #[must_use]
    pub fn key(&self) -> GenerationKey {
        (self.uid.clone(), self.generation)
    }
}

/// Returns an object with nothing but its identity and its spec.
fn bare<S: Clone, T>(
    object: &firelens_types::v1alpha1::Object<S, T>,
) -> firelens_types::v1alpha1::Object<S, T> {
    firelens_types::v1alpha1::Object {
        api_version: object.api_version.clone(),
        kind: object.kind.clone(),
        metadata: ObjectMeta {
            name: object.metadata.name.clone(),
            uid: object.metadata.uid.clone(),
            generation: object.metadata.generation,
            creation_timestamp: object.metadata.creation_timestamp,
            ..ObjectMeta::default()
        },
        spec: object.spec.clone(),
        status: None,
    }
}
