//! One workload as text: the policies, the conditions with what their reasons mean, revisions, rollout.
//!
//! It shows what the API returned, and the documented meaning of each reason.

use std::fmt::Write;

use firelens_inject::Reason;
use firelens_report::status::REASONS;
use firelens_types::v1alpha1::{
    Condition, ConditionStatus, DriftedPath, Rollout, Workload, WorkloadDeployment, WorkloadStatus,
};
use serde::Deserialize;
use serde_json::Value;

use super::Explanation;

/// Members of status that have their own form here; all others are shown as YAML.
const KNOWN: [&str; 17] = [
    "target",
    "clusterArn",
    "serviceArn",
    "serviceName",
    "launchType",
    "platform",
    "schedulingStrategy",
    "deploymentController",
    "policy",
    "wave",
    "otherPolicies",
    "baseRevision",
    "managedRevision",
    "currentRevision",
    "deployment",
    "drift",
    "conditions",
];

// Writing into a String cannot fail, so the result of `write!` is ignored.

/// Returns everything that is known of the workload.
pub(super) fn whole(workload: &Workload, known: &Explanation) -> String {
    let nothing = WorkloadStatus::default();
    let status = workload.status.as_ref().unwrap_or(&nothing);
    let mut text = String::new();
    let spec = &workload.spec;
    let _ = writeln!(
        text,
        "{}: service {} of cluster {} in target {}{}",
        workload.name(),
        spec.service,
        spec.cluster,
        spec.target,
        platform(status)
    );
    text.push_str("\npolicies\n");
    if known.policies.is_empty() {
        text.push_str("  none\n");
    }
    for policy in &known.policies {
        let _ = writeln!(
            text,
            "  {} {}: {}",
            policy.policy,
            policy.outcome.words(),
            policy.message
        );
    }
    text.push_str("\nconditions\n");
    for condition in &status.conditions {
        self::condition(&mut text, condition);
    }
    revisions(&mut text, status);
    if let Some(deployment) = &status.deployment {
        self::deployment(&mut text, deployment);
    }
    drift(&mut text, &status.drift);
    if let Some(raw) = &known.rollout {
        rollout(&mut text, raw, status);
    }
    further(&mut text, &known.workload["status"]);
    text
}

/// Returns what the tasks run on, as far as that is known.
fn platform(status: &WorkloadStatus) -> String {
    let parts = [
        status.launch_type.as_deref(),
        status.scheduling_strategy.as_deref(),
        status
            .deployment_controller
            .as_deref()
            .filter(|name| *name != "ECS"),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(" ({})", parts.join(", ")),
    }
}

fn condition(text: &mut String, condition: &Condition) {
    let sign = match condition.status {
        ConditionStatus::True => "yes",
        ConditionStatus::False => "no",
        ConditionStatus::Unknown => "unknown",
    };
    let _ = writeln!(
        text,
        "  {:<12} {sign:<8} {} since {:.0}",
        condition.type_, condition.reason, condition.last_transition_time
    );
    if !condition.message.is_empty() {
        let _ = writeln!(text, "    {}", condition.message);
    }
    let meaning = meaning(&condition.reason);
    let message = condition.message.to_lowercase();
    let is_told = message.contains(&meaning.trim_end_matches('.').to_lowercase());
    if condition.status != ConditionStatus::True && !is_told {
        let _ = writeln!(text, "    ({meaning})");
    }
}

/// Returns the documented meaning of a reason; empty for a reason of a newer version.
fn meaning(word: &str) -> &'static str {
    let refusal = Reason::ALL.iter().find(|reason| reason.as_str() == word);
    let known = REASONS.iter().find(|reason| reason.word == word);
    refusal
        .map(|reason| reason.meaning().trim())
        .or_else(|| known.map(|reason| reason.meaning.trim()))
        .unwrap_or_default()
}

fn revisions(text: &mut String, status: &WorkloadStatus) {
    text.push_str("\nrevisions\n");
    for (label, arn, whose) in [
        ("live", &status.current_revision, "set on the service"),
        (
            "base",
            &status.base_revision,
            "registered by the owner; restored on removal",
        ),
        (
            "managed",
            &status.managed_revision,
            "base with the router, registered by the operator",
        ),
    ] {
        if let Some(arn) = arn {
            let short = arn.rsplit('/').next().unwrap_or(arn);
            let _ = writeln!(text, "  {label:<8} {short:<24} {whose}");
        }
    }
}

