//! Deregistration of revisions that we registered and that nothing runs any more.
//!
//! While one is ACTIVE somebody can start it by the name of the family, so what it needs stays. An owner's
//! revision is never deregistered, nor a copy of ours that an owner made: only one whose registration is recorded
//! and whose content still has the hash of its label.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::input::PlanInput;
use crate::model::{Decision, Plan, RevisionRef, Step, WorkloadPlan};
use crate::removal::has_time;
use crate::steps::has_content;
use crate::workload::desire::WantedRevision;
use crate::workload::draft::{Draft, REGISTER_CONSISTENCY_SECONDS, find_policy};
use crate::workload::external_deploy;
use firelens_aws::observe::Observed;
use firelens_aws::record::{Intent, OwnedRevision, Purpose, WorkloadKey, WorkloadRecord};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::DeletionPolicy;

/// The most revisions that one pass deregisters. The calls share the budget of registrations, one a second:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>.
pub const DEREGISTRATIONS_PER_PASS: usize = 20;

/// Hashes of contents that a workload is about to get, or that are retried later whatever the decision about the
/// workload is until then.
pub(crate) fn pending(
    drafts: &BTreeMap<WorkloadKey, Draft<'_>>,
    now: Timestamp,
) -> BTreeSet<String> {
    let failures = drafts
        .values()
        .filter_map(|draft| draft.record.failed.as_ref());
    let set_aside = failures
        .filter(|failed| failed.purpose == Purpose::Inject && failed.tried_again_at(now).is_some())
        .map(|failed| failed.hash.clone());
    let coming = drafts.values().filter(|draft| {
        !matches!(
            draft.desired.decision,
            Decision::Failed | Decision::Contested(_) | Decision::Refused(_)
        )
    });
    let changes = coming.flat_map(|draft| {
        let older = draft.desired.meanwhile.as_deref();
        draft.desired.change.iter().chain(older)
    });
    changes
        .filter(|change| matches!(change.revision, WantedRevision::Content { .. }))
        .map(|change| change.hash.clone())
        .chain(set_aside)
        .collect()
}

/// Revisions of ours that somebody could start, including those that are deregistered in this pass.
pub(crate) fn startable<'a>(
    input: &PlanInput<'a>,
    plan: &'a Plan,
) -> impl Iterator<Item = &'a OwnedRevision> {
    let owned = input.revisions.values();
    owned.filter(|revision| !plan.forgotten_revisions.contains(&revision.arn))
}

/// Adds what is to be deregistered to a plan whose workloads are decided.
pub(crate) fn plan(input: &PlanInput<'_>, plan: &mut Plan, pending: &BTreeSet<String>) {
    look_for_unanswered(input, plan, pending);
    forget_retained(input, plan);
    if input.revisions.is_empty() || input.target.spec.suspend || !is_whole(input) {
        return;
    }
    let known_bad = (!has_time(plan)).then(|| known_bad(plan));
    let used = Used::of(input, plan);
    let forgotten = &plan.forgotten_revisions;
    let owned = input.revisions.values();
    let spare: Vec<&OwnedRevision> = owned
        .filter(|revision| !forgotten.contains(&revision.arn))
        .filter(|revision| !used.needs(revision) && !pending.contains(&revision.hash))
        .filter(|revision| {
            known_bad
                .as_ref()
                .is_none_or(|bad| bad.contains(&revision.arn))
        })
        .take(DEREGISTRATIONS_PER_PASS)
        .collect();
    let going: BTreeSet<&str> = spare.iter().map(|revision| revision.arn.as_str()).collect();
    for revision in spare {
        match evaluate(input, plan, revision, &used, &going) {
            Some(Fate::Goes) => plan.deregistrations.push(revision.arn.clone()),
            Some(Fate::IsGone) => plan.forgotten_revisions.push(revision.arn.clone()),
            None => {}
        }
    }
}

/// Whether everything that could run a revision was read.
fn is_whole(input: &PlanInput<'_>) -> bool {
    let seen = input.observation;
    let mut services = seen.services.values();
    seen.unread_clusters.is_empty()
        && !services.any(|service| matches!(service, Observed::Unknown(_)))
}

