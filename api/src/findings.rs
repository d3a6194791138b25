//! What the linter says about an object on its way in: warnings for the client, errors that stop a policy
//! from being enforced. A target must not reach what another reaches.
//! A mistake that the stored object has already does not stop a write: whoever corrects one of two
//! mistakes must be able to.

use std::collections::{BTreeMap, BTreeSet};

use firelens_fluent::catalogue::FluentBitVersion;
use firelens_fluent::lint::{self, Code, Finding, Severity};
use firelens_store::{ListOptions, Store};
use firelens_types::v1alpha1::{Cause, FieldError, Kind, LogDestination, LoggingPolicy, Mode};
use serde_json::Value;

use crate::meta::typed;
use crate::status::{ApiError, from_store_query};
use crate::{admission, overlaps};

/// Warnings a client is sent; a header line holds only so much.
const WARNINGS_MAX: usize = 20;

/// Evaluates an admitted object, given the stored one that it replaces. Returns what the client should be
/// told.
///
/// # Errors
/// [`ApiError::Invalid`] with every error that the linter finds in a policy in `Enforce`, or in a
/// destination, and with every target that reaches the same clusters; the store fails.
pub(crate) async fn check(
    store: &Store,
    kind: Kind,
    object: &Value,
    stored: Option<&Value>,
) -> Result<Vec<String>, ApiError> {
    let (found, known, blocks) = match kind {
        Kind::LoggingPolicy => {
            let destinations = destinations(store).await?;
            let of = |policy: &LoggingPolicy| lint::policy(policy, &destinations, None);
            let Some(policy) = typed::<LoggingPolicy>(object) else {
                return Ok(Vec::new());
            };
            // Errors that were there in Audit stop nobody until the policy is to be enforced.
            let before = stored.and_then(typed::<LoggingPolicy>);
            let before = before.filter(|policy| policy.spec.mode == Mode::Enforce);
            let known = before.map_or_else(Vec::new, |policy| of(&policy));
            (of(&policy), known, policy.spec.mode == Mode::Enforce)
        }
        Kind::LogDestination => {
            let of = |destination: &LogDestination| {
                lint::destination(destination, FluentBitVersion::default())
            };
            let Some(destination) = typed::<LogDestination>(object) else {
                return Ok(Vec::new());
            };
            let known = stored.and_then(typed::<LogDestination>);
            let known = known.map_or_else(Vec::new, |destination| of(&destination));
            (of(&destination), known, true)
        }
        Kind::AwsTarget => return overlaps::check(store, object, stored).await,
        Kind::Freeze | Kind::Workload | Kind::Rollout => return Ok(Vec::new()),
    };
    let known: BTreeSet<(Code, &str)> = known.iter().map(identity).collect();
    let new_errors: Vec<FieldError> = found
        .iter()
        .filter(|finding| blocks && finding.is_error() && !known.contains(&identity(finding)))
        .map(field_error)
        .collect();
    if !new_errors.is_empty() {
        return Err(admission::invalid(kind, object, new_errors));
    }
    Ok(warnings(&found))
}

fn identity(finding: &Finding) -> (Code, &str) {
    (finding.code, finding.field.as_str())
}

fn field_error(finding: &Finding) -> FieldError {
    FieldError {
        field: finding.field.clone(),
        cause: Cause::Invalid,
        value: String::new(),
        detail: format!(
            "{}: {}; {}",
            finding.code,
            finding.message,
            finding.code.fix()
        ),
    }
}

/// What is only good to know is left to `firelens lint`.
fn warnings(found: &[Finding]) -> Vec<String> {
    let found: Vec<&Finding> = found
        .iter()
        .filter(|finding| finding.severity < Severity::Info)
        .collect();
    let mut told: Vec<String> = found
        .iter()
        .take(WARNINGS_MAX)
        .map(ToString::to_string)
        .collect();
    let more = found.len().saturating_sub(WARNINGS_MAX);
    if more > 0 {
        told.push(format!("{more} more findings: see `firelens lint`"));
    }
    told
}

async fn destinations(store: &Store) -> Result<BTreeMap<String, LogDestination>, ApiError> {
    let list = store
        .list(Kind::LogDestination, &ListOptions::default())
        .await
        .map_err(from_store_query)?;
    Ok(list
        .items
        .iter()
        .filter_map(typed::<LogDestination>)
        .map(|destination| (destination.name().to_owned(), destination))
        .collect())
}
