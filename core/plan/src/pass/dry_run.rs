//! The effect of a policy on each workload it touches, if nothing had to wait.
//!
//! The same stages as in a plan, up to the slots. The result contains no steps, so it cannot be applied.

use std::collections::BTreeMap;

use crate::input::PlanInput;
use crate::model::Decision;
use crate::pass::stages::Evaluated;
use crate::rollout::held_back;
use crate::workload::desire::WantedRevision;
use crate::workload::draft::Draft;
use firelens_aws::iam::Grant;
use firelens_aws::observe::Needs;
use firelens_aws::record::{Purpose, WorkloadKey, WorkloadRecord};
use firelens_inject::{ConfigObject, Note};

/// The effect of a policy on every workload it touches.
#[derive(Clone, Debug, Default)]
pub struct DryRun {
    /// What must be read before the answer is final.
    pub needs: Needs,
    /// Workloads that the policy wins, or that have its router and would lose it.
    pub workloads: BTreeMap<WorkloadKey, DryRunWorkload>,
}

/// One workload under the policy.
#[derive(Clone, Debug)]
pub struct DryRunWorkload {
    /// What would be decided; slots in a rollout are not considered.
    pub decision: Decision,
    /// What holds the change back now: a deployment by its owner, a failed attempt.
    pub held_back: Option<Decision>,
    /// The record of the workload.
    pub record: WorkloadRecord,
    /// Revision that the service is set to.
    pub live: String,
    /// The number of tasks that the service wants.
    pub desired_count: i64,
    /// The change that would be made to the service.
    pub change: Option<DryRunChange>,
    /// What its roles must allow, whether in force already or not.
    pub grants: Vec<Grant>,
    /// Files that must be in S3.
    pub objects: Vec<ConfigObject>,
    /// Hints for people.
    pub notes: Vec<Note>,
}

/// A change to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRunChange {
    /// Whether the router is added or removed.
    pub purpose: Purpose,
    /// The revision.
    pub revision: DryRunRevision,
}

/// A revision that exists, or the content of one to register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DryRunRevision {
    /// ARN of the owner's own revision.
    Existing(String),
    /// Body of the `RegisterTaskDefinition` call.
    Content(String),
}

/// Evaluates every workload under the policy of that uid, which is among `input.policies`.
#[must_use]
pub fn dry_run(input: &PlanInput<'_>, policy_uid: &str) -> DryRun {
    let (needs, drafts) = Evaluated::of(input).clear(input).into_parts();
    let mut dry_run = DryRun {
        needs,
        workloads: BTreeMap::new(),
    };
    for (key, draft) in drafts {
        if touches(&draft, policy_uid) {
            dry_run.workloads.insert(key, workload(input, draft));
        }
    }
    dry_run
}

fn touches(draft: &Draft<'_>, policy_uid: &str) -> bool {
    let winner = draft.selection.winner.as_ref();
    let marks = draft.desired.marks.as_ref();
    winner.is_some_and(|won| won.uid == policy_uid)
        || marks.is_some_and(|marks| marks.policy_uid == policy_uid)
}

fn workload(input: &PlanInput<'_>, draft: Draft<'_>) -> DryRunWorkload {
    let held_back = draft
        .desired
        .change
        .as_ref()
        .and_then(|change| held_back::held_back(input, &draft, change));
    let desired = draft.desired;
    DryRunWorkload {
        decision: desired.decision,
        held_back,
        record: draft.record,
        live: draft.service.task_definition.clone(),
        desired_count: draft.service.desired_count,
        change: desired.change.map(|change| DryRunChange {
            purpose: change.purpose,
            revision: match change.revision {
                WantedRevision::Existing(arn) => DryRunRevision::Existing(arn),
                WantedRevision::Content { body, .. } => DryRunRevision::Content(body),
            },
        }),
        grants: desired.grants,
        objects: desired.objects,
        notes: desired.notes,
    }
}
