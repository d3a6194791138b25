//! Risks of a deployment of ours that come from the settings of the service. Only notes: nothing is held.

use firelens_aws::observe::ServiceView;
use firelens_inject::{Note, NoteCode};
use firelens_types::v1alpha1::{LoggingPolicy, OnFailure};

/// For a service that does not roll back by itself: what that means for its tasks when the deployment fails.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>.
pub(crate) fn of_deployment(service: &ServiceView, policy: &LoggingPolicy) -> Option<Note> {
    let settings = &service.deployment_settings;
    let is_rolling = service.deployment_controller == "ECS" && settings.strategy == "ROLLING";
    let desired = u64::try_from(service.desired_count).unwrap_or(0);
    if !is_rolling || desired == 0 || settings.rolls_back != Some(false) {
        return None;
    }
    let minimum = settings.minimum_healthy_percent;
    let must_stay = desired.saturating_mul(minimum).div_ceil(100);
    let may_stop = desired.saturating_sub(must_stay);
    let meanwhile = match may_stop {
        0 => "its old tasks keep running until new ones run".to_owned(),
        _ => format!(
            "with minimumHealthyPercent {minimum} and maximumPercent {}, {may_stop} of its {desired} tasks may be \
             stopped before new ones run",
            settings.maximum_percent
        ),
    };
    let strategy = &policy.spec.rollout;
    let after = match strategy.on_failure {
        OnFailure::Restore => format!(
            "the operator rolls it back when ECS marks the deployment as failed or its tasks do not start within {} s \
             (rollout.progressDeadlineSeconds)",
            strategy.progress_deadline_seconds
        ),
        OnFailure::Leave => {
            "the operator does not roll it back (rollout.onFailure: Leave)".to_owned()
        }
    };
    Some(Note::new(
        NoteCode::NoRollback,
        format!(
            "the service does not roll back a failed deployment by itself (deploymentCircuitBreaker): {meanwhile}; \
             {after}"
        ),
    ))
}
