//! The canonical form of a task definition: what is left when everything that ECS adds, drops or
//! reorders on registration is taken away.
//!
//! It decides whether two documents mean the same, and its hash marks our revisions. It is no request.
//! `rules` says what ECS does to which member, `write` applies that.

pub(crate) mod rules;
mod write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::TaskDefinitionDoc;

pub use write::{canonical_dependencies, canonical_member};

/// The canonical form of a task definition, a register input or a describe answer: keys sorted,
/// read-only members, nulls and documented server defaults gone, sizes as numbers in text.
///
/// JSON that is no task definition is only [`sorted`].
#[must_use]
pub fn canonical(json: &str) -> Value {
    match TaskDefinitionDoc::parse(json) {
        Ok(doc) => serde_json::from_str(&doc.canonical_text()).unwrap_or_default(),
        Err(_) => sorted(json),
    }
}

/// SHA-256 of the [`canonical`] form, as 64 lower-case hexadecimal digits.
#[must_use]
pub fn canonical_hash(json: &str) -> String {
    match TaskDefinitionDoc::parse(json) {
        Ok(doc) => doc.canonical_hash(),
        Err(_) => sha256_hex(sorted(json).to_string().as_bytes()),
    }
}

/// SHA-256 as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    Sha256::digest(bytes)
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// Any JSON with keys sorted and nulls in objects dropped, for comparing parts.
///
/// Text that is not JSON becomes a JSON string of itself, so that the function needs no error.
pub fn sorted(json: &str) -> Value {
    serde_json::from_str(json).map_or_else(|_| Value::from(json), tidy)
}

/// Sorts keys, drops nulls in objects, and writes whole numbers as such, at every depth.
fn tidy(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name, tidy(value)))
                .collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(entries) => Value::Array(entries.into_iter().map(tidy).collect()),
        Value::Number(number) => whole(&number).map_or(Value::Number(number), Value::from),
        other => other,
    }
}

/// `2.0` as `2`, where that loses nothing.
fn whole(number: &serde_json::Number) -> Option<i64> {
    /// Largest magnitude up to which every whole f64 is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number
        .as_f64()
        .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT)?;
    format!("{float:.0}").parse().ok()
}

#[cfg(test)]
mod tests;
