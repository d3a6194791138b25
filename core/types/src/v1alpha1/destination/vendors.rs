//! The vendors with a plugin of their own: Datadog, Splunk, New Relic, Loki.
//!
//! These are types; permissions and rendering are in `outputs` and `iam`.

use super::block::destination_block;

destination_block! {
    /// Datadog. The API key goes into `secretOptions` as `apikey`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/datadog>
    Datadog over network is "datadog" {
        /// Intake host; excludes `site`. Absent: that of `site`, else
        /// http-intake.logs.datadoghq.com
        #[serde(default)]
        host: Option<String> = "host" / "host",
        /// Port. Absent: 443 with TLS.
        #[serde(default)]
        #[schemars(range(min = 1, max = 65535))]
        port: Option<u32> = "port" / "port",
        /// Whether the connection is encrypted. Absent: it is.
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
        /// Service in Datadog; absent: the task definition family, when `provider` is ecs.
        /// Option `dd_service`.
        #[serde(default)]
        dd_service: Option<String> = "dd_service" / "ddService",
        /// Source in Datadog, which picks its pipeline. Option `dd_source`.
        #[serde(default)]
        dd_source: Option<String> = "dd_source" / "ddSource",
        /// Tags, such as `env:prod,team:payments`. Option `dd_tags`.
        #[serde(default)]
        dd_tags: Option<String> = "dd_tags" / "ddTags",
        /// Host name in Datadog. Option `dd_hostname`.
        #[serde(default)]
        dd_hostname: Option<String> = "dd_hostname" / "ddHostname",
        /// Field that becomes the message. Absent: log. Option `dd_message_key`.
        #[serde(default)]
        dd_message_key: Option<String> = "dd_message_key" / "ddMessageKey",
        /// `ecs`: take service and tags from the ECS metadata.
        #[serde(default)]
        provider: Option<String> = "provider" / "provider",
        /// Field for the time of the record. Absent: timestamp. Option `json_date_key`.
        #[serde(default)]
        json_date_key: Option<String> = "json_date_key" / "jsonDateKey",
        /// Whether the tag is added to the record. Absent: false. Option `include_tag_key`.
        #[serde(default)]
        include_tag_key: Option<bool> = "include_tag_key" / "includeTagKey",
        /// Field for the tag. Absent: tagkey. Option `tag_key`.
        #[serde(default)]
        tag_key: Option<String> = "tag_key" / "tagKey",
        /// Headers to add, name and value, such as `X-Source ecs`; not secret.
        #[serde(default)]
        header: Vec<String> = "header" / "header",
        /// HTTP proxy, such as `http://proxy:3128`.
        #[serde(default)]
        proxy: Option<String> = "proxy" / "proxy",
        /// Compression of requests: gzip. Absent: none.
        #[serde(default)]
        compress: Option<String> = "compress" / "compress",

    }
    beside {
        /// Your Datadog site; excludes `host`. Absent: US1.
        /// <https://docs.datadoghq.com/getting_started/site/>
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(extend("enum" = ["US1", "US3", "US5", "EU1", "AP1", "AP2", "GOV"]))]
        site: Option<String>,
    }
}

destination_block! {
    /// Splunk, through its HTTP Event Collector. The token goes into `secretOptions` as
    /// `splunk_token`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/splunk>
    Splunk over network is "splunk" {
        /// Host name of the collector.
        host: String = "host" / "host",
        /// Port. Absent: 8088.
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
        /// Whether the record itself is the event, with the fields given below in it. Absent:
        /// false. Option `splunk_send_raw`.
        #[serde(default)]
        splunk_send_raw: Option<bool> = "splunk_send_raw" / "splunkSendRaw",
        /// Send only the value of this field, such as `$log`. Option `event_key`.
        #[serde(default)]
        event_key: Option<String> = "event_key" / "eventKey",
        /// Host of the event: a value or `$field`. Option `event_host`.
        #[serde(default)]
        event_host: Option<String> = "event_host" / "eventHost",
        /// Source of the event: a value or `$field`. Option `event_source`.
        #[serde(default)]
        event_source: Option<String> = "event_source" / "eventSource",
        /// Sourcetype of the event. Option `event_sourcetype`.
        #[serde(default)]
        event_sourcetype: Option<String> = "event_sourcetype" / "eventSourcetype",
        /// Field that holds the sourcetype. Option `event_sourcetype_key`.
        #[serde(default)]
        event_sourcetype_key: Option<String> = "event_sourcetype_key" / "eventSourcetypeKey",
        /// Index of the event. Option `event_index`.
        #[serde(default)]
        event_index: Option<String> = "event_index" / "eventIndex",
        /// Field that holds the index. Option `event_index_key`.
        #[serde(default)]
        event_index_key: Option<String> = "event_index_key" / "eventIndexKey",
        /// Further event fields, name and field, such as `task $ecs_task_arn`. Option
        /// `event_field`.
        #[serde(default)]
        event_field: Vec<String> = "event_field" / "eventField",
        /// Channel (GUID) for collectors with acknowledgement.
        #[serde(default)]
        channel: Option<String> = "channel" / "channel",
        /// Largest answer that is read, such as `2M`. Option `http_buffer_size`.
        #[serde(default)]
        http_buffer_size: Option<String> = "http_buffer_size" / "httpBufferSize",
        /// Whether refused requests are logged by the router. Absent: false. Option
        /// `http_debug_bad_request`.
        #[serde(default)]
        http_debug_bad_request: Option<bool> = "http_debug_bad_request" / "httpDebugBadRequest",
        /// Compression of requests: gzip. Absent: none.
        #[serde(default)]
        compress: Option<String> = "compress" / "compress",
        /// Whether Splunk reads the time from the event itself, for Fluent Bit 5.1 and later. Absent:
        /// false. Option `auto_extract_timestamp`.
        #[serde(default)]
        auto_extract_timestamp: Option<bool> = "auto_extract_timestamp" / "autoExtractTimestamp",
    }
}

