//! Request bodies: read up to a limit, then decoded from JSON or YAML.
//! Only the header `Content-Type` decides which of them; the content is not sniffed.

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde_json::Value;

use crate::status::ApiError;
use crate::strict;

/// A decoded body.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The value; of a key given twice, the last value.
    pub(crate) value: Value,
    /// Dotted paths of keys given twice.
    pub(crate) repeated: Vec<String>,
}

/// Reads a body of at most `limit_bytes`.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit_bytes: usize,
) -> Result<Bytes, ApiError> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit_bytes as u64) {
        return Err(ApiError::TooLarge { limit_bytes });
    }
    to_bytes(body, limit_bytes).await.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if too_large {
            ApiError::TooLarge { limit_bytes }
        } else {
            ApiError::BadRequest("the request body is incomplete".to_owned())
        }
    })
}

/// Decodes an object. Without `Content-Type` it is JSON, as with Kubernetes.
pub(crate) fn decode(headers: &HeaderMap, bytes: &[u8]) -> Result<Decoded, ApiError> {
    match media_type(headers).as_str() {
        "" | "application/json" => decode_json(bytes),
        "application/yaml" | "application/x-yaml" | "text/yaml" => decode_yaml(bytes),
        other => Err(ApiError::UnsupportedMediaType(format!(
            "the body of the request was in an unknown format {other:?} - accepted media types include: application/json, application/yaml"
        ))),
    }
}

/// Returns the media type in lower case and without its parameters; empty if none was sent.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .map(|text| text.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

pub(crate) fn decode_json(bytes: &[u8]) -> Result<Decoded, ApiError> {
    let (value, repeated) = strict::json(bytes)
        .map_err(|error| ApiError::BadRequest(format!("the body is not valid JSON: {error}")))?;
    Ok(Decoded { value, repeated })
}

fn decode_yaml(bytes: &[u8]) -> Result<Decoded, ApiError> {
    let (value, repeated) = strict::yaml(bytes).map_err(|error| {
        ApiError::BadRequest(format!(
            "the body is not a valid single YAML document: {error}"
        ))
    })?;
    Ok(Decoded { value, repeated })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn decoded(media_type: &'static str, text: &str) -> Result<Value, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        decode(&headers, text.as_bytes()).map(|decoded| decoded.value)
    }

    #[test]
    fn json_and_yaml_mean_the_same() {
        let wanted = json!({"a": {"b": [1, "x"]}});
        assert_eq!(
            decoded("application/json; charset=utf-8", r#"{"a":{"b":[1,"x"]}}"#).unwrap(),
            wanted
        );
        assert_eq!(
            decoded("application/yaml", "a:\n  b: [1, x]\n").unwrap(),
            wanted
        );
    }

    #[test]
    fn other_media_types_and_broken_text_are_refused() {
        assert!(matches!(
            decoded("text/plain", "{}"),
            Err(ApiError::UnsupportedMediaType(_))
        ));
        assert!(matches!(
            decoded("application/json", "{"),
            Err(ApiError::BadRequest(_))
        ));
        assert!(matches!(
            decoded("application/yaml", "a: b: c"),
            Err(ApiError::BadRequest(_))
        ));
        assert!(matches!(
            decoded("application/yaml", "a: 1\n---\na: 2\n"),
            Err(ApiError::BadRequest(_))
        ));
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_announced_or_not() {
        let mut headers = HeaderMap::new();
        let refused = read(&headers, Body::from("x".repeat(11)), 10).await;
        assert!(matches!(
            refused,
            Err(ApiError::TooLarge { limit_bytes: 10 })
        ));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(11));
        let refused = read(&headers, Body::empty(), 10).await;
        assert!(matches!(refused, Err(ApiError::TooLarge { .. })));
        let fine = read(&HeaderMap::new(), Body::from("x".repeat(10)), 10).await;
        assert_eq!(fine.unwrap().len(), 10);
    }
}
