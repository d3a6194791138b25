//! What every request shares: the store, the metrics, the limits.
//! No object is cached: every response is read from the store.

use std::sync::Arc;
use std::time::Duration;

use firelens_store::Store;
use prometheus::Registry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::http_metrics::HttpMetrics;
use crate::status::ApiError;

/// Limits of the API. Each limits the resources that a client can use.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// Number of watches open at once; the response to a further one is 429.
    pub max_watches: usize,
    /// Number of requests at once, without watches that stream already; the response to a further one is 429.
    pub max_requests: usize,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// How long a request may take until its response begins.
    pub request_timeout: Duration,
    /// How long a watch streams if the client sends no `timeoutSeconds`; also the maximum of that parameter.
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
            // kube-apiserver: --min-request-timeout is 1800 s; a watch lasts between once and twice that.
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
    /// Creates the state for a store and registers the metrics of the API with `registry`; `/metrics` shows all of
    /// `registry`. Watches end when `shutdown` is cancelled: pass the same token to [`crate::serve()`].
    ///
    /// # Errors
    /// `registry` already has metrics of these names.
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

    /// Returns the store to write to: in a dry run, one that rolls every write back.
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

    /// Returns a permit for one more watch, which is released when it is dropped.
    pub(crate) fn watch_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        permit(
            &self.inner.watches,
            "watches",
            self.inner.options.max_watches,
        )
    }

    /// Returns a permit for one more request.
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
    noun: &str,
    limit: usize,
) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(places)
        .try_acquire_owned()
        .map_err(|_| ApiError::TooManyRequests {
            message: format!("{limit} {noun} are open, which is the limit: try again later"),
            retry_after_seconds: 1,
        })
}
