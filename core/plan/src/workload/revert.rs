//! Notices that somebody took the router away, and stops a fight over it.
//!
//! Never holds back a service whose owner deploys something new: only the same content, brought back again
//! and again, is a fight.

use jiff::{SignedDuration, Timestamp};

use crate::input::PlanInput;
use crate::model::{Contest, REVERT_WINDOW_SECONDS};
use crate::select::Selection;
use firelens_aws::observe::{Needs, Observed, ServiceView};
use firelens_aws::record::{PolicyRef, Revert, WorkloadRecord};
use firelens_inject::drift::{Actor, Drift, classify};
use firelens_taskdef::{TaskDefinitionDoc, canonical_hash};
use firelens_types::v1alpha1::workload_name;

/// So many reverts with the same content within [`REVERT_WINDOW_SECONDS`] are a fight.
pub const REVERT_LIMIT: usize = 3;
/// How long a contested service is left alone after the last revert, in seconds.
pub const CONTEST_SECONDS: i64 = 86_400;
/// Reverts that are remembered of one workload.
pub const REVERTS_KEPT_MAX: usize = 32;

/// Notes what the live revision tells: that it is ours, or that somebody brought another over ours.
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
    // A deployment of ours that is under way is followed first, and a lost race is ours to repair.
    if record.deployment.is_some() || record.overtaken.is_some() {
        return;
    }
    let arn = &service.task_definition;
    if record.ran.as_ref() == Some(arn) {
        return;
    }
    if let Some(marks) = firelens_inject::marks(live) {
        if marks.is_foreign_to(input.installation) {
            // Another installation's router is no revert: there is one.
            record.ran = None;
        } else if firelens_inject::is_untouched(live) {
            record.ran = Some(arn.clone());
        }
        return;
    }
    let ours = record.ran.take();
    let Some(won) = &selection.winner else {
        // A router that nobody wants is not taken away.
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

/// Forgets what cannot count any more: reverts longer before the last than the window, all of them once
/// the contest would be over, and all of them where somebody said retry since.
fn forget(input: &PlanInput<'_>, record: &mut WorkloadRecord) {
    let Some(last) = record.reverts.last() else {
        return;
    };
    let (at, uid) = (last.at, last.policy.uid.clone());
    let age = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs();
    record
        .reverts
        .retain(|one| age(one.at, at) <= REVERT_WINDOW_SECONDS);
    let retried = input
        .controls
        .get(&uid)
        .and_then(|said| said.retry.as_ref())
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

/// The fight over the service under that policy generation, if what is live is what came back too often.
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
        .filter(|one| one.content == last.content && one.policy.is_same_content(policy));
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

/// How the live revision differs from ours before it, when somebody else brought it. Asks for our revision.
pub(crate) fn drift(
    input: &PlanInput<'_>,
    service: &ServiceView,
    record: &WorkloadRecord,
    needs: &mut Needs,
) -> Option<Drift> {
    let arn = &service.task_definition;
    let ours = match (&record.ran, record.reverts.last()) {
        // A copy of ours, altered. `note` takes on what is untouched.
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
    // What is left of ours without the injection is what it was made from, also where the owner had copied
    // ours before and changed it.
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
