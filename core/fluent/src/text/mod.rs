//! Rules for the words that may stand in a classic Fluent Bit file: keys, values, patterns.
//!
//! What does not fit is refused, not repaired. The reason does not repeat the value, since it may be
//! a secret that was pasted into the wrong field.

pub mod fluentd;
pub mod token;

use thiserror::Error;

/// Longest line that is written, in bytes. Fluent Bit lets its line buffer grow to 32 MiB since 2.1.8;
/// this is enough for every text that a policy can hold.
/// <https://github.com/fluent/fluent-bit/blob/v4.2.2/src/config_format/flb_cf_fluentbit.c>
pub const LINE_BYTES: usize = 65_536;

/// Longest line that Fluent Bit 1.9.10 reads, in bytes without the line break: it reads into a fixed
/// buffer of 4096 bytes and takes the rest of a longer line for a line of its own.
/// <https://github.com/fluent/fluent-bit/blob/v1.9.10/src/config_format/flb_cf_fluentbit.c>
pub const LINE_BYTES_V2: usize = 4_094;

/// Longest name of a variable that Fluent Bit 1.9.10 replaces, in bytes: it copies the name into a
/// buffer of 64 bytes without looking at its length. Fluent Bit 4 has room for 4095.
/// <https://github.com/fluent/fluent-bit/blob/v1.9.10/src/flb_env.c>
pub const VARIABLE_NAME_BYTES: usize = 63;

/// Longest key, in bytes. No plugin has a property name near this.
const KEY_BYTES: usize = 64;

/// Why a word cannot stand in a Fluent Bit file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextProblem {
    /// An empty value ends Fluent Bit at start ("key has an empty value").
    #[error("must not be empty")]
    Empty,
    /// A line break or another control character.
    #[error("must not contain the control character U+{0:04X}; a value is one line")]
    Control(u32),
    /// Blanks at either end are trimmed by Fluent Bit, so the value would change in silence.
    #[error("must not begin or end with a blank")]
    OuterBlank,
    /// `[NAME]` at the start of a line opens a section, `@INCLUDE` and `@SET` are commands. A value
    /// never starts a line; such a one is an attempt, or a mistake, and is not passed on.
    #[error("must not begin with a section header such as `[INPUT]`, `@INCLUDE` or `@SET`")]
    Opening,
    /// Longer than any line that is written.
    #[error("must be at most {LINE_BYTES} bytes long")]
    TooLong,
    /// The key has a character that Fluent Bit property names do not have.
    #[error(
        "must begin with a letter or `_`, continue with letters, digits, `_`, `.` or `-`, and be at most 64 characters long"
    )]
    Key,
    /// `${…}` is replaced by an environment variable in every value, also inside a pattern.
    #[error(
        "must not contain `${{`: Fluent Bit would take it for an environment variable; write `$` and `{{` apart"
    )]
    Variable,
    /// A backslash before a closing quote would escape it.
    #[error("must not end in a backslash where it has to be quoted")]
    Backslash,
    /// Names of plugins, parsers and sections are plain words.
    #[error("must consist of letters, digits, `_`, `.` and `-` only")]
    Name,
}

/// A property name, `^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`.
pub fn check_key(key: &str) -> Result<(), TextProblem> {
    let mut bytes = key.bytes();
    let first = bytes.next().ok_or(TextProblem::Empty)?;
    let begins = first.is_ascii_alphabetic() || first == b'_';
    let continues = bytes.all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if begins && continues && key.len() <= KEY_BYTES {
        Ok(())
    } else {
        Err(TextProblem::Key)
    }
}

/// A property value: one line, not empty, nothing that Fluent Bit would trim or take for structure.
///
/// `${NAME}` is allowed and means an environment variable of the router, as everywhere in Fluent Bit.
/// <https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode/variables>
pub fn check_value(value: &str) -> Result<(), TextProblem> {
    check_line(value)?;
    if opens_section(value) || begins_command(value) {
        return Err(TextProblem::Opening);
    }
    Ok(())
}

/// An option value that may be of several lines: those reach the router by a variable, and so must
/// not have variables of their own, which would not be replaced.
pub(crate) fn check_option_text(value: &str) -> Result<(), TextProblem> {
    const BREAKS: [char; 3] = ['\n', '\r', '\t'];
    if value.contains(BREAKS) {
        if value.contains("${") {
            return Err(TextProblem::Variable);
        }
        if value.trim() != value {
            return Err(TextProblem::OuterBlank);
        }
    }
    check_value(&value.replace(BREAKS, "_"))
}

/// What every value must be, whatever it means: one line, not empty, without outer blanks.
///
/// Such a text is safe behind a key: Fluent Bit looks for `[` and `@` only at the first character
/// of a line, and for `[` at the place of a key.
/// <https://github.com/fluent/fluent-bit/blob/v4.2.2/src/config_format/flb_cf_fluentbit.c>
pub(crate) fn check_line(value: &str) -> Result<(), TextProblem> {
    let first = value.chars().next().ok_or(TextProblem::Empty)?;
    if let Some(c) = value.chars().find(|c| is_line_breaking(*c)) {
        return Err(TextProblem::Control(u32::from(c)));
    }
    if first.is_whitespace() || value.ends_with(char::is_whitespace) {
        return Err(TextProblem::OuterBlank);
    }
    if value.len() > LINE_BYTES {
        return Err(TextProblem::TooLong);
    }
    Ok(())
}

