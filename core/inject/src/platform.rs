//! Where a workload runs, and whether a router can run there.
//!
//! Only what holds for the whole task is considered, not the containers.

use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LaunchType;

use crate::refusal::{Note, NoteCode, Reason, Refusal};

/// Tag of an Express service that says whose its task definition is. ECS shows the same for those it makes itself and for
/// those that their owner brings.
pub const EXPRESS_TAG: &str = "firelens.dev/task-definition";
/// Value of [`EXPRESS_TAG`] where it is the owner's.
pub const EXPRESS_TAG_VALUE: &str = "own";
/// Name of the container that the gateway sends its traffic to.
const EXPRESS_CONTAINER: &str = "Main";

/// Where the tasks of a workload run, as its ECS service says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Launch type, determined from the service and its capacity providers.
    pub launch_type: LaunchType,
    /// `LINUX`, `WINDOWS_SERVER_2022_CORE` …, as `platformFamily` of the service; Fargate only.
    pub platform_family: Option<String>,
    /// `ECS`, `CODE_DEPLOY`, `EXTERNAL`; an empty text counts as `ECS`.
    pub deployment_controller: String,
    /// Whether it is a service of Express Gateway.
    pub is_express: bool,
    /// Whether the service says that its task definition is its owner's ([`EXPRESS_TAG`]); of Express services only.
    pub brings_its_own: bool,
    /// Tasks the service wants, where that is known; prices are multiplied by it.
    pub desired_count: Option<u64>,
    /// Whether tasks get a public address of their own; none where that is not known.
    pub assign_public_ip: Option<bool>,
}

impl Platform {
    /// The platform of a task definition of which no service is known: what was asked for, else
    /// Fargate when the task definition is for Fargate alone, else EC2.
    #[must_use]
    pub fn of_document(doc: &TaskDefinitionDoc, launch_type: Option<LaunchType>) -> Self {
        Self {
            launch_type: launch_type.unwrap_or_else(|| launch_type_of(doc)),
            platform_family: None,
            deployment_controller: "ECS".to_owned(),
            is_express: false,
            brings_its_own: false,
            desired_count: None,
            assign_public_ip: None,
        }
    }

    /// Whether AWS runs the hosts: there the ECS agent takes no S3 file for FireLens.
    /// Source: `FirelensConfiguration.options` in
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_FirelensConfiguration.html>.
    pub(crate) const fn needs_init_image(&self) -> bool {
        matches!(
            self.launch_type,
            LaunchType::Fargate | LaunchType::ManagedInstances
        )
    }
}

/// `requiresCompatibilities` is what the owner asked for; `compatibilities` lists all that would do.
fn launch_type_of(doc: &TaskDefinitionDoc) -> LaunchType {
    let kinds = doc.value("requiresCompatibilities");
    let lists = |name: &str| {
        kinds
            .as_ref()
            .and_then(|kinds| kinds.as_array())
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == name))
    };
    if lists("EC2") {
        LaunchType::Ec2
    } else if lists("FARGATE") {
        LaunchType::Fargate
    } else if lists("MANAGED_INSTANCES") {
        LaunchType::ManagedInstances
    } else if lists("EXTERNAL") {
        LaunchType::External
    } else {
        LaunchType::Ec2
    }
}

/// Refuses what FireLens, or this operator, cannot work on.
pub(crate) fn check(
    doc: &TaskDefinitionDoc,
    platform: &Platform,
    selects_external: bool,
    notes: &mut Vec<Note>,
) -> Result<(), Refusal> {
    if is_windows(doc, platform) {
        return Err(Refusal::new(
            Reason::WindowsPlatform,
            "FireLens does not support Windows; exclude this service or send its logs with the awslogs log driver",
        ));
    }
    match platform.deployment_controller.as_str() {
        "" | "ECS" | "CODE_DEPLOY" | "EXTERNAL" => {}
        other => {
            return Err(Refusal::new(
                Reason::DeploymentControllerUnsupported,
                format!(
                    "the deployment controller of the service is {other}, which this version does not support; export \
                     the patched task definition and deploy it with {other}"
                ),
            ));
        }
    }
    if platform.is_express && !platform.brings_its_own && !is_the_owners(doc) {
        return Err(Refusal::new(
            Reason::ExpressGateway,
            format!(
                "ECS Express Gateway appears to manage the task definition of this service and to replace it with each \
                 deployment; if the task definition is your own, tag the service {EXPRESS_TAG}={EXPRESS_TAG_VALUE}, \
                 or give it one that Express Gateway could not create (UpdateExpressGatewayService with \
                 taskDefinitionArn); otherwise exclude the service"
            ),
        ));
    }
    check_sandbox(doc, notes)?;
    if platform.launch_type == LaunchType::External && !selects_external {
        return Err(Refusal::new(
            Reason::ExternalLaunchType,
            "the service runs on ECS Anywhere; to route its logs, add EXTERNAL to selector.launchTypes",
        ));
    }
    if doc.network_mode() == Some("none") {
        return Err(Refusal::new(
            Reason::NetworkModeNone,
            "in network mode `none` the router has no network access; exclude this service",
        ));
    }
    Ok(())
}

/// Whether Express could not have made the task definition: it makes one container, which logs with awslogs.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayContainer.html>
fn is_the_owners(doc: &TaskDefinitionDoc) -> bool {
    let mut others = 0;
    let mut logs_otherwise = false;
    for container in doc.containers() {
        others += usize::from(container.name() != EXPRESS_CONTAINER);
        logs_otherwise |= container
            .log_driver()
            .is_some_and(|driver| driver != "awslogs");
    }
    others > 0 || logs_otherwise
}

/// In a confidential sandbox a policy that the owner has signed says which containers may run: with one more, none
/// starts. <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TrustedExecutionConfiguration.html>
fn check_sandbox(doc: &TaskDefinitionDoc, notes: &mut Vec<Note>) -> Result<(), Refusal> {
    let mode = doc.text_in("trustedExecutionConfiguration", "isolationMode");
    match mode.as_deref() {
        Some("CONFIDENTIAL_SANDBOX") => Err(Refusal::new(
            Reason::ConfidentialTask,
            "the tasks are confidential (trustedExecutionConfiguration.isolationMode is CONFIDENTIAL_SANDBOX): their \
             attestation policy lists the containers that may run, and the router is not one of them; exclude the \
             service, or add the router yourself and have the policy signed again",
        )),
        Some("ISOLATED_SANDBOX") => {
            notes.push(Note::new(
                NoteCode::IsolatedSandbox,
                "each task runs in its own sandbox (trustedExecutionConfiguration.isolationMode is ISOLATED_SANDBOX), \
                 together with the router: the router uses the memory of the sandbox, and the host cannot see what is \
                 in it",
            ));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Prefix of all Windows platform families.
const WINDOWS: &[u8] = b"WINDOWS";

fn is_windows(doc: &TaskDefinitionDoc, platform: &Platform) -> bool {
    let windows = |text: &str| {
        let start = text.as_bytes().get(..WINDOWS.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(WINDOWS))
    };
    let in_document = doc.text_in("runtimePlatform", "operatingSystemFamily");
    let in_document = in_document.map(|family| windows(&family));
    in_document.unwrap_or_else(|| platform.platform_family.as_deref().is_some_and(windows))
}
