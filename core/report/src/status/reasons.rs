//! The closed list of reasons that conditions of workloads use, each with its meaning.
//!
//! `docs/policies.md` lists them from here; a test compares.

use std::fmt;

use jiff::Timestamp;

use firelens_aws::record::{
    DeploymentRecord, FailureReason, Purpose, PutBack, PutBackState, WorkloadRecord,
};
use firelens_inject::Reason;
use firelens_plan::{Decision, Wait};

/// Condition: a policy wins the workload.
pub const SELECTED: &str = "Selected";
/// Condition: what the service is set to is what the policy wants.
pub const INJECTED: &str = "Injected";
/// Condition: the last deployment by the operator reached steady state.
pub const HEALTHY: &str = "Healthy";
/// Condition: logs of the tasks with our router were seen at their destination.
pub const LOGS_FLOWING: &str = "LogsFlowing";
/// Condition: nothing is left to do.
pub const READY: &str = "Ready";
/// Condition, there only while it holds: somebody takes the router away again and again.
pub const CONTESTED: &str = "Contested";
/// Condition of a policy: the linter finds no error in it.
pub(super) const VALID: &str = "Valid";
/// Condition of a rollout: every selected workload is done.
pub const COMPLETE: &str = "Complete";
/// Condition of a rollout: nothing new is started.
pub const PAUSED: &str = "Paused";
/// Condition of a rollout that needs approval: its plan is approved.
pub const APPROVED: &str = "Approved";
/// Reason of a deleted policy, and of its rollouts, that only services with the opt-out tag still hold.
pub(super) const OPTED_OUT_SERVICES: &str = "OptedOutServices";
/// Reason of a target that could not be read.
pub const UNREACHABLE: &str = "Unreachable";
/// Reason of a target that reaches clusters which an older target reaches too.
pub const OVERLAPS: &str = "Overlaps";

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $word:ident,)+) => {
        /// Why a condition of a workload is as it is, beside the refusals of [`Reason`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum WorkloadReason {
            $($(#[doc = $doc])+ $word,)+
            /// A refusal, under its own word.
            Refused(Reason),
        }

        impl WorkloadReason {
            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => stringify!($word),)+
                    Self::Refused(reason) => reason.as_str(),
                }
            }
        }

        /// Every word with its meaning, for the documentation.
        pub const REASONS: &[ReasonDoc] = &[
            $(ReasonDoc { word: stringify!($word), meaning: concat!($($doc),+) },)+
        ];
    };
}

