//! The structural pass: an object against the schema of its kind, every mistake at once.
//!
//! It also mends a copy of the object so that the rest can still be checked. The mended copy is only read by
//! the semantic checks; it is not stored.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

use super::path::{Errors, Path, Segment};
use super::secrets;
use super::{Cause, similar};

/// The result of the pass, beside the errors.
pub(crate) struct Structure {
    /// The value, with everything mended that the types could not read.
    pub mended: Value,
    /// The paths of the mistakes; any other error at or below one of them is a consequence.
    pub broken: Vec<Path>,
    /// Objects from which something was removed.
    pub(crate) thinned: Vec<Path>,
    /// Choices with an unknown value: the fields that depend on them cannot be evaluated.
    pub(crate) undecided: Vec<Path>,
}

/// Checks `value` against `schema`, from which `validator` was compiled.
pub(crate) fn check(
    root: &Path,
    schema: &Value,
    validator: &Validator,
    value: &Value,
    errors: &mut Errors,
) -> Structure {
    let mut structure = Structure {
        mended: value.clone(),
        broken: Vec::new(),
        thinned: Vec::new(),
        undecided: Vec::new(),
    };
    for error in validator.iter_errors(value) {
        structure.take(root, schema, value, &error, errors);
    }
    structure
}

impl Structure {
    fn take(
        &mut self,
        root: &Path,
        schema: &Value,
        value: &Value,
        error: &ValidationError<'_>,
        errors: &mut Errors,
    ) {
        let pointer = error.instance_path().as_str();
        let Some((path, at)) = locate(root, schema, pointer) else {
            return;
        };
        let actual = value.pointer(pointer).unwrap_or(&Value::Null);
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for name in unexpected {
                    let below = path.field(name);
                    errors.push(&below, Cause::Unknown, &Value::Null, &hint(name, at));
                    self.broken.push(below);
                    if let Some(Value::Object(map)) = self.mended.pointer_mut(pointer) {
                        map.shift_remove(name);
                    }
                }
                self.thinned.push(path);
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let below = path.field(name);
                errors.required(&below, "");
                self.broken.push(below);
                let stand_in = at
                    .pointer(&format!("/properties/{}", escape(name)))
                    .map_or(Value::Null, stand_in);
                if let Some(Value::Object(map)) = self.mended.pointer_mut(pointer) {
                    map.insert(name.to_owned(), stand_in);
                }
            }
            kind => {
                // A value of the wrong type is also not in the list of values: report it once.
                if self.broken.contains(&path) {
                    return;
                }
                let (cause, detail) = explain(kind, at);
                errors.push(&path, cause, actual, &detail);
                if cause == Cause::NotSupported {
                    self.undecided.push(path.clone());
                }
                self.broken.push(path);
                if let Some(mended) = self.mended.pointer_mut(pointer)
                    && !keeps_type(kind)
                {
                    *mended = stand_in(at);
                }
            }
        }
    }
}

/// Whether a value with this mistake still has the type that the Rust types expect.
fn keeps_type(kind: &ValidationErrorKind) -> bool {
    matches!(
        kind,
        ValidationErrorKind::Pattern { .. }
            | ValidationErrorKind::MinItems { .. }
            | ValidationErrorKind::MaxItems { .. }
            | ValidationErrorKind::MinLength { .. }
            | ValidationErrorKind::MaxLength { .. }
    )
}

/// Returns the path for a JSON pointer, and the schema that applies there.
fn locate<'s>(root: &Path, schema: &'s Value, pointer: &str) -> Option<(Path, &'s Value)> {
    let mut path = root.clone();
    let mut at = schema;
    for token in pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        let (segment, below) = child(at, &name)?;
        path = match segment {
            Segment::Field(name) => path.field(&name),
            Segment::Key(name) => path.key(&name),
            Segment::Index(index) => path.index(index),
        };
        at = below;
    }
    Some((path, at))
}

