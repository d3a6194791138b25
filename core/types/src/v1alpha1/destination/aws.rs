//! The destinations of AWS: CloudWatch Logs, Firehose, Kinesis Data Streams, S3.
//!
//! These are types; permissions and rendering are in `outputs` and `iam`.

use super::block::destination_block;

destination_block! {
    /// Amazon CloudWatch Logs.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/cloudwatch>
    CloudWatchLogs is "cloudwatch_logs" {
        /// AWS region. Absent: the region of the target.
        #[serde(default)]
        #[schemars(regex(pattern = r"^[a-z]{2,}(-[a-z0-9]+)+-[0-9]+$"))]
        region: Option<String> = "region" / "region",
        /// Log group to write to. Option `log_group_name`.
        log_group_name: String = "log_group_name" / "logGroupName",
        /// Log group per record, with `$field` parts; `logGroupName` when a field is missing.
        /// Option `log_group_template`.
        #[serde(default)]
        log_group_template: Option<String> = "log_group_template" / "logGroupTemplate",
        /// Prefix of stream names: the stream is the prefix and the tag. Exactly one of
        /// `logStreamPrefix` and `logStreamName` is given. Option `log_stream_prefix`.
        #[serde(default)]
        log_stream_prefix: Option<String> = "log_stream_prefix" / "logStreamPrefix",
        /// Name of the stream, the same for all tasks. Exactly one of `logStreamPrefix` and
        /// `logStreamName` is given. Option `log_stream_name`.
        #[serde(default)]
        log_stream_name: Option<String> = "log_stream_name" / "logStreamName",
        /// Stream per record, with `$field` parts. Option `log_stream_template`.
        #[serde(default)]
        log_stream_template: Option<String> = "log_stream_template" / "logStreamTemplate",
        /// Send only the value of this field, usually `log`. Absent: the whole record. Option
        /// `log_key`.
        #[serde(default)]
        log_key: Option<String> = "log_key" / "logKey",
        /// `json/emf` for embedded metrics. Option `log_format`.
        #[serde(default)]
        log_format: Option<String> = "log_format" / "logFormat",
        /// Whether the group is created when it is missing; adds `logs:CreateLogGroup`. Absent:
        /// false. Option `auto_create_group`.
        #[serde(default)]
        auto_create_group: Option<bool> = "auto_create_group" / "autoCreateGroup",
        /// Days that a group created here keeps its events: one of the values of CloudWatch
        /// Logs. Absent: for ever. Option `log_retention_days`.
        #[serde(default)]
        #[schemars(range(min = 1, max = 3653))]
        log_retention_days: Option<u32> = "log_retention_days" / "logRetentionDays",
        /// STANDARD or INFREQUENT_ACCESS, for a group created here; ESSENTIALS where the image takes it, which no
        /// Fluent Bit up to 5.1.1 does. Option `log_group_class`.
        #[serde(default)]
        log_group_class: Option<String> = "log_group_class" / "logGroupClass",
        /// ARN of a role to assume for sending, for another account (`role_arn`).
        #[serde(default)]
        role_arn: Option<String> = "role_arn" / "roleArn",
        /// External id that the trust policy of that role asks for (`external_id`).
        #[serde(default, deserialize_with = "crate::v1alpha1::serde_util::blank_as_none")]
        external_id: Option<String> = "external_id" / "externalId",
        /// Endpoint of the service to use instead of the public one, such as a VPC endpoint,
        /// without a scheme.
        #[serde(default)]
        endpoint: Option<String> = "endpoint" / "endpoint",
        /// STS endpoint to use with `roleArn`, without a scheme. Option `sts_endpoint`.
        #[serde(default)]
        sts_endpoint: Option<String> = "sts_endpoint" / "stsEndpoint",
        /// Whether a failed request is tried again at once. Absent: true. Option
        /// `auto_retry_requests`.
        #[serde(default)]
        auto_retry_requests: Option<bool> = "auto_retry_requests" / "autoRetryRequests",
        /// Namespace of metrics in embedded metric format. Option `metric_namespace`.
        #[serde(default)]
        metric_namespace: Option<String> = "metric_namespace" / "metricNamespace",
        /// Dimensions of those metrics: lists separated by `;`, names by `,`. Option
        /// `metric_dimensions`.
        #[serde(default)]
        metric_dimensions: Option<String> = "metric_dimensions" / "metricDimensions",
        /// Profile in the credentials file of the image, for images that bring one.
        #[serde(default)]
        profile: Option<String> = "profile" / "profile",
        /// Word to add to the user agent of requests. Option `extra_user_agent`.
        #[serde(default)]
        extra_user_agent: Option<String> = "extra_user_agent" / "extraUserAgent",
    }
}

