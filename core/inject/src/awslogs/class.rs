//! Classes of characters: `[…]` of Go for Onigmo.
//!
//! `[` and `&&` inside a class are escaped: they are set operations in Ruby and not in Go.

use crate::awslogs::escape::{Rest, character_of, plain, property};
use crate::awslogs::pattern::PatternProblem;

/// Named classes. Go means ASCII; in Ruby the names mean all of Unicode, so they are written out.
const NAMED: [(&str, &str); 14] = [
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("ascii", r"\x00-\x7F"),
    ("blank", r"\x09 "),
    ("cntrl", r"\x00-\x1F\x7F"),
    ("digit", "0-9"),
    ("graph", "!-~"),
    ("lower", "a-z"),
    ("print", " -~"),
    ("punct", r"!-/:-@\[-`\{-~"),
    ("space", r"\x09-\x0D "),
    ("upper", "A-Z"),
    ("word", "0-9A-Za-z_"),
    ("xdigit", "0-9A-Fa-f"),
];

/// Translates a class whose `[` was read already.
pub(crate) fn translate(rest: &mut Rest<'_>, out: &mut String) -> Result<(), PatternProblem> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let character = rest.next().ok_or(PatternProblem::Class)?;
        match character {
            ']' if !first => break,
            '[' if rest.peek() == Some(&':') => named(rest, out)?,
            '\\' => escape(rest, out)?,
            '-' => out.push('-'),
            _ => literal(character, out)?,
        }
        first = false;
    }
    out.push(']');
    Ok(())
}

fn literal(character: char, out: &mut String) -> Result<(), PatternProblem> {
    match character {
        '\\' | ']' | '[' | '^' | '-' | '&' | '{' | '~' => {
            out.push('\\');
            out.push(character);
            Ok(())
        }
        _ => plain(character, out),
    }
}

fn escape(rest: &mut Rest<'_>, out: &mut String) -> Result<(), PatternProblem> {
    let escaped = rest.next().ok_or(PatternProblem::Unfinished)?;
    match escaped {
        'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
            out.push('\\');
            out.push(escaped);
            Ok(())
        }
        'p' | 'P' => property(escaped, rest, out),
        _ => literal(character_of(escaped, rest)?, out),
    }
}

/// `[:alpha:]`, `[:^alpha:]`; the `[` was read already.
fn named(rest: &mut Rest<'_>, out: &mut String) -> Result<(), PatternProblem> {
    let ahead: String = rest.clone().take_while(|c| *c != ']').collect();
    let name = ahead
        .strip_prefix(':')
        .and_then(|name| name.strip_suffix(':'))
        .ok_or(PatternProblem::Class)?;
    let (negated, name) = match name.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, name),
    };
    let (_, members) = NAMED
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or(PatternProblem::Class)?;
    if negated {
        out.push_str(&format!("[^{members}]"));
    } else {
        out.push_str(members);
    }
    for _ in 0..=ahead.chars().count() {
        rest.next();
    }
    Ok(())
}
