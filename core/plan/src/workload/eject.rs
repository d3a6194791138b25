//! Ejects a router: what a workload is restored to when nobody wants a router there any more.
//!
//! An owner's revision is restored where it is still what ours was made from; otherwise what is left after the
//! injection is taken out is registered, so that no change of the owner is lost.

use crate::input::PlanInput;
use crate::model::{Decision, Wait};
use crate::workload::claim::owner_of;
use crate::workload::desire::{Change, Desired, Site, WantedRevision};
use crate::workload::{external_deploy, moving};
use firelens_aws::observe::{Needs, Observed};
use firelens_aws::record::Purpose;
use firelens_inject::Marks;
use firelens_taskdef::{TaskDefinitionDoc, canonical_hash};
use firelens_types::v1alpha1::{DeletionPolicy, LoggingPolicy, Mode};

/// For a router of ours that nobody wants any more.
pub(crate) fn eject_or_leave(
    input: &PlanInput<'_>,
    site: &Site<'_>,
    live: &TaskDefinitionDoc,
    marks: &Marks,
    needs: &mut Needs,
) -> Desired {
    let Some(policy) = owner_of(input, site, marks) else {
        return Desired::new(Decision::Orphaned(marks.policy.clone()));
    };
    let deleting = policy.is_deleting();
    if policy.spec.deletion_policy == DeletionPolicy::Retain {
        return Desired::new(Decision::Retained);
    }
    if policy.spec.mode == Mode::Audit && !deleting {
        return Desired::new(Decision::Retained);
    }
    if policy.spec.suspend && !deleting {
        return Desired::new(Decision::Waiting(Wait::Suspended));
    }
    eject_live(input, policy, live, marks, needs)
}

/// For a router whose rollout somebody aborted with undo, whatever the deletion policy.
pub(crate) fn undo(
    input: &PlanInput<'_>,
    site: &Site<'_>,
    live: &TaskDefinitionDoc,
    marks: &Marks,
    needs: &mut Needs,
) -> Desired {
    match owner_of(input, site, marks) {
        Some(policy) => eject_live(input, policy, live, marks, needs),
        None => Desired::new(Decision::Orphaned(marks.policy.clone())),
    }
}

fn eject_live(
    input: &PlanInput<'_>,
    policy: &LoggingPolicy,
    live: &TaskDefinitionDoc,
    marks: &Marks,
    needs: &mut Needs,
) -> Desired {
    let ejection = match firelens_inject::eject(live) {
        Ok(ejection) => ejection,
        Err(error) => {
            return Desired::new(Decision::Refused(firelens_inject::Refusal {
                reason: firelens_inject::Reason::RestoreImpossible,
                message: format!(
                    "the router cannot be removed from {}: {error}",
                    live.arn().unwrap_or_default()
                ),
            }));
        }
    };
    let body = ejection.document.to_register_input();
    let revision = match base_revision(input, marks, &body, needs) {
        Ok(Some(arn)) => WantedRevision::Existing(arn),
        Ok(None) => WantedRevision::Content {
            family: live.family().unwrap_or_default().to_owned(),
            body: body.clone(),
        },
        Err(decision) => return Desired::new(decision),
    };
    let mut desired = Desired::new(Decision::Ejecting);
    if let Some(refusal) = moving::refusal(policy, live, &mut desired.notes) {
        return Desired::new(Decision::Refused(refusal));
    }
    desired.change = Some(Change {
        purpose: Purpose::Eject,
        policy: crate::select::policy_ref(policy),
        hash: canonical_hash(&body),
        base: None,
        grants: Vec::new(),
        objects: Vec::new(),
        footprint: None,
        stop: None,
        revision,
    });
    desired
}

/// Returns the base revision, when it can be restored: it must be active, and equal to what is left when the
/// injection is taken out of the live one. A deployment tool that copied our revision and changed the image in it
/// fails the second condition, and must not be rolled back to the old image.
fn base_revision(
    input: &PlanInput<'_>,
    marks: &Marks,
    ejected_body: &str,
    needs: &mut Needs,
) -> Result<Option<String>, Decision> {
    let Some(arn) = marks.base.as_deref() else {
        return Ok(None);
    };
    match input.observation.fresh_task_definitions.get(arn) {
        None => {
            needs.fresh_task_definitions.insert(arn.to_owned());
            Err(Decision::Waiting(Wait::Read(format!("reading {arn}"))))
        }
        Some(Observed::Unknown(why)) => Err(Decision::Waiting(Wait::Read(format!(
            "cannot read {arn}: {why}"
        )))),
        Some(Observed::Absent) => Ok(None),
        Some(Observed::Present(base)) => {
            let usable = base.status().is_none_or(|status| status == "ACTIVE");
            let equal = canonical_hash(&base.to_register_input()) == canonical_hash(ejected_body);
            Ok((usable && equal).then(|| arn.to_owned()))
        }
    }
}

/// No winner, no marks: nothing to take out. After a lost race the owner's revision must still be restored.
pub(crate) fn restore_overtaken(site: &Site<'_>) -> Desired {
    let Some(race) = &site.record.overtaken else {
        return Desired::new(left_behind(site));
    };
    let mut desired = Desired::new(Decision::Ejecting);
    desired.change = Some(Change::restore(race, Purpose::Eject));
    desired
}

/// No winner, no marks: the record only says what was there before.
fn left_behind(site: &Site<'_>) -> Decision {
    match &site.record.failed {
        Some(failed) if failed.purpose == Purpose::Eject => Decision::Failed,
        _ if site.record.registered.is_some() && has_run(site) => Decision::Ejected,
        _ => Decision::NotSelected,
    }
}

/// Whether what was registered ever ran. With an external deploy a revision may have been prepared and never
/// deployed.
fn has_run(site: &Site<'_>) -> bool {
    site.record.had_router || external_deploy::is_deployed_by_ecs(site.service)
}
