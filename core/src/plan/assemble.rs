//! Puts the parts of a plan together.
//!
//! It only orders the judgements of the other modules; a rule of its own would be in the wrong place.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::admission::{self, Candidate, Progress};
use super::desire::{self, Change, Site, Verdict, WantedRevision};
use super::model::{
    Decision, Plan, PlanInput, RegisterStep, RevisionRef, Step, UpdateStep, Wait, WorkloadPlan,
};
use super::resources::{self, State, Wishes};
use super::{removal, sharing, track};
use crate::doc::{TaskDefinitionDoc, canonical_hash};
use crate::inject::{self, Reason, Refusal};
use crate::observe::{ClusterView, Needs, Observed, ServiceView};
use crate::record::{Intent, PolicyRef, Registered, ResourceId, WorkloadKey, WorkloadRecord};
use crate::select::{self, Selection, Subject};
use crate::v1alpha1::{IamMode, LoggingPolicy, Mode};

/// How often a deployment of ours is looked at.
pub const DEPLOYMENT_POLL_SECONDS: i64 = 10;
/// When something that could not be read is tried again, or someone else's deployment looked at.
pub const READ_RETRY_SECONDS: i64 = 30;
/// How long an unanswered registration may stay invisible before it counts as not made.
pub const REGISTER_CONSISTENCY_SECONDS: i64 = 30;

/// One workload on its way through the stages.
struct Draft<'a> {
    cluster: &'a ClusterView,
    service: &'a ServiceView,
    selection: Selection,
    record: WorkloadRecord,
    verdict: Verdict,
}

/// Decides what to do in one target.
#[must_use]
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut drafts = survey(input, &mut plan);
    sharing::refuse_shared_roles(input, &mut plan.needs, &mut drafts_view(&mut drafts));
    let admitted = admit(input, &mut drafts);
    let states = judge_resources(input, &mut plan, &drafts, &admitted);
    for (key, draft) in drafts {
        let entry = finish(
            input,
            &mut plan,
            &key,
            draft,
            admitted.contains(&key),
            &states,
        );
        plan.workloads.insert(key, entry);
    }
    removal::plan(input, &mut plan);
    removal::count(input, &mut plan);
    plan.look_again_at = look_again(input, &plan);
    plan
}

/// What `sharing` sees of the drafts.
fn drafts_view<'d>(drafts: &'d mut BTreeMap<WorkloadKey, Draft<'_>>) -> Vec<sharing::Entry<'d>> {
    drafts
        .iter_mut()
        .map(|(key, draft)| sharing::Entry {
            key,
            revision: &draft.service.task_definition,
            winner: draft.selection.winner.as_ref(),
            verdict: &mut draft.verdict,
        })
        .collect()
}

/// Looks at every workload alone. Workloads that could not be read, or are gone, end here.
fn survey<'a>(input: &PlanInput<'a>, plan: &mut Plan) -> BTreeMap<WorkloadKey, Draft<'a>> {
    let observation = input.observation;
    let keys: BTreeSet<&WorkloadKey> = observation
        .services
        .keys()
        .chain(input.records.keys())
        .collect();
    let mut drafts = BTreeMap::new();
    for key in keys {
        let remembered = input
            .records
            .get(key)
            .cloned()
            .unwrap_or_else(|| WorkloadRecord::new(key.clone()));
        let found = match observation.services.get(key) {
            Some(Observed::Present(service)) if service.status == "ACTIVE" => service,
            Some(Observed::Unknown(why)) => {
                plan.workloads.insert(key.clone(), unknown(remembered, why));
                continue;
            }
            Some(_) => {
                plan.forgotten_workloads.push(key.clone());
                continue;
            }
            None => {
                match observation.unread(key) {
                    Some(why) => {
                        plan.workloads.insert(key.clone(), unknown(remembered, why));
                    }
                    None => plan.forgotten_workloads.push(key.clone()),
                }
                continue;
            }
        };
        let Some(cluster) = observation.clusters.get(&key.cluster) else {
            continue;
        };
        drafts.insert(
            key.clone(),
            draft(input, cluster, found, &remembered, &mut plan.needs),
        );
    }
    drafts
}

