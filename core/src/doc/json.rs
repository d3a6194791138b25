//! Raw JSON objects whose untouched members keep their exact text.
//!
//! Never interprets a member's value: what a value means is for the caller. White space between
//! tokens is dropped once, on parse; every other byte (escapes, number spellings, order) stays.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;
use serde_json::value::RawValue;

/// One member of an object.
#[derive(Clone, PartialEq, Eq)]
struct Member {
    /// Decoded name, for comparison.
    name: String,
    /// The name as written, quotes included.
    raw_name: String,
    /// The value as written, without white space between tokens.
    value: String,
}

/// An ordered JSON object; values are kept as text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RawObject {
    members: Vec<Member>,
}

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
        refuse_duplicate_names(text)?;
        Self::parse_compact(&without_white_space(text))
    }

    /// Reads an object out of text that was checked and stripped before.
    pub(super) fn parse_compact(text: &str) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let object = (&mut deserializer).deserialize_map(MembersVisitor)?;
        deserializer.end()?;
        Ok(object)
    }

    /// Member names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }

    /// Members in order: name, value text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members
            .iter()
            .map(|member| (member.name.as_str(), member.value.as_str()))
    }

    /// The value text of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.members
            .iter()
            .find(|member| member.name == name)
            .map(|member| member.value.as_str())
    }

    /// A member's value, decoded. JSON `null` counts as absent, as in the AWS JSON protocol.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Value> {
        self.get(name)
            .and_then(|text| serde_json::from_str(text).ok())
            .filter(|value: &Value| !value.is_null())
    }

    /// A member that is a string, decoded.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<String> {
        self.get(name)
            .and_then(|text| serde_json::from_str(text).ok())
    }

    /// Puts a value in the member's place, or at the end when there is none.
    pub fn set(&mut self, name: &str, value: &Value) {
        self.set_text(name, value.to_string());
    }

    /// As [`RawObject::set`], for text that is known to be JSON without white space.
    pub(crate) fn set_text(&mut self, name: &str, value: String) {
        match self.members.iter_mut().find(|member| member.name == name) {
            Some(member) => member.value = value,
            None => self.members.push(Member {
                name: name.to_owned(),
                raw_name: quote(name),
                value,
            }),
        }
    }

    /// Takes a member out; answers its value text.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let at = self.members.iter().position(|member| member.name == name)?;
        Some(self.members.remove(at).value)
    }

    /// Writes the object, a member's value replaced where `instead` gives one.
    pub(super) fn write(
        &self,
        out: &mut String,
        mut instead: impl FnMut(&str, &mut String) -> bool,
    ) {
        out.push('{');
        for (index, member) in self.members.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(&member.raw_name);
            out.push(':');
            if !instead(&member.name, out) {
                out.push_str(&member.value);
            }
        }
        out.push('}');
    }
}

impl fmt::Display for RawObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out, |_, _| false);
        f.write_str(&out)
    }
}

/// The elements of a JSON array as text; `None` when it is not an array.
#[must_use]
pub fn elements(text: &str) -> Option<Vec<String>> {
    let values: Vec<Box<RawValue>> = serde_json::from_str(text).ok()?;
    Some(
        values
            .into_iter()
            .map(|value| value.get().to_owned())
            .collect(),
    )
}

/// A JSON array of elements given as text.
#[must_use]
pub(crate) fn array(elements: &[String]) -> String {
    format!("[{}]", elements.join(","))
}

/// A JSON string.
#[must_use]
pub(crate) fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

/// Drops white space between tokens. The text must be JSON.
pub(super) fn without_white_space(text: &str) -> String {
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

/// Refuses JSON in which an object has a name twice: one of the two would be lost in silence.
pub(super) fn refuse_duplicate_names(text: &str) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    UniqueNames.deserialize(&mut deserializer)?;
    deserializer.end()
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = RawObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawObject, A::Error> {
        let mut members = Vec::new();
        while let Some((raw_name, value)) = map.next_entry::<Box<RawValue>, Box<RawValue>>()? {
            let name = serde_json::from_str(raw_name.get()).map_err(A::Error::custom)?;
            members.push(Member {
                name,
                raw_name: raw_name.get().to_owned(),
                value: value.get().to_owned(),
            });
        }
        Ok(RawObject { members })
    }
}

/// Walks a value and remembers nothing but the names of the objects it is in.
struct UniqueNames;

impl<'de> DeserializeSeed<'de> for UniqueNames {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueNames {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value_seed(Self)?;
            if let Some(twice) = names.replace(name) {
                return Err(A::Error::custom(format!("member {twice:?} is there twice")));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Whether text is one JSON value and nothing else.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
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
    fn a_member_is_set_in_its_place_and_a_new_one_at_the_end() {
        let mut object = RawObject::parse(r#"{"a":1,"b":2}"#).unwrap();
        object.set("a", &Value::from("x"));
        object.set("c", &Value::from(true));
        assert_eq!(object.to_string(), r#"{"a":"x","b":2,"c":true}"#);
        assert_eq!(object.remove("b").as_deref(), Some("2"));
        assert_eq!(object.to_string(), r#"{"a":"x","c":true}"#);
    }

    #[test]
    fn a_name_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":[{"b":{"c":1,"\u0063":2}}]}"#] {
            let error = RawObject::parse(text).unwrap_err().to_string();
            assert!(error.contains("is there twice"), "{error}");
        }
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
