//! The OpenAPI documents: generated from the schemas of the kinds, so that they cannot differ from what is
//! enforced. They are computed once, not for each request.

mod gnostic;
mod paths;
mod schemas;
mod v2;
mod v3;

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One document, ready to send.
struct Ready {
    body: Vec<u8>,
    content_type: &'static str,
    etag: String,
}

impl Ready {
    fn new(body: Vec<u8>, content_type: &'static str) -> Self {
        let digest = Sha256::digest(&body);
        let etag = digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02X}"))
            .collect();
        Self {
            body,
            content_type,
            etag,
        }
    }

    fn json(document: &Value) -> Self {
        Self::new(document.to_string().into_bytes(), "application/json")
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let quoted = format!("\"{}\"", self.etag);
        let known = headers
            .get(IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.trim_start_matches("W/") == quoted);
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.body.clone().into_response()
        };
        let answer = response.headers_mut();
        answer.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(value) = HeaderValue::from_str(&quoted) {
            answer.insert(ETAG, value);
        }
        response
    }
}

static V3_GROUP: LazyLock<Ready> = LazyLock::new(|| Ready::json(&v3::group()));
static V3_CORE: LazyLock<Ready> = LazyLock::new(|| Ready::json(&v3::core()));
static V2: LazyLock<Value> = LazyLock::new(v2::document);
static V2_JSON: LazyLock<Ready> = LazyLock::new(|| Ready::json(&V2));
static V2_PROTOBUF: LazyLock<Ready> =
    LazyLock::new(|| Ready::new(gnostic::encode(&V2), gnostic::CONTENT_TYPE));

/// Returns the OpenAPI 3.0 document of `firelens.dev/v1alpha1`, as served
/// under `/openapi/v3/apis/firelens.dev/v1alpha1`.
#[must_use]
pub fn openapi_v3() -> Value {
    v3::group()
}

/// `GET /openapi/v3`: the paths of the documents. With the hash in a path, clients can cache them for ever.
pub(crate) fn index() -> Value {
    let entry = |path: &str, ready: &Ready| json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={}", ready.etag)});
    json!({"paths": {
        "api/v1": entry("api/v1", &V3_CORE),
        "apis/firelens.dev/v1alpha1": entry("apis/firelens.dev/v1alpha1", &V3_GROUP),
    }})
}

/// `GET /openapi/v3/apis/firelens.dev/v1alpha1`
pub(crate) fn group_v3(headers: &HeaderMap) -> Response {
    V3_GROUP.answer(headers)
}

/// `GET /openapi/v3/api/v1`
pub(crate) fn core_v3(headers: &HeaderMap) -> Response {
    V3_CORE.answer(headers)
}

/// `GET /openapi/v2`, as protobuf if that is first in `Accept`.
pub(crate) fn v2(headers: &HeaderMap) -> Response {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let first = accepted
        .unwrap_or_default()
        .split(',')
        .next()
        .unwrap_or_default();
    if first.trim().starts_with(gnostic::ACCEPTED) {
        V2_PROTOBUF.answer(headers)
    } else {
        V2_JSON.answer(headers)
    }
}
