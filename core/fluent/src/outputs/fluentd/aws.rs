//! The destinations of AWS for Fluentd.
//!
//! Credentials are those of the task role, which the AWS SDK for Ruby finds by itself; never a key.

use super::draft::Draft;
use crate::outputs::{OutputError, OutputScope};

type Plugin = Result<&'static str, OutputError>;

/// Name of sessions under an assumed role.
const SESSION: &str = "firelens";

/// Endpoints of the AWS SDK for Ruby have a scheme.
fn with_scheme(host: String) -> String {
    if host.contains("://") {
        host
    } else {
        format!("https://{host}")
    }
}

fn endpoint(draft: &mut Draft<'_>, option: &str, param: &str) {
    if let Some(host) = draft.take(option) {
        draft.put(param, with_scheme(host));
    }
}

fn region(draft: &mut Draft<'_>, param: &str, scope: &OutputScope<'_>) {
    let region = draft.take("region");
    draft.put(param, region.unwrap_or_else(|| scope.region.to_owned()));
}

/// `<assume_role_credentials>` of the S3 and Kinesis plugins.
fn assume_role(draft: &mut Draft<'_>) {
    if let Some(arn) = draft.take("role_arn") {
        draft.put("assume_role_credentials.role_arn", arn);
        draft.put("assume_role_credentials.role_session_name", SESSION);
        draft.rename(&[("external_id", "assume_role_credentials.external_id")]);
        let param = "assume_role_credentials.sts_endpoint_url";
        endpoint(draft, "sts_endpoint", param);
    }
}

/// <https://github.com/fluent-plugins-nursery/fluent-plugin-cloudwatch-logs>
pub(super) fn cloudwatch_logs(draft: &mut Draft<'_>, scope: &OutputScope<'_>) -> Plugin {
    region(draft, "region", scope);
    draft.rename(&[
        ("log_group_name", "log_group_name"),
        ("log_stream_name", "log_stream_name"),
        ("log_key", "message_keys"),
        ("log_retention_days", "retention_in_days"),
    ]);
    if let Some(prefix) = draft.take("log_stream_prefix") {
        // The stream of Fluent Bit is the prefix and the tag.
        draft.put("log_stream_name", format!("{prefix}${{tag}}"));
        draft.put_default("buffer.chunk_keys", "tag", &[]);
    }
    // Whether the group may be made is for its permission to say.
    draft.take("auto_create_group");
    draft.put_default("auto_create_stream", "true", &[]);
    if let Some(arn) = draft.take("role_arn") {
        draft.put("aws_use_sts", "true");
        draft.put("aws_sts_role_arn", arn);
        draft.put("aws_sts_session_name", SESSION);
        draft.rename(&[("external_id", "aws_sts_external_id")]);
        endpoint(draft, "sts_endpoint", "aws_sts_endpoint_url");
    }
    endpoint(draft, "endpoint", "endpoint");
    Ok("cloudwatch_logs")
}

/// <https://github.com/awslabs/aws-fluent-plugin-kinesis>
pub(super) fn firehose(draft: &mut Draft<'_>, scope: &OutputScope<'_>) -> Plugin {
    draft.rename(&[("delivery_stream", "delivery_stream_name")]);
    kinesis(draft, scope)?;
    Ok("kinesis_firehose")
}

/// <https://github.com/awslabs/aws-fluent-plugin-kinesis>
pub(super) fn kinesis_streams(draft: &mut Draft<'_>, scope: &OutputScope<'_>) -> Plugin {
    draft.rename(&[("stream", "stream_name")]);
    kinesis(draft, scope)?;
    Ok("kinesis_streams")
}

fn kinesis(draft: &mut Draft<'_>, scope: &OutputScope<'_>) -> Result<(), OutputError> {
    region(draft, "region", scope);
    if let Some(kind) = draft.peek("compression").filter(|kind| *kind != "gzip") {
        let message = format!("Fluentd's plugin knows gzip, not {kind}");
        return Err(draft.refused("compression", message));
    }
    draft.rename(&[
        ("log_key", "data_key"),
        ("compression", "compression"),
        ("time_key", "inject.time_key"),
        ("time_key_format", "inject.time_format"),
    ]);
    assume_role(draft);
    endpoint(draft, "endpoint", "endpoint");
    Ok(())
}

/// <https://github.com/fluent/fluent-plugin-s3/blob/master/docs/output.md>
pub(super) fn s3(draft: &mut Draft<'_>, scope: &OutputScope<'_>) -> Plugin {
    draft.rename(&[("bucket", "s3_bucket")]);
    region(draft, "s3_region", scope);
    let message = "Fluentd has other placeholders; put path and s3_object_key_format into options";
    if draft.peek("s3_key_format").is_some() {
        return Err(draft.refused("s3_key_format", message));
    }
    match draft.take("compression").as_deref() {
        None => {}
        Some("gzip") => draft.put("store_as", "gzip"),
        Some("zstd") => draft.put("store_as", "zstd"),
        Some(other) => {
            let message = format!("Fluentd's plugin knows gzip and zstd, not {other}");
            return Err(draft.refused("compression", message));
        }
    }
    draft.rename(&[
        ("storage_class", "storage_class"),
        ("canned_acl", "acl"),
        ("total_file_size", "buffer.chunk_limit_size"),
        ("upload_timeout", "buffer.timekey"),
        ("store_dir_limit_size", "buffer.total_limit_size"),
        ("json_date_key", "inject.time_key"),
    ]);
    if let Some(directory) = draft.take("store_dir") {
        draft.put("buffer.@type", "file");
        draft.put("buffer.path", directory);
        draft.put_default("buffer.chunk_keys", "time", &[]);
    }
    if let Some(key) = draft.take("log_key") {
        draft.put("format.@type", "single_value");
        draft.put("format.message_key", key);
    }
    assume_role(draft);
    endpoint(draft, "endpoint", "s3_endpoint");
    s3_defaults(draft);
    Ok("s3")
}

/// The plugin would ask for the bucket, list it, create it and look for each object before it writes,
/// for which it would need more permissions. Without the look, keys must be unique by themselves.
fn s3_defaults(draft: &mut Draft<'_>) {
    for param in [
        "check_apikey_on_start",
        "check_bucket",
        "auto_create_bucket",
        "check_object",
    ] {
        draft.put_default(param, "false", &[]);
    }
    draft.put_default("path", "fluentd-logs/", &["s3_object_key_format"]);
    draft.put_default(
        "s3_object_key_format",
        "%{path}%{time_slice}_%{uuid_flush}.%{file_extension}",
        &[],
    );
}
