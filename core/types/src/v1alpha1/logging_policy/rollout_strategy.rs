//! How fast changes reach workloads, and when to stop.
//!
//! These are types; the budget is computed in `plan`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::gates::Gates;
use super::selector::LabelSelector;
use crate::v1alpha1::serde_util::{blank_as_none, is_false, text_enum};

/// How fast changes reach workloads, and when to stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RolloutStrategy {
    /// Workloads that may be deploying at once in one target: a number from 1, or a share of the
    /// selected ones such as "10%" (rounded up). Default: 5.
    pub max_concurrent: IntOrPercent,
    /// The workloads that go first, alone.
    pub canary: Canary,
    /// After the canaries come waves: each at most so many times as large as the one before, up to
    /// `maxConcurrent`, and each begins when the one before is done. 1 to 100; default: 2. Without
    /// canaries the first wave has `maxConcurrent` workloads.
    #[schemars(range(min = 1, max = 100))]
    pub wave_growth: u32,
    /// Stages by tags of the service: those that match the first entry go first, and so on; those that
    /// match none come last. A stage begins when the one before is done. Default: one stage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub order: Vec<LabelSelector>,
    /// Seconds after which a deployment that is not done counts as failed, 60 to 86400.
    /// Default: 1800.
    #[schemars(range(min = 60, max = 86_400))]
    pub progress_deadline_seconds: u32,
    /// What becomes of a service whose deployment failed and that ECS does not put back itself. Restore
    /// (default): it is set back to the revision it ran before, once, unless somebody else deployed
    /// meanwhile. Leave: it stays as it is.
    pub on_failure: OnFailure,
    /// Seconds for which a deployment of somebody else must be the only one and complete before one of ours
    /// begins, 0 to 3600: who waits for it (a pipeline, `aws ecs wait`, Terraform) sees a stable service first.
    /// Default: 120.
    #[schemars(range(min = 0, max = 3600))]
    pub settle_seconds: u32,
    /// Images of the application by tag and without a digest: a new deployment starts what the tag points to
    /// by then. Tags in Amazon ECR are compared with what runs right before it. Allow: nothing is compared or
    /// said. Warn (default): those that change, or cannot be compared, are named. Refuse: the service is left
    /// alone then.
    pub moving_tags: MovingTags,
    /// Failed workloads before the rollout pauses itself, from 1. Default: 1.
    #[schemars(range(min = 1, max = 100_000))]
    pub failure_threshold: u32,
    /// When deployments may start: in any of these. Empty: at any time. An owner's deployment is
    /// followed at any time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub windows: Vec<MaintenanceWindow>,
    /// Auto (default): go on by itself. Required: nothing is written before somebody approved the
    /// plan (`firelens rollout approve`); when the plan changes, the approval lapses.
    pub approval: Approval,
    /// True: the next wave waits until logs of the one before have been seen at their destination.
    /// Default: false.
    #[serde(skip_serializing_if = "is_false")]
    pub require_logs: bool,
    /// What must be well before the next wave begins.
    #[serde(skip_serializing_if = "Gates::is_empty")]
    pub gates: Gates,
}

impl Default for RolloutStrategy {
    fn default() -> Self {
        RolloutStrategy {
            max_concurrent: IntOrPercent::Number(5),
            canary: Canary::default(),
            wave_growth: 2,
            order: Vec::new(),
            progress_deadline_seconds: 1800,
            on_failure: OnFailure::Restore,
            settle_seconds: 120,
            moving_tags: MovingTags::Warn,
            failure_threshold: 1,
            windows: Vec::new(),
            approval: Approval::Auto,
            require_logs: false,
            gates: Gates::default(),
        }
    }
}

/// The workloads that go first, alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Canary {
    /// How many; 0 for none. Default: 1.
    #[schemars(range(min = 0, max = 1000))]
    pub count: u32,
    /// Seconds they must stay healthy before the others follow, 0 to 86400. Default: 300.
    #[schemars(range(min = 0, max = 86_400))]
    pub bake_seconds: u32,
}

