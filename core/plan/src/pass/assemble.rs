//! Decides what to do in one target, stage by stage.
//!
//! It only calls the stages and has no rule of its own.

use crate::input::PlanInput;
use crate::model::Plan;
use crate::pass::open;
use crate::pass::stages::Evaluated;

/// Decides what to do in one target.
#[must_use]
pub fn plan(input: &PlanInput<'_>) -> Plan {
    assemble(input, open::leave)
}

/// Decides what to do in one target with what is known, when reading did not come to an end: workloads that still
/// need a read wait for it, the others go on, and what concerns the whole target is left for a later pass.
#[must_use]
pub fn plan_with_what_is_known(input: &PlanInput<'_>) -> Plan {
    let mut plan = assemble(input, open::wait);
    plan.left_open = std::mem::take(&mut plan.needs);
    plan
}

/// Runs the stages. `settle` is called after each stage that evaluates workloads one by one, for those with
/// requested reads.
fn assemble(input: &PlanInput<'_>, settle: open::Settle) -> Plan {
    Evaluated::of(input)
        .follow(input, settle)
        .clear(input)
        .look_for_logs(input, settle)
        .give_slots(input)
        .lay_out(input)
        .remove(input)
}
