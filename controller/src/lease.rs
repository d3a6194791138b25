//! Write access: one lease for each target, kept in the database and evaluated only by its clock.
//!
//! A lease spreads work and protects an AWS budget; correctness does not depend on it. Still no write to AWS may
//! begin with less time left than the write can take.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use firelens_store::{Lease, Store, StoreError};

use crate::metrics::Metrics;

/// How long a lease lasts without being renewed: twice the longest write to AWS.
pub const LEASE_TTL: Duration = Duration::from_secs(30);

/// The part of its time after which a lease is renewed: renewing may fail once and the lease is still valid.
const RENEWALS_PER_TTL: u32 = 3;

/// The time that must be left on a lease beyond the time limit of the write that begins.
const WRITE_MARGIN: Duration = Duration::from_secs(2);

/// Why a write may not begin.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process works on the target.
    #[error("another process holds the lease of target {0}")]
    Lost(String),
    /// The database did not respond.
    #[error("the lease cannot be renewed")]
    Store(#[from] StoreError),
}

/// The leases of this process.
#[derive(Debug)]
pub struct Leases {
    store: Store,
    holder: String,
    metrics: Metrics,
    ttl: Duration,
    write_limit: Duration,
    held: Mutex<BTreeMap<String, Lease>>,
}

impl Leases {
    /// Makes leases that are held for `ttl` under the name `holder`, which must be unique for each process.
    /// `write_limit` is the longest time that one write to AWS can take.
    #[must_use]
    pub fn new(
        store: Store,
        holder: String,
        metrics: Metrics,
        ttl: Duration,
        write_limit: Duration,
    ) -> Self {
        Self {
            store,
            holder,
            metrics,
            ttl,
            write_limit,
            held: Mutex::default(),
        }
    }

    /// The interval at which leases are to be renewed.
    #[must_use]
    pub fn renewal_interval(&self) -> Duration {
        self.ttl / RENEWALS_PER_TTL
    }

    /// Acquires the lease of a target or renews it; `None` when another process has it.
    ///
    /// # Errors
    /// The database does not respond; a lease held before may still be valid.
    pub async fn hold(&self, target: &str) -> Result<Option<Lease>, StoreError> {
        let before = self.current(target);
        if let Some(lease) = &before {
            match self.store.renew_lease(lease).await {
                Ok(renewed) => {
                    self.remember(target, Some(renewed.clone()));
                    return Ok(Some(renewed));
                }
                // Its time ran out, and perhaps another process has it: acquired like a new one.
                Err(StoreError::Fenced { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let name = lease_name(target);
        let taken = self
            .store
            .acquire_lease(&name, &self.holder, self.ttl)
            .await?;
        if before.is_some() || taken.is_some() {
            self.metrics.lease_transitions.inc();
        }
        self.remember(target, taken.clone());
        Ok(taken)
    }

    /// Returns the lease, with enough time left on it for one write to AWS; renewed where it has less.
    ///
    /// # Errors
    /// Another process holds it, or the database does not respond.
    pub async fn for_write(&self, target: &str) -> Result<Lease, LeaseError> {
        if let Some(lease) = self.current(target)
            && lease.remaining() > self.write_limit + WRITE_MARGIN
        {
            return Ok(lease);
        }
        let before = self.current(target).map(|lease| lease.epoch);
        let held = self.hold(target).await?;
        // A lease that was acquired anew was somebody else's meanwhile, and the plan is from before that.
        held.filter(|lease| before.is_none_or(|epoch| epoch == lease.epoch))
            .ok_or_else(|| LeaseError::Lost(target.to_owned()))
    }

    /// Returns the lease as it was last seen, for writes to the store, which evaluates it itself.
    #[must_use]
    pub fn current(&self, target: &str) -> Option<Lease> {
        self.lock().get(target).cloned()
    }

    /// Renews the leases that are held. Returns the targets whose lease is lost.
    pub async fn renew_all(&self) -> Vec<String> {
        let held: Vec<(String, Lease)> = self
            .lock()
            .iter()
            .map(|(target, lease)| (target.clone(), lease.clone()))
            .collect();
        let mut lost = Vec::new();
        for (target, lease) in held {
            match self.store.renew_lease(&lease).await {
                Ok(renewed) => self.remember(&target, Some(renewed)),
                Err(StoreError::Fenced { .. }) => {
                    self.metrics.lease_transitions.inc();
                    self.remember(&target, None);
                    lost.push(target);
                }
                Err(error) => {
                    tracing::warn!(target_name = target, %error, "lease not renewed");
                    if lease.remaining().is_zero() {
                        lost.push(target);
                    }
                }
            }
        }
        lost
    }

    /// Releases the lease of a target, so that others need not wait for its end.
    pub async fn release(&self, target: &str) {
        let Some(lease) = self.current(target) else {
            return;
        };
        self.remember(target, None);
        if let Err(error) = self.store.release_lease(&lease).await {
            tracing::warn!(target_name = target, %error, "lease not released; it will run out");
        }
    }

    /// Releases all leases.
    pub async fn release_all(&self) {
        let targets: Vec<String> = self.lock().keys().cloned().collect();
        for target in targets {
            self.release(&target).await;
        }
    }

    /// Removes the metrics of a target that is gone.
    pub(crate) fn forget(&self, target: &str) {
        // A missing series is fine; there is nothing to handle.
        let _ = self.metrics.lease_held.remove_label_values(&[target]);
        let _ = self
            .metrics
            .lease_remaining_seconds
            .remove_label_values(&[target]);
    }

    fn remember(&self, target: &str, lease: Option<Lease>) {
        let left = lease.as_ref().map(Lease::remaining);
        self.metrics
            .lease_held
            .with_label_values(&[target])
            .set(i64::from(left.is_some()));
        self.metrics
            .lease_remaining_seconds
            .with_label_values(&[target])
            .set(left.unwrap_or_default().as_secs_f64());
        match lease {
            Some(lease) => self.lock().insert(target.to_owned(), lease),
            None => self.lock().remove(target),
        };
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of a target's lease in the database.
#[must_use]
pub fn lease_name(target: &str) -> String {
    format!("target/{target}")
}
