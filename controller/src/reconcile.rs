//! One pass over one target: load, observe, plan, record, apply, report.
//!
//! A pass never sleeps to wait for progress: what must be waited for becomes the time of the next pass. Nothing is
//! taken from the wake-up; the world is read again.

use std::time::Duration;

use firelens_aws::record::WorkloadKey;
use firelens_plan::{Decision, Plan, READ_RETRY_SECONDS};
use firelens_store::{Lease, StoreError};
use firelens_types::error_chain;
use jiff::{SignedDuration, Timestamp};

use crate::apply::{Applied, Applier, ApplyError};
use crate::aws::AwsClients;
use crate::clock::PassTime;
use crate::context::Ctx;
use crate::lease::LeaseError;
use crate::load::{self, Load, Loaded};
use crate::needs::{Others, Reader};
use crate::report::{Report, Written};
use crate::world::{Look, Occasion, World};
use crate::{measure, policy_plans, remember, retire, scope};

/// How often a role policy or S3 object that was seen to be right is read again, in seconds. A resync in between
/// reads none of them: they change only when somebody tampers with them, and IAM publishes no read rate.
pub use firelens_plan::RESOURCE_RECHECK_SECONDS;

/// The number of rounds of planning and reading in one pass. A plan requests revisions, then what those name, then
/// families of lost answers; after so many rounds, workloads that still need reads wait for the next pass.
const MAX_PLAN_ROUNDS: usize = 12;

/// The pause before a target gets another pass when AWS changed under the plan.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The pause after a temporary failure.
const RETRY: Duration = Duration::from_secs(10);

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassResult {
    /// Everything that could be done was done, and everything was read.
    Done,
    /// The target, or a part of it, could not be read or changed.
    Incomplete,
    /// There is no such target; its records are deleted too.
    Gone,
    /// Another process works on the target.
    NotLeader,
    /// The store failed, or the lease was lost during the pass.
    Failed,
}

impl PassResult {
    /// The value of the `result` label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Gone => "gone",
            Self::NotLeader => "not_leader",
            Self::Incomplete | Self::Failed => "error",
        }
    }
}

/// The outcome of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassOutcome {
    /// How it ended.
    pub result: PassResult,
    /// The time until the next pass, counted from its end.
    pub requeue_after: Duration,
    /// The number of workloads that had steps.
    pub acted_on: usize,
    /// Whether something is under way, so that the next pass is part of a rollout. `false` also when everything
    /// that was tried failed: then the next passes come less and less often.
    pub rolling: bool,
}

impl PassOutcome {
    const fn ended(result: PassResult, requeue_after: Duration) -> Self {
        Self {
            result,
            requeue_after,
            acted_on: 0,
            rolling: false,
        }
    }
}

