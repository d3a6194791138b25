//! The API on a random loopback port over a database of its own, and a small client that hides nothing.
//! Requests are not retried: the test sees what the server responds.

#![allow(
    clippy::expect_used,
    reason = "a harness that cannot work has failed the test"
)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use firelens_api::{ApiOptions, ApiState};
use firelens_store::Store;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use prometheus::Registry;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::postgres::{self, Database};

/// Longest wait for a response or an event; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Collection paths of the group.
pub const GROUP: &str = "/apis/firelens.dev/v1alpha1";

/// A running API.
#[derive(Debug)]
pub struct Api {
    /// The address on which it listens.
    pub address: SocketAddr,
    /// The store behind it, for what users cannot write.
    pub store: Store,
    shutdown: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
    database: Option<Database>,
}

/// A complete response.
#[derive(Debug)]
pub struct Answer {
    /// HTTP code.
    pub code: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as sent.
    pub text: String,
    /// Body as JSON; null if it is not JSON.
    pub body: Value,
}

impl Api {
    /// Starts an API with its default limits.
    pub async fn start() -> Self {
        Self::start_with(ApiOptions::default()).await
    }

    /// Starts an API with other limits.
    pub async fn start_with(options: ApiOptions) -> Self {
        let database = postgres::database().await;
        let store = database.store().await;
        Self::over(store, Some(database), options).await
    }

    /// Starts an API on the store of a test that has a database already.
    pub async fn on(store: Store) -> Self {
        Self::on_with(store, ApiOptions::default()).await
    }

    /// As [`Self::on`], with other limits.
    pub async fn on_with(store: Store, options: ApiOptions) -> Self {
        Self::over(store, None, options).await
    }

    async fn over(store: Store, database: Option<Database>, options: ApiOptions) -> Self {
        let shutdown = CancellationToken::new();
        let state = ApiState::new(store.clone(), Registry::new(), options, shutdown.clone())
            .expect("metrics of a new registry");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = firelens_api::router(state);
        let serving = tokio::spawn(firelens_api::serve(listener, router, shutdown.clone()));
        Self {
            address,
            store,
            shutdown,
            serving,
            database,
        }
    }

    /// Returns the URL for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address of its database, if it has its own.
    #[must_use]
    pub fn database_url(&self) -> String {
        let database = self.database.as_ref();
        database.expect("a database of its own").url()
    }

    /// Asks it to stop; returns when it has.
    pub async fn stop(self) {
        self.shutdown.cancel();
        let stopped = timeout(PATIENCE, self.serving)
            .await
            .expect("it stops in time");
        stopped
            .expect("it does not panic")
            .expect("it stops cleanly");
    }

    /// Sends a request; `headers` may replace the `Host`.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let response = timeout(PATIENCE, self.open(method, path, headers, body.into()))
            .await
            .expect("an answer in time");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer {
            code: parts.status,
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Response<Incoming> {
        let stream = TcpStream::connect(self.address)
            .await
            .expect("a connection");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .expect("HTTP");
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).expect("a request");
        sender.send_request(request).await.expect("an answer")
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Bytes::new()).await
    }

    /// GET with an `Accept` header.
    pub async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.send("GET", path, &[("accept", accept)], Bytes::new())
            .await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, JSON, body.to_string()).await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, JSON, body.to_string()).await
    }

    /// PATCH with a JSON merge patch.
    pub async fn merge(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/merge-patch+json")];
        self.send("PATCH", path, &headers, body.to_string()).await
    }

    /// DELETE without options.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Bytes::new()).await
    }

    /// Creates an object that must be accepted, and returns it as stored.
    pub async fn created(&self, plural: &str, object: &Value) -> Value {
        let answer = self.post(&format!("{GROUP}/{plural}"), object).await;
        assert_eq!(answer.code, StatusCode::CREATED, "{}", answer.text);
        answer.body
    }

    /// Opens a watch; the server must accept it.
    pub async fn watch(&self, path: &str) -> Watching {
        self.watch_as(path, "application/json").await
    }

    /// As [`Self::watch`], with an `Accept` header.
    pub async fn watch_as(&self, path: &str, accept: &str) -> Watching {
        let response = self
            .open("GET", path, &[("accept", accept)], Bytes::new())
            .await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        Watching {
            body: response.into_body(),
            buffer: Vec::new(),
            events: VecDeque::new(),
        }
    }
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

impl Answer {
    /// Returns the body; panics with the response if the code is another.
    #[must_use]
    pub fn expect(self, code: u16) -> Value {
        assert_eq!(self.code.as_u16(), code, "{}", self.text);
        self.body
    }

    /// Returns the `Warning` headers.
    #[must_use]
    pub fn warnings(&self) -> Vec<&str> {
        let values = self.headers.get_all("warning").iter();
        values.filter_map(|value| value.to_str().ok()).collect()
    }
}

/// An open watch.
#[derive(Debug)]
pub struct Watching {
    body: Incoming,
    buffer: Vec<u8>,
    events: VecDeque<Value>,
}

impl Watching {
    /// Returns the next event; `None` if the server has ended the watch.
    pub async fn next(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.read())
            .await
            .expect("an event in time")
    }

    /// Whether no event arrives in that time.
    pub async fn is_quiet_for(&mut self, time: Duration) -> bool {
        timeout(time, self.read()).await.is_err()
    }

    /// Returns the next event as `TYPE name`.
    pub async fn told(&mut self) -> String {
        let event = self.next().await.expect("an event");
        let name = event["object"]["metadata"]["name"]
            .as_str()
            .unwrap_or_default();
        format!("{} {name}", event["type"].as_str().unwrap_or_default())
    }

    async fn read(&mut self) -> Option<Value> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let frame = self.body.frame().await?.expect("a frame of the stream");
            if let Ok(data) = frame.into_data() {
                self.buffer.extend_from_slice(&data);
            }
            while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                self.events
                    .push_back(serde_json::from_slice(&line).expect("a line of JSON"));
            }
        }
    }
}

/// Returns a policy that the API accepts as it is.
#[must_use]
pub fn policy(name: &str) -> Value {
    json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "LoggingPolicy",
        "metadata": {"name": name},
        "spec": {
            "mode": "Audit",
            "selector": {"services": ["payments-*"]},
            "outputs": [{"name": "main", "destinationRef": {"name": "logs"}}],
        },
    })
}

/// Returns a destination that the API accepts as it is.
#[must_use]
pub fn destination(name: &str) -> Value {
    json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "LogDestination",
        "metadata": {"name": name},
        "spec": {"s3": {"bucket": "logs-of-all", "region": "us-east-1"}},
    })
}

/// Returns a target that the API accepts as it is.
#[must_use]
pub fn target(name: &str) -> Value {
    json!({
        "apiVersion": "firelens.dev/v1alpha1",
        "kind": "AwsTarget",
        "metadata": {"name": name},
        "spec": {"accountId": "111122223333", "region": "us-east-1"},
    })
}
