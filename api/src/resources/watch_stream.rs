//! The part of a watch that does not depend on what is watched: a place among the watches, the deadline,
//! and events as lines of JSON. Never buffers more than one batch of events.

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

/// Marks an answer that must not be compressed: a compressor would hold events back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streaming;

/// Where the events of a watch come from.
pub(crate) trait Source: Send + 'static {
    /// Waits for something to tell. An empty batch is fine: the caller looks at its deadline and asks again.
    fn next_batch(&mut self) -> impl Future<Output = Batch> + Send;
}

/// What a source had to tell.
pub(crate) enum Batch {
    /// Events, maybe none.
    Events(Vec<Value>),
    /// These, and then the watch cannot go on.
    Last(Vec<Value>),
}

/// An event of a watch.
pub(crate) fn event(event_type: &str, object: &Value) -> Value {
    json!({"type": event_type, "object": object})
}

/// The event that ends a watch and says why.
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

/// A place among the watches, counted.
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

/// Streams `first`, then what `source` tells, until the deadline, shutdown, or the source's end.
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

/// A watch is a stream of JSON; other encodings have no agreed framing.
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
    /// The next events, at least one; `None` at the end.
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
