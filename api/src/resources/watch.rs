//! `watch` of the group's kinds, served from the store's change log.
//! No change is skipped or sent twice: the only state is the revision up to which changes were sent.

use std::time::Duration;

use axum::response::Response;
use firelens_store::{Change, ListOptions, Store, StoreError};
use firelens_types::v1alpha1::{API_VERSION, Kind};
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::read::parse_version;
use super::watch_stream::{Batch, Place, Source, check_encoding, error_event, event, respond};
use crate::negotiate::{Accept, Shape};
use crate::params::Params;
use crate::representation::shape_one;
use crate::state::ApiState;
use crate::status::{ApiError, from_store_query};
use crate::table::Layout;

/// Number of changes that are read at once.
const BATCH_CHANGES: u32 = 500;
/// Longest wait for a hint. The store gives one within a second of a change; this only covers a lost one.
const HINT_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after the database did not respond.
const RETRY: Duration = Duration::from_secs(1);
/// The annotation by which a client knows that all existing objects have been sent.
const INITIAL_END: &str = "k8s.io/initial-events-end";

/// `GET /{plural}?watch=true`
pub(crate) async fn start(
    state: &ApiState,
    kind: Kind,
    params: Params,
    accept: Accept,
) -> Result<Response, ApiError> {
    check_encoding(accept)?;
    let place = Place::take(state)?;
    let store = state.store().clone();
    // Subscribed before anything is read, so that no hint is missed between reading and waiting.
    let hints = store.subscribe().await.map_err(from_store_query)?;
    let bookmark_interval = state.options().bookmark_interval;
    let timeout_seconds = params.timeout_seconds;
    let mut watch = Watch {
        store,
        kind,
        accept,
        layout: Layout::of(kind),
        told: 0,
        hints,
        bookmark_interval,
        bookmark_at: Instant::now() + bookmark_interval,
        params,
    };
    let first = watch.begin().await?;
    Ok(respond(state, place, timeout_seconds, first, watch))
}

struct Watch {
    store: Store,
    kind: Kind,
    params: Params,
    accept: Accept,
    layout: Layout,
    /// Every change up to this revision has been sent.
    told: i64,
    hints: Receiver<i64>,
    bookmark_interval: Duration,
    bookmark_at: Instant,
}

impl Watch {
    /// Returns what is sent before the first change. Without a version, the existing objects are sent as added.
    async fn begin(&mut self) -> Result<Vec<Value>, ApiError> {
        let version = self.params.resource_version.as_deref();
        let from = version
            .map(parse_version)
            .transpose()?
            .filter(|version| *version > 0);
        match from {
            Some(version) if !self.params.send_initial_events => {
                self.told = version;
                // The changes are read now, so that a version that is too old is a 410 and not an event.
                let page = self.store.changes(self.kind, version, BATCH_CHANGES).await;
                let page = page.map_err(from_store_query)?;
                self.told = page.resource_version;
                Ok(page
                    .changes
                    .iter()
                    .filter_map(|change| self.tell(change))
                    .collect())
            }
            _ => self.existing().await,
        }
    }

    async fn existing(&mut self) -> Result<Vec<Value>, ApiError> {
        // One snapshot, not pages: a later page would contain changes that are sent again from the log.
        let options = ListOptions {
            label_selector: self.params.labels.clone(),
            name: self.params.fields.name().map(str::to_owned),
            ..ListOptions::default()
        };
        let list = self
            .store
            .list(self.kind, &options)
            .await
            .map_err(from_store_query)?;
        self.told = list.resource_version;
        let mut events: Vec<Value> = list
            .items
            .iter()
            .filter(|object| self.params.fields.matches(object))
            .map(|object| self.shaped("ADDED", object))
            .collect();
        if self.params.send_initial_events && self.params.allow_bookmarks {
            events.push(self.bookmark(json!({INITIAL_END: "true"})));
        }
        Ok(events)
    }

    /// Returns the event of a change, unless the selectors hide it.
    fn tell(&self, change: &Change) -> Option<Value> {
        if !self.params.fields.matches(&change.object) {
            return None;
        }
        let seen = change.seen_through(&self.params.labels)?;
        Some(self.shaped(seen.name(), &change.object))
    }

    fn shaped(&self, event_type: &str, object: &Value) -> Value {
        if self.accept.shape == Shape::Object {
            return event(event_type, object);
        }
        let include = self.params.include_object;
        event(
            event_type,
            &shape_one(self.accept.shape, include, &self.layout, object),
        )
    }

    /// Returns a bookmark: how far the watch has come, so that the next one can begin there.
    fn bookmark(&self, annotations: Value) -> Value {
        let mut metadata = json!({"resourceVersion": self.told.to_string()});
        if !annotations.is_null() {
            metadata["annotations"] = annotations;
        }
        let object = match self.accept.shape {
            Shape::Object => json!({
                "kind": self.kind.name(),
                "apiVersion": API_VERSION,
                "metadata": metadata,
            }),
            Shape::Metadata => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
            }),
            Shape::Table => json!({
                "kind": "Table",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
                "columnDefinitions": [],
                "rows": [],
            }),
        };
        event("BOOKMARK", &object)
    }
}

impl Source for Watch {
    async fn next_batch(&mut self) -> Batch {
        match self
            .store
            .changes(self.kind, self.told, BATCH_CHANGES)
            .await
        {
            Ok(page) => {
                self.told = page.resource_version;
                let full = page.changes.len() >= BATCH_CHANGES as usize;
                let events: Vec<Value> = page
                    .changes
                    .iter()
                    .filter_map(|change| self.tell(change))
                    .collect();
                if !events.is_empty() || full {
                    return Batch::Events(events);
                }
            }
            Err(error @ StoreError::Unavailable { .. }) => {
                // The client would request the same version again: waiting here is cheaper for both.
                tracing::warn!(%error, "a watch cannot reach the database; retrying");
                tokio::time::sleep(RETRY).await;
                return Batch::Events(Vec::new());
            }
            Err(error) => return Batch::Last(vec![error_event(&from_store_query(error))]),
        }
        if self.params.allow_bookmarks && Instant::now() >= self.bookmark_at {
            self.bookmark_at = Instant::now() + self.bookmark_interval;
            return Batch::Events(vec![self.bookmark(Value::Null)]);
        }
        let longest = HINT_TIMEOUT.min(self.bookmark_interval);
        // The sender is dropped when the store is closed; the next read then returns the error.
        if let Ok(Err(_)) = tokio::time::timeout(longest, self.hints.changed()).await {
            tokio::time::sleep(RETRY).await;
        }
        Batch::Events(Vec::new())
    }
}
