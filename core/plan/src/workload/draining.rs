//! Services that are being deleted: they are no longer listed, and their tasks still run.
//!
//! Changes none of them; only keeps what their tasks rely on.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html>

use crate::input::PlanInput;
use firelens_aws::observe::ServiceView;
use firelens_aws::record::WorkloadRecord;

/// Why nothing is decided for a service that is not listed before it was read by name.
pub(crate) const NOT_LISTED: &str =
    "ListServices no longer returns the service; checking whether its tasks still run";

/// Whether tasks of a service that is not listed any more may still run with a router of ours.
pub(crate) fn may_drain(input: &PlanInput<'_>, record: &WorkloadRecord) -> bool {
    let runs_ours =
        record.managed.is_some() || record.deployment.is_some() || !record.leaving.is_empty();
    runs_ours && input.observation.clusters.contains_key(&record.key.cluster)
}

/// The message about a service that still has tasks.
pub(crate) fn drains(service: &ServiceView) -> String {
    format!(
        "the service is being deleted and {} of its tasks still run; the resources that they use are kept until they stop",
        service.tasks()
    )
}
