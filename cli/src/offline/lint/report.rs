//! The findings of a run, as text or as data.

use std::io::Write;

use firelens_fluent::lint::{Finding, Severity};
use serde::Serialize;

use crate::args::{Lint, OutputFormat};
use crate::failure::Failure;

/// A finding, or a mistake that admission refuses.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// The file of the object, its kind and its name.
    object: String,
    severity: &'static str,
    /// A code of the linter, or the cause of a refusal, such as `FieldValueRequired`.
    code: String,
    field: String,
    message: String,
    /// How to fix it; empty if that is in the message.
    #[serde(skip_serializing_if = "str::is_empty")]
    fix: &'static str,
}

impl Row {
    /// Creates a row for a mistake that admission refuses.
    pub(super) fn error(object: &str, code: &str, field: &str, message: String) -> Self {
        Self {
            object: object.to_owned(),
            severity: Severity::Error.as_str(),
            code: code.to_owned(),
            field: field.to_owned(),
            message,
            fix: "",
        }
    }
}

/// Everything that was found.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// Number of objects and task definitions that were checked.
    checked: usize,
    findings: Vec<Row>,
}

impl Report {
    pub(super) fn count(&mut self) {
        self.checked += 1;
    }

    pub(super) fn push(&mut self, row: Row) {
        self.findings.push(row);
    }

    pub(super) fn extend(&mut self, object: &str, findings: Vec<Finding>) {
        self.findings
            .extend(findings.into_iter().map(|finding| Row {
                object: object.to_owned(),
                severity: finding.severity.as_str(),
                code: finding.code.as_str().to_owned(),
                field: finding.field,
                message: finding.message,
                fix: finding.code.fix(),
            }));
    }

    /// Prints the findings; fails if there are errors, or warnings with `--strict`.
    pub(super) fn print(&self, arguments: &Lint) -> Result<(), Failure> {
        if self.checked == 0 {
            return Err(Failure::refused("no objects found"));
        }
        let text = match arguments.output {
            OutputFormat::Table => self.table(),
            OutputFormat::Json => serde_json::to_string_pretty(self)
                .map_err(|error| Failure::broken("the findings cannot be written", error))?,
            OutputFormat::Yaml => serde_yaml::to_string(self)
                .map_err(|error| Failure::broken("the findings cannot be written", error))?,
        };
        if !text.is_empty() {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{}", text.trim_end())
                .map_err(|error| Failure::broken("cannot write to standard output", error))?;
        }
        let of = |severity: Severity| {
            self.findings
                .iter()
                .filter(|row| row.severity == severity.as_str())
                .count()
        };
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        let summary = if self.findings.is_empty() {
            format!("{} objects checked, no problems found", self.checked)
        } else {
            let notes = of(Severity::Info);
            format!(
                "{} objects checked: {errors} errors, {warnings} warnings, {notes} notes",
                self.checked
            )
        };
        if errors > 0 || (arguments.strict && warnings > 0) {
            return Err(Failure::refused(summary));
        }
        eprintln!("{summary}");
        Ok(())
    }

    /// Returns one block for each finding: code and field, message, and fix.
    fn table(&self) -> String {
        let mut text = String::new();
        let mut object = "";
        for row in &self.findings {
            if row.object != object {
                object = &row.object;
                text.push_str(object);
                text.push('\n');
            }
            text.push_str(&format!(
                "  {:<8} {} at {}\n           {}\n",
                row.severity, row.code, row.field, row.message
            ));
            if !row.fix.is_empty() {
                text.push_str(&format!("           fix: {}\n", row.fix));
            }
        }
        text
    }
}
