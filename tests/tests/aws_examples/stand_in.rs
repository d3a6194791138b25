//! A stand-in for AWS that a test starts on loopback and ends with itself.
//! Must never be given credentials that mean something elsewhere.

use std::env;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

const START_DEADLINE: Duration = Duration::from_secs(60);

/// The program a variable names. A run that names none says so and passes: `make test` names it.
pub(crate) fn stand_in(variable: &str) -> Option<PathBuf> {
    let program = env::var_os(variable)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    if program.is_none() {
        eprintln!("{variable} is not set: not checked");
    }
    program
}

/// A loopback port nobody listens on right now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A stand-in for AWS on loopback, ended with the test.
pub(crate) struct Server {
    process: Child,
    url: String,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) fn start(mut command: Command, port: u16) -> Self {
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            process,
            url: format!("http://127.0.0.1:{port}/"),
        };
        let deadline = Instant::now() + START_DEADLINE;
        while let Err(why) = server.call("ListClusters", "{}") {
            assert!(Instant::now() < deadline, "{}: {why}", server.url);
            thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// The answer to RegisterTaskDefinition with this body, byte by byte.
    pub(crate) fn register(&self, input: &str) -> Result<Value, String> {
        self.call("RegisterTaskDefinition", input)
    }

    /// One call of the ECS API. The stand-ins read the account and region off the signature and check nothing else of it.
    fn call(&self, action: &str, body: &str) -> Result<Value, String> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let mut answer = agent
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AmazonEC2ContainerServiceV20141113.{action}"))
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=111122223333/20260101/us-west-2/ecs/aws4_request, SignedHeaders=host, Signature=00",
            )
            .send(body)
            .map_err(|error| error.to_string())?;
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("{}: {text}", answer.status()));
        }
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
