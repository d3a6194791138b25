//! Injection, and the way out when the log options make a task definition too large.
//!
//! Only `config.delivery: Auto` leaves the place of the outputs to us, and only a target with a bucket
//! has another place.

use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::Delivery;

use crate::context::{Injection, TargetContext, WorkloadContext};
use crate::injector::prepared::Prepared;
use crate::injector::{Injector, build};
use crate::refusal::{Note, NoteCode, Reason, Refusal};

/// Adds FireLens to a task definition as the policy wants it.
///
/// A document that carries our marks is ejected first, so an injection always starts from what the
/// owner wrote, and injecting twice is injecting once. The same input gives the same bytes.
///
/// # Errors
/// A [`Refusal`] says what is in the way and what to do; nothing was changed.
pub fn inject(
    base: &TaskDefinitionDoc,
    target: &TargetContext<'_>,
    workload: &WorkloadContext<'_>,
) -> Result<Injection, Refusal> {
    let mut injector = Injector::new(target.clone());
    injector.prepare(base, workload).map(Prepared::seal)
}

/// The injection as the policy wants it, or else with all outputs in a file.
pub(crate) fn prepare(
    injector: &mut Injector<'_>,
    base: &TaskDefinitionDoc,
    workload: &WorkloadContext<'_>,
) -> Result<Prepared, Refusal> {
    let refusal = match build::attempt(injector, base, workload, false) {
        Err(refusal) if refusal.reason == Reason::TaskDefinitionTooLarge => refusal,
        done => return done,
    };
    // A file in S3 takes the log options out of the task definition, where the policy leaves it to us.
    let target = &injector.target;
    let may_move = target.policy.spec.config.delivery == Delivery::Auto;
    if !may_move || target.config_bucket.is_none() {
        return Err(refusal);
    }
    match build::attempt(injector, base, workload, true) {
        Ok(mut prepared) => {
            prepared.notes.push(Note::new(
                NoteCode::OptionsMoved,
                "with the outputs in log options, the task definition would be too large for ECS; all of them are in a \
                 configuration file instead",
            ));
            prepared.notes.sort();
            Ok(prepared)
        }
        Err(_) => Err(refusal),
    }
}
