//! A destination as an output of Fluentd: the plugin that exists there, with its own parameters.
//!
//! A typed field that the plugin has nothing for is refused by name, not left out. What no field sets
//! is Fluentd's default, not Fluent Bit's.
//!
//! A parameter inside a section has a dotted name: `buffer.flush_interval` stands in `<buffer>`. Log
//! options of a container cannot say sections, so such an output needs a file.

mod aws;
mod draft;
mod grants;
mod search;
mod streams;
mod vendors;

use super::{CompiledOutput, OutputError, OutputScope};
use crate::text::fluentd::is_bare;
use draft::Draft;
use firelens_types::v1alpha1::{Destination, LogDestinationSpec};

/// Compiles a destination for a Fluentd router.
///
/// Errors name the field below the destination and never repeat its value.
pub(super) fn compile(
    spec: &LogDestinationSpec,
    scope: &OutputScope<'_>,
) -> Result<CompiledOutput, OutputError> {
    let blocks = spec.blocks();
    let [(block_name, destination)] = blocks.as_slice() else {
        return Err(OutputError::new(
            "destination",
            "must have exactly one destination block",
        ));
    };
    let mut draft = Draft::new(block_name, destination.block());
    let plugin = match destination {
        Destination::CloudWatchLogs(_) => aws::cloudwatch_logs(&mut draft, scope)?,
        Destination::Firehose(_) => aws::firehose(&mut draft, scope)?,
        Destination::KinesisStreams(_) => aws::kinesis_streams(&mut draft, scope)?,
        Destination::S3(_) => aws::s3(&mut draft, scope)?,
        Destination::OpenSearch(_) => search::open_search(&mut draft, scope)?,
        Destination::Elasticsearch(_) => search::elasticsearch(&mut draft)?,
        Destination::Datadog(block) => vendors::datadog(&mut draft, block)?,
        Destination::Splunk(_) => vendors::splunk(&mut draft)?,
        Destination::NewRelic(block) => vendors::new_relic(&mut draft, block)?,
        Destination::Loki(_) => vendors::loki(&mut draft)?,
        Destination::OpenTelemetry(_) => return Err(no_open_telemetry(block_name)),
        Destination::Http(_) => streams::http(&mut draft, scope)?,
        Destination::Kafka(_) => streams::kafka(&mut draft)?,
        Destination::Forward(_) => streams::forward(&mut draft)?,
        Destination::Custom(custom) => {
            for (field, given) in [
                ("roleArn", custom.role_arn.is_some()),
                ("externalId", custom.external_id.is_some()),
            ] {
                if given {
                    let message =
                        "for Fluentd it is a parameter of the plugin: put it into options";
                    return Err(OutputError::new(draft.field(field), message));
                }
            }
            custom.plugin.as_str()
        }
    };
    draft.buffering()?;
    let finished = draft.finish()?;
    let grants = grants::of(block_name, *destination, &finished, scope)?;
    let in_options = |name: &String| !name.contains('.');
    let nested = !finished.params.keys().all(in_options)
        || !finished.secrets.keys().all(in_options)
        || !finished.params.values().all(|value| is_bare(value));
    Ok(CompiledOutput {
        plugin: plugin.to_owned(),
        options: finished.params,
        secret_options: finished.secrets,
        grants,
        nested,
        ..CompiledOutput::default()
    })
}

/// <https://github.com/fluent-plugins-nursery/fluent-plugin-opentelemetry>
fn no_open_telemetry(block_name: &str) -> OutputError {
    OutputError::new(
        block_name,
        "the OpenTelemetry plugin of Fluentd passes on only what its own input received, not logs of containers; use \
         router.type fluentbit",
    )
}
