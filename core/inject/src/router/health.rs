//! The health check of the router: which one can pass with this image, network and configuration.
//!
//! A check that cannot pass would stop every task. Where none is known to work there is none, and a note
//! says so.
//! Checks and their conditions:
//! <https://github.com/aws-samples/amazon-ecs-firelens-examples/tree/mainline/examples/fluent-bit/health-check>.

use firelens_aws::image::RouterImage;
use firelens_taskdef::{ObjectText, TaskDefinitionDoc, array, quote};
use firelens_types::v1alpha1::{HealthCheck, HealthCheckType, LaunchType, Router, RouterType};

use crate::platform::Platform;
use crate::refusal::{Note, NoteCode, Reason, Refusal};

/// Port of Fluent Bit's HTTP server.
const HTTP_PORT: u16 = 2020;
/// Ports that our own file may put it on instead, where a container has that one.
const OTHER_HTTP_PORTS: std::ops::RangeInclusive<u16> = 2021..=2029;
/// Port of the TCP input that the agent adds for health checks, in bridge and awsvpc mode.
const AGENT_HEALTH_PORT: u64 = 8877;
/// Port of the forward input that the agent adds in bridge and awsvpc mode.
const FORWARD_PORT: u64 = 24_224;

const TCP_COMMAND: &str = "echo '{\"health\": \"check\"}' | nc 127.0.0.1 8877 || exit 1";

/// Times of the checks above, as AWS gives them, in seconds.
const INTERVAL_SECONDS: u32 = 10;
const TIMEOUT_SECONDS: u32 = 5;
const RETRIES: u32 = 2;
const START_PERIOD_SECONDS: u32 = 30;

/// How containers of the task reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Bridge,
    Awsvpc,
    Host,
}

impl Network {
    pub(crate) fn of(doc: &TaskDefinitionDoc, platform: &Platform) -> Self {
        match doc.network_mode() {
            Some("awsvpc") => Self::Awsvpc,
            Some("host") => Self::Host,
            None if platform.launch_type == LaunchType::Fargate => Self::Awsvpc,
            _ => Self::Bridge,
        }
    }
}

/// Who can turn Fluent Bit's HTTP server on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpServer {
    /// The file that we write in any case.
    OwnFile,
    /// One of the image that we name, or else one that we write.
    AnyFile,
    /// It is on: the policy names the file inside the image.
    AlreadyOn,
    /// Nobody that we know of.
    Nobody,
}

/// The check that was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The member `healthCheck` as JSON, if any.
    pub(crate) check: Option<String>,
    /// Port on which Fluent Bit's HTTP server must listen for it, if at all.
    pub(crate) http_port: Option<u16>,
}

/// What a health check is chosen from.
pub(crate) struct Situation<'a> {
    pub(crate) doc: &'a TaskDefinitionDoc,
    pub(crate) router: &'a Router,
    pub(crate) image: &'a RouterImage<'a>,
    pub(crate) network: Network,
    pub(crate) http_server: HttpServer,
}

/// Chooses the health check.
pub(crate) fn choose(situation: &Situation<'_>, notes: &mut Vec<Note>) -> Result<Chosen, Refusal> {
    let policy = &situation.router.health_check;
    match policy.type_ {
        HealthCheckType::None => Ok(Chosen::default()),
        HealthCheckType::Custom => custom(policy, situation),
        HealthCheckType::Auto => Ok(match automatic(situation) {
            Ok(kind) => kind.chosen(policy),
            Err(why) => {
                notes.push(Note::new(
                    NoteCode::NoHealthCheck,
                    format!("the router has no health check: {why}"),
                ));
                Chosen::default()
            }
        }),
    }
}

/// Refuses to let containers wait for a router whose health nobody checks.
pub(crate) fn refuse_without_check(chosen: &Chosen, notes: &[Note]) -> Result<(), Refusal> {
    if chosen.check.is_some() {
        return Ok(());
    }
    let why = notes
        .iter()
        .find(|note| note.code == NoteCode::NoHealthCheck)
        .map_or("router.healthCheck.type is None", |note| {
            note.message.as_str()
        });
    Err(Refusal::new(
        Reason::HealthCheckImpossible,
        format!(
            "containers depend on the router with the condition HEALTHY, which needs a health check ({why}); set \
             router.dependency to START, or set a router.healthCheck of type Custom that works in the image"
        ),
    ))
}

#[derive(Clone, Copy)]
enum Kind {
    /// On this port.
    Uptime(u16),
    Tcp,
}

impl Kind {
    fn chosen(self, policy: &HealthCheck) -> Chosen {
        let (command, http_port) = match self {
            Self::Uptime(port) => (
                format!("curl -f http://127.0.0.1:{port}/api/v1/uptime || exit 1"),
                Some(port),
            ),
            Self::Tcp => (TCP_COMMAND.to_owned(), None),
        };
        let times = HealthCheck {
            interval_seconds: policy.interval_seconds.or(Some(INTERVAL_SECONDS)),
            timeout_seconds: policy.timeout_seconds.or(Some(TIMEOUT_SECONDS)),
            retries: policy.retries.or(Some(RETRIES)),
            start_period_seconds: policy.start_period_seconds.or(Some(START_PERIOD_SECONDS)),
            ..HealthCheck::default()
        };
        let command = ["CMD-SHELL".to_owned(), command];
        Chosen {
            check: Some(member(&command, &times)),
            http_port,
        }
    }
}

