//! Explains how every policy relates to one workload.
//!
//! Works from what the controller wrote into the `Workload`; only what is not in there is computed. Tags, which a
//! `Workload` does not contain, are not guessed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::select::{Mismatch, Subject, launch_type, mismatch};
use firelens_aws::observe::{ClusterView, ServiceView};
use firelens_types::v1alpha1::{
    LabelSelector, LoggingPolicy, Mode, OtherPolicy, Selector, Workload, WorkloadStatus,
};

/// The reason in `Selected` of a workload whose tags opt it out of every policy.
const OPTED_OUT: &str = "OptedOut";

/// One policy and its relation to the workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyOutcome {
    /// The name of the policy.
    pub policy: String,
    /// The relation. Printed under the name that scripts know.
    #[serde(rename = "verdict")]
    pub outcome: PolicyMatch,
    /// The explanation for people.
    pub message: String,
}

/// The relation of a policy to a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PolicyMatch {
    /// It wins the workload.
    Decides,
    /// It selects the workload, and would win if the winner was removed.
    Next,
    /// It selects the workload, and others have precedence.
    Loses,
    /// Its selector does not match the workload.
    DoesNotSelect,
    /// A tag opts the workload out.
    KeptAway,
    /// It is being deleted and does not compete.
    BeingDeleted,
    /// Nothing excludes it; the controller has not evaluated it since it was created or changed.
    NotLookedAt,
}

impl PolicyMatch {
    /// The words for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Decides => "decides",
            Self::Next => "next in line",
            Self::Loses => "loses",
            Self::DoesNotSelect => "does not select it",
            Self::KeptAway => "kept away",
            Self::BeingDeleted => "being deleted",
            Self::NotLookedAt => "not looked at yet",
        }
    }
}

/// Returns every policy: the winner, then those that would follow in their order, then the others by name.
#[must_use]
pub fn policy_outcomes(workload: &Workload, policies: &[LoggingPolicy]) -> Vec<PolicyOutcome> {
    let nothing = WorkloadStatus::default();
    let status = workload.status.as_ref().unwrap_or(&nothing);
    let known: BTreeMap<&str, &LoggingPolicy> = policies
        .iter()
        .map(|policy| (policy.name(), policy))
        .collect();
    let deciding = status.policy.as_ref().map(|policy| policy.name.as_str());
    let matching = deciding.into_iter().chain(
        status
            .other_policies
            .iter()
            .map(|other| other.name.as_str()),
    );
    let mut order: Vec<&LoggingPolicy> = matching
        .filter_map(|name| known.get(name).copied())
        .collect();
    let rest = known
        .values()
        .filter(|policy| !order.iter().any(|seen| seen.name() == policy.name()));
    let rest: Vec<&LoggingPolicy> = rest.copied().collect();
    order.extend(rest);
    order
        .into_iter()
        .map(|policy| {
            let (outcome, message) = outcome(workload, status, policy, &known);
            PolicyOutcome {
                policy: policy.name().to_owned(),
                outcome,
                message,
            }
        })
        .collect()
}

fn outcome(
    workload: &Workload,
    status: &WorkloadStatus,
    policy: &LoggingPolicy,
    known: &BTreeMap<&str, &LoggingPolicy>,
) -> (PolicyMatch, String) {
    if policy.is_deleting() {
        let message = "it does not compete any more; what it brought is taken out again, unless another \
                       policy decides for the workload now";
        return (PolicyMatch::BeingDeleted, message.to_owned());
    }
    if let Some(won) = status
        .policy
        .as_ref()
        .filter(|won| won.name == policy.name())
    {
        let mut message = rule(policy, &status.other_policies, known);
        if won.generation < policy.generation() {
            message.push_str(&format!(
                "; decided upon generation {}, the present generation {} was not looked at yet",
                won.generation,
                policy.generation()
            ));
        }
        return (PolicyMatch::Decides, message);
    }
    let place = status
        .other_policies
        .iter()
        .position(|other| other.name == policy.name());
    if let Some(place) = place {
        let winner = status
            .policy
            .as_ref()
            .and_then(|won| known.get(won.name.as_str()).copied());
        let mut message = lost(policy, winner, &status.other_policies[place].reason);
        if place > 0 {
            return (PolicyMatch::Loses, message);
        }
        let name = winner.map_or("the one that decides", LoggingPolicy::name);
        message.push_str(&format!("; it decides when {name} goes"));
        if policy.spec.mode == Mode::Audit {
            message.push_str(", and reports only");
        }
        return (PolicyMatch::Next, message);
    }
    unmatched(workload, status, &policy.spec.selector)
}

