//! Writes a tree as classic Fluent Bit text. The only code that does.
//!
//! A tree is checked before it is written: a word that the rules refuse is not written.

use thiserror::Error;

use super::tree::{Document, Entry, Item, Section};
use crate::text::{LINE_BYTES, TextProblem, check_key, check_line, check_name};

pub(super) const INDENT: &str = "    ";

/// A word of the tree that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WriteError {
    /// The name of a section.
    #[error("the name of section {section}")]
    Section {
        /// Number of the section in the file, from 1.
        section: usize,
        /// What is wrong with it.
        source: TextProblem,
    },
    /// A section without lines is only a warning to Fluent Bit, and always a mistake.
    #[error("section [{section}] has no lines")]
    NoEntries {
        /// Name of the section.
        section: String,
    },
    /// A key, by its place, since it may hold anything.
    #[error("a key in section [{section}]")]
    Key {
        /// Name of the section.
        section: String,
        /// What is wrong with it.
        source: TextProblem,
    },
    /// A value.
    #[error("the value of `{key}` in section [{section}]")]
    Value {
        /// Name of the section.
        section: String,
        /// Key of the value.
        key: String,
        /// What is wrong with it.
        source: TextProblem,
    },
    /// Commands are never written: includes are the business of the ECS agent and the init image.
    #[error("`@{name}` cannot be part of a rendered file")]
    Command {
        /// The word after `@`.
        name: String,
    },
}

/// Writes the document: a section header per line, its lines indented by four blanks, one empty
/// line between sections, a line break at the end.
pub fn write(document: &Document) -> Result<String, WriteError> {
    let mut out = String::new();
    for (index, item) in document.items.iter().enumerate() {
        match item {
            Item::Section(section) => write_section(&mut out, index + 1, section)?,
            Item::Command { name, .. } => {
                return Err(WriteError::Command { name: name.clone() });
            }
        }
    }
    Ok(out)
}

fn write_section(out: &mut String, number: usize, section: &Section) -> Result<(), WriteError> {
    check_name(&section.name).map_err(|source| WriteError::Section {
        section: number,
        source,
    })?;
    if section.entries.is_empty() {
        return Err(WriteError::NoEntries {
            section: section.name.clone(),
        });
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push('[');
    out.push_str(&section.name.to_ascii_uppercase());
    out.push_str("]\n");
    for entry in &section.entries {
        write_entry(out, &section.name, entry)?;
    }
    Ok(())
}

fn write_entry(out: &mut String, section: &str, entry: &Entry) -> Result<(), WriteError> {
    check_key(&entry.key).map_err(|source| WriteError::Key {
        section: section.to_owned(),
        source,
    })?;
    let value_error = |source| WriteError::Value {
        section: section.to_owned(),
        key: entry.key.clone(),
        source,
    };
    // What a value may begin with is evaluated where it comes from; behind its key it opens nothing.
    check_line(&entry.value).map_err(value_error)?;
    if INDENT.len() + entry.key.len() + 1 + entry.value.len() > LINE_BYTES {
        return Err(value_error(TextProblem::TooLong));
    }
    out.push_str(INDENT);
    out.push_str(&entry.key);
    out.push(' ');
    out.push_str(&entry.value);
    out.push('\n');
    Ok(())
}
