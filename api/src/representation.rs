//! Writes objects and lists in the form that the client accepts.

use axum::response::{IntoResponse, Response};
use firelens_types::v1alpha1::{API_VERSION, Kind};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WARNING};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::negotiate::{Accept, Encoding, Shape};
use crate::params::IncludeObject;
use crate::status::ApiError;
use crate::table::{Layout, metadata_only};

/// A page of objects of any kind.
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    pub(crate) resource_version: String,
    pub(crate) continue_token: Option<String>,
    pub(crate) remaining: Option<i64>,
}

/// Returns one object.
pub(crate) fn object(
    accept: Accept,
    include: IncludeObject,
    code: StatusCode,
    kind: Kind,
    object: &Value,
) -> Result<Response, ApiError> {
    let shaped = shape_one(accept.shape, include, &Layout::of(kind), object);
    write(accept.encoding, code, &shaped)
}

/// Returns one object in the requested shape.
pub(crate) fn shape_one(
    shape: Shape,
    include: IncludeObject,
    layout: &Layout,
    object: &Value,
) -> Value {
    match shape {
        Shape::Object => object.clone(),
        Shape::Metadata => metadata_only(object),
        Shape::Table => {
            let version = &object["metadata"]["resourceVersion"];
            let metadata = json!({"resourceVersion": version});
            layout.table(
                std::slice::from_ref(object),
                &metadata,
                include,
                Timestamp::now(),
            )
        }
    }
}

/// Returns a page of a kind.
pub(crate) fn list(
    accept: Accept,
    include: IncludeObject,
    kind: Kind,
    page: Page,
) -> Result<Response, ApiError> {
    let list_kind = format!("{}List", kind.name());
    any_list(
        accept,
        include,
        &Layout::of(kind),
        (API_VERSION, &list_kind),
        page,
    )
}

/// Returns a page of anything; `type_of` is its `apiVersion` and `kind`.
pub(crate) fn any_list(
    accept: Accept,
    include: IncludeObject,
    layout: &Layout,
    type_of: (&str, &str),
    page: Page,
) -> Result<Response, ApiError> {
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".to_owned(), json!(page.resource_version));
    if let Some(token) = page.continue_token {
        metadata.insert("continue".to_owned(), json!(token));
    }
    if let Some(remaining) = page.remaining {
        metadata.insert("remainingItemCount".to_owned(), json!(remaining));
    }
    let metadata = Value::Object(metadata);
    let (api_version, kind) = type_of;
    let value = match accept.shape {
        Shape::Object => json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": metadata,
            "items": page.items,
        }),
        Shape::Metadata => json!({
            "apiVersion": "meta.k8s.io/v1",
            "kind": "PartialObjectMetadataList",
            "metadata": metadata,
            "items": page.items.iter().map(metadata_only).collect::<Vec<_>>(),
        }),
        Shape::Table => layout.table(&page.items, &metadata, include, Timestamp::now()),
    };
    write(accept.encoding, StatusCode::OK, &value)
}

/// Returns any value.
pub(crate) fn write(
    encoding: Encoding,
    code: StatusCode,
    value: &Value,
) -> Result<Response, ApiError> {
    let mut response = (code, encoding.write(value)?).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, encoding.content_type());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    Ok(response)
}

/// Adds `Warning` headers, which `kubectl` shows to people.
///
/// <https://kubernetes.io/docs/reference/using-api/deprecation-policy/>, RFC 7234 section 5.5
pub(crate) fn warn(mut response: Response, warnings: &[String]) -> Response {
    for warning in warnings {
        let text: String = warning
            .chars()
            .filter(|c| !c.is_control() && c.is_ascii())
            .flat_map(|c| {
                if matches!(c, '"' | '\\') {
                    vec!['\\', c]
                } else {
                    vec![c]
                }
            })
            .collect();
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{text}\"")) {
            response.headers_mut().append(WARNING, value);
        }
    }
    response
}
