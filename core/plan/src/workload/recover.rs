//! Recovers a deployment of ours whose start was not recorded: the process died between the answer of ECS and the
//! store.
//!
//! Only where the service held a slot and shows what the slot was for; anything else is its owner's.

use crate::input::PlanInput;
use firelens_aws::observe::{Observed, ServiceView};
use firelens_aws::record::{DeploymentRecord, PolicyRef, Purpose, WorkloadRecord};

/// Returns the record, with the deployment that is missing in it, if one is.
pub(crate) fn deployment(
    input: &PlanInput<'_>,
    remembered: &WorkloadRecord,
    service: &ServiceView,
) -> WorkloadRecord {
    let mut record = remembered.clone();
    if let Some(deployment) = lost(input, remembered, service) {
        record.begin(deployment);
    }
    record
}

fn lost(
    input: &PlanInput<'_>,
    record: &WorkloadRecord,
    service: &ServiceView,
) -> Option<DeploymentRecord> {
    let policy = record.admitted.as_ref()?;
    let live = service.task_definition.as_str();
    let primary = service.primary_deployment()?;
    let is_open = !primary.is_complete() && primary.task_definition == live;
    if record.deployment.is_some() || record.overtaken.is_some() || !is_open {
        return None;
    }
    let (purpose, hash, previous) = meant(input, record, service, policy)?;
    let back = record.way_back().filter(|back| back.arn == live);
    Some(DeploymentRecord {
        purpose,
        task_definition: live.to_owned(),
        previous,
        hash,
        policy: policy.clone(),
        base: back.and_then(|back| back.base.clone()),
        grants: back.map_or_else(Vec::new, |back| back.grants.clone()),
        deployment_id: Some(primary.id.clone()).filter(|id| !id.is_empty()),
        started_at: input.now,
        before: None,
        moved_images: Vec::new(),
    })
}

/// Returns what the service was to get, its content hash, and what it ran before.
fn meant(
    input: &PlanInput<'_>,
    record: &WorkloadRecord,
    service: &ServiceView,
    policy: &PolicyRef,
) -> Option<(Purpose, String, String)> {
    let live = service.task_definition.as_str();
    let failed = record.failed.as_ref();
    let back = failed.and_then(|failed| Some((failed, failed.put_back.as_ref()?)));
    if let Some((failed, _)) = back.filter(|(_, back)| back.is_due() && back.revision == live) {
        let failed_revision = failed.task_definition.clone();
        return Some((Purpose::Restore, live.to_owned(), failed_revision));
    }
    let managed = record.managed.as_ref();
    if managed.is_some_and(|managed| managed.arn == live) {
        return None; // the owner deploys anew what was there
    }
    let registered = record
        .registered
        .as_ref()
        .filter(|registered| registered.arn == live);
    let ejects = record
        .rollout
        .as_ref()
        .is_some_and(|mark| mark.purpose == Purpose::Eject && mark.policy.is_same_content(policy));
    match (managed, registered) {
        (Some(managed), _) if ejects && managed.base.as_deref() == Some(live) => {
            Some((Purpose::Eject, live.to_owned(), managed.arn.clone()))
        }
        (_, Some(registered)) => {
            let purpose = if ejects {
                Purpose::Eject
            } else {
                Purpose::Inject
            };
            Some((
                purpose,
                registered.hash.clone(),
                previous(input, record, service)?,
            ))
        }
        _ => None,
    }
}

/// The revision that the service ran before: the recorded live one, one that ECS still drains, or the base of
/// ours.
fn previous(
    input: &PlanInput<'_>,
    record: &WorkloadRecord,
    service: &ServiceView,
) -> Option<String> {
    let live = service.task_definition.as_str();
    let managed = record.managed.as_ref().map(|managed| managed.arn.clone());
    let drained = service
        .deployments
        .iter()
        .find(|deployment| deployment.status == "ACTIVE" && deployment.task_definition != live);
    managed
        .filter(|arn| arn != live)
        .or_else(|| drained.map(|deployment| deployment.task_definition.clone()))
        .or_else(|| {
            let seen = input.observation.task_definitions.get(live);
            firelens_inject::marks(seen.and_then(Observed::present)?)?.base
        })
}
