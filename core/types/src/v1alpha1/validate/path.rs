//! The path of a value in an object, and the list that collects mistakes.
//!
//! This is the only place that decides how a value is shown: one that may be a secret is not.

use std::fmt;

use serde_json::Value;

use super::{Cause, FieldError};

/// Longest value that is shown, in characters.
const SHOWN_MAX_CHARS: usize = 120;

/// Fields below which no value is shown, since people put secrets there.
const HIDDEN_BELOW: [&str; 8] = [
    "options",
    "secretOptions",
    "secrets",
    "environment",
    "header",
    "uri",
    "proxy",
    "customConfig",
];

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A field of an object.
    Field(String),
    /// A key of a map.
    Key(String),
    /// A position in a list.
    Index(usize),
}

/// The path of a value in an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path(Vec<Segment>);

impl Path {
    pub(crate) fn new(field: &str) -> Path {
        Path::default().field(field)
    }

    pub(crate) fn field(&self, name: &str) -> Path {
        self.with(Segment::Field(name.to_owned()))
    }

    pub(crate) fn key(&self, name: &str) -> Path {
        self.with(Segment::Key(name.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Path {
        self.with(Segment::Index(index))
    }

    fn with(&self, segment: Segment) -> Path {
        let mut path = self.clone();
        path.0.push(segment);
        path
    }

    /// Returns the path of the object or list that holds this value; `None` for the root.
    pub(crate) fn parent(&self) -> Option<Path> {
        let (_, above) = self.0.split_last()?;
        Some(Path(above.to_vec()))
    }

    /// Returns the steps.
    pub(crate) fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.0.iter()
    }

    /// Whether this is the other path or below it.
    pub(crate) fn is_within(&self, other: &Path) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Whether one of the steps is a field of this name.
    pub(crate) fn has_field(&self, wanted: &str) -> bool {
        self.0
            .iter()
            .any(|segment| matches!(segment, Segment::Field(name) if name == wanted))
    }

    /// Whether a value here may be a secret.
    fn is_hidden(&self) -> bool {
        HIDDEN_BELOW.iter().any(|name| self.has_field(name))
    }

    /// Returns the value as it may be shown at this path.
    pub(crate) fn shown(&self, value: &Value) -> String {
        if self.is_hidden() {
            return "\"<redacted>\"".to_owned();
        }
        match value {
            // An object or a list may hold anything, secrets included.
            Value::Object(_) => "{…}".to_owned(),
            Value::Array(_) => "[…]".to_owned(),
            Value::String(text) if text.chars().count() > SHOWN_MAX_CHARS => {
                let start: String = text.chars().take(SHOWN_MAX_CHARS).collect();
                Value::from(format!("{start}…")).to_string()
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Field(name) if position == 0 => f.write_str(name)?,
                Segment::Field(name) => write!(f, ".{name}")?,
                Segment::Key(name) => write!(f, "[{name}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A mistake, with the path it was found at.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub path: Path,
    pub error: FieldError,
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Errors(pub(crate) Vec<Found>);

impl Errors {
    pub(crate) fn push(&mut self, path: &Path, cause: Cause, value: &Value, detail: &str) {
        let value = match cause {
            Cause::Required | Cause::Unknown => String::new(),
            _ => path.shown(value),
        };
        self.0.push(Found {
            path: path.clone(),
            error: FieldError {
                field: path.to_string(),
                cause,
                value,
                detail: detail.to_owned(),
            },
        });
    }

    pub(crate) fn required(&mut self, path: &Path, detail: &str) {
        self.push(path, Cause::Required, &Value::Null, detail);
    }

    pub(crate) fn invalid(&mut self, path: &Path, value: impl Into<Value>, detail: &str) {
        self.push(path, Cause::Invalid, &value.into(), detail);
    }

    pub(crate) fn forbidden(&mut self, path: &Path, detail: &str) {
        self.push(path, Cause::Forbidden, &Value::Null, detail);
    }

    pub(crate) fn duplicate(&mut self, path: &Path, value: impl Into<Value>, detail: &str) {
        self.push(path, Cause::Duplicate, &value.into(), detail);
    }

    pub(crate) fn too_long(&mut self, path: &Path, max_bytes: usize) {
        let detail = format!("may not be more than {max_bytes} bytes");
        self.push(path, Cause::TooLong, &Value::Null, &detail);
    }

    /// Adds an error for a value that another version may accept; `detail` describes what this one accepts.
    pub(crate) fn not_supported(&mut self, path: &Path, value: impl Into<Value>, detail: &str) {
        self.push(path, Cause::NotSupported, &value.into(), detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_those_of_kubernetes() {
        let path = Path::new("spec")
            .field("outputs")
            .index(0)
            .field("options")
            .key("a.b");
        assert_eq!(path.to_string(), "spec.outputs[0].options[a.b]");
    }

    #[test]
    fn a_value_that_may_be_a_secret_is_not_shown() {
        let spec = Path::new("spec");
        let secret = Value::from("hunter2");
        for hidden in [
            spec.field("secrets").key("A"),
            spec.field("options").key("a"),
            spec.field("header").index(0),
        ] {
            assert_eq!(hidden.shown(&secret), "\"<redacted>\"", "{hidden}");
        }
        assert_eq!(spec.field("name").shown(&secret), "\"hunter2\"");
        let nested = serde_json::json!({"apikey": "hunter2"});
        assert_eq!(spec.field("datadog").shown(&nested), "{…}");
    }
}
