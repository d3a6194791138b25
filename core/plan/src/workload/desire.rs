//! What one workload should look like, before anything shared is considered.
//!
//! Considers one workload, its winner and its revisions. Slots in the rollout, role policies and objects are
//! evaluated later, over all workloads together.

use crate::input::PlanInput;
use crate::model::{Claim, Decision, Wait};
use crate::select::{Selection, launch_type};
use crate::workload::draft::find_policy;
use crate::workload::injectors::Injectors;
use crate::workload::policy_errors::PolicyErrors;
use crate::workload::{capacity, claim, eject, meanwhile, moving, risks, scope};
use firelens_aws::fit::{self, Footprint};
use firelens_aws::iam::Grant;
use firelens_aws::observe::{Needs, Observed, ServiceView};
use firelens_aws::record::{
    AttemptEnd, ManagedRevision, Overtaken, PolicyRef, Purpose, WorkloadRecord,
};
use firelens_fluent::outputs::OutputInUse;
use firelens_inject::{
    ConfigObject, EXPRESS_TAG, EXPRESS_TAG_VALUE, Injection, Marks, Note, Platform, Prepared,
    Reason, Refusal, WorkloadContext,
};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{IamMode, LoggingPolicy, Mode};

/// A change that one workload needs.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) purpose: Purpose,
    pub(crate) policy: PolicyRef,
    pub(crate) hash: String,
    pub(crate) base: Option<String>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) objects: Vec<ConfigObject>,
    pub(crate) revision: WantedRevision,
    /// What it requires of container instances; `None` for a revision that ran there before.
    pub(crate) footprint: Option<Footprint>,
    /// ARN of the service deployment that ECS is to stop and roll back, in place of an update.
    pub(crate) stop: Option<String>,
}

impl Change {
    /// The change that restores the owner's revision which a deployment of ours overtook.
    pub(crate) fn restore(race: &Overtaken, purpose: Purpose) -> Self {
        Self {
            purpose,
            policy: race.policy.clone(),
            hash: race.theirs.clone(),
            base: None,
            grants: Vec::new(),
            objects: Vec::new(),
            footprint: None,
            stop: None,
            revision: WantedRevision::Existing(race.theirs.clone()),
        }
    }
}

/// The revision that a change brings.
#[derive(Clone, Debug)]
pub(crate) enum WantedRevision {
    /// The owner's own revision.
    Existing(String),
    /// A revision to register, unless it exists already.
    Content { family: String, body: String },
}

/// What one workload needs.
#[derive(Clone, Debug)]
pub(crate) struct Desired {
    pub(crate) decision: Decision,
    pub(crate) change: Option<Change>,
    /// The older change that is made first where the other has to wait.
    pub(crate) meanwhile: Option<Box<Change>>,
    pub(crate) notes: Vec<Note>,
    /// Grants and objects of what runs now, or of what is wanted.
    pub(crate) grants: Vec<Grant>,
    pub(crate) objects: Vec<ConfigObject>,
    /// What its roles must allow and the operator does not write: to be verified.
    pub(crate) rights: Vec<Grant>,
    /// The policy to which they belong.
    pub(crate) policy: Option<PolicyRef>,
    /// The record to adopt when what runs is ours and has no record.
    pub(crate) adopt: Option<ManagedRevision>,
    /// The record to adopt when what runs is of the last proven generation.
    pub(crate) found_meanwhile: Option<ManagedRevision>,
    /// Where what runs sends its logs, when it is as wanted.
    pub(crate) outputs: Vec<OutputInUse>,
    /// The marks of the live revision, when it is ours.
    pub(crate) marks: Option<Marks>,
    /// The claim on the live revision, when it is another installation's.
    pub(crate) claim: Option<Claim>,
}

