//! Records what was seen and what is intended, before anything is done in AWS.
//!
//! What did not change is not written: an unchanged fleet costs the database nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use firelens_aws::record::{OwnedResource, RolloutRecord, WorkloadRecord};
use firelens_plan::Plan;
use firelens_store::{Lease, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::context::Ctx;
use crate::keep::keep;
use crate::load::Loaded;

/// How long an unanswered registration is remembered, in seconds. It matters as long as a workload wants that
/// content, and then it is looked for in each pass; after a day nobody does.
const INTENT_KEPT_SECONDS: i64 = 86_400;

/// Writes the records of a target as its plan demands. Returns `false` where something that the plan relies on is
/// being removed for another target at this moment: then nothing may be done.
///
/// A workload whose record the store refuses is left as it is: what cannot be recorded must not be begun.
///
/// # Errors
/// The store fails, or the lease is lost; then nothing may be done in AWS.
pub(crate) async fn before_apply(
    ctx: &Ctx,
    lease: &Lease,
    loaded: &Loaded,
    plan: &mut Plan,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !keep_resources(ctx, lease, plan).await? {
        return Ok(false);
    }
    keep_records(ctx, lease, loaded, plan).await?;
    let store = &ctx.store;
    let target = loaded.target.name();
    if !plan.forgotten_workloads.is_empty() {
        store
            .delete_records(lease, &plan.forgotten_workloads)
            .await?;
    }
    if !plan.forgotten_resources.is_empty() {
        store
            .delete_resources(lease, target, &plan.forgotten_resources)
            .await?;
    }
    if !plan.registered.is_empty() {
        store.put_revisions(lease, &plan.registered).await?;
    }
    if !plan.forgotten_revisions.is_empty() {
        store
            .delete_revisions(lease, target, &plan.forgotten_revisions)
            .await?;
    }
    let put = |records: Vec<RolloutRecord>| async move {
        store.put_rollouts(lease, target, &records, &[]).await
    };
    for (record, error) in keep(plan.rollouts.clone(), put).await? {
        ctx.note_refusal("RolloutRecord", &record.policy.name, &error);
    }
    if !plan.forgotten_rollouts.is_empty() {
        store
            .put_rollouts(lease, target, &[], &plan.forgotten_rollouts)
            .await?;
    }
    if !plan.generations.is_empty() || !plan.forgotten_generations.is_empty() {
        let (kept, gone) = (&plan.generations, &plan.forgotten_generations);
        store
            .put_policy_generations(lease, target, kept, gone)
            .await?;
    }
    let kept = SignedDuration::from_secs(INTENT_KEPT_SECONDS);
    let stale = loaded
        .intents
        .iter()
        .filter(|intent| now.duration_since(intent.recorded_at) > kept)
        .map(|intent| &intent.id);
    for id in plan.closed_intents.iter().chain(stale) {
        store.close_intent(lease, target, id).await?;
    }
    Ok(true)
}

/// Writes what was seen of resources; `false` where one of them is being removed for another target.
async fn keep_resources(ctx: &Ctx, lease: &Lease, plan: &Plan) -> Result<bool, StoreError> {
    let store = &ctx.store;
    let rows: Vec<OwnedResource> = plan.verified.iter().chain(&plan.marked).cloned().collect();
    let going = AtomicBool::new(false);
    let put = |rows: Vec<OwnedResource>| {
        let going = &going;
        async move {
            let taken = store.put_resources(lease, &rows).await?;
            going.fetch_or(!taken.is_empty(), Ordering::Relaxed);
            Ok(())
        }
    };
    for (row, error) in keep(rows, put).await? {
        ctx.note_refusal("OwnedResource", &row.id.to_string(), &error);
    }
    Ok(!going.into_inner())
}

/// Writes the records of workloads that changed.
async fn keep_records(
    ctx: &Ctx,
    lease: &Lease,
    loaded: &Loaded,
    plan: &mut Plan,
) -> Result<(), StoreError> {
    let store = &ctx.store;
    let changed: Vec<WorkloadRecord> = plan
        .workloads
        .values()
        .map(|workload| &workload.record)
        .filter(|record| match loaded.records.get(&record.key) {
            Some(known) => known != *record,
            None => !record.is_empty(),
        })
        .cloned()
        .collect();
    let put =
        |records: Vec<WorkloadRecord>| async move { store.put_records(lease, &records).await };
    for (record, error) in keep(changed, put).await? {
        let key = &record.key;
        ctx.note_refusal("WorkloadRecord", &key.to_string(), &error);
        let why = "the operator's database rejected the new state of the workload".to_owned();
        plan.leave(loaded.remembered(key), why);
    }
    Ok(())
}
