//! Message streams: Kafka and the Fluent forward protocol.
//!
//! These are types; permissions and rendering are in `outputs` and `iam`.

use super::block::destination_block;

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
        /// Group id towards the brokers. Option `group_id`.
        #[serde(default)]
        group_id: Option<String> = "group_id" / "groupId",
        /// Field for the time in format gelf. Option `gelf_timestamp_key`.
        #[serde(default)]
        gelf_timestamp_key: Option<String> = "gelf_timestamp_key" / "gelfTimestampKey",
        /// Field for the host in format gelf. Option `gelf_host_key`.
        #[serde(default)]
        gelf_host_key: Option<String> = "gelf_host_key" / "gelfHostKey",
        /// Field for the short message in format gelf. Option `gelf_short_message_key`.
        #[serde(default)]
        gelf_short_message_key: Option<String> = "gelf_short_message_key" / "gelfShortMessageKey",
        /// Field for the full message in format gelf. Option `gelf_full_message_key`.
        #[serde(default)]
        gelf_full_message_key: Option<String> = "gelf_full_message_key" / "gelfFullMessageKey",
        /// Field for the level in format gelf. Option `gelf_level_key`.
        #[serde(default)]
        gelf_level_key: Option<String> = "gelf_level_key" / "gelfLevelKey",
    }
}

destination_block! {
    /// Another Fluentd or Fluent Bit. Secrets: `shared_key`, `password`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/forward>
    Forward over network is "forward" {
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
        /// Whether messages are those that Fluentd takes, without metadata. Absent: false. Option
        /// `fluentd_compat`.
        #[serde(default)]
        fluentd_compat: Option<bool> = "fluentd_compat" / "fluentdCompat",
        /// Whether record metadata is sent. Absent: as the version documents. Option
        /// `retain_metadata_in_forward_mode`.
        #[serde(default)]
        retain_metadata_in_forward_mode: Option<bool> = "retain_metadata_in_forward_mode" / "retainMetadataInForwardMode",
        /// Options to add to each message, name and value. Option `add_option`.
        #[serde(default)]
        add_option: Vec<String> = "add_option" / "addOption",
    }
}
