//! Why a workload is or is not acted upon, and what it waits for.

use firelens_aws::record::Purpose;
use firelens_inject::Refusal;
use jiff::Timestamp;

use super::{Claim, Contest, ExternalDeploy};

/// Why a workload is or is not acted upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No policy selects it and nothing of ours is in it.
    NotSelected,
    /// A tag opts it out.
    OptedOut,
    /// It could not be read, so nothing is done; with the reason.
    Unknown(String),
    /// The winner is in `Audit`; in `Enforce` it would be injected.
    WouldInject,
    /// Selected, but it cannot be injected.
    Refused(Refusal),
    /// What runs is what is wanted.
    InSync,
    /// The router was taken out.
    Ejected,
    /// Steps of this pass inject the router or update it.
    Injecting,
    /// Steps of this pass take the router out.
    Ejecting,
    /// Steps of this pass put the service back on the revision before, since a deployment of ours failed.
    PuttingBack,
    /// Our deployment is under way.
    Deploying(Purpose),
    /// Something must happen first.
    Waiting(Wait),
    /// The last attempt failed and is not repeated until something changes.
    Failed,
    /// Somebody keeps removing the router; the service is left alone.
    Contested(Box<Contest>),
    /// Something else than ECS deploys the service: the revision is prepared, and its owner deploys it.
    DeployManually(Box<ExternalDeploy>),
    /// Another installation made the revision that the service is set to; it is left as it is.
    Claimed(Box<Claim>),
    /// Ours by its labels, but its policy (the name) is not known; it is left as it is.
    Orphaned(String),
    /// Its cluster is no longer among those of the target, or the target is being deleted (`true`), and it runs a
    /// router that a policy wants: nothing is changed.
    OutOfScope(bool),
    /// `deletionPolicy: Retain`: what runs is left and no longer managed.
    Retained,
}

impl Decision {
    /// Whether a deployment of ours is under way, or begins with this pass.
    #[must_use]
    pub const fn is_in_flight(&self) -> bool {
        matches!(
            self,
            Self::Injecting | Self::Ejecting | Self::PuttingBack | Self::Deploying(_)
        )
    }

    /// Whether something must happen first.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting(_))
    }

    /// Whether it could not be read.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Whether its target no longer looks after it.
    #[must_use]
    pub const fn is_out_of_scope(&self) -> bool {
        matches!(self, Self::OutOfScope(_))
    }

    /// Whether only others can change something: its owner, or whoever manages it. The rollout does not wait for
    /// it.
    #[must_use]
    pub const fn is_left_to_others(&self) -> bool {
        matches!(
            self,
            Self::Refused(_) | Self::Contested(_) | Self::Claimed(_) | Self::DeployManually(_)
        )
    }

    /// Whether nothing is wanted of it, or nothing any longer.
    #[must_use]
    pub const fn is_unmanaged(&self) -> bool {
        matches!(
            self,
            Self::NotSelected | Self::OptedOut | Self::Ejected | Self::Retained
        )
    }
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A deployment by someone else is under way; ours would cut it short.
    ForeignDeployment,
    /// A deployment by someone else completed just now; tools that wait for it must see a stable service first.
    Settle {
        /// When it completed.
        since: Timestamp,
        /// When the change may begin.
        until: Timestamp,
    },
    /// AWS refused the change with a message that may pass. The workload keeps its slot: if the next one got it, a
    /// fleet whose first updates are all refused would begin one canary after the other.
    Doubt {
        /// The message of AWS.
        message: String,
        /// When the change is retried.
        until: Timestamp,
    },
    /// `rollout.maxConcurrent` services are in flight.
    Concurrency,
    /// The canaries come first; with the end of their bake time, once known.
    Canary(Option<Timestamp>),
    /// The workloads of the wave before must be done; with the number of the open wave.
    Wave(u32),
    /// The workloads of an earlier stage of `rollout.order` go first.
    Stage,
    /// No window of `rollout.windows` is open; with the time when one opens, if ever.
    Window(Option<Timestamp>),
    /// A `Freeze` is in force.
    Frozen {
        /// Its reason.
        reason: String,
        /// When it ends.
        until: Timestamp,
    },
    /// The plan with that hash is not approved.
    Approval(String),
    /// Somebody aborted the rollout.
    Aborted,
    /// A gate cannot be evaluated yet; with its message.
    Gate(String),
    /// Enough workloads failed, a gate failed, or somebody paused the rollout; with the reason.
    Paused(String),
    /// `suspend` on the policy or the target.
    Suspended,
    /// A role policy was written and IAM needs until then to propagate it.
    IamPropagation(Timestamp),
    /// Something needed could not be read.
    Read(String),
}

impl Wait {
    /// Returns when the wait is over, where a time ends it.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::IamPropagation(until)
            | Self::Settle { until, .. }
            | Self::Window(Some(until))
            | Self::Frozen { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Whether only another read of AWS can end the wait.
    #[must_use]
    pub const fn is_for_aws(&self) -> bool {
        matches!(
            self,
            Self::ForeignDeployment | Self::IamPropagation(_) | Self::Read(_)
        )
    }
}
