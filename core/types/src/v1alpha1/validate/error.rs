//! What is wrong with a field, in the words of Kubernetes.
//!
//! An error does not contain a value that may be a secret: see `shown` in `path`.

use std::fmt;

use crate::v1alpha1::serde_util::text_enum;

text_enum! {
    /// What kind of mistake it is, by the reason in a `Status` cause.
    Cause {
        /// A value must be given.
        Required = "FieldValueRequired",
        /// The value is malformed or out of range.
        Invalid = "FieldValueInvalid",
        /// The value is not one of the allowed ones.
        NotSupported = "FieldValueNotSupported",
        /// There is no such field.
        Unknown = "FieldValueUnknown",
        /// The value must be unique and is not.
        Duplicate = "FieldValueDuplicate",
        /// The value is too long.
        TooLong = "FieldValueTooLong",
        /// The value must not be given here.
        Forbidden = "FieldValueForbidden",
    }
}

/// One mistake in one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field, such as `spec.outputs[0].destination.s3.bucket`; `options[name]` for a
    /// key of a map.
    pub field: String,
    /// What kind of mistake it is.
    pub cause: Cause,
    /// The value as JSON, shortened; `"<redacted>"` where secrets may be; empty when it says
    /// nothing.
    pub value: String,
    /// What is allowed, and what to do.
    pub detail: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (problem, with_value) = match self.cause {
            Cause::Required => ("Required value", false),
            Cause::Invalid => ("Invalid value", true),
            Cause::NotSupported => ("Unsupported value", true),
            Cause::Unknown => ("Unknown field", false),
            Cause::Duplicate => ("Duplicate value", true),
            Cause::TooLong => ("Too long", false),
            Cause::Forbidden => ("Forbidden", false),
        };
        write!(f, "{}: {problem}", self.field)?;
        if with_value && !self.value.is_empty() {
            write!(f, ": {}", self.value)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for FieldError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_those_of_kubernetes() {
        for (cause, value, detail, expected) in [
            (
                Cause::NotSupported,
                "\"Foo\"",
                "supported values: \"Audit\", \"Enforce\"",
                "spec.mode: Unsupported value: \"Foo\": supported values: \"Audit\", \"Enforce\"",
            ),
            (Cause::Required, "", "", "spec.mode: Required value"),
            (
                Cause::Invalid,
                "0",
                "must be at least 1",
                "spec.mode: Invalid value: 0: must be at least 1",
            ),
            (
                Cause::Duplicate,
                "\"a\"",
                "",
                "spec.mode: Duplicate value: \"a\"",
            ),
            (
                Cause::Unknown,
                "\"secret\"",
                "did you mean \"mode\"?",
                "spec.mode: Unknown field: did you mean \"mode\"?",
            ),
            (
                Cause::TooLong,
                "",
                "may not be more than 63 bytes",
                "spec.mode: Too long: may not be more than 63 bytes",
            ),
            (
                Cause::Forbidden,
                "1",
                "not here",
                "spec.mode: Forbidden: not here",
            ),
        ] {
            let error = FieldError {
                field: "spec.mode".to_owned(),
                cause,
                value: value.to_owned(),
                detail: detail.to_owned(),
            };
            assert_eq!(error.to_string(), expected);
        }
    }
}
