//! The first evaluation of a target: every workload alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::gate;
use crate::input::PlanInput;
use crate::model::{Decision, Plan, WorkloadPlan};
use crate::rollout::slots;
use crate::select::{self, Selection, Subject};
use crate::workload::desire::{self, Desired, Site};
use crate::workload::draft::{Draft, find_policy};
use crate::workload::injectors::Injectors;
use crate::workload::policy_errors::PolicyErrors;
use crate::workload::{draining, leaving, meanwhile, recover, retry, revert, scope, settle, track};
use firelens_aws::observe::{ClusterView, Needs, Observed, ServiceView};
use firelens_aws::record::{
    AttemptEnd, PolicyRef, Purpose, Registered, RolloutMark, WorkloadKey, WorkloadRecord,
};
use firelens_types::v1alpha1::RolloutStrategy;

/// Evaluates every workload alone. Workloads that could not be read, or are gone, are finished here.
pub(crate) fn survey<'a>(
    input: &PlanInput<'a>,
    plan: &mut Plan,
) -> BTreeMap<WorkloadKey, Draft<'a>> {
    let observation = input.observation;
    let keys: BTreeSet<&WorkloadKey> = observation
        .services
        .keys()
        .chain(input.records.keys())
        .collect();
    let mut shared = Shared {
        policy_errors: PolicyErrors::of(input),
        injectors: Injectors::of(input),
    };
    let mut drafts = BTreeMap::new();
    for key in keys {
        if input.handed_over.contains(key) {
            plan.forgotten_workloads.push(key.clone());
            continue;
        }
        let remembered = input
            .records
            .get(key)
            .cloned()
            .unwrap_or_else(|| WorkloadRecord::new(key.clone()));
        let service = match observation.services.get(key) {
            Some(Observed::Present(service)) if service.status == "ACTIVE" => service,
            Some(Observed::Present(service)) if service.still_drains() => {
                let why = draining::drains(service);
                plan.workloads
                    .insert(key.clone(), unknown(remembered, &why));
                continue;
            }
            Some(Observed::Unknown(why)) => {
                plan.workloads.insert(key.clone(), unknown(remembered, why));
                continue;
            }
            Some(_) => {
                plan.forgotten_workloads.push(key.clone());
                continue;
            }
            None => {
                not_listed(input, plan, key, remembered);
                continue;
            }
        };
        let Some(cluster) = observation.clusters.get(&key.cluster) else {
            continue;
        };
        let found = Found { cluster, service };
        let draft = draft(input, &mut shared, &found, &remembered);
        drafts.insert(key.clone(), draft);
    }
    for draft in drafts.values() {
        plan.needs.extend(draft.asks.clone());
    }
    drafts
}

/// A service that has a record and was not listed: it may not have been read, may be gone, or may be draining.
fn not_listed(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    key: &WorkloadKey,
    remembered: WorkloadRecord,
) {
    let why = match input.observation.unread(key) {
        Some(why) => why,
        // A service that is being deleted is no longer listed, while its tasks still run.
        None if draining::may_drain(input, &remembered) => {
            plan.needs.unlisted_services.insert(key.clone());
            draining::NOT_LISTED
        }
        None => {
            plan.forgotten_workloads.push(key.clone());
            return;
        }
    };
    plan.workloads.insert(key.clone(), unknown(remembered, why));
}

/// What the workloads of one pass share.
struct Shared<'a> {
    policy_errors: PolicyErrors,
    injectors: Injectors<'a>,
}

/// A service that was found, in its cluster.
struct Found<'a> {
    cluster: &'a ClusterView,
    service: &'a ServiceView,
}

