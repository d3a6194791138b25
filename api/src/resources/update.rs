//! `update`: PUT of an object, or of its status.
//! Neither changes the other, and what the client has not seen is not overwritten.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use firelens_store::Update;
use firelens_types::v1alpha1::Cause;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::admit::{Candidate, Replaced, admit};
use crate::admission::{self, Admitted};
use crate::body::{self, Decoded};
use crate::extract::{Pairs, Resource};
use crate::negotiate::Accept;
use crate::params::Params;
use crate::state::ApiState;
use crate::status::{ApiError, from_store};
use crate::{meta, representation};

/// `PUT /{plural}/{name}`
pub(crate) async fn update(
    State(state): State<ApiState>,
    resource: Resource,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, ApiError> {
    resource.updated_by_users()?;
    let put = Put::read(&state, &resource, &pairs, &headers, request_body).await?;
    let stored = current(&state, &resource).await?;
    let (version, uid) = put.preconditions(&resource)?;
    let candidate = Candidate {
        object: keep_finalizers(put.decoded.value, &stored),
        repeated: &put.decoded.repeated,
        field_validation: put.params.field_validation,
        replaces: Some(Replaced {
            stored: &stored,
            version: &version,
        }),
    };
    let Admitted { object, warnings } = admit(&state, &resource, candidate).await?;
    let mut update = Update::object(object).over(version);
    update.expected_uid = uid;
    let written = write(&state, &resource, put.params.dry_run, update).await?;
    let response = representation::object(
        put.accept,
        put.params.include_object,
        StatusCode::OK,
        resource.kind,
        &written,
    )?;
    Ok(representation::warn(response, &warnings))
}

/// `PUT /{plural}/{name}/status`
pub(crate) async fn update_status(
    State(state): State<ApiState>,
    resource: Resource,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, ApiError> {
    resource.written_by_users()?;
    let put = Put::read(&state, &resource, &pairs, &headers, request_body).await?;
    let mut object = current(&state, &resource).await?;
    let (version, uid) = put.preconditions(&resource)?;
    object["status"] = put.decoded.value["status"].clone();
    admission::check_status(resource.kind, &object)?;
    let mut update = Update::status(object).over(version);
    update.expected_uid = uid;
    let written = write(&state, &resource, put.params.dry_run, update).await?;
    representation::object(
        put.accept,
        put.params.include_object,
        StatusCode::OK,
        resource.kind,
        &written,
    )
}

/// A PUT as far as it can be read without the stored object.
struct Put {
    accept: Accept,
    params: Params,
    decoded: Decoded,
}

impl Put {
    async fn read(
        state: &ApiState,
        resource: &Resource,
        pairs: &[(String, String)],
        headers: &HeaderMap,
        request_body: Body,
    ) -> Result<Self, ApiError> {
        let accept = Accept::from_headers(headers)?;
        let params = Params::for_objects(pairs)?;
        let bytes = body::read(headers, request_body, state.options().max_body_bytes).await?;
        let mut decoded = body::decode(headers, &bytes)?;
        if decoded.value["metadata"].is_object() {
            let name = &mut decoded.value["metadata"]["name"];
            match name.as_str().filter(|name| !name.is_empty()) {
                None => *name = json!(resource.name),
                Some(name) if name == resource.name => {}
                Some(name) => {
                    return Err(ApiError::BadRequest(format!(
                        "the name of the object ({name}) does not match the name on the URL ({})",
                        resource.name
                    )));
                }
            }
        }
        Ok(Self {
            accept,
            params,
            decoded,
        })
    }

    /// The version that is replaced, which must be named, and the uid, if it is.
    fn preconditions(&self, resource: &Resource) -> Result<(String, Option<String>), ApiError> {
        let metadata = &self.decoded.value["metadata"];
        let text = |key: &str| {
            metadata[key]
                .as_str()
                .filter(|v| !v.is_empty())
                .map(str::to_owned)
        };
        match text("resourceVersion") {
            Some(version) => Ok((version, text("uid"))),
            None => {
                let detail = "must be specified for an update";
                let error = meta::error("metadata.resourceVersion", Cause::Invalid, "", detail);
                Err(ApiError::Invalid {
                    kind: resource.kind,
                    name: resource.name.clone(),
                    errors: vec![error],
                })
            }
        }
    }
}

/// The stored object.
pub(crate) async fn current(state: &ApiState, resource: &Resource) -> Result<Value, ApiError> {
    state
        .store()
        .get(resource.kind, &resource.name)
        .await
        .map_err(|error| from_store(error, resource.kind, &resource.name))?
        .ok_or_else(|| resource.not_found())
}

/// Writes, or tries to in a dry run.
pub(crate) async fn write(
    state: &ApiState,
    resource: &Resource,
    dry_run: bool,
    update: Update,
) -> Result<Value, ApiError> {
    state
        .writer(dry_run)
        .update(resource.kind, &resource.name, update)
        .await
        .map_err(|error| from_store(error, resource.kind, &resource.name))
}

pub(crate) fn is_deleting(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// A PUT that does not mention finalizers keeps them: `kubectl replace -f` sends what is in a file, and a
/// policy that lost its finalizer would go without giving back what it injected. `finalizers: []` removes.
fn keep_finalizers(mut object: Value, stored: &Value) -> Value {
    let kept = &stored["metadata"]["finalizers"];
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        && metadata.get("finalizers").is_none_or(Value::is_null)
        && !kept.is_null()
    {
        metadata.insert("finalizers".to_owned(), kept.clone());
    }
    object
}
