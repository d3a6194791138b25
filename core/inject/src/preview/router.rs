//! Reads the router out of a task definition, as the agent does.
//!
//! What the agent ignores is ignored, with a note.

use std::collections::BTreeMap;

use serde_json::Value;

use firelens_taskdef::{ContainerView, TaskDefinitionDoc};
use firelens_types::v1alpha1::LaunchType;

use crate::preview::model::RouterKind;
use crate::preview::options::{Routed, texts};
use crate::preview::{AgentProblem, PreviewNote, PreviewNoteCode, Runtime};

const METADATA: &str = "enable-ecs-log-metadata";
const FILE_TYPE: &str = "config-file-type";
const FILE_VALUE: &str = "config-file-value";
/// Buffer limit where the memory of the router gives none, in MB.
const DEFAULT_MEM_BUF_LIMIT_MB: u64 = 25;

/// How the containers of a task reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Bridge,
    Awsvpc,
    /// `host`, `none`, and whatever else there may be.
    Other,
}

impl Network {
    /// Address of the awsvpc network namespace.
    pub(crate) const LOOPBACK: &'static str = "127.0.0.1";

    fn of(doc: &TaskDefinitionDoc, launch_type: LaunchType) -> Self {
        match doc.network_mode() {
            Some("awsvpc") => Self::Awsvpc,
            None if launch_type == LaunchType::Fargate => Self::Awsvpc,
            None | Some("bridge" | "default") => Self::Bridge,
            Some(_) => Self::Other,
        }
    }

    /// Where the forward input on TCP listens, if there is one.
    pub(crate) const fn listen_address(self) -> Option<&'static str> {
        match self {
            Self::Bridge => Some("0.0.0.0"),
            Self::Awsvpc => Some(Self::LOOPBACK),
            Self::Other => None,
        }
    }
}

/// A configuration of the owner beside the generated one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum External {
    /// A path in the router.
    File(String),
    /// An object that the agent fetches.
    S3 { bucket: String, key: String },
}

impl External {
    pub(crate) fn included_path(&self, kind: RouterKind) -> String {
        match self {
            Self::File(path) => path.clone(),
            Self::S3 { .. } => kind.external_path().to_owned(),
        }
    }
}

/// The router, as far as the agent reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RouterSpec {
    pub(crate) name: String,
    pub(crate) image: String,
    /// None where the type is unknown: a problem says so.
    pub(crate) kind: Option<RouterKind>,
    pub(crate) network: Network,
    pub(crate) metadata: bool,
    pub(crate) external: Option<External>,
    pub(crate) memory_mib: u64,
    pub(crate) environment: BTreeMap<String, String>,
    /// `entryPoint` and `command` of the task definition; empty for those of the image.
    pub(crate) command: Vec<String>,
    pub(crate) has_dependencies: bool,
    /// Text of the health check.
    pub(crate) health_check: String,
}

impl RouterSpec {
    pub(crate) const fn mem_buf_limit_mb(&self) -> u64 {
        match self.memory_mib / 2 {
            0 => DEFAULT_MEM_BUF_LIMIT_MB,
            half => half,
        }
    }
}

/// The first container that is a router.
pub(crate) fn read(
    doc: &TaskDefinitionDoc,
    runtime: &Runtime,
    notes: &mut Vec<PreviewNote>,
    problems: &mut Vec<AgentProblem>,
) -> Option<RouterSpec> {
    if is_windows(doc) {
        problems.push(AgentProblem::Windows);
    }
    let mut routers = doc
        .containers()
        .filter(|container| container.firelens_configuration().is_some());
    let Some(router) = routers.next() else {
        problems.push(AgentProblem::NoRouter);
        return None;
    };
    let name = router.name();
    notes.extend(routers.map(|second| {
        PreviewNote::new(
            PreviewNoteCode::SecondRouter,
            format!(
                "{} also has a firelensConfiguration: the agent takes {name}, and ECS may refuse the task definition",
                second.name()
            ),
        )
    }));
    let configuration = router.firelens_configuration().unwrap_or_default();
    let options = texts(configuration.get("options"));
    let type_name = configuration
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let kind = RouterKind::of(type_name);
    if kind.is_none() {
        problems.push(AgentProblem::InvalidType {
            router: name.clone(),
            found: type_name.to_owned(),
        });
    }
    let metadata = metadata(&name, &options, notes);
    let external = external(&name, &options, runtime, notes, problems);
    check_user(&name, &router, problems);
    Some(RouterSpec {
        image: router.image().unwrap_or_default(),
        kind,
        network: Network::of(doc, runtime.launch_type),
        metadata,
        external,
        memory_mib: memory_mib(&router),
        environment: router.environment(),
        command: [words(&router, "entryPoint"), words(&router, "command")].concat(),
        has_dependencies: !router.depends_on().is_empty(),
        health_check: router
            .health_check()
            .map(|check| check.to_string())
            .unwrap_or_default(),
        name,
    })
}

/// The soft limit before the hard one.
fn memory_mib(router: &ContainerView<'_>) -> u64 {
    router
        .memory_reservation_mib()
        .filter(|mib| *mib > 0)
        .or_else(|| router.memory_mib())
        .unwrap_or_default()
}

