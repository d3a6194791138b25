//! `patch` of an object, or of its status.
//! Never loses a write that came in between: the patch is then applied to the newer object.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use firelens_store::{Part, Update};
use firelens_types::v1alpha1::Cause;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::control;
use super::patching::PatchBody;
use super::update::{current, is_deleting, write};
use crate::extract::{Pairs, Resource};
use crate::negotiate::Accept;
use crate::params::Params;
use crate::state::ApiState;
use crate::status::{ApiError, CHANGED};
use crate::{admission, body, findings, meta, representation};

/// How often a patch is applied anew because someone else was faster. kube-apiserver: 5.
const ATTEMPTS: usize = 5;

/// `PATCH /{plural}/{name}`
pub(crate) async fn patch(
    State(state): State<ApiState>,
    resource: Resource,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, ApiError> {
    run(
        &state,
        &resource,
        &pairs,
        &headers,
        request_body,
        Part::Object,
    )
    .await
}

/// `PATCH /{plural}/{name}/status`
pub(crate) async fn patch_status(
    State(state): State<ApiState>,
    resource: Resource,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, ApiError> {
    run(
        &state,
        &resource,
        &pairs,
        &headers,
        request_body,
        Part::Status,
    )
    .await
}

async fn run(
    state: &ApiState,
    resource: &Resource,
    pairs: &[(String, String)],
    headers: &HeaderMap,
    request_body: Body,
    part: Part,
) -> Result<Response, ApiError> {
    match part {
        Part::Object => resource.updated_by_users()?,
        Part::Status => resource.written_by_users()?,
    }
    let accept = Accept::from_headers(headers)?;
    let params = Params::for_objects(pairs)?;
    let limit_bytes = state.options().max_body_bytes;
    let bytes = body::read(headers, request_body, limit_bytes).await?;
    let patch = PatchBody::read(&body::media_type(headers), &bytes)?;
    let mut attempt = 1;
    loop {
        let stored = current(state, resource).await?;
        let patched = patch.apply(resource.kind, &stored, limit_bytes)?;
        check_identity(resource, &stored, &patched)?;
        let (object, warnings) = match part {
            Part::Object => admit(state, resource, (&stored, patched), &patch, &params).await?,
            Part::Status => {
                admission::check_status(resource.kind, &patched)?;
                (patched, Vec::new())
            }
        };
        let version = stored["metadata"]["resourceVersion"]
            .as_str()
            .unwrap_or_default();
        let update = Update {
            object,
            part,
            expected_resource_version: Some(version.to_owned()),
            expected_uid: None,
        };
        match write(state, resource, params.dry_run, update).await {
            // The patch itself named no version, or check_identity would have refused it.
            Err(ApiError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
            Ok(written) => {
                let include = params.include_object;
                let response = representation::object(
                    accept,
                    include,
                    StatusCode::OK,
                    resource.kind,
                    &written,
                )?;
                return Ok(representation::warn(response, &warnings));
            }
        }
    }
}

async fn admit(
    state: &ApiState,
    resource: &Resource,
    (stored, patched): (&Value, Value),
    patch: &PatchBody,
    params: &Params,
) -> Result<(Value, Vec<String>), ApiError> {
    let status = patched["status"].clone();
    let admitted = admission::check(
        resource.kind,
        patched,
        patch.repeated(),
        params.field_validation,
    )?;
    let (mut object, mut warnings) = (admitted.object, admitted.warnings);
    warnings.extend(control::check(resource, stored, &object, &status)?);
    if !is_deleting(stored) {
        let kind = resource.kind;
        warnings.extend(findings::check(state.store(), kind, &object, Some(stored)).await?);
        admission::hold_for_restore(kind, &mut object);
    }
    Ok((object, warnings))
}

/// A patch that names a version or a uid means exactly that object; none can rename it.
fn check_identity(resource: &Resource, stored: &Value, patched: &Value) -> Result<(), ApiError> {
    let (before, after) = (&stored["metadata"], &patched["metadata"]);
    if after["name"] != before["name"] {
        let name = after["name"].as_str().unwrap_or_default();
        let error = meta::error("metadata.name", Cause::Invalid, name, "field is immutable");
        return Err(admission::invalid(resource.kind, stored, vec![error]));
    }
    let changed = |key: &str| {
        let empty = after[key].is_null() || after[key] == "";
        !empty && after[key] != before[key]
    };
    if changed("resourceVersion") {
        return Err(resource.conflict(CHANGED));
    }
    if changed("uid") {
        return Err(resource.conflict(&format!(
            "Precondition failed: UID in precondition: {}, UID in object meta: {}",
            after["uid"].as_str().unwrap_or_default(),
            before["uid"].as_str().unwrap_or_default()
        )));
    }
    Ok(())
}
