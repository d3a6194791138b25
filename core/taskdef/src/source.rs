//! JSON text that was read once, with the place of every value in it.
//!
//! Only what is asked for is decoded. Text that serde_json refuses is refused, not repaired.
//! Reading once is what makes a pass over many task definitions cheap: looking a member up, copying
//! it and hashing it all work on the places that were found here.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::scan::{Node, scan};
use super::unique::refuse_duplicate_names;

/// Text and places. Values are shared by all documents that were made from it.
pub struct Source {
    text: String,
    /// Found when first asked for: many texts that are put in are only ever copied.
    nodes: OnceLock<Vec<Node>>,
}

impl Source {
    /// Reads one JSON value and drops white space between tokens.
    ///
    /// # Errors
    /// Not JSON, or a member name twice in one object.
    pub(super) fn read(text: &str) -> Result<Arc<Self>, serde_json::Error> {
        let scanned = scan(text).filter(|scanned| !scanned.has_unsure_names);
        let Some(scanned) = scanned else {
            // The slow way says where and what, and knows about names that are spelt in two ways.
            refuse_duplicate_names(text)?;
            let scanned = scan(text).ok_or_else(|| {
                <serde_json::Error as serde::de::Error>::custom("the text cannot be read")
            })?;
            return Ok(Self::of(text, scanned.nodes, scanned.has_white_space));
        };
        Ok(Self::of(text, scanned.nodes, scanned.has_white_space))
    }

    fn of(text: &str, nodes: Vec<Node>, has_white_space: bool) -> Arc<Self> {
        if has_white_space {
            return Self::known(without_white_space(text));
        }
        Arc::new(Self {
            text: text.to_owned(),
            nodes: OnceLock::from(nodes),
        })
    }

    /// Text that is JSON without white space between tokens, since it was made so. Its values are
    /// looked for when somebody asks for them.
    pub fn known(text: String) -> Arc<Self> {
        debug_assert!(
            scan(&text).is_some_and(|scanned| !scanned.has_white_space),
            "{text}"
        );
        Arc::new(Self {
            text,
            nodes: OnceLock::new(),
        })
    }

    fn nodes(&self) -> &[Node] {
        self.nodes.get_or_init(|| match scan(&self.text) {
            Some(scanned) => scanned.nodes,
            None => Node::whole(&self.text),
        })
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn root(&self) -> Json<'_> {
        Json {
            source: self,
            at: 0,
        }
    }

    /// Whether the name at a place, in which nothing is escaped, is this one.
    pub(super) fn is_name_at(&self, place: u32, wanted: &str) -> bool {
        self.nodes()[place as usize].is_name(&self.text, wanted)
    }

    /// The value at a place that [`Json::place`] gave.
    pub(super) fn value_at(&self, place: u32) -> Json<'_> {
        Json {
            source: self,
            at: place as usize,
        }
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `{…}`
    Object,
    /// `[…]`
    List,
    /// `"…"`
    Text,
    /// A number.
    Number,
    /// `true`, `false`, `null`.
    Word,
}

/// One value, looked at in its place.
#[derive(Clone, Copy)]
pub struct Json<'a> {
    source: &'a Source,
    at: usize,
}

impl<'a> Json<'a> {
    fn node(self) -> Node {
        self.source.nodes()[self.at]
    }

    /// Where it is in its source.
    pub(super) fn place(self) -> u32 {
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }

