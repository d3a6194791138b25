//! Whether a target reaches clusters that another target reaches: two that do would each deploy, count and
//! restore the same services.
//! An overlap that is stored already does not stop a write: whoever narrows one of two targets step by step
//! must be able to. Two that are written at the same moment can slip through; the controller then leaves the
//! clusters to the older one.

use firelens_plan::select::{Overlap, overlap};
use firelens_store::{ListOptions, Store};
use firelens_types::v1alpha1::{AwsTarget, Cause, FieldError, Kind};
use serde_json::Value;

use crate::admission;
use crate::meta::typed;
use crate::status::{ApiError, from_store_query};

/// Evaluates an admitted target, given the stored one that it replaces. Returns what the client should be told.
///
/// # Errors
/// [`ApiError::Invalid`] with every other target that it newly overlaps; the store fails.
pub(crate) async fn check(
    store: &Store,
    object: &Value,
    stored: Option<&Value>,
) -> Result<Vec<String>, ApiError> {
    let Some(target) = typed::<AwsTarget>(object) else {
        return Ok(Vec::new());
    };
    let before = stored.and_then(typed::<AwsTarget>);
    let list = store
        .list(Kind::AwsTarget, &ListOptions::default())
        .await
        .map_err(from_store_query)?;
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for other in list.items.iter().filter_map(typed::<AwsTarget>) {
        let Some(found) = overlap(&target, &other) else {
            continue;
        };
        if before
            .as_ref()
            .is_some_and(|known| overlap(known, &other).is_some())
        {
            warnings.push(format!("{found}: only the older target manages it"));
        } else {
            errors.push(error(&target, &found));
        }
    }
    if errors.is_empty() {
        Ok(warnings)
    } else {
        Err(admission::invalid(Kind::AwsTarget, object, errors))
    }
}

fn error(target: &AwsTarget, found: &Overlap) -> FieldError {
    let index = target
        .spec
        .clusters
        .iter()
        .position(|pattern| *pattern == found.pattern);
    FieldError {
        field: format!("spec.clusters[{}]", index.unwrap_or_default()),
        cause: Cause::Invalid,
        value: found.pattern.clone(),
        detail: format!(
            "AwsTarget {} has the same account and region and the pattern {:?}, which can match the same cluster: two targets must not manage the same cluster",
            found.other, found.other_pattern
        ),
    }
}
