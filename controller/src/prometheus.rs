//! A client of the Prometheus server that is configured for the operator.
//!
//! The address comes only from the operator's own configuration: an address in a policy would let its author
//! direct the operator at anything in its network. No redirect is followed, no credentials are sent, and every
//! query has a time limit.

use std::fmt;
use std::time::Duration;

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use firelens_types::error_chain;
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;

/// The longest time that one query may take, in seconds; Prometheus is given half of it.
const TIMEOUT_SECONDS: u64 = 10;

/// The largest answer that is read, in bytes: a gate needs a few numbers.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The most samples of one answer. A query with more is meant for a dashboard.
const MAX_SAMPLES: usize = 1000;

/// The longest error of Prometheus that is passed on, in characters.
const MAX_ERROR_CHARS: usize = 300;

/// Why a query has no samples.
#[derive(Debug, thiserror::Error)]
pub enum PromError {
    /// The address cannot be used.
    #[error(
        "{0:?} is not a valid address: must start with http:// or https://, without user, query and fragment"
    )]
    Address(String),
    /// The request could not be made.
    #[error("the request could not be made: {0}")]
    Request(String),
    /// There was no connection, or it broke.
    #[error("cannot reach Prometheus: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("Prometheus did not respond within {TIMEOUT_SECONDS} s")]
    Timeout,
    /// Prometheus refused the query.
    #[error("Prometheus returned {status}: {message}")]
    Refused {
        /// HTTP status code.
        status: u16,
        /// Its message, or the beginning of the body.
        message: String,
    },
    /// The answer is not an instant vector or scalar of a reasonable size.
    #[error("the response of Prometheus cannot be used: {0}")]
    Answer(String),
}

/// A Prometheus server, or one that speaks its API.
#[derive(Clone)]
pub struct Prometheus {
    url: String,
    connector: SharedHttpConnector,
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prometheus")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Series>),
    Scalar(Sample),
    Matrix(serde::de::IgnoredAny),
    String(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Series {
    value: Sample,
}

/// Time and value.
#[derive(Deserialize)]
struct Sample(serde::de::IgnoredAny, String);

impl Prometheus {
    /// Makes a client for the server at `url`, such as `http://prometheus:9090` or with a path before `/api`.
    ///
    /// # Errors
    /// `url` is not such an address.
    pub fn new(url: &str) -> Result<Self, PromError> {
        let rest = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"))
            .unwrap_or_default();
        let odd =
            |letter: char| letter.is_whitespace() || letter.is_control() || "@?#".contains(letter);
        if rest.is_empty() || rest.starts_with('/') || rest.contains(odd) {
            return Err(PromError::Address(url.to_owned()));
        }
        let connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(
                tls::rustls_provider::CryptoMode::Ring,
            ))
            .build();
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            connector: SharedHttpConnector::new(connector),
        })
    }

    /// Returns the samples that a query has now.
    /// <https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries>
    ///
    /// # Errors
    /// There is no answer, or it cannot be used.
    pub async fn samples(&self, query: &str) -> Result<Vec<f64>, PromError> {
        let limit = Duration::from_secs(TIMEOUT_SECONDS);
        tokio::time::timeout(limit, self.ask(query))
            .await
            .unwrap_or(Err(PromError::Timeout))
    }

    async fn ask(&self, query: &str) -> Result<Vec<f64>, PromError> {
        let uri = format!(
            "{}/api/v1/query?query={}&timeout={}s",
            self.url,
            percent_encoded(query),
            TIMEOUT_SECONDS / 2
        );
        let mut request = HttpRequest::new(SdkBody::empty());
        request
            .set_uri(uri)
            .map_err(|error| PromError::Request(error_chain(&error)))?;
        request
            .headers_mut()
            .try_insert("accept", "application/json")
            .map_err(|error| PromError::Request(error_chain(&error)))?;
        let answer = self
            .connector
            .call(request)
            .await
            .map_err(|error| PromError::Unreachable(error_chain(&error)))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| PromError::Answer(error.to_string()))?;
        samples(status, &body.to_bytes())
    }
}

fn samples(status: u16, body: &[u8]) -> Result<Vec<f64>, PromError> {
    let answer: Result<Answer, _> = serde_json::from_slice(body);
    if status != 200 {
        let text = answer.ok().and_then(|answer| answer.error);
        let text = text.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
        return Err(PromError::Refused {
            status,
            message: text.chars().take(MAX_ERROR_CHARS).collect(),
        });
    }
    let answer = answer.map_err(|error| PromError::Answer(error.to_string()))?;
    let series = match answer.data {
        Some(Data::Vector(series)) => series,
        Some(Data::Scalar(value)) => vec![Series { value }],
        Some(Data::Matrix(_) | Data::String(_)) | None => {
            let message = "it is neither an instant vector nor a scalar";
            return Err(PromError::Answer(message.to_owned()));
        }
    };
    if series.len() > MAX_SAMPLES {
        let message = format!("it has {} samples, more than {MAX_SAMPLES}", series.len());
        return Err(PromError::Answer(message));
    }
    series
        .into_iter()
        .map(|sample| {
            let text = sample.value.1;
            text.parse()
                .map_err(|_| PromError::Answer(format!("{text:?} is not a number")))
        })
        .collect()
}

/// Percent-encodes (RFC 3986) everything but the unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn an_answer_is_samples_or_an_error_that_says_why() {
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"job":"a"},"value":[1767225600.1,"0.5"]},
            {"metric":{},"value":[1767225600.1,"NaN"]},
            {"metric":{},"value":[1767225600.1,"+Inf"]}]}}"#;
        let values = samples(200, vector.as_bytes()).unwrap();
        assert_eq!(values[0].to_bits(), 0.5_f64.to_bits());
        assert!(values[1].is_nan());
        assert!(values[2].is_infinite());
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#;
        assert_eq!(samples(200, scalar.as_bytes()).unwrap().len(), 1);
        for (status, body, wanted) in [
            (
                400,
                r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
                "Prometheus returned 400: parse error",
            ),
            (302, "moved", "Prometheus returned 302: moved"),
            (
                200,
                r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
                "the response of Prometheus cannot be used: it is neither an instant vector nor a scalar",
            ),
        ] {
            let error = samples(status, body.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), wanted);
        }
    }

    #[test]
    fn an_address_with_anything_but_a_place_is_refused() {
        for url in ["http://p:9090", "https://p/prefix/", "http://[::1]:9090"] {
            assert!(Prometheus::new(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "p:9090",
            "file:///etc/passwd",
            "http://",
            "http://u:p@h",
            "http://h/?a=b",
        ] {
            assert!(Prometheus::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_query_goes_out_as_one_parameter() {
        assert_eq!(
            percent_encoded("a{b=\"c&d\"} > 1"),
            "a%7Bb%3D%22c%26d%22%7D%20%3E%201"
        );
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error() {
        // A port that was free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let server = Prometheus::new(&format!("http://{address}")).unwrap();
        let error = server.samples("up").await.unwrap_err();
        assert!(matches!(error, PromError::Unreachable(_)), "{error}");
    }
}
