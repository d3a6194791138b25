//! Whether an object can be deleted without leaving something behind.
//! AWS is not called: only what the controller wrote into objects is known.

use firelens_store::{ListOptions, Store};
use firelens_types::v1alpha1::{DELETION_POLICY_ANNOTATION, Kind, RETAIN};
use serde_json::Value;

use super::update::is_deleting;
use crate::extract::Resource;
use crate::status::{ApiError, from_store_query};

/// With this annotation set to `true` an `AwsTarget` can be deleted although services in it still run with the
/// router: for an account that no longer exists, where nothing can be restored.
pub const ABANDON_ANNOTATION: &str = "firelens.dev/abandon-workloads";

/// The maximum number of names in a refusal.
const NAMES_SHOWN: usize = 10;

/// Refuses the deletion of a destination that a policy uses, and of a target whose services run with the router.
///
/// # Errors
/// [`ApiError::Conflict`] with the names of the objects that prevent the deletion.
pub(crate) async fn check(
    store: &Store,
    resource: &Resource,
    object: &Value,
) -> Result<(), ApiError> {
    match resource.kind {
        Kind::LogDestination => {
            let uses = |policy: &Value| !is_deleting(policy) && sends_to(policy, &resource.name);
            let names = names(store, Kind::LoggingPolicy, uses).await?;
            refuse(
                resource,
                &names,
                "is used by LoggingPolicy",
                "remove it from their outputs first",
            )
        }
        Kind::AwsTarget if !may_leave_routers(object) => {
            let managed = |workload: &Value| {
                workload["spec"]["target"] == resource.name.as_str()
                    && !workload["status"]["managedRevision"].is_null()
            };
            let names = names(store, Kind::Workload, managed).await?;
            let hint = format!(
                "delete the policies that select them and wait until the router is removed, or annotate the target with {DELETION_POLICY_ANNOTATION}={RETAIN}, which leaves the routers as they are"
            );
            refuse(
                resource,
                &names,
                "has services that run with the router:",
                &hint,
            )
        }
        _ => Ok(()),
    }
}

/// Whether a target says that its services may keep the router.
fn may_leave_routers(target: &Value) -> bool {
    let annotations = &target["metadata"]["annotations"];
    annotations[ABANDON_ANNOTATION] == "true" || annotations[DELETION_POLICY_ANNOTATION] == RETAIN
}

async fn names(
    store: &Store,
    kind: Kind,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Vec<String>, ApiError> {
    let list = store
        .list(kind, &ListOptions::default())
        .await
        .map_err(from_store_query)?;
    let name = |object: &Value| {
        object["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    Ok(list
        .items
        .iter()
        .filter(|object| wanted(object))
        .map(name)
        .collect())
}

fn sends_to(policy: &Value, destination: &str) -> bool {
    let outputs = policy["spec"]["outputs"].as_array();
    outputs
        .into_iter()
        .flatten()
        .any(|output| output["destinationRef"]["name"] == destination)
}

fn refuse(
    resource: &Resource,
    names: &[String],
    problem: &str,
    hint: &str,
) -> Result<(), ApiError> {
    if names.is_empty() {
        return Ok(());
    }
    let shown = names
        .iter()
        .take(NAMES_SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    let more = match names.len().saturating_sub(NAMES_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(resource.conflict(&format!("it {problem} {shown}{more}: {hint}")))
}
