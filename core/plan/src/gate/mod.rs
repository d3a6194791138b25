//! Whether a rollout may go on: the health of what it has reached, alarms, metrics, arriving logs.
//!
//! Pure, and only a evaluation: it never starts, stops or takes back anything. What could not be read is
//! inconclusive, never good and never bad.

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

/// What the evidence says of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnalysisResult {
    /// Everything that was asked for speaks for going on.
    Successful,
    /// Something speaks against it; the text says what.
    Failed(String),
    /// It cannot be told; the text says why. To wait is right.
    Inconclusive(String),
}

/// A workload that the rollout has reached and that still bakes.
pub type Watched<'w> = (&'w WorkloadKey, &'w ServiceView, &'w WorkloadRecord);

/// What speaks against going on, and what cannot be told.
#[derive(Debug, Default)]
struct Findings {
    failed: Vec<String>,
    unclear: Vec<String>,
}

impl Findings {
    fn result(self) -> AnalysisResult {
        if !self.failed.is_empty() {
            AnalysisResult::Failed(told(&self.failed))
        } else if !self.unclear.is_empty() {
            AnalysisResult::Inconclusive(told(&self.unclear))
        } else {
            AnalysisResult::Successful
        }
    }
}

/// Findings that a message names before it counts the rest.
const NAMED_FINDINGS: usize = 3;

fn told(findings: &[String]) -> String {
    let named = findings.iter().take(NAMED_FINDINGS).cloned();
    let mut text = named.collect::<Vec<_>>().join("; ");
    let more = findings.len().saturating_sub(NAMED_FINDINGS);
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

/// Evaluates the rollout of `policy` by the workloads it has reached and that still bake, and by the gates
/// it names. It asks for what it must see; until that is read the analysis is inconclusive. To be called
/// only between the first start of a rollout and its end: each call costs reads.
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

/// Whether logs arrive, as it was seen last.
fn logs(key: &WorkloadKey, stand: log_delivery::LogState, findings: &mut Findings) {
    match stand {
        log_delivery::LogState::Flowing => {}
        log_delivery::LogState::Silent(what) => findings.failed.push(format!("{key}: {what}")),
        log_delivery::LogState::Unclear(why) => findings.unclear.push(format!("{key}: {why}")),
    }
}
