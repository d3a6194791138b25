//! Finds every value of a JSON text in one pass.
//!
//! It is faster than serde_json at telling that a text is JSON and agrees with it on every text, but
//! gives no reason for a refusal. The grammar is that of <https://www.rfc-editor.org/rfc/rfc8259>.

mod token;

use std::ops::Range;

/// Levels of lists and objects that are read, as in serde_json.
const MAX_DEPTH: usize = 127;
/// Digits of a number that fits into an i64 for certain, its sign included.
const SURELY_I64_BYTES: usize = 18;
/// Digits that may be too many for an f64.
const LONG_NUMBER_BYTES: usize = 300;

const PLAIN: u32 = 1 << 31;
const ESCAPED: u32 = 1 << 30;
const CLOSED_LATER: u32 = 1 << 29;
const FLAGS: u32 = PLAIN | ESCAPED | CLOSED_LATER;
/// Longer texts are not read.
const MAX_BYTES: usize = (1 << 29) - 1;

/// The place of one value, name, or end of an object or a list, in 8 bytes.
#[derive(Clone, Copy)]
pub(super) struct Node {
    /// First byte; of an end, the byte behind it.
    start: u32,
    /// For objects and lists the node of their end, for other values the byte behind them. The three
    /// highest bits say whether the text is plain, whether something in it is escaped, and whether it
    /// is an object or a list.
    rest: u32,
}

impl Node {
    /// One value that is all of a text in which no other was found.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "what is cut off is only not shown"
    )]
    pub(super) fn whole(text: &str) -> Vec<Self> {
        let bytes = text.len().min(MAX_BYTES) as u32;
        let rest = match text.as_bytes() {
            [b'{' | b'[', ..] => 1 | CLOSED_LATER,
            _ => bytes,
        };
        let end = Self {
            start: bytes,
            rest: 0,
        };
        vec![Self { start: 0, rest }, end]
    }

    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    /// Whether the text is what the canonical form would say.
    pub(super) fn is_plain(self) -> bool {
        self.rest & PLAIN != 0
    }

    /// Whether it is a text in which something is escaped.
    pub(super) fn is_escaped(self) -> bool {
        self.rest & ESCAPED != 0
    }

    pub(super) fn end_or_close(self) -> usize {
        (self.rest & !FLAGS) as usize
    }

    /// Whether it is an object or a list.
    pub(super) fn is_closed_later(self) -> bool {
        self.rest & CLOSED_LATER != 0
    }

    /// Whether it is a text without escapes and equal to this.
    pub(super) fn is_name(self, text: &str, wanted: &str) -> bool {
        let inner = self.start() + 1;
        let end = inner + wanted.len();
        self.end_or_close() == end + 1 && text.as_bytes().get(inner..end) == Some(wanted.as_bytes())
    }
}

/// What one pass found.
pub(super) struct Scanned {
    /// In the order of the text; the first is the whole value.
    pub(super) nodes: Vec<Node>,
    /// Whether there is white space between tokens.
    pub(super) has_white_space: bool,
    /// Whether an object may have a name twice.
    pub(super) has_unsure_names: bool,
}

/// Reads one JSON value; none when the text is not one.
pub(super) fn scan(text: &str) -> Option<Scanned> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let bytes = text.as_bytes();
    let mut scanner = Scanner {
        text,
        bytes,
        at: 0,
        // Task definitions have a token in about ten bytes.
        nodes: Vec::with_capacity(bytes.len() / 10 + 8),
        open: Vec::with_capacity(16),
        has_white_space: false,
        has_unsure_names: false,
    };
    scanner.document()?;
    Some(Scanned {
        nodes: scanner.nodes,
        has_white_space: scanner.has_white_space,
        has_unsure_names: scanner.has_unsure_names,
    })
}

/// An object or a list that has not ended.
struct Open {
    node: usize,
    is_object: bool,
    is_plain: bool,
    /// Names came in rising order so far.
    is_sorted: bool,
    has_escaped_name: bool,
    last_name: Range<usize>,
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    open: Vec<Open>,
    has_white_space: bool,
    has_unsure_names: bool,
}

