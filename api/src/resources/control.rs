//! What people may change of objects that the controller writes: `spec.control`, labels, annotations.
//! A change of anything else is refused, and so is a time in the future.

use firelens_types::v1alpha1::{Cause, FieldError};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::extract::Resource;
use crate::status::ApiError;
use crate::{admission, meta};

/// How far the clock of a client may be ahead of ours.
const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_secs(60);
/// Labels of the controller: it finds its rollouts by them.
const OWN_LABELS: &str = "firelens.dev/";
/// Members of metadata that people may write.
const FREE_METADATA: [&str; 2] = ["labels", "annotations"];
/// What is said of everything else.
const WRITER: &str = "is written by the controller: users can change only spec.control, labels and \
                      annotations of a rollout";

/// Evaluates an admitted object of a kind that people control, and the status it was sent with, against the
/// stored one. Returns what the client should be told; nothing for other kinds.
///
/// # Errors
/// [`ApiError::Invalid`] with every member that the controller writes and that would change, and every
/// time that has not come.
pub(crate) fn check(
    resource: &Resource,
    stored: &Value,
    object: &Value,
    status: &Value,
) -> Result<Vec<String>, ApiError> {
    if !resource.kind.is_controlled_by_users() {
        return Ok(Vec::new());
    }
    let mut errors = foreign(stored, object);
    if !status.is_null() && *status != stored["status"] {
        errors.push(meta::error("status", Cause::Forbidden, "", WRITER));
    }
    early(object, Timestamp::now(), &mut errors);
    if errors.is_empty() {
        Ok(warnings(stored, object))
    } else {
        Err(admission::invalid(resource.kind, object, errors))
    }
}

/// Every member that would change and is not for people to change.
fn foreign(stored: &Value, object: &Value) -> Vec<FieldError> {
    let mut changed = members("spec", &stored["spec"], &object["spec"], |name| {
        name == "control"
    });
    let before = Value::Object(meta::user_part(&stored["metadata"]));
    let free = |name: &str| FREE_METADATA.contains(&name);
    changed.extend(members("metadata", &before, &object["metadata"], free));
    let (labels, given) = (&stored["metadata"]["labels"], &object["metadata"]["labels"]);
    changed.extend(members("metadata.labels", labels, given, |name| {
        !name.starts_with(OWN_LABELS)
    }));
    changed
        .iter()
        .map(|field| meta::error(field, Cause::Forbidden, "", WRITER))
        .collect()
}

/// The members of two objects that differ, as paths.
fn members(path: &str, before: &Value, after: &Value, free: impl Fn(&str) -> bool) -> Vec<String> {
    let names = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    };
    let mut all = names(before);
    all.extend(
        names(after)
            .into_iter()
            .filter(|name| before.get(name).is_none()),
    );
    all.retain(|name| !free(name) && before.get(name) != after.get(name));
    all.iter()
        .map(|name| match name.contains(['.', '/']) {
            true => format!("{path}[{name}]"),
            false => format!("{path}.{name}"),
        })
        .collect()
}

/// Times of the future: what happens until then would be forgotten beforehand.
fn early(object: &Value, now: Timestamp, errors: &mut Vec<FieldError>) {
    let latest = now.checked_add(CLOCK_AHEAD_MAX).unwrap_or(now);
    let control = &object["spec"]["control"];
    for (field, value) in [
        ("spec.control.resumedAt", &control["resumedAt"]),
        ("spec.control.retry.at", &control["retry"]["at"]),
    ] {
        let Some(text) = value.as_str() else { continue };
        if text.parse::<Timestamp>().is_ok_and(|at| at > latest) {
            let detail = format!("must not be in the future: the time of the server is {now:.0}");
            errors.push(meta::error(field, Cause::Invalid, text, &detail));
        }
    }
}

/// An approval of another plan does nothing, and may have been meant for this one.
fn warnings(stored: &Value, object: &Value) -> Vec<String> {
    let approve = |object: &Value| object["spec"]["control"]["approve"]["plan"].clone();
    let (given, present) = (approve(object), &stored["status"]["plan"]["hash"]);
    if !given.is_string() || given == approve(stored) || given == *present {
        return Vec::new();
    }
    let present = present.as_str().unwrap_or("none");
    vec![format!(
        "spec.control.approve.plan is not the current plan, and approves nothing: the current plan is {present}"
    )]
}
