//! Writes and removals of S3 objects and role policies, each once however many workloads need it.
//!
//! A row is recorded before a write and deleted after a removal, so that there is a record of everything that
//! exists in AWS. Only what such a row names is removed, and only by the last target that has one.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::record::{OwnedResource, ResourceId};
use firelens_plan::{Decision, Plan, ResourceContent, ResourcePlan};
use firelens_report::status::{Problem, WorkloadReason};
use firelens_store::Release;

use super::errors::problem;
use super::{APPLY_BUDGET, Applied, Applier, ApplyError, not_kept};
use crate::aws::AwsError;

impl Applier<'_> {
    /// Writes what the workloads of this pass require. Returns what could not be written, with the reason.
    pub(super) async fn write_resources(
        &self,
        plan: &Plan,
        applied: &mut Applied,
    ) -> Result<BTreeMap<ResourceId, Problem>, ApplyError> {
        let mut failed = BTreeMap::new();
        // Objects sort before role policies.
        for (id, resource) in required(plan) {
            if self.time.elapsed() > APPLY_BUDGET {
                applied.unfinished = true;
                let reason = WorkloadReason::ResourceFailed;
                let message =
                    format!("{id} is written in the next pass: the time for this pass has run out");
                failed.insert(id.clone(), Problem { reason, message });
                continue;
            }
            let lease = self.lease().await?;
            let row = std::slice::from_ref(&resource.resource);
            match self.store.put_resources(&lease, row).await {
                Err(error) if error.refuses_content() => {
                    applied.retry = true;
                    failed.insert(id.clone(), not_kept(&error));
                    continue;
                }
                going => {
                    if !going?.is_empty() {
                        applied.retry = true;
                        failed.insert(id.clone(), being_removed(id));
                        continue;
                    }
                }
            }
            match self.write_resource(resource).await {
                Ok(()) => {
                    let written = OwnedResource {
                        written_at: Some(self.time.now()),
                        ..resource.resource.clone()
                    };
                    // The row exists already, so nobody can have begun to remove the resource since.
                    let _ = self.store.put_resources(&lease, &[written]).await?;
                }
                Err(error) => {
                    let problem = problem(&error);
                    tracing::warn!(
                        target_name = self.target,
                        resource = %id,
                        reason = %problem.reason,
                        error = %problem.message,
                        "resource not written"
                    );
                    applied.retry = true;
                    failed.insert(id.clone(), problem);
                }
            }
        }
        Ok(failed)
    }

    async fn write_resource(&self, resource: &ResourcePlan) -> Result<(), AwsError> {
        match (&resource.resource.id, &resource.content) {
            (ResourceId::Object { bucket, key }, ResourceContent::Object(body)) => {
                let digest = &resource.resource.digest;
                if resource.unconditional {
                    // It was seen to be altered, and tasks that start now read it.
                    self.clients.replace_object(bucket, key, body, digest).await
                } else {
                    self.clients.put_object(bucket, key, body, digest).await
                }
            }
            (
                ResourceId::RolePolicy { role, policy_name },
                ResourceContent::RolePolicy(document),
            ) => {
                self.clients
                    .put_role_policy(role, policy_name, document)
                    .await
            }
            (id, _) => {
                // A plan never pairs these; there is nothing that could be sent.
                tracing::error!(resource = %id, "content of another kind than its resource");
                Ok(())
            }
        }
    }

    /// Removes what nobody needs any more, each independent of the others.
    pub(super) async fn remove_resources(
        &self,
        plan: &Plan,
        applied: &mut Applied,
    ) -> Result<(), ApplyError> {
        for removal in &plan.removals {
            if self.time.elapsed() > APPLY_BUDGET {
                applied.unfinished = true;
                return Ok(());
            }
            let lease = self.lease().await?;
            let release = self
                .store
                .release_resource(&lease, self.target, &removal.id)
                .await?;
            if release == Release::Kept {
                applied.removed += 1;
                continue;
            }
            let removed = match &removal.id {
                ResourceId::Object { bucket, key } => self.clients.delete_object(bucket, key).await,
                ResourceId::RolePolicy { role, policy_name } => {
                    self.clients.delete_role_policy(role, policy_name).await
                }
            };
            match removed {
                Ok(()) => {
                    let ids = std::slice::from_ref(&removal.id);
                    self.store
                        .delete_resources(&lease, self.target, ids)
                        .await?;
                    applied.removed += 1;
                }
                Err(error) => {
                    tracing::warn!(
                        target_name = self.target,
                        resource = %removal.id,
                        %error,
                        "resource not removed"
                    );
                    applied.retry = true;
                }
            }
        }
        Ok(())
    }
}

/// The problem that another target has released the same thing, which is being removed.
fn being_removed(id: &ResourceId) -> Problem {
    Problem {
        reason: WorkloadReason::ResourceFailed,
        message: format!(
            "{id} is being removed because another target no longer needs it; it is written again shortly"
        ),
    }
}

/// Resources that a workload under way requires, or that are to be written in any case. A workload may be under
/// way without a step in this pass: its revision is registered, and the role policy must propagate before the
/// service is updated.
fn required(plan: &Plan) -> impl Iterator<Item = (&ResourceId, &ResourcePlan)> {
    let wanted: BTreeSet<&ResourceId> = plan
        .workloads
        .values()
        .filter(|workload| !matches!(workload.decision, Decision::Refused(_)))
        .flat_map(|workload| &workload.requires)
        .collect();
    plan.resources
        .iter()
        .filter(move |(id, resource)| resource.unconditional || wanted.contains(id))
}
