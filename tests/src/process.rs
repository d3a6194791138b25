//! Programs that a test runs beside itself.
//! None may be left running, or get the caller's own AWS configuration, proxies or home.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness that cannot work has failed the test"
)]

use std::env;
use std::fmt::Debug;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Pause between two looks at something that is waited for.
const POLL: Duration = Duration::from_millis(50);
/// How much of a log is shown when its program is gone.
const LOG_TAIL_LINES: usize = 40;

/// A running program; killed with this handle, by its own process id, also when the test panics.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it with nothing on standard input; what it prints is added to `log`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn spawn(mut command: Command, log: PathBuf) -> Self {
        let out = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file");
        command
            .stdin(Stdio::null())
            .stderr(out.try_clone().expect("a log file"))
            .stdout(out);
        let program = command.get_program().to_owned();
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Self { child, log }
    }

    /// Panics with its log if it has ended.
    ///
    /// # Panics
    /// If it has ended.
    pub fn check_alive(&mut self) {
        if let Some(status) = self.child.try_wait().expect("its own child") {
            panic!("it ended with {status}:\n{}", self.log_tail());
        }
    }

    /// Kills it with SIGKILL, which cannot be caught. Returns when it has ended.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until it has ended by itself; returns its exit status.
    ///
    /// # Panics
    /// If it goes on for longer than `patience`.
    pub fn ended(&mut self, patience: Duration) -> Option<i32> {
        let status = until("it has ended", patience, || {
            let status = self.child.try_wait().expect("its own child");
            status.ok_or("it runs")
        });
        status.code()
    }

    /// The end of what it printed.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("{}:\n{}", self.log.display(), self.log_tail());
        }
    }
}

/// Leaves of the environment only where programs are; temporary files and the home are in `home`.
pub fn clean<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("TMPDIR", home)
        .env("LANG", "C.UTF-8")
        .current_dir(home)
}

/// A loopback port nobody listens on right now.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Repeats a check until it succeeds.
///
/// # Panics
/// If it is not within `patience`, with the last answer.
pub fn until<T, E: Debug>(
    goal: &str,
    patience: Duration,
    mut ask: impl FnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(why) => assert!(Instant::now() < deadline, "{goal}: not in time: {why:?}"),
        }
        thread::sleep(POLL);
    }
}
