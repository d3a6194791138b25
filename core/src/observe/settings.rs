//! How ECS replaces the tasks of a service.
//!
//! Never the settings that a deployment ran with: only those the next one will.

use serde::Deserialize;

/// `deploymentConfiguration` of a service, with the defaults of ECS filled in. Source:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentSettings {
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`.
    pub strategy: String,
    /// Tasks that must stay while others are replaced, in percent of those wanted.
    pub minimum_healthy_percent: u64,
    /// Tasks that may run meanwhile, in percent of those wanted.
    pub maximum_percent: u64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawSettings {
    strategy: Option<String>,
    minimum_healthy_percent: Option<u64>,
    maximum_percent: Option<u64>,
}

impl DeploymentSettings {
    /// A daemon keeps one task an instance: by default none must stay and none may be added.
    pub(super) fn of(raw: Option<RawSettings>, scheduling_strategy: &str) -> Self {
        let raw = raw.unwrap_or_default();
        let (minimum, maximum) = match scheduling_strategy {
            "DAEMON" => (0, 100),
            _ => (100, 200),
        };
        Self {
            strategy: raw
                .strategy
                .filter(|strategy| !strategy.is_empty())
                .unwrap_or_else(|| "ROLLING".to_owned()),
            minimum_healthy_percent: raw.minimum_healthy_percent.unwrap_or(minimum),
            maximum_percent: raw.maximum_percent.unwrap_or(maximum),
        }
    }
}
