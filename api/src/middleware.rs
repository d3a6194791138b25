//! What happens around every request: counted, bounded in time and number, refused for a foreign host,
//! and answered even if its handler panics.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::Method;

use crate::listen::check_host;
use crate::state::ApiState;
use crate::status::ApiError;

/// Counts and times the request, and turns a panic into a 500.
pub(crate) async fn observe(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let method = known_method(request.method());
    let response = caught(next.run(request)).await;
    let code = response.status();
    let elapsed = started.elapsed();
    let metrics = state.metrics();
    metrics
        .requests
        .with_label_values(&[&route, method, code.as_str()])
        .inc();
    metrics
        .duration_seconds
        .with_label_values(&[&route, method])
        .observe(elapsed.as_secs_f64());
    tracing::debug!(
        route,
        method,
        code = code.as_u16(),
        duration_ms = elapsed.as_secs_f64() * 1000.0,
        "answered"
    );
    response
}

/// Returns the response, or a 500 if its handler panicked: a panic must not close the connection.
async fn caught(answer: impl Future<Output = Response>) -> Response {
    match AssertUnwindSafe(answer).catch_unwind().await {
        Ok(response) => response,
        // The panic hook has logged message and location.
        Err(_) => ApiError::Internal.into_response(),
    }
}

/// Returns the method as a label: a client may send any text as the method, but the labels are a fixed set.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Refuses requests that name another host.
pub(crate) async fn only_this_host(request: Request, next: Next) -> Response {
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    match check_host(request.headers(), authority) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Limits how many requests run at once and how long each takes until its response begins.
pub(crate) async fn bound(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let _permit = match state.request_permit() {
        Ok(permit) => permit,
        Err(error) => return error.into_response(),
    };
    let limit = state.options().request_timeout;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::Timeout {
            limit_seconds: limit.as_secs(),
        }
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_returns_status_500_without_its_message() {
        let response = caught(async { panic!("a secret") }).await;
        assert_eq!(response.status(), http::StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        let status: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status["reason"], "InternalError");
        assert!(!status.to_string().contains("secret"));
    }
}
