//! Small words inside values: booleans, and tokens of values that Fluent Bit splits at blanks.
//!
//! What needs no quotes gets none, so that ordinary configurations read as people write them.

use super::{TextProblem, check_value};

/// Fluent Bit's words for a boolean.
pub(crate) fn on_off(value: bool) -> &'static str {
    if value { "On" } else { "Off" }
}

/// Whether a text is one variable, `${NAME}`, and nothing else.
pub(crate) fn is_variable(text: &str) -> bool {
    text.strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| super::check_key(name).is_ok())
}

/// One token of a value such as `Record KEY VALUE` or `Rule "state" "/regex/" "next"`: quoted when
/// it holds a blank, a double quote or a variable, whose value may hold a blank.
/// <https://github.com/fluent/fluent-bit/blob/v4.2.2/src/flb_slist.c>
///
/// A token that ends in a backslash cannot be quoted: it would escape the closing quote.
pub fn token(text: &str) -> Result<String, TextProblem> {
    check_value_of_token(text)?;
    if text.contains([' ', '"']) || text.contains("${") {
        quoted(text)
    } else {
        Ok(text.to_owned())
    }
}

/// The token in double quotes, with the quotes inside it escaped.
pub fn quoted(text: &str) -> Result<String, TextProblem> {
    if text.ends_with('\\') {
        return Err(TextProblem::Backslash);
    }
    Ok(format!("\"{}\"", text.replace('"', "\\\"")))
}

/// A token is never the first word of its line, so a section header in it opens nothing.
fn check_value_of_token(text: &str) -> Result<(), TextProblem> {
    match check_value(text) {
        Err(TextProblem::Opening) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_quoted_only_where_fluent_bit_would_split_them() {
        for (text, expected) in [
            ("production", "production"),
            ("two words", "\"two words\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
            ("${ENVIRONMENT}", "\"${ENVIRONMENT}\""),
            ("[INPUT]", "[INPUT]"),
            ("back\\slash", "back\\slash"),
        ] {
            assert_eq!(token(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(token("a b\\"), Err(TextProblem::Backslash));
        assert_eq!(token(""), Err(TextProblem::Empty));
        assert_eq!(token("a\nb"), Err(TextProblem::Control(10)));
    }
}
