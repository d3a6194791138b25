//! The part of a watch that does not depend on what is watched: the limit of watches, the deadline, and events
//! as lines of JSON. At most one batch of events is buffered.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use prometheus::IntGauge;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::negotiate::{Accept, Encoding};
use crate::state::ApiState;
use crate::status::ApiError;

/// Marks a response that must not be compressed: a compressor would delay events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streaming;

/// The source of the events of a watch.
pub(crate) trait Source: Send + 'static {
    /// Waits for events. The batch may be empty: the caller then checks its deadline and calls again.
    fn next_batch(&mut self) -> impl Future<Output = Batch> + Send;
}

/// The events of a source.
pub(crate) enum Batch {
    /// Events, possibly none.
    Events(Vec<Value>),
    /// The last events: the watch cannot continue after them.
    Last(Vec<Value>),
}

/// Returns an event of a watch.
pub(crate) fn event(event_type: &str, object: &Value) -> Value {
    json!({"type": event_type, "object": object})
}

/// Returns the event that ends a watch, with the reason.
pub(crate) fn error_event(error: &ApiError) -> Value {
    event("ERROR", &error.to_status())
}

struct Running<S> {
    source: S,
    first: VecDeque<Value>,
    ends_at: Instant,
    shutdown: CancellationToken,
    ended: bool,
    _place: Place,
}

/// The permit of one watch, which is counted in a metric.
pub(crate) struct Place {
    gauge: IntGauge,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(crate) fn take(state: &ApiState) -> Result<Self, ApiError> {
        let permit = state.watch_permit()?;
        let gauge = state.metrics().watch_clients.clone();
        gauge.inc();
        Ok(Self {
            gauge,
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

/// Streams `first`, then the events of `source`, until the deadline, shutdown, or the source's end.
pub(crate) fn respond(
    state: &ApiState,
    place: Place,
    timeout_seconds: Option<u64>,
    first: Vec<Value>,
    source: impl Source,
) -> Response {
    let longest = state.options().max_watch;
    let lasts = timeout_seconds
        .filter(|seconds| *seconds > 0)
        .map_or(longest, |seconds| Duration::from_secs(seconds).min(longest));
    let running = Running {
        source,
        first: first.into(),
        ends_at: Instant::now() + lasts,
        shutdown: state.shutdown().clone(),
        ended: false,
        _place: place,
    };
    let mut response = Body::from_stream(stream(running)).into_response();
    response.extensions_mut().insert(Streaming);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// Refuses encodings other than JSON: there is no common framing of a stream for them.
pub(crate) fn check_encoding(accept: Accept) -> Result<(), ApiError> {
    match accept.encoding {
        Encoding::Json => Ok(()),
        Encoding::Yaml => Err(ApiError::NotAcceptable("application/json")),
    }
}

fn stream<S: Source>(running: Running<S>) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    futures::stream::unfold(running, async |mut running| {
        let events = running.next().await?;
        Some((Ok(lines(&events)), running))
    })
}

impl<S: Source> Running<S> {
    /// Returns the next events, at least one; `None` at the end.
    async fn next(&mut self) -> Option<Vec<Value>> {
        if !self.first.is_empty() {
            return Some(self.first.drain(..).collect());
        }
        while !self.ended {
            let batch = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return None,
                () = tokio::time::sleep_until(self.ends_at) => return None,
                batch = self.source.next_batch() => batch,
            };
            let events = match batch {
                Batch::Events(events) => events,
                Batch::Last(events) => {
                    self.ended = true;
                    events
                }
            };
            if !events.is_empty() {
                return Some(events);
            }
        }
        None
    }
}

fn lines(events: &[Value]) -> Bytes {
    let mut text = String::new();
    for event in events {
        text.push_str(&event.to_string());
        text.push('\n');
    }
    Bytes::from(text)
}
