//! Files in S3 that no revision names any more, of policies that still exist.
//!
//! A file that a task could still ask for is kept: every revision the operator knows of is checked first, and one
//! that cannot be read counts as naming every file.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::input::PlanInput;
use crate::model::{Plan, Removal};
use crate::removal::{has_time, is_known};
use crate::resources::State;
use crate::workload::draft::find_policy;
use firelens_aws::observe::{Observed, ServiceView};
use firelens_aws::record::{OwnedResource, ResourceId, WorkloadRecord};
use firelens_taskdef::TaskDefinitionDoc;

/// The time for which a file is kept after the last revision that names it is out of use: seven days, so that
/// somebody who deploys an older revision by hand finds it.
pub const OBJECT_GRACE_SECONDS: i64 = 604_800;

/// The most files of existing policies that one pass removes.
pub const REMOVALS_PER_PASS: usize = 20;

/// The part of an S3 ARN before bucket and key.
const S3_ARN: &str = ":s3:::";

/// Marks objects that became spare, unmarks those that are named again, and plans the removal of those that were
/// spare for long enough. A pass with other work only counts.
pub(crate) fn plan(input: &PlanInput<'_>, plan: &mut Plan, states: &BTreeMap<ResourceId, State>) {
    let candidates: Vec<&OwnedResource> = input
        .resources
        .values()
        .filter(|resource| is_candidate(input, resource))
        .collect();
    let (wanted, unwanted): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .partition(|resource| states.contains_key(&resource.id));
    for resource in wanted {
        mark(plan, resource, None);
    }
    let known_spare = unwanted
        .iter()
        .filter(|object| object.spare_since.is_some());
    plan.spare_objects = count(known_spare);
    if unwanted.is_empty() || !has_time(plan) || input.target.spec.suspend {
        return;
    }
    let places: BTreeSet<String> = unwanted
        .iter()
        .filter_map(|object| place(&object.id))
        .collect();
    let Some(named) = named_objects(input, plan, &places) else {
        return;
    };
    let (named, spare): (Vec<_>, Vec<_>) = unwanted
        .into_iter()
        .partition(|resource| place(&resource.id).is_none_or(|place| named.contains(&place)));
    for resource in named {
        mark(plan, resource, None);
    }
    plan.spare_objects = count(spare.iter());
    remove(input, plan, &spare);
}

/// Notes since when objects are spare, and removes a few of those whose grace has passed.
fn remove(input: &PlanInput<'_>, plan: &mut Plan, spare: &[&OwnedResource]) {
    // A target that is being deleted removes its spare objects as well.
    let is_last = input.target.is_deleting();
    let grace = match is_last {
        true => SignedDuration::ZERO,
        false => SignedDuration::from_secs(OBJECT_GRACE_SECONDS),
    };
    let mut removed = 0;
    for resource in spare {
        let first_seen = is_last.then_some(input.now);
        let Some(since) = resource.spare_since.or(first_seen) else {
            mark(plan, resource, Some(input.now));
            continue;
        };
        if removed < REMOVALS_PER_PASS && input.now.duration_since(since) >= grace {
            removed += 1;
            plan.removals.push(Removal {
                id: resource.id.clone(),
                policy: resource.policy.clone(),
            });
        }
    }
}

fn count<'a>(resources: impl Iterator<Item = &'a &'a OwnedResource>) -> u32 {
    u32::try_from(resources.count()).unwrap_or(u32::MAX)
}

/// Whether an object is a candidate. Objects of a policy that is being deleted are removed with it.
fn is_candidate(input: &PlanInput<'_>, resource: &OwnedResource) -> bool {
    matches!(resource.id, ResourceId::Object { .. })
        && find_policy(input, &resource.policy).is_some_and(|policy| !policy.is_deleting())
}

/// `BUCKET/KEY` of an object.
fn place(id: &ResourceId) -> Option<String> {
    match id {
        ResourceId::Object { bucket, key } => Some(format!("{bucket}/{key}")),
        ResourceId::RolePolicy { .. } => None,
    }
}

