//! How the routing of a Fluentd router reaches it: log options, or a file that the ECS agent fetches.
//!
//! Where the agent fetches no file, only log options are left: there is no init image of Fluentd.

use std::collections::BTreeMap;

use firelens_fluent::outputs::CompiledOutput;
use firelens_fluent::render::RouterFileInput;
use firelens_fluent::render::fluentd::fluentd_file;
use firelens_fluent::text::fluentd::is_bare;
use firelens_types::v1alpha1::{ConfigBucket, LoggingPolicySpec, RouterType};

use crate::context::TargetContext;
use crate::delivery::{Shipment, object, object_arn, refused_file};
use crate::refusal::Refusal;

/// What the log options of a Fluentd router cannot say beside what those of no router can: patterns
/// that Fluentd would take for a literal, since the agent writes them bare.
pub(crate) fn needs_file(
    spec: &LoggingPolicySpec,
    outputs: &BTreeMap<usize, CompiledOutput>,
) -> Option<&'static str> {
    if spec.router.type_ != RouterType::Fluentd {
        return None;
    }
    let patterns = outputs
        .values()
        .flat_map(|output| [&output.include_pattern, &output.exclude_pattern]);
    if patterns.flatten().any(|pattern| !is_bare_pattern(pattern)) {
        Some("patterns that begin with a bracket, a quote or a slash")
    } else if outputs.values().any(|output| output.nested) {
        Some("parameters inside sections")
    } else {
        None
    }
}

/// Slashes around a pattern are not part of it for Fluentd.
pub(crate) fn is_bare_pattern(pattern: &str) -> bool {
    is_bare(pattern) && !pattern.starts_with('/')
}

/// Renders the file, for the agent to fetch.
pub(crate) fn ship(
    target: &TargetContext<'_>,
    bucket: &ConfigBucket,
    input: &RouterFileInput<'_>,
) -> Result<Shipment, Refusal> {
    let text = fluentd_file(input).map_err(|error| refused_file(&error))?;
    let object = object(target, bucket, "", &text);
    Ok(Shipment {
        config_file_arn: Some(object_arn(target, &object)),
        objects: vec![object],
        ..Shipment::default()
    })
}
