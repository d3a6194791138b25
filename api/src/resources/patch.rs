//! `patch` of an object, or of its status.
//! After a write that came in between, the patch is applied to the newer object.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use firelens_store::{Part, Update};
use firelens_types::v1alpha1::Cause;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::admit::{Candidate, Replaced, admit};
use super::patching::PatchBody;
use super::update::{current, write};
use crate::admission::{self, Admitted};
use crate::extract::{Pairs, Resource};
use crate::negotiate::Accept;
use crate::params::Params;
use crate::state::ApiState;
use crate::status::{ApiError, CHANGED};
use crate::{body, meta, representation};

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
        let version = stored["metadata"]["resourceVersion"]
            .as_str()
            .unwrap_or_default();
        let candidate = Candidate {
            object: patched,
            repeated: patch.repeated(),
            field_validation: params.field_validation,
            replaces: Some(Replaced {
                stored: &stored,
                version,
            }),
        };
        let Admitted { object, warnings } = match part {
            Part::Object => admit(state, resource, candidate).await?,
            Part::Status => {
                admission::check_status(resource.kind, &candidate.object)?;
                Admitted {
                    object: candidate.object,
                    warnings: Vec::new(),
                }
            }
        };
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