impl Default for Canary {
    fn default() -> Self {
        Canary {
            count: 1,
            bake_seconds: 300,
        }
    }
}

/// A time span in which deployments may start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// When it opens: a cron expression with five fields.
    pub schedule: String,
    /// How long it stays open, in minutes.
    #[schemars(range(min = 1, max = 10_080))]
    pub duration_minutes: u32,
    /// The IANA time zone of the schedule, such as `Europe/Berlin`. Absent: UTC.
    #[serde(
        default,
        deserialize_with = "blank_as_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub timezone: Option<String>,
}

text_enum! {
    /// Whether a rollout waits for a person.
    #[derive(Default)]
    Approval {
        /// Go on by itself.
        #[default]
        Auto = "Auto",
        /// Wait for approval.
        Required = "Required",
    }
}

text_enum! {
    /// What becomes of a service whose deployment failed.
    #[derive(Default)]
    OnFailure {
        /// Set it back to the revision it ran before.
        #[default]
        Restore = "Restore",
        /// Leave it as it is.
        Leave = "Leave",
    }
}

text_enum! {
    /// What is done about images of the application that a new deployment may change.
    #[derive(Default)]
    MovingTags {
        /// Nothing is said.
        Allow = "Allow",
        /// Those that a deployment changes, or that cannot be compared, are named.
        #[default]
        Warn = "Warn",
        /// The service is left alone where there are such.
        Refuse = "Refuse",
    }
}

/// A number, or a share such as `"10%"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    /// So many.
    Number(u32),
    /// So many of a hundred.
    Percent(u32),
}

impl IntOrPercent {
    /// Returns how many of `total` this is: shares are rounded up, and at least one.
    #[must_use]
    pub fn of(self, total: u32) -> u32 {
        match self {
            IntOrPercent::Number(number) => number,
            IntOrPercent::Percent(percent) => {
                let share = (u64::from(total) * u64::from(percent)).div_ceil(100);
                u32::try_from(share).unwrap_or(u32::MAX).max(1)
            }
        }
    }
}

impl fmt::Display for IntOrPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrPercent::Number(number) => write!(f, "{number}"),
            IntOrPercent::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for IntOrPercent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            IntOrPercent::Number(number) => serializer.serialize_u32(*number),
            IntOrPercent::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for IntOrPercent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = IntOrPercent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a percentage such as \"10%\"")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<IntOrPercent, E> {
                u32::try_from(number)
                    .map(IntOrPercent::Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<IntOrPercent, E> {
                u32::try_from(number)
                    .map(IntOrPercent::Number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<IntOrPercent, E> {
                text.strip_suffix('%')
                    .and_then(|digits| digits.parse().ok())
                    .map(IntOrPercent::Percent)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for IntOrPercent {
    fn schema_name() -> Cow<'static, str> {
        "IntOrPercent".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 100_000},
                {"type": "string", "pattern": "^([1-9][0-9]?|100)%$"}
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn shares_are_rounded_up_and_never_nothing() {
        for (value, total, expected) in [
            (IntOrPercent::Number(5), 2, 5),
            (IntOrPercent::Percent(10), 95, 10),
            (IntOrPercent::Percent(10), 1, 1),
            (IntOrPercent::Percent(1), 0, 1),
            (IntOrPercent::Percent(100), 7, 7),
        ] {
            assert_eq!(value.of(total), expected, "{value} of {total}");
        }
    }

    #[test]
    fn both_forms_survive_the_way_through_json() {
        for text in ["5", "\"10%\""] {
            let value: IntOrPercent = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), text);
        }
        for text in ["-1", "\"10\"", "\"x%\"", "1.5", "true"] {
            assert!(
                serde_json::from_str::<IntOrPercent>(text).is_err(),
                "{text}"
            );
        }
    }
}
