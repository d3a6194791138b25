//! Revisions of ours that a service is no longer set to, and that may still have tasks or come back.
//!
//! What they need of roles and files stays. A failed read lets none of them go: only a service that shows that
//! nothing else runs, and that has settled, does.

use crate::input::PlanInput;
use crate::workload::claim::is_same;
use firelens_aws::iam::{Grant, RoleUse};
use firelens_aws::observe::{Needs, Observed, ServiceView};
use firelens_aws::record::{DeploymentRecord, ManagedRevision, PolicyRef, Purpose, WorkloadRecord};
use firelens_inject::Marks;
use firelens_taskdef::TaskDefinitionDoc;

/// Records the revision of a deployment that is no longer followed.
pub(crate) fn set_down(record: &mut WorkloadRecord, deployment: &DeploymentRecord) {
    if deployment.purpose == Purpose::Inject {
        record.set_down(deployment.brought(None));
    }
}

/// Lets go of revisions that can neither run nor come back: the newest deployment is complete, which is the target
/// of the next rollback by ECS, and no other one has tasks. Source:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>.
pub(crate) fn release(record: &mut WorkloadRecord, service: &ServiceView) {
    let WorkloadRecord {
        managed,
        leaving,
        deployment,
        ..
    } = record;
    if let Some(managed) = managed {
        leaving.retain(|revision| revision.arn != managed.arn);
    }
    if deployment.is_none() && service.is_settled() {
        leaving.retain(|revision| revision.arn == service.task_definition);
    }
}

/// Records revisions that a service shows and whose marks are ours, where no record has them. Requests those of
/// which nothing is known.
pub(crate) fn note_shown(
    input: &PlanInput<'_>,
    service: &ServiceView,
    record: &mut WorkloadRecord,
    needs: &mut Needs,
) {
    for arn in service.reachable_revisions() {
        if is_known(record, arn) {
            continue;
        }
        match input.observation.task_definitions.get(arn) {
            // The one it is set to is requested where it is needed.
            None if arn == service.task_definition => {}
            None => {
                needs.task_definitions.insert(arn.to_owned());
            }
            Some(Observed::Present(document)) => {
                let marks = firelens_inject::marks(document);
                let ours = marks.filter(|marks| !marks.is_foreign_to(input.installation));
                if let Some(mut marks) = ours {
                    // After the database was lost the same policy has another uid.
                    let mut policies = input.policies.iter();
                    if let Some(policy) = policies.find(|policy| is_same(input, policy, &marks)) {
                        policy.uid().clone_into(&mut marks.policy_uid);
                    }
                    record.set_down(explained(arn, document, &marks));
                }
            }
            Some(Observed::Absent | Observed::Unknown(_)) => {}
        }
    }
}

fn is_known(record: &WorkloadRecord, arn: &str) -> bool {
    let deployment = record.deployment.iter();
    let followed =
        deployment.flat_map(|deployment| [&deployment.task_definition, &deployment.previous]);
    let managed = record.managed.iter().chain(&record.leaving);
    managed
        .map(|revision| &revision.arn)
        .chain(followed)
        .any(|known| known == arn)
}

/// The record of a revision made from its marks. Its roles are known, what they must allow is not.
fn explained(arn: &str, document: &TaskDefinitionDoc, marks: &Marks) -> ManagedRevision {
    let roles = [
        (RoleUse::Task, document.task_role_arn()),
        (RoleUse::Execution, document.execution_role_arn()),
    ];
    let grants = roles.into_iter().filter_map(|(role, arn)| {
        Some(Grant {
            role,
            role_arn: arn?.to_owned(),
            statements: Vec::new(),
        })
    });
    ManagedRevision {
        arn: arn.to_owned(),
        base: marks.base.clone(),
        policy: PolicyRef {
            name: marks.policy.clone(),
            uid: marks.policy_uid.clone(),
            generation: marks.generation,
        },
        grants: grants.collect(),
        hash: marks.hash.clone(),
        settled_at: None,
        adopted_at: None,
        rolled_out_generation: 0,
    }
}