destination_block! {
    /// Amazon Data Firehose.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/firehose>
    Firehose is "kinesis_firehose" {
        /// AWS region. Absent: the region of the target.
        #[serde(default)]
        #[schemars(regex(pattern = r"^[a-z]{2,}(-[a-z0-9]+)+-[0-9]+$"))]
        region: Option<String> = "region" / "region",
        /// Name of the delivery stream. Option `delivery_stream`.
        delivery_stream: String = "delivery_stream" / "deliveryStream",
        /// Field to add with the time of the record. Absent: none. Option `time_key`.
        #[serde(default)]
        time_key: Option<String> = "time_key" / "timeKey",
        /// How that time is written, in `strftime` form. Option `time_key_format`.
        #[serde(default)]
        time_key_format: Option<String> = "time_key_format" / "timeKeyFormat",
        /// Send only the value of this field. Absent: the whole record. Option `log_key`.
        #[serde(default)]
        log_key: Option<String> = "log_key" / "logKey",
        /// Compression of each record: gzip, zstd, snappy or arrow. Absent: none.
        #[serde(default)]
        compression: Option<String> = "compression" / "compression",
        /// Whether small records are joined into one. Absent: false. Option
        /// `simple_aggregation`.
        #[serde(default)]
        simple_aggregation: Option<bool> = "simple_aggregation" / "simpleAggregation",
        /// ARN of a role to assume for sending, for another account (`role_arn`).
        #[serde(default)]
        role_arn: Option<String> = "role_arn" / "roleArn",
        /// External id that the trust policy of that role asks for (`external_id`).
        #[serde(default, deserialize_with = "crate::v1alpha1::serde_util::blank_as_none")]
        external_id: Option<String> = "external_id" / "externalId",
        /// Endpoint of the service to use instead of the public one, such as a VPC endpoint,
        /// without a scheme.
        #[serde(default)]
        endpoint: Option<String> = "endpoint" / "endpoint",
        /// STS endpoint to use with `roleArn`, without a scheme. Option `sts_endpoint`.
        #[serde(default)]
        sts_endpoint: Option<String> = "sts_endpoint" / "stsEndpoint",
        /// Whether a failed request is tried again at once. Absent: true. Option
        /// `auto_retry_requests`.
        #[serde(default)]
        auto_retry_requests: Option<bool> = "auto_retry_requests" / "autoRetryRequests",
        /// Profile in the credentials file of the image, for images that bring one.
        #[serde(default)]
        profile: Option<String> = "profile" / "profile",
    }
}

