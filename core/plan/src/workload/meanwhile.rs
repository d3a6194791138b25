//! The last proven generation of a policy: what a workload is restored to while a newer one has to wait.
//!
//! What failed on that very revision is not deployed again, and no slot of the newer generation is used: the
//! workload counts as not yet reached by it.

use std::collections::{BTreeMap, BTreeSet};

use crate::input::PlanInput;
use crate::model::{Decision, Plan, Wait};
use crate::workload::desire::{Change, Site, inject_change};
use crate::workload::draft::{Draft, find_policy};
use crate::workload::external_deploy;
use crate::workload::injectors::target_context;
use firelens_aws::observe::ServiceView;
use firelens_aws::record::{
    GenerationKey, ManagedRevision, PolicyGeneration, PolicyRef, Purpose, WorkloadKey,
    WorkloadRecord,
};
use firelens_inject::{Injector, Prepared, TargetContext, WorkloadContext};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{LoggingPolicy, Mode};

/// The number of generations of a policy that are kept although no workload names them, the newest first.
pub const GENERATIONS_KEPT: usize = 3;

/// Records the generation that runs, once its deployment is done; forgets one of a policy that is gone.
pub(crate) fn note_proven(
    input: &PlanInput<'_>,
    service: &ServiceView,
    record: &mut WorkloadRecord,
) {
    let is_done = |managed: &ManagedRevision| {
        let shows = service.primary_deployment().is_some_and(|deployment| {
            deployment.task_definition == managed.arn && deployment.is_complete()
        });
        managed.settled_at.is_some() || shows
    };
    if let Some(managed) = &record.managed
        && record.deployment.is_none()
        && is_done(managed)
    {
        record.proven = Some(managed.policy.clone());
    }
    let is_gone = |proven: &PolicyRef| find_policy(input, proven).is_none();
    if record.proven.as_ref().is_some_and(is_gone) {
        record.proven = None;
    }
}

/// An older generation of the policy that ran here until it had settled, with its content.
fn proven<'a>(
    input: &PlanInput<'a>,
    site: &Site<'_>,
    policy: &LoggingPolicy,
) -> Option<(&'a PolicyGeneration, PolicyRef)> {
    let proven = site.record.proven.as_ref()?;
    let is_older = proven.uid == policy.uid() && proven.generation < policy.generation();
    let known = input.generations.get(&proven.key()).filter(|_| is_older)?;
    Some((known, proven.clone()))
}

fn prepare(
    input: &PlanInput<'_>,
    known: &PolicyGeneration,
    start: &TaskDefinitionDoc,
    workload: &WorkloadContext<'_>,
) -> Option<Prepared> {
    let target = TargetContext {
        destinations: &known.destinations,
        ..target_context(input, &known.policy)
    };
    Injector::new(target).prepare(start, workload).ok()
}

/// The change that brings the last proven generation to a service which its owner left without a router; none
/// where it failed on that revision.
pub(crate) fn change(
    input: &PlanInput<'_>,
    site: &Site<'_>,
    policy: &LoggingPolicy,
    start: &TaskDefinitionDoc,
    workload: &WorkloadContext<'_>,
) -> Option<Change> {
    let has_router = firelens_inject::marks(start).is_some() || site.record.overtaken.is_some();
    if has_router || !external_deploy::is_deployed_by_ecs(site.service) {
        return None;
    }
    let (known, reference) = proven(input, site, policy)?;
    let prepared = prepare(input, known, start, workload)?;
    let base = workload.base_arn.map(str::to_owned);
    let change = inject_change(start, reference, base, prepared.seal());
    let is_bad = site.record.failed.as_ref().is_some_and(|failed| {
        failed.purpose == Purpose::Inject && failed.hash == change.hash && failed.is_held(input.now)
    });
    (!is_bad).then_some(change)
}

