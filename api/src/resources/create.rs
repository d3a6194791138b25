//! `create`.
//! A name that is taken is an error.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::admit::{Candidate, admit};
use crate::admission::Admitted;
use crate::extract::{Pairs, Resource};
use crate::negotiate::Accept;
use crate::params::Params;
use crate::state::ApiState;
use crate::status::{ApiError, from_store};
use crate::{body, representation};

/// Names drawn for `generateName` before giving up. With five letters of 27 each a second is rarely needed.
const NAME_ATTEMPTS: usize = 8;

/// `POST /{plural}`
pub(crate) async fn create(
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
    let decoded = body::decode(&headers, &bytes)?;
    let version = decoded.value["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default();
    if !version.is_empty() {
        return Err(ApiError::BadRequest(
            "resourceVersion should not be set on objects to be created".to_owned(),
        ));
    }
    let candidate = Candidate {
        object: decoded.value,
        repeated: &decoded.repeated,
        field_validation: params.field_validation,
        replaces: None,
    };
    let Admitted { object, warnings } = admit(&state, &resource, candidate).await?;
    let created = store(&state, &resource, params.dry_run, object).await?;
    let response = representation::object(
        accept,
        params.include_object,
        StatusCode::CREATED,
        resource.kind,
        &created,
    )?;
    Ok(representation::warn(response, &warnings))
}

async fn store(
    state: &ApiState,
    resource: &Resource,
    dry_run: bool,
    object: Value,
) -> Result<Value, ApiError> {
    let writer = state.writer(dry_run);
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for _ in 1..NAME_ATTEMPTS {
        match writer.create(resource.kind, object.clone()).await {
            Err(firelens_store::StoreError::AlreadyExists { .. }) if name.is_empty() => {}
            other => return other.map_err(|error| from_store(error, resource.kind, &name)),
        }
    }
    writer
        .create(resource.kind, object)
        .await
        .map_err(|error| from_store(error, resource.kind, &name))
}
