//! Destinations: where logs go, one typed block per Fluent Bit output plugin.
//!
//! A field is the camelCase of the plugin's option, dots and underscores being word boundaries;
//! only the role to assume is `roleArn` and `externalId` everywhere. No field holds a secret value.

mod aws;
mod block;
mod custom;
mod http;
mod otlp;
mod search;
mod streams;
mod vendors;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use aws::{CloudWatchLogs, Firehose, KinesisStreams, S3};
pub use block::DestinationBlock;
pub use custom::{AwsPermission, CustomDestination};
pub use http::Http;
pub use otlp::OpenTelemetry;
pub use search::{Elasticsearch, OpenSearch};
pub use streams::{Forward, Kafka};
pub use vendors::{Datadog, Loki, NewRelic, Splunk};

use super::Condition;

/// Where logs go: exactly one of the blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogDestinationSpec {
    /// Amazon CloudWatch Logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_watch_logs: Option<CloudWatchLogs>,
    /// Amazon Data Firehose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firehose: Option<Firehose>,
    /// Amazon Kinesis Data Streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinesis_streams: Option<KinesisStreams>,
    /// Amazon S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3>,
    /// OpenSearch, Amazon OpenSearch Service or OpenSearch Serverless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_search: Option<OpenSearch>,
    /// Elasticsearch or Elastic Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elasticsearch: Option<Elasticsearch>,
    /// Datadog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datadog: Option<Datadog>,
    /// Splunk, through its HTTP Event Collector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splunk: Option<Splunk>,
    /// New Relic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_relic: Option<NewRelic>,
    /// Grafana Loki.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loki: Option<Loki>,
    /// Any OTLP endpoint, over HTTP or gRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_telemetry: Option<OpenTelemetry>,
    /// Any HTTP endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Http>,
    /// Apache Kafka or Amazon MSK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kafka: Option<Kafka>,
    /// Another Fluentd or Fluent Bit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<Forward>,
    /// Any other output plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomDestination>,
}

/// The block of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    /// `cloudWatchLogs`
    CloudWatchLogs(&'a CloudWatchLogs),
    /// `firehose`
    Firehose(&'a Firehose),
    /// `kinesisStreams`
    KinesisStreams(&'a KinesisStreams),
    /// `s3`
    S3(&'a S3),
    /// `openSearch`
    OpenSearch(&'a OpenSearch),
    /// `elasticsearch`
    Elasticsearch(&'a Elasticsearch),
    /// `datadog`
    Datadog(&'a Datadog),
    /// `splunk`
    Splunk(&'a Splunk),
    /// `newRelic`
    NewRelic(&'a NewRelic),
    /// `loki`
    Loki(&'a Loki),
    /// `openTelemetry`
    OpenTelemetry(&'a OpenTelemetry),
    /// `http`
    Http(&'a Http),
    /// `kafka`
    Kafka(&'a Kafka),
    /// `forward`
    Forward(&'a Forward),
    /// `custom`
    Custom(&'a CustomDestination),
}

impl<'a> Destination<'a> {
    /// Returns the block, as its plugin sees it.
    #[must_use]
    pub fn block(self) -> &'a dyn DestinationBlock {
        match self {
            Destination::CloudWatchLogs(block) => block,
            Destination::Firehose(block) => block,
            Destination::KinesisStreams(block) => block,
            Destination::S3(block) => block,
            Destination::OpenSearch(block) => block,
            Destination::Elasticsearch(block) => block,
            Destination::Datadog(block) => block,
            Destination::Splunk(block) => block,
            Destination::NewRelic(block) => block,
            Destination::Loki(block) => block,
            Destination::OpenTelemetry(block) => block,
            Destination::Http(block) => block,
            Destination::Kafka(block) => block,
            Destination::Forward(block) => block,
            Destination::Custom(block) => block,
        }
    }
}

impl LogDestinationSpec {
    /// The names of the fields that can hold a block, as in the API.
    pub const BLOCKS: &'static [&'static str] = &[
        "cloudWatchLogs",
        "firehose",
        "kinesisStreams",
        "s3",
        "openSearch",
        "elasticsearch",
        "datadog",
        "splunk",
        "newRelic",
        "loki",
        "openTelemetry",
        "http",
        "kafka",
        "forward",
        "custom",
    ];

    /// Returns every block that is given, with its field name; an admitted destination has exactly one.
    #[must_use]
    pub fn blocks(&self) -> Vec<(&'static str, Destination<'_>)> {
        let blocks = [
            self.cloud_watch_logs
                .as_ref()
                .map(Destination::CloudWatchLogs),
            self.firehose.as_ref().map(Destination::Firehose),
            self.kinesis_streams
                .as_ref()
                .map(Destination::KinesisStreams),
            self.s3.as_ref().map(Destination::S3),
            self.open_search.as_ref().map(Destination::OpenSearch),
            self.elasticsearch.as_ref().map(Destination::Elasticsearch),
            self.datadog.as_ref().map(Destination::Datadog),
            self.splunk.as_ref().map(Destination::Splunk),
            self.new_relic.as_ref().map(Destination::NewRelic),
            self.loki.as_ref().map(Destination::Loki),
            self.open_telemetry.as_ref().map(Destination::OpenTelemetry),
            self.http.as_ref().map(Destination::Http),
            self.kafka.as_ref().map(Destination::Kafka),
            self.forward.as_ref().map(Destination::Forward),
            self.custom.as_ref().map(Destination::Custom),
        ];
        Self::BLOCKS
            .iter()
            .zip(blocks)
            .filter_map(|(name, block)| Some((*name, block?)))
            .collect()
    }

    /// Returns the block of an admitted destination.
    #[must_use]
    pub fn block(&self) -> Option<Destination<'_>> {
        self.blocks().into_iter().next().map(|(_, block)| block)
    }
}

/// What is known about the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LogDestinationStatus {
    /// The `metadata.generation` that this status was made for.
    pub observed_generation: i64,
    /// What was observed: `Ready`.
    pub conditions: Vec<Condition>,
}
