//! How ECS replaces the tasks of a service.
//!
//! These are the settings of the next deployment, not those with which an earlier one ran.

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
    /// Seconds that a deployment waits by itself: the bake times of blue/green, linear and canary deployments, all
    /// steps together. It cannot complete sooner.
    pub bake_seconds: i64,
    /// Whether ECS stops a failing deployment and rolls it back by itself (`deploymentCircuitBreaker`). `None`: it
    /// is not set on the service.
    pub rolls_back: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawSettings {
    strategy: Option<String>,
    minimum_healthy_percent: Option<u64>,
    maximum_percent: Option<u64>,
    bake_time_in_minutes: Option<i64>,
    linear_configuration: Option<RawLinear>,
    canary_configuration: Option<RawCanary>,
    deployment_circuit_breaker: Option<RawBreaker>,
}

#[derive(Default, Deserialize)]
struct RawBreaker {
    #[serde(default)]
    enable: bool,
    #[serde(default)]
    rollback: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLinear {
    step_percent: Option<f64>,
    step_bake_time_in_minutes: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCanary {
    canary_bake_time_in_minutes: Option<i64>,
}

/// Share of the traffic that a linear deployment shifts at a time by default, in percent.
const LINEAR_STEP_PERCENT: f64 = 10.0;
/// Minutes between two steps of a linear deployment by default.
const LINEAR_STEP_BAKE_MINUTES: i64 = 6;
/// Minutes that a canary deployment waits with its first share of the traffic by default.
const CANARY_BAKE_MINUTES: i64 = 10;
/// Most steps that a linear deployment can have: its smallest step is 3 percent.
const LINEAR_STEPS_MAX: f64 = 34.0;

impl RawSettings {
    /// Returns the seconds that one deployment waits in total.
    fn bake_seconds(&self, strategy: &str) -> i64 {
        let last = self.bake_time_in_minutes.unwrap_or(0);
        let before = match strategy {
            "LINEAR" => {
                let linear = self.linear_configuration.as_ref();
                let percent = linear
                    .and_then(|linear| linear.step_percent)
                    .unwrap_or(LINEAR_STEP_PERCENT);
                let steps = (100.0 / percent).ceil().clamp(1.0, LINEAR_STEPS_MAX);
                #[expect(clippy::cast_possible_truncation, reason = "34 at most")]
                let steps = steps as i64;
                let minutes = linear
                    .and_then(|linear| linear.step_bake_time_in_minutes)
                    .unwrap_or(LINEAR_STEP_BAKE_MINUTES);
                minutes.saturating_mul(steps)
            }
            "CANARY" => self
                .canary_configuration
                .as_ref()
                .and_then(|canary| canary.canary_bake_time_in_minutes)
                .unwrap_or(CANARY_BAKE_MINUTES),
            "BLUE_GREEN" => 0,
            _ => return 0,
        };
        last.saturating_add(before).max(0).saturating_mul(60)
    }
}

impl DeploymentSettings {
    /// Reads the settings. A daemon has one task an instance: by default none must stay and none may be added.
    pub(super) fn of(raw: Option<RawSettings>, scheduling_strategy: &str) -> Self {
        // Settings without a circuit breaker have it off, the default of ECS.
        let rolls_back = raw.as_ref().map(|raw| {
            let breaker = raw.deployment_circuit_breaker.as_ref();
            breaker.is_some_and(|breaker| breaker.enable && breaker.rollback)
        });
        let raw = raw.unwrap_or_default();
        let (minimum, maximum) = match scheduling_strategy {
            "DAEMON" => (0, 100),
            _ => (100, 200),
        };
        let strategy = raw
            .strategy
            .clone()
            .filter(|strategy| !strategy.is_empty())
            .unwrap_or_else(|| "ROLLING".to_owned());
        Self {
            bake_seconds: raw.bake_seconds(&strategy),
            rolls_back,
            strategy,
            minimum_healthy_percent: raw.minimum_healthy_percent.unwrap_or(minimum),
            maximum_percent: raw.maximum_percent.unwrap_or(maximum),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_bake_times_of_ecs_add_up() {
        for (raw, seconds) in [
            ("{}", 0),
            (r#"{"strategy":"ROLLING","bakeTimeInMinutes":9}"#, 0),
            (r#"{"strategy":"BLUE_GREEN","bakeTimeInMinutes":15}"#, 900),
            (r#"{"strategy":"CANARY","bakeTimeInMinutes":5}"#, 900),
            (
                r#"{"strategy":"CANARY","canaryConfiguration":{"canaryBakeTimeInMinutes":1}}"#,
                60,
            ),
            (r#"{"strategy":"LINEAR"}"#, 3_600),
            (
                r#"{"strategy":"LINEAR","linearConfiguration":{"stepPercent":50.0,"stepBakeTimeInMinutes":3},"bakeTimeInMinutes":1}"#,
                420,
            ),
            (
                r#"{"strategy":"LINEAR","linearConfiguration":{"stepPercent":0.0}}"#,
                12_240,
            ),
        ] {
            let settings = DeploymentSettings::of(serde_json::from_str(raw).ok(), "REPLICA");
            assert_eq!(settings.bake_seconds, seconds, "{raw}");
        }
    }
}