/// A regular expression: one line in which `${` is refused as well, because Fluent Bit would replace
/// it before it compiles the pattern. It may begin with `[ERROR]`, a set of characters, since it
/// always stands behind a key: in our file, and in the section that the ECS agent writes for
/// `include-pattern`.
pub fn check_pattern(pattern: &str) -> Result<(), TextProblem> {
    check_line(pattern)?;
    if pattern.contains("${") {
        return Err(TextProblem::Variable);
    }
    Ok(())
}

/// A plain word: the name of a plugin, parser or section. Variables are not expanded in it, so that
/// what was checked is what runs.
pub fn check_name(name: &str) -> Result<(), TextProblem> {
    if name.is_empty() {
        return Err(TextProblem::Empty);
    }
    let plain = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if plain && name.len() <= KEY_BYTES * 2 {
        Ok(())
    } else {
        Err(TextProblem::Name)
    }
}

/// `[NAME]`; a character class such as `[a-z]+` is none, nor is `[` alone.
fn opens_section(value: &str) -> bool {
    value
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
}

/// `@INCLUDE` or `@SET`, in any case; `@timestamp` is an ordinary field name.
fn begins_command(value: &str) -> bool {
    let word = value.split([' ', '\t']).next().unwrap_or_default();
    word.eq_ignore_ascii_case("@include") || word.eq_ignore_ascii_case("@set")
}

/// C0 and C1 controls, and the two Unicode line separators.
fn is_line_breaking(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_values_are_refused_with_the_reason() {
        use TextProblem::{Control, Empty, Opening, OuterBlank, TooLong};
        let long = "x".repeat(LINE_BYTES + 1);
        for (value, problem) in [
            ("", Empty),
            ("us-east-1\n[INPUT]\n    Name exec", Control(0x0A)),
            ("a\rb", Control(0x0D)),
            ("a\0b", Control(0)),
            ("a\tb", Control(9)),
            ("a\u{7f}b", Control(0x7f)),
            ("a\u{85}b", Control(0x85)),
            ("a\u{2028}b", Control(0x2028)),
            ("a\u{2029}b", Control(0x2029)),
            (" a", OuterBlank),
            ("a ", OuterBlank),
            ("a\u{a0}", OuterBlank),
            ("[INPUT]", Opening),
            ("[input] Name exec", Opening),
            ("@INCLUDE /etc/passwd", Opening),
            ("@include", Opening),
            ("@Set a=b", Opening),
            (long.as_str(), TooLong),
        ] {
            assert_eq!(check_value(value), Err(problem), "{value:?}");
        }
    }

    #[test]
    fn multiline_option_text_is_accepted_only_without_variables() {
        for (value, expected) in [
            ("a\n\tb", Ok(())),
            ("${X}", Ok(())),
            ("a\n${X}", Err(TextProblem::Variable)),
            ("a\n", Err(TextProblem::OuterBlank)),
            ("a\n\0", Err(TextProblem::Control(0))),
            ("[INPUT]", Err(TextProblem::Opening)),
        ] {
            assert_eq!(check_option_text(value), expected, "{value:?}");
        }
    }

    #[test]
    fn ordinary_values_pass() {
        for value in [
            "us-east-1",
            "$(ecs_cluster)/application",
            "${ECS_CLUSTER}/x",
            "Authorization Bearer x",
            "a [b] @c #d",
            "@timestamp",
            "#alerts",
            "[a-z]+ [0-9]",
            "größe",
            "\"quoted\"",
        ] {
            assert_eq!(check_value(value), Ok(()), "{value:?}");
        }
    }

    #[test]
    fn keys_are_plain_property_names() {
        for key in [
            "Name",
            "tls.verify",
            "_x",
            "rdkafka.sasl.password",
            "a-b",
            "k9",
        ] {
            assert_eq!(check_key(key), Ok(()), "{key}");
        }
        for key in [
            "@type",
            "a b",
            "9a",
            "[x]",
            "a:b",
            "\u{e4}",
            &"k".repeat(65),
        ] {
            assert_eq!(check_key(key), Err(TextProblem::Key), "{key}");
        }
        assert_eq!(check_key(""), Err(TextProblem::Empty));
    }

    #[test]
    fn a_pattern_must_not_look_like_a_variable() {
        assert_eq!(check_pattern("^a{2}$"), Ok(()));
        assert_eq!(check_pattern("[ERROR]"), Ok(()));
        assert_eq!(
            check_pattern("[ERROR]\n[INPUT]"),
            Err(TextProblem::Control(10))
        );
        assert_eq!(check_pattern("^a${2}"), Err(TextProblem::Variable));
    }

    #[test]
    fn the_refused_value_is_not_repeated_in_the_message() {
        let message = check_value("hunter2\n").unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
