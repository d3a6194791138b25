//! Hints beside a preview: what the agent does in silence.
//!
//! Never holds the value of an option: it may be a secret.

use std::fmt;

use serde::Serialize;

use crate::refusal::words;

words! {
    /// What kind of hint a preview gives.
    PreviewNoteCode {
        /// An option contains a line break; the text after it becomes configuration of its own.
        InjectsConfiguration,
        /// An option is not read back as it was written: it is empty, trimmed, truncated or split.
        BreaksConfiguration,
        /// `enable-ecs-log-metadata` is not a boolean: the agent ignores it and adds no metadata.
        MetadataOffByMistake,
        /// `config-file-value` without `config-file-type` is ignored.
        ConfigFileValueIgnored,
        /// The router depends on another container, so the agent adds no dependency on the router.
        NoStartDependency,
        /// A container has no output, neither in its log options nor in a file that the preview can read.
        NoOutput,
        /// The agent writes the sections of several containers in an order that differs from task to task.
        OrderChanges,
        /// More than one container is a router; the agent uses the first.
        SecondRouter,
        /// No container uses the awsfirelens log driver.
        NobodyRouted,
        /// There are no TCP inputs and no `FLUENT_HOST`: in this network mode, only the Unix socket is available.
        SocketOnly,
        /// The health check uses port 8877, where nothing listens.
        HealthCheckCannotPass,
        /// No buffer limit follows from the memory of the router, and the default is larger than the container.
        BufferLargerThanMemory,
        /// Records of one container also match the sections of another.
        TagOverlap,
        /// `Match` in the log options is written in addition to the `Match` of the agent.
        MatchTwice,
        /// `mode` or `max-buffer-size` are log driver options and are passed to the output plugin.
        DriverOptionInOutput,
        /// The name of a secret option becomes an environment variable that not every program can read.
        SecretNameUnsafe,
        /// The task definition overrides the command of the image.
        CommandReplaced,
        /// A file is included twice, so Fluent Bit does not start.
        ReadTwice,
        /// Two files of the init image have the same name; the second overwrites the first.
        SameFileName,
        /// The content of a file is not available to the preview.
        TextUnknown,
    }
}

impl Serialize for PreviewNoteCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One hint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PreviewNote {
    /// What kind of hint.
    pub code: PreviewNoteCode,
    /// For people.
    pub message: String,
}

impl PreviewNote {
    /// A note from its parts.
    pub fn new(code: PreviewNoteCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for PreviewNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
