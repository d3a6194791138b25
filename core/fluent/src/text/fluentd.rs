//! Rules for the words that may stand in a Fluentd file.
//!
//! Text cannot become Ruby: `#{` is refused everywhere, whatever quotes are around it.

use thiserror::Error;

/// Longest value, in bytes: enough for any plugin, small beside an S3 object.
const VALUE_BYTES: usize = 16_384;

/// Longest name of a parameter, in bytes.
const NAME_BYTES: usize = 128;

/// Why a word cannot stand in a Fluentd file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FluentdTextProblem {
    /// Fluentd takes a parameter without a value for an empty one, which no plugin means.
    #[error("must not be empty")]
    Empty,
    /// A line break or another control character.
    #[error("must not contain the control character U+{0:04X}; a value is one line")]
    Control(u32),
    /// Blanks at either end are trimmed where values are not quoted.
    #[error("must not begin or end with a blank")]
    OuterBlank,
    /// Embedded code, which Fluentd runs at start.
    #[error("must not contain `#{{`: Fluentd would run it as Ruby code")]
    Ruby,
    /// Longer than any plugin needs.
    #[error("must be at most {VALUE_BYTES} bytes long")]
    TooLong,
    /// Not the name of a parameter or section.
    #[error(
        "must be a parameter name: letters, digits and `_`, with a dot before each section name left out, such as \
         `buffer.flush_interval`"
    )]
    Name,
    /// Not a tag pattern, label or list of chunk keys.
    #[error("must not contain a blank, `<`, `>`, `#` or a quote")]
    Argument,
}

/// A value: one line of text.
///
/// # Errors
/// What is wrong, without the value.
pub fn check_fluentd_value(value: &str) -> Result<(), FluentdTextProblem> {
    if value.is_empty() {
        return Err(FluentdTextProblem::Empty);
    }
    if let Some(c) = value.chars().find(|c| is_line_breaking(*c)) {
        return Err(FluentdTextProblem::Control(u32::from(c)));
    }
    if value.starts_with(char::is_whitespace) || value.ends_with(char::is_whitespace) {
        return Err(FluentdTextProblem::OuterBlank);
    }
    check_inner(value)
}

/// What holds for every text inside a value, also for one with escapes in it.
pub(crate) fn check_inner(value: &str) -> Result<(), FluentdTextProblem> {
    if value.contains("#{") {
        return Err(FluentdTextProblem::Ruby);
    }
    if value.len() > VALUE_BYTES {
        return Err(FluentdTextProblem::TooLong);
    }
    Ok(())
}

/// The dotted name of a parameter, such as `log_group_name`, `buffer.flush_interval`,
/// `format.@type`. A name that begins with `@` is one of Fluentd's own.
///
/// # Errors
/// [`FluentdTextProblem::Name`].
pub fn check_fluentd_name(path: &str) -> Result<(), FluentdTextProblem> {
    let (sections_fit, name) = match path.rsplit_once('.') {
        Some((sections, name)) => (sections.split('.').all(is_section), name),
        None => (true, path),
    };
    if sections_fit && is_param(name) && path.len() <= NAME_BYTES {
        Ok(())
    } else {
        Err(FluentdTextProblem::Name)
    }
}

/// The argument of an element.
///
/// # Errors
/// [`FluentdTextProblem::Argument`].
pub(crate) fn check_argument(argument: &str) -> Result<(), FluentdTextProblem> {
    let refused = |c: char| c.is_whitespace() || c.is_control() || "<>#'\"\\".contains(c);
    if argument.contains(refused) || argument.starts_with(['[', '{']) {
        return Err(FluentdTextProblem::Argument);
    }
    Ok(())
}

/// Whether the ECS agent can write the value into its file as it does: bare, behind the name.
/// Fluentd would take quotes and brackets at its start for a literal, and a `#` behind a blank for a
/// comment.
/// <https://github.com/fluent/fluentd/blob/v1.16.5/lib/fluent/config/literal_parser.rb>
pub fn is_bare(value: &str) -> bool {
    !value.starts_with(['"', '\'', '[', '{', '#'])
        && !value.contains(" #")
        && !value.contains("\t#")
}

/// Names of elements.
pub(crate) fn is_section(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Names of parameters. Those of records (`<record>`, `<label>`, `<fields>`) may hold more than
/// letters; what ends or opens something is never in them.
pub(crate) fn is_param(name: &str) -> bool {
    let own = ["@type", "@id", "@label", "@log_level"].contains(&name);
    own || (!name.is_empty()
        && name.len() <= NAME_BYTES
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.:/".contains(&b)))
}

/// C0 and C1 controls, and the two Unicode line separators.
pub(crate) fn is_line_breaking(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_values_are_refused_with_the_reason() {
        use FluentdTextProblem::{Control, Empty, OuterBlank, Ruby};
        for (value, problem) in [
            ("", Empty),
            ("a\n@include /etc/passwd", Control(10)),
            ("a\r</match>", Control(13)),
            ("a\u{2028}b", Control(0x2028)),
            (" a", OuterBlank),
            ("\"#{`id`}\"", Ruby),
            ("{\"a\":\"#{ENV['X']}\"}", Ruby),
        ] {
            assert_eq!(check_fluentd_value(value), Err(problem), "{value:?}");
        }
        for value in [
            "us-east-1",
            "a # b",
            "${tag}",
            "%Y/%m",
            "@include x",
            "</match>",
        ] {
            assert_eq!(check_fluentd_value(value), Ok(()), "{value:?}");
        }
    }

    #[test]
    fn names_say_their_sections_with_dots() {
        for name in [
            "region",
            "buffer.flush_interval",
            "format.@type",
            "@log_level",
            "a.b.c",
        ] {
            assert_eq!(check_fluentd_name(name), Ok(()), "{name}");
        }
        for name in ["", "a b", ".a", "a.", "@include", "a>b", "#a", "a.@include"] {
            assert_eq!(
                check_fluentd_name(name),
                Err(FluentdTextProblem::Name),
                "{name}"
            );
        }
    }

    #[test]
    fn what_fluentd_would_read_otherwise_is_not_bare() {
        for (value, bare) in [
            ("us-east-1", true),
            ("a#b", true),
            ("a #b", false),
            ("\"a\"", false),
            ("'a", false),
            ("[a-z]", false),
            ("{\"a\":1}", false),
            ("#a", false),
        ] {
            assert_eq!(is_bare(value), bare, "{value}");
        }
    }
}
