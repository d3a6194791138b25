//! Every `kubectl` that can be found, each run with only its own kubeconfig and home.
//! It gets no flag that a user would not pass, so that what works here works for users.

#![allow(
    clippy::expect_used,
    reason = "a harness that cannot work has failed the test"
)]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::Api;

/// Longest wait for a line of a running command.
const PATIENCE: Duration = Duration::from_secs(20);

/// One `kubectl`, aimed at one server.
#[derive(Debug)]
pub struct Kubectl {
    program: PathBuf,
    /// Its minor version.
    pub minor: u32,
    home: TempDir,
}

/// The result of a command.
#[derive(Debug)]
pub struct Ran {
    /// Exit status; -1 when a signal ended it.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The programs found, one for each minor version: on the PATH, in `FIRELENS_TEST_KUBECTLS` (separated by
/// colons), and in `.local/kubectl/*/kubectl`, where `deploy/local/kubectl.sh all` puts them.
///
/// # Panics
/// If there is none: a test that needs one has failed then.
#[must_use]
pub fn programs() -> BTreeMap<u32, PathBuf> {
    let mut candidates: Vec<PathBuf> = Vec::new();
    let path = env::var_os("PATH").unwrap_or_default();
    candidates.extend(env::split_paths(&path).map(|directory| directory.join("kubectl")));
    let named = env::var_os("FIRELENS_TEST_KUBECTLS").unwrap_or_default();
    candidates.extend(env::split_paths(&named));
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let local = tests.parent().unwrap_or(tests).join(".local/kubectl");
    let listed = fs::read_dir(local).into_iter().flatten().flatten();
    candidates.extend(listed.map(|entry| entry.path().join("kubectl")));
    let mut programs = BTreeMap::new();
    for program in candidates.into_iter().filter(|program| program.is_file()) {
        if let Some(minor) = minor(&program) {
            programs.entry(minor).or_insert(program);
        }
    }
    assert!(
        !programs.is_empty(),
        "no kubectl found: run deploy/local/kubectl.sh"
    );
    programs
}

/// A policy and its destination, as a user writes them.
pub const POLICY: &str = "
apiVersion: firelens.dev/v1alpha1
kind: LoggingPolicy
metadata:
  name: pay
  labels: {team: pay}
spec:
  mode: Audit
  selector:
    services: [\"payments-*\"]
  outputs:
    - name: main
      destinationRef: {name: logs}
---
apiVersion: firelens.dev/v1alpha1
kind: LogDestination
metadata:
  name: logs
spec:
  s3: {bucket: logs-of-all, region: us-east-1}
";

/// Runs a check with each `kubectl`, each against an API of its own.
pub async fn with_each(check: impl AsyncFn(&Api, &Kubectl)) {
    for (minor, program) in programs() {
        let api = Api::start().await;
        let kubectl = Kubectl::new(minor, program, &api.url());
        check(&api, &kubectl).await;
        api.stop().await;
    }
}

fn minor(program: &Path) -> Option<u32> {
    let output = Command::new(program)
        .args(["version", "--client", "-o", "json"])
        .output()
        .ok()?;
    let version: Value = serde_json::from_slice(&output.stdout).ok()?;
    let text = version["clientVersion"]["minor"].as_str()?;
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

impl Kubectl {
    /// Aims `program` at `server`.
    #[must_use]
    pub fn new(minor: u32, program: PathBuf, server: &str) -> Self {
        let home = TempDir::new().expect("a home");
        let config = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "firelens", "cluster": {"server": server}}],
            "contexts": [{"name": "firelens", "context": {"cluster": "firelens", "user": ""}}],
            "current-context": "firelens",
        });
        fs::write(home.path().join("kubeconfig"), config.to_string()).expect("a kubeconfig");
        Self {
            program,
            minor,
            home,
        }
    }

    /// A file in its home.
    #[must_use]
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.home.path().join(name);
        fs::write(&path, content).expect("a file");
        path.to_string_lossy().into_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.home.path().join("kubeconfig"))
            .current_dir(self.home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[], "")
    }

    /// The same, with more environment and something on standard input.
    #[must_use]
    pub fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)], stdin: &str) -> Ran {
        let mut command = self.command(arguments);
        command
            .envs(environment.iter().copied())
            .stdin(Stdio::piped());
        let mut child = command.spawn().expect("kubectl runs");
        let mut input = child.stdin.take().expect("standard input");
        input
            .write_all(stdin.as_bytes())
            .expect("standard input is read");
        drop(input);
        let output = child.wait_with_output().expect("kubectl ends");
        Ran {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs a command that must succeed; returns its standard output.
    #[must_use]
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(
            ran.status, 0,
            "kubectl 1.{} {arguments:?}: {}{}",
            self.minor, ran.stdout, ran.stderr
        );
        ran.stdout
    }

    /// Starts a command that goes on, such as `get --watch`.
    #[must_use]
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .spawn()
            .expect("kubectl runs");
        let stdout = child.stdout.take().expect("standard output");
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Running { child, lines }
    }
}

/// A command in progress; it is ended with this handle.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// The next line of its standard output.
    ///
    /// # Panics
    /// If none comes in time.
    #[must_use]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line in time")
    }

    /// Waits for its end and returns its exit status.
    #[must_use]
    pub fn wait(mut self) -> i32 {
        let status = self.child.wait().expect("it ends");
        status.code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
