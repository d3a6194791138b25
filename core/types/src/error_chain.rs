//! An error with its causes in one line. `Display` of our errors says its own part only; this is for
//! the one place where an error is handled.

use std::error::Error;

/// `error: its cause: the cause of that`.
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