impl Desired {
    pub(crate) fn new(decision: Decision) -> Self {
        Self {
            decision,
            change: None,
            meanwhile: None,
            notes: Vec::new(),
            grants: Vec::new(),
            objects: Vec::new(),
            rights: Vec::new(),
            policy: None,
            adopt: None,
            found_meanwhile: None,
            outputs: Vec::new(),
            marks: None,
            claim: None,
        }
    }
}

/// One workload and where it runs.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) service: &'a ServiceView,
    pub(crate) record: &'a WorkloadRecord,
    pub(crate) selection: &'a Selection,
    /// Whether a policy would win it and the target no longer looks after it.
    pub(crate) out_of_scope: bool,
    pub(crate) policy_errors: &'a PolicyErrors,
}

/// Decides for one workload; requests reads through `needs`.
pub(crate) fn evaluate(
    input: &PlanInput<'_>,
    site: &Site<'_>,
    injectors: &mut Injectors<'_>,
    needs: &mut Needs,
) -> Desired {
    if site.selection.opted_out_by.is_some() {
        return left_alone(input, site, needs);
    }
    let winner = site
        .selection
        .winner
        .as_ref()
        .and_then(|won| find_policy(input, won));
    let revision = &site.service.task_definition;
    let is_read = input.observation.task_definitions.contains_key(revision);
    if winner.is_none() && site.record.is_empty() && !is_read {
        return Desired::new(Decision::NotSelected);
    }
    let live = match document(input, &site.service.task_definition, needs) {
        Ok(live) => live,
        Err(decision) => return Desired::new(decision),
    };
    if let Some(claim) = Claim::of(input, live, firelens_inject::marks(live).as_ref()) {
        let mut desired = Desired::new(match winner {
            Some(_) => Decision::Claimed(Box::new(claim.clone())),
            None => Decision::NotSelected,
        });
        desired.claim = Some(claim);
        return desired;
    }
    // After a lost race everything starts from the owner's revision that our deployment overtook.
    let start = match start(input, site, live, needs) {
        Ok(start) => start,
        Err(decision) => return Desired::new(decision),
    };
    let marks = firelens_inject::marks(start);
    let undone = winner.filter(|policy| is_undone(input, policy, site.record));
    let mut desired = match (winner, &marks) {
        (Some(_), Some(marks)) if undone.is_some() => eject::undo(input, site, start, marks, needs),
        // A deployment of the owner that our undo cut short must still be restored.
        (Some(_), None) if undone.is_some() && site.record.overtaken.is_some() => {
            eject::restore_overtaken(site)
        }
        (Some(_), None) if undone.is_some() => Desired::new(Decision::Waiting(Wait::Aborted)),
        (Some(policy), Some(marks))
            if policy.spec.mode == Mode::Audit
                && !claim::is_same(input, policy, marks)
                && claim::owner_of(input, site, marks).is_some() =>
        {
            // What another policy injected is taken out first; then this one reports.
            eject::eject_or_leave(input, site, start, marks, needs)
        }
        (Some(policy), _) => want(input, site, policy, live, start, injectors),
        (None, Some(marks)) if site.out_of_scope && scope::is_held(input, site, marks) => {
            Desired::new(Decision::OutOfScope(input.target.is_deleting()))
        }
        (None, Some(marks)) => eject::eject_or_leave(input, site, start, marks, needs),
        (None, None) => eject::restore_overtaken(site),
    };
    desired.marks = firelens_inject::marks(live).map(|marks| claim::known_as(input, site, marks));
    desired
}

/// A tag opts it out. What the service runs is read nevertheless: what it relies on stays.
fn left_alone(input: &PlanInput<'_>, site: &Site<'_>, needs: &mut Needs) -> Desired {
    let mut desired = Desired::new(Decision::OptedOut);
    if !input.policies.is_empty() {
        let live = document(input, &site.service.task_definition, needs);
        let marks = live.ok().and_then(firelens_inject::marks);
        desired.marks = marks.map(|marks| claim::known_as(input, site, marks));
    }
    desired
}