destination_block! {
    /// Amazon Kinesis Data Streams.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/kinesis>
    KinesisStreams is "kinesis_streams" {
        /// AWS region. Absent: the region of the target.
        #[serde(default)]
        #[schemars(regex(pattern = r"^[a-z]{2,}(-[a-z0-9]+)+-[0-9]+$"))]
        region: Option<String> = "region" / "region",
        /// Name of the stream.
        stream: String = "stream" / "stream",
        /// Field to add with the time of the record. Absent: none. Option `time_key`.
        #[serde(default)]
        time_key: Option<String> = "time_key" / "timeKey",
        /// How that time is written, in `strftime` form. Option `time_key_format`.
        #[serde(default)]
        time_key_format: Option<String> = "time_key_format" / "timeKeyFormat",
        /// Send only the value of this field. Absent: the whole record. Option `log_key`.
        #[serde(default)]
        log_key: Option<String> = "log_key" / "logKey",
        /// Compression of each record, for Fluent Bit 5.1 and later. Absent: none.
        #[serde(default)]
        compression: Option<String> = "compression" / "compression",
        /// Whether small records are joined into one. Absent: false. Option
        /// `simple_aggregation`.
        #[serde(default)]
        simple_aggregation: Option<bool> = "simple_aggregation" / "simpleAggregation",
        /// ARN of a role to assume for sending, for another account (`role_arn`).
        #[serde(default)]
        role_arn: Option<String> = "role_arn" / "roleArn",
        /// External id that the trust policy of that role asks for (`external_id`).
        #[serde(default, deserialize_with = "crate::v1alpha1::serde_util::blank_as_none")]
        external_id: Option<String> = "external_id" / "externalId",
        /// Endpoint of the service to use instead of the public one, such as a VPC endpoint,
        /// without a scheme.
        #[serde(default)]
        endpoint: Option<String> = "endpoint" / "endpoint",
        /// STS endpoint to use with `roleArn`, without a scheme. Option `sts_endpoint`.
        #[serde(default)]
        sts_endpoint: Option<String> = "sts_endpoint" / "stsEndpoint",
        /// Whether a failed request is tried again at once. Absent: true. Option
        /// `auto_retry_requests`.
        #[serde(default)]
        auto_retry_requests: Option<bool> = "auto_retry_requests" / "autoRetryRequests",
        /// Profile in the credentials file of the image, for images that bring one.
        #[serde(default)]
        profile: Option<String> = "profile" / "profile",
    }
    beside {
        /// ARN of the customer managed KMS key that encrypts the stream; adds `kms:GenerateDataKey` to the task role. Absent:
        /// no key of your own.
        #[serde(rename = "kmsKeyArn", default, skip_serializing_if = "Option::is_none")]
        #[schemars(regex(pattern = r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$"))]
        kms_key_arn: Option<String>,
    }
}

