//! Parsers of a policy as `<parse>` sections, and multiline parsers as settings of the concat plugin.
//!
//! What Fluentd cannot express of a parser is refused by name, not left out.
//! <https://docs.fluentd.org/configuration/parse-section>

use super::element::Element;
use crate::render::error::RenderError;
use firelens_types::v1alpha1::{Parser, ParserFormat};

/// Parsers that come with Fluentd and need no settings.
/// <https://docs.fluentd.org/parser>
const BUILT_IN: [&str; 8] = [
    "apache2",
    "apache_error",
    "json",
    "ltsv",
    "msgpack",
    "nginx",
    "none",
    "syslog",
];

/// Name of a time field that no record has: Fluentd's own default is `time`, and a record whose
/// `time` is no time would be refused.
const NO_TIME_KEY: &str = "firelens_no_time";

/// Refuses parsers that Fluentd cannot say.
pub(super) fn check(parsers: &[Parser]) -> Result<(), RenderError> {
    for (index, parser) in parsers.iter().enumerate() {
        let result = match parser.multiline {
            Some(_) => joining(parser).map(|_| ()),
            None => own(parser).map(|_| ()),
        };
        result.map_err(|message| RenderError::Parser { index, message })?;
    }
    Ok(())
}

/// The `<parse>` section that a filter names, and whether it finds the time of the record.
pub(super) fn section(parsers: &[Parser], name: &str) -> Result<(Element, bool), String> {
    match parsers.iter().find(|parser| parser.name == name) {
        Some(parser) if parser.multiline.is_some() => {
            Err(format!("{name} joins lines; use it in a multiline filter"))
        }
        Some(parser) => Ok((own(parser)?, parser.time_key.is_some())),
        None if BUILT_IN.contains(&name) => {
            Ok((Element::new("parse", "").with("@type", name), true))
        }
        None => Err(format!(
            "{name} is neither a parser of this policy nor one of Fluentd's: {}",
            BUILT_IN.join(", ")
        )),
    }
}

fn own(parser: &Parser) -> Result<Element, String> {
    for (field, given) in [
        ("timeStrict", parser.time_strict == Some(false)),
        ("decodeField", !parser.decode_field.is_empty()),
        ("decodeFieldAs", !parser.decode_field_as.is_empty()),
        ("skipEmptyValues", parser.skip_empty_values == Some(false)),
        ("logfmtNoBareKeys", parser.logfmt_no_bare_keys.is_some()),
    ] {
        if given {
            return Err(format!("Fluentd has nothing like {field}; leave it out"));
        }
    }
    let mut section = Element::new("parse", "");
    section = match parser.format {
        Some(ParserFormat::Json) => section.with("@type", "json"),
        Some(ParserFormat::Ltsv) => section.with("@type", "ltsv"),
        Some(ParserFormat::Regex) => {
            let regex = parser.regex.as_deref().unwrap_or_default();
            section
                .with("@type", "regexp")
                .with("expression", format!("/{regex}/"))
        }
        Some(ParserFormat::Logfmt) | None => {
            return Err(
                "Fluentd itself reads no logfmt; use format json, regex or ltsv".to_owned(),
            );
        }
    };
    let time_key = parser.time_key.as_deref().unwrap_or(NO_TIME_KEY);
    section = section.with("time_key", time_key);
    if let Some(format) = &parser.time_format {
        section = section
            .with("time_type", "string")
            .with("time_format", format);
    }
    if parser.time_keep == Some(true) {
        section = section.with("keep_time_key", "true");
    }
    if let Some(offset) = &parser.time_offset {
        section = section.with("timezone", with_colon(offset));
    } else if parser.time_system_timezone == Some(true) {
        section = section.with("localtime", "true");
    }
    if !parser.types.is_empty() {
        section = section.with("types", types(parser)?);
    }
    Ok(section)
}

/// `+0200` as `+02:00`.
fn with_colon(offset: &str) -> String {
    if offset.contains(':') || !offset.is_ascii() {
        return offset.to_owned();
    }
    let (hours, minutes) = offset.split_at(offset.len().min(3));
    format!("{hours}:{minutes}")
}

fn types(parser: &Parser) -> Result<String, String> {
    let mut map = serde_json::Map::new();
    for (field, kind) in &parser.types {
        if kind == "hex" {
            return Err(format!("types[{field}]: Fluentd has no type hex"));
        }
        map.insert(field.clone(), kind.as_str().into());
    }
    Ok(serde_json::Value::Object(map).to_string())
}

/// What the concat plugin needs to know: the start of a record, and what goes on with it.
pub(super) struct Joining {
    pub(super) start: String,
    pub(super) goes_on: Option<String>,
    pub(super) flush_ms: Option<u32>,
}

/// A multiline parser as the concat plugin knows it: a first line, and lines that go on with it.
/// <https://github.com/fluent-plugins-nursery/fluent-plugin-concat>
pub(super) fn joining(parser: &Parser) -> Result<Joining, String> {
    let multiline = parser.multiline.clone().unwrap_or_default();
    if multiline.key_content.is_some() || multiline.parser.is_some() {
        return Err("the concat plugin of Fluentd knows neither keyContent nor parser".to_owned());
    }
    let (start, goes_on) = match multiline.rules.as_slice() {
        [start] => (start, None),
        [start, next] if next.state == start.next && next.next == next.state => {
            (start, Some(next.regex.clone()))
        }
        _ => {
            return Err(
                "the concat plugin of Fluentd takes a rule for the first line and at most one for all lines that \
                 follow"
                    .to_owned(),
            );
        }
    };
    Ok(Joining {
        start: start.regex.clone(),
        goes_on,
        flush_ms: multiline.flush_timeout_ms,
    })
}
