//! `spec.customConfig`: raw Fluent Bit text, read, evaluated by an allowlist and written anew.
//!
//! Fluent Bit gets what was evaluated, not the raw text; comments are lost.

use thiserror::Error;

use super::reader::{ReadError, read};
use super::tree::{Document, Item, Section};
use crate::text::check_name;

/// Longest raw text, in bytes. With everything else it must be small beside an S3 object and quick
/// to read at every task start.
pub const CUSTOM_CONFIG_BYTES: usize = 65_536;

/// Why the raw text is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CustomConfigProblem {
    /// Longer than [`CUSTOM_CONFIG_BYTES`].
    #[error("is longer than {CUSTOM_CONFIG_BYTES} bytes")]
    TooLong,
    /// Fluent Bit would not read it either.
    #[error("cannot be read")]
    Unreadable(#[source] ReadError),
    /// Includes and settings are the business of the ECS agent and the init image.
    #[error("`@{command}` is not allowed: what a task loads must be in the policy itself")]
    Command {
        /// The word after `@`.
        command: String,
    },
    /// A section outside the allowlist.
    #[error("[{section}] is not allowed here: {hint}")]
    Section {
        /// Name of the section.
        section: String,
        /// Where it belongs.
        hint: &'static str,
    },
    /// A key of a section that is not allowed.
    #[error("`{key}` in [{section}] is not allowed: {hint}")]
    Key {
        /// Name of the section.
        section: String,
        /// The key.
        key: String,
        /// Why not.
        hint: &'static str,
    },
    /// A plugin section needs exactly one plain `Name`.
    #[error("section {number}, [{section}], needs exactly one `Name`, without variables")]
    Name {
        /// Name of the section.
        section: String,
        /// Number of the section in the text, from 1.
        number: usize,
    },
    /// A section names a parser that does not exist.
    #[error("[{section}]: {message}")]
    Parser {
        /// Name of the section.
        section: String,
        /// Which one, and what to do.
        message: String,
    },
    /// A plugin that runs programs.
    #[error("the {plugin} plugin is not allowed: it runs programs inside the router")]
    Plugin {
        /// Name of the plugin.
        plugin: String,
    },
}

/// Plugins that run a program of the configuration's choice, in any kind of section.
/// <https://docs.fluentbit.io/manual/data-pipeline/inputs/exec>
const RUNS_PROGRAMS: [&str; 2] = ["exec", "exec_wasi"];

/// Reads and evaluates the raw text. An empty text is an empty document.
///
/// Allowed are `[INPUT]`, `[FILTER]` and `[OUTPUT]` with any plugin that runs no program, and
/// `[SERVICE]` except for keys that load code or streams. Parsers belong into `spec.parsers`, since
/// Fluent Bit refuses them in its main file.
pub fn read_custom_config(text: &str) -> Result<Document, CustomConfigProblem> {
    if text.len() > CUSTOM_CONFIG_BYTES {
        return Err(CustomConfigProblem::TooLong);
    }
    let document = read(text).map_err(CustomConfigProblem::Unreadable)?;
    for (index, item) in document.items.iter().enumerate() {
        match item {
            Item::Command { name, .. } => {
                return Err(CustomConfigProblem::Command {
                    command: name.clone(),
                });
            }
            Item::Section(section) => check_allowed(index + 1, section)?,
        }
    }
    Ok(document)
}

fn check_allowed(number: usize, section: &Section) -> Result<(), CustomConfigProblem> {
    match section.name.as_str() {
        "INPUT" | "FILTER" | "OUTPUT" => check_plugin(number, section),
        "SERVICE" => check_service(section),
        "PARSER" | "MULTILINE_PARSER" => Err(refused(
            section,
            "parsers have a file of their own; put it into spec.parsers",
        )),
        _ => Err(refused(
            section,
            "only INPUT, FILTER, OUTPUT and SERVICE sections are",
        )),
    }
}

fn refused(section: &Section, hint: &'static str) -> CustomConfigProblem {
    CustomConfigProblem::Section {
        section: section.name.clone(),
        hint,
    }
}

fn check_plugin(number: usize, section: &Section) -> Result<(), CustomConfigProblem> {
    let mut names = section.values("name");
    let name = match (names.next(), names.next()) {
        (Some(name), None) if check_name(name).is_ok() => name.to_ascii_lowercase(),
        _ => {
            return Err(CustomConfigProblem::Name {
                section: section.name.clone(),
                number,
            });
        }
    };
    if RUNS_PROGRAMS.contains(&name.as_str()) {
        return Err(CustomConfigProblem::Plugin { plugin: name });
    }
    Ok(())
}

fn check_service(section: &Section) -> Result<(), CustomConfigProblem> {
    const LOADS: [(&str, &str); 3] = [
        ("plugins_file", "it loads code into the router"),
        (
            "streams_file",
            "it loads a file that the policy does not hold",
        ),
        ("daemon", "the router must stay in the foreground"),
    ];
    for (key, hint) in LOADS {
        if section.value(key).is_some() {
            return Err(CustomConfigProblem::Key {
                section: section.name.clone(),
                key: key.to_owned(),
                hint,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_tail_input_is_accepted_and_only_comments_are_dropped() {
        let text = "# files\n[INPUT]\n\tName tail\n\tPath /logs/*.log\n\tTag files\n\n[OUTPUT]\n\tName s3\n\tMatch files\n";
        let document = read_custom_config(text).unwrap();
        assert_eq!(document.sections().count(), 2);
        assert_eq!(read_custom_config("").unwrap(), Document::default());
    }

    #[test]
    fn what_could_load_or_run_something_else_is_refused() {
        for (text, expected) in [
            ("@INCLUDE /x.conf\n", "`@INCLUDE` is not allowed"),
            ("@SET a=b\n", "`@SET` is not allowed"),
            ("[INPUT]\n    Name exec\n    Command id\n", "exec plugin"),
            ("[INPUT]\n    name EXEC_WASI\n", "exec_wasi plugin"),
            ("[INPUT]\n    Name ${PLUGIN}\n", "exactly one `Name`"),
            (
                "[INPUT]\n    Name tail\n    Name exec\n",
                "exactly one `Name`",
            ),
            ("[INPUT]\n    Tag x\n", "exactly one `Name`"),
            ("[SERVICE]\n    Plugins_File /p.conf\n", "plugins_file"),
            ("[PARSER]\n    Name x\n", "spec.parsers"),
            ("[PLUGINS]\n    Path /x.so\n", "[PLUGINS] is not allowed"),
            ("[CUSTOM]\n    Name calyptia\n", "[CUSTOM] is not allowed"),
            ("[INPUT\n", "cannot be read"),
        ] {
            let problem = read_custom_config(text).unwrap_err().to_string();
            assert!(problem.contains(expected), "{text:?}: {problem}");
        }
        let long = "#".repeat(CUSTOM_CONFIG_BYTES + 1);
        assert_eq!(read_custom_config(&long), Err(CustomConfigProblem::TooLong));
    }
}
