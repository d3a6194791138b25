//! The conditions on which a rollout continues.
//!
//! A gate has no address: the Prometheus server is part of the operator's configuration, so that a policy
//! cannot make the operator send requests elsewhere.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What must be well before the next wave begins. All of them; one that fails pauses the rollout, one
/// that cannot be evaluated makes it wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Gates {
    /// CloudWatch alarms in the account and region of the target: `ALARM` fails, `INSUFFICIENT_DATA`
    /// waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub alarms: Vec<String>,
    /// Queries to the Prometheus server that the operator was given with `--prometheus-url`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub prometheus: Vec<PrometheusGate>,
}

impl Gates {
    /// Whether there is no gate.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.alarms.is_empty() && self.prometheus.is_empty()
    }
}

/// One query: every sample of the answer must lie within the bounds. An answer without samples, or with
/// one that is no number, cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrometheusGate {
    /// What it is called in conditions.
    pub name: String,
    /// A PromQL expression, evaluated as an instant query.
    pub query: String,
    /// The least that is well. Absent: no least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Bound>,
    /// The most that is well. Absent: no most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Bound>,
}

/// A number that is neither infinite nor NaN: JSON has no others.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Bound(pub f64);

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.0.total_cmp(&other.0).is_eq()
    }
}

impl Eq for Bound {}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
