//! Objects and task definitions that simulations start from.

use firelens_types::v1alpha1::{Kind, LoggingPolicy, admit};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";

pub(crate) fn object<T: serde::de::DeserializeOwned>(kind: Kind, value: &Value) -> T {
    let admitted = admit(kind, value).unwrap_or_else(|errors| panic!("{errors:?}"));
    serde_json::from_value(admitted).unwrap()
}

/// A policy that sends everything to one Firehose stream. `spec` is merged on top.
pub(crate) fn policy(name: &str, spec: &Value) -> LoggingPolicy {
    let mut whole = json!({
        "mode": "Enforce",
        "outputs": [{"name": "main", "destination": {"firehose": {"deliveryStream": "logs", "region": REGION}}}],
        "rollout": {"canary": {"count": 0}}
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        whole[field] = value.clone();
    }
    // What the world shows is complete at once, and no waiter polls it.
    if whole["rollout"].get("settleSeconds").is_none() {
        whole["rollout"]["settleSeconds"] = json!(0);
    }
    let mut policy: LoggingPolicy = object(
        Kind::LoggingPolicy,
        &json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "LoggingPolicy", "metadata": {"name": name}, "spec": whole}),
    );
    policy.metadata.uid = Some(format!("uid-of-{name}"));
    policy.metadata.generation = Some(1);
    policy.metadata.creation_timestamp = Some(Timestamp::UNIX_EPOCH);
    policy
}

/// A task definition as an owner registers it.
pub(crate) fn base(service: &str, image: &str) -> Value {
    json!({
        "family": service, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "taskRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/task-{service}"),
        "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/exec-{service}"),
        "containerDefinitions": [{
            "name": "app", "image": image, "essential": true,
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/app", "awslogs-region": REGION}}
        }]
    })
}
