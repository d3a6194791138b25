//! The binary as a client of an API that a test serves, with nothing of the caller's own configuration.
//! The binary runs beside the thread that serves, which must not be blocked.
#![allow(clippy::expect_used)]

use std::ffi::OsString;
use std::process::{Command, Output};

use serde_json::Value;

use crate::binary;

/// The result of a command.
#[derive(Debug)]
pub struct Ran {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Returns the standard output of a command that must have succeeded.
    ///
    /// # Panics
    /// With all that it printed, if it has not.
    #[must_use]
    pub fn done(self) -> String {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// As [`Self::done`], parsed as JSON.
    ///
    /// # Panics
    /// As [`Self::done`], or if it is not JSON.
    #[must_use]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.done()).expect("JSON")
    }

    /// Returns the standard error of a command that must have been refused.
    ///
    /// # Panics
    /// With all that it printed, if it was not.
    #[must_use]
    pub fn refused(self) -> String {
        assert_eq!(self.status, 1, "{}{}", self.stdout, self.stderr);
        self.stderr
    }
}

/// Runs the binary with these environment variables and no others.
///
/// # Panics
/// If it cannot be run.
pub async fn run_with(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let own = |text: &&str| OsString::from(*text);
    let arguments: Vec<OsString> = arguments.iter().map(own).collect();
    let variables: Vec<(OsString, OsString)> = variables
        .iter()
        .map(|(name, value)| (own(name), own(value)))
        .collect();
    let ran = tokio::task::spawn_blocking(move || {
        Command::new(binary::path())
            .args(arguments)
            .env_clear()
            .env("HOME", "/nonexistent")
            .envs(variables)
            .output()
            .expect("the binary runs")
    });
    Ran::of(ran.await.expect("the binary does not panic here"))
}

/// Runs the binary against that server.
pub async fn run(server: &str, arguments: &[&str]) -> Ran {
    run_with(&[("FIRELENS_SERVER", server)], arguments).await
}
