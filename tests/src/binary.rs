//! The real binary: as a command that ends, and as a server on loopback.
//! It must not run with the caller's own AWS configuration.

#![allow(
    clippy::expect_used,
    reason = "a harness that cannot work has failed the test"
)]

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::local_aws::{ACCOUNT, LocalAws};
use crate::process::{Process, clean, free_port, until};

/// Longest wait for a server to be ready.
const READY_DEADLINE: Duration = Duration::from_secs(30);
/// Longest wait for a response.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns the path of the binary that the environment names, else of the one built beside this test.
///
/// # Panics
/// If it is not there.
#[must_use]
pub fn path() -> PathBuf {
    if let Some(path) = env::var_os("FIRELENS_TEST_BINARY").filter(|path| !path.is_empty()) {
        return path.into();
    }
    let here = env::current_exe().expect("this program");
    let folder = here.ancestors().nth(2).expect("the folder of a build");
    let path = folder.join("firelens");
    assert!(
        path.exists(),
        "{} is missing: cargo build --workspace --bin firelens",
        path.display()
    );
    path
}

/// Runs the binary and returns its standard output.
///
/// # Panics
/// If the binary fails, with its standard error.
#[must_use]
pub fn run(arguments: &[&str]) -> String {
    let output = Command::new(path())
        .args(arguments)
        .env_remove("AWS_REGION")
        .output()
        .expect("the binary runs");
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "firelens {}: {notes}",
        arguments.join(" ")
    );
    String::from_utf8(output.stdout).expect("text")
}

/// `firelens serve` with both roles; it is killed when this handle is dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
    port: u16,
    database_url: String,
    aws_url: String,
    region: String,
    /// The folder of its log; dropped last.
    home: TempDir,
}

impl Server {
    /// Starts it on a free port and waits until it is ready.
    #[must_use]
    pub fn start(database_url: &str, aws: &LocalAws) -> Self {
        let home = TempDir::new().expect("a folder for the log");
        let port = free_port();
        let (aws_url, region) = (aws.url().to_owned(), aws.region().to_owned());
        let mut server = Self {
            process: serve(database_url, &aws_url, &region, port, &home),
            port,
            database_url: database_url.to_owned(),
            aws_url,
            region,
            home,
        };
        server.wait_until_ready();
        server
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port, over the same database.
    pub fn restart(&mut self) {
        self.process = serve(
            &self.database_url,
            &self.aws_url,
            &self.region,
            self.port,
            &self.home,
        );
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        until("the server is ready", READY_DEADLINE, || {
            self.process.check_alive();
            self.get("/readyz")
        });
    }

    /// Returns the URL for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the body of a path.
    ///
    /// # Errors
    /// If the response is no success, or there is none.
    pub fn get(&self, path: &str) -> Result<String, ureq::Error> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let url = format!("{}{path}", self.url());
        agent.get(&url).call()?.body_mut().read_to_string()
    }
}

fn serve(database_url: &str, aws_url: &str, region: &str, port: u16, home: &TempDir) -> Process {
    let mut command = Command::new(path());
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
    clean(&mut command, home.path())
        .env("DATABASE_URL", database_url)
        .env("AWS_ENDPOINT_URL", aws_url)
        .env("AWS_REGION", region)
        .env("AWS_ACCESS_KEY_ID", ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("RUST_LOG", "info");
    Process::spawn(command, home.path().join("firelens.log"))
}
