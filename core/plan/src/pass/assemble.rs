//! Decides what to do in one target, stage by stage.
//!
//! It only calls the stages; a rule of its own would be in the wrong place.

use crate::input::PlanInput;
use crate::model::Plan;
use crate::pass::open;
use crate::pass::stages::Evaluated;

/// Decides what to do in one target.
#[must_use]
pub fn plan(input: &PlanInput<'_>) -> Plan {
    assemble(input, open::leave)
}

/// Decides what to do in one target with what is known, when reading has come to no end: whoever still
/// needs a read waits for it, the others go on, and what concerns the whole target is left for later.
#[must_use]
pub fn plan_with_what_is_known(input: &PlanInput<'_>) -> Plan {
    let mut plan = assemble(input, open::wait);
    plan.left_open = std::mem::take(&mut plan.needs);
    plan
}

/// `settle` is called after each stage that looks at workloads one by one, for what they asked for.
fn assemble(input: &PlanInput<'_>, settle: open::Settle) -> Plan {
    Evaluated::of(input)
        .follow(input, settle)
        .clear(input)
        .look_for_logs(input, settle)
        .give_slots(input)
        .lay_out(input)
        .remove(input)
}
