//! Reads a Fluentd file into elements, by the rules of Fluentd's own reader.
//!
//! Includes are not followed and code is not run. Stricter where Fluentd is vague: a value is on one
//! line, and the only code is a variable of the environment.
//! <https://github.com/fluent/fluentd/blob/v1.16.5/lib/fluent/config/v1_parser.rb>

use super::element::{Element, ElementPart, Value};
use super::{FluentdProblem, LineProblem};
use crate::text::fluentd::{is_line_breaking, is_param, is_section};

/// Deepest nesting that is read; no plugin needs more than four.
const DEPTH: usize = 16;

/// Reads a whole file: elements only, since parameters outside of them mean nothing to Fluentd.
///
/// # Errors
/// The first line that cannot be read.
pub fn read_fluentd(text: &str) -> Result<Vec<Element>, FluentdProblem> {
    let mut open: Vec<Element> = Vec::new();
    let mut done = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        read_line(line.trim_matches([' ', '\t']), &mut open, &mut done).map_err(|problem| {
            FluentdProblem::Line {
                line: index + 1,
                problem,
            }
        })?;
    }
    match open.pop() {
        None => Ok(done),
        Some(element) => Err(FluentdProblem::Open { name: element.name }),
    }
}

fn read_line(
    line: &str,
    open: &mut Vec<Element>,
    done: &mut Vec<Element>,
) -> Result<(), LineProblem> {
    if line.chars().any(|c| c != '\t' && is_line_breaking(c)) {
        return Err(LineProblem::Control);
    }
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    if let Some(rest) = line.strip_prefix("</") {
        let name = until_bracket(rest)?;
        let element = open.pop().filter(|element| element.name == name);
        let element = element.ok_or(LineProblem::End)?;
        match open.last_mut() {
            Some(outer) => outer.children.push(element),
            None => done.push(element),
        }
        return Ok(());
    }
    if let Some(rest) = line.strip_prefix('<') {
        if open.len() == DEPTH {
            return Err(LineProblem::Depth);
        }
        open.push(element(until_bracket(rest)?)?);
        return Ok(());
    }
    let (name, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    if name.eq_ignore_ascii_case("@include") || (open.is_empty() && name == "include") {
        return Err(LineProblem::Include);
    }
    let element = open.last_mut().ok_or(LineProblem::Outside)?;
    if !is_param(name) {
        return Err(LineProblem::Name);
    }
    if element.params.iter().any(|(found, _)| found == name) {
        return Err(LineProblem::Twice);
    }
    element.push(name, value_of(value.trim_start_matches([' ', '\t']))?);
    Ok(())
}

/// What stands before `>`; behind it is nothing but a comment.
fn until_bracket(rest: &str) -> Result<&str, LineProblem> {
    let (inner, behind) = rest.split_once('>').ok_or(LineProblem::Bracket)?;
    let behind = behind.trim_start_matches([' ', '\t']);
    if behind.is_empty() || behind.starts_with('#') {
        Ok(inner.trim_matches([' ', '\t']))
    } else {
        Err(LineProblem::Bracket)
    }
}

fn element(inner: &str) -> Result<Element, LineProblem> {
    let (name, argument) = inner.split_once([' ', '\t']).unwrap_or((inner, ""));
    if !is_section(name) {
        return Err(LineProblem::Bracket);
    }
    // Several patterns of one match stand apart with blanks; commas and braces say the same.
    let argument = argument.trim_matches([' ', '\t']);
    crate::text::fluentd::check_argument(argument).map_err(|_| LineProblem::Argument)?;
    Ok(Element::new(name, argument))
}

fn value_of(text: &str) -> Result<Value, LineProblem> {
    match text.chars().next() {
        None => Err(LineProblem::NoValue),
        Some('\'') => single_quoted(&text[1..]),
        Some('"') => double_quoted(&text[1..]),
        Some('[' | '{') => json(text),
        Some(_) => bare(text),
    }
}

/// Up to a comment: a `#` behind a blank.
fn bare(text: &str) -> Result<Value, LineProblem> {
    let end = [" #", "\t#"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    let text = end.map_or(text, |end| &text[..end]);
    plain(text.trim_end_matches([' ', '\t']).to_owned())
}

fn plain(text: String) -> Result<Value, LineProblem> {
    if text.contains("#{") {
        return Err(LineProblem::Ruby);
    }
    Ok(Value::text(text))
}

/// A list or map as JSON, which Fluentd reads up to its end.
fn json(text: &str) -> Result<Value, LineProblem> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    match stream.next() {
        Some(Ok(_)) => {}
        _ => return Err(LineProblem::Json),
    }
    let end = stream.byte_offset();
    only_comment(&text[end..])?;
    plain(text[..end].to_owned())
}

fn only_comment(rest: &str) -> Result<(), LineProblem> {
    let rest = rest.trim_start_matches([' ', '\t']);
    if rest.is_empty() || rest.starts_with('#') {
        Ok(())
    } else {
        Err(LineProblem::Quote)
    }
}

fn single_quoted(text: &str) -> Result<Value, LineProblem> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => {
                only_comment(&text[at + 1..])?;
                return plain(out);
            }
            '\\' if text[at + 1..].starts_with(['\'', '\\']) => {
                out.extend(chars.next().map(|(_, c)| c));
            }
            c => out.push(c),
        }
    }
    Err(LineProblem::Quote)
}

fn double_quoted(text: &str) -> Result<Value, LineProblem> {
    let mut parts = Vec::new();
    let mut word = String::new();
    let mut rest = text;
    loop {
        let c = rest.chars().next().ok_or(LineProblem::Quote)?;
        let behind = &rest[c.len_utf8()..];
        rest = match c {
            '"' => {
                only_comment(behind)?;
                push_text(&mut parts, &mut word);
                if parts.is_empty() {
                    parts.push(ElementPart::Text(String::new()));
                }
                return Ok(Value { parts });
            }
            '\\' => escape(behind, &mut word)?,
            '#' if behind.starts_with('{') => {
                push_text(&mut parts, &mut word);
                let (name, behind) = variable(&behind[1..])?;
                parts.push(ElementPart::Env(name.to_owned()));
                behind
            }
            c => {
                word.push(c);
                behind
            }
        };
    }
}

fn push_text(parts: &mut Vec<ElementPart>, word: &mut String) {
    if !word.is_empty() {
        parts.push(ElementPart::Text(std::mem::take(word)));
    }
}

fn escape<'a>(rest: &'a str, word: &mut String) -> Result<&'a str, LineProblem> {
    let c = rest.chars().next().ok_or(LineProblem::Quote)?;
    word.push(match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        c if c.is_ascii_alphanumeric() => return Err(LineProblem::Escape),
        c => c,
    });
    Ok(&rest[c.len_utf8()..])
}

/// `ENV['NAME']}` or `ENV["NAME"]}`: the one expression that is let through.
fn variable(rest: &str) -> Result<(&str, &str), LineProblem> {
    let (code, behind) = rest.split_once('}').ok_or(LineProblem::Ruby)?;
    let inner = code
        .strip_prefix("ENV[")
        .and_then(|code| code.strip_suffix(']'))
        .ok_or(LineProblem::Ruby)?;
    let name = ['\'', '"']
        .iter()
        .find_map(|quote| inner.strip_prefix(*quote)?.strip_suffix(*quote))
        .ok_or(LineProblem::Ruby)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(LineProblem::Ruby);
    }
    Ok((name, behind))
}
