//! Whether a target still looks after a workload: the target names its cluster, and is not being deleted.
//!
//! A workload that runs a router is never forgotten: it stays known, with its rights, until the router is taken
//! out, or another target has taken it on.

use crate::input::PlanInput;
use crate::model::{Decision, Plan, WorkloadPlan};
use crate::select::{Selection, glob_matches};
use crate::workload::claim::owner_of;
use crate::workload::desire::Site;
use firelens_aws::record::WorkloadKey;
use firelens_inject::Marks;
use firelens_types::v1alpha1::{AwsTarget, DELETION_POLICY_ANNOTATION, DeletionPolicy, RETAIN};

/// Whether the target looks after services of that cluster.
#[must_use]
pub fn covers(target: &AwsTarget, cluster: &str) -> bool {
    let mut clusters = target.spec.clusters.iter();
    !target.is_deleting() && clusters.any(|glob| glob_matches(glob, cluster))
}

/// Takes the policies away from a workload that the target no longer looks after. Returns whether one would have
/// won it.
pub(crate) fn narrow(input: &PlanInput<'_>, key: &WorkloadKey, selection: &mut Selection) -> bool {
    if covers(input.target, &key.cluster) {
        return false;
    }
    let opted_out_by = selection.opted_out_by;
    let is_wanted = selection.winner.is_some();
    *selection = Selection {
        opted_out_by,
        ..Selection::default()
    };
    is_wanted
}

/// Whether a router that a policy still wants is left where it is: the policy exists, and manages it.
pub(crate) fn is_held(input: &PlanInput<'_>, site: &Site<'_>, marks: &Marks) -> bool {
    owner_of(input, site, marks).is_some_and(|policy| {
        !policy.is_deleting() && policy.spec.deletion_policy != DeletionPolicy::Retain
    })
}

/// Whether a workload that the target no longer looks after can be forgotten.
pub(crate) fn is_over(input: &PlanInput<'_>, key: &WorkloadKey, workload: &WorkloadPlan) -> bool {
    !covers(input.target, &key.cluster)
        && workload.marks.is_none()
        && !workload.record.relies()
        && workload.steps.is_empty()
}

/// Returns what keeps a target that is being deleted: workloads that are managed and that run something of ours,
/// in order.
#[must_use]
pub fn held_by(plan: &Plan) -> Vec<&WorkloadKey> {
    let held = plan.workloads.iter().filter(|(_, workload)| {
        let lets_go = matches!(
            workload.decision,
            Decision::Retained | Decision::Orphaned(_)
        );
        workload.record.relies() && !lets_go
    });
    held.map(|(key, _)| key).collect()
}

/// Whether an annotation permits a target to be removed although routers run there.
#[must_use]
pub fn retains(target: &AwsTarget) -> bool {
    let annotations = &target.metadata.annotations;
    annotations
        .get(DELETION_POLICY_ANNOTATION)
        .is_some_and(|policy| policy == RETAIN)
}
