//! How logs travel: hosts, ports, TLS, and what is sent unencrypted.
//!
//! Names are not resolved: whether a host is public is told from its form.

use super::output::Output;
use super::{Code, Findings};

/// Plugins that talk to HOST and PORT in the clear unless told otherwise.
const CLEAR_BY_DEFAULT: [&str; 15] = [
    "http",
    "splunk",
    "loki",
    "es",
    "opensearch",
    "opentelemetry",
    "datadog",
    "forward",
    "influxdb",
    "kafka-rest",
    "prometheus_remote_write",
    "tcp",
    "syslog",
    "gelf",
    "websocket",
];
/// Options that hold a host.
const HOSTS: [&str; 4] = ["host", "endpoint", "sts_endpoint", "aws_sts_endpoint"];
/// Options that hold a URL.
const URLS: [&str; 2] = ["base_uri", "proxy"];
/// Options that hold a key or a password.
const CREDENTIALS: [&str; 9] = [
    "http_passwd",
    "splunk_token",
    "apikey",
    "api_key",
    "bearer_token",
    "cloud_auth",
    "http_api_key",
    "http_token",
    "header",
];
/// The files that TLS needs.
const TLS_FILES: [&str; 6] = [
    "tls.ca_file",
    "tls.ca_path",
    "tls.crt_file",
    "tls.key_file",
    "tls.vhost",
    "tls.verify_hostname",
];

/// Checks the transport of an output.
pub(super) fn check_output(output: &Output, findings: &mut Findings) {
    check_hosts(output, findings);
    if output.is_off("tls.verify") {
        let message = "the certificate of the server is not verified";
        findings.add(Code::TlsVerifyOff, output.field("tls.verify"), message);
    }
    let base_uri = output.value("base_uri");
    let clear_url = base_uri.and_then(|url| url.strip_prefix("http://"));
    let clear = output.is_plugin(&CLEAR_BY_DEFAULT)
        && !output.is_on("tls")
        && output.value("tls").is_none_or(|tls| !tls.contains("${"));
    if !clear {
        if let Some(rest) = clear_url
            && is_public(rest.split(['/', ':']).next().unwrap_or_default())
        {
            let message = "the address starts with http://, which is not encrypted";
            findings.add(
                Code::PlaintextToPublicHost,
                output.field("base_uri"),
                message,
            );
        }
        return;
    }
    let at = output.field("tls");
    if output.value("port") == Some("443") {
        let message = "port 443 expects TLS, but tls is off";
        findings.add(Code::PlaintextOn443, &at, message);
        return;
    }
    let public = output.value("host").is_some_and(is_public);
    if public {
        let message = format!(
            "logs are sent unencrypted to {}",
            output.value("host").unwrap_or_default()
        );
        findings.add(Code::PlaintextToPublicHost, &at, message);
    }
    let secret = output.given.iter().find(|given| {
        given.value.is_none()
            && CREDENTIALS
                .iter()
                .any(|name| given.name.eq_ignore_ascii_case(name))
    });
    if let Some(given) = secret
        && !output.value("host").is_some_and(is_loopback)
    {
        let message = format!("{} is sent unencrypted", given.name);
        findings.add(Code::PlaintextCredentials, &given.field, message);
    }
    if let Some(name) = TLS_FILES.iter().find(|name| output.has(name)) {
        let message = format!("{name} is set, but tls is off");
        findings.add(Code::TlsOptionsWithoutTls, output.field(name), message);
    }
}

fn check_hosts(output: &Output, findings: &mut Findings) {
    for name in HOSTS {
        for given in output.values(name) {
            let Some(value) = given.value.as_deref().filter(|value| !value.contains("${")) else {
                continue;
            };
            if !is_host(name, value) {
                let message = format!(
                    "{name} is {}, which is not a host name alone",
                    super::options::shown(name, value)
                );
                findings.add(Code::HostNotName, &given.field, message);
            }
        }
    }
    for name in URLS {
        let schemeless = |value: &str| !value.contains("://") && !value.contains("${");
        if output.value(name).is_some_and(schemeless) {
            let message = format!("{name} is a URL, but has no scheme");
            findings.add(Code::HostNotName, output.field(name), message);
        }
    }
}

/// A host alone. Of endpoints Fluent Bit itself takes the scheme off, and S3 the port.
fn is_host(option: &str, value: &str) -> bool {
    if option == "host" {
        return value.parse::<std::net::IpAddr>().is_ok() || !value.contains(['/', ':', ' ']);
    }
    let bare = value
        .strip_prefix("https://")
        .or_else(|| value.strip_prefix("http://"));
    !bare
        .unwrap_or(value)
        .trim_end_matches('/')
        .contains(['/', ' '])
}

/// Whether the name is one of the public internet.
pub(super) fn is_public(host: &str) -> bool {
    if host.contains("${") || !host.contains('.') {
        return false;
    }
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        return !(address.is_private() || address.is_loopback() || address.is_link_local());
    }
    let lowered = host.to_ascii_lowercase();
    let private = [
        ".internal",
        ".local",
        ".localdomain",
        ".lan",
        ".corp",
        ".home.arpa",
        ".test",
        ".invalid",
        ".example",
        ".svc",
    ];
    // Private zones and interface endpoints of AWS.
    !private.iter().any(|end| lowered.ends_with(end))
        && !lowered.contains(".vpce.amazonaws.com")
        && !lowered.starts_with("vpc-")
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.starts_with("127.") || host == "::1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_hosts_are_told_by_their_form() {
        for (host, expected) in [
            ("intake.example.com", true),
            ("8.8.8.8", true),
            ("10.0.0.1", false),
            ("169.254.1.1", false),
            ("aggregator", false),
            ("loki.prod.internal", false),
            ("${HOST}.example.com", false),
            ("vpc-logs-abc.eu-west-1.es.amazonaws.com", false),
        ] {
            assert_eq!(is_public(host), expected, "{host}");
        }
    }
}
