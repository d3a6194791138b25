//! Regular expressions of awslogs (Go, RE2) in the syntax of Fluent Bit (Onigmo, Ruby).
//!
//! What would match something else is written differently, and what cannot be expressed is refused.
//! <https://github.com/google/re2/wiki/Syntax>, <https://github.com/k-takata/Onigmo/blob/master/doc/RE>

use crate::awslogs::class;
use crate::awslogs::escape::{Rest, character_of, plain, property};

/// Longest translated pattern, in bytes. It stands in one line of the parser file, with a few words.
const PATTERN_BYTES: usize = 3_000;
/// Most repetitions that Go takes in braces.
const MOST_REPETITIONS: u32 = 1_000;

/// Why a pattern cannot be translated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternProblem {
    /// `\C`, `\1`, `\Z` and other escapes that Go itself refuses, or that have no counterpart.
    #[error("the escape \\{0} has no counterpart in Fluent Bit")]
    Escape(char),
    /// `(?U)` and words that Go does not know.
    #[error("a group that begins with (?{0} has no counterpart in Fluent Bit")]
    Group(String),
    /// `a(?i)b|c` ends in another place.
    #[error("flags such as (?i) must stand at the beginning of the pattern or of a group")]
    FlagsInside,
    /// `[` without `]`, or a class of characters that does not exist.
    #[error("a character class ([…]) is incomplete or unknown")]
    Class,
    /// `**`, `^*`, `a{2000}`.
    #[error("a repetition has nothing to repeat, or its count is too high")]
    Repetition,
    /// Parentheses do not pair.
    #[error("the parentheses are not balanced")]
    Unbalanced,
    /// It ends in the middle of something.
    #[error("it ends in the middle of an escape or a group")]
    Unfinished,
    /// A line break or another character that cannot stand in a configuration file.
    #[error("it contains the control character U+{0:04X}")]
    Control(u32),
    /// Too long.
    #[error("it is longer than {PATTERN_BYTES} bytes")]
    TooLong,
    /// What came out is no regular expression.
    #[error("it is not a valid regular expression")]
    Syntax,
}

/// The same pattern for Fluent Bit.
pub(crate) fn to_onigmo(pattern: &str) -> Result<String, PatternProblem> {
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        out: String::new(),
        groups: vec![0],
        repeatable: false,
    };
    translator.run()?;
    let out = translator.out;
    if out.len() > PATTERN_BYTES {
        return Err(PatternProblem::TooLong);
    }
    // The two syntaxes agree on what was written, so that this finds what was broken before.
    match regex::Regex::new(&out) {
        Err(regex::Error::Syntax(_)) => Err(PatternProblem::Syntax),
        _ => Ok(out),
    }
}

