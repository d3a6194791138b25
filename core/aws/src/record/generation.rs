//! What a policy said in one generation, kept for as long as a workload may need it again.
//!
//! Never the present word of the policy: that is the object itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PolicyRef;
use firelens_types::v1alpha1::{LogDestination, LoggingPolicy, ObjectMeta};

/// Names a generation: uid of the policy, and the number.
pub type GenerationKey = (String, i64);

/// A policy as it was in one generation, with the destinations that it named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyGeneration {
    /// The policy, without its status.
    pub policy: LoggingPolicy,
    /// The destinations that its outputs refer to, by name.
    pub destinations: BTreeMap<String, LogDestination>,
}

impl PolicyGeneration {
    /// The policy as it is, with those of the destinations that it names.
    #[must_use]
    pub fn of(policy: &LoggingPolicy, destinations: &BTreeMap<String, LogDestination>) -> Self {
        let named = policy.spec.outputs.iter();
        let named = named.filter_map(|output| Some(&output.destination_ref.as_ref()?.name));
        let found = named.filter_map(|name| Some((name.clone(), bare(destinations.get(name)?))));
        Self {
            destinations: found.collect(),
            policy: bare(policy),
        }
    }

    /// Its name.
    #[must_use]
    pub fn key(&self) -> GenerationKey {
        (self.policy.uid().to_owned(), self.policy.generation())
    }
}

impl PolicyRef {
    /// The name of the generation.
    #[must_use]
    pub fn key(&self) -> GenerationKey {
        (self.uid.clone(), self.generation)
    }
}

/// An object with nothing but its identity and what is wanted.
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