/// Explains why the winner wins.
fn rule(
    winner: &LoggingPolicy,
    others: &[OtherPolicy],
    known: &BTreeMap<&str, &LoggingPolicy>,
) -> String {
    let Some(next) = others.first() else {
        return "the only policy that selects it".to_owned();
    };
    let name = &next.name;
    let policy = known.get(name.as_str()).copied();
    match (next.reason.as_str(), policy) {
        ("AuditOnly", _) => format!("it is in Enforce, {name} only reports"),
        ("LowerPriority", Some(policy)) => format!(
            "its priority {} is higher than the {} of {name}",
            winner.spec.priority, policy.spec.priority
        ),
        ("Younger", _) => format!("same priority as {name}, and it is older"),
        ("NameOrder", _) => format!("same priority and age as {name}, and its name comes first"),
        (reason, _) => format!("it goes before {name}: {reason}"),
    }
}

/// Explains why a policy that selects the workload does not win.
fn lost(policy: &LoggingPolicy, winner: Option<&LoggingPolicy>, reason: &str) -> String {
    let Some(winner) = winner else {
        return format!("another policy goes before it: {reason}");
    };
    let name = winner.name();
    match reason {
        "AuditOnly" => format!("it only reports (mode Audit), {name} is in Enforce"),
        "LowerPriority" => format!(
            "its priority {} is lower than the {} of {name}",
            policy.spec.priority, winner.spec.priority
        ),
        "Younger" => format!("same priority as {name}, and it is younger"),
        "NameOrder" => format!("same priority and age as {name}, whose name comes first"),
        other => format!("{name} goes before it: {other}"),
    }
}

/// Explains why a policy is neither winner nor loser.
fn unmatched(
    workload: &Workload,
    status: &WorkloadStatus,
    selector: &Selector,
) -> (PolicyMatch, String) {
    let mut by_name = selector.clone();
    by_name.service_tags = LabelSelector::default();
    by_name.exclude.service_tags = LabelSelector::default();
    if let Some(service) = service(workload, status) {
        let cluster = ClusterView {
            arn: status.cluster_arn.clone(),
            name: workload.spec.cluster.clone(),
            tags: BTreeMap::new(),
        };
        let subject = Subject {
            target: &workload.spec.target,
            cluster: &cluster,
            service: &service,
        };
        if let Some(term) = mismatch(&by_name, &subject) {
            return (
                PolicyMatch::DoesNotSelect,
                with_values(&term, selector, &subject),
            );
        }
    }
    let selected = status
        .conditions
        .iter()
        .find(|condition| condition.type_ == "Selected");
    if let Some(condition) = selected.filter(|condition| condition.reason == OPTED_OUT) {
        return (PolicyMatch::KeptAway, condition.message.clone());
    }
    let wants = !selector.service_tags.is_empty();
    let excludes = !selector.exclude.service_tags.is_empty();
    let term = match (wants, excludes) {
        (true, true) => {
            "selector.serviceTags does not match the tags of the service, or \
                         selector.exclude.serviceTags does"
        }
        (true, false) => "selector.serviceTags does not match the tags of the service",
        (false, true) => "selector.exclude.serviceTags matches the tags of the service",
        (false, false) => {
            let message = "its selector matches; the controller has not looked at the service since the \
                           policy came or changed";
            return (PolicyMatch::NotLookedAt, message.to_owned());
        }
    };
    (PolicyMatch::DoesNotSelect, term.to_owned())
}

/// The service as far as selectors without tags need it.
fn service(workload: &Workload, status: &WorkloadStatus) -> Option<ServiceView> {
    let raw = serde_json::json!({
        "serviceArn": status.service_arn,
        "serviceName": workload.spec.service,
        "launchType": status.launch_type,
    });
    ServiceView::parse(&raw.to_string()).ok()
}

