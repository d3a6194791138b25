//! The open protocols: OTLP, HTTP, Kafka, Fluent forward.
//!
//! Types only: permissions and rendering are in `outputs` and `iam`.

use super::block::destination_block;

destination_block! {
    /// Any OTLP endpoint, over HTTP or gRPC. Needs aws-for-fluent-bit 3 or later. A secret
    /// header goes into `secretOptions` as `header`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/opentelemetry>
    OpenTelemetry is "opentelemetry" {
        /// Host name of the endpoint.
        host: String = "host" / "host",
        /// Port. Absent: 80; OTLP over HTTP is usually 4318, gRPC 4317.
        #[serde(default)]
        #[schemars(range(min = 1, max = 65535))]
        port: Option<u32> = "port" / "port",
        /// Whether the connection is encrypted. Absent: it is not.
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
    }
}

destination_block! {
    /// Any HTTP endpoint. Secrets: `http_passwd`, `header`, `uri` (for keys in the path).
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/http>
    Http is "http" {
        /// Host name of the endpoint.
        host: String = "host" / "host",
        /// Port. Absent: 80.
        #[serde(default)]
        #[schemars(range(min = 1, max = 65535))]
        port: Option<u32> = "port" / "port",
        /// Path of requests. Absent: /; a path with a key in it goes into `secretOptions`
        /// instead.
        #[serde(default)]
        uri: Option<String> = "uri" / "uri",
        /// Whether the connection is encrypted. Absent: it is not.
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
        /// POST (absent) or PUT. Option `http_method`.
        #[serde(default)]
        http_method: Option<String> = "http_method" / "httpMethod",
        /// json (absent), json_lines, json_stream, msgpack or gelf.
        #[serde(default)]
        format: Option<String> = "format" / "format",
        /// Headers to add, name and value; not secret.
        #[serde(default)]
        header: Vec<String> = "header" / "header",
        /// Header that carries the tag. Option `header_tag`.
        #[serde(default)]
        header_tag: Option<String> = "header_tag" / "headerTag",
        /// Field for the time of the record. Absent: date; `false` for none. Option
        /// `json_date_key`.
        #[serde(default)]
        json_date_key: Option<String> = "json_date_key" / "jsonDateKey",
        /// How that time is written: double, epoch, epoch_ms, iso8601, java_sql_timestamp.
        /// Option `json_date_format`.
        #[serde(default)]
        json_date_format: Option<String> = "json_date_format" / "jsonDateFormat",
        /// Field that becomes the whole body, such as `$log`. Option `body_key`.
        #[serde(default)]
        body_key: Option<String> = "body_key" / "bodyKey",
        /// Field whose entries become headers; given with `bodyKey`. Option `headers_key`.
        #[serde(default)]
        headers_key: Option<String> = "headers_key" / "headersKey",
        /// Whether a header may be there twice. Absent: true. Option
        /// `allow_duplicated_headers`.
        #[serde(default)]
        allow_duplicated_headers: Option<bool> = "allow_duplicated_headers" / "allowDuplicatedHeaders",
        /// Whether answers are logged by the router. Absent: true. Option
        /// `log_response_payload`.
        #[serde(default)]
        log_response_payload: Option<bool> = "log_response_payload" / "logResponsePayload",
        /// Whether requests are signed with the task role (SigV4). Absent: false. Option
        /// `aws_auth`.
        #[serde(default)]
        aws_auth: Option<bool> = "aws_auth" / "awsAuth",
        /// Service name for signing, such as osis. Option `aws_service`.
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
        /// HTTP proxy, such as `http://proxy:3128`.
        #[serde(default)]
        proxy: Option<String> = "proxy" / "proxy",
        /// Compression of requests: gzip, snappy, zstd. Absent: none.
        #[serde(default)]
        compress: Option<String> = "compress" / "compress",
    }
}

