//! Arguments of the verbs that talk to the API.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::OutputFormat;

/// A secret from a flag or a variable; never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// Takes the text without the line break that files end with.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The secret itself, for the header that carries it.
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
    /// URL of the API. Without it, the kubeconfig tells; where there is none, http://127.0.0.1:8080.
    #[arg(long, env = "FIRELENS_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Bearer token, in the place of what the kubeconfig has.
    #[arg(
        long,
        env = "FIRELENS_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub(crate) token: Option<Token>,
    /// File with the certificates that the API's may be signed by, as PEM; without it, those of the
    /// kubeconfig or of the machine.
    #[arg(long, env = "FIRELENS_CERTIFICATE_AUTHORITY", value_name = "FILE")]
    pub(crate) certificate_authority: Option<PathBuf>,
    /// Kubeconfig; without it, those that KUBECONFIG lists, or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig; without it, its current one.
    #[arg(long, env = "FIRELENS_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Longest wait for one answer, in seconds.
    #[arg(long, env = "FIRELENS_REQUEST_TIMEOUT_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600), value_name = "SECONDS")]
    pub(crate) request_timeout_seconds: u64,
}

/// Every difference is shown and nothing is written. Exit status 1 when a target did not answer.
#[derive(Args, Debug)]
pub(crate) struct Plan {
    /// The LoggingPolicy, as YAML or JSON, LogDestinations beside it; a folder stands for the files in
    /// it; `-` is standard input. May be given more than once.
    #[arg(
        long = "filename",
        short = 'f',
        required_unless_present = "name",
        value_name = "FILE"
    )]
    pub(crate) files: Vec<PathBuf>,
    /// LogDestinations that stand in for the stored ones of the same name. May be given more than once.
    #[arg(long, value_name = "FILE")]
    pub(crate) destinations: Vec<PathBuf>,
    /// The policy: one of several in the files, or, without files, one that is stored.
    #[arg(long, value_name = "POLICY")]
    pub(crate) name: Option<String>,
    /// Workloads to describe in each target; all are counted.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5000), value_name = "N")]
    pub(crate) limit: u32,
    /// Form of the answer; json and yaml are the answer of the API.
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
    /// Form of the answer.
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
    /// Shows how far a rollout is, and what it waits for.
    Status(RolloutStatus),
    /// Starts nothing more; what runs comes to its end.
    Pause(RolloutSubject),
    /// Goes on: takes a pause or an abort back; what failed before does not stop it any more.
    Resume(RolloutSubject),
    /// Ends a rollout before it is done.
    Abort(RolloutAbort),
    /// Tries failed workloads again.
    Retry(RolloutRetry),
    /// Approves the plan of a rollout.
    Approve(RolloutApprove),
}

/// Which rollout.
#[derive(Args, Debug)]
pub(crate) struct RolloutSubject {
    /// A rollout, as POLICY.gN.TARGET, or a policy: its present rollouts in all targets.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Form of the answer; json and yaml are the objects of the API.
    #[arg(long, short = 'o', default_value = "table", value_name = "FORMAT")]
    pub(crate) output: OutputFormat,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Args, Debug)]
pub(crate) struct RolloutStatus {
    #[command(flatten)]
    pub(crate) subject: RolloutSubject,
    /// Show each change, until every rollout is complete or aborted.
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RolloutAbort {
    #[command(flatten)]
    pub(crate) subject: RolloutSubject,
    /// Take the router out again, in waves, of the workloads that the rollout has reached; without it,
    /// they stay as they are.
    #[arg(long)]
    pub(crate) undo: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RolloutRetry {
    #[command(flatten)]
    pub(crate) subject: RolloutSubject,
    /// Name of a Workload; without it, all that failed. May be given more than once.
    #[arg(long = "workload", value_name = "WORKLOAD")]
    pub(crate) workloads: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct RolloutApprove {
    #[command(flatten)]
    pub(crate) subject: RolloutSubject,
    /// Hash of the plan that was read; refused where the present plan is another. Without it, the
    /// present plan is approved, whatever it is.
    #[arg(long, value_name = "HASH")]
    pub(crate) plan: Option<String>,
}
