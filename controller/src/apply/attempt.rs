//! Attempts that AWS ended: refused for good, set aside for a while, or retried at once.
//!
//! What is recorded here keeps the next pass from doing the same again; nothing is changed in AWS.

use firelens_aws::record::{
    AttemptEnd, FailedAttempt, FailureReason, PolicyRef, Purpose, PutBackState, WorkloadRecord,
};
use firelens_plan::{Step, UpdateStep, WorkloadPlan};
use firelens_report::status::{Problem, WorkloadReason};
use jiff::{SignedDuration, Timestamp};

use super::errors::{is_final, may_pass, problem};
use super::{Applier, ApplyError, Turn};
use crate::aws::AwsError;

/// How long a workload whose change AWS denied the operator is set aside at first, in seconds; twice as long each
/// further time. Its slot in the rollout goes to the others; somebody can grant the right without touching policy
/// or service.
const DENIED_RETRY_SECONDS: i64 = 300;

/// The longest time that such a workload is set aside, in seconds.
const DENIED_RETRY_MAX_SECONDS: i64 = 3_600;

impl Applier<'_> {
    /// Handles a workload whose role policy or object could not be written.
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

    /// Handles an error of a write: refused for good, set aside, or retried.
    pub(super) async fn ended_by(
        &self,
        attempt: Option<Attempt>,
        error: &AwsError,
        record: &mut WorkloadRecord,
    ) -> Result<Turn, ApplyError> {
        let problem = problem(error);
        let times = tries(attempt.as_ref(), record);
        if let Some(pause) = doubt_pause_seconds(error, times) {
            let later = self.time.now() + SignedDuration::from_secs(pause);
            self.remember(attempt, &problem, Outcome::Doubted(later), record)
                .await?;
            // The time of the retry is recorded: nothing is urgent.
            return Ok(Turn::Refused(problem));
        }
        if is_final(error) {
            self.remember(attempt, &problem, Outcome::Failed, record)
                .await?;
            return Ok(Turn::Refused(problem));
        }
        if problem.reason == WorkloadReason::AccessDenied {
            self.set_aside(attempt, &problem, record).await?;
        }
        Ok(Turn::Retry(problem))
    }

    /// Lets other workloads go first for a while.
    async fn set_aside(
        &self,
        attempt: Option<Attempt>,
        problem: &Problem,
        record: &mut WorkloadRecord,
    ) -> Result<(), ApplyError> {
        let pause = denied_pause_seconds(tries(attempt.as_ref(), record));
        let later = self.time.now() + SignedDuration::from_secs(pause);
        self.remember(attempt, problem, Outcome::SetAside(later), record)
            .await
    }

    /// Records that an attempt ended, so that the same is not tried again before its time.
    async fn remember(
        &self,
        attempt: Option<Attempt>,
        problem: &Problem,
        outcome: Outcome,
        record: &mut WorkloadRecord,
    ) -> Result<(), ApplyError> {
        let tries = tries(attempt.as_ref(), record);
        if attempt
            .as_ref()
            .is_some_and(|attempt| attempt.purpose == Purpose::Restore)
        {
            // The failure because of which the service was put back stays the one that counts.
            match outcome {
                Outcome::Failed => {
                    record.set_put_back(PutBackState::Over(problem.message.clone()));
                }
                Outcome::Doubted(later) => record.put_back_later(tries, later),
                // A service whose tasks do not run is not set aside for a grant: the change is retried in the next
                // pass.
                Outcome::SetAside(_) => {}
            }
        } else if let Some(attempt) = attempt {
            record.failed = Some(FailedAttempt {
                purpose: attempt.purpose,
                task_definition: attempt.task_definition,
                hash: attempt.hash,
                policy: attempt.policy,
                reason: failure_reason(problem.reason),
                message: problem.message.clone(),
                at: self.time.now(),
                retry_at: outcome.retry_at(),
                tries,
                put_back: None,
                end: match outcome {
                    Outcome::Doubted(_) => AttemptEnd::Doubted,
                    Outcome::Failed | Outcome::SetAside(_) => AttemptEnd::Refused,
                },
            });
        }
        if !matches!(outcome, Outcome::Doubted(_)) {
            record.admitted = None;
        }
        let lease = self.lease().await?;
        self.store
            .put_records(&lease, std::slice::from_ref(record))
            .await?;
        Ok(())
    }
}

