//! One selector against one workload.
//!
//! Every given term must hold; an empty selector selects everything. Terms are compared in a fixed order, so that
//! the result names the first that differs.

use std::collections::BTreeMap;
use std::fmt;

use wildmatch::WildMatch;

use crate::select::{Subject, launch_type};
use firelens_types::v1alpha1::{LabelOperator, LabelSelector, Selector};

/// The first term of a selector that does not match a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// `selector.targets`.
    Target,
    /// `selector.clusters`.
    Cluster,
    /// `selector.services`.
    Service,
    /// `selector.launchTypes`; with the launch type of the service.
    LaunchType(String),
    /// `selector.serviceTags`.
    ServiceTags,
    /// `selector.exclude.clusters`; with the pattern.
    ExcludedCluster(String),
    /// `selector.exclude.services`; with the pattern.
    ExcludedService(String),
    /// `selector.exclude.serviceTags`.
    ExcludedTags,
}

impl Mismatch {
    /// How near the selector came: the number of terms that held before this one.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Target => 0,
            Self::Cluster => 1,
            Self::Service => 2,
            Self::LaunchType(_) => 3,
            Self::ServiceTags => 4,
            Self::ExcludedCluster(_) => 5,
            Self::ExcludedService(_) => 6,
            Self::ExcludedTags => 7,
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target => f.write_str("selector.targets does not match"),
            Self::Cluster => f.write_str("selector.clusters does not match"),
            Self::Service => f.write_str("selector.services does not match"),
            Self::LaunchType(actual) => write!(f, "selector.launchTypes does not name {actual}"),
            Self::ServiceTags => f.write_str("selector.serviceTags does not match"),
            Self::ExcludedCluster(pattern) => {
                write!(f, "selector.exclude.clusters has {pattern:?}")
            }
            Self::ExcludedService(pattern) => {
                write!(f, "selector.exclude.services has {pattern:?}")
            }
            Self::ExcludedTags => f.write_str("selector.exclude.serviceTags matches"),
        }
    }
}

/// Returns the first term with which `selector` does not match `subject`; `None` when it selects it.
#[must_use]
pub fn mismatch(selector: &Selector, subject: &Subject<'_>) -> Option<Mismatch> {
    let launch_type = launch_type(subject.service);
    let exclude = &selector.exclude;
    if !any_glob(&selector.targets, subject.target) {
        Some(Mismatch::Target)
    } else if !any_glob(&selector.clusters, &subject.cluster.name) {
        Some(Mismatch::Cluster)
    } else if !any_glob(&selector.services, &subject.service.name) {
        Some(Mismatch::Service)
    } else if !selector.launch_types.is_empty() && !selector.launch_types.contains(&launch_type) {
        Some(Mismatch::LaunchType(launch_type.to_string()))
    } else if !label_selector_matches(&selector.service_tags, &subject.service.tags) {
        Some(Mismatch::ServiceTags)
    } else if let Some(pattern) = matching_glob(&exclude.clusters, &subject.cluster.name) {
        Some(Mismatch::ExcludedCluster(pattern.to_owned()))
    } else if let Some(pattern) = matching_glob(&exclude.services, &subject.service.name) {
        Some(Mismatch::ExcludedService(pattern.to_owned()))
    } else if !exclude.service_tags.is_empty()
        && label_selector_matches(&exclude.service_tags, &subject.service.tags)
    {
        Some(Mismatch::ExcludedTags)
    } else {
        None
    }
}

/// Whether `text` matches `pattern` whole; `*` stands for any text, `?` for one character. Case
/// counts, as in ECS names.
#[must_use]
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    WildMatch::new(pattern).matches(text)
}

/// Whether `tags` satisfy `selector`, by the rules of Kubernetes label selectors: an empty selector
/// matches everything; `NotIn` holds for a missing key.
#[must_use]
pub fn label_selector_matches(selector: &LabelSelector, tags: &BTreeMap<String, String>) -> bool {
    let labels_match = selector
        .match_labels
        .iter()
        .all(|(key, value)| tags.get(key) == Some(value));
    labels_match
        && selector.match_expressions.iter().all(|term| {
            let value = tags.get(&term.key);
            match term.operator {
                LabelOperator::In => value.is_some_and(|value| term.values.contains(value)),
                LabelOperator::NotIn => value.is_none_or(|value| !term.values.contains(value)),
                LabelOperator::Exists => value.is_some(),
                LabelOperator::DoesNotExist => value.is_none(),
            }
        })
}

/// An absent list of patterns matches everything.
fn any_glob(patterns: &[String], text: &str) -> bool {
    patterns.is_empty() || matching_glob(patterns, text).is_some()
}

fn matching_glob<'a>(patterns: &'a [String], text: &str) -> Option<&'a str> {
    patterns
        .iter()
        .map(String::as_str)
        .find(|pattern| glob_matches(pattern, text))
}
