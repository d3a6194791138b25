//! What passes share: the store, AWS, the clock, the leases, and their configuration.
//!
//! Contains no decisions, and only what passes need.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use firelens_report::status::Pace;
use firelens_store::{Store, StoreError};
use firelens_types::error_chain;
use firelens_types::v1alpha1::AwsTarget;
use prometheus::Registry;

use crate::aws::{
    AwsClients, AwsFactory, AwsSettings, Bucket, Budgets, DEFAULT_BUDGET_SHARE_PERCENT,
    TargetAccess,
};
use crate::clock::{Clock, SystemClock};
use crate::lease::{LEASE_TTL, Leases};
use crate::metrics::{Metrics, PolicyStand, StateCounts};
use crate::prometheus::Prometheus;
use crate::world::Memory;

/// The number of targets worked on at once by one process. Each waits for its own AWS budget most of the time.
const DEFAULT_CONCURRENT_PASSES: usize = 8;

/// The number of workloads of one target whose steps are taken at once.
const DEFAULT_APPLY_CONCURRENCY: usize = 4;

/// The configuration of the controller.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// Share of AWS's documented request limits that may be used, in percent (1 to 100).
    pub api_budget_percent: u8,
    /// The name under which leases are held; generated when it is `None`. It must be unique for each process.
    pub holder: Option<String>,
    /// How to call AWS.
    pub aws: AwsSettings,
    /// The server that PromQL gates of rollouts query.
    pub prometheus: Option<Prometheus>,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// How long a lease lasts without being renewed.
    pub lease_ttl: Duration,
    /// The number of targets worked on at once.
    pub concurrent_passes: usize,
    /// The number of workloads of one target whose steps are taken at once; 1 makes the order of calls
    /// deterministic.
    pub apply_concurrency: usize,
}

impl Default for ControllerConfig {
    fn default() -> Self {
        Self {
            api_budget_percent: DEFAULT_BUDGET_SHARE_PERCENT,
            holder: None,
            aws: AwsSettings::default(),
            prometheus: None,
            clock: Arc::new(SystemClock::new()),
            lease_ttl: LEASE_TTL,
            concurrent_passes: DEFAULT_CONCURRENT_PASSES,
            apply_concurrency: DEFAULT_APPLY_CONCURRENCY,
        }
    }
}

/// What passes share.
#[derive(Debug)]
pub struct Ctx {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) leases: Leases,
    pub(crate) apply_concurrency: usize,
    api_budget_percent: u8,
    pub(crate) prometheus: Option<Prometheus>,
    factory: AwsFactory,
    clients: Mutex<BTreeMap<String, (TargetAccess, AwsClients)>>,
    published: Mutex<BTreeMap<String, StateCounts>>,
    stands: Mutex<BTreeMap<String, BTreeMap<String, PolicyStand>>>,
    worlds: Mutex<BTreeMap<String, Memory>>,
}

impl Ctx {
    /// A context for one process.
    ///
    /// # Errors
    /// The metrics are registered already.
    pub fn new(
        store: Store,
        config: &ControllerConfig,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let metrics = Metrics::new(registry)?;
        let clock = Arc::clone(&config.clock);
        let budgets = Arc::new(Budgets::new(
            config.api_budget_percent,
            Arc::clone(&clock),
            metrics.clone(),
        ));
        let holder = config.holder.clone().unwrap_or_else(unique_holder);
        Ok(Self {
            leases: Leases::new(
                store.clone(),
                holder,
                metrics.clone(),
                config.lease_ttl,
                config.aws.timeouts.write,
            ),
            factory: AwsFactory::new(
                config.aws.clone(),
                budgets,
                Arc::clone(&clock),
                metrics.clone(),
            ),
            store,
            clock,
            metrics,
            apply_concurrency: config.apply_concurrency,
            api_budget_percent: config.api_budget_percent,
            prometheus: config.prometheus.clone(),
            clients: Mutex::default(),
            published: Mutex::default(),
            stands: Mutex::default(),
            worlds: Mutex::default(),
        })
    }

    /// Reports a row that the store refuses because of its content. The pass goes on without it.
    pub(crate) fn note_refusal(&self, kind: &'static str, name: &str, error: &StoreError) {
        self.metrics.refused_rows.with_label_values(&[kind]).inc();
        let error = error_chain(error);
        tracing::error!(
            kind,
            name,
            error,
            "the database rejected the object; it is skipped"
        );
    }

    /// The leases of this process.
    #[must_use]
    pub const fn leases(&self) -> &Leases {
        &self.leases
    }

    /// How fast a target may be changed.
    pub(crate) fn pace(&self) -> Pace {
        let limits = Bucket::TaskDefinitionModify.limits();
        let share = f64::from(self.api_budget_percent) / 100.0;
        Pace {
            registrations_per_second: limits.refill_per_second * share,
        }
    }

    /// Returns clients for a target; made once, and again when the target changes its account, region or role.
    pub(crate) async fn clients(&self, target: &AwsTarget) -> AwsClients {
        let access = access(target);
        let known = lock(&self.clients).get(target.name()).cloned();
        if let Some((known_access, clients)) = known
            && known_access == access
        {
            return clients;
        }
        let clients = self.factory.clients(&access).await;
        lock(&self.clients).insert(target.name().to_owned(), (access, clients.clone()));
        clients
    }

    /// Takes the memory that the last pass over a target left.
    pub(crate) fn take_world(&self, target: &str) -> Option<Memory> {
        lock(&self.worlds).remove(target)
    }

    /// Keeps what a pass has seen for the next one.
    pub(crate) fn keep_world(&self, target: &str, memory: Memory) {
        lock(&self.worlds).insert(target.to_owned(), memory);
    }

    /// Publishes how many services of a target are in which state.
    pub(crate) fn publish_services(&self, target: &str, counts: StateCounts) {
        let mut published = lock(&self.published);
        let before = published.remove(target).unwrap_or_default();
        self.metrics.publish_services(target, &before, &counts);
        published.insert(target.to_owned(), counts);
    }

    /// Publishes the state of the policies in a target.
    pub(crate) fn publish_policies(&self, target: &str, stands: BTreeMap<String, PolicyStand>) {
        let mut known = lock(&self.stands);
        let before = known.remove(target).unwrap_or_default();
        self.metrics.publish_policies(target, &before, &stands);
        known.insert(target.to_owned(), stands);
    }

    /// Forgets a target that is gone.
    pub(crate) fn forget(&self, target: &str) {
        lock(&self.clients).remove(target);
        lock(&self.worlds).remove(target);
        self.publish_services(target, StateCounts::new());
        self.publish_policies(target, BTreeMap::new());
        self.metrics.forget_holdings(target);
        self.leases.forget(target);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn access(target: &AwsTarget) -> TargetAccess {
    let role = target.spec.assume_role.as_ref();
    TargetAccess {
        target: target.name().to_owned(),
        account_id: target.spec.account_id.clone(),
        region: target.spec.region.clone(),
        role_arn: role.map(|role| role.arn.clone()),
        external_id: role.and_then(|role| role.external_id.clone()),
    }
}

/// A name that no other process has: a database never gives a lease to a holder that already has it.
fn unique_holder() -> String {
    format!("firelens-{}", uuid::Uuid::new_v4())
}