fn words(router: &ContainerView<'_>, member: &str) -> Vec<String> {
    match router.raw().value(member) {
        Some(Value::Array(words)) => words
            .iter()
            .filter_map(|word| Some(word.as_str()?.to_owned()))
            .collect(),
        _ => Vec::new(),
    }
}

fn is_windows(doc: &TaskDefinitionDoc) -> bool {
    doc.value("runtimePlatform")
        .and_then(|platform| {
            let family = platform.get("operatingSystemFamily")?.as_str()?.to_owned();
            Some(family.to_ascii_uppercase().starts_with("WINDOWS"))
        })
        .unwrap_or(false)
}

/// On when nothing is said; off when what is said is not a boolean of Go.
/// <https://pkg.go.dev/strconv#ParseBool>
fn metadata(
    router: &str,
    options: &BTreeMap<String, String>,
    notes: &mut Vec<PreviewNote>,
) -> bool {
    match options.get(METADATA).map(String::as_str) {
        None | Some("1" | "t" | "T" | "TRUE" | "true" | "True") => true,
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => false,
        Some(found) => {
            notes.push(PreviewNote::new(
                PreviewNoteCode::MetadataOffByMistake,
                format!(
                    "{METADATA} of {router} is {found:?}, which the agent ignores: no metadata is added; write \"true\" or \"false\""
                ),
            ));
            false
        }
    }
}

fn external(
    router: &str,
    options: &BTreeMap<String, String>,
    runtime: &Runtime,
    notes: &mut Vec<PreviewNote>,
    problems: &mut Vec<AgentProblem>,
) -> Option<External> {
    let router = router.to_owned();
    let value = options.get(FILE_VALUE);
    let Some(found) = options.get(FILE_TYPE) else {
        notes.extend(value.map(|_| {
            PreviewNote::new(
                PreviewNoteCode::ConfigFileValueIgnored,
                format!("{FILE_VALUE} of {router} is ignored, since there is no {FILE_TYPE}"),
            )
        }));
        return None;
    };
    let from_s3 = match found.as_str() {
        "s3" => true,
        "file" => false,
        _ => {
            let found = found.clone();
            problems.push(AgentProblem::InvalidConfigFileType { router, found });
            return None;
        }
    };
    let Some(value) = value else {
        problems.push(AgentProblem::MissingConfigFileValue { router });
        return None;
    };
    if !from_s3 {
        return Some(External::File(value.clone()));
    }
    if runtime.launch_type == LaunchType::Fargate {
        let platform = runtime.launch_type.to_string();
        problems.push(AgentProblem::ConfigFromS3 {
            router: router.clone(),
            platform,
        });
    }
    let object = s3_object(value);
    if object.is_none() {
        let found = value.clone();
        problems.push(AgentProblem::InvalidS3Arn { router, found });
    }
    object.map(|(bucket, key)| External::S3 { bucket, key })
}

/// Bucket and key of `arn:PARTITION:s3:::BUCKET/KEY`, found anywhere in the text as the agent's
/// pattern `arn:([^:]+):s3:::([^/]+)/(.+)` finds it.
pub(crate) fn s3_object(arn: &str) -> Option<(String, String)> {
    const MIDDLE: &str = ":s3:::";
    arn.match_indices(MIDDLE).find_map(|(at, _)| {
        let (before, rest) = (&arn[..at], &arn[at + MIDDLE.len()..]);
        let partition = before.rsplit(':').next().unwrap_or_default();
        let has_arn = before
            .strip_suffix(partition)
            .is_some_and(|head| head.ends_with("arn:"));
        let (bucket, key) = rest.split_once('/')?;
        let key = key.split('\n').next().unwrap_or_default();
        (has_arn && !partition.is_empty() && !bucket.is_empty() && !key.is_empty())
            .then(|| (bucket.to_owned(), key.to_owned()))
    })
}

/// The agent gives the socket folder to this user.
/// <https://github.com/aws/amazon-ecs-agent/blob/master/ecs-agent/utils/firelens/firelens.go>
fn check_user(name: &str, router: &ContainerView<'_>, problems: &mut Vec<AgentProblem>) {
    let user = router.raw().string("user").unwrap_or_default();
    let parts: Vec<&str> = user.split(':').collect();
    let is_number = |text: &str| text.parse::<i64>().is_ok();
    let valid = match parts.as_slice() {
        [uid] => uid.is_empty() || is_number(uid),
        [uid, group] => is_number(uid) && !group.is_empty(),
        _ => false,
    };
    if !valid {
        problems.push(AgentProblem::InvalidUser {
            router: name.to_owned(),
            found: user,
        });
    }
}

/// What the execution role is needed for.
pub(crate) fn check_roles(
    doc: &TaskDefinitionDoc,
    router: &RouterSpec,
    routed: &[Routed],
    problems: &mut Vec<AgentProblem>,
) {
    if doc.execution_role_arn().is_some() {
        return;
    }
    let mut need = |what| problems.push(AgentProblem::NoExecutionRole { what });
    if matches!(router.external, Some(External::S3 { .. })) {
        need("the configuration in S3");
    }
    if routed.iter().any(|container| !container.secrets.is_empty()) {
        need("a secret option");
    }
}