/// Returns the path segment of a child, and its schema.
pub(crate) fn child<'s>(schema: &'s Value, name: &str) -> Option<(Segment, &'s Value)> {
    if let Some(below) = schema
        .get("properties")
        .and_then(|properties| properties.get(name))
    {
        return Some((Segment::Field(name.to_owned()), below));
    }
    if let Some(items) = schema.get("items") {
        return Some((Segment::Index(name.parse().ok()?), items));
    }
    let below = schema
        .get("additionalProperties")
        .filter(|s| s.is_object())?;
    Some((Segment::Key(name.to_owned()), below))
}

/// Returns a value of the right type for a broken or missing one.
fn stand_in(schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => Value::from("x"),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(Value::from(1)),
        Some("boolean") => Value::Bool(false),
        Some("array") => Value::Array(Vec::new()),
        Some("object") => Value::Object(required_stand_ins(schema)),
        _ => Value::from(1),
    }
}

fn required_stand_ins(schema: &Value) -> Map<String, Value> {
    let names = schema.get("required").and_then(Value::as_array);
    names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(|name| {
            let below = schema.get("properties")?.get(name)?;
            Some((name.to_owned(), stand_in(below)))
        })
        .collect()
}

/// Returns a hint on what to write instead of an unknown field.
fn hint(name: &str, schema: &Value) -> String {
    let properties = schema.get("properties").and_then(Value::as_object);
    let known: Vec<&str> = properties
        .into_iter()
        .flat_map(|map| map.keys().map(String::as_str))
        .collect();
    if known.contains(&"secretOptions") && secrets::is_secret_option(name) {
        return format!("put it into \"secretOptions\" as a reference, never as a value: {name}");
    }
    match similar::nearest(name, &known) {
        Some(near) => format!("did you mean {near:?}?"),
        None if known.contains(&"options") => {
            "not a field here; further options of the plugin go into \"options\"".to_owned()
        }
        None => format!("known fields: {}", known.join(", ")),
    }
}

/// Returns the cause of a structural mistake, and its detail.
fn explain(kind: &ValidationErrorKind, schema: &Value) -> (Cause, String) {
    match kind {
        ValidationErrorKind::Enum { options } => {
            (Cause::NotSupported, supported(options.as_array()))
        }
        ValidationErrorKind::Type {
            kind: TypeKind::Single(expected),
        } => match schema.get("enum") {
            Some(options) => (Cause::NotSupported, supported(options.as_array())),
            None => (
                Cause::Invalid,
                format!("must be {}", article(&expected.to_string())),
            ),
        },
        ValidationErrorKind::AnyOf { .. } => (
            Cause::Invalid,
            "must be a number from 1, or a percentage from \"1%\" to \"100%\"".to_owned(),
        ),
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
            (Cause::Invalid, range(schema))
        }
        ValidationErrorKind::Format { format } if format == "date-time" => (
            Cause::Invalid,
            "must be a time such as 2026-12-01T00:00:00Z (RFC 3339)".to_owned(),
        ),
        ValidationErrorKind::Pattern { pattern } => (
            Cause::Invalid,
            format!("must match the regular expression {pattern}"),
        ),
        ValidationErrorKind::MinItems { limit } => {
            (Cause::Required, format!("at least {limit} must be given"))
        }
        ValidationErrorKind::MaxItems { limit } => (
            Cause::TooLong,
            format!("may not have more than {limit} items"),
        ),
        other => (
            Cause::Invalid,
            format!("does not fit the schema ({})", other.keyword()),
        ),
    }
}

fn range(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!("must be from {least} to {most}"),
        (Some(least), None) => format!("must be at least {least}"),
        (None, Some(most)) => format!("must be at most {most}"),
        (None, None) => "must be a 32-bit integer".to_owned(),
    }
}

fn supported(values: Option<&Vec<Value>>) -> String {
    let texts: Vec<String> = values.into_iter().flatten().map(Value::to_string).collect();
    format!("supported values: {}", texts.join(", "))
}

fn article(type_: &str) -> String {
    let article = if matches!(type_, "array" | "integer" | "object") {
        "an"
    } else {
        "a"
    };
    format!("{article} {type_}")
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
