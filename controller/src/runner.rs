//! The loop: which target gets a pass when, with leases, wake-ups, and an orderly end.
//!
//! It decides nothing about services and does not rely on a wake-up for what changed. A pass that panics or loses
//! its lease affects no other pass.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use firelens_store::{Retention, Store, StoreError};
use prometheus::Registry;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::context::{ControllerConfig, Ctx};
use crate::load;
use crate::queue::{Priority, Queue};
use crate::reconcile::{PassOutcome, PassResult, reconcile_target};

/// How long changes are collected before passes begin: `kubectl apply` of a folder is one change.
const DEBOUNCE: Duration = Duration::from_millis(250);

/// The interval at which the list of targets is read without a notification.
const TARGETS_INTERVAL: Duration = Duration::from_secs(60);

/// The interval at which history that nobody needs is removed from the store.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(60);

/// How long passes under way may go on after a shutdown was requested: longer than one write to AWS, and shorter
/// than the 30 s that ECS gives a task between SIGTERM and SIGKILL
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html>).
const SHUTDOWN_GRACE: Duration = Duration::from_secs(20);

/// The pause after a pass that panicked.
const AFTER_PANIC: Duration = Duration::from_secs(60);

/// Why the controller could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The metrics are registered already.
    #[error("cannot register the metrics of the controller")]
    Metrics(#[from] prometheus::Error),
    /// The store could not be read at the start.
    #[error("cannot read changes from the database")]
    Store(#[from] StoreError),
    /// A lease that ends before a write does protects nothing.
    #[error("a lease of {ttl:?} is too short: a write to AWS may take {write:?}")]
    LeaseTooShort {
        /// The duration of a lease.
        ttl: Duration,
        /// The time that a write may take.
        write: Duration,
    },
}

/// Runs the controller until `shutdown` is cancelled. Leases are released at the end.
///
/// # Errors
/// The controller cannot start; once it runs, failures are retried.
pub async fn run(
    store: Store,
    config: ControllerConfig,
    registry: Registry,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    let write = config.aws.timeouts.write;
    if config.lease_ttl < write.saturating_mul(2) {
        let ttl = config.lease_ttl;
        return Err(RunError::LeaseTooShort { ttl, write });
    }
    let ctx = Arc::new(Ctx::new(store, &config, &registry)?);
    let wakes = Wakes {
        desired: ctx.store.subscribe_desired().await?,
        asked: ctx.store.subscribe_asked().await?,
    };
    let upkeep = tokio::spawn(maintain(Arc::clone(&ctx), shutdown.clone()));
    let mut runner = Runner {
        ctx: Arc::clone(&ctx),
        queue: Queue::default(),
        passes: JoinSet::new(),
        running: BTreeMap::new(),
        limit: config.concurrent_passes.max(1),
    };
    runner.run(wakes, &shutdown).await;
    runner.end().await;
    ctx.leases.release_all().await;
    upkeep.abort();
    Ok(())
}

/// The sources of wake-ups. Neither contains what changed.
struct Wakes {
    desired: watch::Receiver<i64>,
    asked: watch::Receiver<i64>,
}

/// A pass under way.
struct Pass {
    target: String,
    task: Id,
    cancel: CancellationToken,
}

struct Runner {
    ctx: Arc<Ctx>,
    queue: Queue,
    passes: JoinSet<Option<PassOutcome>>,
    running: BTreeMap<String, Pass>,
    limit: usize,
}

impl Runner {
    async fn run(&mut self, mut wakes: Wakes, shutdown: &CancellationToken) {
        let ctx = Arc::clone(&self.ctx);
        let clock = &ctx.clock;
        let mut targets_due = clock.elapsed();
        let mut renewal_due = clock.elapsed() + ctx.leases.renewal_interval();
        let mut followed = true;
        loop {
            let now = clock.elapsed();
            if now >= targets_due {
                self.find_targets(now).await;
                targets_due = now + TARGETS_INTERVAL;
            }
            if now >= renewal_due {
                self.renew_leases().await;
                renewal_due = now + ctx.leases.renewal_interval();
            }
            self.start_passes();
            let wait = self.wait(targets_due.min(renewal_due));
            tokio::select! {
                () = shutdown.cancelled() => return,
                Some(ended) = self.passes.join_next_with_id() => self.note_end(ended),
                changed = wakes.desired.changed(), if followed => {
                    followed = changed.is_ok();
                    let due = clock.elapsed() + DEBOUNCE;
                    self.queue.wake_all(Priority::Change, due);
                    targets_due = targets_due.min(due);
                }
                Ok(()) = wakes.asked.changed() => self.wake_asked().await,
                () = clock.sleep(wait) => {}
            }
        }
    }

    /// Requests a pass for targets with questions; the answers are written at its end.
    async fn wake_asked(&mut self) {
        let now = self.ctx.clock.elapsed();
        match self.ctx.store.asked_targets().await {
            Ok(targets) => {
                for target in targets {
                    if self.queue.knows(&target) {
                        self.queue.wake(&target, Priority::Change, now);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "plan requests cannot be read"),
        }
    }

    /// The time until something is due. Passes that are due and find no free slot are started when one ends.
    fn wait(&self, housekeeping: Duration) -> Duration {
        let now = self.ctx.clock.elapsed();
        let free = self.running.len() < self.limit;
        let next = self.queue.next_due().filter(|_| free);
        let due = next.map_or(housekeeping, |next| next.min(housekeeping));
        due.saturating_sub(now)
    }

    /// Makes sure that every target has an entry. Targets that are gone lose theirs when a pass has noticed that
    /// and cleaned up.
    async fn find_targets(&mut self, now: Duration) {
        match load::target_names(&self.ctx.store).await {
            Ok(targets) => {
                for target in targets {
                    if !self.queue.knows(&target) {
                        self.queue.wake(&target, Priority::Change, now);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "targets cannot be read"),
        }
    }

    async fn renew_leases(&self) {
        for target in self.ctx.leases.renew_all().await {
            if let Some(pass) = self.running.get(&target) {
                tracing::warn!(target_name = target, "lease lost; the pass ends");
                pass.cancel.cancel();
            }
        }
    }

    fn start_passes(&mut self) {
        let metrics = self.ctx.metrics.clone();
        while self.running.len() < self.limit {
            let now = self.ctx.clock.elapsed();
            let Some((target, waited)) = self.queue.next(now) else {
                break;
            };
            metrics.queue_wait_seconds.observe(waited.as_secs_f64());
            let cancel = CancellationToken::new();
            let (ctx, name, stop) = (Arc::clone(&self.ctx), target.clone(), cancel.clone());
            let task = self.passes.spawn(async move {
                let now = ctx.clock.now();
                tokio::select! {
                    // The lease first: a pass that lost it must not take one more step.
                    biased;
                    () = stop.cancelled() => None,
                    outcome = reconcile_target(&ctx, &name, now) => Some(outcome),
                }
            });
            let task = task.id();
            self.running.insert(
                target.clone(),
                Pass {
                    target,
                    task,
                    cancel,
                },
            );
        }
        let now = self.ctx.clock.elapsed();
        for (priority, depth) in self.queue.depth(now) {
            let labels = &[priority.label()];
            metrics.queue_depth.with_label_values(labels).set(depth);
        }
        let longest = self.queue.longest_running(now).as_secs_f64();
        metrics.queue_longest_running_seconds.set(longest);
    }

    fn note_end(&mut self, ended: Result<(Id, Option<PassOutcome>), JoinError>) {
        let (task, outcome) = match ended {
            Ok((task, outcome)) => (task, Ok(outcome)),
            Err(error) => (error.id(), Err(error)),
        };
        let pass = self.running.values().find(|pass| pass.task == task);
        let Some(target) = pass.map(|pass| pass.target.clone()) else {
            return;
        };
        self.running.remove(&target);
        let now = self.ctx.clock.elapsed();
        match outcome {
            Ok(Some(outcome)) => self.note_outcome(&target, &outcome, now),
            // Cancelled because the lease was lost: try to acquire it like every other process.
            Ok(None) => {
                let after = self.ctx.leases.renewal_interval();
                self.queue.done(&target, false, false, after, now);
            }
            Err(error) => {
                if error.is_panic() {
                    self.ctx.metrics.reconcile_panics.inc();
                }
                tracing::error!(target_name = target, %error, "pass ended unexpectedly");
                self.queue.done(&target, true, false, AFTER_PANIC, now);
            }
        }
    }

    fn note_outcome(&mut self, target: &str, outcome: &PassOutcome, now: Duration) {
        if outcome.result == PassResult::Gone {
            self.queue.remove(target);
            return;
        }
        let failed = match outcome.result {
            PassResult::Failed => true,
            PassResult::Incomplete => !outcome.rolling,
            PassResult::Done | PassResult::Gone | PassResult::NotLeader => false,
        };
        self.queue
            .done(target, failed, outcome.rolling, outcome.requeue_after, now);
        tracing::debug!(
            target_name = target,
            result = outcome.result.label(),
            acted_on = outcome.acted_on,
            next_in_seconds = outcome.requeue_after.as_secs(),
            "pass ended"
        );
    }

    /// Lets passes under way come to their end for a while, then aborts them.
    async fn end(&mut self) {
        let clock = Arc::clone(&self.ctx.clock);
        let grace = clock.sleep(SHUTDOWN_GRACE);
        tokio::pin!(grace);
        loop {
            tokio::select! {
                ended = self.passes.join_next() => if ended.is_none() { return },
                () = &mut grace => {
                    self.passes.shutdown().await;
                    return;
                }
            }
        }
    }
}

/// Removes old history from the store, periodically. Several processes doing so do no harm.
async fn maintain(ctx: Arc<Ctx>, shutdown: CancellationToken) {
    let retention = Retention::default();
    while !shutdown.is_cancelled() {
        if let Err(error) = ctx.store.maintain(&retention).await {
            tracing::warn!(%error, "old history was not removed");
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = ctx.clock.sleep(MAINTENANCE_INTERVAL) => {}
        }
    }
}
