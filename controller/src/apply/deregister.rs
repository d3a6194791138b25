//! Deregisters revisions of ours that nothing runs any more.
//!
//! Needs no intent: to deregister a revision a second time changes nothing. Its row is deleted last, so that one
//! whose answer was lost is deregistered again.

use std::collections::BTreeSet;

use firelens_aws::record::WorkloadRecord;
use firelens_plan::Plan;

use super::{APPLY_BUDGET, Applied, Applier, ApplyError};
use crate::aws::AwsErrorKind;

impl Applier<'_> {
    /// Deregisters what the plan names, each independent of the others.
    pub(super) async fn deregister(
        &self,
        plan: &Plan,
        applied: &mut Applied,
    ) -> Result<(), ApplyError> {
        for arn in &plan.deregistrations {
            if self.time.elapsed() > APPLY_BUDGET {
                applied.unfinished = true;
                return Ok(());
            }
            let lease = self.lease().await?;
            match self.clients.deregister_task_definition(arn).await {
                Ok(()) => {}
                Err(error) if error.kind == AwsErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!(
                        target_name = self.target,
                        revision = arn,
                        %error,
                        "revision not deregistered"
                    );
                    applied.retry = true;
                    applied.not_deregistered = Some(format!("{arn}: {error}"));
                    if error.kind == AwsErrorKind::Denied {
                        return Ok(()); // so would the others be
                    }
                    continue;
                }
            }
            self.metrics.deregistered.inc();
            let changed = remembering(plan, applied, arn);
            self.store.put_records(&lease, &changed).await?;
            let arns = std::slice::from_ref(arn);
            self.store
                .delete_revisions(&lease, self.target, arns)
                .await?;
            applied.removed += 1;
            applied.deregistered.push(arn.clone());
        }
        Ok(())
    }
}

/// The records that would set a service to the revision again, with the note that it is gone.
fn remembering(plan: &Plan, applied: &mut Applied, arn: &str) -> Vec<WorkloadRecord> {
    let names = |record: &WorkloadRecord| {
        let registered = record.registered.as_ref();
        registered.is_some_and(|known| known.arn == arn)
    };
    let mut changed = Vec::new();
    let mut seen = BTreeSet::new();
    for (key, outcome) in &mut applied.outcomes {
        seen.insert(key.clone());
        if names(&outcome.record) {
            mark(&mut outcome.record);
            changed.push(outcome.record.clone());
        }
    }
    for (key, workload) in &plan.workloads {
        if !seen.contains(key) && names(&workload.record) {
            let mut record = workload.record.clone();
            mark(&mut record);
            changed.push(record);
        }
    }
    changed
}

const fn mark(record: &mut WorkloadRecord) {
    if let Some(known) = &mut record.registered {
        known.is_deregistered = true;
    }
}
