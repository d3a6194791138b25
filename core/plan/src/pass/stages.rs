//! The stages of a plan, each a value that only the one before can make.
//!
//! [`Evaluated`], [`Cleared`], [`Slotted`], [`Planned`]: a stage that is called too early does not compile. The
//! reads that a stage still needs are in the plan that it carries.

use std::collections::{BTreeMap, BTreeSet};

use crate::input::PlanInput;
use crate::model::Plan;
use crate::pass::wishes::evaluate_resources;
use crate::pass::{finish, open, requeue, survey};
use crate::removal::{self, former, garbage, revisions};
use crate::resources::{State, rights, sharing};
use crate::rollout::slots::{self, Slots};
use crate::workload::draft::Draft;
use crate::workload::{claim, logs, meanwhile, put_back, scope};
use firelens_aws::observe::Needs;
use firelens_aws::record::{ResourceId, WorkloadKey};

/// Workloads on their way through the stages.
type Drafts<'a> = BTreeMap<WorkloadKey, Draft<'a>>;

/// The state after each workload was evaluated alone.
pub(crate) struct Evaluated<'a> {
    plan: Plan,
    drafts: Drafts<'a>,
}

impl<'a> Evaluated<'a> {
    /// Evaluates every workload of the target alone.
    pub(crate) fn of(input: &PlanInput<'a>) -> Self {
        let mut plan = Plan::default();
        let drafts = survey::survey(input, &mut plan);
        Self { plan, drafts }
    }

    /// Looks for routers without a record, and for services that a failed deployment left behind.
    pub(crate) fn follow(mut self, input: &PlanInput<'_>, settle: open::Settle) -> Self {
        claim::look_for_orphans(input, &mut self.plan.needs, &self.drafts);
        settle(input, &mut self.drafts);
        put_back::evaluate(input, &mut self.plan.needs, &mut self.drafts);
        self
    }

    /// Refuses changes that the roles of the workloads do not permit: roles that others use, and roles that lack a
    /// right.
    pub(crate) fn clear(mut self, input: &PlanInput<'_>) -> Cleared<'a> {
        let mut asked = Needs::default();
        sharing::refuse_shared_roles(input, &mut asked, &mut drafts_view(&mut self.drafts));
        open::concern(input, &asked, &mut self.drafts);
        self.plan.needs.extend(asked);
        rights::verify(input, &mut self.plan.needs, &mut self.drafts);
        Cleared {
            plan: self.plan,
            drafts: self.drafts,
        }
    }
}

/// The state after changes that the roles do not permit were refused.
pub(crate) struct Cleared<'a> {
    plan: Plan,
    drafts: Drafts<'a>,
}

impl<'a> Cleared<'a> {
    /// Checks whether the logs of what runs arrive.
    pub(crate) fn look_for_logs(mut self, input: &PlanInput<'_>, settle: open::Settle) -> Self {
        logs::follow(input, &mut self.plan.needs, &mut self.drafts);
        settle(input, &mut self.drafts);
        self
    }

    /// Returns the reads that are still needed and the workloads. For a dry run, which gives no slots.
    pub(crate) fn into_parts(self) -> (Needs, Drafts<'a>) {
        (self.plan.needs, self.drafts)
    }

    /// Gives slots in the rollouts.
    pub(crate) fn give_slots(mut self, input: &PlanInput<'a>) -> Slotted<'a> {
        let slots = slots::give(input, &mut self.plan, &mut self.drafts);
        Slotted {
            plan: self.plan,
            drafts: self.drafts,
            slots,
        }
    }
}

/// The state after slots were given: it is known who may change something in this pass.
pub(crate) struct Slotted<'a> {
    plan: Plan,
    drafts: Drafts<'a>,
    slots: Slots,
}

impl Slotted<'_> {
    /// Evaluates the shared resources and plans the steps of workloads that have a slot.
    pub(crate) fn lay_out(mut self, input: &PlanInput<'_>) -> Planned {
        let plan = &mut self.plan;
        let states = evaluate_resources(input, plan, &self.drafts, &self.slots);
        let pending = revisions::pending(&self.drafts, input.now);
        for (key, draft) in self.drafts {
            let entry = finish::finish(input, plan, &key, draft, &self.slots, &states);
            if scope::is_over(input, &key, &entry) {
                plan.forgotten_workloads.push(key);
            } else {
                plan.workloads.insert(key, entry);
            }
        }
        Planned {
            plan: self.plan,
            states,
            pending,
        }
    }
}

/// The state after each workload has its steps.
pub(crate) struct Planned {
    plan: Plan,
    states: BTreeMap<ResourceId, State>,
    pending: BTreeSet<String>,
}

impl Planned {
    /// Plans the removal of what nobody needs any more, counts, and sets the time of the next pass.
    pub(crate) fn remove(self, input: &PlanInput<'_>) -> Plan {
        let (mut plan, states) = (self.plan, self.states);
        revisions::plan(input, &mut plan, &self.pending);
        removal::plan(input, &mut plan);
        former::retire(input, &mut plan, &states);
        garbage::plan(input, &mut plan, &states);
        removal::count(input, &mut plan);
        meanwhile::keep(input, &mut plan);
        plan.requeue_at = requeue::requeue_at(input, &plan);
        plan
    }
}

/// The part of the drafts that `sharing` needs.
fn drafts_view<'d>(drafts: &'d mut Drafts<'_>) -> Vec<sharing::Entry<'d>> {
    drafts
        .iter_mut()
        .filter(|(_, draft)| !draft.desired.decision.is_out_of_scope())
        .map(|(key, draft)| sharing::Entry {
            key,
            revision: &draft.service.task_definition,
            winner: draft.selection.winner.as_ref(),
            desired: &mut draft.desired,
        })
        .collect()
}
