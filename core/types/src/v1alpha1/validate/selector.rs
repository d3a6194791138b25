//! The rules of globs and tag selectors.
//!
//! Only the form is checked; matching is done in `select`.

use super::names;
use super::path::{Errors, Path};
use crate::v1alpha1::{LabelOperator, LabelSelector, Selector};

/// Longest tag key of AWS, in characters.
/// <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
const TAG_KEY_MAX_CHARS: usize = 128;
/// Longest tag value of AWS, in characters.
const TAG_VALUE_MAX_CHARS: usize = 256;

pub(crate) fn check(path: &Path, selector: &Selector, errors: &mut Errors) {
    check_globs(&path.field("targets"), &selector.targets, errors);
    check_globs(&path.field("clusters"), &selector.clusters, errors);
    check_globs(&path.field("services"), &selector.services, errors);
    check_tags(&path.field("serviceTags"), &selector.service_tags, errors);
    let exclude = path.field("exclude");
    check_globs(
        &exclude.field("clusters"),
        &selector.exclude.clusters,
        errors,
    );
    check_globs(
        &exclude.field("services"),
        &selector.exclude.services,
        errors,
    );
    check_tags(
        &exclude.field("serviceTags"),
        &selector.exclude.service_tags,
        errors,
    );
}

pub(crate) fn check_globs(path: &Path, globs: &[String], errors: &mut Errors) {
    for (index, glob) in globs.iter().enumerate() {
        if !names::is_glob(glob) {
            errors.invalid(&path.index(index), glob.as_str(), names::GLOB);
        }
    }
}

pub(crate) fn check_tags(path: &Path, tags: &LabelSelector, errors: &mut Errors) {
    for (key, value) in &tags.match_labels {
        let at = path.field("matchLabels").key(key);
        check_key(&at, key, errors);
        check_value(&at, value, errors);
    }
    for (index, expression) in tags.match_expressions.iter().enumerate() {
        let at = path.field("matchExpressions").index(index);
        check_key(&at.field("key"), &expression.key, errors);
        let values = at.field("values");
        for (index, value) in expression.values.iter().enumerate() {
            check_value(&values.index(index), value, errors);
        }
        let wants_values = matches!(
            expression.operator,
            LabelOperator::In | LabelOperator::NotIn
        );
        match (wants_values, expression.values.is_empty()) {
            (true, true) => errors.required(&values, "operators In and NotIn require values"),
            (false, false) => {
                errors.forbidden(
                    &values,
                    "operators Exists and DoesNotExist do not allow values",
                );
            }
            _ => {}
        }
    }
}

fn check_key(path: &Path, key: &str, errors: &mut Errors) {
    if key.is_empty() || key.chars().count() > TAG_KEY_MAX_CHARS {
        errors.invalid(path, key, "must be a tag key of 1 to 128 characters");
    }
}

fn check_value(path: &Path, value: &str, errors: &mut Errors) {
    if value.chars().count() > TAG_VALUE_MAX_CHARS {
        errors.invalid(path, value, "must be a tag value of at most 256 characters");
    }
}
