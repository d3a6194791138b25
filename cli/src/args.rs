//! Arguments of the binary. Every flag has an environment twin `FIRELENS_…`, beside the variables
//! that other tools gave a name (`DATABASE_URL`, `AWS_REGION`, `RUST_LOG`).

mod client;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use firelens_aws::installation::check_installation_id;
use firelens_fluent::catalogue::FluentBitVersion;

pub(crate) use client::{
    Connection, Explain, Plan, Rollout, RolloutStatus, RolloutSubject, RolloutVerb, Token,
};

/// Keeps a fleet of Amazon ECS services on the log routing that a platform team declares.
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
    /// Brings the schema up to date, then serves the API and runs the controller.
    Serve(Serve),
    /// Brings the database schema up to date and ends.
    Migrate(Migrate),
    /// Prints what a policy would do to each workload, stored or not. Writes nothing.
    Plan(Plan),
    /// Explains one workload: which policy decides and why, what was done, what is waited for.
    Explain(Explain),
    /// Shows, pauses, resumes, aborts, retries and approves rollouts.
    Rollout(Rollout),
    /// Prints the register-task-definition input with FireLens injected. Offline.
    Patch(Patch),
    /// Prints the register-task-definition input with the injection taken out again. Offline.
    Unpatch(Unpatch),
    /// Prints the configuration that the ECS agent will generate, and the files it includes. Offline.
    Preview(Preview),
    /// Checks policies and destinations; exit status 1 when there are errors. Offline.
    Lint(Lint),
}

/// Where the objects and the controller's memory live.
#[derive(Args, Debug)]
pub(crate) struct Database {
    /// PostgreSQL connection URL.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: String,
    /// Connections kept open at most.
    #[arg(long, env = "FIRELENS_DATABASE_CONNECTIONS", default_value_t = firelens_store::MAX_CONNECTIONS_DEFAULT, value_name = "N")]
    pub(crate) database_connections: u32,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) database: Database,
    /// Address of the API. Only loopback addresses are accepted: there is no authentication yet.
    #[arg(
        long,
        env = "FIRELENS_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT"
    )]
    pub(crate) listen: SocketAddr,
    /// What this process does.
    #[arg(long, env = "FIRELENS_ROLES", value_delimiter = ',', default_values = ["api", "controller"], value_name = "ROLES")]
    pub(crate) roles: Vec<Role>,
    /// Leave the schema as it is.
    #[arg(long, env = "FIRELENS_NO_MIGRATE")]
    pub(crate) no_migrate: bool,
    /// Id of this installation, which the labels of its revisions carry. It is made at the first start and
    /// kept in the database; give it to a database that has none, to go on as the installation that lost
    /// its own. A start with another id than the database has is refused.
    #[arg(long, env = "FIRELENS_INSTALLATION_ID", value_name = "ID", value_parser = installation_id)]
    pub(crate) installation_id: Option<String>,
    /// Take --installation-id also where the database has another.
    #[arg(
        long,
        env = "FIRELENS_REPLACE_INSTALLATION_ID",
        requires = "installation_id"
    )]
    pub(crate) replace_installation_id: bool,
    /// Share of each AWS request budget that the operator uses, in percent; the rest is left to the
    /// other tools of the account.
    #[arg(long, env = "FIRELENS_API_BUDGET_PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100), value_name = "PERCENT")]
    pub(crate) api_budget_percent: u8,
    /// Prometheus server that the PromQL gates of policies (rollout.gates.prometheus) ask, such as
    /// http://prometheus:9090. Without it such gates hold their rollouts.
    #[arg(long, env = "FIRELENS_PROMETHEUS_URL", value_name = "URL")]
    pub(crate) prometheus_url: Option<String>,
    /// Form of log lines.
    #[arg(
        long,
        env = "FIRELENS_LOG_FORMAT",
        default_value = "auto",
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,
}

/// An id that an installation can have.
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

/// Form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text at a terminal, JSON otherwise.
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct Patch {
    /// The LoggingPolicy, as YAML or JSON; `-` is standard input.
    #[arg(long, short = 'p', value_name = "FILE")]
    pub(crate) policy: PathBuf,
    #[command(flatten)]
    pub(crate) case: Case,
    /// Id of the installation that the revision is to count as, which firelens serve prints: other
    /// installations then leave the service alone. Without it the revision is nobody's, and any
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
    /// LogDestinations that the policy refers to, as YAML or JSON. May be given more than once.
    #[arg(long, value_name = "FILE")]
    pub(crate) destinations: Vec<PathBuf>,
    /// A describe-task-definition answer or a register-task-definition input; `-` is standard input.
    #[arg(long, short = 't', value_name = "FILE")]
    pub(crate) task_definition: PathBuf,
    /// What the tasks run on; without it, what requiresCompatibilities says.
    #[arg(long, value_name = "TYPE")]
    pub(crate) launch_type: Option<LaunchTypeArg>,
    /// Region of the service; without it, that of the task definition's ARN.
    #[arg(long, env = "AWS_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Account id; without it, that of an ARN in the task definition.
    #[arg(long, env = "FIRELENS_ACCOUNT_ID", value_name = "ID")]
    pub(crate) account_id: Option<String>,
    /// Bucket for router configurations, `NAME` or `NAME/PREFIX`.
    #[arg(long, env = "FIRELENS_CONFIG_BUCKET", value_name = "BUCKET")]
    pub(crate) config_bucket: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Preview {
    /// The LoggingPolicy to inject first, as YAML or JSON; `-` is standard input. Without it the task
    /// definition is shown as it is.
    #[arg(long, short = 'p', value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) case: Case,
    /// Name of the cluster; without it, the word CLUSTER stands for it.
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster: Option<String>,
    /// ARN of a task; without it, words in capitals stand for what is not known.
    #[arg(long, value_name = "ARN")]
    pub(crate) task_arn: Option<String>,
    /// Id of the EC2 instance; without it, the word INSTANCE_ID stands for it.
    #[arg(long, value_name = "ID")]
    pub(crate) instance_id: Option<String>,
    /// Form of the answer.
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
    /// A describe-task-definition answer or a register-task-definition input; `-` is standard input.
    #[arg(long, short = 't', value_name = "FILE")]
    pub(crate) task_definition: PathBuf,
}

/// The codes are in docs/lint.md. Errors end with exit status 1, warnings with 0.
#[derive(Args, Debug)]
pub(crate) struct Lint {
    /// Policies, destinations and targets, as YAML or JSON; a folder stands for the files in it; `-`
    /// is standard input. May be given more than once.
    #[arg(
        long = "filename",
        short = 'f',
        required_unless_present = "task_definitions",
        value_name = "FILE"
    )]
    pub(crate) files: Vec<PathBuf>,
    /// Fluent Bit of the router image: 1.9.10, 4.2.2, 5.1.1 or any; without it, what the image name
    /// of each policy tells.
    #[arg(long, env = "FIRELENS_IMAGE_VERSION", value_name = "VERSION")]
    pub(crate) image_version: Option<FluentBitVersion>,
    /// Check the FireLens options of this task definition, too. May be given more than once.
    #[arg(long = "task-definition", short = 't', value_name = "FILE")]
    pub(crate) task_definitions: Vec<PathBuf>,
    /// Form of the answer.
    #[arg(long, short = 'o', default_value = "table", value_name = "FORMAT")]
    pub(crate) output: OutputFormat,
    /// Exit with status 1 on warnings as well.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Text for people.
    Table,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}
