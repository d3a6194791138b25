//! Adds the defaults of the types to the JSON that the user wrote.
//!
//! Members are added; none is changed or removed, even one that the types do not know.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::path::{Errors, Path};

/// Reads the mended spec as `T`, runs its checks, and returns the raw spec with defaults added.
pub(crate) fn typed<T: DeserializeOwned + Serialize>(
    path: &Path,
    raw: &Value,
    mended: &Value,
    errors: &mut Errors,
    check: impl FnOnce(&T, &mut Errors),
) -> Value {
    let spec: T = match serde_json::from_value(mended.clone()) {
        Ok(spec) => spec,
        Err(error) => {
            // The schema accepts the value and the types do not.
            if errors.0.is_empty() {
                errors.invalid(path, Value::Null, &error.to_string());
            }
            return raw.clone();
        }
    };
    check(&spec, errors);
    match serde_json::to_value(&spec) {
        Ok(full) => merge(raw, &full),
        Err(_) => raw.clone(),
    }
}

/// Returns `raw` with every member of `full` that it lacks.
fn merge(raw: &Value, full: &Value) -> Value {
    match (raw, full) {
        (Value::Object(raw), Value::Object(full)) => {
            let mut merged = raw.clone();
            for (name, value) in full {
                let value = match raw.get(name) {
                    Some(given) => merge(given, value),
                    None => value.clone(),
                };
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Array(raw), Value::Array(full)) if raw.len() == full.len() => raw
            .iter()
            .zip(full)
            .map(|(raw, full)| merge(raw, full))
            .collect(),
        _ => raw.clone(),
    }
}
