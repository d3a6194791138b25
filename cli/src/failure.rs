//! The failures of the binary: prints the chain of causes, and chooses the exit status.

use std::error::Error;
use std::process::ExitCode;

use firelens_types::error_chain;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request was understood and refused, or problems were found: exit status 1. The lines are
    /// printed as they are.
    Refused(Vec<String>),
    /// The usage is wrong: exit status 2.
    Usage(String),
    /// Something else went wrong: exit status 1, with its causes.
    Broken(String, Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// Creates a failure from what was attempted and its cause.
    pub(crate) fn broken(
        attempt: impl Into<String>,
        cause: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self::Broken(attempt.into(), Box::new(cause))
    }

    /// Creates a refusal of one line.
    pub(crate) fn refused(line: impl Into<String>) -> Self {
        Self::Refused(vec![line.into()])
    }

    pub(crate) fn print(&self) {
        match self {
            Self::Refused(lines) => {
                for line in lines {
                    eprintln!("{line}");
                }
            }
            Self::Usage(text) => eprintln!("error: {text}\n\nFor more information, try '--help'."),
            Self::Broken(attempt, cause) => {
                eprintln!("error: {attempt}: {}", error_chain(cause.as_ref()));
            }
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused(_) | Self::Broken(..) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}
