//! Deployment settings that let ECS neither stop an old task nor start a new one.
//!
//! Only the numbers are checked; that a task may fail to start is not considered.
//! Source: `DeploymentConfiguration` in
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>.

use std::fmt;

use crate::observe::ServiceView;

/// Deployment settings with which no task can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Number of tasks that the service wants.
    pub desired: u64,
    /// `minimumHealthyPercent`.
    pub minimum_percent: u64,
    /// `maximumPercent`.
    pub maximum_percent: u64,
    /// Number of tasks that must stay: the percentage rounded up.
    pub must_stay: u64,
    /// Number of tasks that may run: the percentage rounded down.
    pub may_run: u64,
}

impl Stuck {
    /// Returns the least `maximumPercent` with which one more task may run.
    #[must_use]
    pub fn enough_maximum(&self) -> u64 {
        ((self.desired + 1) * 100).div_ceil(self.desired.max(1))
    }

    /// Returns the largest `minimumHealthyPercent` with which one task may stop.
    #[must_use]
    pub fn enough_minimum(&self) -> u64 {
        self.desired.saturating_sub(1) * 100 / self.desired.max(1)
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the deployment settings of the service permit no movement: of {} wanted tasks {} must stay \
             (minimumHealthyPercent {}) and {} may run (maximumPercent {}); set maximumPercent to {} or more, or \
             minimumHealthyPercent to {} or less",
            self.desired,
            self.must_stay,
            self.minimum_percent,
            self.may_run,
            self.maximum_percent,
            self.enough_maximum(),
            self.enough_minimum()
        )
    }
}

/// Returns the settings if they prevent every rolling update of this service; otherwise `None`. A service that
/// wants no task is updated at once, and other strategies start a second set of tasks.
#[must_use]
pub fn stuck(service: &ServiceView) -> Option<Stuck> {
    let settings = &service.deployment_settings;
    let desired = u64::try_from(service.desired_count).unwrap_or(0);
    if service.deployment_controller != "ECS" || settings.strategy != "ROLLING" || desired == 0 {
        return None;
    }
    let must_stay = (desired * settings.minimum_healthy_percent).div_ceil(100);
    let may_run = desired * settings.maximum_percent / 100;
    (must_stay >= desired && may_run <= desired).then_some(Stuck {
        desired,
        minimum_percent: settings.minimum_healthy_percent,
        maximum_percent: settings.maximum_percent,
        must_stay,
        may_run,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn service(desired: u64, minimum: u64, maximum: u64) -> ServiceView {
        let raw = json!({
            "serviceArn": "arn:s", "serviceName": "s", "desiredCount": desired,
            "deploymentConfiguration": {"minimumHealthyPercent": minimum, "maximumPercent": maximum},
        });
        ServiceView::parse(&raw.to_string()).unwrap()
    }

    #[test]
    fn both_percentages_together_can_stop_a_rolling_update() {
        for (desired, minimum, maximum, is_stuck) in [
            (2, 100, 100, true),
            (1, 100, 150, true),
            (1, 100, 199, true),
            (1, 50, 100, true),
            (1, 100, 200, false),
            (1, 0, 100, false),
            (2, 100, 150, false),
            (2, 50, 100, false),
            (3, 67, 133, true),
            (3, 66, 133, false),
            (0, 100, 100, false),
        ] {
            let result = stuck(&service(desired, minimum, maximum));
            assert_eq!(result.is_some(), is_stuck, "{desired} {minimum} {maximum}");
        }
    }

    #[test]
    fn the_message_says_the_numbers_and_what_to_set() {
        let message = stuck(&service(2, 100, 100)).unwrap().to_string();
        assert!(
            message.contains(
                "of 2 wanted tasks 2 must stay (minimumHealthyPercent 100) and 2 may run"
            )
        );
        assert!(message.ends_with(
            "set maximumPercent to 150 or more, or minimumHealthyPercent to 50 or less"
        ));
    }

    #[test]
    fn what_is_not_said_counts_as_the_defaults_of_ecs() {
        let bare = |kind: &str| {
            let raw = json!({"serviceArn": "a", "serviceName": "s", "desiredCount": 1, "schedulingStrategy": kind});
            stuck(&ServiceView::parse(&raw.to_string()).unwrap())
        };
        assert_eq!(bare("REPLICA"), None);
        assert_eq!(bare("DAEMON"), None);
    }

    proptest! {
        #[test]
        fn suggested_percentages_are_the_smallest_change_that_unblocks_deployment(desired in 1_u64..500, minimum in 0_u64..=100, maximum in 100_u64..300) {
            if let Some(settings) = stuck(&service(desired, minimum, maximum)) {
                let (more, less) = (settings.enough_maximum(), settings.enough_minimum());
                prop_assert_eq!(stuck(&service(desired, minimum, more)), None);
                prop_assert_eq!(stuck(&service(desired, less, maximum)), None);
                prop_assert!(stuck(&service(desired, minimum, more - 1)).is_some());
                prop_assert!(stuck(&service(desired, less + 1, maximum)).is_some());
            }
        }
    }
}
