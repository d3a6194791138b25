//! Turns a destination into an output of the router: plugin, options, secrets, and the IAM needs of the task role.
//!
//! Every option that is rendered is typed by the user or one of the documented defaults of
//! `defaults`. Secrets are not read.

mod arns;
mod compile;
mod conflicts;
mod defaults;
mod fluentd;
mod grants;
mod image;
mod in_use;

pub use compile::compile;
pub use firelens_aws::image::ImageLine;
pub use in_use::OutputInUse;

use indexmap::IndexMap;

use firelens_aws::iam::Statement;
use firelens_types::v1alpha1::{LogDestinationSpec, RouterType};

/// Compiles a destination for the router of a policy: Fluent Bit by [`compile()`], Fluentd with the
/// plugins and parameters that exist there.
///
/// # Errors
/// What the plugin cannot be told, with its field below the destination.
pub fn compile_for(
    router: RouterType,
    spec: &LogDestinationSpec,
    scope: &OutputScope<'_>,
) -> Result<CompiledOutput, OutputError> {
    match router {
        RouterType::Fluentbit => compile(spec, scope),
        RouterType::Fluentd => fluentd::compile(spec, scope),
    }
}

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

/// An output as the router needs it, before container and secrets are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompiledOutput {
    /// Name of the output in its policy; `compile` leaves it empty and the caller sets it. It ends
    /// the tags of copies, where outputs of one container have different patterns.
    pub name: Option<String>,
    /// Output plugin: the value of `Name`, for Fluentd of `@type`.
    pub plugin: String,
    /// Plain options in the order they are rendered, without `Name` and `Match`.
    pub options: IndexMap<String, String>,
    /// Further values of options that a plugin takes several times (`header`, `event_field` …).
    /// Log options of a container cannot say this, so such an output needs a file.
    pub repeated: Vec<(String, String)>,
    /// Options whose value is a secret: option to `valueFrom` (an ARN or SSM parameter name).
    pub secret_options: IndexMap<String, String>,
    /// What the task role must be allowed to do.
    pub grants: Vec<Statement>,
    /// Regular expression: only log lines that match are sent. Set by the caller.
    pub include_pattern: Option<String>,
    /// Regular expression: log lines that match are not sent. Set by the caller.
    pub exclude_pattern: Option<String>,
    /// Whether an option of Fluentd stands in a section (`buffer.flush_interval`) or needs quotes.
    /// Log options of a container cannot say this either.
    pub nested: bool,
}

impl CompiledOutput {
    /// Whether the output cannot be said in a container's log options, which hold each key once.
    #[must_use]
    pub fn needs_file(&self) -> bool {
        let twice = |key: &String| self.options.keys().any(|k| k.eq_ignore_ascii_case(key));
        self.nested || !self.repeated.is_empty() || self.secret_options.keys().any(twice)
    }
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

impl OutputError {
    fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}
