//! Blockers of a whole rollout, or of a class of its changes: freezes, windows, people, approval, failures.
//!
//! Reasons of one workload alone are not considered here.

use jiff::Timestamp;

use crate::input::PlanInput;
use crate::model::Wait;
use crate::rollout::Class;
use crate::select::glob_matches;
use firelens_types::v1alpha1::window::{self, Opening};
use firelens_types::v1alpha1::{Approval, LoggingPolicy, RolloutPlan};

/// The size of one change, of which the target limits what goes without approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ceiling {
    /// Services of the target.
    pub(crate) services: usize,
    /// Workloads that the plan touches.
    pub(crate) touched: usize,
}

impl Ceiling {
    /// Whether the target requires approval of a change of this size.
    fn is_exceeded(self, input: &PlanInput<'_>) -> bool {
        let services = u32::try_from(self.services).unwrap_or(u32::MAX);
        let most = input.target.spec.approval_above;
        most.is_some_and(|most| self.touched > most.of(services) as usize)
    }
}

/// The blockers of one rollout when slots are given.
#[derive(Clone, Debug)]
pub(crate) struct Blocker {
    frozen: Option<Wait>,
    window: Option<Wait>,
    /// Whether a person paused it.
    paused: bool,
    /// Why failures or a gate stopped it.
    stopped: Option<String>,
    aborted: bool,
    /// The hash of the plan that still needs approval.
    unapproved: Option<String>,
    /// Whether the ceiling also requires approval of what is undone.
    above_ceiling: bool,
}

impl Blocker {
    /// Evaluates the rollout of `policy`, whose plan is `plan`.
    pub(crate) fn of(
        input: &PlanInput<'_>,
        policy: &LoggingPolicy,
        plan: &RolloutPlan,
        ceiling: Ceiling,
        stopped: Option<String>,
    ) -> Self {
        let control = input.controls.get(policy.uid());
        let is_asked = plan.needs_approval && !plan.approved;
        Self {
            frozen: frozen(input),
            window: closed(policy, input.now),
            paused: control.is_some_and(|control| control.paused),
            stopped,
            aborted: control.is_some_and(|control| control.abort.is_some()),
            unapproved: is_asked.then(|| plan.hash.clone()),
            above_ceiling: ceiling.is_exceeded(input),
        }
    }

    /// Returns what a change of that class waits for, if anything.
    pub(crate) fn wait(&self, class: Class) -> Option<Wait> {
        if let Some(frozen) = &self.frozen {
            return Some(frozen.clone());
        }
        if self.paused {
            return Some(Wait::Paused("a user paused the rollout".to_owned()));
        }
        let of_the_plan = matches!(class, Class::Roll | Class::Deselect);
        if of_the_plan && self.aborted {
            return Some(Wait::Aborted);
        }
        if class == Class::Roll
            && let Some(why) = &self.stopped
        {
            return Some(Wait::Paused(why.clone()));
        }
        let asks = of_the_plan || (class == Class::TakeBack && self.above_ceiling);
        if asks && let Some(hash) = &self.unapproved {
            return Some(Wait::Approval(hash.clone()));
        }
        self.window.clone().filter(|_| of_the_plan)
    }
}

/// The changes of a rollout as a plan that can be approved.
pub(crate) fn rollout_plan(
    input: &PlanInput<'_>,
    policy: &LoggingPolicy,
    hash: String,
    ceiling: Ceiling,
) -> RolloutPlan {
    let control = input.controls.get(policy.uid());
    let approval = control.and_then(|control| control.approve.as_ref());
    RolloutPlan {
        workloads: u32::try_from(ceiling.touched).unwrap_or(u32::MAX),
        needs_approval: policy.spec.rollout.approval == Approval::Required
            || ceiling.is_exceeded(input),
        approved: approval.is_some_and(|approved| approved.plan == hash),
        hash,
    }
}

/// The freeze in force that ends last.
fn frozen(input: &PlanInput<'_>) -> Option<Wait> {
    let in_force = input.freezes.iter().filter(|freeze| {
        let spec = &freeze.spec;
        let names_it = spec
            .targets
            .iter()
            .any(|glob| glob_matches(glob, input.target.name()));
        names_it && spec.from.is_none_or(|from| from <= input.now) && input.now < spec.until
    });
    let last = in_force.max_by_key(|freeze| freeze.spec.until)?;
    Some(Wait::Frozen {
        reason: last.spec.reason.clone(),
        until: last.spec.until,
    })
}

fn closed(policy: &LoggingPolicy, now: Timestamp) -> Option<Wait> {
    match window::opening(&policy.spec.rollout.windows, now) {
        Opening::Open(_) => None,
        Opening::At(at) => Some(Wait::Window(Some(at))),
        Opening::Never => Some(Wait::Window(None)),
    }
}
