//! Which representation of an object the client requested: the object, a `Table`, or its metadata only.
//! The first entry of the `Accept` header that can be served is used.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use crate::status::ApiError;

const MEDIA_TYPES: &str = "application/json, application/yaml";

/// What is written: the object, or one of the two forms that every Kubernetes server derives from it.
///
/// <https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The object as stored.
    Object,
    /// `meta.k8s.io/v1` `Table`, for people to read.
    Table,
    /// `meta.k8s.io/v1` `PartialObjectMetadata`.
    Metadata,
}

/// The encoding of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
}

/// The outcome of negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accept {
    pub(crate) shape: Shape,
    pub(crate) encoding: Encoding,
}

impl Accept {
    /// Reads the `Accept` header. Without one, the response is JSON.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut entries: Vec<(u32, Option<Self>)> = Vec::new();
        for value in headers.get_all(ACCEPT) {
            let text = value.to_str().unwrap_or_default();
            entries.extend(
                text.split(',')
                    .filter(|e| !e.trim().is_empty())
                    .map(parse_entry),
            );
        }
        if entries.is_empty() {
            return Ok(Self {
                shape: Shape::Object,
                encoding: Encoding::Json,
            });
        }
        // The sort is stable: among equal weights the client's order decides.
        entries.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        entries
            .into_iter()
            .filter(|(weight, _)| *weight > 0)
            .find_map(|(_, accept)| accept)
            .ok_or(ApiError::NotAcceptable(MEDIA_TYPES))
    }
}

/// Returns the weight in thousandths, and what the entry requests, if this server supports it.
fn parse_entry(entry: &str) -> (u32, Option<Accept>) {
    let mut parts = entry.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let (mut weight, mut form, mut group, mut version) = (1000, None, "", "");
    for part in parts {
        match part.split_once('=') {
            Some(("q", q)) => weight = thousandths(q),
            Some(("as", value)) => form = Some(value),
            Some(("g", value)) => group = value,
            Some(("v", value)) => version = value,
            _ => {}
        }
    }
    let encoding = match media_type.as_str() {
        "application/json" | "application/*" | "*/*" => Some(Encoding::Json),
        "application/yaml" | "application/x-yaml" | "text/yaml" => Some(Encoding::Yaml),
        _ => None,
    };
    let shape = match form {
        None => Some(Shape::Object),
        Some(_) if group != "meta.k8s.io" || version != "v1" => None,
        Some("Table") => Some(Shape::Table),
        Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(Shape::Metadata),
        Some(_) => None,
    };
    let accept = encoding
        .zip(shape)
        .map(|(encoding, shape)| Accept { shape, encoding });
    (weight, accept)
}

fn thousandths(q: &str) -> u32 {
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    if whole.trim() == "1" {
        return 1000;
    }
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    digits.parse().unwrap_or(0)
}

impl Encoding {
    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
        })
    }

    pub(crate) fn write(self, value: &Value) -> Result<String, ApiError> {
        match self {
            Self::Json => Ok(value.to_string()),
            Self::Yaml => serde_yaml::to_string(value).map_err(|error| {
                tracing::error!(%error, "an answer could not be written as YAML");
                ApiError::Internal
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &str) -> Option<(Shape, Encoding)> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(text).unwrap());
        let accept = Accept::from_headers(&headers).ok()?;
        Some((accept.shape, accept.encoding))
    }

    #[test]
    fn what_clients_send_is_understood() {
        let json = Some((Shape::Object, Encoding::Json));
        let table = Some((Shape::Table, Encoding::Json));
        for (text, wanted) in [
            ("application/json", json),
            ("*/*", json),
            ("application/json;stream=watch", json),
            ("application/vnd.kubernetes.protobuf,application/json", json),
            ("application/yaml", Some((Shape::Object, Encoding::Yaml))),
            (
                "application/json;q=0.5, application/yaml",
                Some((Shape::Object, Encoding::Yaml)),
            ),
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
                table,
            ),
            (
                "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
                json,
            ),
            (
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                Some((Shape::Metadata, Encoding::Json)),
            ),
            ("text/html", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(accept(text), wanted, "{text}");
        }
    }
}