destination_block! {
    /// Apache Kafka or Amazon MSK. Settings of librdkafka go into `options` as `rdkafka.NAME`;
    /// a SASL password goes into `secretOptions` as `rdkafka.sasl.password`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/kafka>
    Kafka is "kafka" {
        /// Brokers, such as `b-1.example:9092,b-2.example:9092`.
        brokers: String = "brokers" / "brokers",
        /// Topics, separated by commas. Absent: fluent-bit.
        #[serde(default)]
        topics: Option<String> = "topics" / "topics",
        /// Field that holds the topic. Option `topic_key`.
        #[serde(default)]
        topic_key: Option<String> = "topic_key" / "topicKey",
        /// Whether a topic from `topicKey` may be one that is not in `topics`. Absent: false.
        /// Option `dynamic_topic`.
        #[serde(default)]
        dynamic_topic: Option<bool> = "dynamic_topic" / "dynamicTopic",
        /// json (absent), msgpack, raw, gelf or avro.
        #[serde(default)]
        format: Option<String> = "format" / "format",
        /// Field to send with format raw. Option `raw_log_key`.
        #[serde(default)]
        raw_log_key: Option<String> = "raw_log_key" / "rawLogKey",
        /// Key of the messages. Option `message_key`.
        #[serde(default)]
        message_key: Option<String> = "message_key" / "messageKey",
        /// Field that holds the key of the message. Option `message_key_field`.
        #[serde(default)]
        message_key_field: Option<String> = "message_key_field" / "messageKeyField",
        /// Field for the time of the record. Absent: @timestamp. Option `timestamp_key`.
        #[serde(default)]
        timestamp_key: Option<String> = "timestamp_key" / "timestampKey",
        /// How that time is written: double, iso8601, iso8601_ns. Option `timestamp_format`.
        #[serde(default)]
        timestamp_format: Option<String> = "timestamp_format" / "timestampFormat",
        /// How often sending is tried again when the queue is full; 0 for ever. Absent: 10.
        /// Option `queue_full_retries`.
        #[serde(default)]
        #[schemars(range(min = 0, max = 1000000))]
        queue_full_retries: Option<u32> = "queue_full_retries" / "queueFullRetries",
        /// Client id towards the brokers. Option `client_id`.
        #[serde(default)]
        client_id: Option<String> = "client_id" / "clientId",
        /// Whether Amazon MSK is entered with the task role. Absent: false. Option
        /// `aws_msk_iam`.
        #[serde(default)]
        aws_msk_iam: Option<bool> = "aws_msk_iam" / "awsMskIam",
        /// ARN of the MSK cluster, for `awsMskIam`. Option `aws_msk_iam_cluster_arn`.
        #[serde(default)]
        aws_msk_iam_cluster_arn: Option<String> = "aws_msk_iam_cluster_arn" / "awsMskIamClusterArn",
    }
}

destination_block! {
    /// Another Fluentd or Fluent Bit. Secrets: `shared_key`, `password`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/forward>
    Forward is "forward" {
        /// Host name of the aggregator. Exactly one of `host`, `upstream` and `unixPath` is
        /// given.
        #[serde(default)]
        host: Option<String> = "host" / "host",
        /// Port. Absent: 24224.
        #[serde(default)]
        #[schemars(range(min = 1, max = 65535))]
        port: Option<u32> = "port" / "port",
        /// Path of an upstream file inside the router image.
        #[serde(default)]
        upstream: Option<String> = "upstream" / "upstream",
        /// Path of a Unix socket inside the router. Option `unix_path`.
        #[serde(default)]
        unix_path: Option<String> = "unix_path" / "unixPath",
        /// Whether the connection is encrypted. Absent: it is not.
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
        /// Tag to send instead of the own one.
        #[serde(default)]
        tag: Option<String> = "tag" / "tag",
        /// Whether the aggregator must acknowledge. Absent: false. Option
        /// `require_ack_response`.
        #[serde(default)]
        require_ack_response: Option<bool> = "require_ack_response" / "requireAckResponse",
        /// Host name given in the handshake. Option `self_hostname`.
        #[serde(default)]
        self_hostname: Option<String> = "self_hostname" / "selfHostname",
        /// User name for an aggregator that asks for one.
        #[serde(default)]
        username: Option<String> = "username" / "username",
        /// Whether the shared key is empty. Absent: false. Option `empty_shared_key`.
        #[serde(default)]
        empty_shared_key: Option<bool> = "empty_shared_key" / "emptySharedKey",
        /// Whether options are always sent. Absent: false. Option `send_options`.
        #[serde(default)]
        send_options: Option<bool> = "send_options" / "sendOptions",
        /// Whether times are whole seconds. Absent: false. Option `time_as_integer`.
        #[serde(default)]
        time_as_integer: Option<bool> = "time_as_integer" / "timeAsInteger",
        /// Compression of requests: gzip. Absent: none.
        #[serde(default)]
        compress: Option<String> = "compress" / "compress",
    }
}
