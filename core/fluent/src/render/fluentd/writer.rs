//! Writes elements as a Fluentd file. The only code that does.
//!
//! A word that the rules refuse is not written.

use super::FluentdProblem;
use super::element::{Element, ElementPart, Value};
use crate::text::fluentd::{
    check_argument, check_inner, is_bare, is_line_breaking, is_param, is_section,
};

/// Writes the elements: two blanks of indent for each level, one empty line between them.
///
/// # Errors
/// A word that cannot be written; values are never repeated.
pub fn write_fluentd(elements: &[Element]) -> Result<String, FluentdProblem> {
    let mut out = String::new();
    for element in elements {
        if !out.is_empty() {
            out.push('\n');
        }
        write_element(&mut out, element, 0)?;
    }
    Ok(out)
}

fn write_element(out: &mut String, element: &Element, level: usize) -> Result<(), FluentdProblem> {
    let place = || format!("<{}>", element.name);
    if !is_section(&element.name) {
        return Err(FluentdProblem::Section);
    }
    check_argument(&element.argument).map_err(|source| FluentdProblem::Word {
        place: place(),
        source,
    })?;
    let indent = "  ".repeat(level);
    out.push_str(&indent);
    out.push('<');
    out.push_str(&element.name);
    if !element.argument.is_empty() {
        out.push(' ');
        out.push_str(&element.argument);
    }
    out.push_str(">\n");
    for (name, value) in &element.params {
        if !is_param(name) {
            let source = crate::text::fluentd::FluentdTextProblem::Name;
            return Err(FluentdProblem::Word {
                place: place(),
                source,
            });
        }
        out.push_str(&indent);
        out.push_str("  ");
        out.push_str(name);
        out.push(' ');
        let word = |source| FluentdProblem::Word {
            place: format!("`{name}` in {}", place()),
            source,
        };
        out.push_str(&literal(value).map_err(word)?);
        out.push('\n');
    }
    for child in &element.children {
        write_element(out, child, level + 1)?;
    }
    out.push_str(&indent);
    out.push_str("</");
    out.push_str(&element.name);
    out.push_str(">\n");
    Ok(())
}

/// Bare where Fluentd reads it back as it is, in single quotes else. Double quotes, in which Fluentd
/// runs code, only around variables and escapes.
fn literal(value: &Value) -> Result<String, crate::text::fluentd::FluentdTextProblem> {
    let text = value.as_text();
    if let Some(text) = text.filter(|text| !text.chars().any(is_line_breaking)) {
        check_inner(text)?;
        let outer_blank =
            text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
        return Ok(if is_bare(text) && !outer_blank && !text.is_empty() {
            text.to_owned()
        } else {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
        });
    }
    let mut out = String::from("\"");
    for part in &value.parts {
        match part {
            ElementPart::Text(text) => {
                check_inner(text)?;
                push_escaped(&mut out, text)?;
            }
            ElementPart::Env(name) => {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
                if name.is_empty() || !name.bytes().all(plain) {
                    return Err(crate::text::fluentd::FluentdTextProblem::Name);
                }
                out.push_str("#{ENV['");
                out.push_str(name);
                out.push_str("']}");
            }
        }
    }
    out.push('"');
    Ok(out)
}

fn push_escaped(
    out: &mut String,
    text: &str,
) -> Result<(), crate::text::fluentd::FluentdTextProblem> {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // A lone `#` before a variable would join with its brace.
            '#' => out.push_str("\\#"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_line_breaking(c) => {
                return Err(crate::text::fluentd::FluentdTextProblem::Control(
                    u32::from(c),
                ));
            }
            c => out.push(c),
        }
    }
    Ok(())
}
