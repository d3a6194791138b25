//! Whether somebody else acted on a service: checked before an update of ours, and in its answer.
//!
//! Repairs nothing: the next pass does that.

use firelens_aws::observe::ServiceView;
use firelens_plan::UpdateStep;

/// Returns what differs from what the step was planned from.
pub(super) fn moved(
    seen: &ServiceView,
    step: &UpdateStep,
    planned_from: Option<&ServiceView>,
) -> Option<String> {
    if seen.status != "ACTIVE" {
        return Some(format!("the service is {}", seen.status));
    }
    if seen.task_definition != step.expected {
        return Some(format!(
            "the service now uses {}, not {}",
            seen.task_definition, step.expected
        ));
    }
    let ids = |service: &ServiceView| -> Vec<String> {
        let deployments = service.deployments.iter();
        deployments
            .map(|deployment| deployment.id.clone())
            .collect()
    };
    let known = planned_from.map(ids);
    (known.is_some_and(|known| known != ids(seen)))
        .then(|| "another deployment started or ended in the meantime".to_owned())
}

/// Returns the owner's revision that our update cut short: a deployment in the answer that is neither ours, nor of
/// the revision before ours, nor one that existed when the service was read.
pub(super) fn overtaken(
    answer: &ServiceView,
    seen: &ServiceView,
    step: &UpdateStep,
    revision: &str,
) -> Option<String> {
    let was_there = |id: &str| seen.deployments.iter().any(|known| known.id == id);
    answer
        .deployments
        .iter()
        .find(|deployment| {
            deployment.status != "PRIMARY"
                && deployment.task_definition != revision
                && deployment.task_definition != step.expected
                && !was_there(&deployment.id)
        })
        .map(|deployment| deployment.task_definition.clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use firelens_aws::record::{PolicyRef, Purpose};
    use firelens_plan::RevisionRef;
    use serde_json::{Value, json};

    use super::*;

    fn service(revision: &str, deployments: &[(&str, &str, &str)]) -> ServiceView {
        let deployments: Vec<Value> = deployments
            .iter()
            .map(|(id, status, revision)| {
                json!({"id": id, "status": status, "taskDefinition": revision})
            })
            .collect();
        let raw = json!({
            "serviceArn": "arn", "serviceName": "web", "status": "ACTIVE",
            "taskDefinition": revision, "deployments": deployments
        });
        ServiceView::parse(&raw.to_string()).unwrap()
    }

    fn step() -> UpdateStep {
        UpdateStep {
            moved_images: Vec::new(),
            cluster_arn: "cluster".into(),
            service: "web".into(),
            expected: "web:1".into(),
            revision: RevisionRef::Arn("web:2".into()),
            purpose: Purpose::Inject,
            policy: PolicyRef {
                name: "p".into(),
                uid: "u".into(),
                generation: 1,
            },
            hash: "h".into(),
            base: None,
            grants: Vec::new(),
            stop: None,
        }
    }

    #[test]
    fn a_step_is_dropped_when_its_service_changed_after_planning() {
        let planned = service("web:1", &[("a", "PRIMARY", "web:1")]);
        assert_eq!(moved(&planned, &step(), Some(&planned)), None);
        let deployed = service("web:9", &[("b", "PRIMARY", "web:9")]);
        assert!(moved(&deployed, &step(), Some(&planned)).is_some());
        let restarted = service(
            "web:1",
            &[("b", "PRIMARY", "web:1"), ("a", "ACTIVE", "web:1")],
        );
        assert!(moved(&restarted, &step(), Some(&planned)).is_some());
    }

    #[test]
    fn a_lost_race_shows_in_the_answer() {
        let seen = service("web:1", &[("a", "PRIMARY", "web:1")]);
        let won = service(
            "web:2",
            &[("c", "PRIMARY", "web:2"), ("a", "ACTIVE", "web:1")],
        );
        assert_eq!(overtaken(&won, &seen, &step(), "web:2"), None);
        let lost = service(
            "web:2",
            &[
                ("c", "PRIMARY", "web:2"),
                ("b", "ACTIVE", "web:9"),
                ("a", "ACTIVE", "web:1"),
            ],
        );
        assert_eq!(
            overtaken(&lost, &seen, &step(), "web:2").as_deref(),
            Some("web:9")
        );
    }
}