impl Scanner<'_> {
    fn document(&mut self) -> Option<()> {
        loop {
            if self.value()? {
                continue;
            }
            while let Some((is_object, is_first)) = self
                .open
                .last()
                .map(|open| (open.is_object, self.nodes.len() == open.node + 1))
            {
                let byte = self.peek()?;
                self.at += 1;
                match byte {
                    b',' if !is_first => {
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    b'}' if is_object => self.close(),
                    b']' if !is_object => self.close(),
                    _ => return None,
                }
            }
            if self.open.is_empty() {
                self.skip_white_space();
                return (self.at == self.bytes.len()).then_some(());
            }
        }
    }

    /// Reads a value, or the beginning of a list or object; returns whether a value has to follow.
    fn value(&mut self) -> Option<bool> {
        match self.peek()? {
            b'"' => {
                let start = self.at;
                let flags = self.string()?;
                self.push(start, flags);
            }
            b'{' => {
                self.open(true)?;
                if self.peek()? != b'}' {
                    self.name()?;
                    return Some(true);
                }
            }
            b'[' => {
                self.open(false)?;
                return Some(self.peek()? != b']');
            }
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => {
                self.word("null")?;
                if let Some(open) = self.open.last_mut().filter(|open| open.is_object) {
                    open.is_plain = false;
                }
            }
            _ => self.number()?,
        }
        Some(false)
    }

    fn peek(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        if byte > b' ' {
            return Some(byte);
        }
        self.skip_white_space();
        self.bytes.get(self.at).copied()
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
            self.has_white_space = true;
        }
    }

    /// Adds a value that has ended at the present place.
    fn push(&mut self, start: usize, flags: u32) {
        self.add(start, self.at, flags);
        if flags & PLAIN == 0
            && let Some(open) = self.open.last_mut()
        {
            open.is_plain = false;
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "longer texts were refused at first"
    )]
    fn add(&mut self, start: usize, rest: usize, flags: u32) {
        self.nodes.push(Node {
            start: start as u32,
            rest: rest as u32 | flags,
        });
    }

    fn open(&mut self, is_object: bool) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            return None;
        }
        self.open.push(Open {
            node: self.nodes.len(),
            is_object,
            is_plain: true,
            is_sorted: true,
            has_escaped_name: false,
            last_name: 0..0,
        });
        self.add(self.at, 0, 0);
        self.at += 1;
        Some(())
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "longer texts were refused at first"
    )]
    fn close(&mut self) {
        let Some(open) = self.open.pop() else {
            return;
        };
        if !open.is_sorted {
            self.has_unsure_names |= open.has_escaped_name || self.has_name_twice(open.node);
        }
        let is_plain = open.is_plain && open.is_sorted && !open.has_escaped_name;
        let close = self.nodes.len();
        self.add(self.at, open.node, 0);
        self.nodes[open.node].rest = close as u32 | CLOSED_LATER | if is_plain { PLAIN } else { 0 };
        if !is_plain && let Some(outer) = self.open.last_mut() {
            outer.is_plain = false;
        }
    }

    /// The name of a member and the colon behind it.
    fn name(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at;
        let flags = self.string()?;
        let is_escaped = flags & ESCAPED != 0;
        let name = start + 1..self.at - 1;
        self.add(start, self.at, flags);
        if let Some(open) = self.open.last_mut() {
            let is_first = open.last_name.start == 0;
            let rises = is_first || self.bytes[open.last_name.clone()] < self.bytes[name.clone()];
            open.is_sorted &= rises && !is_escaped;
            open.has_escaped_name |= is_escaped;
            open.last_name = name;
        }
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Compares the names of an object whose last member has just ended; none of them is escaped.
    /// Few objects have names with one fingerprint, so that the names themselves are seldom looked at.
    fn has_name_twice(&self, object: usize) -> bool {
        let mut fingerprints: Vec<u64> = Vec::with_capacity(32);
        fingerprints.extend(self.names_of(object).map(fingerprint));
        fingerprints.sort_unstable();
        if fingerprints.windows(2).all(|pair| pair[0] != pair[1]) {
            return false;
        }
        let mut names: Vec<&[u8]> = self.names_of(object).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// The names of an object whose last member has just ended, without their quotes.
    fn names_of(&self, object: usize) -> impl Iterator<Item = &[u8]> {
        let mut at = object + 1;
        std::iter::from_fn(move || {
            let (name, value) = (self.nodes.get(at)?, self.nodes.get(at + 1)?);
            at = if value.is_closed_later() {
                value.end_or_close() + 1
            } else {
                at + 2
            };
            self.bytes.get(name.start() + 1..name.end_or_close() - 1)
        })
    }
}

/// Equal for equal names, and hardly ever for others.
fn fingerprint(name: &[u8]) -> u64 {
    /// Odd, with bits all over: the golden ratio.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut blocks = name.chunks_exact(8);
    let mut mixed = 0_u64;
    for block in &mut blocks {
        let word = block.try_into().map_or(0, u64::from_le_bytes);
        mixed = (mixed ^ word).wrapping_mul(SPREAD).rotate_left(29);
    }
    let rest = blocks.remainder().iter();
    let rest = rest.fold(1, |word: u64, byte| word << 8 | u64::from(*byte));
    (mixed ^ rest).wrapping_mul(SPREAD)
}