destination_block! {
    /// Amazon S3.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/s3>
    S3 is "s3" {
        /// Name of the bucket.
        #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
        bucket: String = "bucket" / "bucket",
        /// AWS region. Absent: the region of the target.
        #[serde(default)]
        #[schemars(regex(pattern = r"^[a-z]{2,}(-[a-z0-9]+)+-[0-9]+$"))]
        region: Option<String> = "region" / "region",
        /// Key of each object, with `$TAG`, `$UUID` and `strftime` parts. Absent:
        /// /fluent-bit-logs/$TAG/%Y/%m/%d/%H/%M/%S. Option `s3_key_format`.
        #[serde(default)]
        s3_key_format: Option<String> = "s3_key_format" / "s3KeyFormat",
        /// Characters that part the tag for `$TAG[n]`. Absent: . Option
        /// `s3_key_format_tag_delimiters`.
        #[serde(default)]
        s3_key_format_tag_delimiters: Option<String> = "s3_key_format_tag_delimiters" / "s3KeyFormatTagDelimiters",
        /// Whether keys get no unique suffix. Absent: false. Option `static_file_path`.
        #[serde(default)]
        static_file_path: Option<bool> = "static_file_path" / "staticFilePath",
        /// Size of the objects, such as `50M`. Absent: 100M. Option `total_file_size`.
        #[serde(default)]
        total_file_size: Option<String> = "total_file_size" / "totalFileSize",
        /// Size of each part of a multipart upload, 5M to 50M. Option `upload_chunk_size`.
        #[serde(default)]
        upload_chunk_size: Option<String> = "upload_chunk_size" / "uploadChunkSize",
        /// Upload after this time even when the object is small, such as `10m`. Option
        /// `upload_timeout`.
        #[serde(default)]
        upload_timeout: Option<String> = "upload_timeout" / "uploadTimeout",
        /// Whether objects are sent in one request instead of a multipart upload. Absent:
        /// false. Option `use_put_object`.
        #[serde(default)]
        use_put_object: Option<bool> = "use_put_object" / "usePutObject",
        /// Compression of the objects: gzip, zstd, snappy, arrow or parquet. Absent: none.
        #[serde(default)]
        compression: Option<String> = "compression" / "compression",
        /// Content type of the objects. Option `content_type`.
        #[serde(default)]
        content_type: Option<String> = "content_type" / "contentType",
        /// Storage class of the objects, such as STANDARD_IA. Absent: the bucket's. Option
        /// `storage_class`.
        #[serde(default)]
        storage_class: Option<String> = "storage_class" / "storageClass",
        /// Canned ACL of the objects; adds `s3:PutObjectAcl`. Option `canned_acl`.
        #[serde(default)]
        canned_acl: Option<String> = "canned_acl" / "cannedAcl",
        /// Whether uploads carry an MD5, as object lock wants it. Absent: false. Option
        /// `send_content_md5`.
        #[serde(default)]
        send_content_md5: Option<bool> = "send_content_md5" / "sendContentMd5",
        /// Write only the value of this field. Absent: the whole record. Option `log_key`.
        #[serde(default)]
        log_key: Option<String> = "log_key" / "logKey",
        /// Field for the time of the record. Absent: date; `false` for none. Option
        /// `json_date_key`.
        #[serde(default)]
        json_date_key: Option<String> = "json_date_key" / "jsonDateKey",
        /// How that time is written: double, epoch, epoch_ms, iso8601, java_sql_timestamp.
        /// Option `json_date_format`.
        #[serde(default)]
        json_date_format: Option<String> = "json_date_format" / "jsonDateFormat",
        /// Whether order is kept when an upload fails. Absent: true. Option
        /// `preserve_data_ordering`.
        #[serde(default)]
        preserve_data_ordering: Option<bool> = "preserve_data_ordering" / "preserveDataOrdering",
        /// Directory in the router for what is not yet sent. Absent: /tmp/fluent-bit/s3. Option
        /// `store_dir`.
        #[serde(default)]
        store_dir: Option<String> = "store_dir" / "storeDir",
        /// Limit of that directory, such as `1G`. Option `store_dir_limit_size`.
        #[serde(default)]
        store_dir_limit_size: Option<String> = "store_dir_limit_size" / "storeDirLimitSize",
        /// ARN of a role to assume for sending, for another account (`role_arn`).
        #[serde(default)]
        role_arn: Option<String> = "role_arn" / "roleArn",
        /// External id that the trust policy of that role asks for (`external_id`).
        #[serde(default, deserialize_with = "crate::v1alpha1::serde_util::blank_as_none")]
        external_id: Option<String> = "external_id" / "externalId",
        /// Endpoint of the service to use instead of the public one, such as a VPC endpoint,
        /// without a scheme.
        #[serde(default)]
        endpoint: Option<String> = "endpoint" / "endpoint",
        /// STS endpoint to use with `roleArn`, without a scheme. Option `sts_endpoint`.
        #[serde(default)]
        sts_endpoint: Option<String> = "sts_endpoint" / "stsEndpoint",
        /// Whether a failed request is tried again at once. Absent: true. Option
        /// `auto_retry_requests`.
        #[serde(default)]
        auto_retry_requests: Option<bool> = "auto_retry_requests" / "autoRetryRequests",
        /// Profile in the credentials file of the image, for images that bring one.
        #[serde(default)]
        profile: Option<String> = "profile" / "profile",
        /// What objects hold: json_lines (absent), otlp_json or parquet. For Fluent Bit 5.1 and
        /// later.
        #[serde(default)]
        format: Option<String> = "format" / "format",
        /// What happens to data that was tried often enough: quarantine (absent) or delete. For
        /// Fluent Bit 5.1 and later. Option `retry_exhausted_action`.
        #[serde(default)]
        retry_exhausted_action: Option<String> = "retry_exhausted_action" / "retryExhaustedAction",
        /// Limit of the directory for such data, such as `100M`, for Fluent Bit 5.1 and later.
        /// Absent: none. Option `quarantine_dir_limit_size`.
        #[serde(default)]
        quarantine_dir_limit_size: Option<String> = "quarantine_dir_limit_size" / "quarantineDirLimitSize",
    }
    beside {
        /// ARN of the customer managed KMS key that encrypts the bucket; adds `kms:GenerateDataKey` and
        /// `kms:Decrypt` to the task role. Absent:
        /// no key of your own.
        #[serde(rename = "kmsKeyArn", default, skip_serializing_if = "Option::is_none")]
        #[schemars(regex(pattern = r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$"))]
        kms_key_arn: Option<String>,
    }
}
