//! Single characters of a Go pattern and what a backslash makes of them, for Onigmo.
//!
//! Numbers are translated, since the two syntaxes count in different ways.

use std::iter::Peekable;
use std::str::Chars;

use crate::awslogs::pattern::PatternProblem;

/// The characters of a pattern that are not read yet.
pub(crate) type Rest<'a> = Peekable<Chars<'a>>;

/// `\p{Greek}`, `\pN`, `\P{^Lu}`.
pub(crate) fn property(
    escaped: char,
    rest: &mut Rest<'_>,
    out: &mut String,
) -> Result<(), PatternProblem> {
    let first = rest.next().ok_or(PatternProblem::Unfinished)?;
    let mut name = String::new();
    let mut negated = escaped == 'P';
    if first == '{' {
        loop {
            match rest.next().ok_or(PatternProblem::Unfinished)? {
                '}' => break,
                '^' if name.is_empty() => negated = !negated,
                character => name.push(character),
            }
        }
    } else {
        name.push(first);
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_') {
        return Err(PatternProblem::Class);
    }
    let letter = if negated { 'P' } else { 'p' };
    out.push_str(&format!("\\{letter}{{{name}}}"));
    Ok(())
}

/// The character that an escape stands for.
pub(crate) fn character_of(escaped: char, rest: &mut Rest<'_>) -> Result<char, PatternProblem> {
    match escaped {
        'a' => Ok('\u{7}'),
        'f' => Ok('\u{c}'),
        't' => Ok('\t'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        'v' => Ok('\u{b}'),
        'x' => hexadecimal(rest),
        '0'..='7' => octal(escaped, rest),
        _ if escaped.is_ascii_punctuation() => Ok(escaped),
        _ => Err(PatternProblem::Escape(escaped)),
    }
}

/// `\x7F`, `\x{10FFFF}`.
fn hexadecimal(rest: &mut Rest<'_>) -> Result<char, PatternProblem> {
    let digits: String = if rest.next_if_eq(&'{').is_some() {
        let digits = rest.clone().take_while(|c| *c != '}').collect::<String>();
        for _ in 0..=digits.len() {
            rest.next().ok_or(PatternProblem::Unfinished)?;
        }
        digits
    } else {
        rest.by_ref().take(2).collect()
    };
    u32::from_str_radix(&digits, 16)
        .ok()
        .filter(|_| digits.len() >= 2)
        .and_then(char::from_u32)
        .ok_or(PatternProblem::Escape('x'))
}

/// `\0`, `\123`; one digit alone, unless it is 0, would refer back to a group, which Go cannot.
fn octal(first: char, rest: &mut Rest<'_>) -> Result<char, PatternProblem> {
    let mut digits = String::from(first);
    while digits.len() < 3 {
        match rest.next_if(|c| ('0'..='7').contains(c)) {
            Some(digit) => digits.push(digit),
            None => break,
        }
    }
    if digits.len() == 1 && first != '0' {
        return Err(PatternProblem::Escape(first));
    }
    u32::from_str_radix(&digits, 8)
        .ok()
        .and_then(char::from_u32)
        .ok_or(PatternProblem::Escape(first))
}

/// A character that means itself. Controls are written by their number, as far as both sides know it.
pub(crate) fn plain(character: char, out: &mut String) -> Result<(), PatternProblem> {
    if character.is_ascii_control() {
        out.push_str(&format!("\\x{:02X}", u32::from(character)));
    } else if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
        return Err(PatternProblem::Control(u32::from(character)));
    } else {
        out.push(character);
    }
    Ok(())
}
