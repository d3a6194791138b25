//! The output `awslogs`: sends lines to where the containers' own awslogs configuration sent them until now.
//!
//! Group, region and the rest are not fields here: they are read from each container.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::serde_util::text_enum;

/// Keeps sending to the log group of each container's own awslogs configuration, as the revision of
/// its owner says it: group, region, stream prefix, whether the group is created, and where a record
/// of several lines starts. Retention is never touched. `{}` keeps everything.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AwslogsOutput {
    /// Keep (default): lines are joined where awslogs-multiline-pattern or awslogs-datetime-format
    /// of the container says so; this needs a file, and holds for every output of the container.
    /// Drop: each line is an event.
    pub multiline: AwslogsMultiline,
    /// Line (default): an event is the line, as awslogs writes it. Record: the whole record as
    /// JSON, with the ECS metadata.
    pub format: AwslogsFormat,
    /// Keep (default): the names that awslogs gives, `PREFIX/CONTAINER/TASK-ID`; needs the init
    /// variant of aws-for-fluent-bit, which alone tells the router the id of its task. Tag:
    /// `PREFIX/CONTAINER/CONTAINER-firelens-TASK-ID`, with any image.
    pub streams: AwslogsStreams,
    /// How often sending a chunk is tried again: a number, `no_limits` or `no_retries`
    /// (`retry_limit`). Absent: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([1-9][0-9]{0,8}|no_limits|no_retries)$"))]
    pub retry_limit: Option<String>,
}

text_enum! {
    /// What happens to the start pattern of a container's awslogs configuration.
    #[derive(Default)]
    AwslogsMultiline {
        /// Lines are joined as awslogs joins them.
        #[default]
        Keep = "Keep",
        /// Each line is an event.
        Drop = "Drop",
    }
}

text_enum! {
    /// What an event is.
    #[derive(Default)]
    AwslogsFormat {
        /// The line.
        #[default]
        Line = "Line",
        /// The record as JSON.
        Record = "Record",
    }
}

text_enum! {
    /// How streams are named.
    #[derive(Default)]
    AwslogsStreams {
        /// As awslogs names them.
        #[default]
        Keep = "Keep",
        /// With the tag of the record at the end.
        Tag = "Tag",
    }
}
