//! What the stages of a plan hand to each other, and the times they share.

use super::desire::Verdict;
use super::model::PlanInput;
use crate::drift::Drift;
use crate::observe::{ClusterView, Needs, ServiceView};
use crate::record::{PolicyRef, WorkloadRecord};
use crate::select::Selection;
use crate::v1alpha1::LoggingPolicy;

/// How often a deployment of ours is looked at.
pub const DEPLOYMENT_POLL_SECONDS: i64 = 10;
/// When something that could not be read is tried again, or someone else's deployment looked at.
pub const READ_RETRY_SECONDS: i64 = 30;
/// How long an unanswered registration may stay invisible before it counts as not made.
pub const REGISTER_CONSISTENCY_SECONDS: i64 = 30;

/// One workload on its way through the stages.
pub(super) struct Draft<'a> {
    pub(super) cluster: &'a ClusterView,
    pub(super) service: &'a ServiceView,
    pub(super) selection: Selection,
    pub(super) record: WorkloadRecord,
    pub(super) verdict: Verdict,
    pub(super) drift: Option<Drift>,
    /// What its own judgement asked for in this round.
    pub(super) asks: Needs,
}

pub(super) fn find_policy<'a>(
    input: &PlanInput<'a>,
    reference: &PolicyRef,
) -> Option<&'a LoggingPolicy> {
    input
        .policies
        .iter()
        .find(|policy| policy.uid() == reference.uid)
}
