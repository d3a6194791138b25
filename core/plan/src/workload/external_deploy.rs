//! Services that something else than ECS deploys (external deploy): what their owner has to do with the prepared
//! revision.
//!
//! There is no step for them: UpdateService refuses a task definition there, and nothing else is forced.

use crate::workload::desire::{Change, WantedRevision};
use firelens_aws::observe::ServiceView;
use firelens_aws::record::WorkloadRecord;

/// Whether UpdateService deploys a revision of the service. Source:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>.
pub(crate) fn is_deployed_by_ecs(service: &ServiceView) -> bool {
    matches!(service.deployment_controller.as_str(), "" | "ECS")
}

/// The revision that a change brings, once it exists.
pub(crate) fn prepared(record: &WorkloadRecord, change: &Change) -> Option<String> {
    match &change.revision {
        WantedRevision::Existing(arn) => Some(arn.clone()),
        WantedRevision::Content { .. } => record
            .registered
            .as_ref()
            .filter(|known| known.serves(&change.hash))
            .map(|known| known.arn.clone()),
    }
}
