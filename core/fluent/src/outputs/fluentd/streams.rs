//! The open protocols for Fluentd: HTTP, Kafka, forward.
//!
//! A secret inside a longer value (a header, a URL) cannot be said and is refused.

use super::draft::{Draft, headers, url};
use crate::outputs::{OutputError, OutputScope};

type Plugin = Result<&'static str, OutputError>;

/// <https://docs.fluentd.org/output/http>
pub(super) fn http(draft: &mut Draft<'_>, scope: &OutputScope<'_>) -> Plugin {
    for name in ["header", "uri"] {
        if draft.has_secret(&[name]) {
            let field = draft.field(&format!("secretOptions[{name}]"));
            let message = "Fluentd's plugin takes it only inside a longer value, which cannot hold a secret; use \
                           http_passwd, or router.type fluentbit";
            return Err(OutputError::new(field, message));
        }
    }
    let signed = draft.take_bool("aws_auth") == Some(true);
    let port = draft.take("port");
    let tls = draft.take_bool("tls");
    let tls = tls.unwrap_or(port.as_deref() == Some("443"));
    let host = draft.take("host").unwrap_or_default();
    let path = draft.take("uri").unwrap_or_else(|| "/".to_owned());
    draft.put(
        "endpoint",
        format!("{}{path}", url(tls, &host, port.as_deref())),
    );
    if let Some(method) = draft.take("http_method") {
        draft.put("http_method", method.to_ascii_lowercase());
    }
    http_body(draft)?;
    if let Some(verify) = draft.take_bool("tls.verify") {
        draft.put("tls_verify_mode", if verify { "peer" } else { "none" });
    }
    draft.rename(&[
        ("proxy", "proxy"),
        ("tls.ca_file", "tls_ca_cert_path"),
        ("tls.crt_file", "tls_client_cert_path"),
        ("tls.key_file", "tls_private_key_path"),
        ("tls.ciphers", "tls_ciphers"),
        ("json_date_key", "inject.time_key"),
    ]);
    draft.secrets(&[
        ("http_passwd", "auth.password"),
        ("tls.key_passwd", "tls_private_key_passphrase"),
    ]);
    if signed {
        sign(draft, scope);
    } else if let Some(user) = draft.take("http_user") {
        draft.put("auth.method", "basic");
        draft.put("auth.username", user);
    }
    Ok("http")
}

/// Format, compression and headers.
fn http_body(draft: &mut Draft<'_>) -> Result<(), OutputError> {
    match draft.take("format").as_deref() {
        None | Some("json") => draft.put("json_array", "true"),
        Some("json_lines") => {}
        Some(_) => {
            let message = "Fluentd's plugin sends json and json_lines";
            return Err(draft.refused("format", message));
        }
    }
    match draft.take("compress").as_deref() {
        None => {}
        Some("gzip") => draft.put("compress", "gzip"),
        Some(_) => return Err(draft.refused("compress", "Fluentd's plugin knows gzip only")),
    }
    let lines = draft.take_all("header");
    if !lines.is_empty() {
        let message = "needs a name and a value";
        let map = headers(&lines).ok_or_else(|| draft.refused("header", message))?;
        draft.put("headers", map);
    }
    Ok(())
}

/// <https://docs.fluentd.org/output/http#auth-section>
fn sign(draft: &mut Draft<'_>, scope: &OutputScope<'_>) {
    let region = draft.take("aws_region");
    draft.put("auth.method", "aws_sigv4");
    draft.put(
        "auth.aws_region",
        region.unwrap_or_else(|| scope.region.to_owned()),
    );
    draft.rename(&[
        ("aws_service", "auth.aws_service"),
        ("aws_role_arn", "auth.aws_role_arn"),
    ]);
}

/// <https://github.com/fluent/fluent-plugin-kafka#output-plugin>
pub(super) fn kafka(draft: &mut Draft<'_>) -> Plugin {
    if draft.take_bool("aws_msk_iam") == Some(true) {
        let message =
            "Fluentd's plugin enters MSK with access keys only; use router.type fluentbit";
        return Err(draft.refused("aws_msk_iam", message));
    }
    if draft
        .peek("topics")
        .is_some_and(|topics| topics.contains(','))
    {
        return Err(draft.refused("topics", "Fluentd's plugin takes one default topic"));
    }
    match draft.take("format").as_deref() {
        None | Some("json") => draft.put("format.@type", "json"),
        Some("msgpack") => draft.put("format.@type", "msgpack"),
        Some("raw") => {
            draft.put("format.@type", "single_value");
            draft.rename(&[("raw_log_key", "format.message_key")]);
        }
        Some(_) => {
            let message = "Fluentd's plugin writes json, msgpack and raw";
            return Err(draft.refused("format", message));
        }
    }
    draft.rename(&[
        ("brokers", "brokers"),
        ("topics", "default_topic"),
        ("topic_key", "topic_key"),
        ("message_key", "default_message_key"),
        ("message_key_field", "message_key_key"),
        ("client_id", "client_id"),
        ("timestamp_key", "inject.time_key"),
    ]);
    draft.put_default("default_topic", "fluent-bit", &["topic"]);
    draft.secrets(&[("rdkafka.sasl.password", "password")]);
    Ok("kafka2")
}

/// <https://docs.fluentd.org/output/forward>
pub(super) fn forward(draft: &mut Draft<'_>) -> Plugin {
    let tls = draft.take_bool("tls");
    let tls = tls.unwrap_or(draft.peek("port") == Some("443"));
    if tls {
        draft.put("transport", "tls");
    }
    if let Some(verify) = draft.take_bool("tls.verify") {
        draft.put("tls_insecure_mode", (!verify).to_string());
    }
    draft.rename(&[
        ("host", "server.host"),
        ("port", "server.port"),
        ("username", "server.username"),
        ("tls.verify_hostname", "tls_verify_hostname"),
        ("tls.ca_file", "tls_cert_path"),
        ("tls.crt_file", "tls_client_cert_path"),
        ("tls.key_file", "tls_client_private_key_path"),
        ("tls.ciphers", "tls_ciphers"),
        ("require_ack_response", "require_ack_response"),
        ("net.keepalive", "keepalive"),
    ]);
    match draft.take("compress").as_deref() {
        None => {}
        Some("gzip") => draft.put("compress", "gzip"),
        Some(_) => return Err(draft.refused("compress", "Fluentd's plugin knows gzip only")),
    }
    draft.secrets(&[
        ("shared_key", "security.shared_key"),
        ("password", "server.password"),
        ("tls.key_passwd", "tls_client_private_key_passphrase"),
    ]);
    let hostname = draft.take("self_hostname");
    if draft.has_secret(&["shared_key", "security.shared_key"]) {
        let hostname = hostname.unwrap_or_else(|| "firelens".to_owned());
        draft.put("security.self_hostname", hostname);
    } else if hostname.is_some() {
        let message = "belongs to a shared key; give secretOptions[shared_key]";
        return Err(draft.refused("self_hostname", message));
    }
    Ok("forward")
}
