//! Destinations with traps of their own: search engines, Kafka, HTTP, OTLP, Loki, Datadog.
//!
//! Options that have no trap are checked by the catalogue.

use super::aws::check_metadata;
use super::output::Output;
use super::{Code, Findings};
use crate::catalogue::FluentBitVersion;

/// Options with few words: plugin (empty: any), option, words.
const WORDS: [(&str, &str, &[&str]); 14] = [
    ("cloudwatch_logs", "log_format", &["json/emf"]),
    (
        "cloudwatch_logs",
        "log_group_class",
        &["STANDARD", "INFREQUENT_ACCESS"],
    ),
    ("datadog", "compress", &["gzip", "false", "off", "none"]),
    ("splunk", "compress", &["gzip", "false", "off", "none"]),
    ("loki", "compress", &["gzip", "false", "off", "none"]),
    ("loki", "line_format", &["json", "key_value"]),
    (
        "loki",
        "drop_single_key",
        &["raw", "on", "off", "true", "false", "yes", "no"],
    ),
    ("nrlogs", "compress", &["gzip", "false", "off", "none"]),
    (
        "http",
        "format",
        &["msgpack", "json", "json_stream", "json_lines", "gelf"],
    ),
    ("http", "http_method", &["POST", "PUT"]),
    (
        "http",
        "compress",
        &["gzip", "snappy", "zstd", "false", "off", "none"],
    ),
    (
        "opentelemetry",
        "compress",
        &["gzip", "snappy", "zstd", "false", "off", "none"],
    ),
    (
        "opensearch",
        "write_operation",
        &["create", "index", "update", "upsert"],
    ),
    (
        "es",
        "write_operation",
        &["create", "index", "update", "upsert"],
    ),
];
/// Ports of Amazon MSK that speak TLS: TLS, SASL/SCRAM, IAM, and their public twins.
/// <https://docs.aws.amazon.com/msk/latest/developerguide/port-info.html>
const MSK_TLS_PORTS: [&str; 6] = ["9094", "9096", "9098", "9194", "9196", "9198"];
/// Fields that differ for each task or line.
const PER_TASK: [&str; 5] = [
    "ecs_task_arn",
    "container_id",
    "ec2_instance_id",
    "log",
    "task_id",
];

/// Checks what is special about a plugin.
pub(super) fn check_output(
    output: &Output,
    metadata: bool,
    version: FluentBitVersion,
    findings: &mut Findings,
) {
    check_words(output, version, findings);
    match output.plugin.to_ascii_lowercase().as_str() {
        "es" | "opensearch" => check_search(output, findings),
        "kafka" => check_kafka(output, findings),
        "http" => check_http(output, findings),
        "opentelemetry" => check_otlp(output, findings),
        "loki" => check_loki(output, metadata, findings),
        "datadog" => check_datadog(output, findings),
        _ => {}
    }
}

fn check_words(output: &Output, version: FluentBitVersion, findings: &mut Findings) {
    for (plugin, option, words) in WORDS {
        let Some(value) = output.value(option).filter(|value| !value.contains("${")) else {
            continue;
        };
        if option == "log_group_class" && may_be_essentials(output, value, version) {
            continue;
        }
        if output.is_plugin(&[plugin]) && !words.iter().any(|word| word.eq_ignore_ascii_case(value))
        {
            let shown = super::options::shown(option, value);
            let message = format!(
                "{option} is {shown}; supported values: {}",
                words.join(", ")
            );
            findings.add(Code::OptionValueUnknown, output.field(option), message);
        }
    }
}

/// CloudWatch Logs has a class that no known Fluent Bit takes; the plugin looks at the class only where it makes the
/// group itself.
/// <https://github.com/fluent/fluent-bit/blob/v5.1.1/plugins/out_cloudwatch_logs/cloudwatch_logs.c>
fn may_be_essentials(output: &Output, value: &str, version: FluentBitVersion) -> bool {
    value == "ESSENTIALS" && (!version.is_known() || !output.is_on("auto_create_group"))
}

