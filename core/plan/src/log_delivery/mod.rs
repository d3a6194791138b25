//! Whether logs arrive: evidence at the destinations of what was rolled out.
//!
//! Pure. What cannot be seen does not count as lost: after a read that failed, or for a destination that AWS
//! cannot show, the answer stays open.

mod evaluate;

use jiff::{SignedDuration, Timestamp};

use crate::input::PlanInput;
use firelens_aws::observe::{Needs, ServiceView};
use firelens_aws::record::{LogsRecord, LogsSeen, ManagedRevision, WorkloadRecord};
use firelens_fluent::outputs::OutputInUse;
use firelens_types::v1alpha1::{LoggingPolicy, RouterType};

/// The number of workloads checked in one pass. Each costs two calls for its tasks and up to [`LOCATIONS_PER_OUTPUT`]
/// for each output, from budgets that the account's own dashboards share.
pub const CHECKS_PER_PASS: usize = 20;

/// The number of locations checked for one output of one workload: tasks and containers have streams of their own,
/// and one that shows a record is enough.
pub const LOCATIONS_PER_OUTPUT: usize = 4;

/// The interval of checks until logs were first seen, in seconds.
pub const FIRST_PROOF_SECONDS: i64 = 60;

/// The interval of checks after that, in seconds: each check costs calls, and a router that once delivered mostly
/// goes on.
pub const RECHECK_SECONDS: i64 = 3600;

/// How long a destination may show nothing after a deployment before that counts as silence, in
/// seconds. An S3 output uploads after ten minutes by default
/// (<https://docs.fluentbit.io/manual/data-pipeline/outputs/s3>), and metrics come minutes late.
pub const GRACE_SECONDS: i64 = 900;

/// How far back a record still counts, in seconds: an application may write nothing all night.
pub const WINDOW_SECONDS: i64 = 86_400;

/// The window moves in steps of this many seconds, so that one pass asks the same question throughout.
const WINDOW_STEP_SECONDS: i64 = 3600;

/// A workload that is as its policy wants it, and where its containers send.
pub(crate) struct Entry<'d> {
    pub policy: &'d LoggingPolicy,
    pub service: &'d ServiceView,
    pub(crate) outputs: &'d [OutputInUse],
    pub record: &'d mut WorkloadRecord,
    /// The reads it requests.
    pub(crate) asks: &'d mut Needs,
}

/// What is known of a workload's logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogState {
    /// Records were seen.
    Flowing,
    /// Nothing arrived; with the locations.
    Silent(String),
    /// The answer is not known; with the reason.
    Unclear(String),
}