struct Translator<'a> {
    rest: Rest<'a>,
    out: String,
    /// Where each open group begins in `out`, behind its flags; the first is the whole pattern.
    groups: Vec<usize>,
    /// Whether what was written last may be repeated.
    repeatable: bool,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), PatternProblem> {
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => self.escape()?,
                '[' => {
                    class::translate(&mut self.rest, &mut self.out)?;
                    self.repeatable = true;
                }
                '(' => self.open()?,
                ')' => self.close()?,
                '*' | '+' | '?' => self.repeat(&character.to_string(), true)?,
                '{' => self.brace()?,
                '|' | '^' | '$' => self.push_assertion(&character.to_string()),
                '.' => {
                    self.out.push('.');
                    self.repeatable = true;
                }
                _ => self.literal(character)?,
            }
        }
        match self.groups.len() {
            1 => Ok(()),
            _ => Err(PatternProblem::Unbalanced),
        }
    }

    fn push_assertion(&mut self, text: &str) {
        self.out.push_str(text);
        self.repeatable = false;
    }

    /// A dollar goes into a class, since `${` in any value is a variable for Fluent Bit.
    fn literal(&mut self, character: char) -> Result<(), PatternProblem> {
        match character {
            '$' => self.out.push_str("[$]"),
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' => {
                self.out.push('\\');
                self.out.push(character);
            }
            _ => plain(character, &mut self.out)?,
        }
        self.repeatable = true;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), PatternProblem> {
        let escaped = self.rest.next().ok_or(PatternProblem::Unfinished)?;
        match escaped {
            'Q' => self.quoted(),
            'A' | 'z' | 'b' | 'B' => {
                self.push_assertion(&format!("\\{escaped}"));
                Ok(())
            }
            'p' | 'P' => {
                property(escaped, &mut self.rest, &mut self.out)?;
                self.repeatable = true;
                Ok(())
            }
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
                self.out.push('\\');
                self.out.push(escaped);
                self.repeatable = true;
                Ok(())
            }
            _ => {
                let character = character_of(escaped, &mut self.rest)?;
                self.literal(character)
            }
        }
    }

    /// `\Q…\E`: everything between is meant as it stands; the end may be missing.
    fn quoted(&mut self) -> Result<(), PatternProblem> {
        while let Some(character) = self.rest.next() {
            if character == '\\' && self.rest.peek() == Some(&'E') {
                self.rest.next();
                return Ok(());
            }
            self.literal(character)?;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), PatternProblem> {
        let at_start = self.groups.last() == Some(&self.out.len());
        if self.rest.next_if_eq(&'?').is_none() {
            self.out.push('(');
            self.enter();
            return Ok(());
        }
        let mut head = String::new();
        loop {
            let character = self.rest.next().ok_or(PatternProblem::Unfinished)?;
            head.push(character);
            if matches!(character, ':' | ')' | '>') {
                break;
            }
        }
        let named = head
            .strip_prefix("P<")
            .or_else(|| head.strip_prefix('<'))
            .and_then(|name| name.strip_suffix('>'));
        if let Some(name) = named.filter(|name| is_group_name(name)) {
            self.out.push_str(&format!("(?<{name}>"));
            self.enter();
            return Ok(());
        }
        let flags = flags(&head).ok_or_else(|| PatternProblem::Group(head.clone()))?;
        if head.ends_with(':') {
            self.out.push_str(&format!("(?{flags}:"));
            self.enter();
            return Ok(());
        }
        if !at_start {
            return Err(PatternProblem::FlagsInside);
        }
        if !flags.is_empty() {
            self.out.push_str(&format!("(?{flags})"));
        }
        if let Some(start) = self.groups.last_mut() {
            *start = self.out.len();
        }
        self.repeatable = false;
        Ok(())
    }

    fn enter(&mut self) {
        self.groups.push(self.out.len());
        self.repeatable = false;
    }

    fn close(&mut self) -> Result<(), PatternProblem> {
        if self.groups.len() == 1 {
            return Err(PatternProblem::Unbalanced);
        }
        self.groups.pop();
        self.out.push(')');
        self.repeatable = true;
        Ok(())
    }

    /// A second operator would be a possessive one in Ruby, and an error in Go.
    fn repeat(&mut self, operator: &str, may_be_lazy: bool) -> Result<(), PatternProblem> {
        if !self.repeatable {
            return Err(PatternProblem::Repetition);
        }
        self.out.push_str(operator);
        if self.rest.next_if_eq(&'?').is_some() && may_be_lazy {
            self.out.push('?');
        }
        self.repeatable = false;
        Ok(())
    }

    /// `{2}`, `{2,}`, `{2,5}`; anything else is a brace. `{2}?` means `{2}` in Go and "perhaps" in
    /// Ruby.
    fn brace(&mut self) -> Result<(), PatternProblem> {
        let ahead: String = self.rest.clone().take_while(|c| *c != '}').collect();
        let closed = self.rest.clone().any(|c| c == '}');
        let (least, most) = match ahead.split_once(',') {
            Some((least, most)) => (least, Some(most)),
            None => (ahead.as_str(), None),
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let most_is_good = most.is_none_or(|most| most.is_empty() || is_number(most));
        if !(closed && is_number(least) && most_is_good) {
            return self.literal('{');
        }
        for number in [Some(least), most.filter(|most| !most.is_empty())] {
            let number = number.map_or(Ok(0), str::parse::<u32>);
            if number.is_err() || number.is_ok_and(|number| number > MOST_REPETITIONS) {
                return Err(PatternProblem::Repetition);
            }
        }
        for _ in 0..=ahead.len() {
            self.rest.next();
        }
        self.repeat(&format!("{{{ahead}}}"), most.is_some())
    }
}

fn is_group_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The flags of `i-s:` or `i)` for Ruby, where `m` is what Go calls `s`, and `^` and `$` are always
/// at lines, which within one line is the same. None for what Go does not know, and for `U`.
fn flags(head: &str) -> Option<String> {
    let given = head.get(..head.len().checked_sub(1)?)?;
    if head.ends_with('>') {
        return None;
    }
    let (on, off) = given.split_once('-').unwrap_or((given, ""));
    let translate = |flags: &str| -> Option<String> {
        let mut out = String::new();
        for flag in flags.chars() {
            match flag {
                'i' => out.push('i'),
                's' => out.push('m'),
                'm' => {}
                _ => return None,
            }
        }
        Some(out)
    };
    let (on, off) = (translate(on)?, translate(off)?);
    Some(match off.is_empty() {
        true => on,
        false => format!("{on}-{off}"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_both_syntaxes_mean_alike_stays_as_it_is() {
        for pattern in [
            r"^\d{4}-\d{2}-\d{2}",
            r"^(INFO|WARN|ERROR)\b",
            r"^\[?[A-Z][a-z]{2} ",
            "^[^\\s]",
            r"^\S+ {2,}at",
            "größe",
            r"a.*?b+?c??",
            r"\Ax\z",
            r"(?:a|b)+",
            r"\p{Greek}\P{Lu}",
            "a/b\"c",
        ] {
            assert_eq!(to_onigmo(pattern).as_deref(), Ok(pattern));
        }
    }

    #[test]
    fn what_means_something_else_is_written_differently() {
        for (go, onigmo) in [
            ("(?P<when>x)", "(?<when>x)"),
            ("(?s)a.b", "(?m)a.b"),
            ("(?im-s:a)", "(?i-m:a)"),
            ("(?m)^a", "^a"),
            ("(?i)a|b", "(?i)a|b"),
            (r"\Qa.b[\Ec+", r"a\.b\[c+"),
            (r"\pN", r"\p{N}"),
            (r"\p{^Lu}", r"\P{Lu}"),
            (r"\x41\x{42}\103", "ABC"),
            (r"\t|\x07", r"\x09|\x07"),
            ("a{,3}", r"a\{,3\}"),
            ("a{2}?b", "a{2}b"),
            ("a{2,3}?b", "a{2,3}?b"),
            ("{level}", r"\{level\}"),
            (r"\${1}", "[$]{1}"),
            (r"\-\_\/\<", "-_/<"),
            ("[]a]", r"[\]a]"),
            ("[a[b]", r"[a\[b]"),
            ("[a&&b]", r"[a\&\&b]"),
            ("[${]", r"[$\{]"),
            ("[[:alpha:]_]", "[A-Za-z_]"),
            ("[^[:^digit:]]", "[^[^0-9]]"),
            (r"[\d\x2d\]]", r"[\d\-\]]"),
        ] {
            assert_eq!(to_onigmo(go).as_deref(), Ok(onigmo), "{go}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused_with_the_reason() {
        use PatternProblem::{
            Class, Control, Escape, FlagsInside, Group, Repetition, Syntax, TooLong, Unbalanced,
            Unfinished,
        };
        let long = "x".repeat(PATTERN_BYTES + 1);
        for (pattern, problem) in [
            (r"\C", Escape('C')),
            (r"(a)\1", Escape('1')),
            (r"a\Z", Escape('Z')),
            ("(?U)a+", Group("U)".to_owned())),
            ("(?=a)", Group("=a)".to_owned())),
            ("(?<!a)", Group("<!a)".to_owned())),
            ("a(?i)b|c", FlagsInside),
            ("[a", Class),
            ("[[:vowel:]]", Class),
            ("a**", Repetition),
            ("^*", Repetition),
            ("a++", Repetition),
            ("a{1001}", Repetition),
            ("(a", Unbalanced),
            ("a)", Unbalanced),
            ("a\\", Unfinished),
            ("(?i", Unfinished),
            ("\u{85}", Control(0x85)),
            ("[z-a]", Syntax),
            (long.as_str(), TooLong),
        ] {
            assert_eq!(to_onigmo(pattern), Err(problem), "{pattern}");
        }
    }
}
