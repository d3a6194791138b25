//! `get` and `list`. Objects are returned as they are stored.

use axum::extract::State;
use axum::response::Response;
use firelens_store::ListOptions;
use http::{HeaderMap, StatusCode};

use super::watch;
use crate::extract::{Pairs, Resource};
use crate::negotiate::Accept;
use crate::params::Params;
use crate::representation::{self, Page};
use crate::state::ApiState;
use crate::status::{ApiError, from_store, from_store_query};

/// `GET /{plural}/{name}` and `GET /{plural}/{name}/status`: the whole object either way.
pub(crate) async fn get(
    State(state): State<ApiState>,
    resource: Resource,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accept = Accept::from_headers(&headers)?;
    let params = Params::for_objects(&pairs)?;
    let object = state
        .store()
        .get(resource.kind, &resource.name)
        .await
        .map_err(|error| from_store(error, resource.kind, &resource.name))?
        .ok_or_else(|| resource.not_found())?;
    representation::object(
        accept,
        params.include_object,
        StatusCode::OK,
        resource.kind,
        &object,
    )
}

/// `GET /{plural}`: a list, or with `?watch` a stream.
pub(crate) async fn list_or_watch(
    State(state): State<ApiState>,
    resource: Resource,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let accept = Accept::from_headers(&headers)?;
    let params = Params::for_objects(&pairs)?;
    if params.watch {
        return watch::start(&state, resource.kind, params, accept).await;
    }
    let options = ListOptions {
        limit: params.limit,
        continue_token: params.continue_token.clone(),
        label_selector: params.labels.clone(),
        name: params.fields.name().map(str::to_owned),
    };
    let mut list = state
        .store()
        .list(resource.kind, &options)
        .await
        .map_err(from_store_query)?;
    check_version(&params, list.resource_version)?;
    if !params.fields.is_empty() {
        list.items.retain(|object| params.fields.matches(object));
    }
    let page = Page {
        items: list.items,
        resource_version: list.resource_version.to_string(),
        continue_token: list.continue_token,
        remaining: list
            .remaining_item_count
            .filter(|_| params.fields.is_empty()),
    };
    representation::list(accept, params.include_object, resource.kind, page)
}

/// Checks the requested version of a list. Only the newest state can be listed: no older one is kept.
fn check_version(params: &Params, newest: i64) -> Result<(), ApiError> {
    let Some(text) = params
        .resource_version
        .as_deref()
        .filter(|text| *text != "0")
    else {
        return Ok(());
    };
    let asked = parse_version(text)?;
    if asked > newest || (params.exact_version && asked != newest) {
        return Err(ApiError::Expired(format!(
            "resource version {asked} cannot be listed: the newest is {newest}"
        )));
    }
    Ok(())
}

/// A resourceVersion is opaque to clients; here it is a number.
pub(crate) fn parse_version(text: &str) -> Result<i64, ApiError> {
    text.parse()
        .ok()
        .filter(|version| *version >= 0)
        .ok_or_else(|| {
            ApiError::BadRequest(format!("resourceVersion {text:?} is not from this server"))
        })
}
