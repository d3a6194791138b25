//! Events as `v1` `Event` objects, so that `kubectl describe` and `kubectl events` show them.
//! They are read-only: only the operator writes events.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use firelens_store::{EventFilter, EventType, RecordedEvent, Store, StoreError};
use firelens_types::v1alpha1::API_VERSION;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::extract::Pairs;
use crate::negotiate::{Accept, Shape};
use crate::params::Params;
use crate::representation::{self, Page, shape_one};
use crate::resources::read::parse_version;
use crate::resources::watch_stream::{
    Batch, Place, Source, check_encoding, error_event, event, respond,
};
use crate::state::ApiState;
use crate::status::{ApiError, from_store_query};
use crate::table::Layout;

/// Events are namespaced in Kubernetes; those of objects without a namespace are in this one.
const NAMESPACE: &str = "default";
/// Interval at which a watch reads the latest events, since there is no change log of them.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// `GET /api/v1/events`
pub(crate) async fn list_all(
    State(state): State<ApiState>,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    list(&state, NAMESPACE, &pairs, &headers).await
}

/// `GET /api/v1/namespaces/{namespace}/events`
pub(crate) async fn list_namespace(
    State(state): State<ApiState>,
    Path(namespace): Path<String>,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    list(&state, &namespace, &pairs, &headers).await
}

/// `GET /api/v1/namespaces/{namespace}/events/{name}`
pub(crate) async fn get(
    State(state): State<ApiState>,
    Path((namespace, name)): Path<(String, String)>,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accept = Accept::from_headers(&headers)?;
    let params = Params::for_events(&pairs)?;
    let about = name.rsplit_once('.').map(|(object, _)| object.to_owned());
    let filter = EventFilter {
        object_name: about,
        ..EventFilter::default()
    };
    let events = state
        .store()
        .list_events(&filter)
        .await
        .map_err(from_store_query)?;
    let event = events
        .iter()
        .map(to_object)
        .find(|object| object["metadata"]["name"] == name.as_str() && namespace == NAMESPACE);
    let object = event.ok_or(ApiError::NoSuchEvent { name })?;
    let shaped = shape_one(
        accept.shape,
        params.include_object,
        &Layout::of_events(),
        &object,
    );
    representation::write(accept.encoding, StatusCode::OK, &shaped)
}

async fn list(
    state: &ApiState,
    namespace: &str,
    pairs: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let accept = Accept::from_headers(headers)?;
    let params = Params::for_events(pairs)?;
    let query = Query {
        namespace: namespace.to_owned(),
        params,
    };
    if query.params.watch {
        return watch(state, query, accept).await;
    }
    let items = query.read(state.store()).await.map_err(from_store_query)?;
    let newest = items.iter().map(version).max().unwrap_or(0);
    let page = Page {
        items: items
            .iter()
            .map(to_object)
            .filter(|object| query.matches(object))
            .collect(),
        resource_version: newest.max(1).to_string(),
        continue_token: None,
        remaining: None,
    };
    let include = query.params.include_object;
    representation::any_list(
        accept,
        include,
        &Layout::of_events(),
        ("v1", "EventList"),
        page,
    )
}

/// Which events are requested.
struct Query {
    namespace: String,
    params: Params,
}

impl Query {
    async fn read(&self, store: &Store) -> Result<Vec<RecordedEvent>, StoreError> {
        if self.namespace != NAMESPACE {
            return Ok(Vec::new());
        }
        let only = |field: &str| self.params.fields.only(field).map(str::to_owned);
        let filter = EventFilter {
            object_kind: only("involvedObject.kind"),
            object_name: only("involvedObject.name"),
            object_uid: only("involvedObject.uid"),
            event_type: match self.params.fields.only("type") {
                Some("Normal") => Some(EventType::Normal),
                Some("Warning") => Some(EventType::Warning),
                _ => None,
            },
            reason: only("reason"),
            limit: None,
        };
        store.list_events(&filter).await
    }

