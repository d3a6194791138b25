//! Raw JSON objects whose untouched members keep their exact text.
//!
//! What a member's value means is for the caller. White space between tokens is dropped once, on
//! parse; every other byte (escapes, number spellings, order) stays.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::json_writer::{ObjectText, quote, unquoted, written};
use super::source::{Json, JsonKind, Source};

/// Where a name or a value stands.
#[derive(Clone)]
enum Place {
    /// In the text that the object was read from.
    Read(u32),
    /// In a text of its own, which was put in.
    Written(Arc<Source>),
}

/// One member of an object.
#[derive(Clone)]
struct Member {
    /// The name as written.
    name: Place,
    /// The name decoded, when that is something else than what is between its quotes.
    decoded: Option<Box<str>>,
    value: Place,
}

/// An ordered JSON object; values are kept as text.
#[derive(Clone)]
pub struct RawObject {
    source: Arc<Source>,
    members: Vec<Member>,
}

/// What objects without a text of their own were read from.
static NOTHING: LazyLock<Arc<Source>> = LazyLock::new(|| Source::known("{}".to_owned()));

impl Default for RawObject {
    fn default() -> Self {
        Self {
            source: Arc::clone(&NOTHING),
            members: Vec::new(),
        }
    }
}

/// By what is written, wherever that stands.
impl PartialEq for RawObject {
    fn eq(&self, other: &Self) -> bool {
        self.members.len() == other.members.len()
            && self.members().zip(other.members()).all(|(one, other)| {
                one.1.text() == other.1.text() && one.2.text() == other.2.text()
            })
    }
}

impl Eq for RawObject {}

/// Shows names only: values may hold what people put into environment variables.
impl fmt::Debug for RawObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl RawObject {
    /// Reads one JSON object.
    ///
    /// # Errors
    /// Not JSON, not an object, or a member name twice at any depth.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let source = Source::read(text)?;
        match Self::of(&source, source.root()) {
            Some(object) => Ok(object),
            None => Err(not_an_object(text)),
        }
    }

    /// An object inside a text that was read.
    pub(super) fn of(source: &Arc<Source>, json: Json<'_>) -> Option<Self> {
        if json.kind() != JsonKind::Object {
            return None;
        }
        // Containers have about fifteen members.
        let mut members = Vec::with_capacity(20);
        members.extend(json.members().map(|(name, value)| Member {
            decoded: match name.string() {
                Some(Cow::Owned(decoded)) => Some(decoded.into_boxed_str()),
                _ => None,
            },
            name: Place::Read(name.place()),
            value: Place::Read(value.place()),
        }));
        Some(Self {
            source: Arc::clone(source),
            members,
        })
    }

    fn at<'a>(&'a self, place: &'a Place) -> Json<'a> {
        match place {
            Place::Read(place) => self.source.value_at(*place),
            Place::Written(source) => source.root(),
        }
    }

    fn name_of<'a>(&'a self, member: &'a Member) -> &'a str {
        match (&member.decoded, &member.name) {
            (Some(decoded), _) => decoded,
            (None, Place::Read(place)) => self.source.value_at(*place).name(),
            (None, Place::Written(name)) => unquoted(name.text()),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.members
            .iter()
            .position(|member| match (&member.decoded, &member.name) {
                (None, Place::Read(place)) => self.source.is_name_at(*place, name),
                _ => self.name_of(member) == name,
            })
    }

    /// Member names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| self.name_of(member))
    }

    /// Members in order: name, value text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members().map(|(name, _, value)| (name, value.text()))
    }

    /// Members in order: name, name as it is written, and value.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, Json<'_>, Json<'_>)> {
        self.members.iter().map(|member| {
            (
                self.name_of(member),
                self.at(&member.name),
                self.at(&member.value),
            )
        })
    }

    /// A member's value.
    pub fn json(&self, name: &str) -> Option<Json<'_>> {
        let at = self.position(name)?;
        Some(self.at(&self.members[at].value))
    }

    /// The value text of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.position(name)?;
        Some(self.text_at(&self.members[at].value))
    }

    fn text_at<'a>(&'a self, place: &'a Place) -> &'a str {
        match place {
            Place::Read(place) => self.source.value_at(*place).text(),
            Place::Written(source) => source.text(),
        }
    }

    /// Bytes of the whole text, and one more where there are no members.
    pub(super) fn text_bytes(&self) -> usize {
        let members = self.members.iter();
        members
            .map(|member| self.text_at(&member.name).len() + self.text_at(&member.value).len() + 2)
            .sum::<usize>()
            + 2
    }

    /// A member's value, decoded. JSON `null` counts as absent, as in the AWS JSON protocol.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Value> {
        self.json(name)?.value().filter(|value| !value.is_null())
    }

    /// A member that is a string, decoded.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<String> {
        self.json(name)?.string().map(Cow::into_owned)
    }

    /// Whether a member is this string.
    pub(super) fn is_text(&self, name: &str, wanted: &str) -> bool {
        self.json(name).is_some_and(|json| json.is_text(wanted))
    }

    /// Puts a value in the member's place, or at the end when there is none.
    pub fn set(&mut self, name: &str, value: &Value) {
        self.set_text(name, written(value));
    }

    /// As [`RawObject::set`], for text that is known to be JSON without white space.
    pub fn set_text(&mut self, name: &str, value: String) {
        self.put(name, Place::Written(Source::known(value)));
    }

    /// As [`RawObject::set`], for a value that may stand in many objects.
    pub fn set_shared(&mut self, name: &str, value: &Arc<Source>) {
        self.put(name, Place::Written(Arc::clone(value)));
    }

    /// As [`RawObject::set`], for a value of the text that the object was read from.
    pub(super) fn set_read(&mut self, name: &str, value: Json<'_>) {
        self.put(name, Place::Read(value.place()));
    }

    fn put(&mut self, name: &str, value: Place) {
        match self.position(name) {
            Some(at) => self.members[at].value = value,
            None => {
                let written = quote(name);
                self.members.push(Member {
                    decoded: (unquoted(&written) != name).then(|| name.into()),
                    name: Place::Written(Source::known(written)),
                    value,
                });
            }
        }
    }

    /// Takes a member out; returns its value text.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.position(name)?;
        let text = self.at(&self.members[at].value).text().to_owned();
        self.members.remove(at);
        Some(text)
    }

    /// Writes the object. `how` may write a member's value itself, or leave the member out.
    pub(super) fn write(
        &self,
        out: &mut String,
        mut how: impl FnMut(&str, Json<'_>, &mut String) -> Writing,
    ) {
        out.push('{');
        let first = out.len();
        for (name, written, value) in self.members() {
            let start = out.len();
            if start > first {
                out.push(',');
            }
            out.push_str(written.text());
            out.push(':');
            match how(name, value, out) {
                Writing::AsItIs => out.push_str(value.text()),
                Writing::Done => {}
                Writing::LeaveOut => out.truncate(start),
            }
        }
        out.push('}');
    }
}