fn draft<'a>(
    input: &PlanInput<'a>,
    shared: &mut Shared<'_>,
    found: &Found<'a>,
    remembered: &WorkloadRecord,
) -> Draft<'a> {
    let (cluster, service) = (found.cluster, found.service);
    let mut asks = Needs::default();
    let needs = &mut asks;
    let subject = Subject {
        target: input.target.name(),
        cluster,
        service,
    };
    let mut selection = select::select(&subject, input.policies);
    let out_of_scope = scope::narrow(input, &remembered.key, &mut selection);
    let remembered = &recover::deployment(input, remembered, service);
    let deadline = remembered
        .deployment
        .as_ref()
        .and_then(|deployment| find_policy(input, &deployment.policy))
        .map_or_else(default_deadline, |policy| {
            policy.spec.rollout.progress_deadline_seconds
        });
    let deadline = i64::from(deadline);
    let deadline = deadline.saturating_add(service.deployment_settings.bake_seconds);
    let mut record = track::advance(remembered, service, deadline, input.now);
    gate::explain(input, service, remembered, &mut record, needs);
    retry::forget_failure(input, &mut record);
    revert::note(input, service, &selection, &mut record);
    let mut evaluate = |record: &WorkloadRecord, needs: &mut Needs| {
        let site = Site {
            service,
            record,
            selection: &selection,
            out_of_scope,
            policy_errors: &shared.policy_errors,
        };
        desire::evaluate(input, &site, &mut shared.injectors, needs)
    };
    let mut desired = evaluate(&record, needs);
    if retry::forget_what_is_gone(service, &desired, &mut record) {
        // The first evaluation was made with the failure in the record.
        desired = evaluate(&record, needs);
    }
    adopt(&mut record, &desired, &service.task_definition, input.now);
    meanwhile::note_proven(input, service, &mut record);
    let wanted = selection.winner.is_some();
    if wanted || !record.is_empty() {
        leaving::note_shown(input, service, &mut record, needs);
    }
    let drift = wanted
        .then(|| revert::drift(input, service, &record, needs))
        .flatten();
    let mut draft = Draft {
        cluster,
        service,
        selection,
        record,
        desired,
        drift,
        asks,
    };
    slots::forget_old_mark(input, &mut draft);
    settle::note(input, &mut draft);
    draft
}

/// The deadline of a deployment whose policy is gone: it is not followed for ever.
fn default_deadline() -> u32 {
    RolloutStrategy::default().progress_deadline_seconds
}

/// Records what the live revision explains of itself, or forgets what it no longer shows.
fn adopt(record: &mut WorkloadRecord, desired: &Desired, live: &str, now: Timestamp) {
    if let Some(managed) = &desired.adopt {
        let failed = record.failed.as_ref();
        let has_failed = failed.is_some_and(|failed| {
            failed.task_definition == managed.arn && failed.end == AttemptEnd::Brought
        });
        if record.deployment.is_none() && !has_failed {
            reach(record, &managed.policy, now);
            record.ran = Some(managed.arn.clone());
            // Somebody else deployed what is wanted, so the failure before is irrelevant.
            record.failed = None;
        }
        if record.deployment.is_none() {
            record.admitted = None;
        }
        record.registered = Some(Registered {
            arn: managed.arn.clone(),
            hash: managed.hash.clone(),
            is_deregistered: false,
        });
        record.leaving.retain(|leaving| leaving.arn != managed.arn);
        record.managed = Some(managed.clone());
        record.had_router = true;
    }
    if let Some(older) = &desired.found_meanwhile {
        record.managed = Some(older.clone());
    }
    if desired.decision == Decision::Retained
        && let Some(managed) = record.managed.take()
    {
        record.set_down(managed);
    }
    let is_ours = desired.marks.is_some() && record.deployment.is_none();
    if matches!(desired.decision, Decision::Orphaned(_)) && is_ours {
        // So that it is evaluated in each pass from now on.
        record.ran = Some(live.to_owned());
    }
    if desired.change.is_none() && record.deployment.is_none() && desired.adopt.is_none() {
        record.admitted = None;
    }
}

/// Marks that the rollout of that generation has nothing to do here, or nothing any longer.
fn reach(record: &mut WorkloadRecord, policy: &PolicyRef, now: Timestamp) {
    let mark = record.rollout.as_ref();
    if mark.is_some_and(|mark| mark.is_of(policy, Purpose::Inject)) {
        track::settle_mark(record, policy, Purpose::Inject, now);
    } else {
        record.rollout = Some(RolloutMark {
            policy: policy.clone(),
            purpose: Purpose::Inject,
            digest: String::new(),
            wave: None,
            started_at: now,
            settled_at: Some(now),
        });
    }
}

fn unknown(record: WorkloadRecord, why: &str) -> WorkloadPlan {
    WorkloadPlan {
        selection: Selection::default(),
        decision: Decision::Unknown(why.to_owned()),
        requires: Vec::new(),
        steps: Vec::new(),
        keeps: Vec::new(),
        drift: None,
        notes: Vec::new(),
        record,
        current_revision: None,
        marks: None,
        claim: None,
    }
}
