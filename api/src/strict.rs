//! Parses JSON and YAML, and reports keys given twice. `serde_json` alone keeps the last one silently.
//! The caller decides whether to refuse, warn or ignore them.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A value (of a repeated key, the last one), and the dotted path of each repeated key.
type Parsed = (Value, Vec<String>);

/// Parses JSON.
///
/// # Errors
/// The error of `serde_json` for text that is not JSON, or nested deeper than its limit of 128.
pub(crate) fn json(text: &[u8]) -> Result<Parsed, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let parsed = read(&mut deserializer)?;
    deserializer.end()?;
    Ok(parsed)
}

/// Parses one YAML document.
///
/// # Errors
/// The error of the parser for text that is not one YAML document.
pub(crate) fn yaml(text: &[u8]) -> Result<Parsed, serde_yaml::Error> {
    read(serde_yaml::Deserializer::from_slice(text))
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Parsed, D::Error> {
    let repeated = RefCell::new(Vec::new());
    let seed = Seed {
        path: String::new(),
        repeated: &repeated,
    };
    let value = seed.deserialize(deserializer)?;
    Ok((value, repeated.into_inner()))
}

struct Seed<'a> {
    path: String,
    repeated: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, items.len());
            let seed = Seed {
                path,
                repeated: self.repeated,
            };
            match access.next_element_seed(seed)? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let dot = if self.path.is_empty() { "" } else { "." };
            let path = format!("{}{dot}{key}", self.path);
            if map.contains_key(&key) {
                self.repeated.borrow_mut().push(path.clone());
            }
            let seed = Seed {
                path,
                repeated: self.repeated,
            };
            map.insert(key, access.next_value_seed(seed)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_named_and_its_last_value_wins() {
        let text = br#"{"a": [{"b": 1, "b": 2.5}], "a2": null, "c": "x", "c": -3}"#;
        let (value, repeated) = json(text).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"a": [{"b": 2.5}], "a2": null, "c": -3})
        );
        assert_eq!(repeated, ["a[0].b", "c"]);
        let (value, repeated) = yaml(b"a: 1\nb: {c: 1, c: x}\na: 2\n").unwrap();
        assert_eq!(value, serde_json::json!({"a": 2, "b": {"c": "x"}}));
        assert_eq!(repeated, ["b.c", "a"]);
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for text in ["", "{", "{} {}", "{\"a\": 1e999}", &"[".repeat(200)] {
            assert!(json(text.as_bytes()).is_err(), "{text}");
        }
    }
}
