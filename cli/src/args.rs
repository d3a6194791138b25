//! Arguments of the binary. Every flag can be set by an environment variable `FIRELENS_…`, beside the variables
//! that are named by other tools (`DATABASE_URL`, `AWS_REGION`, `RUST_LOG`).

mod client;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use firelens_aws::installation::check_installation_id;
use firelens_fluent::catalogue::FluentBitVersion;

pub(crate) use client::{
    Connection, Explain, Plan, Rollout, RolloutStatus, RolloutSubject, RolloutVerb, Token,
};

/// Injects FireLens log routers into Amazon ECS services, as declared by a platform team.
#[derive(Debug, Parser)]
#[command(
    name = "firelens",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Migrates the database schema, then serves the API and runs the controller.
    Serve(Serve),
    /// Migrates the database schema, then exits.
    Migrate(Migrate),
    /// Prints what a new or existing policy would change in each workload. Changes nothing.
    Plan(Plan),
    /// Explains one workload: which policy applies and why, what was done, what it is waiting for.
    Explain(Explain),
    /// Shows, pauses, resumes, aborts, retries and approves rollouts.
    Rollout(Rollout),
    /// Prints the register-task-definition input with FireLens injected. Offline.
    Patch(Patch),
    /// Prints the register-task-definition input with the injection removed. Offline.
    Unpatch(Unpatch),
    /// Prints the configuration that the ECS agent will generate, and the files it includes. Offline.
    Preview(Preview),
    /// Checks policies and destinations; exits with status 1 if there are errors. Offline.
    Lint(Lint),
}

/// Where the objects and the controller's memory live.
#[derive(Args, Debug)]
pub(crate) struct Database {
    /// PostgreSQL connection URL.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: String,
    /// Maximum number of open connections.
    #[arg(long, env = "FIRELENS_DATABASE_CONNECTIONS", default_value_t = firelens_store::MAX_CONNECTIONS_DEFAULT, value_name = "N")]
    pub(crate) database_connections: u32,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) database: Database,
    /// Address on which to serve the API. Only loopback addresses are allowed: there is no authentication yet.
    #[arg(
        long,
        env = "FIRELENS_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT"
    )]
    pub(crate) listen: SocketAddr,
    /// Parts of the operator that this process runs.
    #[arg(long, env = "FIRELENS_ROLES", value_delimiter = ',', default_values = ["api", "controller"], value_name = "ROLES")]
    pub(crate) roles: Vec<Role>,
    /// Do not migrate the database schema.
    #[arg(long, env = "FIRELENS_NO_MIGRATE")]
    pub(crate) no_migrate: bool,
    /// ID of this installation, which is in the labels of its revisions. It is generated at the first start and
    /// stored in the database. Set it for a database without an ID, to continue as the installation that lost its
    /// database. The operator does not start if the database contains another ID.
    #[arg(long, env = "FIRELENS_INSTALLATION_ID", value_name = "ID", value_parser = installation_id)]
    pub(crate) installation_id: Option<String>,
    /// Use --installation-id even if the database contains another ID.
    #[arg(
        long,
        env = "FIRELENS_REPLACE_INSTALLATION_ID",
        requires = "installation_id"
    )]
    pub(crate) replace_installation_id: bool,
    /// Percentage of each AWS API request quota that the operator uses; the rest is left to the other
    /// tools in the account.
    #[arg(long, env = "FIRELENS_API_BUDGET_PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100), value_name = "PERCENT")]
    pub(crate) api_budget_percent: u8,
    /// Prometheus server for the PromQL gates of policies (rollout.gates.prometheus), such as
    /// http://prometheus:9090. Without it, rollouts with such gates do not continue.
    #[arg(long, env = "FIRELENS_PROMETHEUS_URL", value_name = "URL")]
    pub(crate) prometheus_url: Option<String>,
    /// Format of log lines.
    #[arg(
        long,
        env = "FIRELENS_LOG_FORMAT",
        default_value = "auto",
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,
}

/// Parses the id of an installation.
fn installation_id(text: &str) -> Result<String, String> {
    check_installation_id(text).map(|()| text.to_owned())
}

#[derive(Args, Debug)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) database: Database,
}

/// A part of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// The HTTP API.
    Api,
    /// The reconciliation loop.
    Controller,
}

