//! Whether a task with its router fits on the container instances of its cluster.
//!
//! This does not predict placement: constraints, ports and network interfaces are evaluated by ECS. It reports
//! only what no instance can provide.

use std::collections::BTreeSet;

use super::agent_version_of;
use crate::observe::{InstanceView, ServiceView};
use crate::size::TaskSize;

/// What a change needs of the instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Attributes that the task needs and did not need before.
    pub attributes: BTreeSet<String>,
    /// Size of the task before.
    pub before: TaskSize,
    /// Size of the task after.
    pub after: TaskSize,
}

/// Whether the instances can run the task of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceFit {
    /// Nothing prevents it.
    Fine,
    /// There is no instance to compare with.
    NoInstances,
    /// No instance can run the task.
    Incapable {
        /// The attributes that the instance with the fewest missing ones lacks.
        missing: BTreeSet<String>,
        /// Newest agent version found.
        newest_agent: Option<String>,
    },
    /// The task can run, with limits.
    Tight {
        /// The number of instances that lack attributes, and of all that were compared.
        incapable: Option<(usize, usize)>,
        /// Whether no capable instance has room for a task now.
        no_room: bool,
        /// Whether no capable instance is large enough even when empty.
        too_large: bool,
    },
}

impl InstanceFit {
    /// Returns missing attributes as text: `NAME (ECS agent 1.31.0 or later), …`.
    #[must_use]
    pub fn words(missing: &BTreeSet<String>) -> String {
        let words: Vec<String> = missing
            .iter()
            .map(|name| match agent_version_of(name) {
                Some(version) => format!("{name} (ECS agent {version} or later)"),
                None => format!("{name} (a newer ECS agent)"),
            })
            .collect();
        words.join(", ")
    }
}

/// Compares a change with the instances. Instances that drain, and those of capacity providers that the service
/// does not use, do not count.
#[must_use]
pub fn compare(
    footprint: &Footprint,
    service: &ServiceView,
    instances: &[InstanceView],
) -> InstanceFit {
    let eligible: Vec<&InstanceView> = instances
        .iter()
        .filter(|instance| is_eligible(instance, service))
        .collect();
    let missing_on = |instance: &InstanceView| -> BTreeSet<String> {
        footprint
            .attributes
            .difference(&instance.attributes)
            .cloned()
            .collect()
    };
    let Some(least) = eligible
        .iter()
        .map(|instance| missing_on(instance))
        .min_by_key(BTreeSet::len)
    else {
        return InstanceFit::NoInstances;
    };
    if !least.is_empty() {
        return InstanceFit::Incapable {
            missing: least,
            newest_agent: newest_agent(&eligible),
        };
    }
    let (capable, rest): (Vec<&InstanceView>, Vec<&InstanceView>) = eligible
        .iter()
        .partition(|instance| missing_on(instance).is_empty());
    let freed = if may_stop_first(service) {
        footprint.before
    } else {
        TaskSize::default()
    };
    let no_room = !capable
        .iter()
        .any(|instance| holds(instance.remaining, freed, footprint.after));
    let too_large = !capable
        .iter()
        .any(|instance| holds(instance.registered, TaskSize::default(), footprint.after));
    let grows = footprint.after.cpu_units > footprint.before.cpu_units
        || footprint.after.memory_mib > footprint.before.memory_mib;
    let incapable = (!rest.is_empty()).then_some((rest.len(), eligible.len()));
    if incapable.is_none() && !(grows && (no_room || too_large)) {
        return InstanceFit::Fine;
    }
    InstanceFit::Tight {
        incapable,
        no_room: grows && no_room,
        too_large: grows && too_large,
    }
}

fn is_eligible(instance: &InstanceView, service: &ServiceView) -> bool {
    let of_service = service.capacity_providers.is_empty()
        || instance
            .capacity_provider
            .as_ref()
            .is_some_and(|name| service.capacity_providers.contains(name));
    instance.status == "ACTIVE" && of_service
}

/// Whether ECS may stop an old task before it starts a new one.
fn may_stop_first(service: &ServiceView) -> bool {
    let desired = u64::try_from(service.desired_count).unwrap_or(0);
    let minimum = service.deployment_settings.minimum_healthy_percent;
    (desired * minimum).div_ceil(100) < desired
}

/// Whether an instance has room. Resources that the instance does not report count as enough.
fn holds(has: Option<TaskSize>, freed: TaskSize, wanted: TaskSize) -> bool {
    has.is_none_or(|has| {
        has.cpu_units + freed.cpu_units >= wanted.cpu_units
            && has.memory_mib + freed.memory_mib >= wanted.memory_mib
    })
}

