//! The steps of one workload that may move, and the search for a revision that already exists.

mod moved;

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::input::PlanInput;
use crate::model::{Decision, Plan, RegisterStep, RevisionRef, Step, UpdateStep, Wait};
use crate::resources;
use crate::resources::State;
use crate::workload::desire::{Change, WantedRevision};
use crate::workload::draft::{Draft, REGISTER_CONSISTENCY_SECONDS};
use crate::workload::external_deploy;
use firelens_aws::observe::Observed;
use firelens_aws::record::{
    Intent, Purpose, Registered, ResourceId, RouterOf, WorkloadKey, WorkloadRecord,
};
use firelens_inject::{Reason, Refusal};
use firelens_taskdef::{TaskDefinitionDoc, canonical_hash};

pub(crate) fn steps_for(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    key: &WorkloadKey,
    draft: &mut Draft<'_>,
    change: Change,
    requires: &[ResourceId],
    states: &BTreeMap<ResourceId, State>,
) -> Result<Vec<Step>, Decision> {
    let blocked = blocked_by(requires, states)?;
    let must_spread = requires.iter().any(|id| {
        matches!(id, ResourceId::RolePolicy { .. }) && states.get(id) == Some(&State::Write)
    });
    let is_next =
        blocked.is_none() && !must_spread && external_deploy::is_deployed_by_ecs(draft.service);
    let moved_images = moved::look(input, &mut plan.needs, draft, &change, is_next)?;
    let mut steps = Vec::new();
    let revision = match change.revision {
        WantedRevision::Existing(arn) => RevisionRef::Arn(arn),
        WantedRevision::Content { family, body } => {
            let router = (change.purpose == Purpose::Inject).then(|| RouterOf {
                policy: change.policy.clone(),
                grants: change.grants.clone(),
            });
            let intent = Intent {
                router,
                ..Intent::register(&key.target, &family, &change.hash, input.now)
            };
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
        draft.desired.decision = Decision::Waiting(wait);
        return Ok(steps);
    }
    if is_next {
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
            stop: change.stop,
            moved_images,
        }));
    }
    Ok(steps)
}

/// Whether the resources that the steps rely on exist; otherwise a wait, or a decision that ends the steps.
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
                        "{id} cannot be written: the role does not exist; create it, or use another role in the task \
                         definition"
                    ),
                }));
            }
            Some(State::TooLong { characters, others }) => {
                return Err(Decision::Refused(Refusal {
                    reason: Reason::RolePolicyTooLong,
                    message: format!(
                        "{id} would have {characters} characters in addition to {others} of other inline policies, and \
                         IAM allows {} for all inline policies of a role; shorten or remove other inline policies, or \
                         use iam.mode: Verify and attach a managed policy",
                        firelens_aws::iam::INLINE_POLICY_TOTAL_CHARACTERS
                    ),
                }));
            }
            Some(State::BoundaryDenies(denied)) => {
                return Err(Decision::Refused(Refusal {
                    reason: Reason::BoundaryDenies,
                    message: format!(
                        "{denied}; {id} would have no effect: extend the boundary, or use another role in the task \
                         definition"
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

/// Returns the revision with this content, if one was registered before: recorded, or found for an open intent.
/// Registering is not idempotent, so it happens only when this returns `None`.
fn registered(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    record: &mut WorkloadRecord,
    wanted: &Intent,
) -> Result<Option<String>, Decision> {
    if let Some(known) = record
        .registered
        .as_ref()
        .filter(|known| known.serves(&wanted.hash))
    {
        return Ok(Some(known.arn.clone()));
    }
    let shared = input
        .records
        .values()
        .filter_map(|other| other.registered.as_ref());
    if let Some(known) = shared.into_iter().find(|known| known.serves(&wanted.hash)) {
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
                .find(|doc| has_content(doc, &wanted.hash, input.installation))
                .and_then(TaskDefinitionDoc::arn)
            {
                record.registered = Some(Registered {
                    arn: arn.to_owned(),
                    hash: wanted.hash.clone(),
                    is_deregistered: false,
                });
                plan.registered.extend(wanted.owned(arn, input.now));
                plan.closed_intents.push(open.id.clone());
                return Ok(Some(arn.to_owned()));
            }
            let age = input.now.duration_since(open.recorded_at);
            if age < SignedDuration::from_secs(REGISTER_CONSISTENCY_SECONDS) {
                return Err(Decision::Waiting(Wait::Read(format!(
                    "a registration without a response in family {}",
                    wanted.family
                ))));
            }
            Ok(None)
        }
    }
}

/// Whether a revision is the one whose registration was not answered.
pub(crate) fn has_content(doc: &TaskDefinitionDoc, hash: &str, installation: &str) -> bool {
    match firelens_inject::marks(doc) {
        Some(marks) => marks.hash == hash && !marks.is_foreign_to(installation),
        None => canonical_hash(&doc.to_register_input()) == hash,
    }
}
