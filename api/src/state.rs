//! What every request shares: the store, the metrics, the limits.
//! Never holds an object: what is answered is read from the store.

use std::sync::Arc;
use std::time::Duration;

use firelens_store::Store;
use prometheus::Registry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::http_metrics::HttpMetrics;
use crate::status::ApiError;

/// Limits of the API. Each bounds what one client can make the server spend.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// Watches open at once; the next is answered 429.
    pub max_watches: usize,
    /// Requests being answered at once, watches not counted once they stream; the next is answered 429.
    pub max_requests: usize,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Longest a request may take until its answer begins.
    pub request_timeout: Duration,
    /// Longest a watch streams when the client names no `timeoutSeconds`; also the longest it may name.
    pub max_watch: Duration,
    /// Time between two bookmarks of a quiet watch.
    pub bookmark_interval: Duration,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            max_watches: 256,
            // kube-apiserver: --max-requests-inflight is 400 for a machine much larger than ours.
            max_requests: 200,
            max_body_bytes: 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            // kube-apiserver: --min-request-timeout is 1800 s, a watch lasts that long to twice that.
            max_watch: Duration::from_secs(3600),
            // kube-apiserver sends a bookmark about once a minute.
            bookmark_interval: Duration::from_secs(60),
        }
    }
}

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    registry: Registry,
    options: ApiOptions,
    metrics: HttpMetrics,
    watches: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    shutdown: CancellationToken,
}

impl ApiState {
    /// Binds the API to a store and registers its metrics with `registry`, which `/metrics` then shows
    /// whole. Watches end when `shutdown` is cancelled: give the same token to [`crate::serve()`].
    ///
    /// # Errors
    /// When `registry` already has metrics of these names.
    pub fn new(
        store: Store,
        registry: Registry,
        options: ApiOptions,
        shutdown: CancellationToken,
    ) -> Result<Self, prometheus::Error> {
        let metrics = HttpMetrics::register(&registry)?;
        let inner = Inner {
            watches: Arc::new(Semaphore::new(options.max_watches)),
            requests: Arc::new(Semaphore::new(options.max_requests)),
            store,
            registry,
            options,
            metrics,
            shutdown,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The store to write to: in a dry run one that takes every write back.
    pub(crate) fn writer(&self, dry_run: bool) -> Store {
        if dry_run {
            self.inner.store.dry_run()
        } else {
            self.inner.store.clone()
        }
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    pub(crate) fn options(&self) -> &ApiOptions {
        &self.inner.options
    }

    pub(crate) fn metrics(&self) -> &HttpMetrics {
        &self.inner.metrics
    }

    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.inner.shutdown
    }

    /// A place for one more watch; it is free again when the permit is dropped.
    pub(crate) fn watch_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        permit(
            &self.inner.watches,
            "watches",
            self.inner.options.max_watches,
        )
    }

    /// A place for one more request.
    pub(crate) fn request_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        permit(
            &self.inner.requests,
            "requests",
            self.inner.options.max_requests,
        )
    }
}

fn permit(
    places: &Arc<Semaphore>,
    what: &str,
    limit: usize,
) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(places)
        .try_acquire_owned()
        .map_err(|_| ApiError::TooManyRequests {
            message: format!("{limit} {what} are open, which is the limit: try again later"),
            retry_after_seconds: 1,
        })
}