fn check_search(output: &Output, findings: &mut Findings) {
    let host = output.value("host").unwrap_or_default();
    let serverless = host.contains(".aoss.") && host.contains("amazonaws.com");
    let hosted = serverless || host.contains(".es.amazonaws.com") || host.contains(".aos.");
    if hosted && !output.is_on("aws_auth") && !output.has("http_user") {
        let message = "the endpoint requires signed requests, but awsAuth is off";
        findings.add(Code::AwsAuthMissing, &output.at, message);
    }
    if serverless {
        if output.is_on("aws_auth") && output.value("aws_service_name") != Some("aoss") {
            let message = "requests to a collection must be signed for aoss";
            let field = output.field("aws_service_name");
            findings.add(Code::ServerlessServiceName, field, message);
        }
        for option in ["generate_id", "id_key"] {
            if output.is_on(option) || (option == "id_key" && output.has(option)) {
                let message = format!(
                    "{option} gives documents an ID, which a collection for time series rejects"
                );
                findings.add(Code::ServerlessDocumentId, output.field(option), message);
            }
        }
    }
    let modern = hosted || output.has("cloud_id") || output.is_plugin(&["opensearch"]);
    if modern && !output.is_on("suppress_type_name") {
        let message = "a document type is sent; OpenSearch 2 and Elasticsearch 8 reject it";
        findings.add(
            Code::TypeNameSent,
            output.field("suppress_type_name"),
            message,
        );
    }
}

fn check_kafka(output: &Output, findings: &mut Findings) {
    let brokers = output
        .value("brokers")
        .filter(|value| !value.contains("${"));
    let field = output.field("brokers");
    let mut tls = false;
    for broker in brokers
        .iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
    {
        let (host, port) = broker.rsplit_once(':').unwrap_or((broker, ""));
        let good =
            !host.is_empty() && !host.contains(['/', ' ', ':']) && port.parse::<u16>().is_ok();
        if !good {
            let message = format!("{broker:?} is not HOST:PORT");
            findings.add(Code::KafkaBrokerInvalid, &field, message);
        }
        tls |= MSK_TLS_PORTS.contains(&port) && host.contains("amazonaws.com");
    }
    let protocol = output
        .value("rdkafka.security.protocol")
        .unwrap_or("plaintext");
    let encrypted = protocol.to_ascii_lowercase().ends_with("ssl") || protocol.contains("${");
    if tls && !encrypted && !output.is_on("aws_msk_iam") {
        let message =
            "the port of the brokers expects TLS, but rdkafka.security.protocol is plaintext";
        findings.add(Code::KafkaProtocolMismatch, &field, message);
    }
}

fn check_http(output: &Output, findings: &mut Findings) {
    if !output.has("format") {
        let message = "format is not set: records are sent as msgpack";
        findings.add(Code::HttpFormatMsgpack, &output.at, message);
    }
}

fn check_otlp(output: &Output, findings: &mut Findings) {
    let grpc = output.is_on("grpc");
    let wrong = match output.value("port") {
        Some("4317") => !grpc,
        Some("4318") => grpc,
        _ => false,
    };
    if wrong {
        let message = format!(
            "grpc is {}, but the port is that of the other protocol",
            if grpc { "on" } else { "off" }
        );
        findings.add(Code::OtlpPortMismatch, output.field("port"), message);
    }
}

fn check_loki(output: &Output, metadata: bool, findings: &mut Findings) {
    for option in ["labels", "label_keys"] {
        check_metadata(output, option, metadata, findings);
        let value = output.value(option).unwrap_or_default();
        let mut words = value.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$'));
        let per_task = words.find_map(|word| {
            let field = word.strip_prefix('$')?;
            PER_TASK.contains(&field).then_some(field)
        });
        if let Some(field) = per_task {
            let message = format!("{field} has a different value for each task or line");
            findings.add(Code::LabelPerTask, output.field(option), message);
        }
    }
}

fn check_datadog(output: &Output, findings: &mut Findings) {
    let Some(host) = output.value("host").filter(|host| !host.contains("${")) else {
        return;
    };
    let vendor = host.contains("datadoghq") || host.contains("ddog-gov");
    if vendor && !host.contains("intake.logs.") {
        let message =
            format!("{host:?} is not an intake for logs; it must start with http-intake.logs.");
        findings.add(Code::IntakeHostUnknown, output.field("host"), message);
    }
}