destination_block! {
    /// New Relic. The key goes into `secretOptions` as `license_key` or `api_key`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/new-relic>
    NewRelic is "nrlogs" {
        /// Log API; excludes `region`. Absent: that of `region`, else
        /// <https://log-api.newrelic.com/log/v1>. Option `base_uri`.
        #[serde(default)]
        base_uri: Option<String> = "base_uri" / "baseUri",
        /// Compression of requests: gzip (absent) or false.
        #[serde(default)]
        compress: Option<String> = "compress" / "compress",

    }
    beside {
        /// Region of your account: US (absent) or EU; excludes `baseUri`.
        /// <https://docs.newrelic.com/docs/logs/log-api/introduction-log-api/>
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(extend("enum" = ["US", "EU"]))]
        region: Option<String>,
    }
}

destination_block! {
    /// Grafana Loki. Secrets: `http_passwd`, `bearer_token`.
    /// <https://docs.fluentbit.io/manual/data-pipeline/outputs/loki>
    Loki over network is "loki" {
        /// Host name of the server.
        host: String = "host" / "host",
        /// Port. Absent: 3100; Grafana Cloud listens on 443.
        #[serde(default)]
        #[schemars(range(min = 1, max = 65535))]
        port: Option<u32> = "port" / "port",
        /// Path of the API. Absent: /loki/api/v1/push
        #[serde(default)]
        uri: Option<String> = "uri" / "uri",
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
        /// Tenant of a multi-tenant server. Option `tenant_id`.
        #[serde(default)]
        tenant_id: Option<String> = "tenant_id" / "tenantId",
        /// Field that holds the tenant. Option `tenant_id_key`.
        #[serde(default)]
        tenant_id_key: Option<String> = "tenant_id_key" / "tenantIdKey",
        /// Labels of the stream, such as `job=ecs, cluster=$ecs_cluster`.
        #[serde(default)]
        labels: Option<String> = "labels" / "labels",
        /// Fields that become labels, such as `$container_name,$ecs_task_definition`. Option
        /// `label_keys`.
        #[serde(default)]
        label_keys: Option<String> = "label_keys" / "labelKeys",
        /// Path of a label map inside the router image. Option `label_map_path`.
        #[serde(default)]
        label_map_path: Option<String> = "label_map_path" / "labelMapPath",
        /// Structured metadata, such as `task=$ecs_task_arn`. Option `structured_metadata`.
        #[serde(default)]
        structured_metadata: Option<String> = "structured_metadata" / "structuredMetadata",
        /// Fields to remove after labels were made. Option `remove_keys`.
        #[serde(default)]
        remove_keys: Option<String> = "remove_keys" / "removeKeys",
        /// on, raw or off: send the value alone when one field is left. Option
        /// `drop_single_key`.
        #[serde(default)]
        drop_single_key: Option<String> = "drop_single_key" / "dropSingleKey",
        /// json (absent) or key_value. Option `line_format`.
        #[serde(default)]
        line_format: Option<String> = "line_format" / "lineFormat",
        /// Headers to add, name and value; not secret.
        #[serde(default)]
        header: Vec<String> = "header" / "header",
        /// Largest answer that is read. Absent: 512KB. Option `buffer_size`.
        #[serde(default)]
        buffer_size: Option<String> = "buffer_size" / "bufferSize",
        /// Compression of requests: gzip. Absent: none.
        #[serde(default)]
        compress: Option<String> = "compress" / "compress",
        /// Fields whose maps become structured metadata, such as `$ecs`. Option
        /// `structured_metadata_map_keys`.
        #[serde(default)]
        structured_metadata_map_keys: Option<String> = "structured_metadata_map_keys" / "structuredMetadataMapKeys",
        /// What happens when only some records have the field of `tenantIdKey`: partial_success
        /// (absent) or partial_error. For Fluent Bit 5.1 and later. Option
        /// `tenant_id_key_error_handling`.
        #[serde(default)]
        tenant_id_key_error_handling: Option<String> = "tenant_id_key_error_handling" / "tenantIdKeyErrorHandling",
        /// Whether Kubernetes labels of a record become labels. Absent: false; records of ECS have
        /// none. Option `auto_kubernetes_labels`.
        #[serde(default)]
        auto_kubernetes_labels: Option<bool> = "auto_kubernetes_labels" / "autoKubernetesLabels",
    }
}
