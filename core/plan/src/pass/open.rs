//! Workloads whose requested reads were not answered in a pass.
//!
//! Nothing is started for them and nothing of them is forgotten; the others are not affected.

use std::collections::BTreeMap;

use crate::input::PlanInput;
use crate::model::{Decision, Plan, Wait};
use crate::resources::sharing;
use crate::workload::desire::Desired;
use crate::workload::draft::Draft;
use firelens_aws::observe::Needs;
use firelens_aws::record::{WorkloadKey, WorkloadRecord};

impl Plan {
    /// Leaves a workload as it is in this pass, for a reason outside of the plan: its record stays `remembered`,
    /// and nothing is started.
    pub fn leave(&mut self, remembered: WorkloadRecord, why: String) {
        let Some(workload) = self.workloads.get_mut(&remembered.key) else {
            return;
        };
        workload.decision = Decision::Waiting(Wait::Read(why));
        workload.steps.clear();
        workload.requires.clear();
        workload.record = remembered;
    }
}

/// What is done with workloads that requested a read.
pub(crate) type Settle = fn(&PlanInput<'_>, &mut BTreeMap<WorkloadKey, Draft<'_>>);

/// Leaves them as they are: there is another round.
pub(crate) const fn leave(_: &PlanInput<'_>, _: &mut BTreeMap<WorkloadKey, Draft<'_>>) {}

/// Extends the requests about a shared role to all workloads that would widen one.
pub(crate) fn concern(
    input: &PlanInput<'_>,
    asked: &Needs,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) {
    let first = asked.task_definitions.first();
    let role = asked.role_users.first();
    if first.is_none() && role.is_none() {
        return;
    }
    for draft in drafts.values_mut() {
        if sharing::is_guarded(input, &draft.desired) {
            draft.asks.task_definitions.extend(first.cloned());
            draft.asks.role_users.extend(role.cloned());
        }
    }
}

/// Makes them wait; their records stay as they were.
pub(crate) fn wait(input: &PlanInput<'_>, drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>) {
    for (key, draft) in drafts.iter_mut() {
        if draft.asks.is_empty() {
            continue;
        }
        let why = format!(
            "{}: each response from AWS made another read necessary; the service is not changed until the next pass",
            draft.asks.first()
        );
        let mut desired = Desired::new(Decision::Waiting(Wait::Read(why)));
        desired.marks = draft.desired.marks.take();
        draft.desired = desired;
        draft.drift = None;
        draft.record = match input.records.get(key) {
            Some(remembered) => remembered.clone(),
            None => WorkloadRecord::new(key.clone()),
        };
    }
}
