//! CBOR as the Smithy RPC v2 protocol uses it, to and from JSON values.
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>
//! It is meant only for bodies of AWS calls.

use minicbor::data::{Tag, Type};
use minicbor::decode::Error as DecodeError;
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Value, json};

/// An object of this one member stands for a time, in seconds since 1970.
pub(super) const TIME: &str = "$time";

/// A time for [`write()`].
pub(super) fn time(seconds: f64) -> Value {
    json!({ TIME: seconds })
}

/// Reads a body; times become numbers of seconds.
pub(super) fn read(body: &[u8]) -> Option<Value> {
    read_with_times(body).map(plain)
}

/// Reads a body; times come as [`time`] makes them, so that [`write()`] can write them again.
pub(super) fn read_with_times(body: &[u8]) -> Option<Value> {
    value(&mut Decoder::new(body)).ok()
}

fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(mut members) => match members.remove(TIME) {
            Some(seconds) => seconds,
            None => members
                .into_iter()
                .map(|(name, member)| (name, plain(member)))
                .collect(),
        },
        other => other,
    }
}

fn value(decoder: &mut Decoder<'_>) -> Result<Value, DecodeError> {
    Ok(match decoder.datatype()? {
        Type::Bool => json!(decoder.bool()?),
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Value::Null
        }
        Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64 => json!(decoder.i64()?),
        Type::F16 | Type::F32 | Type::F64 => json!(decoder.f64()?),
        Type::String => json!(decoder.str()?),
        Type::StringIndef => {
            let parts: Result<String, DecodeError> = decoder.str_iter()?.collect();
            json!(parts?)
        }
        Type::Array | Type::ArrayIndef => Value::Array(list(decoder)?),
        Type::Map | Type::MapIndef => Value::Object(map(decoder)?),
        Type::Tag => {
            let tag = decoder.tag()?;
            let tagged = value(decoder)?;
            if tag == Tag::new(1) {
                json!({ TIME: tagged })
            } else {
                tagged
            }
        }
        other => return Err(DecodeError::type_mismatch(other)),
    })
}

fn list(decoder: &mut Decoder<'_>) -> Result<Vec<Value>, DecodeError> {
    let mut items = Vec::new();
    match decoder.array()? {
        Some(length) => {
            for _ in 0..length {
                items.push(value(decoder)?);
            }
        }
        None => {
            while decoder.datatype()? != Type::Break {
                items.push(value(decoder)?);
            }
            decoder.skip()?;
        }
    }
    Ok(items)
}

fn map(decoder: &mut Decoder<'_>) -> Result<Map<String, Value>, DecodeError> {
    let mut members = Map::new();
    match decoder.map()? {
        Some(length) => {
            for _ in 0..length {
                let name = decoder.str()?.to_owned();
                members.insert(name, value(decoder)?);
            }
        }
        None => {
            while decoder.datatype()? != Type::Break {
                let name = decoder.str()?.to_owned();
                members.insert(name, value(decoder)?);
            }
            decoder.skip()?;
        }
    }
    Ok(members)
}

/// Writes a body; what [`time`] made becomes a time.
pub(super) fn write(value: &Value) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    // Writing into memory does not fail.
    let _ = put(&mut encoder, value);
    encoder.into_writer()
}

fn put(
    encoder: &mut Encoder<Vec<u8>>,
    value: &Value,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    match value {
        Value::Null => encoder.null()?,
        Value::Bool(flag) => encoder.bool(*flag)?,
        Value::Number(number) => match number.as_i64() {
            Some(whole) => encoder.i64(whole)?,
            None => encoder.f64(number.as_f64().unwrap_or_default())?,
        },
        Value::String(text) => encoder.str(text)?,
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            for item in items {
                put(encoder, item)?;
            }
            encoder
        }
        Value::Object(members) => match members.get(TIME).and_then(Value::as_f64) {
            Some(seconds) => encoder.tag(Tag::new(1))?.f64(seconds)?,
            None => {
                encoder.map(members.len() as u64)?;
                for (name, member) in members {
                    encoder.str(name)?;
                    put(encoder, member)?;
                }
                encoder
            }
        },
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_times_become_seconds() {
        let body = json!({"a": [1, -2, 0.5, "x", null, true], "b": {"t": time(1.5)}, "e": {}});
        assert_eq!(
            read(&write(&body)),
            Some(json!({"a": [1, -2, 0.5, "x", null, true], "b": {"t": 1.5}, "e": {}}))
        );
    }
}
