//! The vendors with a plugin of their own for Fluentd: Datadog, Splunk, New Relic, Loki.
//!
//! Keys and tokens only ever come as secret options.

use serde_json::{Map, Value};

use super::draft::{Draft, headers, url};
use crate::outputs::{OutputError, defaults};
use firelens_types::v1alpha1::{Datadog, Destination, NewRelic};

type Plugin = Result<&'static str, OutputError>;

/// <https://github.com/DataDog/fluent-plugin-datadog>
pub(super) fn datadog(draft: &mut Draft<'_>, block: &Datadog) -> Plugin {
    draft.secrets(&[("apikey", "api_key")]);
    draft.rename(&[
        ("host", "host"),
        ("dd_service", "service"),
        ("dd_source", "dd_source"),
        ("dd_tags", "dd_tags"),
        ("dd_hostname", "dd_hostname"),
        ("include_tag_key", "include_tag_key"),
        ("tag_key", "tag_key"),
        ("json_date_key", "timestamp_key"),
        ("proxy", "http_proxy"),
    ]);
    if let Some((_, host)) = defaults::place_of(Destination::Datadog(block)) {
        draft.put_default("host", host, &[]);
    }
    let tls = draft.take_bool("tls");
    if let Some(tls) = tls {
        draft.put("use_ssl", tls.to_string());
    }
    let port = if tls == Some(false) {
        "port"
    } else {
        "ssl_port"
    };
    draft.rename(&[("port", port)]);
    if let Some(verify) = draft.take_bool("tls.verify") {
        draft.put("no_ssl_validation", (!verify).to_string());
    }
    gzip(draft, "compress", "use_compression", "true")?;
    custom_headers(draft, "custom_headers")?;
    Ok("datadog")
}

/// <https://github.com/splunk/fluent-plugin-splunk-hec>
pub(super) fn splunk(draft: &mut Draft<'_>) -> Plugin {
    draft.secrets(&[("splunk_token", "hec_token")]);
    let cloud = draft.peek("host").is_some_and(defaults::is_splunk_cloud);
    let tls = draft.take_bool("tls");
    let tls = tls.unwrap_or(cloud || draft.peek("port") == Some("443"));
    draft.put("protocol", if tls { "https" } else { "http" });
    draft.rename(&[
        ("host", "hec_host"),
        ("port", "hec_port"),
        ("tls.ca_file", "ca_file"),
        ("tls.ca_path", "ca_path"),
        ("tls.crt_file", "client_cert"),
        ("tls.key_file", "client_key"),
        ("event_sourcetype", "sourcetype"),
        ("event_sourcetype_key", "sourcetype_key"),
        ("event_index", "index"),
        ("event_index_key", "index_key"),
    ]);
    for (option, fixed, key) in [
        ("event_host", "host", "host_key"),
        ("event_source", "source", "source_key"),
    ] {
        match draft.take(option) {
            Some(value) if value.starts_with('$') => {
                draft.put(key, field_name(draft, option, &value)?);
            }
            Some(value) => draft.put(fixed, value),
            None => {}
        }
    }
    for line in draft.take_all("event_field") {
        let (name, field) = line
            .split_once(' ')
            .ok_or_else(|| draft.refused("event_field", "needs a name and a field"))?;
        let field = field_name(draft, "event_field", field.trim())?;
        draft.put(&format!("fields.{name}"), field);
    }
    if let Some(key) = draft.take("event_key") {
        let key = field_name(draft, "event_key", &key)?;
        draft.put("format.@type", "single_value");
        draft.put("format.message_key", key);
        draft.put("format.add_newline", "false");
    }
    if let Some(verify) = draft.take_bool("tls.verify") {
        draft.put("insecure_ssl", (!verify).to_string());
    }
    if let Some(channel) = draft.take("channel") {
        let header = format!("X-Splunk-Request-Channel {channel}");
        draft.put("custom_headers", headers(&[header]).unwrap_or_default());
    }
    gzip(draft, "compress", "gzip_compression", "true")?;
    Ok("splunk_hec")
}

/// <https://github.com/newrelic/newrelic-fluentd-output>
pub(super) fn new_relic(draft: &mut Draft<'_>, block: &NewRelic) -> Plugin {
    draft.rename(&[("base_uri", "base_uri")]);
    if let Some((option, uri)) = defaults::place_of(Destination::NewRelic(block)) {
        draft.put_default(option, uri, &[]);
    }
    // The plugin always compresses.
    if draft.peek("compress") == Some("gzip") {
        draft.take("compress");
    }
    Ok("newrelic")
}

