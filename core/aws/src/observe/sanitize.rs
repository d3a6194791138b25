//! Sanitizes foreign text for a status: reasons of AWS and lines of a router's log.
//!
//! The result has no control characters and a limited length, and a log line no text that looks like a secret.

/// Longest reason of AWS that is passed on, in characters.
const MAX_REASON_CHARS: usize = 300;

/// Longest log line that is passed on, in characters.
const MAX_LINE_CHARS: usize = 200;

/// Shortest run of letters and digits that counts as a key, in characters. Access keys of AWS have 20,
/// tokens of vendors 32 and more.
const MIN_KEY_CHARS: usize = 20;

/// The replacement of a secret.
const HIDDEN: &str = "***";

/// Parts of names whose value is a secret.
const SECRET_NAMES: [&str; 10] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "credential",
    "authorization",
];

/// Words after which a secret follows.
const SECRET_SCHEMES: [&str; 2] = ["bearer", "basic"];

/// Returns a reason of AWS as one line, cut to its limit.
#[must_use]
pub fn aws_reason(text: &str) -> String {
    cut(&one_line(text), MAX_REASON_CHARS)
}

/// Returns a log line without secrets, as one line, cut to its limit.
#[must_use]
pub fn log_line(text: &str) -> String {
    cut(&without_secrets(&one_line(text)), MAX_LINE_CHARS)
}

/// Removes control characters and terminal escape sequences, and reduces runs of blanks to one.
fn one_line(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' && letters.peek() == Some(&'[') {
            // An escape sequence ends with a letter.
            for part in letters.by_ref() {
                if part.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            let blank = letter.is_whitespace() || letter.is_control() || is_invisible(letter);
            plain.push(if blank { ' ' } else { letter });
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the character is invisible, such as a direction mark: these can make a text look like another one.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max_chars - 1).collect();
    short.push('…');
    short
}

fn without_secrets(line: &str) -> String {
    let mut hide_next = false;
    let words: Vec<String> = line
        .split(' ')
        .map(|word| {
            let lower = word.to_ascii_lowercase();
            let bare = lower.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
            if SECRET_SCHEMES.contains(&bare) {
                hide_next = true;
                return word.to_owned();
            }
            if std::mem::take(&mut hide_next) && !bare.is_empty() {
                return HIDDEN.to_owned();
            }
            let (shown, next) = hide_value(word, &lower);
            hide_next = next;
            hide_keys(&hide_user_info(&shown))
        })
        .collect();
    words.join(" ")
}

/// Hides what follows `name=` or `name:`. Also returns whether the value is the next word.
fn hide_value(word: &str, lower: &str) -> (String, bool) {
    let named = SECRET_NAMES
        .iter()
        .filter_map(|name| Some(lower.find(name)? + name.len()))
        .min();
    let Some(end) = named else {
        return (word.to_owned(), false);
    };
    let Some(at) = word
        .get(end..)
        .and_then(|rest| rest.find(['=', ':']))
        .map(|at| end + at + 1)
    else {
        return (word.to_owned(), false);
    };
    let (name, value) = word.split_at(at);
    let is_empty = value.chars().all(|letter| "\"' ".contains(letter));
    if is_empty {
        return (word.to_owned(), true);
    }
    (format!("{name}{HIDDEN}"), false)
}

/// Hides `user:password@` of an address.
fn hide_user_info(word: &str) -> String {
    let parts = word
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?)));
    match parts {
        Some((scheme, (user, rest))) if !user.contains('/') => {
            format!("{scheme}://{HIDDEN}@{rest}")
        }
        _ => word.to_owned(),
    }
}

/// Hides runs that look like keys: long, with letters and digits, and not all in lower case unless they
/// are hexadecimal.
fn hide_keys(word: &str) -> String {
    let mut shown = String::with_capacity(word.len());
    let mut run = String::new();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+/=_".contains(letter);
    for letter in word.chars() {
        if is_part(letter) {
            run.push(letter);
        } else {
            shown.push_str(if is_key(&run) { HIDDEN } else { &run });
            run.clear();
            shown.push(letter);
        }
    }
    shown.push_str(if is_key(&run) { HIDDEN } else { &run });
    shown
}

fn is_key(run: &str) -> bool {
    let has = |test: fn(char) -> bool| run.chars().any(test);
    let has_digit = has(|letter| letter.is_ascii_digit());
    let has_upper = has(|letter| letter.is_ascii_uppercase());
    let is_hexadecimal = run.chars().all(|letter| letter.is_ascii_hexdigit());
    let is_path = run.starts_with('/') && run.matches('/').count() > 1;
    run.len() >= MIN_KEY_CHARS && has_digit && (has_upper || is_hexadecimal) && !is_path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_like_words_in_log_lines_are_redacted() {
        for (line, shown) in [
            (
                "[error] [output:datadog:d.1] apikey=0123456789abcdef0123456789abcdef bad",
                "[error] [output:datadog:d.1] apikey=*** bad",
            ),
            (
                r#"{"Password": "hunter2", "host": "db"}"#,
                r#"{"Password": *** "host": "db"}"#,
            ),
            (
                "Authorization: Bearer abc.def.ghi sent",
                "Authorization: Bearer *** sent",
            ),
            ("DB_PASSWORD=x", "DB_PASSWORD=***"),
            ("using AKIAIOSFODNN7EXAMPLE now", "using *** now"),
            ("key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY!", "key ***!"),
            (
                "POST https://user:pw@logs.example:443/in failed",
                "POST https://***@logs.example:443/in failed",
            ),
            (
                "[2026/11/28 09:00:00] [error] [sp] could not open /fluent-bit/etc/fluent-bit.conf",
                "[2026/11/28 09:00:00] [error] [sp] could not open /fluent-bit/etc/fluent-bit.conf",
            ),
            (
                "chunk '1-1767225600.123456789.flb' cannot be retried: task_id=3, input=forward.0",
                "chunk '1-1767225600.123456789.flb' cannot be retried: task_id=3, input=forward.0",
            ),
            ("the token is missing", "the token is missing"),
        ] {
            assert_eq!(log_line(line), shown, "{line}");
        }
    }

    #[test]
    fn control_characters_and_colours_are_taken_out() {
        assert_eq!(
            log_line("\u{1b}[1m[error]\u{1b}[0m a\tb\r\nc\u{0}\u{202e}d"),
            "[error] a b c d"
        );
        assert_eq!(aws_reason("two\nlines"), "two lines");
    }

    #[test]
    fn a_long_text_is_cut_by_characters() {
        let cut = aws_reason(&"ü".repeat(1000));
        assert_eq!(cut.chars().count(), MAX_REASON_CHARS);
        assert!(cut.ends_with('…'));
        assert_eq!(
            log_line(&"word ".repeat(100)).chars().count(),
            MAX_LINE_CHARS
        );
    }
}