fn newest_agent(instances: &[&InstanceView]) -> Option<String> {
    let version = |text: &str| -> Vec<u64> {
        text.split('.')
            .map(|part| part.parse().unwrap_or(0))
            .collect()
    };
    instances
        .iter()
        .filter_map(|instance| instance.agent_version.clone())
        .max_by_key(|text| version(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    const FLUENTBIT: &str = "ecs.capability.firelens.fluentbit";

    fn service(more: &Value) -> ServiceView {
        let mut raw = json!({"serviceArn": "a", "serviceName": "s", "desiredCount": 1});
        for (name, value) in more.as_object().unwrap() {
            raw[name] = value.clone();
        }
        ServiceView::parse(&raw.to_string()).unwrap()
    }

    fn instance(attributes: &[&str], free_mib: u64, agent: &str, more: &Value) -> InstanceView {
        let attributes: Vec<Value> = attributes
            .iter()
            .map(|name| json!({"name": name}))
            .collect();
        let resources = |mib: u64| {
            json!([{"name": "CPU", "type": "INTEGER", "integerValue": 1024},
                   {"name": "MEMORY", "type": "INTEGER", "integerValue": mib},
                   {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]}])
        };
        let mut raw = json!({
            "containerInstanceArn": "arn:i", "status": "ACTIVE", "attributes": attributes,
            "remainingResources": resources(free_mib), "registeredResources": resources(2000),
            "versionInfo": {"agentVersion": agent},
        });
        for (name, value) in more.as_object().unwrap() {
            raw[name] = value.clone();
        }
        InstanceView::parse(&raw.to_string()).unwrap()
    }

    fn footprint(before_mib: u64, after_mib: u64) -> Footprint {
        let size = |memory_mib| TaskSize {
            cpu_units: 128,
            memory_mib,
        };
        Footprint {
            attributes: BTreeSet::from([FLUENTBIT.to_owned()]),
            before: size(before_mib),
            after: size(after_mib),
        }
    }

    #[test]
    fn a_cluster_without_the_attribute_cannot_run_the_router() {
        let old = [
            instance(&["x"], 1000, "1.29.1", &json!({})),
            instance(&["x"], 1000, "1.9.0", &json!({})),
        ];
        let fit = compare(&footprint(100, 200), &service(&json!({})), &old);
        let InstanceFit::Incapable {
            missing,
            newest_agent,
        } = fit
        else {
            unreachable!("{fit:?}")
        };
        assert_eq!(
            InstanceFit::words(&missing),
            format!("{FLUENTBIT} (ECS agent 1.30.0 or later)")
        );
        assert_eq!(newest_agent.as_deref(), Some("1.29.1"));
    }

    #[test]
    fn one_capable_instance_suffices_and_incapable_ones_are_reported() {
        let mixed = [
            instance(&["x"], 1000, "1.29.1", &json!({})),
            instance(&[FLUENTBIT], 1000, "1.90.0", &json!({})),
        ];
        let fit = compare(&footprint(100, 200), &service(&json!({})), &mixed);
        assert_eq!(
            fit,
            InstanceFit::Tight {
                incapable: Some((1, 2)),
                no_room: false,
                too_large: false
            }
        );
        let fit = compare(&footprint(100, 200), &service(&json!({})), &mixed[1..]);
        assert_eq!(fit, InstanceFit::Fine);
    }

    #[test]
    fn draining_and_other_provider_instances_are_not_counted() {
        let draining = instance(&[FLUENTBIT], 1000, "1.90.0", &json!({"status": "DRAINING"}));
        let other = instance(
            &[FLUENTBIT],
            1000,
            "1.90.0",
            &json!({"capacityProviderName": "other"}),
        );
        let mine = service(&json!({"capacityProviderStrategy": [{"capacityProvider": "mine"}]}));
        let fit = compare(&footprint(1, 2), &mine, &[draining, other]);
        assert_eq!(fit, InstanceFit::NoInstances);
    }

    #[test]
    fn room_is_reckoned_with_the_task_that_may_stop_first() {
        let full = [instance(&[FLUENTBIT], 150, "1.90.0", &json!({}))];
        let stays = service(&json!({}));
        let stops = service(
            &json!({"deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100}}),
        );
        let no_room = |fit| {
            matches!(
                fit,
                InstanceFit::Tight {
                    no_room: true,
                    too_large: false,
                    ..
                }
            )
        };
        assert!(no_room(compare(&footprint(100, 200), &stays, &full)));
        assert_eq!(
            compare(&footprint(100, 200), &stops, &full),
            InstanceFit::Fine
        );
        assert_eq!(
            compare(&footprint(200, 200), &stays, &full),
            InstanceFit::Fine
        );
        let huge = compare(&footprint(1900, 2100), &stays, &full);
        assert!(matches!(
            huge,
            InstanceFit::Tight {
                too_large: true,
                ..
            }
        ));
    }
}