/// Format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text at a terminal, JSON otherwise.
    Auto,
    /// Text.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct Patch {
    /// The LoggingPolicy, as YAML or JSON; `-` is standard input.
    #[arg(long, short = 'p', value_name = "FILE")]
    pub(crate) policy: PathBuf,
    #[command(flatten)]
    pub(crate) case: Case,
    /// ID of the installation that owns the revision, which firelens serve prints: other
    /// installations then do not change the service. Without it, the revision has no owner, and any
    /// installation whose policy selects the service takes it over.
    #[arg(long, env = "FIRELENS_INSTALLATION_ID", value_name = "ID", value_parser = installation_id)]
    pub(crate) installation_id: Option<String>,
    /// Also write the router configuration files into this folder, by object key.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write_config: Option<PathBuf>,
}

/// A task definition, and what an injection into it needs to know.
#[derive(Args, Debug)]
pub(crate) struct Case {
    /// LogDestinations that the policy refers to, as YAML or JSON. Can be specified multiple times.
    #[arg(long, value_name = "FILE")]
    pub(crate) destinations: Vec<PathBuf>,
    /// A describe-task-definition output or a register-task-definition input; `-` is standard input.
    #[arg(long, short = 't', value_name = "FILE")]
    pub(crate) task_definition: PathBuf,
    /// Launch type of the tasks. Default: the one in requiresCompatibilities.
    #[arg(long, value_name = "TYPE")]
    pub(crate) launch_type: Option<LaunchTypeArg>,
    /// Region of the service. Default: the region in the ARN of the task definition.
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Account ID. Default: the account in an ARN of the task definition.
    #[arg(long, env = "FIRELENS_ACCOUNT_ID", value_name = "ID")]
    pub(crate) account_id: Option<String>,
    /// Bucket for router configurations, `NAME` or `NAME/PREFIX`.
    #[arg(long, env = "FIRELENS_CONFIG_BUCKET", value_name = "BUCKET")]
    pub(crate) config_bucket: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Preview {
    /// The LoggingPolicy to inject first, as YAML or JSON; `-` is standard input. Without it, the task
    /// definition is shown without changes.
    #[arg(long, short = 'p', value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) case: Case,
    /// Name of the cluster. Default: the placeholder CLUSTER.
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// ARN of a task. Default: placeholders in capitals for what is not known.
    #[arg(long, value_name = "ARN")]
    pub(crate) task_arn: Option<String>,
    /// ID of the EC2 instance. Default: the placeholder INSTANCE_ID.
    #[arg(long, value_name = "ID")]
    pub(crate) instance_id: Option<String>,
    /// Output format.
    #[arg(long, short = 'o', default_value = "text", value_name = "FORM")]
    pub(crate) output: PreviewForm,
}

/// Form of a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PreviewForm {
    /// The files, each under a line with its path, and what the agent does around them.
    Text,
    /// One JSON object.
    Json,
    /// One YAML document.
    Yaml,
}

/// Launch types by the words of ECS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LaunchTypeArg {
    /// AWS Fargate.
    #[value(name = "FARGATE", alias = "fargate")]
    Fargate,
    /// EC2 container instances.
    #[value(name = "EC2", alias = "ec2")]
    Ec2,
    /// ECS Anywhere.
    #[value(name = "EXTERNAL", alias = "external")]
    External,
    /// ECS Managed Instances.
    #[value(name = "MANAGED_INSTANCES", alias = "managed_instances")]
    ManagedInstances,
}

#[derive(Args, Debug)]
pub(crate) struct Unpatch {
    /// A describe-task-definition output or a register-task-definition input; `-` is standard input.
    #[arg(long, short = 't', value_name = "FILE")]
    pub(crate) task_definition: PathBuf,
}

/// The codes are documented in docs/lint.md. Exits with status 1 if there are errors, and with 0 if
/// there are only warnings.
#[derive(Args, Debug)]
pub(crate) struct Lint {
    /// Policies, destinations and targets, as YAML or JSON; a folder means the files in it; `-` is
    /// standard input. Can be specified multiple times.
    #[arg(
        long = "filename",
        short = 'f',
        required_unless_present = "task_definitions",
        value_name = "FILE"
    )]
    pub(crate) files: Vec<PathBuf>,
    /// Fluent Bit version of the router image: 1.9.10, 4.2.2, 5.1.1 or any. Default: the version that the
    /// image name in each policy implies.
    #[arg(long, env = "FIRELENS_IMAGE_VERSION", value_name = "VERSION")]
    pub(crate) image_version: Option<FluentBitVersion>,
    /// Also check the FireLens options of this task definition. Can be specified multiple times.
    #[arg(long = "task-definition", short = 't', value_name = "FILE")]
    pub(crate) task_definitions: Vec<PathBuf>,
    /// Output format.
    #[arg(long, short = 'o', default_value = "table", value_name = "FORMAT")]
    pub(crate) output: OutputFormat,
    /// Exit with status 1 also if there are warnings.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Human-readable text.
    Table,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}
