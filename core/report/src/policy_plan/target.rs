//! Reviews a policy in one target.
//!
//! Requests reads like a plan does, and is final once there is nothing more to read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{Outlook, PlanSummary, PlannedObject, PlannedWorkload, TargetPlan};
use super::roles;
use super::unified::unified_diff;
use crate::status::decision_reason;
use firelens_aws::observe::{Needs, Observed};
use firelens_aws::record::{Purpose, WorkloadKey};
use firelens_inject::difference::{Difference, differences};
use firelens_inject::preview::{self, Runtime};
use firelens_plan::select::launch_type;
use firelens_plan::{Decision, DryRunRevision, DryRunWorkload, PlanInput, dry_run};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{IamMode, LoggingPolicy, workload_name};

/// A review, and what must be read before it is final.
#[derive(Clone, Debug, Default)]
pub struct PolicyPlan {
    /// The reads that are needed; then the review is repeated.
    pub needs: Needs,
    /// The review.
    pub plan: TargetPlan,
}

/// Reviews what `policy`, one of `input.policies`, would do in the target; at most `limit` workloads are
/// described, all are counted.
#[must_use]
pub fn policy_plan(input: &PlanInput<'_>, policy: &LoggingPolicy, limit: usize) -> PolicyPlan {
    let considered = dry_run(input, policy.uid());
    let mut reviewed = PolicyPlan {
        needs: considered.needs,
        plan: TargetPlan {
            target: input.target.name().to_owned(),
            unread: input
                .observation
                .unread_clusters
                .iter()
                .map(|(cluster, why)| format!("{cluster}: {why}"))
                .collect(),
            ..TargetPlan::default()
        },
    };
    let mut objects = BTreeMap::new();
    for (key, dry_run) in &considered.workloads {
        count(&mut reviewed.plan.summary, outlook(dry_run));
        for object in &dry_run.objects {
            objects.insert(
                (object.bucket.clone(), object.key.clone()),
                object.body.len(),
            );
        }
        if reviewed.plan.workloads.len() < limit {
            reviewed.plan.workloads.push(workload(input, key, dry_run));
        }
    }
    reviewed.plan.objects = objects
        .into_iter()
        .map(|((bucket, key), bytes)| PlannedObject {
            bucket,
            key,
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
        })
        .collect();
    if policy.spec.iam.mode == IamMode::Manage {
        reviewed.plan.roles =
            roles::evaluate(input, policy, &considered.workloads, &mut reviewed.needs);
    }
    reviewed
}

fn outlook(dry_run: &DryRunWorkload) -> Outlook {
    match (&dry_run.decision, &dry_run.change) {
        (Decision::Refused(_) | Decision::Claimed(_), _) => Outlook::Refused,
        (Decision::Unknown(_), _) => Outlook::Unknown,
        (_, Some(change)) => match change.purpose {
            Purpose::Inject => Outlook::Inject,
            Purpose::Eject | Purpose::Restore => Outlook::Eject,
        },
        _ => Outlook::Unchanged,
    }
}

fn count(summary: &mut PlanSummary, outlook: Outlook) {
    summary.workloads += 1;
    *match outlook {
        Outlook::Inject => &mut summary.inject,
        Outlook::Eject => &mut summary.eject,
        Outlook::Unchanged => &mut summary.unchanged,
        Outlook::Refused => &mut summary.refused,
        Outlook::Unknown => &mut summary.unknown,
    } += 1;
}

fn workload(input: &PlanInput<'_>, key: &WorkloadKey, dry_run: &DryRunWorkload) -> PlannedWorkload {
    let (reason, message) = decision_reason(&dry_run.decision, &dry_run.record);
    let waits_for = dry_run.held_back.as_ref().map(|held| {
        let (reason, message) = decision_reason(held, &dry_run.record);
        format!("{reason}: {message}")
    });
    let (given_back, after) = match dry_run.change.as_ref().map(|change| &change.revision) {
        Some(DryRunRevision::Existing(arn)) => {
            let seen = input.observation;
            let known = seen.fresh_task_definitions.get(arn);
            let known = known.or_else(|| seen.task_definitions.get(arn));
            let document = known.and_then(Observed::present);
            let body = document.map(TaskDefinitionDoc::to_register_input);
            (Some(arn.clone()), body)
        }
        Some(DryRunRevision::Content(body)) => (None, Some(body.clone())),
        None => (None, None),
    };
    let after_name = given_back.as_deref().map_or("planned", short);
    let (differences, diff) = after
        .map(|after| compared(input, &dry_run.live, &after, after_name))
        .unwrap_or_default();
    PlannedWorkload {
        name: workload_name(&key.target, &key.cluster, &key.service),
        cluster: key.cluster.clone(),
        service: key.service.clone(),
        outlook: outlook(dry_run),
        reason: reason.to_string(),
        message,
        waits_for,
        revision: dry_run.live.clone(),
        desired_count: dry_run.desired_count,
        given_back,
        differences,
        diff,
        rights: dry_run.grants.clone(),
        notes: dry_run
            .notes
            .iter()
            .map(|note| format!("{}: {}", note.code, note.message))
            .collect(),
        preview: previewed(input, key, dry_run),
    }
}

/// The configuration with which the tasks would start, or do start; `None` where the router is removed.
fn previewed(input: &PlanInput<'_>, key: &WorkloadKey, dry_run: &DryRunWorkload) -> Option<String> {
    let parsed;
    let document = match dry_run
        .change
        .as_ref()
        .map(|change| (change.purpose, &change.revision))
    {
        Some((Purpose::Inject, DryRunRevision::Content(body))) => {
            parsed = TaskDefinitionDoc::parse(body).ok()?;
            &parsed
        }
        Some(_) => return None,
        None => {
            let live = input
                .observation
                .task_definitions
                .get(&dry_run.live)?
                .present()?;
            firelens_inject::marks(live)?;
            live
        }
    };
    let service = input
        .observation
        .services
        .get(key)
        .and_then(Observed::present)?;
    let mut runtime = Runtime::unknown(document, launch_type(service));
    runtime.cluster.clone_from(&key.cluster);
    Some(
        match preview::with_objects(document, &runtime, &dry_run.objects) {
            Ok(preview) => preview.to_string(),
            Err(error) => error.to_string(),
        },
    )
}

/// How `after`, a register body, differs from the live revision: path by path, and as a unified diff.
fn compared(
    input: &PlanInput<'_>,
    live: &str,
    after: &str,
    after_name: &str,
) -> (Vec<Difference>, Option<String>) {
    let known = input.observation.task_definitions.get(live);
    let Some(known) = known.and_then(Observed::present) else {
        return (Vec::new(), None);
    };
    let (Some(before), Some(after)) = (parse(&known.to_register_input()), parse(after)) else {
        return (Vec::new(), None);
    };
    let diff = unified_diff(&before, &after, short(live), after_name);
    let diff = Some(diff).filter(|diff| !diff.is_empty());
    (differences(&before, &after), diff)
}

/// `FAMILY:REVISION` of an ARN.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

pub(super) fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}
