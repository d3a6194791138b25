//! Arguments of the verbs that talk to the API.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::OutputFormat;

/// A secret from a flag or a variable. It is not shown in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// Creates the token from the text, without the line break at its end.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Returns the secret itself, for the request header.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::new(text))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// How the API is reached.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// URL of the API. Default: the server in the kubeconfig, or http://127.0.0.1:8080 without a kubeconfig.
    #[arg(long, env = "FIRELENS_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Bearer token, instead of the credentials in the kubeconfig.
    #[arg(
        long,
        env = "FIRELENS_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub(crate) token: Option<Token>,
    /// File with the certificates of the authorities that the API's certificate is verified against, as PEM.
    /// Default: those in the kubeconfig, or those of the machine.
    #[arg(long, env = "FIRELENS_CERTIFICATE_AUTHORITY", value_name = "FILE")]
    pub(crate) certificate_authority: Option<PathBuf>,
    /// Path of the kubeconfig. Default: the files listed in KUBECONFIG, or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig. Default: the current context.
    #[arg(long, env = "FIRELENS_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Timeout of a single request, in seconds.
    #[arg(long, env = "FIRELENS_REQUEST_TIMEOUT_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600), value_name = "SECONDS")]
    pub(crate) request_timeout_seconds: u64,
}

/// Shows every difference and changes nothing. Exits with status 1 if a target did not respond.
#[derive(Args, Debug)]
pub(crate) struct Plan {
    /// The LoggingPolicy, as YAML or JSON, optionally with LogDestinations; a folder means the files in
    /// it; `-` is standard input. Can be specified multiple times.
    #[arg(
        long = "filename",
        short = 'f',
        required_unless_present = "name",
        value_name = "FILE"
    )]
    pub(crate) files: Vec<PathBuf>,
    /// LogDestinations to use instead of the existing ones of the same name. Can be specified multiple times.
    #[arg(long, value_name = "FILE")]
    pub(crate) destinations: Vec<PathBuf>,
    /// Name of the policy: one of several in the files, or, without files, an existing one.
    #[arg(long, value_name = "POLICY")]
    pub(crate) name: Option<String>,
    /// Maximum number of workloads to describe in each target; all are counted.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5000), value_name = "N")]
    pub(crate) limit: u32,
    /// Output format; json and yaml are the response of the API.
    #[arg(long, short = 'o', default_value = "table", value_name = "FORMAT")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// Name of the Workload, CLUSTER/SERVICE, or TARGET/CLUSTER/SERVICE.
    #[arg(value_name = "WORKLOAD")]
    pub(crate) workload: String,
    /// Output format.
    #[arg(long, short = 'o', default_value = "table", value_name = "FORMAT")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args, Debug)]
pub(crate) struct Rollout {
    #[command(subcommand)]
    pub(crate) verb: RolloutVerb,
}

/// What is said to, or asked of, a rollout.
#[derive(Debug, Subcommand)]
pub(crate) enum RolloutVerb {
    /// Shows the progress of a rollout, and what it is waiting for.
    Status(RolloutStatus),
    /// Pauses a rollout: deployments in progress continue, and no new ones are started.
    Pause(RolloutSubject),
    /// Resumes a paused or aborted rollout; earlier failures no longer stop it.
    Resume(RolloutSubject),
    /// Ends a rollout before it is complete.
    Abort(RolloutAbort),
    /// Retries failed workloads.
    Retry(RolloutRetry),
    /// Approves the plan of a rollout.
    Approve(RolloutApprove),
}

/// Which rollout.
#[derive(Args, Debug)]
pub(crate) struct RolloutSubject {
    /// A rollout, as POLICY.gN.TARGET, or a policy: its current rollouts in all targets.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Output format; json and yaml are the objects of the API.
    #[arg(long, short = 'o', default_value = "table", value_name = "FORMAT")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args, Debug)]
pub(crate) struct RolloutStatus {
    #[command(flatten)]
    pub(crate) subject: RolloutSubject,
    /// Show each change until every rollout is complete or aborted.
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RolloutAbort {
    #[command(flatten)]
    pub(crate) subject: RolloutSubject,
    /// Remove the router again, in waves, from the workloads that the rollout has reached. Without it,
    /// they are not changed.
    #[arg(long)]
    pub(crate) undo: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RolloutRetry {
    #[command(flatten)]
    pub(crate) subject: RolloutSubject,
    /// Name of a Workload. Default: all failed workloads. Can be specified multiple times.
    #[arg(long = "workload", value_name = "WORKLOAD")]
    pub(crate) workloads: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct RolloutApprove {
    #[command(flatten)]
    pub(crate) subject: RolloutSubject,
    /// Hash of the plan that was reviewed; rejected if the current plan is another. Without it, the
    /// current plan is approved, whatever it is.
    #[arg(long, value_name = "HASH")]
    pub(crate) plan: Option<String>,
}
