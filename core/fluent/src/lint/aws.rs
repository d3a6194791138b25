//! The destinations of AWS: CloudWatch Logs, S3, streams, and where they need a region.
//!
//! AWS is not asked whether a group, a bucket or a stream exists.

use super::options::size_bytes;
use super::output::Output;
use super::{Code, Findings};

/// The option for the region, by plugin.
const REGIONS: [(&str, &str); 6] = [
    ("cloudwatch_logs", "region"),
    ("cloudwatch", "region"),
    ("kinesis_firehose", "region"),
    ("firehose", "region"),
    ("kinesis_streams", "region"),
    ("kinesis", "region"),
];
/// Smallest and largest part of a multipart upload, and smallest object, in bytes.
/// <https://github.com/fluent/fluent-bit/blob/v4.2.2/plugins/out_s3/s3.h>
const PART_MIN_BYTES: u64 = 5_242_880;
const PART_MAX_BYTES: u64 = 50_000_000;
const OBJECT_MIN_BYTES: u64 = 1_000_000;
/// Largest object of one request, and of a multipart upload, in bytes.
const PUT_MAX_BYTES: u64 = 1_000_000_000;
const OBJECT_MAX_BYTES: u64 = 50_000_000_000;
/// The size of objects when none is given, in bytes.
const OBJECT_DEFAULT_BYTES: u64 = 100_000_000;

/// Checks an output to AWS.
pub(super) fn check_output(output: &Output, metadata: bool, findings: &mut Findings) {
    let region = REGIONS
        .iter()
        .find(|(plugin, _)| output.is_plugin(&[plugin]));
    // The operator gives the C plugins the region of the workload.
    let given = output.is_ours && !output.is_plugin(&["cloudwatch", "firehose", "kinesis"]);
    if let Some((plugin, option)) = region
        && !given
        && !output.has(option)
    {
        let message = format!("{plugin} requires the option {option}");
        findings.add(Code::RegionMissing, &output.at, message);
    }
    if output.is_plugin(&["cloudwatch_logs"]) {
        check_groups(output, metadata, findings);
    }
    if output.is_plugin(&["s3"]) {
        check_sizes(output, findings);
        check_keys(output, findings);
    }
}

fn check_groups(output: &Output, metadata: bool, findings: &mut Findings) {
    if !output.is_on("auto_create_group") {
        for option in ["log_retention_days", "log_group_class"] {
            if output.has(option) {
                let message =
                    format!("{option} applies only to log groups that auto_create_group creates");
                findings.add(
                    Code::GroupOptionWithoutCreate,
                    output.field(option),
                    message,
                );
            }
        }
    } else if output.has("log_group_template") {
        let message = "a log group is created for each value of its fields";
        findings.add(
            Code::GroupsFromRecords,
            output.field("log_group_template"),
            message,
        );
    }
    if output.has("log_stream_name") && !output.has("log_stream_template") {
        let name = output.value("log_stream_name").unwrap_or_default();
        if !name.contains("${") {
            let message = "all tasks write to this one stream";
            findings.add(
                Code::SharedLogStream,
                output.field("log_stream_name"),
                message,
            );
        }
    }
    for option in ["log_group_template", "log_stream_template"] {
        check_metadata(output, option, metadata, findings);
    }
}

/// Fields of the ECS metadata that are used without it.
pub(super) fn check_metadata(
    output: &Output,
    option: &str,
    metadata: bool,
    findings: &mut Findings,
) {
    const FIELDS: [&str; 3] = ["ecs_cluster", "ecs_task_arn", "ecs_task_definition"];
    let used = |value: &str| FIELDS.into_iter().find(|field| value.contains(field));
    if !metadata && let Some(field) = output.value(option).and_then(used) {
        let message = format!("{field} is not in the records: ecsMetadata is off");
        findings.add(Code::MetadataOff, output.field(option), message);
    }
}

fn check_sizes(output: &Output, findings: &mut Findings) {
    let size = |option| output.value(option).and_then(size_bytes);
    let object = size("total_file_size");
    let part = size("upload_chunk_size");
    let whole = object.unwrap_or(OBJECT_DEFAULT_BYTES);
    let put = output.is_on("use_put_object");
    let largest = if put { PUT_MAX_BYTES } else { OBJECT_MAX_BYTES };
    if whole < OBJECT_MIN_BYTES || whole > largest {
        let message = format!("objects must have {OBJECT_MIN_BYTES} to {largest} bytes");
        findings.add(
            Code::S3SizeInvalid,
            output.field("total_file_size"),
            message,
        );
    }
    let compressed = output.value("compression").is_some();
    if let Some(part) = part.filter(|_| !put) {
        let too_large = part > PART_MAX_BYTES && !compressed;
        if part < PART_MIN_BYTES || too_large || part > whole {
            let message = format!(
                "parts must have {PART_MIN_BYTES} to {PART_MAX_BYTES} bytes, and no more than the object"
            );
            findings.add(
                Code::S3SizeInvalid,
                output.field("upload_chunk_size"),
                message,
            );
        }
    }
    let columnar =
        |value: &str| value.eq_ignore_ascii_case("arrow") || value.eq_ignore_ascii_case("parquet");
    if !put && output.value("compression").is_some_and(columnar) {
        let message = "this compression requires use_put_object";
        findings.add(
            Code::S3CompressionUnsupported,
            output.field("compression"),
            message,
        );
    }
}

/// Keys that two tasks can both make. The default key holds the tag, and so the task.
fn check_keys(output: &Output, findings: &mut Findings) {
    let Some(format) = output.value("s3_key_format") else {
        return;
    };
    let by_tag = format.contains("$TAG") || format.contains("$UUID") || format.contains("${");
    // One request per object gets a random suffix, unless the path is static.
    let suffixed = output.is_on("use_put_object") && !output.is_on("static_file_path");
    if !by_tag && !suffixed {
        let message = "tasks that upload in the same second write the same key";
        findings.add(Code::S3KeyNotUnique, output.field("s3_key_format"), message);
    }
}