/// Errors that end a pass early.
#[derive(Debug, thiserror::Error)]
enum PassError {
    #[error("a request to the database failed")]
    Store(#[from] StoreError),
    #[error("the plan could not be carried out")]
    Apply(#[from] ApplyError),
}

/// Makes one pass over the target of that name, at the time `now`. It acquires or renews the target's lease, and
/// leaves it held.
pub async fn reconcile_target(ctx: &Ctx, target: &str, now: Timestamp) -> PassOutcome {
    let time = PassTime::begin(ctx.clock.as_ref(), now);
    let outcome = match ctx.leases.hold(target).await {
        Ok(Some(lease)) => match pass(ctx, target, &lease, time).await {
            Ok(outcome) => outcome,
            Err(error) => {
                note_failure(ctx, target, &error);
                PassOutcome::ended(PassResult::Failed, RETRY)
            }
        },
        Ok(None) => PassOutcome::ended(PassResult::NotLeader, ctx.leases.renewal_interval()),
        Err(error) => {
            note_failure(ctx, target, &PassError::Store(error));
            PassOutcome::ended(PassResult::Failed, RETRY)
        }
    };
    let labels = &["target", outcome.result.label()];
    ctx.metrics.reconciles.with_label_values(labels).inc();
    ctx.metrics
        .reconcile_seconds
        .with_label_values(&["target"])
        .observe(time.elapsed().as_secs_f64());
    outcome
}

async fn pass(
    ctx: &Ctx,
    name: &str,
    lease: &Lease,
    time: PassTime<'_>,
) -> Result<PassOutcome, PassError> {
    // Before anything is loaded: a change that comes later is then noticed by the next pass.
    let desired = ctx.store.head().await?.desired;
    let memory = ctx.take_world(name);
    let loaded = match load::load(&ctx.store, name).await? {
        Load::Found(loaded) => loaded,
        // What it contains is left as it is, and its records are kept.
        Load::Unreadable => return Ok(PassOutcome::ended(PassResult::Incomplete, RETRY)),
        Load::Gone => {
            retire::forget_target(&ctx.store, lease, name).await?;
            ctx.forget(name);
            ctx.leases.release(name).await;
            return Ok(PassOutcome::ended(PassResult::Gone, Duration::MAX));
        }
    };
    let clients = ctx.clients(&loaded.target).await;
    let occasion = Occasion {
        desired,
        epoch: lease.epoch,
    };
    let kept = scope::kept(&loaded);
    let look = Look {
        target: &loaded.target,
        kept: &kept,
        targets: &loaded.targets,
    };
    let mut world = World::look(&clients, &look, memory, occasion, time.now()).await;
    let mut plan = plan_until_known(ctx, &clients, &loaded, &mut world, time.now()).await?;
    leave_to_unreadable(&loaded, &mut plan);
    if !remember::before_apply(ctx, lease, &loaded, &mut plan, time.now()).await? {
        ctx.keep_world(name, world.into_memory());
        return Ok(PassOutcome::ended(PassResult::Incomplete, RETRY));
    }
    scope::hold_target(&ctx.store, lease, &loaded.target, &plan).await?;
    let outcome = carry_out(ctx, &clients, lease, &loaded, &mut world, &plan, time).await?;
    ctx.keep_world(name, world.into_memory());
    Ok(outcome)
}

/// Carries a plan out, reports the outcome, and releases what is finished.
async fn carry_out(
    ctx: &Ctx,
    clients: &AwsClients,
    lease: &Lease,
    loaded: &Loaded,
    world: &mut World,
    plan: &Plan,
    time: PassTime<'_>,
) -> Result<PassOutcome, PassError> {
    let name = loaded.target.name();
    let applier = Applier {
        target: name,
        clients,
        store: &ctx.store,
        leases: &ctx.leases,
        metrics: &ctx.metrics,
        time,
        concurrency: ctx.apply_concurrency,
    };
    let applied = applier.apply(plan, &world.observation).await?;
    let report = Report {
        ctx,
        loaded,
        world,
        plan,
        applied: &applied,
        now: time.now(),
    };
    let lease = ctx.leases.current(name).unwrap_or_else(|| lease.clone());
    let Written { settled, rollouts } = report.write(&lease).await?;
    measure::publish(&report, &rollouts);
    let released = retire::release_policies(&ctx.store, &lease, loaded, plan).await?;
    scope::release_target(&ctx.store, &lease, loaded, plan).await?;
    let complete =
        world.observation.unread_clusters.is_empty() && plan.left_open.is_empty() && !applied.retry;
    let unsettled = !settled || released.gone > 0;
    let requeue_after = requeue(loaded, world, plan, &applied, time.now(), unsettled);
    let reader = reader(ctx, clients, loaded);
    policy_plans::answer(&ctx.store, &reader, loaded, world, time.now()).await?;
    Ok(PassOutcome {
        result: if complete {
            PassResult::Done
        } else {
            PassResult::Incomplete
        },
        requeue_after,
        acted_on: applied.outcomes.len(),
        rolling: !is_stalled(plan, &applied)
            && (plan.requeue_at.is_some() || applied.unfinished || released.under_way > 0),
    })
}

/// Plans, reads what the plan requests and what moves in it, and plans again until there is nothing more to read.
/// All rounds are made for the same moment: with a time of its own each would evaluate anew what the round before
/// has asked about, and could request reads for ever.
async fn plan_until_known(
    ctx: &Ctx,
    clients: &AwsClients,
    loaded: &Loaded,
    world: &mut World,
    now: Timestamp,
) -> Result<Plan, PassError> {
    let reader = reader(ctx, clients, loaded);
    for _ in 0..MAX_PLAN_ROUNDS {
        let plan = firelens_plan::plan(&loaded.input(&world.observation, now));
        if !plan.needs.is_empty() {
            reader.read(&plan.needs, &mut world.observation).await?;
            continue;
        }
        let movers = world.unread_movers(&plan, &loaded.records);
        if movers.is_empty() {
            return Ok(plan);
        }
        world.read_again(clients, movers).await;
    }
    Ok(plan_with_what_is_known(clients, loaded, world, now).await)
}

/// The plan of a pass in which reading did not come to an end.
async fn plan_with_what_is_known(
    clients: &AwsClients,
    loaded: &Loaded,
    world: &mut World,
    now: Timestamp,
) -> Plan {
    loop {
        let plan = firelens_plan::plan_with_what_is_known(&loaded.input(&world.observation, now));
        // Each round reads other workloads, so this ends.
        let movers = world.unread_movers(&plan, &loaded.records);
        if movers.is_empty() {
            // The last round may have read the last thing that was missing.
            if !plan.left_open.is_empty() {
                let open = plan.left_open.first();
                tracing::error!(
                    target_name = loaded.target.name(),
                    open,
                    rounds = MAX_PLAN_ROUNDS,
                    "the plan required further reads in every round; the affected workloads wait for the next pass"
                );
            }
            return plan;
        }
        world.read_again(clients, movers).await;
    }
}

/// Leaves alone what was injected by policies that this version cannot read: it is not known who else would win
/// those workloads.
fn leave_to_unreadable(loaded: &Loaded, plan: &mut Plan) {
    let unreadable = &loaded.unreadable_policies;
    plan.forgotten_rollouts
        .retain(|uid| !unreadable.contains_key(uid));
    let left: Vec<(WorkloadKey, String)> = plan
        .workloads
        .iter()
        .filter_map(|(key, workload)| {
            let marks = workload.marks.as_ref()?;
            let policy = unreadable.get(&marks.policy_uid)?;
            let why = format!(
                "the service runs the router of LoggingPolicy {policy}, which this version of the operator cannot read"
            );
            Some((key.clone(), why))
        })
        .collect();
    for (key, why) in left {
        plan.leave(loaded.remembered(&key), why);
    }
}

fn reader<'a>(ctx: &'a Ctx, clients: &'a AwsClients, loaded: &'a Loaded) -> Reader<'a> {
    Reader {
        clients,
        store: &ctx.store,
        metrics: &ctx.metrics,
        prometheus: ctx.prometheus.as_ref(),
        others: Others {
            ctx,
            target: &loaded.target,
            targets: &loaded.targets,
        },
    }
}