fn mark(plan: &mut Plan, resource: &OwnedResource, spare_since: Option<Timestamp>) {
    if resource.spare_since == spare_since {
        return;
    }
    if plan.verified.iter().any(|seen| seen.id == resource.id) {
        return; // its row is written anew already
    }
    plan.marked.push(OwnedResource {
        spare_since,
        ..resource.clone()
    });
}

/// Returns the candidates that a known revision names; `None` while that is not known.
fn named_objects(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    candidates: &BTreeSet<String>,
) -> Option<BTreeSet<String>> {
    if !is_known(plan) || !input.observation.unread_clusters.is_empty() {
        return None;
    }
    let mut named = BTreeSet::new();
    let mut complete = true;
    for arn in known_revisions(input, plan) {
        match input.observation.task_definitions.get(&arn) {
            Some(Observed::Present(document)) => add_named(document, candidates, &mut named),
            Some(Observed::Absent) => {}
            Some(Observed::Unknown(_)) => complete = false,
            None => {
                plan.needs.task_definitions.insert(arn);
                complete = false;
            }
        }
    }
    complete.then_some(named)
}

/// ARNs of all revisions that run, are being deployed, or may be restored.
fn known_revisions(input: &PlanInput<'_>, plan: &Plan) -> BTreeSet<String> {
    let services = input.observation.services.values();
    let running = services.filter_map(Observed::present).flat_map(of_service);
    let records = input.records.values();
    let remembered = records.flat_map(of_record);
    let owned = input.revisions.keys().map(String::as_str);
    let coming = plan.workloads.values();
    let coming = coming.flat_map(|workload| of_record(&workload.record));
    running
        .chain(remembered)
        .chain(coming)
        .chain(owned)
        .filter(|arn| !arn.is_empty())
        .map(str::to_owned)
        .collect()
}

fn of_service(service: &ServiceView) -> impl Iterator<Item = &str> {
    std::iter::once(service.task_definition.as_str()).chain(service.shown_revisions())
}

fn of_record(record: &WorkloadRecord) -> Vec<&str> {
    let mut arns = Vec::new();
    let registered = record.registered.iter();
    let registered = registered.filter(|revision| !revision.is_deregistered);
    arns.extend(registered.map(|revision| revision.arn.as_str()));
    for managed in record.managed.iter().chain(&record.leaving) {
        arns.push(&managed.arn);
        arns.extend(managed.base.as_deref());
    }
    if let Some(deployment) = &record.deployment {
        arns.extend([&deployment.task_definition, &deployment.previous].map(String::as_str));
        arns.extend(deployment.base.as_deref());
    }
    if let Some(race) = &record.overtaken {
        arns.extend([&race.ours, &race.theirs].map(String::as_str));
    }
    arns
}

/// Adds the candidates that a revision names: the file of the agent, the objects of the init process,
/// and whatever else holds their ARN.
fn add_named(
    document: &TaskDefinitionDoc,
    candidates: &BTreeSet<String>,
    named: &mut BTreeSet<String>,
) {
    let text = document.to_register_input();
    if !text.contains(S3_ARN) {
        return;
    }
    match serde_json::from_str(&text) {
        Ok(document) => add_named_in(&document, candidates, named),
        // Cannot happen for a document that was parsed; everything counts as named.
        Err(_) => named.extend(candidates.iter().cloned()),
    }
}

fn add_named_in(value: &Value, candidates: &BTreeSet<String>, named: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for rest in text.split(S3_ARN).skip(1) {
                let matching = candidates.iter().filter(|place| rest.starts_with(*place));
                named.extend(matching.cloned());
            }
        }
        Value::Array(values) => {
            for value in values {
                add_named_in(value, candidates, named);
            }
        }
        Value::Object(members) => {
            for value in members.values() {
                add_named_in(value, candidates, named);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