fn deployment(text: &mut String, deployment: &WorkloadDeployment) {
    text.push_str("\nlast deployment by the operator\n");
    let _ = write!(
        text,
        "  {}: {} of {} tasks run, {} failed",
        deployment.state,
        deployment.running_count,
        deployment.desired_count,
        deployment.failed_tasks
    );
    if let Some(started) = deployment.started_at {
        let _ = write!(text, ", started {started:.0}");
    }
    if let Some(completed) = deployment.completed_at {
        let _ = write!(text, ", completed {completed:.0}");
    }
    text.push('\n');
    if let Some(reason) = &deployment.reason {
        let _ = writeln!(text, "  {reason}");
    }
}

/// Writes where somebody else's revision differs from the one of the operator.
fn drift(text: &mut String, paths: &[DriftedPath]) {
    if !paths.is_empty() {
        text.push_str("\ndrift, after a deployment by somebody else\n");
    }
    for drifted in paths {
        let whose = drifted.class.as_str().to_lowercase();
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let (before, after) = (shown(&drifted.before), shown(&drifted.after));
        let _ = writeln!(text, "  {whose:<7} {}: {before} -> {after}", drifted.path);
    }
}

fn rollout(text: &mut String, raw: &Value, status: &WorkloadStatus) {
    let Ok(rollout) = Rollout::deserialize(raw) else {
        return;
    };
    let place = match status.wave {
        Some(0) => "started with the canary".to_owned(),
        Some(wave) => format!("started in wave {wave}"),
        None => "not started by this rollout".to_owned(),
    };
    let message = rollout
        .status
        .as_ref()
        .map_or("", |status| status.message.as_str());
    let _ = writeln!(text, "\nrollout\n  {}: {place}; {message}", rollout.name());
}

/// Writes the other members of the status: an API of a newer version may have more.
fn further(text: &mut String, status: &Value) {
    let members = status.as_object().into_iter().flatten();
    for (name, value) in members.filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
        let yaml = serde_yaml::to_string(value).unwrap_or_default();
        let _ = writeln!(text, "\n{name}");
        text.push_str(&crate::client::output::indented("  ", &yaml));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use firelens_plan::select::policy_outcomes;
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_is_known_is_shown() {
        let raw = json!({
            "apiVersion": "firelens.dev/v1alpha1", "kind": "Workload",
            "metadata": {"name": "prod.main.web"},
            "spec": {"target": "prod", "cluster": "main", "service": "web"},
            "status": {
                "launchType": "FARGATE", "schedulingStrategy": "REPLICA", "deploymentController": "ECS",
                "wave": 0,
                "baseRevision": "arn:aws:ecs:r:1:task-definition/web:1",
                "currentRevision": "arn:aws:ecs:r:1:task-definition/web:1",
                "deployment": {
                    "state": "FAILED", "reason": "ECS deployment circuit breaker: tasks failed to start.",
                    "desiredCount": 2, "runningCount": 0, "failedTasks": 3,
                    "startedAt": "2026-11-20T08:00:00Z",
                },
                "drift": [{"path": "cpu", "class": "Theirs", "before": "256", "after": "512"}],
                "newer": [{"a": 1}],
                "conditions": [{
                    "type": "Selected", "status": "False", "reason": "NoPolicySelects", "message": "nearest is a",
                    "lastTransitionTime": "2026-11-20T08:00:00Z", "observedGeneration": 1,
                }],
            },
        });
        let workload: Workload = serde_json::from_value(raw.clone()).unwrap();
        let rollout = json!({
            "apiVersion": "firelens.dev/v1alpha1", "kind": "Rollout", "metadata": {"name": "a.g1.prod"},
            "spec": {"policy": "a", "generation": 1, "target": "prod"}, "status": {"message": "1 failed"},
        });
        let known = Explanation {
            policies: policy_outcomes(&workload, &[]),
            workload: raw,
            rollout: Some(rollout),
        };
        assert_eq!(
            whole(&workload, &known),
            "\
prod.main.web: service web of cluster main in target prod (FARGATE, REPLICA)

policies
  none

conditions
  Selected     no       NoPolicySelects since 2026-11-20T08:00:00Z
    nearest is a
    (No policy selects the workload.)

revisions
  live     web:1                    set on the service
  base     web:1                    registered by the owner; restored on removal

last deployment by the operator
  FAILED: 0 of 2 tasks run, 3 failed, started 2026-11-20T08:00:00Z
  ECS deployment circuit breaker: tasks failed to start.

drift, after a deployment by somebody else
  theirs  cpu: 256 -> 512

rollout
  a.g1.prod: started with the canary; 1 failed

newer
  - a: 1
"
        );
    }
}
