//! The routes: which handler serves a path and method.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version};
use serde_json::{Value, json};
use tower_http::compression::CompressionLayer;

use crate::middleware::{bound, observe, only_this_host};
use crate::negotiate::Encoding;
use crate::resources::watch_stream::Streaming;
use crate::resources::{create, delete, patch, plans, read, update};
use crate::state::ApiState;
use crate::status::ApiError;
use crate::{discovery, events, health, metrics, openapi, representation};

/// Responses smaller than this are not compressed. kube-apiserver: 128 KiB.
const COMPRESS_FROM_BYTES: u64 = 16 * 1024;

/// Returns the whole API: `/apis/firelens.dev/v1alpha1`, events, discovery, OpenAPI, health and metrics.
pub fn router(state: ApiState) -> Router {
    // Limited in number and time, unlike health and metrics, which must respond when the API is busy.
    let api = Router::new()
        .merge(objects())
        .merge(discovery_routes())
        .layer(CompressionLayer::new().compress_when(worth_compressing))
        .layer(middleware::from_fn_with_state(state.clone(), bound));
    let around = Router::new()
        .route("/livez", get(health::live))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::serve_metrics));
    Router::new()
        .merge(api)
        .merge(around)
        .fallback(async || ApiError::NoSuchPath)
        .method_not_allowed_fallback(async || {
            ApiError::MethodNotAllowed(
                "the server does not allow this method on the requested resource".to_owned(),
            )
        })
        // Bodies are read by `body::read`, which has its own limit and responds with a Status.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(only_this_host))
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

fn objects() -> Router<ApiState> {
    let collection = get(read::list_or_watch)
        .post(create::create)
        .delete(delete::delete_collection);
    let object = get(read::get)
        .put(update::update)
        .patch(patch::patch)
        .delete(delete::delete);
    let status = get(read::get)
        .put(update::update_status)
        .patch(patch::patch_status);
    Router::new()
        .route("/apis/firelens.dev/v1alpha1/plans", post(plans::plan))
        .route("/apis/firelens.dev/v1alpha1/{plural}", collection)
        .route("/apis/firelens.dev/v1alpha1/{plural}/{name}", object)
        .route("/apis/firelens.dev/v1alpha1/{plural}/{name}/status", status)
        .route("/api/v1/events", get(events::list_all))
        .route(
            "/api/v1/namespaces/{namespace}/events",
            get(events::list_namespace),
        )
        .route(
            "/api/v1/namespaces/{namespace}/events/{name}",
            get(events::get),
        )
}

fn discovery_routes() -> Router<ApiState> {
    Router::new()
        .route("/", get(async || answer(&paths())))
        .route("/version", get(version))
        .route(
            "/api",
            get(async |headers: HeaderMap| versions(&headers, true)),
        )
        .route(
            "/api/v1",
            get(async || answer(&discovery::core_resources())),
        )
        .route(
            "/apis",
            get(async |headers: HeaderMap| versions(&headers, false)),
        )
        .route(
            "/apis/firelens.dev",
            get(async || answer(&discovery::group())),
        )
        .route(
            "/apis/firelens.dev/v1alpha1",
            get(async || answer(&discovery::resources())),
        )
        .route(
            "/openapi/v2",
            get(async |headers: HeaderMap| openapi::v2(&headers)),
        )
        .route("/openapi/v3", get(async || answer(&openapi::index())))
        .route(
            "/openapi/v3/api/v1",
            get(async |headers: HeaderMap| openapi::core_v3(&headers)),
        )
        .route(
            "/openapi/v3/apis/firelens.dev/v1alpha1",
            get(async |headers: HeaderMap| openapi::group_v3(&headers)),
        )
}

/// `/version`, which is served even if the database does not respond.
async fn version(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let installation = state.store().installation().await.ok();
    answer(&discovery::version(installation.as_deref()))
}

fn answer(value: &Value) -> Result<Response, ApiError> {
    representation::write(Encoding::Json, StatusCode::OK, value)
}

/// `/api` and `/apis`: the old form, or the aggregated one if the client requests it.
fn versions(headers: &HeaderMap, core: bool) -> Result<Response, ApiError> {
    let accepted = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let form = accepted.split(',').find_map(discovery::aggregated_version);
    let Some(version) = form else {
        let old = if core {
            discovery::core_versions()
        } else {
            discovery::groups()
        };
        return answer(&old);
    };
    let mut response = answer(&discovery::aggregated(core, version))?;
    let media_type =
        format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
    if let Ok(value) = HeaderValue::from_str(&media_type) {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    Ok(response)
}

/// `GET /`
fn paths() -> Value {
    json!({"paths": [
        "/api",
        "/api/v1",
        "/apis",
        "/apis/firelens.dev",
        "/apis/firelens.dev/v1alpha1",
        "/livez",
        "/metrics",
        "/openapi/v2",
        "/openapi/v3",
        "/readyz",
        "/version",
    ]})
}

fn worth_compressing(
    _: StatusCode,
    _: Version,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> bool {
    let length = headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    extensions.get::<Streaming>().is_none() && length.is_none_or(|n| n >= COMPRESS_FROM_BYTES)
}
