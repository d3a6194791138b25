//! Options that are set when the user is silent: the region of the target, and encryption where
//! plain text would never be what was meant.
//!
//! A given option is not overridden, whether it came typed, in `options` or as a secret.

use super::OutputScope;
use super::compile::Options;
use firelens_types::v1alpha1::Destination;

/// Adds the defaults of a plugin.
///
/// - `region` of the AWS plugins, and `aws_region` where requests are signed: the workload's.
/// - Hosted endpoints that speak TLS on 443 only (Amazon OpenSearch Service and Serverless, an
///   Elastic Cloud id, a signed search endpoint): `port 443` and `tls On`.
/// - The intake of a Datadog `site`, the log API of a New Relic `region`.
/// - `tls On` for Datadog and Splunk Cloud, and for every output whose port is 443. Fluent Bit's own default is
///   `Off` and would send plain text to a TLS port.
pub(super) fn apply(
    destination: Destination<'_>,
    options: &mut Options<'_>,
    scope: &OutputScope<'_>,
) {
    if let Some((option, value)) = place_of(destination) {
        options.set_default(option, value);
    }
    match options.plugin() {
        "cloudwatch_logs" | "kinesis_firehose" | "kinesis_streams" | "s3" => {
            options.set_default("region", scope.region);
        }
        "opensearch" | "es" => search(options, scope),
        "http" | "opentelemetry" if options.is_on("aws_auth") => {
            options.set_default("aws_region", scope.region);
            tls_on_443(options);
        }
        "datadog" => options.set_default("tls", "On"),
        "splunk" if options.value("host").is_some_and(is_splunk_cloud) => {
            options.set_default("tls", "On");
        }
        "http" | "opentelemetry" | "splunk" | "loki" | "forward" => tls_on_443(options),
        _ => {}
    }
}

/// The endpoint that a site or region of a vendor stands for.
pub(super) fn place_of(destination: Destination<'_>) -> Option<(&'static str, &'static str)> {
    let (option, places, place): (_, &[(&str, &str)], _) = match destination {
        Destination::Datadog(block) => ("host", &DATADOG_SITES, block.site.as_deref()),
        Destination::NewRelic(block) => ("base_uri", &NEW_RELIC_REGIONS, block.region.as_deref()),
        _ => return None,
    };
    let (_, endpoint) = places.iter().find(|(name, _)| Some(*name) == place)?;
    Some((option, endpoint))
}

/// <https://docs.datadoghq.com/logs/log_collection/?tab=host#logging-endpoints>
const DATADOG_SITES: [(&str, &str); 7] = [
    ("US1", "http-intake.logs.datadoghq.com"),
    ("US3", "http-intake.logs.us3.datadoghq.com"),
    ("US5", "http-intake.logs.us5.datadoghq.com"),
    ("EU1", "http-intake.logs.datadoghq.eu"),
    ("AP1", "http-intake.logs.ap1.datadoghq.com"),
    ("AP2", "http-intake.logs.ap2.datadoghq.com"),
    ("GOV", "http-intake.logs.ddog-gov.com"),
];

/// <https://docs.newrelic.com/docs/logs/log-api/introduction-log-api/>
const NEW_RELIC_REGIONS: [(&str, &str); 2] = [
    ("US", "https://log-api.newrelic.com/log/v1"),
    ("EU", "https://log-api.eu.newrelic.com/log/v1"),
];

fn search(options: &mut Options<'_>, scope: &OutputScope<'_>) {
    let serverless = options.value("host").is_some_and(is_serverless);
    let signed = options.is_on("aws_auth");
    if signed {
        options.set_default("aws_region", scope.region);
    }
    if signed && serverless {
        options.set_default("aws_service_name", "aoss");
    }
    let hosted = options.value("host").is_some_and(is_aws_search) || signed;
    if hosted {
        options.set_default("port", "443");
    }
    if options.has("cloud_id") {
        options.set_default("tls", "On");
    }
    tls_on_443(options);
}

fn tls_on_443(options: &mut Options<'_>) {
    if options.value("port") == Some("443") {
        options.set_default("tls", "On");
    }
}

/// `inputs.NAME.splunkcloud.com`, `http-inputs-NAME.splunkcloud.com`.
pub(super) fn is_splunk_cloud(host: &str) -> bool {
    host.ends_with(".splunkcloud.com")
}

/// Endpoints of Amazon OpenSearch Service and Serverless.
/// <https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createupdatedomains.html>
pub(super) fn is_aws_search(host: &str) -> bool {
    let service = [".es.", ".aos.", ".aoss."].iter().any(|s| host.contains(s));
    service
        && [".amazonaws.com", ".amazonaws.com.cn", ".on.aws"]
            .iter()
            .any(|s| host.ends_with(s))
}

/// `ID.REGION.aoss.amazonaws.com`.
pub(super) fn is_serverless(host: &str) -> bool {
    is_aws_search(host) && host.contains(".aoss.")
}
