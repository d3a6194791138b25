//! Finds what would only fail at task start, or lose logs later: by policy, destination, task
//! definition and router file, for the Fluent Bit of the router image.
//!
//! Pure and cheap: no I/O, each finding has a code of a closed list, and no message holds a secret.

mod aws;
mod codes;
mod custom;
mod delivery;
mod emitters;
mod evidence;
mod filters;
mod finding;
mod options;
mod output;
mod outputs;
mod parsers;
mod pattern;
mod policy;
mod router;
mod scope;
mod secret;
mod tags;
mod task;
mod transport;
mod variable;
mod vendor;

use std::collections::BTreeMap;

pub use codes::Code;
pub use finding::{Finding, Severity};

use self::finding::Findings;
use self::output::{Around, Output};
use crate::catalogue::FluentBitVersion;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{LogDestination, LogDestinationSpec, LoggingPolicy};

/// What is wrong with a policy. The destinations that it names are looked at as well, as far as
/// they are given; findings about them are at `spec.outputs[N].destinationRef`.
///
/// `version` is that of the router image; None: what `spec.router.image` tells.
/// The answer is sorted, worst first, and the same for the same input.
#[must_use]
pub fn policy(
    policy: &LoggingPolicy,
    destinations: &BTreeMap<String, LogDestination>,
    version: Option<FluentBitVersion>,
) -> Vec<Finding> {
    let version = version.unwrap_or_else(|| FluentBitVersion::of_image(&policy.spec.router.image));
    let mut findings = Findings::default();
    let subject = policy::Subject::new(&policy.spec, version);
    policy::check(&subject, destinations, &mut findings);
    for (index, output) in policy.spec.outputs.iter().enumerate() {
        if let Some(spec) = &output.destination {
            let at = format!("spec.outputs[{index}].destination");
            outputs::check_references(&at, spec, &mut findings);
        }
    }
    findings.finish()
}

/// What is wrong with a destination by itself, at `spec.…`.
#[must_use]
pub fn destination(destination: &LogDestination, version: FluentBitVersion) -> Vec<Finding> {
    destination_spec("spec", &destination.spec, version)
}

/// What is wrong with a destination in place; `at` is the path of the block's parent, such as
/// `spec.outputs[0].destination`.
#[must_use]
pub fn destination_spec(
    at: &str,
    spec: &LogDestinationSpec,
    version: FluentBitVersion,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    let around = Around {
        version,
        variables: None,
    };
    for output in Output::of_spec(at, spec) {
        policy::check_output(&output, &around, true, true, &mut findings);
    }
    outputs::check_references(at, spec, &mut findings);
    findings.finish()
}

/// What is wrong with the FireLens options of a task definition, whoever wrote it, at
/// `containerDefinitions[N]…`. None: the version that the image of its router tells.
#[must_use]
pub fn task(document: &TaskDefinitionDoc, version: Option<FluentBitVersion>) -> Vec<Finding> {
    let mut findings = Findings::default();
    task::check(document, version, &mut findings);
    findings.finish()
}

/// What is wrong with a Fluent Bit file in classic format, at `at`, such as `spec.customConfig`.
#[must_use]
pub fn router_file(at: &str, text: &str, version: FluentBitVersion) -> Vec<Finding> {
    let mut findings = Findings::default();
    custom::check_file(at, text, version, &mut findings);
    findings.finish()
}
