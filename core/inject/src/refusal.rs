//! Why a task definition is not injected, and hints about one that is.
//!
//! Never a reason without a way on: each message says what to do.

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
        /// The tasks run Windows, where FireLens does not exist.
        WindowsPlatform,
        /// There is a FireLens router that is not ours, and `onExistingFirelens` is not `Replace`.
        ForeignRouter,
        /// The task definition has ten containers already.
        TooManyContainers,
        /// The register body would be larger than 65536 bytes.
        TaskDefinitionTooLarge,
        /// Network mode `none`: the router could reach nothing.
        NetworkModeNone,
        /// The deployment controller of the service is none of ECS, CODE_DEPLOY and EXTERNAL.
        DeploymentControllerUnsupported,
        /// The service runs on ECS Anywhere and the policy does not ask for that.
        ExternalLaunchType,
        /// ECS Express Gateway owns the task definition, or nothing shows that it is the owner's.
        ExpressGateway,
        /// The tasks are confidential: their attestation policy says which containers may run.
        ConfidentialTask,
        /// No container is left to route.
        NoContainersSelected,
        /// Permissions are needed and the task definition names no task role.
        TaskRoleMissing,
        /// An execution role is needed and the task definition names none.
        ExecutionRoleMissing,
        /// A role is named in a way that no ARN can be made of, or is out of the reach of
        /// `iam.mode: Manage`.
        InvalidRole,
        /// The role does not exist.
        RoleMissing,
        /// The role is also used by workloads that no policy selects, and `iam.allowSharedRoles` is
        /// off.
        RoleShared,
        /// The inline policies of the role would be longer than IAM allows.
        RolePolicyTooLong,
        /// The permissions boundary of the role would deny what it is to be allowed.
        BoundaryDenies,
        /// `iam.mode: Verify`: the roles do not allow what they must.
        RightsMissing,
        /// Containers wait for each other in a circle.
        DependencyCycle,
        /// Something waits for the router to end (`COMPLETE`, `SUCCESS`), which an essential router
        /// never does.
        DependencyConditionInvalid,
        /// A container waits for one that the task does not have.
        DependencyMissing,
        /// No container beside the router is essential: the task would never end, or ECS would not
        /// take it.
        NoEssentialContainer,
        /// Containers are to wait for a healthy router and no health check can work.
        HealthCheckImpossible,
        /// A file is needed and the target has no `configBucket`.
        ConfigBucketRequired,
        /// A file is needed, the ECS agent cannot fetch it here, and the router image has no init
        /// variant.
        InitImageRequired,
        /// This version of the router image is known to break with what the policy asks of it.
        ImageKnownBroken,
        /// The router image cannot run where the tasks run, or cannot be pulled by its name.
        RouterImageUnusable,
        /// The init image cannot start on a read-only root filesystem before 2.33.0.
        ReadonlyRootFilesystemUnsupported,
        /// `config.delivery` is a way that cannot carry this policy.
        DeliveryUnsupported,
        /// The linter finds errors in the policy that Fluent Bit or the ECS agent would refuse at task
        /// start; nothing new is rolled out until they are corrected.
        PolicyHasErrors,
        /// An output names a `LogDestination` that does not exist.
        DestinationMissing,
        /// An output cannot be turned into Fluent Bit options.
        InvalidOutput,
        /// Filters, parsers or custom configuration cannot be rendered.
        InvalidConfiguration,
        /// What the awslogs configuration of a container says cannot be kept by an `awslogs` output.
        AwslogsUntranslatable,
        /// A container that is left out has secret options of another log driver, which the ECS agent
        /// takes for those of a FireLens output.
        SecretOfOtherDriver,
        /// A container listens on a port that the router needs in the same network namespace.
        PortConflict,
        /// Every candidate for the name of the router is taken.
        RouterNameTaken,
        /// Our labels are there, but the restore record cannot be read.
        RestoreImpossible,
        /// The task has no room for the router, and may not or cannot be made larger.
        TaskTooSmall,
        /// No container instance of the cluster can run the router: its ECS agent is too old.
        CapabilityMissing,
        /// The deployment settings let ECS neither stop an old task nor start a new one.
        DeploymentCannotMove,
        /// `rollout.movingTags: Refuse`: an image of the application has a tag that was moved since its tasks
        /// were started, or that cannot be compared with what they run.
        MovingTag,
    }
}

words! {
    /// What a note is about.
    NoteCode {
        /// The router has no health check, and why.
        NoHealthCheck,
        /// The router has no log of its own.
        NoRouterLogs,
        /// The router image has a moving tag.
        MovingImageTag,
        /// The router got another name, since the one wanted is taken.
        RouterRenamed,
        /// A container is left alone, and why.
        ContainerSkipped,
        /// A router that is not ours was taken over.
        RouterReplaced,
        /// A container listens on a port that the router uses as well.
        PortShared,
        /// Containers whose names make them share log tags.
        AmbiguousTag,
        /// A container that our injection does not know uses FireLens.
        DanglingFirelens,
        /// Custom configuration is passed on as it is.
        CustomConfiguration,
        /// The order of two time limits loses the last lines.
        StopTimeout,
        /// An `awslogs` output is not for a container that does not use awslogs.
        AwslogsMissing,
        /// Something that awslogs did for a container is not done by an `awslogs` output, or is done in
        /// another way.
        AwslogsChanged,
        /// The task definition has no room for the outputs in log options; all of them are in a file.
        OptionsMoved,
        /// The router is not essential, so its end goes unseen.
        RouterNotEssential,
        /// The health check of an essential router fails when a destination does.
        DeepHealthCheck,
        /// What the router sends goes through the proxy of a service mesh.
        MeshProxy,
        /// A container seems to log over TCP, to an address that may be wrong.
        FluentHost,
        /// Something is known against this version of the router image.
        ImageKnownProblem,
        /// Whether the router image is built for the task's architecture is not known.
        ImageArchitecture,
        /// Where the router image is pulled from may be out of reach or far.
        ImagePull,
        /// What a role must allow, where it cannot be found out whether it does.
        RightsUnknown,
        /// A role policy of ours that somebody removed or altered within the last day; it was written again.
        RightsTaken,
        /// `iam.mode: Verify`: what the roles of a running service do not allow.
        RightsLost,
        /// `resources.resize: Allow` made the task larger; with sizes and price.
        TaskResized,
        /// With full buffers the router takes more memory than it may have.
        RouterMemory,
        /// The router has the least CPU share there is, beside containers that have more.
        RouterCpuShare,
        /// The log drivers of the routed containers may hold more than the task has.
        DriverBuffer,
        /// A size that ECS asks for is missing in the owner's task definition.
        SizeMissing,
        /// Tasks run in a sandbox of their own, and the router in it.
        IsolatedSandbox,
        /// Some container instances of the cluster cannot run the router.
        SomeInstancesIncapable,
        /// No container instance has room for the larger task now, or there is none.
        NoRoomOnInstances,
        /// ECS does not roll the service back by itself when a deployment fails, and what that risks.
        NoRollback,
        /// An image of the application has a tag and no digest: what a new deployment starts is compared before
        /// it, was moved, or cannot be told.
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
