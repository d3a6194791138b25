//! The rules of `spec.rollout` that no type can hold.
//!
//! Only the form is checked: whether an alarm exists, or a query returns
//! anything, is known only while a rollout runs.

use std::collections::BTreeSet;

use super::path::{Errors, Path};
use super::{names, selector};
use crate::v1alpha1::{PrometheusGate, RolloutStrategy, window};

/// Longest name of a CloudWatch alarm, in characters.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html>
const ALARM_NAME_MAX_CHARS: usize = 255;
/// Longest query, in bytes.
const QUERY_MAX_BYTES: usize = 4_096;

pub(crate) fn check(path: &Path, rollout: &RolloutStrategy, errors: &mut Errors) {
    for (index, stage) in rollout.order.iter().enumerate() {
        let at = path.field("order").index(index);
        if stage.is_empty() {
            errors.required(
                &at,
                "a stage that selects every service would be the last one",
            );
        }
        selector::check_tags(&at, stage, errors);
    }
    for (index, window) in rollout.windows.iter().enumerate() {
        let at = path.field("windows").index(index);
        if let Some(zone) = &window.timezone
            && !window::is_zone(zone)
        {
            let detail = "must be the name of an IANA time zone, such as Europe/Berlin";
            errors.invalid(&at.field("timezone"), zone.as_str(), detail);
        } else if let Err(why) = window::check(window) {
            errors.invalid(&at.field("schedule"), window.schedule.as_str(), &why);
        }
    }
    let gates = path.field("gates");
    for (index, alarm) in rollout.gates.alarms.iter().enumerate() {
        let long = alarm.chars().count() > ALARM_NAME_MAX_CHARS;
        if alarm.is_empty() || long || alarm.chars().any(char::is_control) {
            let detail = "must be the name of a CloudWatch alarm, 1 to 255 characters";
            errors.invalid(&gates.field("alarms").index(index), alarm.as_str(), detail);
        }
    }
    let mut seen = BTreeSet::new();
    for (index, gate) in rollout.gates.prometheus.iter().enumerate() {
        let at = gates.field("prometheus").index(index);
        if !seen.insert(gate.name.as_str()) {
            errors.duplicate(&at.field("name"), gate.name.as_str(), "");
        }
        check_query(&at, gate, errors);
    }
}

fn check_query(at: &Path, gate: &PrometheusGate, errors: &mut Errors) {
    if !names::is_dns_label(&gate.name) {
        errors.invalid(&at.field("name"), gate.name.as_str(), names::DNS_LABEL);
    }
    let query = at.field("query");
    if gate.query.trim().is_empty() {
        errors.required(&query, "a PromQL expression");
    } else if gate.query.len() > QUERY_MAX_BYTES {
        errors.too_long(&query, QUERY_MAX_BYTES);
    }
    match (gate.min, gate.max) {
        (None, None) => errors.required(&at.field("max"), "give min, max or both"),
        (Some(min), Some(max)) if min.0 > max.0 => {
            let given = max.to_string();
            errors.invalid(&at.field("max"), given.as_str(), "must not be below min");
        }
        _ => {}
    }
}