    fn matches(&self, object: &Value) -> bool {
        self.params.fields.matches(object) && self.params.labels.matches(object)
    }
}

/// Returns the version of an event: the time of its last repetition in microseconds, which grows with each change.
fn version(event: &RecordedEvent) -> i64 {
    event.last_at.as_microsecond()
}

fn to_object(recorded: &RecordedEvent) -> Value {
    let event = &recorded.event;
    json!({
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {
            "name": format!("{}.{:016x}", event.object_name, recorded.id),
            "namespace": NAMESPACE,
            "uid": uuid::Uuid::from_u64_pair(0, recorded.id.unsigned_abs()).to_string(),
            "resourceVersion": version(recorded).to_string(),
            "creationTimestamp": seconds(recorded.first_at),
        },
        "involvedObject": {
            "kind": event.object_kind,
            "name": event.object_name,
            "uid": event.object_uid,
            "apiVersion": API_VERSION,
        },
        "reason": event.reason,
        "message": event.message,
        "source": {"component": event.component},
        "firstTimestamp": seconds(recorded.first_at),
        "lastTimestamp": seconds(recorded.last_at),
        "count": recorded.count,
        "type": event.event_type.name(),
        "eventTime": null,
        "reportingComponent": event.component,
        "reportingInstance": "",
    })
}

/// Returns the time without a fraction of a second, as the times of an event are.
fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

async fn watch(state: &ApiState, query: Query, accept: Accept) -> Result<Response, ApiError> {
    check_encoding(accept)?;
    let place = Place::take(state)?;
    let from = query
        .params
        .resource_version
        .as_deref()
        .map(parse_version)
        .transpose()?;
    let from = from.unwrap_or(0);
    let now = query.read(state.store()).await.map_err(from_store_query)?;
    // The client has seen every event that is not newer than its list.
    let seen = now
        .iter()
        .filter(|e| from > 0 && version(e) <= from)
        .map(|e| (e.id, e.count));
    let timeout_seconds = query.params.timeout_seconds;
    let mut watch = Watch {
        store: state.store().clone(),
        accept,
        layout: Layout::of_events(),
        seen: seen.collect(),
        query,
    };
    let first = watch.news(&now);
    Ok(respond(state, place, timeout_seconds, first, watch))
}

struct Watch {
    store: Store,
    query: Query,
    accept: Accept,
    layout: Layout,
    /// Count of each event as last sent.
    seen: BTreeMap<i64, i64>,
}

impl Watch {
    /// Returns the events that are new or were repeated, oldest first.
    /// Events that are no longer listed are forgotten.
    fn news(&mut self, now: &[RecordedEvent]) -> Vec<Value> {
        let before = std::mem::take(&mut self.seen);
        self.seen = now.iter().map(|e| (e.id, e.count)).collect();
        now.iter()
            .rev()
            .filter_map(|recorded| {
                let event_type = match before.get(&recorded.id) {
                    Some(count) if *count == recorded.count => return None,
                    Some(_) => "MODIFIED",
                    None => "ADDED",
                };
                let object = to_object(recorded);
                self.query
                    .matches(&object)
                    .then(|| self.shaped(event_type, &object))
            })
            .collect()
    }

    fn shaped(&self, event_type: &str, object: &Value) -> Value {
        if self.accept.shape == Shape::Object {
            return event(event_type, object);
        }
        let include = self.query.params.include_object;
        event(
            event_type,
            &shape_one(self.accept.shape, include, &self.layout, object),
        )
    }
}

impl Source for Watch {
    async fn next_batch(&mut self) -> Batch {
        tokio::time::sleep(POLL_INTERVAL).await;
        match self.query.read(&self.store).await {
            Ok(now) => Batch::Events(self.news(&now)),
            Err(StoreError::Unavailable { .. }) => Batch::Events(Vec::new()),
            Err(error) => Batch::Last(vec![error_event(&from_store_query(error))]),
        }
    }
}
