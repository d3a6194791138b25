//! Hints beside a preview: what the agent does in silence.
//!
//! Never holds the value of an option: it may be a secret.

use std::fmt;

use serde::Serialize;

use crate::refusal::words;

words! {
    /// What kind of hint a preview gives.
    PreviewNoteCode {
        /// An option holds a line break: what stands behind it is configuration of its own.
        InjectsConfiguration,
        /// An option is not read back as it was written: empty, trimmed, cut or split.
        BreaksConfiguration,
        /// `enable-ecs-log-metadata` is not a boolean: the agent ignores it and adds no metadata.
        MetadataOffByMistake,
        /// `config-file-value` without `config-file-type` is ignored.
        ConfigFileValueIgnored,
        /// The router depends on another container, so the agent adds no dependency on the router.
        NoStartDependency,
        /// A container has no output, neither of its own nor in a file that is known here.
        NoOutput,
        /// The agent writes the sections of several containers in an order that changes from task to task.
        OrderChanges,
        /// More than one container is a router: the agent takes the first.
        SecondRouter,
        /// No container uses the awsfirelens driver.
        NobodyRouted,
        /// No TCP inputs and no `FLUENT_HOST`: the network mode leaves the socket alone.
        SocketOnly,
        /// The health check asks port 8877, where nothing listens.
        HealthCheckCannotPass,
        /// The memory of the router gives no buffer limit: the default is larger than the container.
        BufferLargerThanMemory,
        /// Records of one container also match the sections of another.
        TagOverlap,
        /// `Match` in log options stands beside the agent's own.
        MatchTwice,
        /// `mode` or `max-buffer-size` are for a log driver and reach the output plugin.
        DriverOptionInOutput,
        /// The name of a secret option makes a variable that not every program can read.
        SecretNameUnsafe,
        /// The task definition replaces the command of the image.
        CommandReplaced,
        /// A file is included twice: Fluent Bit does not start.
        ReadTwice,
        /// Two files of the init image have one name: the second overwrites the first.
        SameFileName,
        /// The text of a file is not known here.
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