fn automatic(situation: &Situation<'_>) -> Result<Kind, String> {
    if situation.router.type_ == RouterType::Fluentd {
        return Err(
            "the ECS agent opens no port of Fluentd that can be checked; set router.healthCheck.type to Custom"
                .to_owned(),
        );
    }
    if situation.network == Network::Host {
        return Err(
            "in network mode host, its ports would be ports of the container instance".to_owned(),
        );
    }
    let image = situation.image;
    let port = http_port(situation);
    if let Some(port) =
        port.filter(|_| image.has_uptime_check() && situation.http_server != HttpServer::Nobody)
    {
        return Ok(Kind::Uptime(port));
    }
    if image.has_tcp_check() {
        return Ok(Kind::Tcp);
    }
    Err(if !image.has_uptime_check() {
        format!(
            "it is not known whether {} contains curl; set router.healthCheck.type to Custom",
            situation.router.image
        )
    } else if port.is_none() {
        format!("a container already listens on port {HTTP_PORT}")
    } else {
        "it is not known whether the file in config.file turns HTTP_Server on; set router.healthCheck.type to Custom"
            .to_owned()
    })
}

/// The port of the HTTP server: 2020, or another one where a container of the same network namespace
/// has that and the file is ours to write.
fn http_port(situation: &Situation<'_>) -> Option<u16> {
    let free = |port: &u16| {
        situation.network != Network::Awsvpc || listens(situation.doc, u64::from(*port)).is_none()
    };
    let others = match situation.http_server {
        HttpServer::OwnFile => Some(OTHER_HTTP_PORTS),
        HttpServer::AnyFile | HttpServer::AlreadyOn | HttpServer::Nobody => None,
    };
    std::iter::once(HTTP_PORT)
        .chain(others.into_iter().flatten())
        .find(free)
}

fn custom(policy: &HealthCheck, situation: &Situation<'_>) -> Result<Chosen, Refusal> {
    if let Some(program) = situation.image.missing_program(&policy.command) {
        return Err(Refusal::new(
            Reason::HealthCheckImpossible,
            format!(
                "router.healthCheck.command needs {program}, which {} does not have; use another command or image, or \
                 type Auto",
                situation.router.image
            ),
        ));
    }
    if situation.network == Network::Host
        && policy
            .command
            .iter()
            .any(|word| word.contains(&AGENT_HEALTH_PORT.to_string()))
    {
        return Err(Refusal::new(
            Reason::HealthCheckImpossible,
            format!(
                "router.healthCheck.command uses port {AGENT_HEALTH_PORT}, which the ECS agent does not open in \
                 network mode host; use another check, or type None"
            ),
        ));
    }
    Ok(Chosen {
        check: Some(member(&policy.command, policy)),
        http_port: None,
    })
}

fn member(command: &[String], times: &HealthCheck) -> String {
    let words: Vec<String> = command.iter().map(|word| quote(word)).collect();
    let mut check = ObjectText::default();
    check.set_text("command", &array(&words));
    for (name, number) in [
        ("interval", times.interval_seconds),
        ("timeout", times.timeout_seconds),
        ("retries", times.retries),
        ("startPeriod", times.start_period_seconds),
    ] {
        if let Some(number) = number {
            check.set_text(name, &number.to_string());
        }
    }
    check.finish()
}

/// Refuses a task in which a container and the router would want one port of one namespace.
pub(crate) fn check_ports(
    doc: &TaskDefinitionDoc,
    router: RouterType,
    network: Network,
    notes: &mut Vec<Note>,
) -> Result<(), Refusal> {
    if network == Network::Host
        && let Some(name) = listens(doc, u64::from(HTTP_PORT))
    {
        notes.push(Note::new(
            NoteCode::PortShared,
            format!("container {name} listens on port {HTTP_PORT} of the container instance, which the HTTP server of Fluent Bit also uses when it is on"),
        ));
    }
    if network != Network::Awsvpc {
        return Ok(());
    }
    let ports = match router {
        RouterType::Fluentbit => &[FORWARD_PORT, AGENT_HEALTH_PORT][..],
        RouterType::Fluentd => &[FORWARD_PORT][..],
    };
    for port in ports {
        if let Some(name) = listens(doc, *port) {
            return Err(Refusal::new(
                Reason::PortConflict,
                format!(
                    "container {name} listens on port {port}, which the ECS agent assigns to the router in the same \
                     network namespace; move the container to another port"
                ),
            ));
        }
    }
    Ok(())
}

/// A container that declares the port.
fn listens(doc: &TaskDefinitionDoc, port: u64) -> Option<String> {
    doc.containers()
        .find(|container| container.has_container_port(port) && !container.is_router())
        .map(|container| container.name())
}
