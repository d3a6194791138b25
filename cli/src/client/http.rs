//! The HTTP client: one request and one response, which is read whole, up to a limit.
//!
//! Redirects are never followed, since they could send the token elsewhere, and requests are not retried.

use std::time::Duration;

use firelens_types::v1alpha1::Kind;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use ureq::http::{Request, Response, header};
use ureq::{Agent, Body};

use super::connection::Endpoint;
use super::refusal;
use crate::args::{Connection, Token};
use crate::failure::Failure;

/// Path of the group.
const GROUP: &str = "/apis/firelens.dev/v1alpha1";
/// Longest response, in bytes: enough for a plan of 5,000 workloads.
const BODY_MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Timeout of a connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Number of objects on one page of a list.
const PAGE: u32 = 500;
/// Clocks that differ by less count as equal: the `Date` of a response has whole seconds.
const SAME_CLOCK: SignedDuration = SignedDuration::from_secs(2);

/// A client of the API.
pub(super) struct Client {
    agent: Agent,
    server: String,
    token: Option<Token>,
    /// How far the clock of the API is ahead of ours.
    ahead: std::cell::Cell<SignedDuration>,
}

impl Client {
    /// Creates a client of the API that the flags or the kubeconfig name. No request is sent yet.
    ///
    /// # Errors
    /// Wrong usage, or something in the kubeconfig cannot be used.
    pub(super) fn new(flags: &Connection) -> Result<Self, Failure> {
        let endpoint = Endpoint::of(flags)?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("firelens/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(Duration::from_secs(flags.request_timeout_seconds)));
        if endpoint.is_loopback() {
            config = config.proxy(None);
        }
        if let Some(tls) = endpoint.tls()? {
            config = config.tls_config(tls);
        }
        Ok(Self {
            agent: config.build().into(),
            server: endpoint.server,
            token: endpoint.token,
            ahead: std::cell::Cell::new(SignedDuration::ZERO),
        })
    }

    /// Returns one object; `None` if there is none of that name.
    pub(super) fn get(&self, kind: Kind, name: &str) -> Result<Option<Value>, Failure> {
        let path = format!("{GROUP}/{}/{}", kind.plural(), escaped(name));
        let (code, body) = self.send("GET", &path, "", None)?;
        if code == 404 && is_not_found(&body) {
            return Ok(None);
        }
        self.read(code, &body).map(Some)
    }

    /// Returns all objects of a kind that the label selector selects; an empty selector selects all.
    pub(super) fn list(&self, kind: Kind, selector: &str) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let path = format!(
                "{GROUP}/{}?limit={PAGE}&labelSelector={}&continue={}",
                kind.plural(),
                escaped(selector),
                escaped(&next)
            );
            let (code, body) = self.send("GET", &path, "", None)?;
            let mut page = self.read(code, &body)?;
            if let Value::Array(more) = page["items"].take() {
                items.extend(more);
            }
            match page["metadata"]["continue"].as_str() {
                Some(token) if !token.is_empty() => token.clone_into(&mut next),
                _ => return Ok(items),
            }
        }
    }

    /// Changes an object with a merge patch, and returns it.
    pub(super) fn patch(&self, kind: Kind, name: &str, patch: &Value) -> Result<Value, Failure> {
        let path = format!("{GROUP}/{}/{}", kind.plural(), escaped(name));
        let (code, body) =
            self.send("PATCH", &path, "application/merge-patch+json", Some(patch))?;
        self.read(code, &body)
    }

    /// Requests a policy plan.
    pub(super) fn plan(&self, request: &Value) -> Result<Value, Failure> {
        let path = format!("{GROUP}/plans");
        let (code, body) = self.send("POST", &path, "application/json", Some(request))?;
        self.read(code, &body)
    }

    /// Returns the time, by the clock of the API once it has responded: times that are written are compared with
    /// times of that clock.
    pub(super) fn now(&self) -> Timestamp {
        let here = Timestamp::now();
        here.checked_add(self.ahead.get()).unwrap_or(here)
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        media_type: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let url = format!("{}{path}", self.server);
        let failed =
            |error: ureq::Error| Failure::broken(format!("cannot reach {}", self.server), error);
        let mut request = Request::builder()
            .method(method)
            .uri(&url)
            .header(header::ACCEPT, "application/json");
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        // The error is not shown, since the invalid value may be the token.
        let unsendable = |_| {
            Failure::refused(
                "error: the URL of the server or the token is not valid in an HTTP request",
            )
        };
        let answer = match body {
            Some(body) => {
                let request = request.body(body.to_string()).map_err(unsendable)?;
                self.agent.run(request)
            }
            None => self.agent.run(request.body(()).map_err(unsendable)?),
        };
        let mut answer = answer.map_err(failed)?;
        self.tell_time(&answer);
        warn(&answer);
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(BODY_MAX_BYTES)
            .read_to_vec()
            .map_err(failed)?;
        Ok((answer.status().as_u16(), bytes))
    }

    /// Reads the clock of the API from the `Date` of its response, if it differs from ours.
    fn tell_time(&self, answer: &Response<Body>) {
        let date = answer.headers().get(header::DATE);
        let date = date.and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        if let Some(date) = date {
            let ahead = date.timestamp().duration_since(Timestamp::now());
            let differs = ahead.abs() >= SAME_CLOCK;
            self.ahead
                .set(if differs { ahead } else { SignedDuration::ZERO });
        }
    }

    /// Returns the body as JSON if the code is a success.
    fn read(&self, code: u16, body: &[u8]) -> Result<Value, Failure> {
        if !(200..300).contains(&code) {
            return Err(Failure::Refused(refusal::lines(&self.server, code, body)));
        }
        serde_json::from_slice(body).map_err(|error| {
            Failure::broken(
                format!(
                    "{} did not return JSON; check that it is the firelens API",
                    self.server
                ),
                error,
            )
        })
    }
}

/// Whether the API itself reports that there is no such object, and not a proxy in between.
fn is_not_found(body: &[u8]) -> bool {
    let status: Value = serde_json::from_slice(body).unwrap_or_default();
    status["reason"] == "NotFound" && status["details"]["name"].is_string()
}

/// Prints the warnings of the API: `299 - "text"`.
fn warn(answer: &Response<Body>) {
    for warning in answer.headers().get_all(header::WARNING) {
        let text = warning.to_str().unwrap_or_default();
        let text = text.splitn(3, ' ').nth(2).unwrap_or(text);
        let text: String = serde_json::from_str(text).unwrap_or_else(|_| text.to_owned());
        eprintln!("warning: {text}");
    }
}

/// Escapes the text as a part of a path or a value of a query.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_part_of_the_path() {
        assert_eq!(escaped("prod.main.web-1"), "prod.main.web-1");
        assert_eq!(escaped("../x?y=é"), "..%2Fx%3Fy%3D%C3%A9");
    }

    #[test]
    fn only_an_api_response_counts_as_not_found() {
        for (body, expected) in [
            (r#"{"reason": "NotFound", "details": {"name": "x"}}"#, true),
            (r#"{"reason": "NotFound"}"#, false),
            ("<html>", false),
        ] {
            assert_eq!(is_not_found(body.as_bytes()), expected, "{body}");
        }
    }
}