fn draft<'a>(
    input: &PlanInput<'a>,
    cluster: &'a ClusterView,
    service: &'a ServiceView,
    remembered: &WorkloadRecord,
    needs: &mut Needs,
) -> Draft<'a> {
    let subject = Subject {
        target: input.target.name(),
        cluster,
        service,
    };
    let selection = select::select(&subject, input.policies);
    let deadline = remembered
        .deployment
        .as_ref()
        .and_then(|deployment| find_policy(input, &deployment.policy))
        .map_or(i64::from(u32::MAX), |policy| {
            i64::from(policy.spec.rollout.progress_deadline_seconds)
        });
    let mut record = track::advance(remembered, service, deadline, input.now);
    let site = Site {
        cluster,
        service,
        record: &record,
        selection: &selection,
    };
    let verdict = desire::judge(input, &site, needs);
    adopt(&mut record, &verdict);
    Draft {
        cluster,
        service,
        selection,
        record,
        verdict,
    }
}

/// Takes on what the live revision tells of itself, or forgets what it does not show any more.
fn adopt(record: &mut WorkloadRecord, verdict: &Verdict) {
    if let Some(managed) = &verdict.adopt {
        if record.deployment.is_none() {
            record.admitted = None;
        }
        record.registered = Some(Registered {
            arn: managed.arn.clone(),
            hash: managed.hash.clone(),
        });
        record.managed = Some(managed.clone());
    }
    if verdict.decision == Decision::Retained {
        record.managed = None;
    }
    if verdict.change.is_none() && record.deployment.is_none() && verdict.adopt.is_none() {
        record.admitted = None;
    }
}

/// Holds back, then gives places. Answers the keys that may take steps in this pass.
fn admit(
    input: &PlanInput<'_>,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) -> BTreeSet<WorkloadKey> {
    let mut by_policy: BTreeMap<PolicyRef, Vec<Candidate>> = BTreeMap::new();
    for (key, draft) in drafts.iter_mut() {
        let Some(change) = &draft.verdict.change else {
            continue;
        };
        if let Some(held) = held_back(input, draft, change) {
            draft.verdict.decision = held;
            continue;
        }
        by_policy
            .entry(change.policy.clone())
            .or_default()
            .push(Candidate {
                key: key.clone(),
                purpose: change.purpose,
                admitted: draft
                    .record
                    .admitted
                    .as_ref()
                    .is_some_and(|held| held.uid == change.policy.uid),
            });
    }
    let mut admitted = BTreeSet::new();
    for (reference, mut candidates) in by_policy {
        let Some(policy) = find_policy(input, &reference) else {
            continue;
        };
        candidates.sort_by_key(|candidate| !candidate.admitted);
        let selected = selected_by(drafts, &reference);
        let progress = Progress::of(
            &reference,
            selected,
            drafts.values().map(|draft| &draft.record),
        );
        let answers = admission::admit(&policy.spec.rollout, &progress, &candidates, input.now);
        for (candidate, answer) in candidates.into_iter().zip(answers) {
            let Some(draft) = drafts.get_mut(&candidate.key) else {
                continue;
            };
            match answer {
                Some(wait) => draft.verdict.decision = Decision::Waiting(wait),
                None => {
                    draft.record.admitted = Some(reference.clone());
                    admitted.insert(candidate.key);
                }
            }
        }
    }
    admitted
}

fn selected_by(drafts: &BTreeMap<WorkloadKey, Draft<'_>>, policy: &PolicyRef) -> usize {
    drafts
        .values()
        .filter(|draft| {
            draft
                .selection
                .winner
                .as_ref()
                .is_some_and(|won| won.uid == policy.uid)
        })
        .count()
}

