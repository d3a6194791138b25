//! Why a task definition is not injected, and hints about one that is.
//!
//! Each message of a refusal says what to do.

use std::fmt;

/// A task definition was not injected; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Refusal {
    /// Reason word, as in conditions.
    pub reason: Reason,
    /// For people: what is in the way and what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal from its parts.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}

/// Declares an enum of words with their documentation, so that the list stays closed and complete.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])+ $word:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[doc = $doc])+ $word,)+
        }

        impl $name {
            /// Every word, in documented order.
            pub const ALL: &'static [$name] = &[$($name::$word),+];

            /// The word, in CamelCase.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$word => stringify!($word),)+ }
            }

            /// What the word means, in one line, for the documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $($name::$word => concat!($($doc),+).trim_ascii(),)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;

words! {
    /// Why a task definition is not injected.
    Reason {
        /// The tasks run on Windows, which FireLens does not support.
        WindowsPlatform,
        /// There is a FireLens router that the operator did not add, and `onExistingFirelens` is not `Replace`.
        ForeignRouter,
        /// The task definition already has ten containers, the maximum that ECS allows.
        TooManyContainers,
        /// With the router, the body of the `RegisterTaskDefinition` request would be larger than 65536 bytes.
        TaskDefinitionTooLarge,
        /// The network mode is `none`, so the router has no network access.
        NetworkModeNone,
        /// The deployment controller of the service is not ECS, CODE_DEPLOY or EXTERNAL.
        DeploymentControllerUnsupported,
        /// The service runs on ECS Anywhere, and `selector.launchTypes` does not contain EXTERNAL.
        ExternalLaunchType,
        /// ECS Express Gateway manages the task definition, or nothing shows that it is the owner's own.
        ExpressGateway,
        /// The tasks are confidential: their attestation policy lists the containers that may run.
        ConfidentialTask,
        /// The policy selects no container whose logs can be routed.
        NoContainersSelected,
        /// The router needs IAM permissions, and the task definition has no task role.
        TaskRoleMissing,
        /// The router needs an execution role, and the task definition has none.
        ExecutionRoleMissing,
        /// A role is neither the ARN nor the name of an IAM role, or `iam.mode: Manage` cannot change it: it belongs to
        /// another account or is a service-linked role.
        InvalidRole,
        /// The role does not exist.
        RoleMissing,
        /// Workloads that no policy selects also use the role, and `iam.allowSharedRoles` is not set.
        RoleShared,
        /// The inline policies of the role would be longer than IAM allows.
        RolePolicyTooLong,
        /// The permissions boundary of the role does not allow the permissions that the router needs.
        BoundaryDenies,
        /// `iam.mode: Verify`: the roles do not allow the permissions that the router needs.
        RightsMissing,
        /// The container dependencies form a cycle.
        DependencyCycle,
        /// A container depends on the router with the condition `COMPLETE` or `SUCCESS`, which an essential router
        /// never meets.
        DependencyConditionInvalid,
        /// A container depends on a container that the task definition does not have.
        DependencyMissing,
        /// No container besides the router is essential: the task would never stop, or ECS would reject the task
        /// definition.
        NoEssentialContainer,
        /// Containers are to depend on a healthy router, and no health check can work.
        HealthCheckImpossible,
        /// A configuration file is needed, and the target has no `configBucket`.
        ConfigBucketRequired,
        /// A configuration file is needed, the ECS agent cannot fetch it here, and the router image has no init
        /// variant.
        InitImageRequired,
        /// This version of the router image is known to fail with the features that the policy uses.
        ImageKnownBroken,
        /// The router image cannot run where the tasks run, or cannot be pulled by its name.
        RouterImageUnusable,
        /// Before version 2.33.0, the init image cannot start on a read-only root filesystem.
        ReadonlyRootFilesystemUnsupported,
        /// The method in `config.delivery` cannot deliver the configuration of this policy.
        DeliveryUnsupported,
        /// The linter finds errors in the policy that Fluent Bit or the ECS agent would reject at task start; nothing
        /// new is rolled out until they are corrected.
        PolicyHasErrors,
        /// An output references a `LogDestination` that does not exist.
        DestinationMissing,
        /// An output cannot be converted to Fluent Bit options.
        InvalidOutput,
        /// Filters, parsers or custom configuration cannot be rendered.
        InvalidConfiguration,
        /// An `awslogs` output cannot reproduce the awslogs log configuration of a container.
        AwslogsUntranslatable,
        /// A container that is not routed has secret options for another log driver, which the ECS agent would treat as
        /// options of a FireLens output.
        SecretOfOtherDriver,
        /// A container listens on a port that the router needs in the same network namespace.
        PortConflict,
        /// Every candidate for the name of the router is already the name of a container.
        RouterNameTaken,
        /// The labels of the operator are present, but the restore record in them cannot be read.
        RestoreImpossible,
        /// The task has no room for the router, and its size may not or cannot be increased.
        TaskTooSmall,
        /// No container instance of the cluster can run the router: its ECS agent is too old.
        CapabilityMissing,
        /// The deployment configuration allows ECS neither to stop an old task nor to start a new one.
        DeploymentCannotMove,
        /// `rollout.movingTags: Refuse`: the tag of an application image moved after the running tasks were started, or
        /// the image cannot be compared with what they run.
        MovingTag,
    }
}