/// The record of a live revision of the last proven generation that somebody else deployed: a copy of ours, or
/// ours again.
pub(crate) fn adopt_older(
    input: &PlanInput<'_>,
    site: &Site<'_>,
    policy: &LoggingPolicy,
    live: &TaskDefinitionDoc,
    workload: &WorkloadContext<'_>,
) -> Option<ManagedRevision> {
    let arn = &site.service.task_definition;
    let known = site.record.managed.as_ref();
    let is_known = known.is_some_and(|managed| managed.arn == *arn);
    if is_known || site.record.overtaken.is_some() || site.record.deployment.is_some() {
        return None;
    }
    firelens_inject::marks(live)?;
    let (known, reference) = proven(input, site, policy)?;
    let prepared =
        prepare(input, known, live, workload).filter(|prepared| prepared.is_current(live))?;
    Some(ManagedRevision {
        arn: arn.clone(),
        base: workload.base_arn.map(str::to_owned),
        rolled_out_generation: reference.generation,
        policy: reference,
        grants: prepared.grants().to_vec(),
        hash: prepared.hash(),
        settled_at: None,
        adopted_at: Some(input.now),
    })
}

/// Releases slots that an older generation of a policy held: the present one gives its own.
pub(crate) fn release_old_slots(
    input: &PlanInput<'_>,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) {
    for draft in drafts.values_mut() {
        let held = draft.record.admitted.as_ref();
        let is_old = held.is_some_and(|held| {
            find_policy(input, held).is_some_and(|policy| policy.generation() != held.generation)
        });
        if is_old && draft.record.deployment.is_none() {
            draft.record.admitted = None;
        }
    }
}

/// Gives slots to the last proven generation where the present one has to wait, as far as there is room; returns
/// the workloads. A freeze holds it like everything else.
pub(crate) fn admit(
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
    waiting: &[(WorkloadKey, Wait)],
    policy: &PolicyRef,
    limit: usize,
) -> BTreeSet<WorkloadKey> {
    let holds = |draft: &&Draft<'_>| {
        let deployment = draft
            .record
            .deployment
            .as_ref()
            .map(|deployment| &deployment.policy);
        let held = [draft.record.admitted.as_ref(), deployment];
        held.into_iter()
            .flatten()
            .any(|held| held.uid == policy.uid)
    };
    let mut in_flight = drafts.values().filter(holds).count();
    let mut admitted = BTreeSet::new();
    for (key, wait) in waiting {
        if in_flight >= limit || matches!(wait, Wait::Frozen { .. }) {
            continue;
        }
        let Some(draft) = drafts.get_mut(key) else {
            continue;
        };
        let Some(change) = draft.desired.meanwhile.take() else {
            continue;
        };
        in_flight += 1;
        let mark = draft.record.rollout.as_ref();
        if mark.is_some_and(|mark| mark.settled_at.is_none()) {
            // The newer one had its slot here and did not use it, so it has not reached the workload.
            draft.record.rollout = None;
        }
        draft.record.admitted = Some(change.policy.clone());
        draft.desired.policy = Some(change.policy.clone());
        draft.desired.grants.clone_from(&change.grants);
        draft.desired.objects.clone_from(&change.objects);
        draft.desired.decision = Decision::Injecting;
        draft.desired.change = Some(*change);
        admitted.insert(key.clone());
    }
    admitted
}

/// Plans which generations are recorded, and which are forgotten because nobody needs them any more.
pub(crate) fn keep(input: &PlanInput<'_>, plan: &mut Plan) {
    let records = plan.workloads.values().map(|workload| &workload.record);
    let named: BTreeSet<GenerationKey> = records.flat_map(named_by).map(PolicyRef::key).collect();
    let working = input.policies.iter().filter(|policy| {
        let key = (policy.uid().to_owned(), policy.generation());
        policy.spec.mode == Mode::Enforce && !policy.is_deleting() && named.contains(&key)
    });
    for policy in working {
        let wanted = PolicyGeneration::of(policy, input.destinations);
        if input.generations.get(&wanted.key()) != Some(&wanted) {
            plan.generations.push(wanted);
        }
    }
    let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
    for key in input.generations.keys().rev() {
        let exists = input.policies.iter().any(|policy| policy.uid() == key.0);
        let newer = kept.entry(&key.0).or_default();
        *newer += 1;
        if !named.contains(key) && (!exists || *newer > GENERATIONS_KEPT) {
            plan.forgotten_generations.push(key.clone());
        }
    }
}

/// The generations that a workload's record names.
fn named_by(record: &WorkloadRecord) -> impl Iterator<Item = &PolicyRef> {
    let managed = record.managed.as_ref().map(|managed| &managed.policy);
    let deployment = record
        .deployment
        .as_ref()
        .map(|deployment| &deployment.policy);
    let proven = record.proven.as_ref();
    [managed, deployment, proven, record.admitted.as_ref()]
        .into_iter()
        .flatten()
}