/// Reasons that keep one workload from moving, whatever the others do.
fn held_back(input: &PlanInput<'_>, draft: &Draft<'_>, change: &Change) -> Option<Decision> {
    let policy = find_policy(input, &change.policy);
    let deleting = policy.is_some_and(|policy| policy.is_deleting());
    let suspended = policy.is_some_and(|policy| policy.spec.suspend) && !deleting;
    if let Some(deployment) = &draft.record.deployment {
        return Some(Decision::Deploying(deployment.purpose));
    }
    if input.target.spec.suspend || suspended {
        return Some(Decision::Waiting(Wait::Suspended));
    }
    let failed = draft.record.failed.as_ref();
    if failed.is_some_and(|failed| failed.purpose == change.purpose && failed.hash == change.hash) {
        return Some(Decision::Failed);
    }
    if draft.service.deployment_controller != "ECS" {
        return Some(Decision::Refused(Refusal {
            reason: Reason::DeploymentControllerUnsupported,
            message: format!(
                "the service is deployed by {}; the operator ships revisions only where ECS deploys",
                draft.service.deployment_controller
            ),
        }));
    }
    let primary = draft.service.primary_deployment();
    let stuck_on_ours = primary.is_some_and(|found| {
        failed.is_some_and(|failed| failed.task_definition == found.task_definition)
    });
    let foreign = draft.service.is_deploying()
        || primary.is_some_and(|found| found.rollout_state.as_deref() == Some("FAILED"));
    (foreign && !stuck_on_ours).then_some(Decision::Waiting(Wait::ForeignDeployment))
}

/// Judges role policies and objects of everything that runs or is about to.
fn judge_resources(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    drafts: &BTreeMap<WorkloadKey, Draft<'_>>,
    admitted: &BTreeSet<WorkloadKey>,
) -> BTreeMap<ResourceId, State> {
    let mut wishes = Wishes::default();
    for (key, draft) in drafts {
        let in_sync = draft.verdict.decision == Decision::InSync;
        if let Some(policy) = &draft.verdict.policy
            && (in_sync || admitted.contains(key))
        {
            if manages_roles(input, policy) {
                wishes.grants(policy, &draft.verdict.grants, in_sync);
            }
            wishes.objects(policy, &draft.verdict.objects, in_sync);
        }
        // What still runs keeps its rights until its successor has settled.
        if let Some(managed) = draft
            .record
            .managed
            .as_ref()
            .filter(|managed| manages_roles(input, &managed.policy))
        {
            wishes.grants(&managed.policy, &managed.grants, false);
        }
        if let Some(deployment) = draft
            .record
            .deployment
            .as_ref()
            .filter(|deployment| manages_roles(input, &deployment.policy))
        {
            wishes.grants(&deployment.policy, &deployment.grants, false);
        }
    }
    let mut states = BTreeMap::new();
    for (id, wanted) in wishes.into_wanted() {
        let state = resources::judge(input, &id, &wanted, &mut plan.needs, &mut plan.verified);
        if state == State::Write && !input.target.spec.suspend {
            plan.resources
                .insert(id.clone(), resources::write(input, &id, &wanted));
        }
        states.insert(id, state);
    }
    states
}

fn manages_roles(input: &PlanInput<'_>, policy: &PolicyRef) -> bool {
    find_policy(input, policy).is_none_or(|policy| policy.spec.iam.mode == IamMode::Manage)
}

