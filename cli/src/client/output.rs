//! Prints data: text for people, JSON and YAML for programs.
//!
//! Notes go to standard error instead.

use std::io::Write;

use serde::Serialize;

use crate::args::OutputFormat;
use crate::failure::Failure;

/// Prints `data` in the requested form; `text` formats it for people.
pub(super) fn print<T: Serialize>(
    form: OutputFormat,
    data: &T,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    let broken = "the output cannot be written";
    let printed = match form {
        OutputFormat::Table => text(),
        OutputFormat::Json => {
            serde_json::to_string_pretty(data).map_err(|error| Failure::broken(broken, error))?
        }
        OutputFormat::Yaml => {
            serde_yaml::to_string(data).map_err(|error| Failure::broken(broken, error))?
        }
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", printed.trim_end())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::broken("cannot write to standard output", error))
}

/// Returns every line of `text` after a margin; empty lines stay empty.
pub(super) fn indented(margin: &str, text: &str) -> String {
    let lines = text.lines().map(|line| match line.is_empty() {
        true => "\n".to_owned(),
        false => format!("{margin}{line}\n"),
    });
    lines.collect()
}

/// Returns `1 workload`, `2 workloads`.
pub(super) fn counted(count: u32, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_and_counts_read_well() {
        assert_eq!(indented("  ", "a\n\n b\n"), "  a\n\n   b\n");
        assert_eq!(
            [counted(1, "task"), counted(0, "task")],
            ["1 task", "0 tasks"]
        );
    }
}
