//! The tokens of a JSON text: words, strings and numbers.
//!
//! What serde_json does not accept is not accepted here. No value is built.

use super::{ESCAPED, LONG_NUMBER_BYTES, PLAIN, SURELY_I64_BYTES, Scanner};

/// Bytes that are looked at together.
const BLOCK: usize = 8;
/// A one in each byte of a block.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte of a block.
const HIGHEST: u64 = 0x8080_8080_8080_8080;

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

    /// Reads a text; returns its flags.
    pub(super) fn string(&mut self) -> Option<u32> {
        self.at += 1;
        let mut flags = PLAIN;
        loop {
            self.at = self.end_of_run()?;
            match self.bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(flags);
                }
                b'\\' => {
                    self.at += 1;
                    flags |= ESCAPED;
                    if !self.escape()? {
                        flags &= !PLAIN;
                    }
                }
                // A control byte.
                _ => return None,
            }
        }
    }

    /// The next quote, backslash or control byte.
    fn end_of_run(&self) -> Option<usize> {
        let mut at = self.at;
        while let Some(block) = self.bytes.get(at..at + BLOCK) {
            let stops = stops_in(block.try_into().map_or(0, u64::from_le_bytes));
            if stops != 0 {
                return Some(at + (stops.trailing_zeros() / u8::BITS) as usize);
            }
            at += BLOCK;
        }
        let rest = self.bytes.get(at..)?;
        let found = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | ..b' '))?;
        Some(at + found)
    }

    /// What stands behind a backslash; returns whether it has to be escaped, and so. Halves of a
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

    /// Skips digits; returns how many.
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

/// Sets the highest bit of the first byte that is a quote, a backslash or a control byte, and of no
/// byte before it. Bits behind it say nothing.
/// Source: "Determine if a word has a byte less than n" in
/// <https://graphics.stanford.edu/~seander/bithacks.html>.
const fn stops_in(block: u64) -> u64 {
    const fn below(block: u64, limit: u8) -> u64 {
        block.wrapping_sub(ONES * limit as u64) & !block
    }
    const fn equal(block: u64, byte: u8) -> u64 {
        below(block ^ (ONES * byte as u64), 1)
    }
    (below(block, b' ') | equal(block, b'"') | equal(block, b'\\')) & HIGHEST
}
