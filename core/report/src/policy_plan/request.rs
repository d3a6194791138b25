//! The request of a plan review: a policy, stored or not, in the place of the stored one of its name.
//!
//! Only copies are changed, never what is stored.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use firelens_types::v1alpha1::{LogDestination, LoggingPolicy, Mode};

/// The request to the controller of each target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPlanRequest {
    /// The policy, after admission.
    pub policy: LoggingPolicy,
    /// Destinations that replace the stored ones of the same name.
    #[serde(default)]
    pub destinations: Vec<LogDestination>,
    /// The number of workloads to describe in each target; all are counted.
    pub limit: usize,
}

/// The uid of a policy that is not stored.
const UNSTORED_UID: &str = "not-stored";

impl PolicyPlanRequest {
    /// Returns the policies as they would be, and the policy: it replaces the stored one of its name, in force and
    /// not suspended, since the request is about its effect.
    #[must_use]
    pub fn policies(
        &self,
        stored: &[LoggingPolicy],
        now: Timestamp,
    ) -> (Vec<LoggingPolicy>, LoggingPolicy) {
        let mut asked = self.policy.clone();
        let known = stored.iter().find(|policy| policy.name() == asked.name());
        asked.metadata = match known {
            Some(known) => {
                let mut metadata = known.metadata.clone();
                metadata.deletion_timestamp = None;
                if known.spec != asked.spec {
                    metadata.generation = Some(known.generation() + 1);
                }
                metadata
            }
            None => {
                let mut metadata = asked.metadata;
                metadata.uid = Some(UNSTORED_UID.to_owned());
                metadata.generation = Some(1);
                metadata.creation_timestamp = Some(now);
                metadata
            }
        };
        asked.spec.mode = Mode::Enforce;
        asked.spec.suspend = false;
        let others = stored.iter().filter(|policy| policy.name() != asked.name());
        let policies = others.cloned().chain([asked.clone()]).collect();
        (policies, asked)
    }

    /// Returns the destinations as they would be.
    #[must_use]
    pub fn destinations(
        &self,
        stored: &BTreeMap<String, LogDestination>,
    ) -> BTreeMap<String, LogDestination> {
        let mut destinations = stored.clone();
        for given in &self.destinations {
            destinations.insert(given.name().to_owned(), given.clone());
        }
        destinations
    }
}
