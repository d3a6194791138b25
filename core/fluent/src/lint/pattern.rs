//! Regular expressions of Onigmo, as far as they can be evaluated without compiling them.
//!
//! What is not understood is let through, so no expression is called wrong that Onigmo takes.
//! <https://github.com/k-takata/Onigmo/blob/master/doc/RE>

use super::{Code, Findings};

/// Checks one expression.
pub(super) fn check(pattern: &str, field: &str, findings: &mut Findings) {
    if let Err(problem) = read(pattern) {
        findings.add(Code::PatternInvalid, field, problem);
        return;
    }
    if is_in_slashes(pattern) {
        let message = "the slashes around the expression are not part of it";
        findings.add(Code::PatternSlashes, field, message);
    }
    if never_matches(pattern) {
        let message =
            "an anchor stands inside the expression, where a line neither begins nor ends";
        findings.add(Code::PatternNeverMatches, field, message);
    }
}

/// `/…/` and `/…/i` are taken for an expression in slashes.
/// <https://github.com/fluent/fluent-bit/blob/v4.2.2/src/flb_regex.c>
fn is_in_slashes(pattern: &str) -> bool {
    let Some((inside, options)) = pattern
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
    else {
        return false;
    };
    !inside.is_empty() && options.chars().all(|c| matches!(c, 'm' | 'i' | 'o' | 'x'))
}

/// Reads the expression once: parentheses, classes, escapes and repeats.
fn read(pattern: &str) -> Result<(), String> {
    let mut groups = 0_usize;
    let mut repeatable = false;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if chars.next().is_none() {
                    return Err("it ends in a backslash".to_owned());
                }
                repeatable = true;
            }
            '[' => {
                skip_class(&mut chars)?;
                repeatable = true;
            }
            '(' => {
                groups += 1;
                repeatable = false;
                if chars.next_if_eq(&'?').is_some() {
                    // What follows names the kind of group; none of it is repeated.
                    while chars
                        .next_if(|c| matches!(c, ':' | '=' | '!' | '<' | '>' | '~' | '#'))
                        .is_some()
                    {}
                }
            }
            ')' => {
                groups = groups
                    .checked_sub(1)
                    .ok_or("a ) closes nothing; write \\) for the character")?;
                repeatable = true;
            }
            '*' | '+' | '?' => {
                if !repeatable {
                    return Err(format!(
                        "{c} repeats nothing; write \\{c} for the character"
                    ));
                }
                // `a+?`, `a++`: a kind of repeat.
                while chars.next_if(|c| matches!(c, '?' | '+')).is_some() {}
            }
            '|' => repeatable = false,
            _ => repeatable = true,
        }
    }
    if groups > 0 {
        return Err("a ( is never closed; write \\( for the character".to_owned());
    }
    Ok(())
}

/// Passes over a class, whose `[` was taken. `]` first in it stands for itself.
fn skip_class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), String> {
    let mut depth = 1_usize;
    let mut first = true;
    chars.next_if_eq(&'^');
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' => depth += 1,
            ']' if first && chars.clone().any(|c| c == ']') => {}
            ']' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(());
                }
            }
            _ => {}
        }
        first = false;
    }
    Err("a [ is never closed; write \\[ for the character".to_owned())
}

/// Whether plain text stands before `^` or after `$`.
fn never_matches(pattern: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || c == ' ';
    let mut before: Option<char> = None;
    let mut escaped = false;
    let mut in_class = false;
    let mut after_end = false;
    for c in pattern.chars() {
        if escaped {
            escaped = false;
            before = Some('x');
            after_end = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '^' if !in_class && before.is_some_and(plain) => return true,
            _ if after_end && !in_class && plain(c) => return true,
            _ => {}
        }
        after_end = c == '$' && !in_class;
        if !escaped {
            before = if in_class { Some('[') } else { Some(c) };
        }
    }
    false
}

/// The groups that the expression names: `(?<name>…)`.
pub(super) fn group_names(pattern: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = pattern;
    while let Some((_, behind)) = rest.split_once("(?<") {
        rest = behind;
        if let Some((name, _)) = behind.split_once('>')
            && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        {
            names.push(name);
        }
    }
    names
}

/// Whether every line matches.
pub(super) fn matches_all(pattern: &str) -> bool {
    matches!(
        pattern,
        ".*" | "^.*$" | "^.*" | ".*$" | "^" | "$" | "(.*)" | ".?"
    )
}

/// Whether only empty lines match.
pub(super) fn matches_empty_only(pattern: &str) -> bool {
    matches!(pattern, "^$" | "\\A\\z" | "$^")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_onigmo_refuses_are_found() {
        for pattern in ["(a", "a)", "[a", "*a", "a|*", "a\\", "(?:a", "(+)"] {
            assert!(read(pattern).is_err(), "{pattern}");
        }
        for pattern in [
            "a",
            "ERROR|FATAL",
            "^\\[(?<level>[^\\]]+)\\]",
            "a{2,3}",
            "a*?",
            "a++",
            "[]a]",
            "[^]a]",
            "(?i)error",
            "(?=x)y",
            "(?<!a)b",
            "\\(",
            "[[:alpha:]_]+",
            "(?<time>[^ ]* {1,2}[^ ]*)",
            "",
        ] {
            assert_eq!(read(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn anchors_inside_an_expression_never_match() {
        for (pattern, expected) in [
            ("a^b", true),
            ("a$b", true),
            ("^a$", false),
            ("(^|,)a(,|$)", false),
            ("[a^b]", false),
            ("a\\$b", false),
            ("a|^b", false),
            ("\\^a", false),
        ] {
            assert_eq!(never_matches(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn slashes_around_are_limits_and_a_path_is_not() {
        for (pattern, expected) in [
            ("/error/", true),
            ("/error/i", true),
            ("/api/v1/health", false),
            ("/healthz", false),
            ("a/b/", false),
            ("//", false),
        ] {
            assert_eq!(is_in_slashes(pattern), expected, "{pattern}");
        }
        assert_eq!(group_names("(?<a>.)(?<!x)(?<b_1>.)"), ["a", "b_1"]);
    }
}
