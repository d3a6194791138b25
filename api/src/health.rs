//! `/livez` and `/readyz`: whether to restart this process, and whether to send it requests.
//! Only readiness depends on the database: a slow one must not get the process restarted.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::state::ApiState;

/// `GET /livez`
pub(crate) async fn live() -> &'static str {
    "ok"
}

/// `GET /readyz`: the database responds, and the process is not shutting down.
pub(crate) async fn ready(State(state): State<ApiState>) -> Response {
    if state.shutdown().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down").into_response();
    }
    match state.store().ping().await {
        Ok(()) => "ok".into_response(),
        Err(error) => {
            tracing::warn!(error = %firelens_types::error_chain(&error), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "cannot reach the database").into_response()
        }
    }
}