/// One line of the documented list.
#[derive(Clone, Copy, Debug)]
pub struct ReasonDoc {
    /// The word in `reason`.
    pub word: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

reasons! {
    /// A policy wins the workload.
    PolicySelected,
    /// No policy selects the workload.
    NoPolicySelects,
    /// The service or its cluster is tagged `firelens.dev/inject=disabled`.
    OptedOut,
    /// The service runs what the policy wants.
    InSync,
    /// The policy is in `Audit`: it would inject, and writes nothing.
    AuditMode,
    /// Steps towards the wanted revision were taken in this pass.
    Injecting,
    /// Steps to take the router out were taken in this pass.
    Ejecting,
    /// The router was taken out.
    Ejected,
    /// A deployment by the operator failed; the service is put back on the revision it ran before.
    PuttingBack,
    /// A deployment by the operator is under way.
    DeploymentInProgress,
    /// The last deployment by the operator reached steady state.
    DeploymentCompleted,
    /// The last deployment by the operator is done, and no task runs with it, so nothing shows that it
    /// works.
    Unproven,
    /// ECS gave up the deployment.
    DeploymentFailed,
    /// ECS or a person put the service back on the revision before.
    RolledBack,
    /// The deployment did not end within `rollout.progressDeadlineSeconds`.
    ProgressDeadlineExceeded,
    /// Someone else's deployment is under way; ours would cut it short.
    ForeignDeployment,
    /// A deployment by someone else was done just now; who waits for it is to see a stable service first.
    WaitingForSettle,
    /// `rollout.maxConcurrent` services are in flight.
    WaitingForPlace,
    /// The canaries must be done and baked first.
    WaitingForCanary,
    /// The workloads of the wave before must be done first.
    WaitingForWave,
    /// The workloads of an earlier stage of `rollout.order` go first.
    WaitingForStage,
    /// No window of `rollout.windows` is open.
    WaitingForWindow,
    /// The plan must be approved first: `rollout.approval: Required`, or it touches more than the
    /// target's `approvalAbove`.
    WaitingForApproval,
    /// What `rollout.gates` or `rollout.requireLogs` look at cannot be judged yet.
    WaitingForGate,
    /// A `Freeze` is in force; nothing is started.
    Frozen,
    /// `rollout.failureThreshold` attempts failed, a gate failed, or somebody paused the rollout; nothing
    /// new is started.
    RolloutPaused,
    /// Somebody aborted the rollout.
    RolloutAborted,
    /// The policy or the target is suspended.
    Suspended,
    /// A role policy was written; IAM needs time to spread it.
    WaitingForIam,
    /// Something that must be known could not be read.
    WaitingForRead,
    /// The workload could not be read from AWS.
    Unreadable,
    /// The revision is ours, but its policy does not exist any more.
    PolicyUnknown,
    /// The policy lets go of what runs (`deletionPolicy: Retain`, or `Audit`).
    Retained,
    /// The cluster is not among those of the target any more, or the target is being deleted; the router stays.
    OutOfScope,
    /// Nothing of ours runs here.
    NotManaged,
    /// AWS refused the operator the right to do it.
    AccessDenied,
    /// AWS throttles; tried again later.
    Throttled,
    /// AWS refused the request.
    RequestRefused,
    /// AWS did not answer, or answered with a fault of its own.
    AwsUnavailable,
    /// Somebody brought the same content without the router back three times within six hours, and the
    /// service is left alone for a day; or another installation of the operator looks after the service.
    Contested,
    /// An event: the service is set to a revision that differs from the operator's, brought by somebody
    /// else; `status.drift` has the paths.
    DriftDetected,
    /// An event: somebody removed or altered an inline policy of the operator in a role; it is written again, and
    /// the message of `Injected` has the lines that end it.
    RightsTaken,
    /// CodeDeploy or an external controller deploys the service: the revision is prepared, and the
    /// message says how to ship it.
    ShipManually,
    /// The owner deployed between our look and our write; looked at again at once.
    OwnerDeployed,
    /// An earlier step of something shared failed.
    ResourceFailed,
    /// Logs of the running tasks were seen at every destination that AWS can show.
    LogsArrive,
    /// Nothing has arrived yet, and it is too soon to say more.
    WaitingForLogs,
    /// Nothing has arrived at a destination: for 15 minutes since the deployment, or for a day.
    NoLogsSeen,
    /// The operator could not look at the destination.
    LogsNotReadable,
    /// No destination is one that AWS can show.
    NotReadable,
}

impl fmt::Display for WorkloadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reason and message of a decision.
#[must_use]
pub fn decision_reason(decision: &Decision, record: &WorkloadRecord) -> (WorkloadReason, String) {
    match decision {
        Decision::NotSelected => (WorkloadReason::NoPolicySelects, "nothing to do".to_owned()),
        Decision::OptedOut => (
            WorkloadReason::OptedOut,
            "left alone; remove the tag firelens.dev/inject=disabled to let policies act"
                .to_owned(),
        ),
        Decision::Unknown(why) => (WorkloadReason::Unreadable, why.clone()),
        Decision::WouldInject => (
            WorkloadReason::AuditMode,
            "would inject; set spec.mode to Enforce to roll it out".to_owned(),
        ),
        Decision::Refused(refusal) => (
            WorkloadReason::Refused(refusal.reason),
            refusal.message.clone(),
        ),
        Decision::InSync => (
            WorkloadReason::InSync,
            "the service runs what the policy wants".to_owned(),
        ),
        Decision::Ejected => (
            WorkloadReason::Ejected,
            "the router was taken out".to_owned(),
        ),
        Decision::Injecting => (
            WorkloadReason::Injecting,
            "the router is brought in or up to date".to_owned(),
        ),
        Decision::Ejecting => (
            WorkloadReason::Ejecting,
            "the router is taken out".to_owned(),
        ),
        Decision::PuttingBack => (WorkloadReason::PuttingBack, putting_back(record)),
        Decision::Deploying(purpose) => deploying_reason(*purpose, record),
        Decision::Waiting(wait) => wait_reason(wait),
        Decision::Failed => failed_reason(record),
        Decision::Contested(contest) => (WorkloadReason::Contested, contest.message()),
        Decision::ShipManually(shipment) => (WorkloadReason::ShipManually, shipment.message()),
        Decision::Claimed(claim) => (WorkloadReason::Contested, claim.message()),
        Decision::Orphaned(policy) => (
            WorkloadReason::PolicyUnknown,
            format!(
                "the service runs the router of policy {policy}, which is not known here; left as it is; apply the policy again to look after it, or deploy a revision without the router"
            ),
        ),
        Decision::Retained => (
            WorkloadReason::Retained,
            "left as it is and no longer looked after".to_owned(),
        ),
        Decision::OutOfScope(is_target_deleted) => {
            (WorkloadReason::OutOfScope, out_of_scope(*is_target_deleted))
        }
    }
}

fn deploying_reason(purpose: Purpose, record: &WorkloadRecord) -> (WorkloadReason, String) {
    let message = match purpose {
        Purpose::Inject => "ECS is bringing the router in",
        Purpose::Eject => "ECS is taking the router out",
        Purpose::Restore => return (WorkloadReason::PuttingBack, putting_back(record)),
    };
    let images = record.deployment.as_ref();
    let images = images.and_then(DeploymentRecord::told_of_images);
    let message = match images {
        Some(images) => format!("{message}; {images}"),
        None => message.to_owned(),
    };
    (WorkloadReason::DeploymentInProgress, message)
}

fn out_of_scope(is_target_deleted: bool) -> String {
    let (why, undo) = match is_target_deleted {
        true => (
            "the target is being deleted, and the service runs a router that a policy wants",
            "to let the target go, delete the policy or let its selector leave the target out, which takes the router out; or annotate the target with firelens.dev/deletion-policy=Retain, which leaves the router and its rights where they are",
        ),
        false => (
            "the cluster is not among spec.clusters of the target any more",
            "add the cluster back, or let another target name it; or delete the policy or let its selector leave the service out, which takes the router out",
        ),
    };
    format!("{why}; nothing is changed, and what the router needs of roles and files stays: {undo}")
}

fn wait_reason(wait: &Wait) -> (WorkloadReason, String) {
    match wait {
        Wait::ForeignDeployment => (
            WorkloadReason::ForeignDeployment,
            "a deployment of the owner is under way or has failed; goes on when it is done"
                .to_owned(),
        ),
        Wait::Settle { since, until } => settle_reason(*since, *until),
        Wait::Doubt { said, until } => doubt_reason(said, *until),
        Wait::Concurrency => {
            let why = "rollout.maxConcurrent services are in flight";
            (WorkloadReason::WaitingForPlace, why.to_owned())
        }
        Wait::Canary(until) => (
            WorkloadReason::WaitingForCanary,
            until.map_or_else(
                || "the canaries are not done".to_owned(),
                |until| format!("the canaries bake until {until:.0}"),
            ),
        ),
        Wait::Wave(wave) => (
            WorkloadReason::WaitingForWave,
            format!("wave {wave} is under way; the next begins when it is done"),
        ),
        Wait::Stage => (
            WorkloadReason::WaitingForStage,
            "services of an earlier stage of rollout.order go first".to_owned(),
        ),
        Wait::Window(opens) => closed_reason(*opens),
        Wait::Frozen { reason, until } => {
            let why = format!("frozen until {until:.0}: {reason}");
            (WorkloadReason::Frozen, why)
        }
        Wait::Approval(hash) => (
            WorkloadReason::WaitingForApproval,
            format!(
                "the plan {} is not approved; see firelens rollout status, then approve it",
                short(hash)
            ),
        ),
        Wait::Aborted => (
            WorkloadReason::RolloutAborted,
            "somebody aborted the rollout; change the policy to begin another".to_owned(),
        ),
        Wait::Gate(why) => (WorkloadReason::WaitingForGate, why.clone()),
        Wait::Paused(why) => (
            WorkloadReason::RolloutPaused,
            format!("{why}; correct the cause, then resume the rollout or change the policy"),
        ),
        Wait::Suspended => {
            let why = "the policy or the target is suspended";
            (WorkloadReason::Suspended, why.to_owned())
        }
        Wait::IamPropagation(until) => (
            WorkloadReason::WaitingForIam,
            format!("IAM spreads the role policy until {until:.0}"),
        ),
        Wait::Read(what) => (WorkloadReason::WaitingForRead, what.clone()),
    }
}

fn settle_reason(since: Timestamp, until: Timestamp) -> (WorkloadReason, String) {
    let message = format!(
        "a deployment of the owner is done since {since:.0}; ours begins at {until:.0} (rollout.settleSeconds), \
         so that whoever waits for theirs sees a stable service first"
    );
    (WorkloadReason::WaitingForSettle, message)
}

fn closed_reason(opens: Option<Timestamp>) -> (WorkloadReason, String) {
    let message = match opens {
        Some(at) => format!("the next window of rollout.windows opens at {at:.0}"),
        None => "no window of rollout.windows ever opens again; correct their schedules".to_owned(),
    };
    (WorkloadReason::WaitingForWindow, message)
}

fn doubt_reason(said: &str, until: Timestamp) -> (WorkloadReason, String) {
    let message = format!("{said}; tried again at {until:.0}");
    (WorkloadReason::RequestRefused, message)
}

/// The beginning of a hash: enough to recognise it by.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn failed_reason(record: &WorkloadRecord) -> (WorkloadReason, String) {
    let Some(failed) = &record.failed else {
        return (WorkloadReason::DeploymentFailed, String::new());
    };
    let reason = match failed.reason {
        FailureReason::RolledBack => WorkloadReason::RolledBack,
        FailureReason::ProgressDeadlineExceeded => WorkloadReason::ProgressDeadlineExceeded,
        FailureReason::AccessDenied => WorkloadReason::AccessDenied,
        FailureReason::RequestRefused => WorkloadReason::RequestRefused,
        FailureReason::DeploymentFailed => WorkloadReason::DeploymentFailed,
    };
    let next = match failed.retry_at {
        Some(at) => format!("tried again at {at:.0}"),
        None => "not tried again until the policy or the owner's revision changes, or the rollout is retried".to_owned(),
    };
    let back = failed.put_back.as_ref().map_or_else(String::new, put_back);
    let message = format!("{}{back}; {next}", failed.message);
    (reason, message)
}

/// Why and where to a service is put back.
fn putting_back(record: &WorkloadRecord) -> String {
    let Some(failed) = &record.failed else {
        return "ECS puts the service back on the revision it ran before".to_owned();
    };
    let back = failed.put_back.as_ref();
    let revision = back.map_or("the revision before", |back| back.revision.as_str());
    format!(
        "{}; the service is put back on {revision} (rollout.onFailure)",
        failed.message
    )
}

/// What became of a service after a failure.
fn put_back(back: &PutBack) -> String {
    let revision = &back.revision;
    match &back.state {
        PutBackState::Due | PutBackState::StopRefused => String::new(),
        PutBackState::Began => format!("; the service is put back on {revision}"),
        PutBackState::Done => format!("; the service was put back on {revision}"),
        PutBackState::Over(why) => format!("; the service was not put back on {revision}: {why}"),
    }
}
