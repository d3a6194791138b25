//! A classic Fluent Bit file as data: sections with repeated keys, and commands.
//!
//! Without comments and indents: two trees are equal exactly when Fluent Bit reads the same.

/// A whole file, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Sections and commands as they stand in the file.
    pub items: Vec<Item>,
}

/// One top-level part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// `[NAME]` and its entries.
    Section(Section),
    /// A line that begins with `@`.
    Command {
        /// The word after `@`, in upper case: `INCLUDE` or `SET`.
        name: String,
        /// The rest of the line.
        argument: String,
    },
}

/// `[NAME]` with `Key Value` lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Name in upper case, as Fluent Bit compares it without case: `INPUT`, `OUTPUT` …
    pub name: String,
    /// Lines in order; a key may stand several times (`Rule`, `Record`, `Header` …).
    pub entries: Vec<Entry>,
}

/// One `Key Value` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Property name as written.
    pub key: String,
    /// Property value without outer blanks.
    pub value: String,
}

impl Document {
    /// The sections, commands left out.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.items.iter().filter_map(|item| match item {
            Item::Section(section) => Some(section),
            Item::Command { .. } => None,
        })
    }
}

impl Section {
    /// An empty section.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_ascii_uppercase(),
            entries: Vec::new(),
        }
    }

    /// Appends a line and gives the section back.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.push(key, value);
        self
    }

    /// Appends a line.
    pub fn push(&mut self, key: &str, value: impl Into<String>) {
        self.entries.push(Entry {
            key: key.to_owned(),
            value: value.into(),
        });
    }

    /// All values of a key; Fluent Bit compares keys without case.
    pub fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries
            .iter()
            .filter(move |entry| entry.key.eq_ignore_ascii_case(key))
            .map(|entry| entry.value.as_str())
    }

    /// The first value of a key.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|entry| entry.key.eq_ignore_ascii_case(key))
            .map(|entry| entry.value.as_str())
    }
}

impl From<Section> for Item {
    fn from(section: Section) -> Self {
        Self::Section(section)
    }
}
