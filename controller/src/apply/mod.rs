//! Carries out a plan: one AWS call per step, in the order S3, role policies, registration, update.
//!
//! No choices are made here. A workload stops at its first failure and the others go on; only a lost lease or an
//! unavailable store ends everything, because then nothing that is done could be recorded.

mod attempt;
mod deregister;
mod errors;
mod race;
mod resources;
mod workload;

use std::collections::BTreeMap;
use std::time::Duration;

use firelens_aws::observe::Observation;
use firelens_aws::record::{Registered, ResourceId, WorkloadKey};
use firelens_plan::{Plan, Step, WorkloadPlan};
use firelens_report::status::{Outcome, Problem, WorkloadReason};
use firelens_store::{Lease, Store, StoreError};
use firelens_types::error_chain;
use futures::StreamExt;
use futures::stream;

use crate::aws::{AwsClients, AwsError};
use crate::clock::PassTime;
use crate::lease::{LeaseError, Leases};
use crate::metrics::Metrics;

/// The longest time for which one pass takes steps. A large rollout is a sequence of short passes, so that a
/// policy that is corrected or suspended meanwhile takes effect at once.
pub const APPLY_BUDGET: Duration = Duration::from_secs(60);

/// Errors that end a whole apply.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another process now works on the target.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// What was done could not be recorded.
    #[error("cannot record in the database what was done")]
    Store(#[from] StoreError),
}

/// The outcome of a plan.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// The outcome for each workload with steps.
    pub(crate) outcomes: BTreeMap<WorkloadKey, Outcome>,
    /// Something was dropped because AWS had changed since the plan: the next pass comes at once.
    pub(crate) look_again: bool,
    /// A temporary failure occurred: the next pass comes soon.
    pub(crate) retry: bool,
    /// Steps were left for the next pass because time ran out.
    pub(crate) unfinished: bool,
    /// The number of resources that were removed and revisions that were deregistered.
    pub(crate) removed: usize,
    /// ARNs of revisions of ours that were deregistered.
    pub(crate) deregistered: Vec<String>,
    /// Why one could not be deregistered.
    pub(crate) not_deregistered: Option<String>,
}

/// How the steps of one workload ended.
pub(super) enum Turn {
    /// All steps were taken.
    Done,
    /// AWS had changed since the plan; nothing was done.
    Dropped(String),
    /// AWS did not do it, and may do it later.
    Retry(Problem),
    /// AWS will not do it as it is; the record contains that.
    Refused(Problem),
}

/// Everything an apply needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applier<'a> {
    pub(crate) target: &'a str,
    pub(crate) clients: &'a AwsClients,
    pub(crate) store: &'a Store,
    pub(crate) leases: &'a Leases,
    pub(crate) metrics: &'a Metrics,
    pub(crate) time: PassTime<'a>,
    /// The number of workloads worked on at once.
    pub(crate) concurrency: usize,
}

impl Applier<'_> {
    /// Carries out `plan`, which was made from `observation`.
    ///
    /// # Errors
    /// The lease is lost, or the store fails; the next pass determines what was done.
    pub(crate) async fn apply(
        &self,
        plan: &Plan,
        observation: &Observation,
    ) -> Result<Applied, ApplyError> {
        let mut applied = Applied::default();
        let failed = self.write_resources(plan, &mut applied).await?;
        self.take_turns(plan, observation, &failed, &mut applied)
            .await?;
        self.deregister(plan, &mut applied).await?;
        self.remove_resources(plan, &mut applied).await?;
        Ok(applied)
    }

    async fn take_turns(
        &self,
        plan: &Plan,
        observation: &Observation,
        failed: &BTreeMap<ResourceId, Problem>,
        applied: &mut Applied,
    ) -> Result<(), ApplyError> {
        let turns: Vec<_> = by_family(plan)
            .into_iter()
            .map(|group| self.take_group(group, observation, failed))
            .collect();
        let mut turns = stream::iter(turns).buffer_unordered(self.concurrency.max(1));
        while let Some(ended) = turns.next().await {
            for (key, turn, record) in ended? {
                let problem = match turn {
                    None => {
                        applied.unfinished = true;
                        continue;
                    }
                    Some(Turn::Done) => None,
                    Some(Turn::Dropped(message)) => {
                        applied.look_again = true;
                        let reason = WorkloadReason::OwnerDeployed;
                        Some(Problem { reason, message })
                    }
                    Some(Turn::Retry(problem)) => {
                        applied.retry = true;
                        Some(problem)
                    }
                    Some(Turn::Refused(problem)) => Some(problem),
                };
                applied.outcomes.insert(key, Outcome { record, problem });
            }
        }
        Ok(())
    }

    /// Takes the steps of the workloads of one family, one after the other: ECS refuses two registrations of one
    /// family at a time.
    async fn take_group(
        &self,
        group: Vec<(&WorkloadKey, &WorkloadPlan)>,
        observation: &Observation,
        failed: &BTreeMap<ResourceId, Problem>,
    ) -> Result<Vec<Ended>, ApplyError> {
        let mut ended = Vec::with_capacity(group.len());
        let mut registrations = Registrations::new();
        for (key, plan) in group {
            if self.time.elapsed() > APPLY_BUDGET {
                ended.push((key.clone(), None, plan.record.clone()));
                continue;
            }
            let blocked_by = plan.requires.iter().find_map(|id| failed.get(id));
            let taken = match blocked_by {
                Some(problem) => self.blocked(plan, problem).await,
                None => {
                    self.take_steps(key, plan, observation, &mut registrations)
                        .await
                }
            };
            let (turn, record) = match taken {
                Err(ApplyError::Store(error)) if error.refuses_content() => {
                    (Turn::Retry(not_kept(&error)), plan.record.clone())
                }
                other => other?,
            };
            ended.push((key.clone(), Some(turn), record));
        }
        Ok(ended)
    }

    /// Returns the lease under which a write to AWS may begin.
    pub(super) async fn lease(&self) -> Result<Lease, ApplyError> {
        let lease = self.leases.for_write(self.target).await;
        Ok(lease.inspect_err(|_| self.metrics.fenced_writes.inc())?)
    }
}

/// The problem of a workload whose record the store refuses.
pub(super) fn not_kept(error: &StoreError) -> Problem {
    let error = error_chain(error);
    tracing::error!(
        error,
        "the database rejected the record of what was done; retrying"
    );
    Problem {
        reason: WorkloadReason::ResourceFailed,
        message: "the operator's database rejected the record that must be written first"
            .to_owned(),
    }
}

/// How the registrations of one family ended in this pass, by the id of their intent: services on one base share
/// one revision, and one that failed is not retried for each of them.
pub(super) type Registrations = BTreeMap<String, Result<Registered, AwsError>>;

/// A workload, how its steps ended (`None`: they were not taken), and its record.
type Ended = (
    WorkloadKey,
    Option<Turn>,
    firelens_aws::record::WorkloadRecord,
);

/// Workloads with steps, those that register in one family together.
fn by_family(plan: &Plan) -> Vec<Vec<(&WorkloadKey, &WorkloadPlan)>> {
    let mut families: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    let mut groups = Vec::new();
    for (key, workload) in &plan.workloads {
        let family = workload.steps.iter().find_map(|step| match step {
            Step::Register(register) => Some(register.intent.family.as_str()),
            Step::Update(_) => None,
        });
        match family {
            Some(family) => families.entry(family).or_default().push((key, workload)),
            None if workload.steps.is_empty() && workload.requires.is_empty() => {}
            None => groups.push(vec![(key, workload)]),
        }
    }
    groups.extend(families.into_values());
    groups
}