/// Turns a draft into the workload's entry: steps for those admitted.
fn finish(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    key: &WorkloadKey,
    mut draft: Draft<'_>,
    admitted: bool,
    states: &BTreeMap<ResourceId, State>,
) -> WorkloadPlan {
    let mut requires = Vec::new();
    let mut steps = Vec::new();
    if let Some(deployment) = &draft.record.deployment
        && draft.verdict.decision == Decision::InSync
    {
        draft.verdict.decision = Decision::Deploying(deployment.purpose);
    }
    if admitted && let Some(change) = draft.verdict.change.take() {
        requires = match find_policy(input, &change.policy) {
            Some(policy) if policy.spec.iam.mode == IamMode::Manage => {
                resources::ids_of(&change.policy, &change.grants, &change.objects)
            }
            _ => resources::ids_of(&change.policy, &[], &change.objects),
        };
        match steps_for(input, plan, key, &mut draft, change, &requires, states) {
            Ok(found) => steps = found,
            Err(decision) => draft.verdict.decision = decision,
        }
    }
    WorkloadPlan {
        selection: draft.selection,
        decision: draft.verdict.decision,
        requires,
        steps,
        notes: draft.verdict.notes,
        record: draft.record,
        current_revision: Some(draft.service.task_definition.clone()).filter(|arn| !arn.is_empty()),
        marks: draft.verdict.marks,
    }
}

fn steps_for(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    key: &WorkloadKey,
    draft: &mut Draft<'_>,
    change: Change,
    requires: &[ResourceId],
    states: &BTreeMap<ResourceId, State>,
) -> Result<Vec<Step>, Decision> {
    let blocked = blocked_by(requires, states)?;
    let mut steps = Vec::new();
    let revision = match change.revision {
        WantedRevision::Existing(arn) => RevisionRef::Arn(arn),
        WantedRevision::Content { family, body } => {
            let intent = Intent::register(&key.target, &family, &change.hash, input.now);
            match registered(input, plan, &mut draft.record, &intent)? {
                Some(arn) => RevisionRef::Arn(arn),
                None => {
                    steps.push(Step::Register(RegisterStep { intent, body }));
                    RevisionRef::JustRegistered
                }
            }
        }
    };
    if let Some(wait) = blocked {
        draft.verdict.decision = Decision::Waiting(wait);
        return Ok(steps);
    }
    let must_spread = requires.iter().any(|id| {
        matches!(id, ResourceId::RolePolicy { .. }) && states.get(id) == Some(&State::Write)
    });
    if !must_spread {
        steps.push(Step::Update(UpdateStep {
            cluster_arn: draft.cluster.arn.clone(),
            service: draft.service.name.clone(),
            expected: draft.service.task_definition.clone(),
            revision,
            purpose: change.purpose,
            policy: change.policy,
            hash: change.hash,
            base: change.base,
            grants: change.grants,
        }));
    }
    Ok(steps)
}

/// Whether what the steps rely on is there: a wait, or a decision that ends the turn.
fn blocked_by(
    requires: &[ResourceId],
    states: &BTreeMap<ResourceId, State>,
) -> Result<Option<Wait>, Decision> {
    let mut blocked = None;
    for id in requires {
        match states.get(id) {
            Some(State::RoleMissing) => {
                return Err(Decision::Refused(Refusal {
                    reason: Reason::RoleMissing,
                    message: format!(
                        "{id} cannot be written: the role does not exist; create it, or name another in the task definition"
                    ),
                }));
            }
            Some(State::TooLong(size)) => {
                return Err(Decision::Refused(Refusal {
                    reason: Reason::RolePolicyTooLong,
                    message: format!(
                        "{id} would have {size} characters, IAM allows {} for all inline policies of a role; use iam.mode: Verify and attach a managed policy",
                        crate::iam::INLINE_POLICY_TOTAL_CHARACTERS
                    ),
                }));
            }
            Some(state) => {
                if let Some(wait) = resources::wait(state) {
                    blocked = Some(wait);
                }
            }
            None => {}
        }
    }
    Ok(blocked)
}

