//! JSON text that is made piece by piece.
//!
//! What is given as JSON is neither read nor checked: that is for those who give it.

use serde_json::Value;

/// The text of an object that is made member by member, all with names of their own.
#[derive(Clone, Debug, Default)]
pub struct ObjectText {
    text: String,
}

impl ObjectText {
    /// Adds a member at the end.
    pub fn set(&mut self, name: &str, value: &Value) {
        self.set_text(name, &written(value));
    }

    /// As [`ObjectText::set`], for text that is known to be JSON without white space.
    pub fn set_text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.text.push_str(value);
    }

    /// As [`ObjectText::set`], for a text.
    pub fn set_string(&mut self, name: &str, value: &str) {
        self.name(name);
        write_quoted(value, &mut self.text);
    }

    fn name(&mut self, name: &str) {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        write_quoted(name, &mut self.text);
        self.text.push(':');
    }

    /// The text of the whole object.
    pub fn finish(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text.push('}');
        self.text
    }
}

/// A JSON array of elements given as text.
#[must_use]
pub fn array(elements: &[impl AsRef<str>]) -> String {
    let mut out = String::from("[");
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(element.as_ref());
    }
    out.push(']');
    out
}

/// A JSON string.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_quoted(text, &mut out);
    out
}

/// Writes a JSON string, as serde_json does. Most texts have nothing to escape but quotes.
fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(must_be_escaped) {
        let (plain, special) = rest.split_at(at);
        let (special, behind) = special.split_at(1);
        out.push_str(plain);
        match special {
            "\"" => out.push_str("\\\""),
            "\\" => out.push_str("\\\\"),
            control => {
                let written = serde_json::to_string(control).unwrap_or_default();
                out.push_str(unquoted(&written));
            }
        }
        rest = behind;
    }
    out.push_str(rest);
    out.push('"');
}

fn must_be_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | ..b' ')
}

/// A text without the quotes around it.
pub(super) fn unquoted(text: &str) -> &str {
    text.get(1..text.len().saturating_sub(1))
        .unwrap_or_default()
}

/// A tree as text. Trees can always be written.
pub(super) fn written(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_written_as_serde_json_writes_them(text in "[\\x00-\\x22\\\\a-c\u{7f}é€\u{1f600}]*") {
            prop_assert_eq!(quote(&text), Value::from(text).to_string());
        }
    }
}