/// Whether somebody aborted the rollout of this generation with undo, after it had begun with the workload.
fn is_undone(input: &PlanInput<'_>, policy: &LoggingPolicy, record: &WorkloadRecord) -> bool {
    let control = input.controls.get(policy.uid());
    let undo = control.and_then(|control| control.abort.as_ref());
    undo.is_some_and(|abort| abort.undo)
        && record.rollout.as_ref().is_some_and(|mark| {
            mark.policy.uid == policy.uid()
                && mark.policy.generation == policy.generation()
                && mark.wave.is_some()
        })
}

/// The revision from which a change is made.
fn start<'a>(
    input: &PlanInput<'a>,
    site: &Site<'_>,
    live: &'a TaskDefinitionDoc,
    needs: &mut Needs,
) -> Result<&'a TaskDefinitionDoc, Decision> {
    match &site.record.overtaken {
        None => Ok(live),
        Some(race) if race.ours == site.service.task_definition => {
            document(input, &race.theirs, needs)
        }
        Some(race) => Err(Decision::Waiting(Wait::Read(format!(
            "waiting for ECS to show {} on the service",
            race.ours
        )))),
    }
}

/// The winner wants its router injected.
fn want(
    input: &PlanInput<'_>,
    site: &Site<'_>,
    policy: &LoggingPolicy,
    live: &TaskDefinitionDoc,
    start: &TaskDefinitionDoc,
    injectors: &mut Injectors<'_>,
) -> Desired {
    let base = base_of(start);
    let workload = WorkloadContext {
        platform: platform(site.service),
        base_arn: base.as_deref(),
    };
    let prepared = match injectors.prepare(input, policy, start, &workload) {
        Ok(prepared) => prepared,
        Err(refusal) => return Desired::new(Decision::Refused(refusal)),
    };
    let reference = crate::select::policy_ref(policy);
    let verifies = prepared.iam_mode() == IamMode::Verify;
    let rights = verifies.then(|| prepared.grants().to_vec());
    let in_sync = site.record.overtaken.is_none() && prepared.is_current(live);
    let mut desired = Desired::new(Decision::InSync);
    desired.notes = prepared.notes().to_vec();
    if !in_sync {
        desired
            .notes
            .extend(risks::of_deployment(site.service, policy));
    }
    if policy.spec.mode == Mode::Enforce {
        desired.grants = prepared.grants().to_vec();
        desired.objects = prepared.objects().to_vec();
        desired.policy = Some(reference.clone());
    }
    if in_sync && is_known_bad(site, &reference, live) {
        desired.decision = Decision::Failed;
    } else if in_sync {
        desired.adopt = Some(adopted(input, site, &reference, base, &prepared));
        desired.outputs = prepared.outputs();
    } else if let Some(stuck) = fit::stuck(site.service)
        && site.record.deployment.is_none()
    {
        let refusal = Refusal::new(Reason::DeploymentCannotMove, stuck.to_string());
        desired.decision = Decision::Refused(refusal);
    } else if let Some(refusal) = moving::refusal(policy, start, &mut desired.notes) {
        desired.decision = Decision::Refused(refusal);
    } else if policy.spec.mode == Mode::Audit {
        desired.decision = Decision::WouldInject;
    } else if let Some(refusal) = site.policy_errors.refusal(policy) {
        desired.decision = Decision::Refused(refusal);
        desired.grants.clear();
        desired.objects.clear();
    } else {
        desired.decision = Decision::Injecting;
        let older = meanwhile::change(input, site, policy, start, &workload);
        desired.meanwhile = older.map(Box::new);
        desired.found_meanwhile = meanwhile::adopt_older(input, site, policy, live, &workload);
        let (base, injection) = (base.clone(), prepared.seal());
        desired.change = Some(inject_change(start, reference, base, injection));
    }
    if !matches!(desired.decision, Decision::Refused(_)) {
        desired.rights = rights.unwrap_or_default();
    }
    desired
}