/// Checks the workloads that are due and records what is seen. `entries` are in the order of their keys; an entry
/// whose requested reads are not answered stays as it is.
pub(crate) fn follow(input: &PlanInput<'_>, entries: Vec<Entry<'_>>, needs: &mut Needs) {
    let mut due: Vec<(Option<Timestamp>, Entry<'_>)> = entries
        .into_iter()
        .filter_map(|entry| {
            let checked_at = due(&entry, resumed_at(input, entry.policy), input.now)?;
            Some((checked_at, entry))
        })
        .collect();
    // Those that were never checked come first, then those that wait longest.
    due.sort_by_key(|(checked_at, _)| *checked_at);
    for (_, entry) in due.into_iter().take(CHECKS_PER_PASS) {
        let Some(managed) = entry.record.managed.clone() else {
            continue;
        };
        let mut asked = Needs::default();
        if let Some((seen, message)) = evaluate::evaluate(input, &entry, &managed, &mut asked) {
            entry.record.logs = Some(remembered(entry.record, &managed, seen, message, input.now));
        }
        needs.extend(asked.clone());
        entry.asks.extend(asked);
    }
}

/// The time at which the rollout of a policy was last resumed.
fn resumed_at(input: &PlanInput<'_>, policy: &LoggingPolicy) -> Option<Timestamp> {
    input.controls.get(policy.uid())?.resumed_at
}

/// Returns `Some` when a check is due, with the time of the last check. Resuming a rollout makes what holds it due
/// at once.
fn due(
    entry: &Entry<'_>,
    resumed_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<Option<Timestamp>> {
    let managed = entry.record.managed.as_ref()?;
    if entry.record.deployment.is_some() || entry.service.desired_count == 0 {
        return None;
    }
    let Some(before) = of_revision(entry.record) else {
        return Some(None);
    };
    let is_old = resumed_at.is_some_and(|at| before.checked_at <= at);
    let interval = match before.seen {
        // The outputs of a revision do not change.
        LogsSeen::Unreachable => return None,
        LogsSeen::Silent if is_old => 0,
        LogsSeen::Flowing => RECHECK_SECONDS,
        LogsSeen::Silent if before.proven_at.is_some() => RECHECK_SECONDS,
        LogsSeen::Waiting | LogsSeen::Silent | LogsSeen::Unreadable => {
            // What did not arrive within an hour is not checked every minute.
            let age = managed
                .runs_since()
                .map_or(SignedDuration::ZERO, |at| now.duration_since(at));
            if age > SignedDuration::from_secs(RECHECK_SECONDS) {
                RECHECK_SECONDS
            } else {
                FIRST_PROOF_SECONDS
            }
        }
    };
    let waited = now.duration_since(before.checked_at);
    (waited >= SignedDuration::from_secs(interval)).then_some(Some(before.checked_at))
}

/// The log record of the revision that runs.
fn of_revision(record: &WorkloadRecord) -> Option<&LogsRecord> {
    let managed = record.managed.as_ref()?;
    record
        .logs
        .as_ref()
        .filter(|logs| logs.revision == managed.arn)
}

fn remembered(
    record: &WorkloadRecord,
    managed: &ManagedRevision,
    seen: LogsSeen,
    message: String,
    now: Timestamp,
) -> LogsRecord {
    let proven_before = of_revision(record).and_then(|logs| logs.proven_at);
    LogsRecord {
        revision: managed.arn.clone(),
        seen,
        message,
        checked_at: now,
        proven_at: proven_before.or((seen == LogsSeen::Flowing).then_some(now)),
    }
}

/// The log delivery of a workload under a policy, as of the last check. Silence from before its rollout was
/// resumed does not count.
pub(crate) fn state(
    input: &PlanInput<'_>,
    policy: &LoggingPolicy,
    record: &WorkloadRecord,
) -> LogState {
    if record.deployment.is_some() {
        return LogState::Unclear("its deployment is in progress".to_owned());
    }
    match of_revision(record) {
        None => LogState::Unclear("its logs have not been checked yet".to_owned()),
        Some(logs) => match logs.seen {
            LogsSeen::Flowing => LogState::Flowing,
            LogsSeen::Silent
                if resumed_at(input, policy).is_some_and(|at| logs.checked_at <= at) =>
            {
                LogState::Unclear(
                    "its logs have not been checked since the rollout was resumed".to_owned(),
                )
            }
            LogsSeen::Silent => LogState::Silent(logs.message.clone()),
            LogsSeen::Waiting | LogsSeen::Unreadable | LogsSeen::Unreachable => {
                LogState::Unclear(logs.message.clone())
            }
        },
    }
}

/// Returns what was last seen, for the condition.
pub fn last_seen(record: &WorkloadRecord) -> Option<&LogsRecord> {
    of_revision(record)
}

/// Whether the router is Fluent Bit, whose outputs are known here.
fn is_fluent_bit(policy: &LoggingPolicy) -> bool {
    policy.spec.router.type_ == RouterType::Fluentbit
}

/// The beginning of the window that ends now.
fn window_start(now: Timestamp) -> Timestamp {
    let step = WINDOW_STEP_SECONDS;
    let second = now.as_second().div_euclid(step) * step - WINDOW_SECONDS;
    Timestamp::from_second(second).unwrap_or(now)
}