/// Forgets retained revisions, which are no longer managed: those that run or can come back. Those that somebody
/// could only start by the name of the family are deregistered like any other.
fn forget_retained(input: &PlanInput<'_>, plan: &mut Plan) {
    let retained = input.revisions.values().filter(|revision| {
        find_policy(input, &revision.router.policy).is_some_and(|policy| {
            policy.is_deleting() && policy.spec.deletion_policy == DeletionPolicy::Retain
        })
    });
    let retained: Vec<&OwnedRevision> = retained.collect();
    if retained.is_empty() {
        return;
    }
    // Where the use is not known, all of them may run.
    let used = is_whole(input).then(|| Used::of(input, plan));
    let forgotten = retained
        .into_iter()
        .filter(|revision| used.as_ref().is_none_or(|used| used.needs(revision)));
    let arns: Vec<String> = forgotten.map(|revision| revision.arn.clone()).collect();
    plan.forgotten_revisions.extend(arns);
}

/// Revisions of ours that failed: they are deregistered first, because whoever starts them fails as well.
fn known_bad(plan: &Plan) -> BTreeSet<String> {
    let failed = plan.workloads.values().filter_map(|workload| {
        let failed = workload.record.failed.as_ref()?;
        (failed.purpose == Purpose::Inject).then(|| failed.task_definition.clone())
    });
    failed.collect()
}

enum Fate {
    Goes,
    IsGone,
}

/// Returns the fate of a revision that nothing runs; `None` while that is not known, or while it stays.
fn evaluate(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    revision: &OwnedRevision,
    used: &Used,
    going: &BTreeSet<&str>,
) -> Option<Fate> {
    let Some(observed) = input.observation.task_definitions.get(&revision.arn) else {
        plan.needs.task_definitions.insert(revision.arn.clone());
        return None;
    };
    let document = match observed {
        Observed::Present(document) => document,
        Observed::Absent => return Some(Fate::IsGone),
        Observed::Unknown(_) => return None,
    };
    if !is_ours(document, revision) {
        return Some(Fate::IsGone);
    }
    let uid = &revision.router.policy.uid;
    if used
        .families
        .contains(&(revision.family.clone(), uid.clone()))
    {
        return Some(Fate::Goes);
    }
    // Where no service of the family runs the policy any more, its role policies are removed next. A copy that an
    // owner registered last needs them for as long as it is the newest revision of the family.
    match input.observation.families.get(&revision.family) {
        None => {
            plan.needs.families.insert(revision.family.clone());
            None
        }
        Some(Observed::Unknown(_)) => None,
        Some(Observed::Absent) => Some(Fate::Goes),
        Some(Observed::Present(newest)) => {
            let mut newest = newest.iter();
            let newest =
                newest.find(|document| document.family() == Some(revision.family.as_str()));
            let is_copy = newest.is_some_and(|newest| {
                let arn = newest.arn().unwrap_or_default();
                let marks = firelens_inject::marks(newest);
                marks.is_some_and(|marks| marks.policy_uid == *uid)
                    && !going.contains(arn)
                    && !used.arns.contains(arn)
            });
            (!is_copy).then_some(Fate::Goes)
        }
    }
}

/// Whether a revision is what we registered, and not somebody's copy of it.
fn is_ours(document: &TaskDefinitionDoc, revision: &OwnedRevision) -> bool {
    let marks = firelens_inject::marks(document);
    marks.is_some_and(|marks| marks.hash == revision.hash)
        && firelens_inject::is_untouched(document)
}

/// Revisions that run, are being deployed, or can come back.
struct Used {
    arns: BTreeSet<String>,
    /// Families of which a service runs a router, with the uid of its policy.
    families: BTreeSet<(String, String)>,
    /// Families of services with an external deploy, which rolls back by itself.
    deployed_families: BTreeSet<String>,
}

