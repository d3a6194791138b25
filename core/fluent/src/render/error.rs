//! Why a router file cannot be rendered.
//!
//! Values are not repeated, since they may be secrets in the wrong field.

use thiserror::Error;

use super::custom::CustomConfigProblem;
use super::fluentd::FluentdProblem;
use super::reader::ReadError;
use super::writer::WriteError;

/// Why a router file cannot be rendered. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RenderError {
    /// A container name that ECS does not take would break tags apart.
    #[error("container {index}: a container name has letters, digits, `_` and `-` only")]
    Container {
        /// Place in the routes, from 0.
        index: usize,
    },
    /// A filter of the policy.
    #[error("spec.filters[{index}]: {message}")]
    Filter {
        /// Place in `spec.filters`, from 0.
        index: usize,
        /// What is wrong and what to do.
        message: String,
    },
    /// A parser of the policy.
    #[error("spec.parsers[{index}]: {message}")]
    Parser {
        /// Place in `spec.parsers`, from 0.
        index: usize,
        /// What is wrong and what to do.
        message: String,
    },
    /// An output of one container.
    #[error("output {output} of container {container}: {message}")]
    Output {
        /// Name of the container.
        container: String,
        /// Place among the outputs of the container, from 0.
        output: usize,
        /// What is wrong and what to do.
        message: String,
    },
    /// A line that Fluent Bit 1.9.10 cannot hold.
    #[error("`{key}` in [{section}] {message}; use aws-for-fluent-bit 3 or later")]
    OldImage {
        /// Name of the section.
        section: String,
        /// The key.
        key: String,
        /// What is too long.
        message: String,
    },
    /// The raw text of the policy.
    #[error("spec.customConfig")]
    CustomConfig(#[source] CustomConfigProblem),
    /// The raw text of the policy, for a Fluentd router.
    #[error("spec.customConfig")]
    FluentdCustomConfig(#[source] FluentdProblem),
    /// A word that cannot be written.
    #[error("the router configuration cannot be written")]
    Write(#[source] WriteError),
    /// A word that cannot be written for Fluentd.
    #[error("the router configuration cannot be written")]
    FluentdWrite(#[source] FluentdProblem),
    /// What was written does not read back. This is a fault of the operator, and the file is not
    /// used.
    #[error("the router configuration does not read back as it was written")]
    RoundTrip(#[source] Option<ReadError>),
}