/// Whether the live revision is somebody's copy of one that failed: the same content of the same policy on the
/// same base, with whatever image.
fn is_known_bad(site: &Site<'_>, policy: &PolicyRef, live: &TaskDefinitionDoc) -> bool {
    let Some(failed) = &site.record.failed else {
        return false;
    };
    let marks = firelens_inject::marks(live);
    failed.purpose == Purpose::Inject
        && failed.end == AttemptEnd::Brought
        && failed.policy.is_same_content(policy)
        && failed.task_definition != site.service.task_definition
        && marks.is_some_and(|marks| marks.hash == failed.hash)
}

pub(crate) fn inject_change(
    start: &TaskDefinitionDoc,
    policy: PolicyRef,
    base: Option<String>,
    injection: Injection,
) -> Change {
    Change {
        purpose: Purpose::Inject,
        policy,
        hash: injection.hash,
        base,
        grants: injection.grants,
        objects: injection.objects,
        footprint: Some(capacity::footprint(start, &injection.document)),
        stop: None,
        revision: WantedRevision::Content {
            family: start.family().unwrap_or_default().to_owned(),
            body: injection.register_input,
        },
    }
}

/// The record of a live revision that is as wanted.
fn adopted(
    input: &PlanInput<'_>,
    site: &Site<'_>,
    policy: &PolicyRef,
    base: Option<String>,
    prepared: &Prepared,
) -> ManagedRevision {
    let known = site
        .record
        .managed
        .as_ref()
        .filter(|managed| managed.arn == site.service.task_definition);
    let settled_at = known.and_then(|managed| managed.settled_at);
    let adopted_at = known.and_then(|managed| managed.adopted_at);
    ManagedRevision {
        arn: site.service.task_definition.clone(),
        base,
        policy: policy.clone(),
        grants: prepared.grants().to_vec(),
        hash: prepared.hash(),
        settled_at,
        adopted_at: match settled_at {
            Some(_) => None,
            None => adopted_at.or(Some(input.now)),
        },
        rolled_out_generation: known.map_or(0, |managed| managed.rolled_out_generation),
    }
}

/// Returns the content of a revision, or the decision without it.
pub(crate) fn document<'a>(
    input: &PlanInput<'a>,
    arn: &str,
    needs: &mut Needs,
) -> Result<&'a TaskDefinitionDoc, Decision> {
    if arn.is_empty() {
        return Err(Decision::Unknown(
            "the service has no task definition".to_owned(),
        ));
    }
    match input.observation.task_definitions.get(arn) {
        Some(Observed::Present(doc)) => Ok(doc),
        Some(Observed::Unknown(why)) => Err(Decision::Unknown(format!("cannot read {arn}: {why}"))),
        Some(Observed::Absent) => Err(Decision::Unknown(format!("{arn} no longer exists"))),
        None => {
            needs.task_definitions.insert(arn.to_owned());
            Err(Decision::Waiting(Wait::Read(format!("reading {arn}"))))
        }
    }
}

/// The owner's revision for which `doc` stands: itself, or, for one of ours, the base in its marks.
fn base_of(doc: &TaskDefinitionDoc) -> Option<String> {
    match firelens_inject::marks(doc) {
        Some(marks) => marks.base,
        None => doc.arn().map(str::to_owned),
    }
}

fn platform(service: &ServiceView) -> Platform {
    Platform {
        launch_type: launch_type(service),
        platform_family: service.platform_family.clone(),
        deployment_controller: service.deployment_controller.clone(),
        is_express: service.is_express(),
        brings_its_own: service
            .tags
            .get(EXPRESS_TAG)
            .is_some_and(|value| value == EXPRESS_TAG_VALUE),
        desired_count: u64::try_from(service.desired_count).ok(),
        assign_public_ip: service.assign_public_ip,
    }
}
