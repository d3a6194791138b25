//! OpenSearch and Elasticsearch for Fluentd.
//!
//! Requests are signed only by the OpenSearch plugin; a signed Elasticsearch destination is refused.

use super::draft::{Draft, url};
use crate::outputs::{OutputError, OutputScope, defaults};

type Plugin = Result<&'static str, OutputError>;

/// What both plugins call the same, as forks of one.
const SHARED: [(&str, &str); 19] = [
    ("http_user", "user"),
    ("index", "index_name"),
    ("path", "path"),
    ("pipeline", "pipeline"),
    ("suppress_type_name", "suppress_type_name"),
    ("logstash_format", "logstash_format"),
    ("logstash_prefix", "logstash_prefix"),
    ("logstash_prefix_separator", "logstash_prefix_separator"),
    ("logstash_dateformat", "logstash_dateformat"),
    ("time_key", "time_key"),
    ("time_key_format", "time_key_format"),
    ("include_tag_key", "include_tag_key"),
    ("tag_key", "tag_key"),
    ("id_key", "id_key"),
    ("write_operation", "write_operation"),
    ("tls.verify", "ssl_verify"),
    ("tls.ca_file", "ca_file"),
    ("tls.crt_file", "client_cert"),
    ("tls.key_file", "client_key"),
];

/// <https://github.com/fluent/fluent-plugin-opensearch>
pub(super) fn open_search(draft: &mut Draft<'_>, scope: &OutputScope<'_>) -> Plugin {
    draft.rename(&[("trace_error", "log_os_400_reason")]);
    let signed = draft.take_bool("aws_auth") == Some(true);
    if signed {
        sign(draft, scope)?;
    } else {
        place(draft);
    }
    shared(draft)?;
    Ok("opensearch")
}

/// <https://github.com/uken/fluent-plugin-elasticsearch>
pub(super) fn elasticsearch(draft: &mut Draft<'_>) -> Plugin {
    if draft.peek("aws_auth") == Some("On") {
        let message =
            "Fluentd's Elasticsearch plugin signs no requests; use an openSearch destination";
        return Err(draft.refused("aws_auth", message));
    }
    draft.take("aws_auth");
    draft.rename(&[
        ("cloud_id", "cloud_id"),
        ("type", "type_name"),
        ("trace_error", "log_es_400_reason"),
    ]);
    draft.secrets(&[("cloud_auth", "cloud_auth"), ("http_api_key", "api_key")]);
    place(draft);
    shared(draft)?;
    Ok("elasticsearch")
}

fn shared(draft: &mut Draft<'_>) -> Result<(), OutputError> {
    match draft.take("compress").as_deref() {
        None => {}
        Some("gzip") => draft.put("compression_level", "default_compression"),
        Some(_) => return Err(draft.refused("compress", "Fluentd's plugin knows gzip only")),
    }
    draft.rename(&SHARED);
    draft.secrets(&[
        ("http_passwd", "password"),
        ("tls.key_passwd", "client_key_pass"),
    ]);
    Ok(())
}

/// Host, port and scheme; TLS on 443, as everywhere.
fn place(draft: &mut Draft<'_>) {
    let tls = draft.take_bool("tls");
    let hosted = draft.peek("host").is_some_and(defaults::is_aws_search);
    let port = draft.take("port").or(hosted.then(|| "443".to_owned()));
    if tls.unwrap_or(port.as_deref() == Some("443")) {
        draft.put("scheme", "https");
    }
    draft.rename(&[("host", "host")]);
    if let Some(port) = port {
        draft.put("port", port);
    }
}

/// `<endpoint>`: signed with the task role.
fn sign(draft: &mut Draft<'_>, scope: &OutputScope<'_>) -> Result<(), OutputError> {
    if draft.peek("aws_external_id").is_some() {
        let message = "Fluentd's plugin assumes roles without an external id";
        return Err(draft.refused("aws_external_id", message));
    }
    let host = draft.take("host").unwrap_or_default();
    let tls = draft.take_bool("tls") != Some(false);
    let port = draft.take("port").filter(|port| port != "443");
    let region = draft.take("aws_region");
    let serverless = defaults::is_serverless(&host).then(|| "aoss".to_owned());
    let service = draft.take("aws_service_name").or(serverless);
    draft.put("endpoint.url", url(tls, &host, port.as_deref()));
    let region = region.unwrap_or_else(|| scope.region.to_owned());
    draft.put("endpoint.region", region);
    if let Some(service) = service {
        draft.put("endpoint.aws_service_name", service);
    }
    if let Some(arn) = draft.take("aws_role_arn") {
        draft.put("endpoint.assume_role_arn", arn);
        draft.put("endpoint.assume_role_session_name", "firelens");
    }
    Ok(())
}
