//! Custom parsers as a Fluent Bit parser file.
//!
//! Pipeline sections have another file: Fluent Bit refuses `[PARSER]` in its main file, and the
//! init image tells the two kinds of files apart by what is in them.
//! <https://docs.fluentbit.io/manual/data-pipeline/parsers/configuring-parser>

use super::error::RenderError;
use super::tree::{Document, Section};
use super::versions;
use crate::outputs::ImageLine;
use crate::text::token::{on_off, quoted, token};
use crate::text::{check_name, check_pattern};
use firelens_types::v1alpha1::{MultilineParser, Parser};

/// The parser file as a tree, parsers in the order given.
pub(super) fn document(parsers: &[Parser], image_line: ImageLine) -> Result<Document, RenderError> {
    let mut document = Document::default();
    let mut names: Vec<String> = Vec::new();
    for (index, parser) in parsers.iter().enumerate() {
        let refused = |message: String| RenderError::Parser { index, message };
        check_name(&parser.name).map_err(|problem| refused(format!("name: {problem}")))?;
        let folded = parser.name.to_ascii_lowercase();
        if names.contains(&folded) {
            return Err(refused("another parser has the same name".to_owned()));
        }
        names.push(folded);
        if image_line == ImageLine::V2
            && let Some(why) = versions::parser_refused_by_v2(parser)
        {
            return Err(refused(why));
        }
        let section = match &parser.multiline {
            Some(multiline) => multiline_section(&parser.name, multiline),
            None => section(parser),
        };
        document.items.push(section.map_err(refused)?.into());
    }
    Ok(document)
}

/// The text of a parser file, so that every init process takes it for one.
///
/// It looks for the text `[PARSER]`, and only since 2.32.0 for `[MULTILINE_PARSER]` as well; what has
/// neither it includes as pipeline sections, which ends Fluent Bit. So a file with multiline parsers
/// alone begins with a comment that says it.
/// <https://github.com/aws/aws-for-fluent-bit/blob/mainline/init/fluent_bit_init_process.go>
pub(super) fn marked(text: String) -> String {
    if text.contains("[PARSER]") {
        text
    } else {
        format!("# [PARSER]\n{text}")
    }
}

fn section(parser: &Parser) -> Result<Section, String> {
    let format = parser.format.as_ref().ok_or("needs a format")?;
    let mut section = Section::new("PARSER")
        .with("Name", parser.name.as_str())
        .with("Format", format.to_string());
    let texts = [
        ("Regex", &parser.regex),
        ("Time_Key", &parser.time_key),
        ("Time_Format", &parser.time_format),
        ("Time_Offset", &parser.time_offset),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            check_pattern(value).map_err(|problem| format!("{key}: {problem}"))?;
            section.push(key, value.as_str());
        }
    }
    let switches = [
        ("Time_Keep", parser.time_keep),
        ("Time_Strict", parser.time_strict),
        ("Time_System_Timezone", parser.time_system_timezone),
        ("Skip_Empty_Values", parser.skip_empty_values),
        ("Logfmt_No_Bare_Keys", parser.logfmt_no_bare_keys),
    ];
    for (key, value) in switches {
        if let Some(value) = value {
            section.push(key, on_off(value));
        }
    }
    if !parser.types.is_empty() {
        section.push("Types", types(parser)?);
    }
    for decoder in &parser.decode_field {
        section.push("Decode_Field", decoder.as_str());
    }
    for decoder in &parser.decode_field_as {
        section.push("Decode_Field_As", decoder.as_str());
    }
    Ok(section)
}

/// `name:type` pairs with blanks between them, so a name holds neither blank nor colon.
fn types(parser: &Parser) -> Result<String, String> {
    let mut pairs = Vec::new();
    for (name, kind) in &parser.types {
        if name.is_empty() || name.contains([' ', ':']) || kind.contains([' ', ':']) {
            return Err(format!(
                "types: `{name}` and its type must hold neither a blank nor a colon"
            ));
        }
        pairs.push(format!("{name}:{kind}"));
    }
    Ok(pairs.join(" "))
}

/// <https://docs.fluentbit.io/manual/data-pipeline/parsers/multiline-parsing>
fn multiline_section(name: &str, parser: &MultilineParser) -> Result<Section, String> {
    let mut section = Section::new("MULTILINE_PARSER")
        .with("Name", name)
        .with("Type", "regex");
    if let Some(timeout) = parser.flush_timeout_ms {
        section.push("Flush_Timeout", timeout.to_string());
    }
    if let Some(key) = &parser.key_content {
        section.push("Key_Content", key.as_str());
    }
    if let Some(inner) = &parser.parser {
        section.push("Parser", inner.as_str());
    }
    for (index, rule) in parser.rules.iter().enumerate() {
        let refused = |problem| format!("rules[{index}]: {problem}");
        if rule.regex.contains("${") {
            return Err(refused("must not contain `${`".to_owned()));
        }
        let words = [
            rule.state.clone(),
            format!("/{}/", rule.regex),
            rule.next.clone(),
        ];
        let mut line = Vec::new();
        for word in words {
            token(&word).map_err(|problem| refused(problem.to_string()))?;
            line.push(quoted(&word).map_err(|problem| refused(problem.to_string()))?);
        }
        section.push("Rule", line.join(" "));
    }
    Ok(section)
}
