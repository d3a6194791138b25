//! The metrics of the API.
//! No label is an object name or a path as sent: a client must not be able to create series.

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};

/// Upper bounds in seconds, from a read that the database has in memory to the request timeout.
const DURATION_BUCKETS_SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// The metrics of the API.
pub(crate) struct HttpMetrics {
    /// Requests by route template, method and response code.
    pub(crate) requests: IntCounterVec,
    /// Seconds from a request to the beginning of its response.
    pub(crate) duration_seconds: HistogramVec,
    /// Number of watches that stream now.
    pub(crate) watch_clients: IntGauge,
}

impl HttpMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new("firelens_http_requests_total", "HTTP requests answered."),
            &["route", "method", "code"],
        )?;
        let duration_seconds = HistogramVec::new(
            HistogramOpts::new(
                "firelens_http_request_duration_seconds",
                "Time from an HTTP request to the beginning of its answer.",
            )
            .buckets(DURATION_BUCKETS_SECONDS.to_vec()),
            &["route", "method"],
        )?;
        let watch_clients = IntGauge::new("firelens_watch_clients", "Watches that stream now.")?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(duration_seconds.clone()))?;
        registry.register(Box::new(watch_clients.clone()))?;
        Ok(Self {
            requests,
            duration_seconds,
            watch_clients,
        })
    }
}