words! {
    /// What a note is about.
    NoteCode {
        /// The router has no health check; the message says why.
        NoHealthCheck,
        /// The router has no log configuration of its own, so its errors are not visible.
        NoRouterLogs,
        /// The tag of the router image can move to another image.
        MovingImageTag,
        /// The router has another name, because a container already has the configured one.
        RouterRenamed,
        /// A container is not changed; the message says why.
        ContainerSkipped,
        /// The router replaces one that the operator did not add.
        RouterReplaced,
        /// A container listens on a port that the router also uses.
        PortShared,
        /// The names of containers make their log tags overlap.
        AmbiguousTag,
        /// A container that the operator did not change uses FireLens.
        DanglingFirelens,
        /// Custom configuration is used unchanged.
        CustomConfiguration,
        /// The stop timeout of the router is too short for the containers, so the last log lines may be lost.
        StopTimeout,
        /// An `awslogs` output does not apply to a container that does not use the awslogs log driver.
        AwslogsMissing,
        /// An `awslogs` output does not do something that the awslogs log driver did for a container, or does it
        /// differently.
        AwslogsChanged,
        /// The task definition has no room for the outputs in log options; all of them are in a configuration file.
        OptionsMoved,
        /// The router is not essential, so the task keeps running without it when it stops.
        RouterNotEssential,
        /// The health check of an essential router fails when a destination fails.
        DeepHealthCheck,
        /// The traffic of the router goes through the proxy of a service mesh.
        MeshProxy,
        /// A container seems to send logs over TCP to an address that may be wrong.
        FluentHost,
        /// This version of the router image has a known problem.
        ImageKnownProblem,
        /// It is not known whether the router image supports the CPU architecture of the task.
        ImageArchitecture,
        /// The registry of the router image may be unreachable, limits pulls, or is in another Region.
        ImagePull,
        /// Permissions that a role needs, where it cannot be determined whether the role allows them.
        RightsUnknown,
        /// Somebody removed or changed a role policy of the operator within the last day; the operator wrote it again.
        RightsTaken,
        /// `iam.mode: Verify`: permissions that the roles of a running service do not allow.
        RightsLost,
        /// `resources.resize: Allow` increased the task size; the message shows the sizes and the price.
        TaskResized,
        /// With full buffers, the router uses more memory than it may have.
        RouterMemory,
        /// The router has the lowest CPU share, and other containers have more.
        RouterCpuShare,
        /// The log drivers of the routed containers can buffer more than the memory of the task.
        DriverBuffer,
        /// A size that ECS requires is missing in the owner's task definition.
        SizeMissing,
        /// Each task runs in its own sandbox, together with the router.
        IsolatedSandbox,
        /// Some container instances of the cluster cannot run the router.
        SomeInstancesIncapable,
        /// No container instance has room for the larger task now, or the cluster has no container instance.
        NoRoomOnInstances,
        /// ECS does not roll the service back automatically when a deployment fails; the message states the risk.
        NoRollback,
        /// An application image has a tag and no digest: the images that a new deployment starts are compared first,
        /// have changed, or cannot be determined.
        MovingTag,
    }
}

/// A hint about an injection that was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// What it is about.
    pub code: NoteCode,
    /// For people.
    pub message: String,
}

impl Note {
    /// A note from its parts.
    pub fn new(code: NoteCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
