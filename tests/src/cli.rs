//! The binary as a client of an API that a test serves, with nothing of the caller's own configuration.
//! Never waits on the thread that serves: the binary runs beside it.
#![allow(clippy::expect_used)]

use std::ffi::OsString;
use std::process::{Command, Output};

use serde_json::Value;

use crate::binary;

/// What a command did.
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

    /// Standard output of a command that must have done what was asked.
    ///
    /// # Panics
    /// With all that it printed where it has not.
    #[must_use]
    pub fn done(self) -> String {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// The same as JSON.
    ///
    /// # Panics
    /// As [`Self::done`], or where it is none.
    #[must_use]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.done()).expect("JSON")
    }

    /// Standard error of a command that must have been refused.
    ///
    /// # Panics
    /// With all that it printed where it was not.
    #[must_use]
    pub fn refused(self) -> String {
        assert_eq!(self.status, 1, "{}{}", self.stdout, self.stderr);
        self.stderr
    }
}

/// Runs the binary with these variables and no others.
///
/// # Panics
/// Where it cannot be run.
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
