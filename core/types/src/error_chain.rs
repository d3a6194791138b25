//! An error with its causes in one line. `Display` of our errors writes the error alone, without its
//! causes; this is for the one place where an error is handled.

use std::error::Error;

/// Returns the error and its causes as one line: `error: its cause: the cause of that`.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
