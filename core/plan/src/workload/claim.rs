//! Whether a managed revision is this installation's, another's, or of a policy that nobody knows.
//!
//! A pass never writes what another installation manages: two operators that both want a service would redeploy it
//! for ever.

use std::collections::BTreeMap;

use crate::input::PlanInput;
use crate::model::Plan;
use crate::workload::desire::Site;
use crate::workload::draft::{Draft, find_policy};
use firelens_aws::observe::Needs;
use firelens_aws::record::{ResourceId, WorkloadKey, WorkloadRecord};
use firelens_inject::Marks;
use firelens_types::v1alpha1::LoggingPolicy;

/// The number of services that no policy wins and that have no record which one pass checks for a router left
/// there by a lost database. All of them are checked in rotation, this many with each resync.
pub const ORPHANS_LOOKED_FOR_PER_PASS: usize = 100;

/// Whether a router of another installation may rely on a resource of ours: then it is not removed.
pub(crate) fn is_relied_on_elsewhere(plan: &Plan, id: &ResourceId) -> bool {
    let claims = plan.workloads.values();
    let mut claims = claims.filter_map(|workload| workload.claim.as_ref());
    claims.any(|claim| claim.relies_on(id))
}

/// Whether a policy is the one that the marks name: the same object, or, for revisions that this installation
/// made, the one that has its name today. After the database was lost the same policy has another uid.
pub(crate) fn is_same(input: &PlanInput<'_>, policy: &LoggingPolicy, marks: &Marks) -> bool {
    policy.uid() == marks.policy_uid
        || policy.name() == marks.policy && marks.is_of(input.installation)
}

/// Returns the policy that manages the revision with these marks, if it still exists: the one that injected it, or
/// the one that was seen to want exactly that since.
pub(crate) fn owner_of<'a>(
    input: &PlanInput<'a>,
    site: &Site<'_>,
    marks: &Marks,
) -> Option<&'a LoggingPolicy> {
    let policies = || input.policies.iter();
    let managed = site.record.managed.as_ref();
    let managed = managed.filter(|managed| managed.arn == site.service.task_definition);
    policies()
        .find(|policy| policy.uid() == marks.policy_uid)
        .or_else(|| find_policy(input, &managed?.policy))
        .or_else(|| policies().find(|policy| is_same(input, policy, marks)))
}

/// The marks of a live revision with the uid that its policy has today.
pub(crate) fn known_as(input: &PlanInput<'_>, site: &Site<'_>, mut marks: Marks) -> Marks {
    if let Some(owner) = owner_of(input, site, &marks) {
        owner.uid().clone_into(&mut marks.policy_uid);
    }
    marks
}

/// Requests the revisions of some services that nobody wants and that have no record, so that a router that
/// nevertheless runs there is recognised. Which services depends on the time, so that all are checked in rotation;
/// within a pass the choice stays the same.
pub(crate) fn look_for_orphans(
    input: &PlanInput<'_>,
    needs: &mut Needs,
    drafts: &BTreeMap<WorkloadKey, Draft<'_>>,
) {
    let is_unknown = |key| input.records.get(key).is_none_or(WorkloadRecord::is_empty);
    let unwanted: Vec<&str> = drafts
        .iter()
        .filter(|(key, draft)| is_unknown(key) && draft.selection.winner.is_none())
        .filter(|(_, draft)| draft.selection.opted_out_by.is_none())
        .map(|(_, draft)| draft.service.task_definition.as_str())
        .filter(|arn| !arn.is_empty())
        .collect();
    let rounds = unwanted.len().div_ceil(ORPHANS_LOOKED_FOR_PER_PASS);
    let resync = i64::from(input.target.spec.resync_seconds.max(1));
    let turn = usize::try_from(input.now.as_second() / resync).unwrap_or_default();
    let Some(turn) = turn.checked_rem(rounds) else {
        return;
    };
    let some = unwanted
        .into_iter()
        .skip(turn * ORPHANS_LOOKED_FOR_PER_PASS)
        .take(ORPHANS_LOOKED_FOR_PER_PASS);
    let seen = &input.observation.task_definitions;
    let unread = some.filter(|arn| !seen.contains_key(*arn));
    needs.task_definitions.extend(unread.map(str::to_owned));
}