/// How a member is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// Its text.
    AsItIs,
    /// It was written by the one who was asked.
    Done,
    /// Not at all.
    LeaveOut,
}

impl fmt::Display for RawObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out, |_, _, _| Writing::AsItIs);
        f.write_str(&out)
    }
}

/// What serde_json says about a value that is no object.
pub(super) fn not_an_object(text: &str) -> serde_json::Error {
    match serde_json::from_str::<serde_json::Map<String, Value>>(text) {
        Err(error) => error,
        Ok(_) => serde::de::Error::custom("the text cannot be read"),
    }
}

impl ObjectText {
    /// The object.
    pub fn into_object(self) -> RawObject {
        let source = Source::known(self.finish());
        RawObject::of(&source, source.root()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn text_of_members_stays_as_it_was_written() {
        let text = r#"{"a":1.50,"b\u002f":"x\/y \" é","big":123456789012345678901234567890,"n":{"z":[ ],"y":null}}"#;
        let compact = text.replace("[ ]", "[]");
        assert_eq!(RawObject::parse(text).unwrap().to_string(), compact);
    }

    #[test]
    fn white_space_inside_strings_stays() {
        let object =
            RawObject::parse("{ \"a\" : \" b  \\\" c \" ,\n\t\"d\":[ 1 , 2 ] }\r\n").unwrap();
        assert_eq!(object.to_string(), r#"{"a":" b  \" c ","d":[1,2]}"#);
    }

    #[test]
    fn a_member_is_replaced_in_place_or_appended() {
        let mut object = RawObject::parse(r#"{"a":1,"b":2}"#).unwrap();
        object.set("a", &Value::from("x"));
        object.set("c", &Value::from(true));
        assert_eq!(object.to_string(), r#"{"a":"x","b":2,"c":true}"#);
        assert_eq!(object.remove("b").as_deref(), Some("2"));
        assert_eq!(object.to_string(), r#"{"a":"x","c":true}"#);
    }

    #[test]
    fn other_things_than_one_object_are_refused() {
        for text in [
            "",
            "[]",
            "1",
            "null",
            "{}{}",
            "{",
            r#"{"a":}"#,
            "{'a':1}",
            r#"{"a":1,}"#,
        ] {
            assert!(RawObject::parse(text).is_err(), "{text}");
        }
    }
}