/// How long an update that ECS refused is set aside before it is retried, in seconds, one pause after the other;
/// then it counts as failed. A revision that was registered just now may not be known yet, and ECS reports that,
/// and many other temporary errors, as a plain client error.
const DOUBT_PAUSES_SECONDS: [i64; 3] = [15, 30, 60];

/// Whether a change was tried as often as temporary errors are retried.
pub(super) fn is_tried_out(record: &WorkloadRecord, step: &UpdateStep) -> bool {
    let before = tried(record, step.purpose, &step.hash);
    usize::try_from(before).unwrap_or(usize::MAX) >= DOUBT_PAUSES_SECONDS.len()
}

/// Returns the pause before the next try, when the error may be temporary and the change was not tried often
/// enough.
fn doubt_pause_seconds(error: &AwsError, times: u32) -> Option<i64> {
    let before = usize::try_from(times.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = DOUBT_PAUSES_SECONDS.get(before).copied();
    pause.filter(|_| may_pass(error))
}

/// The number of this try of the same content, from 1.
fn tries(attempt: Option<&Attempt>, record: &WorkloadRecord) -> u32 {
    let before = attempt.map_or(0, |attempt| tried(record, attempt.purpose, &attempt.hash));
    before.saturating_add(1)
}

/// The number of tries of the same content so far.
fn tried(record: &WorkloadRecord, purpose: Purpose, hash: &str) -> u32 {
    let Some(failed) = &record.failed else {
        return 0;
    };
    if purpose == Purpose::Restore {
        return failed.put_back.as_ref().map_or(0, |back| back.tries);
    }
    let is_that = failed.purpose == purpose && failed.hash == hash;
    if is_that { failed.tries } else { 0 }
}

/// How long a change that was denied that many times is set aside, in seconds.
fn denied_pause_seconds(tries: u32) -> i64 {
    let doublings = tries.saturating_sub(1).min(16);
    DENIED_RETRY_SECONDS
        .saturating_mul(1 << doublings)
        .min(DENIED_RETRY_MAX_SECONDS)
}

/// The outcome of an attempt that did not complete.
enum Outcome {
    /// Not retried until policy or service change.
    Failed,
    /// Retried from then on; others go first.
    SetAside(Timestamp),
    /// Retried at that time, in a moment; it keeps its slot.
    Doubted(Timestamp),
}

impl Outcome {
    const fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Failed => None,
            Self::SetAside(at) | Self::Doubted(at) => Some(*at),
        }
    }
}

/// What was attempted, as far as it is recorded with a failure.
pub(super) struct Attempt {
    pub(super) purpose: Purpose,
    pub(super) task_definition: String,
    pub(super) hash: String,
    pub(super) policy: PolicyRef,
}

/// Returns what a workload's steps were for. Without an update step in the same pass the purpose is to inject:
/// only injections wait for role policies in between. `hash` is that of the content, where a step names it; else
/// it is the revision that waits.
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

/// The reason that is recorded for a failed step: other steps are retried and not recorded.
const fn failure_reason(reason: WorkloadReason) -> FailureReason {
    match reason {
        WorkloadReason::AccessDenied => FailureReason::AccessDenied,
        WorkloadReason::RequestRefused => FailureReason::RequestRefused,
        _ => FailureReason::DeploymentFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{AwsErrorKind, Operation};

    #[test]
    fn an_update_refused_for_unknown_reasons_is_tried_four_times() {
        let error = |message: &str| {
            let operation = Operation::UPDATE_SERVICE;
            AwsError::new(operation, AwsErrorKind::Invalid, "ClientException", message)
        };
        let unknown = error("TaskDefinition not found.");
        let pauses: Vec<_> = (1..5)
            .map(|times| doubt_pause_seconds(&unknown, times))
            .collect();
        assert_eq!(pauses, [Some(15), Some(30), Some(60), None]);
        let known = error("TaskDefinition is inactive");
        assert_eq!(doubt_pause_seconds(&known, 1), None);
    }

    #[test]
    fn a_denied_change_waits_longer_each_time_until_an_hour() {
        let pauses: Vec<i64> = (1..7).map(denied_pause_seconds).collect();
        assert_eq!(pauses, [300, 600, 1_200, 2_400, 3_600, 3_600]);
    }
}
