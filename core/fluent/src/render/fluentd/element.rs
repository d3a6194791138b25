//! A Fluentd file as data: elements with parameters and elements inside.
//!
//! It holds no Ruby: the only thing that is worked out at start is a variable of the environment.
//! <https://docs.fluentd.org/configuration/config-file>

/// `<name argument>` … `</name>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// `source`, `filter`, `match`, `label`, `buffer` …
    pub name: String,
    /// What follows the name: a tag pattern, a label, chunk keys. Empty for none.
    pub argument: String,
    /// Parameters in order; a name stands once.
    pub params: Vec<(String, Value)>,
    /// Elements inside, in order; a name may repeat (`<store>`).
    pub children: Vec<Element>,
}

/// A parameter value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// Its parts, put together at start. Two texts never follow each other.
    pub parts: Vec<ElementPart>,
}

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElementPart {
    /// Text as it is.
    Text(String),
    /// A variable of the router's environment: `#{ENV['NAME']}`.
    Env(String),
}

impl Element {
    /// An element without content.
    #[must_use]
    pub fn new(name: &str, argument: &str) -> Self {
        Self {
            name: name.to_owned(),
            argument: argument.to_owned(),
            ..Self::default()
        }
    }

    /// Adds a parameter with a text and gives the element back.
    #[must_use]
    pub fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        self.push(name, Value::text(text));
        self
    }

    /// Adds an element inside and gives the outer one back.
    #[must_use]
    pub fn with_child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// Adds a parameter.
    pub fn push(&mut self, name: &str, value: Value) {
        self.params.push((name.to_owned(), value));
    }

    /// The text of a parameter, if it is nothing but text.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        let (_, value) = self.params.iter().find(|(found, _)| found == name)?;
        value.as_text()
    }

    /// Puts a parameter into the section that its dotted name says: `buffer.flush_interval` goes
    /// into `<buffer>`. `buffer.chunk_keys` is the argument of `<buffer>`, as Fluentd names it.
    pub fn push_at(&mut self, path: &str, value: Value) {
        let Some((section, rest)) = path.split_once('.') else {
            self.push(path, value);
            return;
        };
        let at = self
            .children
            .iter()
            .position(|child| child.name == section)
            .unwrap_or(self.children.len());
        if at == self.children.len() {
            self.children.push(Element::new(section, ""));
        }
        let Some(child) = self.children.get_mut(at) else {
            return;
        };
        match (section, rest, value.as_text()) {
            ("buffer", "chunk_keys", Some(keys)) => child.argument = keys.to_owned(),
            _ => child.push_at(rest, value),
        }
    }
}

impl Value {
    /// A value that is text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            parts: vec![ElementPart::Text(text.into())],
        }
    }

    /// A value that is one variable of the environment.
    #[must_use]
    pub fn env(name: &str) -> Self {
        Self {
            parts: vec![ElementPart::Env(name.to_owned())],
        }
    }

    /// The text, if the value is nothing else.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [ElementPart::Text(text)] => Some(text),
            _ => None,
        }
    }
}
