//! Three-way comparison: what the owner had, what we made of it, what is live.
//!
//! Paths whose texts mean the same to ECS are `Server`.

use serde_json::Value;

use crate::difference::{Difference, differences};
use crate::drift::Actor;
use firelens_taskdef::canonical;
use firelens_types::v1alpha1::{DriftClass, DriftedPath};

/// Paths that a status shows. Those of ours come first, so that the bound cuts what matters least.
pub const DRIFT_PATHS_SHOWN_MAX: usize = 20;

/// Longest value that a status shows, in bytes of JSON; of longer ones only the size.
pub const DRIFT_VALUE_BYTES_MAX: usize = 256;

/// A live revision that differs from ours, and was not brought by us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// ARN of the live revision.
    pub revision: String,
    /// ARN of the revision of ours that the service had before.
    pub ours: String,
    /// Who brought it, as far as it shows.
    pub actor: Actor,
    /// Every path that differs: ours, then theirs, then ECS's.
    pub paths: Vec<DriftedPath>,
}

impl Drift {
    /// How many paths are of that class.
    #[must_use]
    pub fn count(&self, class: DriftClass) -> usize {
        self.paths.iter().filter(|path| path.class == class).count()
    }
}

/// Where `live` differs from `applied`, which was made from `base`; all three are task definitions as JSON
/// text. Values that look like secrets are hidden, as in a review.
///
/// - `Server`: the canonical forms agree. ECS writes `"user": "0"`, defaults and empty lists by itself, and
///   sorts lists without an order.
/// - `Ours`: the injection had set the path, or what is around it; somebody took that away or altered it.
/// - `Theirs`: all else, which is the owner's to change.
#[must_use]
pub fn classify(base: &str, applied: &str, live: &str) -> Vec<DriftedPath> {
    let (Some(applied_now), Some(live_now)) = (parse(applied), parse(live)) else {
        return Vec::new();
    };
    let (base, applied, live) = (canonical(base), canonical(applied), canonical(live));
    let real = paths(&applied, &live);
    let injected = paths(&base, &applied);
    let kept_by_them = paths(&base, &live);
    let mut found: Vec<DriftedPath> = differences(&applied_now, &live_now)
        .into_iter()
        .map(|difference| {
            let path = difference.path.as_str();
            let class = if !real.iter().any(|other| is_related(other, path)) {
                DriftClass::Server
            } else if is_injected(path, &injected, &kept_by_them) {
                DriftClass::Ours
            } else {
                DriftClass::Theirs
            };
            shown(difference, class)
        })
        .collect();
    found.sort_by_key(|path| path.class);
    found
}

fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn paths(before: &Value, after: &Value) -> Vec<String> {
    let found = differences(before, after).into_iter();
    found.map(|difference| difference.path).collect()
}

/// Whether the injection had set the path, or something around it. Where it had set only something below,
/// the path is ours if the owner's side of it is as it was before us.
fn is_injected(path: &str, injected: &[String], kept_by_them: &[String]) -> bool {
    injected.iter().any(|set| is_at_or_below(path, set))
        || injected.iter().any(|set| is_at_or_below(set, path))
            && !kept_by_them.iter().any(|other| is_related(other, path))
}

fn is_related(one: &str, other: &str) -> bool {
    is_at_or_below(one, other) || is_at_or_below(other, one)
}

/// Whether `path` is `top` or a part of it.
fn is_at_or_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn shown(difference: Difference, class: DriftClass) -> DriftedPath {
    DriftedPath {
        path: difference.path,
        class,
        before: difference.before.as_ref().map(text),
        after: difference.after.as_ref().map(text),
    }
}

/// A value as short text.
fn text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.len() > DRIFT_VALUE_BYTES_MAX {
        format!("({} bytes)", text.len())
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
