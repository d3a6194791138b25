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
    /// A policy selects the workload and has precedence over any others that do.
    PolicySelected,
    /// No policy selects the workload.
    NoPolicySelects,
    /// The service or its cluster is tagged `firelens.dev/inject=disabled`.
    OptedOut,
    /// The service matches the policy.
    InSync,
    /// The policy is in mode `Audit`: the operator reports what it would inject, and changes nothing.
    AuditMode,
    /// The operator is adding or updating the router: it took steps in this pass.
    Injecting,
    /// The operator is removing the router: it took steps in this pass.
    Ejecting,
    /// The router has been removed.
    Ejected,
    /// A deployment by the operator failed; the service is being restored to the revision it ran before.
    PuttingBack,
    /// A deployment by the operator is in progress.
    DeploymentInProgress,
    /// The last deployment by the operator reached steady state.
    DeploymentCompleted,
    /// The last deployment by the operator is complete, but no task runs with it, so nothing shows yet that it works.
    Unproven,
    /// ECS marked the deployment as failed.
    DeploymentFailed,
    /// ECS or a person rolled the service back to the previous revision.
    RolledBack,
    /// The deployment did not complete within `rollout.progressDeadlineSeconds`.
    ProgressDeadlineExceeded,
    /// A deployment by someone else is in progress or has failed; a deployment by the operator would interrupt it.
    ForeignDeployment,
    /// A deployment by someone else completed a short time ago; the operator waits (`rollout.settleSeconds`) so that
    /// tools that wait for that deployment see a stable service first.
    WaitingForSettle,
    /// The limit of services in progress, `rollout.maxConcurrent`, is reached.
    WaitingForSlot,
    /// The canaries must complete, and their bake time must end, first.
    WaitingForCanary,
    /// The workloads of the previous wave must complete first.
    WaitingForWave,
    /// The workloads of an earlier stage of `rollout.order` go first.
    WaitingForStage,
    /// No window of `rollout.windows` is open.
    WaitingForWindow,
    /// The plan must be approved first: `rollout.approval` is `Required`, or the plan changes more than the target's
    /// `approvalAbove` allows.
    WaitingForApproval,
    /// `rollout.gates` or `rollout.requireLogs` cannot be evaluated yet.
    WaitingForGate,
    /// A `Freeze` is in force; no changes are started.
    Frozen,
    /// `rollout.failureThreshold` attempts failed, a gate failed, or a user paused the rollout; no new changes are
    /// started.
    RolloutPaused,
    /// A user aborted the rollout.
    RolloutAborted,
    /// The policy or the target is suspended.
    Suspended,
    /// A role policy was written; the operator waits for IAM propagation.
    WaitingForIam,
    /// Something that the operator must know first has not been read yet, or could not be read.
    WaitingForRead,
    /// The workload could not be read from AWS.
    Unreadable,
    /// The service runs a revision by the operator whose policy no longer exists.
    PolicyUnknown,
    /// The router stays and is no longer managed by the policy (`deletionPolicy: Retain`, or mode `Audit`).
    Retained,
    /// The cluster is no longer in `spec.clusters` of the target, or the target is being deleted; the router stays.
    OutOfScope,
    /// The service does not run a router of this operator.
    NotManaged,
    /// AWS denied the operator a permission that it needs.
    AccessDenied,
    /// AWS throttled the request; it is retried later.
    Throttled,
    /// AWS rejected the request.
    RequestRefused,
    /// AWS did not respond, or responded with a server error.
    AwsUnavailable,
    /// Somebody deployed the same content without the router three times within six hours, and the operator does not
    /// change the service for a day; or another installation of the operator manages the service.
    Contested,
    /// An event: somebody else set the service to a revision that differs from the operator's; `status.drift` lists the
    /// paths.
    DriftDetected,
    /// An event: somebody deleted or changed an inline policy of the operator in a role; the operator writes it again,
    /// and the message of `Injected` shows the lines that prevent this.
    RightsTaken,
    /// CodeDeploy or an external controller deploys the service: the revision is ready, and the message says how to
    /// deploy it.
    DeployManually,
    /// The owner deployed while the operator was about to update the service; the operator checks the service again at
    /// once.
    OwnerDeployed,
    /// An earlier step failed on which the workload depends, such as writing a shared role policy or file.
    ResourceFailed,
    /// Logs of the running tasks arrived at every destination that can be checked through AWS.
    LogsArrive,
    /// No logs have arrived yet, and it is too soon to call that a failure.
    WaitingForLogs,
    /// No logs have arrived at a destination: for 15 minutes since the deployment, or for a day.
    NoLogsSeen,
    /// The operator could not read the destination.
    LogsNotReadable,
    /// None of the destinations can be checked through AWS.
    NotReadable,
}

