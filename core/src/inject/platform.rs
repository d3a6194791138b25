//! Where a workload runs, and whether a router can run there.
//!
//! Never looks at containers: only at what holds for the whole task.

use crate::doc::TaskDefinitionDoc;
use crate::v1alpha1::LaunchType;

use super::{Reason, Refusal};

/// Where the tasks of a workload run, as its ECS service says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Launch type, worked out from the service and its capacity providers.
    pub launch_type: LaunchType,
    /// `LINUX`, `WINDOWS_SERVER_2022_CORE` …, as `platformFamily` of the service; Fargate only.
    pub platform_family: Option<String>,
    /// `ECS`, `CODE_DEPLOY`, `EXTERNAL`; an empty text counts as `ECS`.
    pub deployment_controller: String,
    /// `ECS` for services that Express Gateway manages.
    pub resource_management_type: Option<String>,
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
            resource_management_type: None,
            desired_count: None,
            assign_public_ip: None,
        }
    }

    /// Whether AWS runs the hosts: there the ECS agent takes no S3 file for FireLens.
    /// Source: `FirelensConfiguration.options` in
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_FirelensConfiguration.html>.
    pub(super) const fn needs_init_image(&self) -> bool {
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
pub(super) fn check(
    doc: &TaskDefinitionDoc,
    platform: &Platform,
    selects_external: bool,
) -> Result<(), Refusal> {
    if is_windows(doc, platform) {
        return Err(Refusal::new(
            Reason::WindowsPlatform,
            "FireLens does not run on Windows; exclude this service or send its logs with the awslogs driver",
        ));
    }
    match platform.deployment_controller.as_str() {
        "" | "ECS" | "CODE_DEPLOY" | "EXTERNAL" => {}
        other => {
            return Err(Refusal::new(
                Reason::DeploymentControllerUnsupported,
                format!(
                    "the deployment controller of the service is {other}, which this version does not know; \
                     export the patched task definition and deploy it with {other}"
                ),
            ));
        }
    }
    if platform.resource_management_type.as_deref() == Some("ECS") {
        return Err(Refusal::new(
            Reason::ExpressGateway,
            "ECS Express Gateway owns the task definition of this service and knows only awslogs; exclude the service",
        ));
    }
    if platform.launch_type == LaunchType::External && !selects_external {
        return Err(Refusal::new(
            Reason::ExternalLaunchType,
            "the service runs on ECS Anywhere; name EXTERNAL in selector.launchTypes to have it routed all the same",
        ));
    }
    if doc.network_mode() == Some("none") {
        return Err(Refusal::new(
            Reason::NetworkModeNone,
            "network mode `none` leaves the router no way out; exclude this service",
        ));
    }
    Ok(())
}

/// How all families of Windows begin.
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
