//! The search engines: OpenSearch and Elasticsearch.
//!
//! These are types; permissions and rendering are in `outputs` and `iam`.

use super::block::destination_block;

/// Declares the block of a search engine: fields of its own, those that both have, and `then` further ones.
/// The plugin `opensearch` began as a copy of `es` and has kept its options.
macro_rules! search_block {
    (
        $(#[$meta:meta])*
        $name:ident is $plugin:literal { $($first:tt)* }
        $(then { $($last:tt)* })?
    ) => {
        destination_block! {
            $(#[$meta])*
            $name over network is $plugin {
                $($first)*
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
                /// Whether requests are signed with the task role (SigV4). Absent: false. Option
                /// `aws_auth`.
                #[serde(default)]
                aws_auth: Option<bool> = "aws_auth" / "awsAuth",
                /// AWS region for signing. Absent: the region of the target, when `awsAuth` is on.
                /// Option `aws_region`.
                #[serde(default)]
                #[schemars(regex(pattern = r"^[a-z]{2,}(-[a-z0-9]+)+-[0-9]+$"))]
                aws_region: Option<String> = "aws_region" / "awsRegion",
                /// Service name for signing: es (absent) or aoss for Serverless. Option
                /// `aws_service_name`.
                #[serde(default)]
                aws_service_name: Option<String> = "aws_service_name" / "awsServiceName",
                /// ARN of a role to assume for sending, for another account (`aws_role_arn`).
                #[serde(default)]
                role_arn: Option<String> = "aws_role_arn" / "roleArn",
                /// External id that the trust policy of that role asks for (`aws_external_id`).
                #[serde(default, deserialize_with = "crate::v1alpha1::serde_util::blank_as_none")]
                external_id: Option<String> = "aws_external_id" / "externalId",
                /// STS endpoint to use with `roleArn`. Option `aws_sts_endpoint`.
                #[serde(default)]
                aws_sts_endpoint: Option<String> = "aws_sts_endpoint" / "awsStsEndpoint",
                /// User for basic authentication; the password goes into `secretOptions` as
                /// `http_passwd`. Option `http_user`.
                #[serde(default)]
                http_user: Option<String> = "http_user" / "httpUser",
                /// Index to write to. Absent: fluent-bit.
                #[serde(default)]
                index: Option<String> = "index" / "index",
                /// Document type, for servers that still have types. Absent: _doc.
                #[serde(default)]
                type_: Option<String> = "type" / "type",
                /// Whether the document type is left out, as OpenSearch 2 and Elasticsearch 8 want it.
                /// Absent: false. Option `suppress_type_name`.
                #[serde(default)]
                suppress_type_name: Option<bool> = "suppress_type_name" / "suppressTypeName",
                /// Path put before every API path.
                #[serde(default)]
                path: Option<String> = "path" / "path",
                /// Ingest pipeline for the records.
                #[serde(default)]
                pipeline: Option<String> = "pipeline" / "pipeline",
                /// Whether index names are `logstashPrefix` and a date. Absent: false. Option
                /// `logstash_format`.
                #[serde(default)]
                logstash_format: Option<bool> = "logstash_format" / "logstashFormat",
                /// First part of such index names. Absent: logstash. Option `logstash_prefix`.
                #[serde(default)]
                logstash_prefix: Option<String> = "logstash_prefix" / "logstashPrefix",
                /// Field that holds the prefix instead. Option `logstash_prefix_key`.
                #[serde(default)]
                logstash_prefix_key: Option<String> = "logstash_prefix_key" / "logstashPrefixKey",
                /// What stands between prefix and date. Absent: -. Option `logstash_prefix_separator`.
                #[serde(default)]
                logstash_prefix_separator: Option<String> = "logstash_prefix_separator" / "logstashPrefixSeparator",
                /// Date in such index names, in `strftime` form. Absent: %Y.%m.%d. Option
                /// `logstash_dateformat`.
                #[serde(default)]
                logstash_dateformat: Option<String> = "logstash_dateformat" / "logstashDateformat",
                /// Field for the time of the record. Absent: @timestamp. Option `time_key`.
                #[serde(default)]
                time_key: Option<String> = "time_key" / "timeKey",
                /// How that time is written, in `strftime` form. Option `time_key_format`.
                #[serde(default)]
                time_key_format: Option<String> = "time_key_format" / "timeKeyFormat",
                /// Whether that time has nanoseconds. Absent: false. Option `time_key_nanos`.
                #[serde(default)]
                time_key_nanos: Option<bool> = "time_key_nanos" / "timeKeyNanos",
                /// Whether the tag is added to the record. Absent: false. Option `include_tag_key`.
                #[serde(default)]
                include_tag_key: Option<bool> = "include_tag_key" / "includeTagKey",
                /// Field for the tag. Option `tag_key`.
                #[serde(default)]
                tag_key: Option<String> = "tag_key" / "tagKey",
                /// Whether documents get an id made from their content, so that a repeated record is
                /// stored once. Absent: false. Option `generate_id`.
                #[serde(default)]
                generate_id: Option<bool> = "generate_id" / "generateId",
                /// Field that holds the id of the document. Option `id_key`.
                #[serde(default)]
                id_key: Option<String> = "id_key" / "idKey",
                /// create (absent), index, update or upsert. Option `write_operation`.
                #[serde(default)]
                write_operation: Option<String> = "write_operation" / "writeOperation",
                /// Whether dots in field names become underscores. Absent: false. Option
                /// `replace_dots`.
                #[serde(default)]
                replace_dots: Option<bool> = "replace_dots" / "replaceDots",
                /// Whether index names use the time of sending. Absent: false. Option
                /// `current_time_index`.
                #[serde(default)]
                current_time_index: Option<bool> = "current_time_index" / "currentTimeIndex",
                /// Largest answer that is read, such as `512k`; `False` for no limit. Option
                /// `buffer_size`.
                #[serde(default)]
                buffer_size: Option<String> = "buffer_size" / "bufferSize",
                /// Whether the router logs answers that are errors. Absent: false. Option
                /// `trace_error`.
                #[serde(default)]
                trace_error: Option<bool> = "trace_error" / "traceError",
                /// Compression of requests: gzip. Absent: none.
                #[serde(default)]
                compress: Option<String> = "compress" / "compress",
                /// Profile in the credentials file of the image, for images that bring one. Option
                /// `aws_profile`.
                #[serde(default)]
                aws_profile: Option<String> = "aws_profile" / "awsProfile",
                /// Whether the router prints every request. Absent: false. Option `trace_output`.
                #[serde(default)]
                trace_output: Option<bool> = "trace_output" / "traceOutput",
                $($($last)*)?
            }
        }
    };
}

search_block! {
    /// OpenSearch, Amazon OpenSearch Service or OpenSearch Serverless.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/opensearch>
    OpenSearch is "opensearch" {
        /// Host name of the domain or collection, without a scheme.
        host: String = "host" / "host",
        /// Port. Absent: 9200; Amazon OpenSearch Service listens on 443.
        #[serde(default)]
        #[schemars(range(min = 1, max = 65535))]
        port: Option<u32> = "port" / "port",
    }
}

search_block! {
    /// Elasticsearch or Elastic Cloud. Exactly one of `host` and `cloudId` is given. Secrets:
    /// `cloud_auth`, `http_passwd`, `http_api_key`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/elasticsearch>
    Elasticsearch is "es" {
        /// Cloud id of an Elastic Cloud deployment. Option `cloud_id`.
        #[serde(default)]
        cloud_id: Option<String> = "cloud_id" / "cloudId",
        /// Host name of the server.
        #[serde(default)]
        host: Option<String> = "host" / "host",
        /// Port. Absent: 9200.
        #[serde(default)]
        #[schemars(range(min = 1, max = 65535))]
        port: Option<u32> = "port" / "port",
    }
    then {
        /// Path of an upstream file inside the router image, for Fluent Bit 5.1 and later. Option
        /// `upstream`.
        #[serde(default)]
        upstream: Option<String> = "upstream" / "upstream",
    }
}
