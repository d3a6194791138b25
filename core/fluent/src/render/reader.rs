//! Reads classic Fluent Bit text into a tree, by the rules of Fluent Bit's own reader.
//!
//! Includes are not followed and variables not expanded. Stricter where Fluent Bit is vague: what is
//! accepted here means the same there.
//! <https://github.com/fluent/fluent-bit/blob/v4.2.2/src/config_format/flb_cf_fluentbit.c>

use thiserror::Error;

use super::tree::{Document, Entry, Item, Section};

/// A line that Fluent Bit would refuse, or read differently than it looks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct ReadError {
    /// Line number from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: ReadProblem,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReadProblem {
    /// A control character other than a line break, a tab in the indent or the CR of a CRLF.
    #[error("a control character")]
    Control,
    /// `[` without `]`, an empty name, or text after the `]`.
    #[error("a section header is a name in square brackets and nothing else")]
    Header,
    /// A `Key Value` line before the first section.
    #[error("this line belongs to no section")]
    NoSection,
    /// A `Key Value` line that is not indented.
    #[error("the lines of a section are indented")]
    NotIndented,
    /// The indent of a file is that of its first indented line.
    #[error("every line of a section has the same indent; blanks and tabs are not mixed")]
    Indent,
    /// A key without a value ends Fluent Bit at start.
    #[error("a key needs a value, with a blank between them")]
    NoValue,
    /// `[NAME]` inside a section.
    #[error("groups inside a section are not supported")]
    Group,
    /// `@` with nothing behind it, or an unknown word.
    #[error("the commands are `@INCLUDE path` and `@SET name=value`")]
    Command,
}

/// Reads a whole file. Lines end in LF or CRLF; `#` begins a comment only as the first character
/// of a line after its indent.
pub fn read(text: &str) -> Result<Document, ReadError> {
    let mut reader = Reader::default();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        reader.line(line).map_err(|problem| ReadError {
            line: index + 1,
            problem,
        })?;
    }
    Ok(reader.document)
}

#[derive(Default)]
struct Reader<'a> {
    document: Document,
    indent: Option<&'a str>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str) -> Result<(), ReadProblem> {
        let content = line.trim_start_matches([' ', '\t']);
        let indent = &line[..line.len() - content.len()];
        if content.chars().any(is_refused) {
            return Err(ReadProblem::Control);
        }
        if content.is_empty() {
            return self.blank(indent);
        }
        if indent.is_empty() {
            return match content.as_bytes().first() {
                Some(b'#') => Ok(()),
                Some(b'@') => self.command(content),
                Some(b'[') => self.header(content),
                _ => Err(ReadProblem::NotIndented),
            };
        }
        self.check_indent(indent)?;
        match content.as_bytes().first() {
            Some(b'#') => Ok(()),
            Some(b'[') => Err(ReadProblem::Group),
            _ => self.entry(content),
        }
    }

    /// A line of blanks counts for Fluent Bit: too few of them are a bad indent.
    fn blank(&self, indent: &str) -> Result<(), ReadProblem> {
        match self.indent {
            Some(expected) if !indent.is_empty() && indent != expected => Err(ReadProblem::Indent),
            _ => Ok(()),
        }
    }

    fn check_indent(&mut self, indent: &'a str) -> Result<(), ReadProblem> {
        let expected = *self.indent.get_or_insert(indent);
        if indent == expected {
            Ok(())
        } else {
            Err(ReadProblem::Indent)
        }
    }

    fn command(&mut self, content: &str) -> Result<(), ReadProblem> {
        let (name, argument) = content[1..].split_once(' ').ok_or(ReadProblem::Command)?;
        let name = name.to_ascii_uppercase();
        let argument = argument.trim();
        if !matches!(name.as_str(), "INCLUDE" | "SET") || argument.is_empty() {
            return Err(ReadProblem::Command);
        }
        self.document.items.push(Item::Command {
            name,
            argument: argument.to_owned(),
        });
        Ok(())
    }

    fn header(&mut self, content: &str) -> Result<(), ReadProblem> {
        let name = content
            .trim_end()
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .ok_or(ReadProblem::Header)?;
        crate::text::check_name(name).map_err(|_| ReadProblem::Header)?;
        self.document.items.push(Section::new(name).into());
        Ok(())
    }

    fn entry(&mut self, content: &str) -> Result<(), ReadProblem> {
        let (key, value) = content.split_once(' ').ok_or(ReadProblem::NoValue)?;
        let value = value.trim();
        if value.is_empty() {
            return Err(ReadProblem::NoValue);
        }
        let Some(Item::Section(section)) = self.document.items.last_mut() else {
            return Err(ReadProblem::NoSection);
        };
        section.entries.push(Entry {
            key: key.to_owned(),
            value: value.to_owned(),
        });
        Ok(())
    }
}

/// The reader meets lines without their break; a tab is a blank to Fluent Bit inside a value.
fn is_refused(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> (usize, ReadProblem) {
        let error = read(text).unwrap_err();
        (error.line, error.problem)
    }

    #[test]
    fn sections_keys_comments_and_commands_are_read() {
        let text = "# head\n@SET a=b\n\n[input]\r\n    Name tail\n    # why\n    Path  /var/log/*.log \n\n@INCLUDE /x.conf\n[OUTPUT]\n    Name null\n    Match *\n";
        let document = read(text).unwrap();
        assert_eq!(document.items.len(), 4);
        let input = document.sections().next().unwrap();
        assert_eq!(input.name, "INPUT");
        assert_eq!(input.value("path"), Some("/var/log/*.log"));
        assert!(
            matches!(&document.items[2], Item::Command { name, argument }
            if name == "INCLUDE" && argument == "/x.conf")
        );
    }

    #[test]
    fn what_fluent_bit_would_refuse_is_refused_with_its_line() {
        use ReadProblem::{
            Command, Control, Group, Header, Indent, NoSection, NoValue, NotIndented,
        };
        for (text, line, expected) in [
            ("[INPUT\n", 1, Header),
            ("[]\n", 1, Header),
            ("[INPUT] x\n", 1, Header),
            ("    Name x\n", 1, NoSection),
            ("[INPUT]\nName x\n", 2, NotIndented),
            ("[INPUT]\n    Name x\n  Tag y\n", 3, Indent),
            ("[INPUT]\n    Name x\n     Tag y\n", 3, Indent),
            ("[INPUT]\n    Name x\n\tTag y\n", 3, Indent),
            ("[INPUT]\n    Name x\n  \n", 3, Indent),
            ("[INPUT]\n    Name\n", 2, NoValue),
            ("[INPUT]\n    Name  \n", 2, NoValue),
            ("[INPUT]\n    Name\ttail\n", 2, NoValue),
            ("[INPUT]\n    [GROUP]\n", 2, Group),
            ("@INCLUDE\n", 1, Command),
            ("@x y\n", 1, Command),
            ("[INPUT]\n    Name a\u{0}b\n", 2, Control),
            ("[INPUT]\n    Name a\rb\n", 2, Control),
            ("[INPUT]\n    Name a\u{2028}b\n", 2, Control),
        ] {
            assert_eq!(problem(text), (line, expected), "{text:?}");
        }
    }
}
