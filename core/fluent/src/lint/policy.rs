//! The rules of a policy as a whole: which outputs it has, and what is known around them.
//!
//! The rules themselves are in the other files.

use std::collections::{BTreeMap, BTreeSet};

use super::output::{Around, Output};
use super::{
    Findings, aws, custom, delivery, evidence, filters, options, outputs, parsers, router, scope,
};
use super::{secret, transport, variable, vendor};
use crate::catalogue::FluentBitVersion;
use crate::render::{Document, Section, read};
use firelens_aws::image::{Product, RouterImage};
use firelens_types::v1alpha1::{Delivery, LogDestination, LoggingPolicySpec, RouterType};

/// A policy with what is known around it.
pub(super) struct Subject<'a> {
    pub(super) spec: &'a LoggingPolicySpec,
    /// The Fluent Bit of the router.
    pub(super) version: FluentBitVersion,
    /// Whether the image is one of aws-for-fluent-bit.
    pub(super) is_aws_image: bool,
    /// Custom configuration, when it can be read.
    pub(super) custom: Document,
    /// Plugins of the outputs whose destinations stand in the policy.
    pub(super) plugins: Vec<String>,
    variables: Option<BTreeSet<String>>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(spec: &'a LoggingPolicySpec, version: FluentBitVersion) -> Self {
        let router = &spec.router;
        let is_aws_image = is_aws_image(&router.image);
        let variables = is_aws_image.then(|| {
            router
                .environment
                .keys()
                .chain(router.secrets.keys())
                .cloned()
                .collect()
        });
        let custom = spec
            .custom_config
            .as_deref()
            .and_then(|text| read(text).ok());
        Self {
            spec,
            version,
            is_aws_image,
            custom: custom.unwrap_or_default(),
            plugins: plugins_in_place(spec),
            variables,
        }
    }

    /// Variables that are defined in the router, when that can be known.
    pub(super) fn variables(&self) -> Option<&BTreeSet<String>> {
        self.variables.as_ref()
    }

    /// Whether the router reads files that the policy does not hold.
    pub(super) fn has_own_files(&self) -> bool {
        self.spec.config.delivery == Delivery::File
    }

    /// Whether custom configuration loads parsers of its own.
    pub(super) fn loads_parsers(&self) -> bool {
        let loads = |section: &Section| section.value("parsers_file").is_some();
        self.custom.sections().any(loads)
    }

    /// `Match` of the outputs in custom configuration.
    pub(super) fn custom_matches(&self) -> Vec<&str> {
        let outputs = self
            .custom
            .sections()
            .filter(|section| section.name == "OUTPUT");
        outputs
            .filter_map(|section| section.value("match"))
            .collect()
    }

    /// Whether chunks may be kept on a filesystem.
    pub(super) fn has_filesystem(&self) -> bool {
        let service = |section: &Section| {
            section.name == "SERVICE" && section.value("storage.path").is_some()
        };
        self.custom.sections().any(service) || self.has_own_files()
    }

    fn around(&self) -> Around<'_> {
        Around {
            version: self.version,
            variables: self.variables(),
        }
    }
}

fn plugins_in_place(spec: &LoggingPolicySpec) -> Vec<String> {
    spec.outputs
        .iter()
        .filter_map(|output| output.destination.as_ref())
        .flat_map(|destination| destination.blocks())
        .map(|(_, destination)| destination.block().plugin().to_owned())
        .collect()
}

/// Whether the repository is aws-for-fluent-bit, or a mirror that kept the name.
pub(super) fn is_aws_image(image: &str) -> bool {
    RouterImage::parse(image).product() == Product::AwsForFluentBit
}

/// Checks everything.
pub(super) fn check(
    subject: &Subject<'_>,
    destinations: &BTreeMap<String, LogDestination>,
    findings: &mut Findings,
) {
    scope::check(subject.spec, findings);
    router::check(subject, findings);
    if subject.spec.router.type_ == RouterType::Fluentd {
        router::note_fluentd(subject.spec, findings);
    } else {
        check_outputs(subject, destinations, findings);
        filters::check(subject, findings);
        parsers::check(subject, findings);
        custom::check_policy(subject, findings);
    }
    outputs::check(subject, destinations, findings);
    evidence::check(subject, destinations, findings);
}

fn check_outputs(
    subject: &Subject<'_>,
    destinations: &BTreeMap<String, LogDestination>,
    findings: &mut Findings,
) {
    for (index, output) in subject.spec.outputs.iter().enumerate() {
        let at = format!("spec.outputs[{index}]");
        if let Some(spec) = &output.destination {
            for output in Output::of_spec(&format!("{at}.destination"), spec) {
                check_one(subject, &output, findings);
            }
        }
        let named = output
            .destination_ref
            .as_ref()
            .map(|reference| reference.name.as_str());
        let Some(destination) = named.and_then(|name| destinations.get(name)) else {
            continue;
        };
        let mut theirs = Findings::default();
        for output in Output::of_spec("spec", &destination.spec) {
            check_one(subject, &output, &mut theirs);
        }
        for finding in theirs.finish() {
            let message = format!(
                "LogDestination {}, {}: {}",
                destination.name(),
                finding.field,
                finding.message
            );
            findings.add(finding.code, format!("{at}.destinationRef"), message);
        }
    }
}

fn check_one(subject: &Subject<'_>, output: &Output, findings: &mut Findings) {
    let router = &subject.spec.router;
    check_output(
        output,
        &subject.around(),
        router.ecs_metadata,
        subject.has_filesystem(),
        findings,
    );
    if subject.spec.config.delivery == Delivery::Init {
        outputs::check_secret_dots(output, findings);
    }
    if router.readonly_root_filesystem {
        outputs::check_store(output, findings);
    }
}

/// Checks one output by itself.
pub(super) fn check_output(
    output: &Output,
    around: &Around<'_>,
    metadata: bool,
    filesystem: bool,
    findings: &mut Findings,
) {
    options::check_output(output, around.version, findings);
    outputs::check_secret_names(output, findings);
    secret::check_output(output, findings);
    variable::check_output(output, around, findings);
    transport::check_output(output, findings);
    delivery::check_output(output, filesystem, findings);
    aws::check_output(output, metadata, findings);
    vendor::check_output(output, metadata, around.version, findings);
}
