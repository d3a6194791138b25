//! Turns a destination into a Fluent Bit output: plugin, options, secrets, and the IAM needs of the task role.
//!
//! Never reads a secret and never invents an option: what is rendered is typed by the user or a
//! documented default.

use indexmap::IndexMap;

use crate::iam::Statement;

/// Where an output will run; it decides default regions and the ARNs of its grants.
#[derive(Clone, Copy, Debug)]
pub struct OutputScope<'a> {
    /// Region of the workload, the default of every `region` option.
    pub region: &'a str,
    /// Account of the workload, 12 digits.
    pub account_id: &'a str,
    /// Partition of the workload: `aws`, `aws-cn`, `aws-us-gov` …
    pub partition: &'a str,
    /// What the router image can do.
    pub image_line: ImageLine,
}

/// The Fluent Bit generation inside a router image, as far as its name tells.
/// <https://github.com/aws/aws-for-fluent-bit/blob/mainline/CHANGELOG.md>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageLine {
    /// aws-for-fluent-bit 2.x: Fluent Bit 1.9.10.
    V2,
    /// aws-for-fluent-bit 3.x: Fluent Bit 4.x and later.
    V3,
    /// A moving tag, a digest or another image: nothing is refused on its account.
    #[default]
    Unknown,
}

/// An output as the router needs it, before container and secrets are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompiledOutput {
    /// Name of the output in its policy, when it has one. It ends the tags of copies.
    pub name: Option<String>,
    /// Fluent Bit plugin, the value of `Name`.
    pub plugin: String,
    /// Plain options in the order they are rendered, without `Name` and `Match`.
    pub options: IndexMap<String, String>,
    /// Options whose value is a secret: option to `valueFrom` (an ARN or SSM parameter name).
    pub secret_options: IndexMap<String, String>,
    /// What the task role must be allowed to do.
    pub grants: Vec<Statement>,
    /// Regular expression: only log lines that match are sent.
    pub include_pattern: Option<String>,
    /// Regular expression: log lines that match are not sent.
    pub exclude_pattern: Option<String>,
}

/// A destination that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct OutputError {
    /// Field path below the destination, such as `s3.bucket` or `http.options[Format]`.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}
