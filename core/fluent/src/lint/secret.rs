//! Secrets in plain text: by the name of an option, by the form of a value, in URLs.
//!
//! Findings contain neither a value nor its length.

use super::output::Output;
use super::{Code, Findings};
use firelens_types::v1alpha1::validate::secrets;

/// First characters of keys and tokens that vendors mark as such.
const KEY_PREFIXES: [&str; 14] = [
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "glc_",
    "glsa_",
    "xoxb-",
    "xoxp-",
    "NRAK-",
    "NRII-",
    "sk_live_",
];
/// Words before `=` that name a secret in the query of a URL.
const QUERY_SECRETS: [&str; 6] = [
    "token=",
    "api_key=",
    "apikey=",
    "key=",
    "secret=",
    "password=",
];
/// Shortest prefixed key that is taken for one, in characters.
const PREFIXED_KEY_MIN_CHARS: usize = 16;

/// Checks the options of an output.
pub(super) fn check_output(output: &Output, findings: &mut Findings) {
    for given in &output.given {
        let Some(value) = given.value.as_deref() else {
            continue;
        };
        let (name, field) = (&given.name, &given.field);
        if name.eq_ignore_ascii_case("header")
            && secrets::is_secret_header(value)
            && !value.contains("${")
        {
            let message = "the header contains a secret in plain text";
            findings.add(Code::SecretInHeader, field, message);
        } else if secrets::is_secret_option(name) && !given.typed && !value.contains("${") {
            let message = format!("{name} is a secret, and is in plain text here");
            findings.add(Code::SecretInOption, field, message);
        } else {
            check_value(name, value, field, findings);
        }
    }
}

/// Checks a value whose name promises nothing.
pub(super) fn check_value(name: &str, value: &str, field: &str, findings: &mut Findings) {
    if has_url_secret(value) {
        let message = format!("the URL in {name} contains a password or a token");
        findings.add(Code::SecretInUrl, field, message);
    } else if looks_secret(value) {
        let message = format!("the value of {name} looks like a key or a token");
        findings.add(Code::SecretLookingValue, field, message);
    }
}

/// Whether a word of the value has the form of a key or a token.
pub(super) fn looks_secret(value: &str) -> bool {
    value.contains("-----BEGIN")
        || value
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '='))
            .any(is_key)
}

fn is_key(word: &str) -> bool {
    let word = word.rsplit(['/', ':']).next().unwrap_or(word);
    let long = word.len() >= PREFIXED_KEY_MIN_CHARS;
    let prefixed = KEY_PREFIXES.iter().any(|prefix| word.starts_with(prefix));
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let mixed =
        word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_alphabetic());
    let whole_hex = matches!(word.len(), 32 | 40 | 64) && hex(word) && mixed;
    let new_relic = word.len() == 40 && word.ends_with("NRAL");
    let jwt = word.starts_with("eyJ") && word.matches('.').count() == 2;
    (long && prefixed) || whole_hex || new_relic || jwt
}

/// Whether a URL or a path holds a password (`://user:password@`) or a token (`?token=…`).
pub(super) fn has_url_secret(value: &str) -> bool {
    let authority = value.split_once("://").map(|(_, rest)| {
        let end = rest.find(['/', '?', ' ']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    });
    let password = authority
        .and_then(|authority| authority.rsplit_once('@'))
        .and_then(|(user, _)| user.split_once(':'))
        .is_some_and(|(_, password)| !password.is_empty() && !password.starts_with("${"));
    let query = value
        .split_once('?')
        .map(|(_, query)| query.to_ascii_lowercase());
    let token = query.is_some_and(|query| {
        query.split('&').any(|pair| {
            QUERY_SECRETS.iter().any(|name| {
                pair.strip_prefix(name)
                    .is_some_and(|value| !value.is_empty() && !value.starts_with("${"))
            })
        })
    });
    password || token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_are_known_by_their_form() {
        for (value, expected) in [
            ("AKIAIOSFODNN7EXAMPLE", true),
            ("key:AKIAIOSFODNN7EXAMPLE", true),
            ("NRAK-ABCDEFGHIJKLMNOPQR", true),
            ("0123456789abcdef0123456789abcdef", true),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", true),
            ("env:prod,team:payments", false),
            ("http-intake.logs.datadoghq.com", false),
            ("00000000000000000000000000000000", false),
            ("arn:aws:iam::111122223333:role/log-writer", false),
        ] {
            assert_eq!(looks_secret(value), expected, "{value}");
        }
    }

    #[test]
    fn url_passwords_and_tokens_are_found_but_variables_are_not() {
        for (value, expected) in [
            ("https://user:pass@host/path", true),
            ("https://user:${PASS}@host/path", false),
            ("https://host:8080/a@b", false),
            ("/?token=abc&type=x", true),
            ("/?token=${TOKEN}", false),
            ("/bulk?type=http", false),
        ] {
            assert_eq!(has_url_secret(value), expected, "{value}");
        }
    }
}