/// <https://grafana.com/docs/loki/latest/send-data/fluentd/>
pub(super) fn loki(draft: &mut Draft<'_>) -> Plugin {
    if draft.has_secret(&["bearer_token"]) {
        let message =
            "Fluentd's plugin reads a token from a file only; give httpUser and http_passwd";
        return Err(OutputError::new(
            draft.field("secretOptions[bearer_token]"),
            message,
        ));
    }
    let port = draft.take("port").unwrap_or_else(|| "3100".to_owned());
    let tls = draft.take_bool("tls").unwrap_or(port == "443");
    let host = draft.take("host").unwrap_or_default();
    let mut base = url(tls, &host, Some(&port));
    if let Some(uri) = draft.peek("uri") {
        let Some(prefix) = uri.strip_suffix("/loki/api/v1/push") else {
            return Err(draft.refused("uri", "Fluentd's plugin always adds /loki/api/v1/push"));
        };
        base.push_str(prefix);
        draft.take("uri");
    }
    draft.put("url", base);
    draft.secrets(&[("http_passwd", "password")]);
    draft.rename(&[
        ("http_user", "username"),
        ("tenant_id", "tenant"),
        ("remove_keys", "remove_keys"),
        ("line_format", "line_format"),
        ("tls.ca_file", "ca_cert"),
        ("tls.crt_file", "cert"),
        ("tls.key_file", "key"),
        ("tls.ciphers", "ciphers"),
    ]);
    draft.put_default("line_format", "json", &[]);
    if let Some(verify) = draft.take_bool("tls.verify") {
        draft.put("insecure_tls", (!verify).to_string());
    }
    match draft.take("drop_single_key").as_deref() {
        None => {}
        Some("off") => draft.put("drop_single_key", "false"),
        Some("on" | "raw") => draft.put("drop_single_key", "true"),
        Some(_) => return Err(draft.refused("drop_single_key", "must be on, raw or off")),
    }
    loki_labels(draft)?;
    gzip(draft, "compress", "compress", "gzip")?;
    custom_headers(draft, "custom_headers")?;
    Ok("loki")
}

/// Fixed labels go into `extra_labels`, labels from fields into `<label>`.
fn loki_labels(draft: &mut Draft<'_>) -> Result<(), OutputError> {
    let mut fixed = Map::new();
    for pair in draft
        .take("labels")
        .iter()
        .flat_map(|labels| labels.split(','))
    {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| draft.refused("labels", "needs NAME=VALUE pairs"))?;
        let (name, value) = (name.trim(), value.trim());
        if value.starts_with('$') {
            let field = field_name(draft, "labels", value)?;
            draft.put(&format!("label.{name}"), field);
        } else {
            fixed.insert(name.to_owned(), value.into());
        }
    }
    for key in draft
        .take("label_keys")
        .iter()
        .flat_map(|keys| keys.split(','))
    {
        let field = field_name(draft, "label_keys", key.trim())?;
        draft.put(&format!("label.{field}"), field.clone());
    }
    if !fixed.is_empty() {
        draft.put("extra_labels", Value::Object(fixed).to_string());
    }
    Ok(())
}

/// `$name` as Fluentd's plugins take a field: its plain name.
fn field_name(draft: &Draft<'_>, option: &str, text: &str) -> Result<String, OutputError> {
    let name = text.strip_prefix('$').unwrap_or(text);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        let message = "for Fluentd a field is a plain name of letters, digits and `_`";
        return Err(draft.refused(option, message));
    }
    Ok(name.to_owned())
}

fn gzip(draft: &mut Draft<'_>, option: &str, param: &str, on: &str) -> Result<(), OutputError> {
    match draft.take(option).as_deref() {
        None => Ok(()),
        Some("gzip") => {
            draft.put(param, on);
            Ok(())
        }
        Some(_) => Err(draft.refused(option, "Fluentd's plugin knows gzip only")),
    }
}

fn custom_headers(draft: &mut Draft<'_>, param: &str) -> Result<(), OutputError> {
    let lines = draft.take_all("header");
    if lines.is_empty() {
        return Ok(());
    }
    let map = headers(&lines).ok_or_else(|| draft.refused("header", "needs a name and a value"))?;
    draft.put(param, map);
    Ok(())
}
