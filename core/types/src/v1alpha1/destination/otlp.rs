//! Any OTLP endpoint.
//!
//! These are types; permissions and rendering are in `outputs` and `iam`.

use super::block::destination_block;

destination_block! {
    /// Any OTLP endpoint, over HTTP or gRPC. Needs aws-for-fluent-bit 3 or later. A secret
    /// header goes into `secretOptions` as `header`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/opentelemetry>
    OpenTelemetry over network is "opentelemetry" {
        /// Host name of the endpoint.
        host: String = "host" / "host",
        /// Port. Absent: 80; OTLP over HTTP is usually 4318, gRPC 4317.
        #[serde(default)]
        #[schemars(range(min = 1, max = 65535))]
        port: Option<u32> = "port" / "port",
        /// Whether the connection is encrypted. Absent: it is on port 443, else it is not.
        #[serde(default)]
        tls: Option<bool> = "tls" / "tls",
        /// Whether the certificate of the server is checked. Absent: it is. Option
        /// `tls.verify`.
        #[serde(default)]
        tls_verify: Option<bool> = "tls.verify" / "tlsVerify",
        /// Whether the host name in the certificate is checked. Absent: it is not. Option
        /// `tls.verify_hostname`.
        #[serde(default)]
        tls_verify_hostname: Option<bool> = "tls.verify_hostname" / "tlsVerifyHostname",
        /// Host name for TLS SNI. Option `tls.vhost`.
        #[serde(default)]
        tls_vhost: Option<String> = "tls.vhost" / "tlsVhost",
        /// Path of a CA certificate inside the router image. Option `tls.ca_file`.
        #[serde(default)]
        tls_ca_file: Option<String> = "tls.ca_file" / "tlsCaFile",
        /// User for basic authentication; the password goes into `secretOptions` as
        /// `http_passwd`. Option `http_user`.
        #[serde(default)]
        http_user: Option<String> = "http_user" / "httpUser",
        /// Path for logs. Absent: /v1/logs. Option `logs_uri`.
        #[serde(default)]
        logs_uri: Option<String> = "logs_uri" / "logsUri",
        /// Whether gRPC is used. Absent: false.
        #[serde(default)]
        grpc: Option<bool> = "grpc" / "grpc",
        /// on, off (absent) or force.
        #[serde(default)]
        http2: Option<String> = "http2" / "http2",
        /// Headers to add, name and value; not secret.
        #[serde(default)]
        header: Vec<String> = "header" / "header",
        /// Attributes to add, name and value. Option `add_label`.
        #[serde(default)]
        add_label: Vec<String> = "add_label" / "addLabel",
        /// Field that becomes the body of the log record. Option `logs_body_key`.
        #[serde(default)]
        logs_body_key: Option<String> = "logs_body_key" / "logsBodyKey",
        /// Whether the other fields become attributes. Absent: false. Option
        /// `logs_body_key_attributes`.
        #[serde(default)]
        logs_body_key_attributes: Option<bool> = "logs_body_key_attributes" / "logsBodyKeyAttributes",
        /// Records per request. Absent: 1000. Option `batch_size`.
        #[serde(default)]
        #[schemars(range(min = 1, max = 1000000))]
        batch_size: Option<u32> = "batch_size" / "batchSize",
        /// Whether requests are signed with the task role (SigV4). Absent: false. Option
        /// `aws_auth`.
        #[serde(default)]
        aws_auth: Option<bool> = "aws_auth" / "awsAuth",
        /// Service name for signing. Absent: logs. Option `aws_service`.
        #[serde(default)]
        aws_service: Option<String> = "aws_service" / "awsService",
        /// AWS region for signing. Absent: the region of the target, when `awsAuth` is on.
        /// Option `aws_region`.
        #[serde(default)]
        #[schemars(regex(pattern = r"^[a-z]{2,}(-[a-z0-9]+)+-[0-9]+$"))]
        aws_region: Option<String> = "aws_region" / "awsRegion",
        /// ARN of a role to assume for sending, for another account (`aws_role_arn`).
        #[serde(default)]
        role_arn: Option<String> = "aws_role_arn" / "roleArn",
        /// External id that the trust policy of that role asks for (`aws_external_id`).
        #[serde(default, deserialize_with = "crate::v1alpha1::serde_util::blank_as_none")]
        external_id: Option<String> = "aws_external_id" / "externalId",
        /// STS endpoint to use with `roleArn`. Option `aws_sts_endpoint`.
        #[serde(default)]
        aws_sts_endpoint: Option<String> = "aws_sts_endpoint" / "awsStsEndpoint",
        /// Whether answers are logged by the router. Absent: true. Option
        /// `log_response_payload`.
        #[serde(default)]
        log_response_payload: Option<bool> = "log_response_payload" / "logResponsePayload",
        /// HTTP proxy, such as `http://proxy:3128`.
        #[serde(default)]
        proxy: Option<String> = "proxy" / "proxy",
        /// Compression of requests: gzip, zstd or snappy. Absent: none.
        #[serde(default)]
        compress: Option<String> = "compress" / "compress",
        /// Profile in the credentials file of the image, for images that bring one. Option
        /// `aws_profile`.
        #[serde(default)]
        aws_profile: Option<String> = "aws_profile" / "awsProfile",
        /// Path of the gRPC method for logs. Absent: that of OTLP. Option `grpc_logs_uri`.
        #[serde(default)]
        grpc_logs_uri: Option<String> = "grpc_logs_uri" / "grpcLogsUri",
        /// Field of the record metadata that holds OTLP data. Absent: otlp. Option
        /// `logs_metadata_key`.
        #[serde(default)]
        logs_metadata_key: Option<String> = "logs_metadata_key" / "logsMetadataKey",
        /// Metadata field for the time. Absent: $Timestamp. Option `logs_timestamp_metadata_key`.
        #[serde(default)]
        logs_timestamp_metadata_key: Option<String> = "logs_timestamp_metadata_key" / "logsTimestampMetadataKey",
        /// Metadata field for the time of observation. Absent: $ObservedTimestamp. Option
        /// `logs_observed_timestamp_metadata_key`.
        #[serde(default)]
        logs_observed_timestamp_metadata_key: Option<String> = "logs_observed_timestamp_metadata_key" / "logsObservedTimestampMetadataKey",
        /// Metadata field for the severity text. Absent: $SeverityText. Option
        /// `logs_severity_text_metadata_key`.
        #[serde(default)]
        logs_severity_text_metadata_key: Option<String> = "logs_severity_text_metadata_key" / "logsSeverityTextMetadataKey",
        /// Metadata field for the severity number. Absent: $SeverityNumber. Option
        /// `logs_severity_number_metadata_key`.
        #[serde(default)]
        logs_severity_number_metadata_key: Option<String> = "logs_severity_number_metadata_key" / "logsSeverityNumberMetadataKey",
        /// Field of the record for the severity text. Absent: $SeverityText. Option
        /// `logs_severity_text_message_key`.
        #[serde(default)]
        logs_severity_text_message_key: Option<String> = "logs_severity_text_message_key" / "logsSeverityTextMessageKey",
        /// Field of the record for the severity number. Absent: $SeverityNumber. Option
        /// `logs_severity_number_message_key`.
        #[serde(default)]
        logs_severity_number_message_key: Option<String> = "logs_severity_number_message_key" / "logsSeverityNumberMessageKey",
        /// Metadata field for the trace id. Absent: $TraceId. Option `logs_trace_id_metadata_key`.
        #[serde(default)]
        logs_trace_id_metadata_key: Option<String> = "logs_trace_id_metadata_key" / "logsTraceIdMetadataKey",
        /// Field of the record for the trace id. Absent: $TraceId. Option
        /// `logs_trace_id_message_key`.
        #[serde(default)]
        logs_trace_id_message_key: Option<String> = "logs_trace_id_message_key" / "logsTraceIdMessageKey",
        /// Metadata field for the span id. Absent: $SpanId. Option `logs_span_id_metadata_key`.
        #[serde(default)]
        logs_span_id_metadata_key: Option<String> = "logs_span_id_metadata_key" / "logsSpanIdMetadataKey",
        /// Field of the record for the span id. Absent: $SpanId. Option `logs_span_id_message_key`.
        #[serde(default)]
        logs_span_id_message_key: Option<String> = "logs_span_id_message_key" / "logsSpanIdMessageKey",
        /// Metadata field for the trace flags. Absent: $TraceFlags. Option
        /// `logs_trace_flags_metadata_key`.
        #[serde(default)]
        logs_trace_flags_metadata_key: Option<String> = "logs_trace_flags_metadata_key" / "logsTraceFlagsMetadataKey",
        /// Metadata field for attributes. Absent: $Attributes. Option `logs_attributes_metadata_key`.
        #[serde(default)]
        logs_attributes_metadata_key: Option<String> = "logs_attributes_metadata_key" / "logsAttributesMetadataKey",
        /// Metadata field for the instrumentation scope. Absent: InstrumentationScope. Option
        /// `logs_instrumentation_scope_metadata_key`.
        #[serde(default)]
        logs_instrumentation_scope_metadata_key: Option<String> = "logs_instrumentation_scope_metadata_key" / "logsInstrumentationScopeMetadataKey",
        /// Metadata field for the resource. Absent: Resource. Option `logs_resource_metadata_key`.
        #[serde(default)]
        logs_resource_metadata_key: Option<String> = "logs_resource_metadata_key" / "logsResourceMetadataKey",
        /// Most resources in one request; 0 (absent) for no limit. Option `logs_max_resources`.
        #[serde(default)]
        #[schemars(range(min = 0, max = 1000000))]
        logs_max_resources: Option<u32> = "logs_max_resources" / "logsMaxResources",
        /// Most scopes in one resource; 0 (absent) for no limit. Option `logs_max_scopes`.
        #[serde(default)]
        #[schemars(range(min = 0, max = 1000000))]
        logs_max_scopes: Option<u32> = "logs_max_scopes" / "logsMaxScopes",
    }
}
