//! `delete` and `deletecollection`.
//! An object that others still need is not removed, and one with finalizers is only marked for deletion.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use firelens_store::{Deleted, ListOptions, Preconditions};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::in_use;
use super::update::{current, is_deleting};
use crate::body;
use crate::extract::{Pairs, Resource};
use crate::negotiate::Accept;
use crate::params::{self, Params};
use crate::representation::{self, Page};
use crate::state::ApiState;
use crate::status::{ApiError, deleted_status, from_store, from_store_query};

/// The members of `DeleteOptions` that have a meaning here. Grace periods and propagation policies have none,
/// because no process belongs to these objects and they own no others.
#[derive(Debug, Default)]
struct Options {
    preconditions: Preconditions,
    dry_run: bool,
}

impl Options {
    fn read(headers: &HeaderMap, bytes: &Bytes) -> Result<Self, ApiError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let value = body::decode(headers, bytes)?.value;
        match value["kind"].as_str() {
            None | Some("DeleteOptions") if value.is_object() => {}
            _ => {
                return Err(ApiError::BadRequest(
                    "the body is not a DeleteOptions".to_owned(),
                ));
            }
        }
        let text = |key: &str| value["preconditions"][key].as_str().map(str::to_owned);
        let dry_run = match &value["dryRun"] {
            Value::Array(list) => list
                .iter()
                .map(|item| params::dry_run(item.as_str().unwrap_or("?")))
                .collect::<Result<Vec<bool>, ApiError>>()?
                .contains(&true),
            _ => false,
        };
        let preconditions = Preconditions {
            uid: text("uid"),
            resource_version: text("resourceVersion"),
        };
        Ok(Self {
            preconditions,
            dry_run,
        })
    }
}

/// `DELETE /{plural}/{name}`
pub(crate) async fn delete(
    State(state): State<ApiState>,
    resource: Resource,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, ApiError> {
    resource.written_by_users()?;
    let accept = Accept::from_headers(&headers)?;
    let params = Params::for_objects(&pairs)?;
    let bytes = body::read(&headers, request_body, state.options().max_body_bytes).await?;
    let options = Options::read(&headers, &bytes)?;
    let stored = current(&state, &resource).await?;
    let dry_run = params.dry_run || options.dry_run;
    let deleted = delete_one(&state, &resource, &stored, &options, dry_run).await?;
    match deleted {
        Deleted::Gone(object) => {
            let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
            let status = deleted_status(resource.kind, &resource.name, uid);
            representation::write(accept.encoding, StatusCode::OK, &status)
        }
        Deleted::Marked(object) => representation::object(
            accept,
            params.include_object,
            StatusCode::OK,
            resource.kind,
            &object,
        ),
    }
}

async fn delete_one(
    state: &ApiState,
    resource: &Resource,
    stored: &Value,
    options: &Options,
    dry_run: bool,
) -> Result<Deleted, ApiError> {
    if !is_deleting(stored) {
        in_use::check(state.store(), resource, stored).await?;
    }
    state
        .writer(dry_run)
        .delete(resource.kind, &resource.name, &options.preconditions)
        .await
        .map_err(|error| from_store(error, resource.kind, &resource.name))
}

/// `DELETE /{plural}`: every object that the selectors match. If an object cannot be deleted, the others are
/// deleted all the same, and the first refusal is the response.
pub(crate) async fn delete_collection(
    State(state): State<ApiState>,
    resource: Resource,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, ApiError> {
    resource.written_by_users()?;
    let accept = Accept::from_headers(&headers)?;
    let params = Params::for_objects(&pairs)?;
    let bytes = body::read(&headers, request_body, state.options().max_body_bytes).await?;
    let options = Options::read(&headers, &bytes)?;
    let dry_run = params.dry_run || options.dry_run;
    let wanted = ListOptions {
        limit: params.limit,
        continue_token: params.continue_token.clone(),
        label_selector: params.labels.clone(),
        name: params.fields.name().map(str::to_owned),
    };
    let mut list = state
        .store()
        .list(resource.kind, &wanted)
        .await
        .map_err(from_store_query)?;
    list.items.retain(|object| params.fields.matches(object));
    let (mut items, mut refusal) = (Vec::new(), None);
    for object in &list.items {
        let name = object["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let named = Resource {
            kind: resource.kind,
            name,
        };
        match delete_one(&state, &named, object, &options, dry_run).await {
            Ok(deleted) => items.push(deleted.into_object()),
            // Another request deleted it first, which is the requested result.
            Err(ApiError::NotFound { .. }) => {}
            Err(error) => {
                refusal.get_or_insert(error);
            }
        }
    }
    if let Some(error) = refusal {
        return Err(error);
    }
    let page = Page {
        items,
        resource_version: list.resource_version.to_string(),
        continue_token: list.continue_token,
        remaining: None,
    };
    representation::list(accept, params.include_object, resource.kind, page)
}
