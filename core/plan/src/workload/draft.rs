//! What the stages of a plan pass to each other, and the times they share.

use crate::input::PlanInput;
use crate::select::Selection;
use crate::workload::desire::Desired;
use firelens_aws::observe::{ClusterView, Needs, ServiceView};
use firelens_aws::record::{PolicyRef, WorkloadRecord};
use firelens_inject::drift::Drift;
use firelens_types::v1alpha1::LoggingPolicy;

/// The interval at which a deployment of ours is polled, in seconds.
pub const DEPLOYMENT_POLL_SECONDS: i64 = 10;
/// The time after which something that could not be read, or someone else's deployment, is read again, in seconds.
pub const READ_RETRY_SECONDS: i64 = 30;
/// How long an unanswered registration may stay invisible before it counts as not made, in seconds.
pub const REGISTER_CONSISTENCY_SECONDS: i64 = 30;

/// One workload on its way through the stages.
pub(crate) struct Draft<'a> {
    pub(crate) cluster: &'a ClusterView,
    pub(crate) service: &'a ServiceView,
    pub(crate) selection: Selection,
    pub(crate) record: WorkloadRecord,
    pub(crate) desired: Desired,
    pub(crate) drift: Option<Drift>,
    /// The reads that its own evaluation requested in this round.
    pub(crate) asks: Needs,
}

pub(crate) fn find_policy<'a>(
    input: &PlanInput<'a>,
    reference: &PolicyRef,
) -> Option<&'a LoggingPolicy> {
    input
        .policies
        .iter()
        .find(|policy| policy.uid() == reference.uid)
}
