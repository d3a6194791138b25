//! Which policy wins a workload, and why the others do not.
//!
//! The complete rule: a workload or cluster tagged [`OPT_OUT_TAG`] is left alone. Otherwise the policies whose
//! selector matches compete; those in `Enforce` have precedence over those in `Audit`, because a policy that only
//! reports must never cause a router to be removed; then the highest `priority` wins, then the oldest, then the
//! name. A policy being deleted does not compete.

mod explain;
mod matching;
mod overlap;

use std::cmp::Ordering;
use std::collections::BTreeMap;

pub use explain::{PolicyMatch, PolicyOutcome, policy_outcomes};
pub use matching::{Mismatch, glob_matches, label_selector_matches, mismatch};
pub use overlap::{Overlap, before, globs_meet, is_beside, overlap};

use firelens_aws::observe::{ClusterView, ServiceView};
use firelens_aws::record::PolicyRef;
use firelens_types::v1alpha1::{LaunchType, LoggingPolicy, Mode};

/// The tag on a service or cluster that opts it out of every policy.
pub const OPT_OUT_TAG: &str = "firelens.dev/inject";
/// The value of [`OPT_OUT_TAG`] that opts out.
pub const OPT_OUT_VALUE: &str = "disabled";

/// A workload as selectors see it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Name of the `AwsTarget`.
    pub target: &'a str,
    /// Name and tags of the cluster.
    pub cluster: &'a ClusterView,
    /// The service.
    pub service: &'a ServiceView,
}

/// A policy that matches a workload and does not win it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loser {
    /// Its name.
    pub policy: String,
    /// Why.
    pub reason: LostBecause,
}

/// Why a matching policy does not win.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostBecause {
    /// The winner is in `Enforce`, this policy only reports.
    AuditOnly,
    /// The winner's priority is higher.
    Priority,
    /// Same priority, the winner is older.
    Younger,
    /// Same priority and age, the winner's name comes first.
    Name,
}

impl LostBecause {
    /// The word for it in the status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuditOnly => "AuditOnly",
            Self::Priority => "LowerPriority",
            Self::Younger => "Younger",
            Self::Name => "NameOrder",
        }
    }
}

/// The result for one workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The winning policy.
    pub winner: Option<PolicyRef>,
    /// Other policies that match.
    pub losers: Vec<Loser>,
    /// `service` or `cluster` when a tag opts it out of every policy.
    pub opted_out_by: Option<&'static str>,
    /// When nothing matches: the policy that comes nearest, and its first term that differs.
    pub nearest: Option<(String, Mismatch)>,
}

/// The identity of a policy's present content.
#[must_use]
pub fn policy_ref(policy: &LoggingPolicy) -> PolicyRef {
    PolicyRef {
        name: policy.name().to_owned(),
        uid: policy.uid().to_owned(),
        generation: policy.generation(),
    }
}

/// Decides which policy wins `subject`.
#[must_use]
pub fn select(subject: &Subject<'_>, policies: &[LoggingPolicy]) -> Selection {
    if let Some(by) = opted_out(subject) {
        return Selection {
            opted_out_by: Some(by),
            ..Selection::default()
        };
    }
    let mut matching = Vec::new();
    let mut nearest: Option<(&LoggingPolicy, Mismatch)> = None;
    for policy in policies.iter().filter(|policy| !policy.is_deleting()) {
        match mismatch(&policy.spec.selector, subject) {
            None => matching.push(policy),
            Some(term)
                if nearest
                    .as_ref()
                    .is_none_or(|(_, best)| term.rank() > best.rank()) =>
            {
                nearest = Some((policy, term));
            }
            Some(_) => {}
        }
    }
    matching.sort_by(|left, right| precedence(left, right));
    let Some((winner, losers)) = matching.split_first() else {
        return Selection {
            nearest: nearest.map(|(policy, term)| (policy_ref(policy).name, term)),
            ..Selection::default()
        };
    };
    Selection {
        winner: Some(policy_ref(winner)),
        losers: losers
            .iter()
            .map(|loser| Loser {
                policy: policy_ref(loser).name,
                reason: lost_because(winner, loser),
            })
            .collect(),
        ..Selection::default()
    }
}

/// The launch type of the tasks of a service: `launchType` of the service, else its capacity providers (`FARGATE`
/// and `FARGATE_SPOT` are Fargate, others are looked up), else EC2, which is the default of ECS. Services on
/// Managed Instances have no `launchType`:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html>.
#[must_use]
pub fn launch_type(service: &ServiceView) -> LaunchType {
    match service.launch_type.as_deref() {
        Some("FARGATE") => LaunchType::Fargate,
        Some("EXTERNAL") => LaunchType::External,
        Some("MANAGED_INSTANCES") => LaunchType::ManagedInstances,
        Some(_) => LaunchType::Ec2,
        None if service.provider_type.as_deref() == Some("MANAGED_INSTANCES") => {
            LaunchType::ManagedInstances
        }
        None if service.platform_family.is_some()
            || service
                .capacity_providers
                .iter()
                .any(|provider| provider.starts_with("FARGATE")) =>
        {
            LaunchType::Fargate
        }
        None => LaunchType::Ec2,
    }
}

fn opted_out(subject: &Subject<'_>) -> Option<&'static str> {
    let disabled = |tags: &BTreeMap<String, String>| {
        tags.get(OPT_OUT_TAG)
            .is_some_and(|value| value == OPT_OUT_VALUE)
    };
    if disabled(&subject.service.tags) {
        Some("service")
    } else if disabled(&subject.cluster.tags) {
        Some("cluster")
    } else {
        None
    }
}

fn precedence(left: &LoggingPolicy, right: &LoggingPolicy) -> Ordering {
    let audits = |policy: &LoggingPolicy| policy.spec.mode == Mode::Audit;
    audits(left)
        .cmp(&audits(right))
        .then(right.spec.priority.cmp(&left.spec.priority))
        .then(
            left.metadata
                .creation_timestamp
                .cmp(&right.metadata.creation_timestamp),
        )
        .then(left.metadata.name.cmp(&right.metadata.name))
}

fn lost_because(winner: &LoggingPolicy, loser: &LoggingPolicy) -> LostBecause {
    if winner.spec.mode != loser.spec.mode {
        LostBecause::AuditOnly
    } else if winner.spec.priority != loser.spec.priority {
        LostBecause::Priority
    } else if winner.metadata.creation_timestamp != loser.metadata.creation_timestamp {
        LostBecause::Younger
    } else {
        LostBecause::Name
    }
}
