//! The API on a real PostgreSQL, called over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admission;
mod control;
mod deletion;
mod kubectl;
mod objects;
mod watch;
mod wire;

use serde_json::Value;

/// Returns the fields that a refusal names.
fn causes(status: &Value) -> Vec<&str> {
    let causes = status["details"]["causes"].as_array().unwrap();
    causes
        .iter()
        .map(|cause| cause["field"].as_str().unwrap())
        .collect()
}
