//! The tokens of a JSON text: words, strings and numbers.
//!
//! Never accepts what serde_json does not, and never builds a value.

use memchr::memchr2;

use super::{
    ESCAPED, LONG_NUMBER_BYTES, PLAIN, SHORT_BYTES, SURELY_I64_BYTES, Scanner, has_control_bytes,
};

impl Scanner<'_> {
    pub(super) fn word(&mut self, word: &str) -> Option<()> {
        let start = self.at;
        let end = start + word.len();
        if self.bytes.get(start..end)? != word.as_bytes() {
            return None;
        }
        self.at = end;
        self.push(start, PLAIN);
        Some(())
    }

    /// Reads a text; answers its flags.
    pub(super) fn string(&mut self) -> Option<u32> {
        self.at += 1;
        let mut flags = PLAIN;
        loop {
            let stop = self.end_of_run()?;
            if self.has_control_bytes && has_control_bytes(&self.bytes[self.at..stop]) {
                return None;
            }
            self.at = stop + 1;
            if self.bytes[stop] == b'"' {
                return Some(flags);
            }
            flags |= ESCAPED;
            if !self.escape()? {
                flags &= !PLAIN;
            }
        }
    }

    /// The next quote or backslash.
    pub(super) fn end_of_run(&self) -> Option<usize> {
        let rest = self.bytes.get(self.at..)?;
        let short = &rest[..rest.len().min(SHORT_BYTES)];
        let found = short
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\'))
            .or_else(|| {
                let long = &rest[short.len()..];
                memchr2(b'"', b'\\', long).map(|at| at + short.len())
            });
        found.map(|at| at + self.at)
    }

    /// What stands behind a backslash; answers whether it has to be escaped, and so. Halves of a
    /// surrogate pair alone are no characters.
    pub(super) fn escape(&mut self) -> Option<bool> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some(true),
            b'/' => Some(false),
            b'u' => match self.four_digits()? {
                0xD800..=0xDBFF => {
                    if self.bytes.get(self.at..self.at + 2)? != b"\\u" {
                        return None;
                    }
                    self.at += 2;
                    matches!(self.four_digits()?, 0xDC00..=0xDFFF).then_some(false)
                }
                0xDC00..=0xDFFF => None,
                _ => Some(false),
            },
            _ => None,
        }
    }

    pub(super) fn four_digits(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |code, digit| {
            Some(code * 16 + char::from(*digit).to_digit(16)?)
        })
    }

    pub(super) fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.skip(b'-');
        match self.digits() {
            0 => return None,
            1 => {}
            _ if self.bytes[start..].starts_with(b"0")
                || self.bytes[start..].starts_with(b"-0") =>
            {
                return None;
            }
            _ => {}
        }
        let mut is_whole = true;
        if self.skip(b'.') {
            is_whole = false;
            if self.digits() == 0 {
                return None;
            }
        }
        if self.skip(b'e') || self.skip(b'E') {
            is_whole = false;
            let _ = self.skip(b'+') || self.skip(b'-');
            if self.digits() == 0 {
                return None;
            }
        }
        let text = &self.text[start..self.at];
        if !is_whole || text.len() > LONG_NUMBER_BYTES {
            text.parse()
                .ok()
                .filter(|number: &f64| number.is_finite())?;
        }
        let is_plain = is_whole && text.len() <= SURELY_I64_BYTES && text != "-0";
        self.push(start, if is_plain { PLAIN } else { 0 });
        Some(())
    }

    pub(super) fn skip(&mut self, wanted: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&wanted);
        self.at += usize::from(found);
        found
    }

    /// Skips digits; answers how many.
    pub(super) fn digits(&mut self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(rest.len());
        self.at += count;
        count
    }
}
