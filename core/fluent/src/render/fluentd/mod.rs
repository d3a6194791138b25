//! Fluentd's own configuration: written, read back and compared here.
//!
//! No word of a user can open or close an element, include a file or run code.

mod custom;
mod element;
mod filters;
mod outputs;
mod parsers;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

use thiserror::Error;

pub use custom::read_fluentd_custom_config;
pub use element::{Element, ElementPart, Value};
pub use reader::read_fluentd;
pub use writer::write_fluentd;

use super::error::RenderError;
use super::router::RouterFileInput;
use super::tags;
use crate::text::fluentd::FluentdTextProblem;

/// Why a Fluentd file cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FluentdProblem {
    /// A line.
    #[error("line {line}: {problem}")]
    Line {
        /// Line number from 1.
        line: usize,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// The text ends inside an element.
    #[error("<{name}> is not closed")]
    Open {
        /// Name of the element.
        name: String,
    },
    /// The name of an element to write.
    #[error("an element has a name of letters, digits and `_`")]
    Section,
    /// A word to write.
    #[error("{place}: {source}")]
    Word {
        /// Where it would stand.
        place: String,
        /// What is wrong with it.
        source: FluentdTextProblem,
    },
    /// An element of raw text that is not allowed.
    #[error("<{name}> is not allowed here: {hint}")]
    Element {
        /// Name of the element.
        name: String,
        /// Why, and what to do.
        hint: &'static str,
    },
    /// A parameter of raw text that is not allowed.
    #[error("`{param}` in <{name}> is not allowed: {hint}")]
    Param {
        /// Name of the element.
        name: String,
        /// Name of the parameter.
        param: String,
        /// Why, and what to do.
        hint: &'static str,
    },
    /// Raw text is longer than a policy may hold.
    #[error("is longer than {} bytes", super::CUSTOM_CONFIG_BYTES)]
    TooLong,
}

/// What is wrong with a line of a Fluentd file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LineProblem {
    /// A control character.
    #[error("a control character")]
    Control,
    /// `@include`.
    #[error("`@include` is not allowed: what a task loads must be in the policy itself")]
    Include,
    /// A parameter outside of every element.
    #[error("this line belongs to no element")]
    Outside,
    /// `<` without `>`, or something behind it.
    #[error("an element is `<name argument>` alone on its line")]
    Bracket,
    /// An argument with a character in it that ends or opens something.
    #[error(
        "an argument has no blank, quote, `<`, `>` or `#`; write several patterns as `{{a,b}}`"
    )]
    Argument,
    /// `</name>` that closes nothing.
    #[error("this end belongs to no element that is open")]
    End,
    /// Too many elements inside each other.
    #[error("elements are nested too deep")]
    Depth,
    /// Not the name of a parameter.
    #[error("a line begins with the name of a parameter")]
    Name,
    /// A parameter that stands twice in one element.
    #[error("the parameter was given before")]
    Twice,
    /// A parameter without a value.
    #[error("a parameter needs a value on the same line")]
    NoValue,
    /// A quote that does not end, or something behind it.
    #[error("a quoted value ends on its line, with nothing behind it")]
    Quote,
    /// An escape that Fluentd does not know.
    #[error("the escapes are \\\\ \\\" \\n \\t \\r")]
    Escape,
    /// A value that begins like JSON and is none.
    #[error(
        "a value that begins with `[` or `{{` is JSON on one line; put quotes around other text"
    )]
    Json,
    /// Code.
    #[error("`#{{` runs Ruby code; only \"#{{ENV['NAME']}}\" is allowed")]
    Ruby,
}

/// Renders the router file of one workload for Fluentd.
///
/// The ECS agent includes it behind its own filters and before its own matches. Order: sources and
/// filters of the raw text, written anew, since a filter works only before the match that takes its
/// records; the containers as given, each with its filters and its outputs; what is left of the raw
/// text. A container whose lines are joined gets a label of its own, since joined lines that waited
/// too long are sent on to a label.
///
/// # Errors
/// What cannot be said, with its field. The text is read back and compared before it is answered.
pub fn fluentd_file(input: &RouterFileInput<'_>) -> Result<String, RenderError> {
    for (index, route) in input.routes.iter().enumerate() {
        if !tags::is_container_name(&route.container) {
            return Err(RenderError::Container { index });
        }
    }
    let custom = read_fluentd_custom_config(input.custom_config)
        .map_err(RenderError::FluentdCustomConfig)?;
    parsers::check(input.parsers)?;
    let first = |element: &Element| matches!(element.name.as_str(), "source" | "filter");
    let (mut elements, last): (Vec<Element>, Vec<Element>) = custom.into_iter().partition(first);
    for route in &input.routes {
        elements.extend(outputs::of_route(input, route)?);
    }
    elements.extend(last);
    let text = write_fluentd(&elements).map_err(RenderError::FluentdWrite)?;
    match read_fluentd(&text) {
        Ok(read) if read == elements => Ok(text),
        _ => Err(RenderError::RoundTrip(None)),
    }
}