impl Used {
    fn of(input: &PlanInput<'_>, plan: &Plan) -> Self {
        let mut arns = BTreeSet::new();
        let mut families = BTreeSet::new();
        let mut deployed_families = BTreeSet::new();
        for (key, observed) in &input.observation.services {
            let Some(service) = observed.present() else {
                continue;
            };
            let reachable = service.reachable_revisions();
            arns.extend(reachable.map(str::to_owned));
            let workload = plan.workloads.get(key);
            let is_selected = workload.is_some_and(|workload| workload.selection.winner.is_some());
            if is_selected && !external_deploy::is_deployed_by_ecs(service) {
                deployed_families.extend(family_of(&service.task_definition).map(str::to_owned));
            }
        }
        for workload in plan.workloads.values() {
            arns.extend(of_record(&workload.record).map(str::to_owned));
            arns.extend(of_steps(workload).map(str::to_owned));
            if let Some(managed) = &workload.record.managed {
                let family = family_of(&managed.arn).unwrap_or_default().to_owned();
                families.insert((family, managed.policy.uid.clone()));
            }
        }
        Self {
            arns,
            families,
            deployed_families,
        }
    }

    fn needs(&self, revision: &OwnedRevision) -> bool {
        self.arns.contains(&revision.arn) || self.deployed_families.contains(&revision.family)
    }
}

/// Revisions that a workload runs, is getting, or can be put back on.
fn of_record(record: &WorkloadRecord) -> impl Iterator<Item = &str> {
    let managed = record.managed.iter().chain(&record.leaving);
    let deployment = record.deployment.iter();
    let deployment =
        deployment.flat_map(|deployment| [&deployment.task_definition, &deployment.previous]);
    let race = record.overtaken.iter();
    let race = race.flat_map(|race| [&race.ours, &race.theirs]);
    let back = record.way_back().map(|revision| &revision.arn);
    let arns = managed
        .map(|revision| &revision.arn)
        .chain(deployment)
        .chain(race);
    arns.chain(back).map(String::as_str)
}

fn of_steps(workload: &WorkloadPlan) -> impl Iterator<Item = &str> {
    workload.steps.iter().filter_map(|step| match step {
        Step::Update(update) => match &update.revision {
            RevisionRef::Arn(arn) => Some(arn.as_str()),
            RevisionRef::JustRegistered => None,
        },
        Step::Register(_) => None,
    })
}

/// `FAMILY` of `arn:…:task-definition/FAMILY:REVISION`.
fn family_of(arn: &str) -> Option<&str> {
    let name = arn.rsplit('/').next()?;
    name.rsplit_once(':').map(|(family, _)| family)
}

/// Looks for revisions of registrations whose answer was lost and whose content is no longer wanted: they may have
/// left a revision behind.
fn look_for_unanswered(input: &PlanInput<'_>, plan: &mut Plan, pending: &BTreeSet<String>) {
    let later = SignedDuration::from_secs(REGISTER_CONSISTENCY_SECONDS);
    for intent in input.intents {
        let is_old = input.now.duration_since(intent.recorded_at) >= later;
        let is_closed = plan.closed_intents.contains(&intent.id);
        if intent.router.is_none() || !is_old || is_closed || pending.contains(&intent.hash) {
            continue;
        }
        match input.observation.families.get(&intent.family) {
            None => {
                plan.needs.families.insert(intent.family.clone());
            }
            Some(Observed::Present(newest)) => {
                plan.registered
                    .extend(registered_revision(intent, newest, input));
                plan.closed_intents.push(intent.id.clone());
            }
            Some(Observed::Absent) => plan.closed_intents.push(intent.id.clone()),
            Some(Observed::Unknown(_)) => {}
        }
    }
}

fn registered_revision(
    intent: &Intent,
    newest: &[TaskDefinitionDoc],
    input: &PlanInput<'_>,
) -> Option<OwnedRevision> {
    let mut newest = newest.iter();
    let arn = newest
        .find(|document| has_content(document, &intent.hash, input.installation))?
        .arn()?;
    intent.owned(arn, input.now)
}
