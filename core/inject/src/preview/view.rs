//! The answer of a preview, as JSON shows it.
//!
//! Secret options are shown as the variables that the agent puts in their place.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::preview::PreviewNote;

/// What the agent makes of a task definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The router.
    pub router: RouterPreview,
    /// The file that the agent generates, byte for byte.
    pub main: PreviewFile,
    /// The files that are read beside it, in the order in which they are read.
    pub included: Vec<IncludedFile>,
    /// The containers that log through the router, in document order.
    pub containers: Vec<ContainerPreview>,
    /// Hints for people, sorted.
    pub notes: Vec<PreviewNote>,
}

/// A file whose text is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewFile {
    /// Path inside the router.
    pub path: String,
    /// Content, UTF-8.
    pub text: String,
}

/// A file that the router reads beside the generated one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncludedFile {
    /// Path inside the router.
    pub path: String,
    /// Where it comes from.
    pub source: FileSource,
    /// How it is read.
    pub use_: FileUse,
    /// Content, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What a file of a known image holds, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<String>,
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "from")]
pub enum FileSource {
    /// It is in the image, or on a volume of the router.
    Image,
    /// The agent, or the init process, fetches it at each task start.
    S3 {
        /// Bucket name.
        bucket: String,
        /// Key.
        key: String,
    },
    /// The init process of the image writes it.
    Init,
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FileUse {
    /// It is given to Fluent Bit as the main file.
    Main,
    /// By an `@INCLUDE`.
    Included,
    /// As a file of parsers, by `-R`.
    Parsers,
    /// By `@INCLUDE` or by `-R`: that depends on its text, which is not known here.
    IncludedOrParsers,
}

/// The router container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouterPreview {
    /// Container name.
    pub name: String,
    /// `fluentbit` or `fluentd`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Image reference.
    pub image: String,
    /// Variables that the agent adds.
    pub environment: Vec<RouterVariable>,
    /// What the agent mounts, host path and path in the router.
    pub mounts: Vec<Mount>,
    /// How the program is started.
    pub launch: Launch,
}

/// A variable that the agent adds to the router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouterVariable {
    /// Name.
    pub name: String,
    /// Value, where it is no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// ARN or name of the secret or parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<String>,
    /// Container whose secret option it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

/// A bind mount of the router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// Path on the host, with the agent's default data folder; none where AWS runs the hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Path in the router.
    pub container: String,
}

/// How the program of the router is started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    /// The command line, where the image is known or the task definition gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Who decides it, in words.
    pub by: String,
}

/// A container that logs through the router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPreview {
    /// Container name.
    pub name: String,
    /// Tag of its records.
    pub tag: String,
    /// Options of Docker's fluentd log driver, which the agent puts in the place of awsfirelens.
    pub log_options: BTreeMap<String, String>,
    /// Variables that the agent adds, for libraries that send to the router themselves.
    pub environment: BTreeMap<String, String>,
    /// Whether it starts after the router.
    pub waits: Waits,
}

/// Whether a container starts after the router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Waits {
    /// `dependsOn` says so.
    TaskDefinition {
        /// `START`, `COMPLETE`, `SUCCESS`, `HEALTHY`.
        condition: String,
    },
    /// The agent adds a dependency on the start of the router.
    Agent,
    /// Nobody says so.
    Nobody,
    /// It is the router.
    Itself,
}
