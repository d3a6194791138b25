//! What the linter says: a code, how bad it is, where, and why.
//!
//! Messages name options and fields; a value that may be a secret is not repeated.

use std::fmt;

use super::Code;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The router would not start, logs would not arrive, or a setting would mean something else than
    /// it says: such a policy is not enforced.
    Error,
    /// It works, with a risk: lost or doubled lines, plain text, a task that is replaced.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: &'static [Severity] = &[Severity::Error, Severity::Warning, Severity::Info];

    /// The word, in CamelCase.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Info => "Info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that the linter found. Findings sort by severity, field, code and message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How bad it is: always that of the code.
    pub severity: Severity,
    /// Path of the field, such as `spec.outputs[0].destination.datadog.options[compres]`.
    pub field: String,
    /// What it is.
    pub code: Code,
    /// For people: which name or number is wrong, and what it does. Never a secret.
    pub message: String,
}

impl Finding {
    /// A finding from its parts.
    pub fn new(code: Code, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: code.severity(),
            field: field.into(),
            code,
            message: message.into(),
        }
    }

    /// Whether it stands in the way of `mode: Enforce`.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `Code at FIELD: MESSAGE`, as headers and conditions show it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.code, self.field, self.message)
    }
}

/// Findings while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn add(&mut self, code: Code, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding::new(code, field, message));
    }

    /// Sorted, each once.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}