/// The revision with this content, if one was registered before: remembered, or found again behind
/// an open intent. Registering is not idempotent, so it happens only when this answers `None`.
fn registered(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    record: &mut WorkloadRecord,
    wanted: &Intent,
) -> Result<Option<String>, Decision> {
    if let Some(known) = record
        .registered
        .as_ref()
        .filter(|known| known.hash == wanted.hash)
    {
        return Ok(Some(known.arn.clone()));
    }
    let shared = input
        .records
        .values()
        .filter_map(|other| other.registered.as_ref());
    if let Some(known) = shared.into_iter().find(|known| known.hash == wanted.hash) {
        record.registered = Some(known.clone());
        return Ok(Some(known.arn.clone()));
    }
    let Some(open) = input.intents.iter().find(|open| open.id == wanted.id) else {
        return Ok(None);
    };
    match input.observation.families.get(&wanted.family) {
        None => {
            plan.needs.families.insert(wanted.family.clone());
            Err(Decision::Waiting(Wait::Read(wanted.family.clone())))
        }
        Some(Observed::Unknown(why)) => Err(Decision::Waiting(Wait::Read(format!(
            "{}: {why}",
            wanted.family
        )))),
        Some(Observed::Absent) => Ok(None),
        Some(Observed::Present(newest)) => {
            if let Some(arn) = newest
                .iter()
                .find(|doc| has_content(doc, &wanted.hash))
                .and_then(TaskDefinitionDoc::arn)
            {
                record.registered = Some(Registered {
                    arn: arn.to_owned(),
                    hash: wanted.hash.clone(),
                });
                plan.closed_intents.push(open.id.clone());
                return Ok(Some(arn.to_owned()));
            }
            let age = input.now.duration_since(open.recorded_at);
            if age < SignedDuration::from_secs(REGISTER_CONSISTENCY_SECONDS) {
                return Err(Decision::Waiting(Wait::Read(format!(
                    "an unanswered registration in {}",
                    wanted.family
                ))));
            }
            Ok(None)
        }
    }
}

/// Whether a revision is the one whose registration went unanswered.
fn has_content(doc: &TaskDefinitionDoc, hash: &str) -> bool {
    match inject::marks(doc) {
        Some(marks) => marks.hash == hash,
        None => canonical_hash(&doc.to_register_input()) == hash,
    }
}

fn unknown(record: WorkloadRecord, why: &str) -> WorkloadPlan {
    WorkloadPlan {
        selection: Selection::default(),
        decision: Decision::Unknown(why.to_owned()),
        requires: Vec::new(),
        steps: Vec::new(),
        notes: Vec::new(),
        record,
        current_revision: None,
        marks: None,
    }
}

pub(super) fn find_policy<'a>(
    input: &PlanInput<'a>,
    reference: &PolicyRef,
) -> Option<&'a LoggingPolicy> {
    input
        .policies
        .iter()
        .find(|policy| policy.uid() == reference.uid)
}

/// The soonest time at which something waited for can have changed; `None` when nothing is.
fn look_again(input: &PlanInput<'_>, plan: &Plan) -> Option<Timestamp> {
    let after = |seconds: i64| {
        input
            .now
            .checked_add(SignedDuration::from_secs(seconds))
            .ok()
    };
    let audits = |won: &PolicyRef| {
        find_policy(input, won).is_some_and(|policy| policy.spec.mode == Mode::Audit)
    };
    plan.workloads
        .values()
        .filter_map(|workload| match &workload.decision {
            Decision::Deploying(_) | Decision::Injecting | Decision::Ejecting => {
                after(DEPLOYMENT_POLL_SECONDS)
            }
            Decision::Waiting(Wait::IamPropagation(until) | Wait::Canary(Some(until))) => {
                Some(*until)
            }
            Decision::Waiting(Wait::ForeignDeployment | Wait::Read(_)) => after(READ_RETRY_SECONDS),
            Decision::Unknown(_) if !workload.selection.winner.as_ref().is_some_and(audits) => {
                after(READ_RETRY_SECONDS)
            }
            _ => None,
        })
        .min()
}