    /// As it was written, without white space between tokens.
    pub fn text(self) -> &'a str {
        let node = self.node();
        let end = if node.is_closed_later() {
            self.source.nodes()[node.end_or_close()].start()
        } else {
            node.end_or_close()
        };
        &self.source.text[node.start()..end]
    }

    /// What it is, by its first byte.
    pub fn kind(self) -> JsonKind {
        match self.source.text.as_bytes().get(self.node().start()) {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::List,
            Some(b'"') => JsonKind::Text,
            Some(b'-' | b'0'..=b'9') => JsonKind::Number,
            _ => JsonKind::Word,
        }
    }

    /// Whether its text is what the canonical form would say: keys sorted, nothing escaped that need
    /// not be, no null members, whole numbers.
    pub(super) fn is_plain(self) -> bool {
        self.node().is_plain()
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.text() == "null"
    }

    /// An empty object or an empty list.
    pub(super) fn is_empty(self) -> bool {
        matches!(self.text(), "[]" | "{}")
    }

    /// Place behind the value.
    fn after(self) -> usize {
        let node = self.node();
        if node.is_closed_later() {
            node.end_or_close() + 1
        } else {
            self.at + 1
        }
    }

    fn children(self) -> Children<'a> {
        let node = self.node();
        let (next, end) = if node.is_closed_later() {
            (self.at + 1, node.end_or_close())
        } else {
            (0, 0)
        };
        Children {
            source: self.source,
            next,
            end,
        }
    }

    /// The entries of a list; of anything else, none.
    pub fn items(self) -> impl Iterator<Item = Json<'a>> {
        let children = (self.kind() == JsonKind::List).then(|| self.children());
        children.into_iter().flatten()
    }

    /// The members of an object, names as texts; of anything else, none.
    pub fn members(self) -> impl Iterator<Item = (Json<'a>, Json<'a>)> {
        let children = (self.kind() == JsonKind::Object).then(|| self.children());
        children.into_iter().flat_map(Children::pairs)
    }

    /// A member of an object.
    pub fn member(self, name: &str) -> Option<Json<'a>> {
        self.members()
            .find(|(key, _)| key.is_name(name))
            .map(|(_, value)| value)
    }

    /// As [`Json::is_text`], for a value that is known to be a text.
    fn is_name(self, wanted: &str) -> bool {
        let node = self.node();
        if node.is_escaped() {
            return self.string().is_some_and(|text| text == wanted);
        }
        node.is_name(&self.source.text, wanted)
    }

    /// Whether it is a text and equal to this.
    pub(crate) fn is_text(self, wanted: &str) -> bool {
        let bytes = self.text().as_bytes();
        match bytes {
            [b'"', inner @ .., b'"'] if !self.node().is_escaped() => inner == wanted.as_bytes(),
            [b'"', ..] => self.string().is_some_and(|text| text == wanted),
            _ => false,
        }
    }

    /// A text, decoded.
    pub fn string(self) -> Option<Cow<'a, str>> {
        let inner = self.quoted()?;
        if !self.node().is_escaped() {
            return Some(Cow::Borrowed(inner));
        }
        serde_json::from_str(self.text()).ok().map(Cow::Owned)
    }

    /// What is between the quotes of a value that is known to be a text, such as a name.
    pub(super) fn name(self) -> &'a str {
        let node = self.node();
        let inner = node.start() + 1..node.end_or_close().saturating_sub(1);
        self.source.text.get(inner).unwrap_or_default()
    }

    /// What is between the quotes of a text.
    pub(super) fn quoted(self) -> Option<&'a str> {
        let text = self.text();
        match text.as_bytes() {
            [b'"', .., b'"'] => text.get(1..text.len() - 1),
            _ => None,
        }
    }

    /// The value as a tree.
    pub(super) fn value(self) -> Option<Value> {
        serde_json::from_str(self.text()).ok()
    }

    /// A number, as serde_json reads it.
    pub(super) fn number(self) -> Option<f64> {
        if let Some(whole) = self.text().parse::<u32>().ok().filter(|_| self.is_plain()) {
            return Some(f64::from(whole));
        }
        (self.kind() == JsonKind::Number)
            .then(|| self.value()?.as_f64())
            .flatten()
    }

    /// A whole number that is not negative.
    pub fn whole(self) -> Option<u64> {
        (self.kind() == JsonKind::Number)
            .then(|| self.text().parse().ok())
            .flatten()
    }
}

/// Values side by side.
struct Children<'a> {
    source: &'a Source,
    next: usize,
    end: usize,
}

impl<'a> Children<'a> {
    fn pairs(mut self) -> impl Iterator<Item = (Json<'a>, Json<'a>)> {
        std::iter::from_fn(move || Some((self.next()?, self.next()?)))
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Json<'a>> {
        if self.next >= self.end {
            return None;
        }
        let value = Json {
            source: self.source,
            at: self.next,
        };
        self.next = value.after();
        Some(value)
    }
}

/// Drops white space between tokens. The text must be JSON.
fn without_white_space(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for character in text.chars() {
        if in_string {
            out.push(character);
            (in_string, escaped) = match character {
                _ if escaped => (true, false),
                '\\' => (true, true),
                '"' => (false, false),
                _ => (true, false),
            };
        } else if !matches!(character, ' ' | '\t' | '\r' | '\n') {
            out.push(character);
            in_string = character == '"';
        }
    }
    out
}
