//! Attempts that AWS ended: refused for good, set aside for a while, or tried again at once.
//!
//! What is remembered here keeps the next pass from doing the same again; it changes nothing in AWS.

use firelens_core::plan::{Step, WorkloadPlan};
use firelens_core::record::{FailedAttempt, PolicyRef, Purpose, WorkloadRecord};
use firelens_core::status::{Problem, WorkloadReason};
use jiff::{SignedDuration, Timestamp};

use super::verdict::{is_final, problem};
use super::{Applier, ApplyError, Turn};
use crate::aws::AwsError;

/// How long a workload whose change AWS denied the operator is set aside, in seconds. Its place in the
/// rollout goes to the others; somebody can grant the right without touching policy or service.
const DENIED_RETRY_SECONDS: i64 = 300;

impl Applier<'_> {
    /// A workload whose role policy or object could not be written.
    pub(super) async fn blocked(
        &self,
        plan: &WorkloadPlan,
        problem: &Problem,
    ) -> Result<(Turn, WorkloadRecord), ApplyError> {
        let mut record = plan.record.clone();
        let turn = Turn::Retry(problem.clone());
        if problem.reason == WorkloadReason::AccessDenied {
            self.set_aside(attempt(plan, None), problem, &mut record)
                .await?;
        }
        Ok((turn, record))
    }

    /// What an error of a write means for the workload: refused for good, set aside, or tried again.
    pub(super) async fn ended_by(
        &self,
        attempt: Option<Attempt>,
        error: &AwsError,
        record: &mut WorkloadRecord,
    ) -> Result<Turn, ApplyError> {
        let problem = problem(error);
        if is_final(error) {
            self.remember(attempt, &problem, None, record).await?;
            return Ok(Turn::Refused(problem));
        }
        if problem.reason == WorkloadReason::AccessDenied {
            self.set_aside(attempt, &problem, record).await?;
        }
        Ok(Turn::Retry(problem))
    }

    /// Lets others go first for a while.
    async fn set_aside(
        &self,
        attempt: Option<Attempt>,
        problem: &Problem,
        record: &mut WorkloadRecord,
    ) -> Result<(), ApplyError> {
        let later = self.time.now() + SignedDuration::from_secs(DENIED_RETRY_SECONDS);
        self.remember(attempt, problem, Some(later), record).await
    }

    /// Remembers that an attempt ended, so that the same is not tried again (before `retry_at`).
    async fn remember(
        &self,
        attempt: Option<Attempt>,
        problem: &Problem,
        retry_at: Option<Timestamp>,
        record: &mut WorkloadRecord,
    ) -> Result<(), ApplyError> {
        if let Some(attempt) = attempt {
            record.failed = Some(FailedAttempt {
                purpose: attempt.purpose,
                task_definition: attempt.task_definition,
                hash: attempt.hash,
                policy: attempt.policy,
                reason: problem.reason.to_string(),
                message: problem.message.clone(),
                at: self.time.now(),
                retry_at,
                tries: 1,
            });
        }
        record.admitted = None;
        let lease = self.lease().await?;
        self.store
            .put_records(&lease, std::slice::from_ref(record))
            .await?;
        Ok(())
    }
}

/// What was attempted, as far as a failure has to remember it.
pub(super) struct Attempt {
    pub(super) purpose: Purpose,
    pub(super) task_definition: String,
    pub(super) hash: String,
    pub(super) policy: PolicyRef,
}

/// What a workload's steps were for. Without an update step in the same turn the purpose is to inject:
/// only injections wait for role policies in between. `hash` is that of the content, where a step
/// names it; else it is the revision that waits.
pub(super) fn attempt(plan: &WorkloadPlan, hash: Option<&str>) -> Option<Attempt> {
    let update = plan.steps.iter().find_map(|step| match step {
        Step::Update(update) => Some(update),
        Step::Register(_) => None,
    });
    let intent = plan.steps.iter().find_map(|step| match step {
        Step::Register(register) => Some(register.intent.hash.as_str()),
        Step::Update(_) => None,
    });
    let registered = plan
        .record
        .registered
        .as_ref()
        .map(|known| known.hash.as_str());
    let policy = update
        .map(|update| update.policy.clone())
        .or_else(|| plan.record.admitted.clone())?;
    let hash = hash
        .or(update.map(|update| update.hash.as_str()))
        .or(intent)
        .or(registered)?;
    Some(Attempt {
        purpose: update.map_or(Purpose::Inject, |update| update.purpose),
        task_definition: String::new(),
        hash: hash.to_owned(),
        policy,
    })
}