/// Whether AWS did nothing of what was tried and nothing is under way that could end: reading the whole fleet
/// every few seconds would waste its budget.
fn is_stalled(plan: &Plan, applied: &Applied) -> bool {
    let nothing_done = applied
        .outcomes
        .values()
        .all(|outcome| outcome.problem.is_some());
    let mut decisions = plan.workloads.values().map(|workload| &workload.decision);
    applied.retry
        && nothing_done
        && !decisions.any(|decision| matches!(decision, Decision::Deploying(_)))
}

/// Returns the soonest time at which any reason requires the next pass.
fn requeue(
    loaded: &Loaded,
    world: &World,
    plan: &Plan,
    applied: &Applied,
    now: Timestamp,
    unsettled: bool,
) -> Duration {
    let resync = world.until_resync(&loaded.target, now).max(LOOK_AGAIN);
    let planned = plan.requeue_at.map(|at| until(at, now));
    let soon = applied.look_again || applied.unfinished || applied.removed > 0 || unsettled;
    let unread = !world.observation.unread_clusters.is_empty();
    [
        planned,
        soon.then_some(LOOK_AGAIN),
        applied.retry.then_some(RETRY),
        unread.then(|| Duration::from_secs(READ_RETRY_SECONDS.unsigned_abs())),
    ]
    .into_iter()
    .flatten()
    .fold(resync, Duration::min)
}

/// The time until `at`, one second at least: a pass that finds nothing new must not spin.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    let left = at.duration_since(now).max(SignedDuration::ZERO);
    Duration::try_from(left).unwrap_or_default().max(LOOK_AGAIN)
}

fn note_failure(ctx: &Ctx, target: &str, error: &PassError) {
    let fenced = match error {
        PassError::Store(error)
        | PassError::Apply(
            ApplyError::Store(error) | ApplyError::Lease(LeaseError::Store(error)),
        ) => {
            matches!(error, StoreError::Fenced { .. })
        }
        PassError::Apply(ApplyError::Lease(LeaseError::Lost(_))) => false,
    };
    if fenced {
        ctx.metrics.fenced_writes.inc();
    }
    let chain = error_chain(error);
    tracing::error!(target_name = target, error = chain, "pass failed");
}
