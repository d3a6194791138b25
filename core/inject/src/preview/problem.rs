//! Why the agent would fail to start a task, and what people would see.
//!
//! Never holds the value of an option: it may be a secret.

/// The agent would not start the task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct PreviewError {
    /// All reasons.
    pub problems: Vec<AgentProblem>,
}

fn lines(problems: &[AgentProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(AgentProblem::explained).collect();
    lines.join("\n")
}

/// One reason why no task of a task definition can start with FireLens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentProblem {
    /// No container is a router: the agent generates nothing.
    #[error("no container has a firelensConfiguration")]
    NoRouter,
    /// The tasks run Windows.
    #[error("the task definition is for Windows, where FireLens does not exist")]
    Windows,
    /// A type that the agent does not know.
    #[error(
        "container {router}: firelensConfiguration.type is {found:?}; allowed: fluentbit, fluentd"
    )]
    InvalidType {
        /// Name of the router.
        router: String,
        /// What is written.
        found: String,
    },
    /// Another word than `s3` or `file`.
    #[error("container {router}: config-file-type is {found:?}; allowed: s3, file")]
    InvalidConfigFileType {
        /// Name of the router.
        router: String,
        /// What is written.
        found: String,
    },
    /// A type of file, and no file.
    #[error("container {router}: config-file-type is set and config-file-value is not")]
    MissingConfigFileValue {
        /// Name of the router.
        router: String,
    },
    /// A configuration in S3 on a platform that fetches none.
    #[error("container {router}: config-file-type s3 does not work on {platform}")]
    ConfigFromS3 {
        /// Name of the router.
        router: String,
        /// Launch type.
        platform: String,
    },
    /// Not the ARN of an object.
    #[error("container {router}: config-file-value {found:?} is not the ARN of an S3 object")]
    InvalidS3Arn {
        /// Name of the router.
        router: String,
        /// What is written.
        found: String,
    },
    /// The agent takes the owner of the socket folder from it.
    #[error("container {router}: user {found:?} does not begin with a numeric user id")]
    InvalidUser {
        /// Name of the router.
        router: String,
        /// What is written.
        found: String,
    },
    /// What the execution role is for.
    #[error("there is no executionRoleArn, and {what} is read with it")]
    NoExecutionRole {
        /// What needs the role.
        what: &'static str,
    },
    /// Options of a plugin, and no plugin.
    #[error("container {container}: log options for an output, and none of them is `{key}`{}", similar(.found))]
    MissingOutputName {
        /// Name of the container.
        container: String,
        /// `Name`, or `@type` for Fluentd.
        key: &'static str,
        /// An option that differs from it by case alone.
        found: Option<String>,
    },
    /// A secret option of a container that does not log through the router: the agent collects the
    /// secret options of all containers.
    #[error(
        "container {container}: its {driver} log driver has secretOptions, which the agent takes for those of a FireLens output"
    )]
    SecretOfOtherDriver {
        /// Name of the container.
        container: String,
        /// Its log driver.
        driver: String,
    },
    /// A secret option that names no secret.
    #[error("container {container}: secret option {option:?} has no valueFrom")]
    MissingSecretValue {
        /// Name of the container.
        container: String,
        /// Name of the option.
        option: String,
    },
}

fn similar(found: &Option<String>) -> String {
    found
        .as_ref()
        .map(|found| format!(" (there is {found:?}; upper and lower case count)"))
        .unwrap_or_default()
}

impl AgentProblem {
    /// What people see when such a task is started, and what to do.
    #[must_use]
    pub const fn consequence(&self) -> &'static str {
        match self {
            Self::NoRouter => {
                "ECS refuses awsfirelens log configurations without a router; add one, or give --policy to have one injected"
            }
            Self::Windows => "ECS finds no place for such a task; use the awslogs driver",
            Self::InvalidType { .. } => {
                "the task stops before any container starts: the firelens configuration type is not supported"
            }
            Self::InvalidConfigFileType { .. } | Self::MissingConfigFileValue { .. } => {
                "the task stops before any container starts: the options of the router cannot be parsed"
            }
            Self::ConfigFromS3 { .. } => {
                "no task is placed: the platform lacks the capability; use the init image of aws-for-fluent-bit, or a file inside the image"
            }
            Self::InvalidS3Arn { .. } => {
                "the task stops before any container starts: bucket and key cannot be parsed from the ARN; write arn:PARTITION:s3:::BUCKET/KEY"
            }
            Self::InvalidUser { .. } => {
                "the task stops before any container starts: the user id cannot be determined; write UID, UID:GID or UID:GROUP"
            }
            Self::NoExecutionRole { .. } => {
                "the task stops before any container starts: there are no execution role credentials; set executionRoleArn"
            }
            Self::MissingOutputName { .. } => {
                "the task stops before any container starts: the output key is missing and the configuration cannot be generated"
            }
            Self::SecretOfOtherDriver { .. } => {
                "the task stops before any container starts, since these make an output without a name; move that container to awsfirelens, or give its driver the secret in another way"
            }
            Self::MissingSecretValue { .. } => {
                "the router is not created: the secret has no value; give valueFrom the ARN of a secret or parameter"
            }
        }
    }

    /// The problem and its consequence in one line.
    #[must_use]
    pub fn explained(&self) -> String {
        format!("{self}: {}", self.consequence())
    }
}
