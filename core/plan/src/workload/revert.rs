//! Notices reverts, and stops a contest over a router.
//!
//! A service whose owner deploys something new is not held back: only the same content, deployed repeatedly, is a
//! contest.

use jiff::{SignedDuration, Timestamp};

use crate::input::PlanInput;
use crate::model::{Contest, REVERT_WINDOW_SECONDS};
use crate::select::Selection;
use firelens_aws::observe::{Needs, Observed, ServiceView};
use firelens_aws::record::{PolicyRef, Revert, WorkloadRecord};
use firelens_inject::drift::{Actor, Drift, classify};
use firelens_taskdef::{TaskDefinitionDoc, canonical_hash};
use firelens_types::v1alpha1::workload_name;

/// The number of reverts with the same content within [`REVERT_WINDOW_SECONDS`] that is a contest.
pub const REVERT_LIMIT: usize = 3;
/// How long a contested service is left alone after the last revert, in seconds.
pub const CONTEST_SECONDS: i64 = 86_400;
/// The number of reverts that are recorded of one workload.
pub const REVERTS_KEPT_MAX: usize = 32;

/// Notes whether the live revision is ours, or somebody deployed another over ours.
pub(crate) fn note(
    input: &PlanInput<'_>,
    service: &ServiceView,
    selection: &Selection,
    record: &mut WorkloadRecord,
) {
    forget(input, record);
    let Some(live) = live(input, service) else {
        return;
    };
    // A deployment of ours that is under way is followed first, and a lost race is repaired by us.
    if record.deployment.is_some() || record.overtaken.is_some() {
        return;
    }
    let arn = &service.task_definition;
    if record.ran.as_ref() == Some(arn) {
        return;
    }
    if let Some(marks) = firelens_inject::marks(live) {
        if marks.is_foreign_to(input.installation) {
            // Another installation's router is no revert: there is a router.
            record.ran = None;
        } else if firelens_inject::is_untouched(live) {
            record.ran = Some(arn.clone());
        }
        return;
    }
    let ours = record.ran.take();
    let Some(won) = &selection.winner else {
        // The removal of a router that nobody wants is no revert.
        record.reverts.clear();
        return;
    };
    if let Some(ours) = ours {
        let revert = Revert {
            at: input.now,
            revision: arn.clone(),
            content: canonical_hash(&live.to_register_input()),
            ours,
            policy: won.clone(),
        };
        remember(record, revert);
    }
}

fn remember(record: &mut WorkloadRecord, revert: Revert) {
    let known = &mut record.reverts;
    known.push(revert);
    let spare = known.len().saturating_sub(REVERTS_KEPT_MAX);
    known.drain(..spare);
}

/// Forgets what cannot count any more: reverts longer before the last than the window, all of them once the
/// contest would be over, and all of them where somebody requested a retry since.
fn forget(input: &PlanInput<'_>, record: &mut WorkloadRecord) {
    let Some(last) = record.reverts.last() else {
        return;
    };
    let (at, uid) = (last.at, last.policy.uid.clone());
    let age = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs();
    record
        .reverts
        .retain(|revert| age(revert.at, at) <= REVERT_WINDOW_SECONDS);
    let retried = input
        .controls
        .get(&uid)
        .and_then(|control| control.retry.as_ref())
        .is_some_and(|retry| {
            let key = &record.key;
            let name = workload_name(&key.target, &key.cluster, &key.service);
            let is_meant = retry.workloads.is_empty() || retry.workloads.contains(&name);
            is_meant && at <= retry.at
        });
    if retried || age(at, input.now) >= CONTEST_SECONDS {
        record.reverts.clear();
    }
}

/// Returns the contest over the service under that policy generation, if what is live is what was deployed too
/// often.
pub(crate) fn contest(
    input: &PlanInput<'_>,
    service: &ServiceView,
    record: &WorkloadRecord,
    policy: &PolicyRef,
) -> Option<Contest> {
    let last = record.reverts.last()?;
    let same = record
        .reverts
        .iter()
        .filter(|revert| revert.content == last.content && revert.policy.is_same_content(policy));
    let times = same.count();
    if times < REVERT_LIMIT {
        return None;
    }
    let live = live(input, service)?;
    let brought_again = service.task_definition == last.revision
        || canonical_hash(&live.to_register_input()) == last.content;
    brought_again.then(|| Contest {
        times,
        revision: last.revision.clone(),
        actor: actor(live, service),
        family: live.family().unwrap_or_default().to_owned(),
        service: service.name.clone(),
        until: last
            .at
            .checked_add(SignedDuration::from_secs(CONTEST_SECONDS))
            .unwrap_or(Timestamp::MAX),
    })
}

/// How the live revision differs from ours before it, when somebody else registered it. Requests our revision.
pub(crate) fn drift(
    input: &PlanInput<'_>,
    service: &ServiceView,
    record: &WorkloadRecord,
    needs: &mut Needs,
) -> Option<Drift> {
    let arn = &service.task_definition;
    let ours = match (&record.ran, record.reverts.last()) {
        // A copy of ours, altered. `note` records a copy that is unaltered.
        (Some(ran), _) if ran != arn => ran,
        (None, Some(last)) if last.revision == *arn => &last.ours,
        _ => return None,
    };
    let live = live(input, service)?;
    if record.deployment.is_some()
        || (record.ran.is_some() && firelens_inject::marks(live).is_none())
    {
        return None;
    }
    let applied = match input.observation.task_definitions.get(ours) {
        Some(Observed::Present(applied)) => applied,
        Some(_) => return None,
        None => {
            needs.task_definitions.insert(ours.clone());
            return None;
        }
    };
    // Ours without the injection is what it was made from, also where the owner had copied ours before and changed
    // it.
    let base = firelens_inject::eject(applied).ok()?;
    Some(Drift {
        revision: arn.clone(),
        ours: ours.clone(),
        actor: actor(live, service),
        paths: classify(
            &base.document.to_register_input(),
            &applied.to_register_input(),
            &live.to_register_input(),
        ),
    })
}

fn live<'a>(input: &PlanInput<'a>, service: &ServiceView) -> Option<&'a TaskDefinitionDoc> {
    let seen = &input.observation.task_definitions;
    seen.get(&service.task_definition)?.present()
}

fn actor(live: &TaskDefinitionDoc, service: &ServiceView) -> Actor {
    let registered_by = live.value("registeredBy");
    let registered_by = registered_by.as_ref().and_then(|by| by.as_str());
    Actor::of(registered_by, &service.tags)
}
