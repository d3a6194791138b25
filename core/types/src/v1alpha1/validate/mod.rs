//! Admission: checks an object before it is stored, and reports every mistake at once.
//!
//! Only the object itself is read. Defaults are added; what the user wrote is not changed.

mod control;
mod defaults;
mod destination;
mod error;
mod filters;
mod freeze;
mod metadata;
pub mod names;
mod path;
mod policy;
mod rollout;
mod router;
pub mod secrets;
mod selector;
mod similar;
mod structure;
mod target;
mod text;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value};

pub use error::{Cause, FieldError};
pub use similar::nearest as nearest_name;

use self::path::{Errors, Path};
use self::structure::Structure;
use super::schema::schema_ref;
use super::{
    AwsTargetSpec, FreezeSpec, Kind, LogDestinationSpec, LoggingPolicySpec, RolloutSpec,
    WorkloadSpec,
};

/// Checks an object of a kind, and returns it with defaults added to `spec`.
///
/// `metadata` and `status` are not changed. A null in `spec` counts as absent. Admitting the result again
/// changes nothing.
///
/// # Errors
/// Every mistake that was found: first the structural ones, then those against the rules. A mistake that
/// only follows from another is left out.
pub fn admit(kind: Kind, object: &Value) -> Result<Value, Vec<FieldError>> {
    let mut errors = Errors::default();
    let Value::Object(members) = object else {
        errors.invalid(&Path::default(), object.clone(), "must be an object");
        return Err(finish(errors));
    };
    metadata::check(kind, object, &mut errors);
    check_metadata_form(kind, members, &mut errors);

    let spec_path = Path::new("spec");
    let Some(spec) = members.get("spec").filter(|spec| !spec.is_null()) else {
        errors.required(&spec_path, "");
        return Err(finish(errors));
    };
    let spec = without_nulls(spec);
    let Some(validators) = validators(kind) else {
        errors.invalid(&spec_path, Value::Null, "the schema of this kind is broken");
        return Err(finish(errors));
    };
    let schema = part(kind, "spec");
    let structure = structure::check(&spec_path, schema, &validators.spec, &spec, &mut errors);
    let before = errors.0.len();
    let with_defaults = look(kind, &spec_path, &spec, &structure, &mut errors);
    forget_consequences(&structure, before, &mut errors);

    if !errors.0.is_empty() {
        return Err(finish(errors));
    }
    let mut admitted = members.clone();
    admitted.insert("spec".to_owned(), with_defaults);
    Ok(Value::Object(admitted))
}

/// Runs the checks of one kind on the parsed spec, and returns the spec with defaults.
fn look(kind: Kind, path: &Path, raw: &Value, structure: &Structure, errors: &mut Errors) -> Value {
    let schema = part(kind, "spec");
    let mended = &structure.mended;
    match kind {
        Kind::LoggingPolicy => {
            for name in ["outputs", "filters", "parsers"] {
                if let (Some(value), Some(schema)) = (
                    mended.get(name),
                    schema.pointer(&format!("/properties/{name}")),
                ) {
                    text::check_tree(&path.field(name), schema, value, errors);
                }
            }
            defaults::typed(
                path,
                raw,
                mended,
                errors,
                |spec: &LoggingPolicySpec, errors| {
                    policy::check(path, spec, raw, errors);
                },
            )
        }
        Kind::LogDestination => {
            text::check_tree(path, schema, mended, errors);
            defaults::typed(
                path,
                raw,
                mended,
                errors,
                |spec: &LogDestinationSpec, errors| {
                    destination::check(path, spec, errors);
                },
            )
        }
        Kind::AwsTarget => {
            defaults::typed(path, raw, mended, errors, |spec: &AwsTargetSpec, errors| {
                target::check(path, spec, errors);
            })
        }
        Kind::Freeze => defaults::typed(path, raw, mended, errors, |spec: &FreezeSpec, errors| {
            freeze::check(path, spec, errors);
        }),
        Kind::Workload => defaults::typed(path, raw, mended, errors, |_: &WorkloadSpec, _| {}),
        Kind::Rollout => {
            defaults::typed(path, raw, mended, errors, |spec: &RolloutSpec, errors| {
                control::check(&path.field("control"), &spec.control, errors);
            })
        }
    }
}

/// Removes the errors that only follow from a structural mistake.
fn forget_consequences(structure: &Structure, before: usize, errors: &mut Errors) {
    let mut position = 0;
    errors.0.retain(|mistake| {
        let is_structural = position < before;
        position += 1;
        is_structural || !is_consequence(mistake, structure)
    });
}

fn is_consequence(mistake: &path::Found, structure: &Structure) -> bool {
    if structure
        .broken
        .iter()
        .any(|broken| mistake.path.is_within(broken))
    {
        return true;
    }
    // The missing block may be the one whose name was mistyped.
    if mistake.error.cause == Cause::Required && structure.thinned.contains(&mistake.path) {
        return true;
    }
    // The choice that needs or forbids a field may be the one that was mistyped; those of `spec`
    // itself, such as `mode`, need and forbid nothing.
    let siblings = |choice: &Path| {
        let parent = choice.parent();
        parent == mistake.path.parent() && parent != Some(Path::new("spec"))
    };
    matches!(mistake.error.cause, Cause::Required | Cause::Forbidden)
        && structure.undecided.iter().any(siblings)
}

/// Checks the types of metadata's members; names and labels have rules of their own.
fn check_metadata_form(kind: Kind, members: &Map<String, Value>, errors: &mut Errors) {
    let empty = Value::Object(Map::new());
    let metadata = without_nulls(members.get("metadata").unwrap_or(&empty));
    if let Some(validators) = validators(kind) {
        let (path, schema) = (Path::new("metadata"), part(kind, "metadata"));
        structure::check(&path, schema, &validators.metadata, &metadata, errors);
    }
}

/// Returns the mistakes in their final form: one for each field and cause.
fn finish(errors: Errors) -> Vec<FieldError> {
    let mut list: Vec<FieldError> = Vec::new();
    for mistake in errors.0 {
        let same = |other: &FieldError| {
            other.field == mistake.error.field && other.cause == mistake.error.cause
        };
        if !list.iter().any(same) {
            list.push(mistake.error);
        }
    }
    list
}

/// Returns the value without the members of objects that are null, since null means absent.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn part(kind: Kind, name: &str) -> &'static Value {
    static NOTHING: Value = Value::Null;
    let parts = schema_ref(kind).get("properties");
    parts.and_then(|parts| parts.get(name)).unwrap_or(&NOTHING)
}

/// The compiled schemas of a kind.
struct Validators {
    metadata: Validator,
    spec: Validator,
}

fn validators(kind: Kind) -> Option<&'static Validators> {
    static ALL: LazyLock<Vec<Option<Validators>>> =
        LazyLock::new(|| Kind::ALL.into_iter().map(compile).collect());
    ALL.get(Kind::ALL.iter().position(|other| *other == kind)?)?
        .as_ref()
}

fn compile(kind: Kind) -> Option<Validators> {
    let build = |name| {
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            // So that a malformed time is reported at its own field, not when the whole spec is read.
            .should_validate_formats(true)
            .build(part(kind, name))
            .ok()
    };
    Some(Validators {
        metadata: build("metadata")?,
        spec: build("spec")?,
    })
}
