//! `/metrics`: everything that this process counts.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use prometheus::{Encoder, TextEncoder};

use crate::state::ApiState;
use crate::status::ApiError;

/// `GET /metrics`, in Prometheus text format. It needs no authentication while the API listens on loopback
/// only: whoever can connect can read the objects themselves.
pub(crate) async fn serve_metrics(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&state.registry().gather(), &mut text)
        .map_err(|error| {
            tracing::error!(%error, "the metrics could not be written");
            ApiError::Internal
        })?;
    Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}