impl fmt::Display for WorkloadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns reason and message of a decision.
#[must_use]
pub fn decision_reason(decision: &Decision, record: &WorkloadRecord) -> (WorkloadReason, String) {
    match decision {
        Decision::NotSelected => (WorkloadReason::NoPolicySelects, "nothing to do".to_owned()),
        Decision::OptedOut => (
            WorkloadReason::OptedOut,
            "not changed; remove the tag firelens.dev/inject=disabled to let policies apply"
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
            "the service matches the policy".to_owned(),
        ),
        Decision::Ejected => (
            WorkloadReason::Ejected,
            "the router has been removed".to_owned(),
        ),
        Decision::Injecting => (
            WorkloadReason::Injecting,
            "adding or updating the router".to_owned(),
        ),
        Decision::Ejecting => (WorkloadReason::Ejecting, "removing the router".to_owned()),
        Decision::PuttingBack => (WorkloadReason::PuttingBack, putting_back(record)),
        Decision::Deploying(purpose) => deploying_reason(*purpose, record),
        Decision::Waiting(wait) => wait_reason(wait),
        Decision::Failed => failed_reason(record),
        Decision::Contested(contest) => (WorkloadReason::Contested, contest.message()),
        Decision::DeployManually(external_deploy) => {
            (WorkloadReason::DeployManually, external_deploy.message())
        }
        Decision::Claimed(claim) => (WorkloadReason::Contested, claim.message()),
        Decision::Orphaned(policy) => (
            WorkloadReason::PolicyUnknown,
            format!(
                "the service runs the router of policy {policy}, which does not exist here; the service is not changed; apply the policy again to manage it, or deploy a revision without the router"
            ),
        ),
        Decision::Retained => (
            WorkloadReason::Retained,
            "the service is not changed and is no longer managed".to_owned(),
        ),
        Decision::OutOfScope(is_target_deleted) => {
            (WorkloadReason::OutOfScope, out_of_scope(*is_target_deleted))
        }
    }
}

fn deploying_reason(purpose: Purpose, record: &WorkloadRecord) -> (WorkloadReason, String) {
    let message = match purpose {
        Purpose::Inject => "ECS is deploying the revision with the router",
        Purpose::Eject => "ECS is deploying the revision without the router",
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
            "the target is being deleted, and the service runs a router that a policy requires",
            "to finish the deletion, delete the policy or exclude the target in its selector, which removes the router; or annotate the target with firelens.dev/deletion-policy=Retain, which keeps the router and its permissions",
        ),
        false => (
            "the cluster is no longer in spec.clusters of the target",
            "add the cluster again, or add it to another target; or delete the policy or exclude the service in its selector, which removes the router",
        ),
    };
    format!(
        "{why}; nothing is changed, and the role policies and files that the router needs are kept: {undo}"
    )
}

fn wait_reason(wait: &Wait) -> (WorkloadReason, String) {
    match wait {
        Wait::ForeignDeployment => (
            WorkloadReason::ForeignDeployment,
            "a deployment by the owner is in progress or has failed; continues when it is complete"
                .to_owned(),
        ),
        Wait::Settle { since, until } => settle_reason(*since, *until),
        Wait::Doubt { message, until } => doubt_reason(message, *until),
        Wait::Concurrency => {
            let why = "the limit of services in progress (rollout.maxConcurrent) is reached";
            (WorkloadReason::WaitingForSlot, why.to_owned())
        }
        Wait::Canary(until) => (
            WorkloadReason::WaitingForCanary,
            until.map_or_else(
                || "waiting for the canaries to complete".to_owned(),
                |until| format!("waiting for the canary bake time to end at {until:.0}"),
            ),
        ),
        Wait::Wave(wave) => (
            WorkloadReason::WaitingForWave,
            format!("wave {wave} is in progress; the next one starts when it is complete"),
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
                "plan {} is not approved; review it with firelens rollout status, then approve it",
                short(hash)
            ),
        ),
        Wait::Aborted => (
            WorkloadReason::RolloutAborted,
            "a user aborted the rollout; change the policy to start a new one".to_owned(),
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
            format!("waiting for IAM propagation until {until:.0}"),
        ),
        Wait::Read(subject) => (WorkloadReason::WaitingForRead, subject.clone()),
    }
}

fn settle_reason(since: Timestamp, until: Timestamp) -> (WorkloadReason, String) {
    let message = format!(
        "a deployment by the owner has been complete since {since:.0}; the operator starts its own at {until:.0} \
         (rollout.settleSeconds), so that tools that wait for the owner's deployment see a stable service first"
    );
    (WorkloadReason::WaitingForSettle, message)
}

fn closed_reason(opens: Option<Timestamp>) -> (WorkloadReason, String) {
    let message = match opens {
        Some(at) => format!("the next window in rollout.windows opens at {at:.0}"),
        None => "no window in rollout.windows will open again; correct the schedules".to_owned(),
    };
    (WorkloadReason::WaitingForWindow, message)
}

fn doubt_reason(text: &str, until: Timestamp) -> (WorkloadReason, String) {
    let message = format!("{text}; the next retry is at {until:.0}");
    (WorkloadReason::RequestRefused, message)
}

/// The beginning of a hash: enough to recognise it.
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
        Some(at) => format!("the next retry is at {at:.0}"),
        None => "not retried until the policy or the owner's revision changes, or the rollout is retried".to_owned(),
    };
    let back = failed.put_back.as_ref().map_or_else(String::new, put_back);
    let message = format!("{}{back}; {next}", failed.message);
    (reason, message)
}

/// Why a service is put back, and on which revision.
fn putting_back(record: &WorkloadRecord) -> String {
    let Some(failed) = &record.failed else {
        return "ECS is rolling the service back to the previous revision".to_owned();
    };
    let back = failed.put_back.as_ref();
    let revision = back.map_or("the previous revision", |back| back.revision.as_str());
    format!(
        "{}; the service is being restored to {revision} (rollout.onFailure)",
        failed.message
    )
}

/// The outcome of putting a service back.
fn put_back(back: &PutBack) -> String {
    let revision = &back.revision;
    match &back.state {
        PutBackState::Due | PutBackState::StopRefused => String::new(),
        PutBackState::Began => format!("; the service is being restored to {revision}"),
        PutBackState::Done => format!("; the service was restored to {revision}"),
        PutBackState::Over(why) => {
            format!("; the service was not restored to {revision}: {why}")
        }
    }
}