/// The term with the wanted and the actual value.
fn with_values(term: &Mismatch, selector: &Selector, subject: &Subject<'_>) -> String {
    let (wanted, actual) = match term {
        Mismatch::Target => (selector.targets.join(", "), subject.target.to_owned()),
        Mismatch::Cluster => (selector.clusters.join(", "), subject.cluster.name.clone()),
        Mismatch::Service => (selector.services.join(", "), subject.service.name.clone()),
        Mismatch::LaunchType(_) => {
            let types: Vec<String> = selector
                .launch_types
                .iter()
                .map(ToString::to_string)
                .collect();
            (types.join(", "), launch_type(subject.service).to_string())
        }
        _ => return term.to_string(),
    };
    format!("{term}: it has {wanted}, this is {actual}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn policy(name: &str, spec: &Value) -> LoggingPolicy {
        let mut whole = json!({"mode": "Enforce", "selector": {}, "outputs": []});
        for (member, value) in spec.as_object().unwrap() {
            whole[member] = value.clone();
        }
        serde_json::from_value(json!({
            "apiVersion": "firelens.dev/v1alpha1", "kind": "LoggingPolicy",
            "metadata": {"name": name, "generation": 2}, "spec": whole,
        }))
        .unwrap()
    }

    fn workload(status: &Value) -> Workload {
        serde_json::from_value(json!({
            "apiVersion": "firelens.dev/v1alpha1", "kind": "Workload",
            "metadata": {"name": "prod.main.web"},
            "spec": {"target": "prod", "cluster": "main", "service": "web"},
            "status": status,
        }))
        .unwrap()
    }

    fn shown(status: &Value, policies: &[LoggingPolicy]) -> Vec<String> {
        policy_outcomes(&workload(status), policies)
            .iter()
            .map(|outcome| {
                format!(
                    "{} {}: {}",
                    outcome.policy,
                    outcome.outcome.words(),
                    outcome.message
                )
            })
            .collect()
    }

    #[test]
    fn the_winner_comes_first_then_who_follows_then_the_others() {
        let status = json!({
            "launchType": "FARGATE",
            "policy": {"name": "wide", "generation": 2},
            "otherPolicies": [
                {"name": "low", "reason": "LowerPriority"},
                {"name": "trial", "reason": "AuditOnly"},
            ],
        });
        let policies = [
            policy("dev", &json!({"selector": {"targets": ["dev-*", "test"]}})),
            policy("low", &json!({"priority": 1})),
            policy("trial", &json!({"mode": "Audit", "priority": 90})),
            policy("wide", &json!({"priority": 20})),
        ];
        assert_eq!(
            shown(&status, &policies),
            [
                "wide decides: its priority 20 is higher than the 1 of low",
                "low next in line: its priority 1 is lower than the 20 of wide; it decides when wide goes",
                "trial loses: it only reports (mode Audit), wide is in Enforce",
                "dev does not select it: selector.targets does not match: it has dev-*, test, this is prod",
            ]
        );
    }

    #[test]
    fn every_selector_mismatch_is_explained_with_its_values() {
        let status = json!({"launchType": "EC2"});
        let tags = json!({"matchLabels": {"team": "pay"}});
        for (selector, message) in [
            (
                json!({"clusters": ["prod-*"]}),
                "selector.clusters does not match: it has prod-*, this is main",
            ),
            (
                json!({"services": ["api"]}),
                "selector.services does not match: it has api, this is web",
            ),
            (
                json!({"launchTypes": ["FARGATE"]}),
                "selector.launchTypes does not name EC2: it has FARGATE, this is EC2",
            ),
            (
                json!({"exclude": {"services": ["w*"]}}),
                "selector.exclude.services has \"w*\"",
            ),
            (
                json!({"serviceTags": tags}),
                "selector.serviceTags does not match the tags of the service",
            ),
            (
                json!({"exclude": {"serviceTags": tags}}),
                "selector.exclude.serviceTags matches the tags of the service",
            ),
        ] {
            let outcomes = policy_outcomes(
                &workload(&status),
                &[policy("p", &json!({"selector": selector}))],
            );
            assert_eq!(
                outcomes[0].outcome,
                PolicyMatch::DoesNotSelect,
                "{selector}"
            );
            assert_eq!(outcomes[0].message, message, "{selector}");
        }
    }

    #[test]
    fn what_is_new_gone_or_kept_away_is_told_apart() {
        let known = json!({"policy": {"name": "a", "generation": 1}});
        let changed = shown(&known, &[policy("a", &json!({})), policy("b", &json!({}))]);
        assert!(
            changed[0].contains("generation 1, the present generation 2"),
            "{changed:?}"
        );
        assert!(changed[1].starts_with("b not looked at yet"), "{changed:?}");

        let mut going = policy("a", &json!({}));
        going.metadata.deletion_timestamp = Some("2026-11-20T08:00:00Z".parse().unwrap());
        assert!(shown(&known, &[going])[0].starts_with("a being deleted"));

        let away = json!({"conditions": [{
            "type": "Selected", "status": "False", "reason": "OptedOut", "observedGeneration": 1,
            "lastTransitionTime": "2026-11-20T08:00:00Z", "message": "the service is tagged",
        }]});
        assert_eq!(
            shown(&away, &[policy("a", &json!({}))]),
            ["a kept away: the service is tagged"]
        );
    }
}
