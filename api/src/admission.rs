//! Whether an object may be stored: its envelope, its metadata, its schema and rules, all problems at once.
//! It stores nothing, and corrects what it could refuse only when the client asked for that.

use firelens_types::v1alpha1::{
    API_VERSION, AwsTarget, Cause, FieldError, Freeze, Kind, LogDestination, LoggingPolicy,
    RESTORE_FINALIZER, Rollout, Workload, admit,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::meta;
use crate::params::FieldValidation;
use crate::prune::remove;
use crate::status::ApiError;

/// Rounds of dropping unknown fields; a field that is unknown only once another is gone is rare.
const PRUNE_ROUNDS: usize = 8;

/// An object that may be stored.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// `apiVersion`, `kind`, what users may write of `metadata`, and `spec` with defaults.
    pub(crate) object: Value,
    /// What the client should be told.
    pub(crate) warnings: Vec<String>,
}

/// Evaluates `object`, sent as `kind`. `repeated` are the keys that its text gave twice.
pub(crate) fn check(
    kind: Kind,
    mut object: Value,
    repeated: &[String],
    mode: FieldValidation,
) -> Result<Admitted, ApiError> {
    check_envelope(kind, &object)?;
    meta::drop_noise(&mut object);
    let mut warnings = Vec::new();
    let mut errors: Vec<FieldError> = repeated
        .iter()
        .map(|path| meta::error(path, Cause::Duplicate, "", "the key is given twice"))
        .collect();
    if mode != FieldValidation::Strict {
        warnings.extend(
            errors
                .drain(..)
                .map(|e| format!("duplicate field {:?}", e.field)),
        );
    }
    let mut admitted = None;
    for _ in 0..PRUNE_ROUNDS {
        let (found, result) = evaluate(kind, &object);
        let (unknown, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|error| error.cause == Cause::Unknown);
        if mode == FieldValidation::Strict || unknown.is_empty() {
            errors.extend(unknown.into_iter().chain(others));
            admitted = result;
            break;
        }
        for error in unknown {
            remove(&mut object, &error.field);
            warnings.push(format!("unknown field {:?}", error.field));
        }
    }
    if mode == FieldValidation::Ignore {
        warnings.clear();
    }
    match admitted {
        Some(object) if errors.is_empty() => Ok(Admitted {
            object: sanitized(kind, object),
            warnings,
        }),
        _ => Err(invalid(kind, &object, errors)),
    }
}

/// All problems of an object, and the object with defaults where it has none.
fn evaluate(kind: Kind, object: &Value) -> (Vec<FieldError>, Option<Value>) {
    let mut errors = meta::check(&object["metadata"]);
    match admit(kind, object) {
        Ok(mut admitted) => {
            let spec = with_lists_of(&object["spec"], &admitted["spec"]);
            admitted["spec"] = spec;
            (errors, Some(admitted))
        }
        Err(more) => {
            // Both look at metadata; one telling of each problem is enough.
            let known: Vec<String> = errors.iter().map(|error| error.field.clone()).collect();
            errors.extend(
                more.into_iter()
                    .filter(|error| !known.contains(&error.field)),
            );
            (errors, None)
        }
    }
}

/// `admitted` with its lists as they were sent. Defaults of list items are not stored: clients compare a list
/// as a whole, and `kubectl apply` or a GitOps tool would see a difference for ever. Whoever reads the typed
/// object gets these defaults all the same.
fn with_lists_of(sent: &Value, admitted: &Value) -> Value {
    match (sent, admitted) {
        (Value::Object(sent), Value::Object(admitted)) => {
            let member = |(name, value): (&String, &Value)| match sent.get(name) {
                Some(given) => (name.clone(), with_lists_of(given, value)),
                None => (name.clone(), value.clone()),
            };
            Value::Object(admitted.iter().map(member).collect())
        }
        (Value::Array(_), Value::Array(_)) => without_nulls(sent),
        _ => admitted.clone(),
    }
}

/// An absent member is what a null means.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                kept.map(|(name, value)| (name.clone(), without_nulls(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

pub(crate) fn invalid(kind: Kind, object: &Value, errors: Vec<FieldError>) -> ApiError {
    let metadata = &object["metadata"];
    let name = metadata["name"]
        .as_str()
        .or(metadata["generateName"].as_str())
        .unwrap_or_default();
    ApiError::Invalid {
        kind,
        name: name.to_owned(),
        errors,
    }
}

fn check_envelope(kind: Kind, object: &Value) -> Result<(), ApiError> {
    if !object.is_object() {
        return Err(ApiError::BadRequest(format!(
            "the body is not a {} object",
            kind.name()
        )));
    }
    for (key, wanted) in [("apiVersion", API_VERSION), ("kind", kind.name())] {
        match object[key].as_str() {
            Some(found) if found == wanted => {}
            Some(found) => {
                return Err(ApiError::BadRequest(format!(
                    "the {key} in the data ({found}) does not match the expected {key} ({wanted})"
                )));
            }
            None => {
                return Err(ApiError::BadRequest(format!(
                    "the data has no {key}: add {key}: {wanted}"
                )));
            }
        }
    }
    Ok(())
}

fn sanitized(kind: Kind, mut object: Value) -> Value {
    let metadata = meta::user_part(&object["metadata"]);
    let spec = object.get_mut("spec").map(Value::take).unwrap_or_default();
    json!({
        "apiVersion": API_VERSION,
        "kind": kind.name(),
        "metadata": metadata,
        "spec": spec,
    })
}

/// Makes sure that a policy cannot go before its injection has been taken back.
pub(crate) fn hold_for_restore(kind: Kind, object: &mut Value) {
    if kind != Kind::LoggingPolicy {
        return;
    }
    let finalizers = &mut object["metadata"]["finalizers"];
    match finalizers {
        Value::Array(list) if list.iter().any(|item| item == RESTORE_FINALIZER) => {}
        Value::Array(list) => list.push(json!(RESTORE_FINALIZER)),
        other => *other = json!([RESTORE_FINALIZER]),
    }
}

/// Evaluates the `status` of an object: its type must be able to read it.
pub(crate) fn check_status(kind: Kind, object: &Value) -> Result<(), ApiError> {
    let readable = match kind {
        Kind::LoggingPolicy => readable::<LoggingPolicy>(object),
        Kind::LogDestination => readable::<LogDestination>(object),
        Kind::AwsTarget => readable::<AwsTarget>(object),
        Kind::Freeze => readable::<Freeze>(object),
        Kind::Workload => readable::<Workload>(object),
        Kind::Rollout => readable::<Rollout>(object),
    };
    readable.map_err(|why| {
        let error = meta::error("status", Cause::Invalid, "", &why);
        invalid(kind, object, vec![error])
    })
}

fn readable<T: DeserializeOwned>(object: &Value) -> Result<(), String> {
    T::deserialize(object)
        .map(|_| ())
        .map_err(|error| error.to_string())
}
