//! The rules of a `Freeze` that no type can hold.
//!
//! Whether it is in force now is not checked: a freeze that has ended may be stored again.

use super::path::{Errors, Path};
use super::selector;
use crate::v1alpha1::FreezeSpec;

/// Longest reason, in characters. It is limited because it is repeated on every workload that waits.
const REASON_MAX_CHARS: usize = 256;

pub(crate) fn check(path: &Path, spec: &FreezeSpec, errors: &mut Errors) {
    let reason = path.field("reason");
    if spec.reason.trim().is_empty() {
        errors.required(&reason, "must say why changes are frozen");
    } else if spec.reason.chars().count() > REASON_MAX_CHARS
        || spec.reason.chars().any(char::is_control)
    {
        errors.invalid(
            &reason,
            spec.reason.as_str(),
            "must be one line of at most 256 characters",
        );
    }
    if let Some(from) = spec.from
        && from >= spec.until
    {
        let until = spec.until.to_string();
        errors.invalid(
            &path.field("until"),
            until.as_str(),
            "must be later than from",
        );
    }
    let targets = path.field("targets");
    if spec.targets.is_empty() {
        errors.required(&targets, "use [\"*\"] for every target");
    }
    selector::check_globs(&targets, &spec.targets, errors);
}
