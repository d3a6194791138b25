//! The responses of the fake: a reply or an AWS error, rendered in the protocol of each service.

use bytes::Bytes;
use serde_json::{Value, json};

use super::calls::Service;
use super::cbor;

/// An error as AWS would return it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// HTTP status code.
    pub status: u16,
    /// The code that SDKs dispatch on, such as `ClientException` or `NoSuchEntity`.
    pub code: String,
    /// The sentence for people.
    pub message: String,
}

impl AwsError {
    /// An error with the given HTTP status.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
        }
    }

    pub(super) fn client(message: impl Into<String>) -> Self {
        Self::new(400, "ClientException", message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterException", message)
    }
}

/// One HTTP answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn json(value: &Value) -> Self {
        Self {
            status: 200,
            headers: vec![header("content-type", "application/x-amz-json-1.1")],
            body: Bytes::from(value.to_string()),
        }
    }

    pub(super) fn cbor(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![
                header("content-type", "application/cbor"),
                header("smithy-protocol", "rpc-v2-cbor"),
            ],
            body: Bytes::from(body),
        }
    }

    pub(super) fn xml(status: u16, text: String) -> Self {
        Self {
            status,
            headers: vec![header("content-type", "text/xml")],
            body: Bytes::from(text),
        }
    }

    /// Any bytes, under the content type that a service has.
    pub(super) fn of_bytes(service: Service, body: Bytes) -> Self {
        let mut reply = match service {
            Service::CloudWatch => Self::cbor(200, Vec::new()),
            Service::Iam | Service::Sts | Service::S3 => Self::xml(200, String::new()),
            Service::Ecs | Service::Ecr | Service::Logs | Service::Prometheus => {
                Self::json(&Value::Null)
            }
        };
        reply.body = body;
        reply
    }

    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(header(name, value));
        self
    }

    /// Renders `error` in the protocol of `service`. `head` answers have no body.
    pub(super) fn error(service: Service, error: &AwsError, head: bool) -> Self {
        let (code, message) = (escape(&error.code), escape(&error.message));
        match service {
            Service::CloudWatch => {
                let body = json!({"__type": error.code, "message": error.message});
                Self::cbor(error.status, cbor::write(&body))
            }
            Service::Ecs | Service::Ecr | Service::Logs | Service::Prometheus => {
                let mut reply = Self::json(&json!({
                    "__type": error.code,
                    "message": error.message,
                }));
                reply.status = error.status;
                reply.with("x-amzn-errortype", error.code.clone())
            }
            Service::Iam | Service::Sts => Self::xml(
                error.status,
                format!(
                    "<ErrorResponse><Error><Type>{}</Type><Code>{code}</Code>\
                     <Message>{message}</Message></Error>\
                     <RequestId>fake</RequestId></ErrorResponse>",
                    if error.status < 500 {
                        "Sender"
                    } else {
                        "Receiver"
                    },
                ),
            ),
            Service::S3 if head => Self::empty(error.status),
            Service::S3 => Self::xml(
                error.status,
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code>\
                     <Message>{message}</Message><RequestId>fake</RequestId></Error>"
                ),
            ),
        }
    }
}

fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// Text made safe for an XML element.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

/// RFC 3986 percent-encoding, as IAM returns policy documents.
pub(super) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Undoes percent-encoding; `plus_is_space` for query strings and forms.
pub(super) fn percent_decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes
            .get(i + 1..i + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (bytes[i], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 2;
            }
            (b'+', _) if plus_is_space => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Epoch milliseconds as the JSON number that ECS uses for times (seconds).
pub(super) fn seconds(at_ms: i64) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this century are exact in an f64"
    )]
    let value = at_ms as f64 / 1000.0;
    json!(value)
}

/// Epoch milliseconds as ISO 8601 text, as IAM, STS and S3 lists use.
pub(super) fn iso(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// Epoch milliseconds as an HTTP date.
pub(super) fn http_date(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}
