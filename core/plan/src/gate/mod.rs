//! Whether a rollout may go on: the health of what it has reached, alarms, metrics, arriving logs.
//!
//! A pure evaluation: it does not start, stop or undo anything. What could not be read is inconclusive, neither
//! good nor bad.

mod failure;
mod health;
mod measures;

use crate::input::PlanInput;
use crate::log_delivery;
use firelens_aws::observe::{Needs, ServiceView};
use firelens_aws::record::{WorkloadKey, WorkloadRecord};
use firelens_types::v1alpha1::LoggingPolicy;

pub(crate) use failure::{explain, service_deployments};
pub use health::WATCHED_TASKS_SERVICES;

/// The result of the evidence for a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnalysisResult {
    /// Every check that was requested passed.
    Successful,
    /// A check failed; with the description.
    Failed(String),
    /// The result is not known; with the reason. The rollout waits.
    Inconclusive(String),
}

/// A workload that the rollout has reached and that still bakes.
pub type Watched<'w> = (&'w WorkloadKey, &'w ServiceView, &'w WorkloadRecord);

/// Findings against going on, and checks without a result.
#[derive(Debug, Default)]
struct Findings {
    failed: Vec<String>,
    unclear: Vec<String>,
}

impl Findings {
    fn result(self) -> AnalysisResult {
        if !self.failed.is_empty() {
            AnalysisResult::Failed(summary(&self.failed))
        } else if !self.unclear.is_empty() {
            AnalysisResult::Inconclusive(summary(&self.unclear))
        } else {
            AnalysisResult::Successful
        }
    }
}

/// Findings that a message names before it counts the rest.
const NAMED_FINDINGS: usize = 3;

fn summary(findings: &[String]) -> String {
    let named = findings.iter().take(NAMED_FINDINGS).cloned();
    let mut text = named.collect::<Vec<_>>().join("; ");
    let more = findings.len().saturating_sub(NAMED_FINDINGS);
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

/// Evaluates the rollout of `policy` by the workloads it has reached and that still bake, and by the gates it
/// names. Requests the reads it needs; until those are answered the analysis is inconclusive. To be called only
/// between the first start of a rollout and its end: each call costs reads.
#[must_use]
pub fn evaluate(
    input: &PlanInput<'_>,
    policy: &LoggingPolicy,
    watched: &[Watched<'_>],
    needs: &mut Needs,
) -> AnalysisResult {
    let mut findings = Findings::default();
    let rollout = &policy.spec.rollout;
    health::evaluate(input, watched, needs, &mut findings);
    measures::alarms(input, &rollout.gates.alarms, needs, &mut findings);
    measures::prometheus(input, &rollout.gates.prometheus, needs, &mut findings);
    if rollout.require_logs {
        for (key, service, record) in watched {
            if service.desired_count > 0 && record.managed.is_some() {
                let stand = log_delivery::state(input, policy, record);
                logs(key, stand, &mut findings);
            }
        }
    }
    findings.result()
}

/// Adds whether logs arrive, as of the last check.
fn logs(key: &WorkloadKey, stand: log_delivery::LogState, findings: &mut Findings) {
    match stand {
        log_delivery::LogState::Flowing => {}
        log_delivery::LogState::Silent(detail) => findings.failed.push(format!("{key}: {detail}")),
        log_delivery::LogState::Unclear(why) => findings.unclear.push(format!("{key}: {why}")),
    }
}
