//! A service as the API shows it.

use serde_json::{Value, json};

use super::Ctx;
use super::service::{Service, Status};
use crate::fake_aws::calls::Place;
use crate::fake_aws::reply::seconds;

/// Members that a deployment has as the service has them.
const OF_PLACE: [&str; 5] = [
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "networkConfiguration",
];

impl Service {
    /// Returns it as `service` of a response.
    pub(super) fn view(&self, ctx: &Ctx<'_>, with_tags: bool) -> Value {
        let mut view = self.view_at(ctx.place);
        if !with_tags && let Some(members) = view.as_object_mut() {
            members.remove("tags");
        }
        view
    }

    /// Returns it as `service` of a response, with tags.
    pub(in crate::fake_aws) fn view_at(&self, place: &Place) -> Value {
        let mut view = self.fields.clone();
        let cluster_arn = place.ecs_arn(&format!("cluster/{}", self.cluster));
        let running = match self.status {
            Status::Active => self.desired_count(),
            Status::Draining | Status::Inactive => self.draining,
        };
        let events = json!([]);
        let role = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
        let role = format!("arn:{}:iam::{}:{role}", place.partition(), place.account);
        let mut put = |name: &str, value: Value| view.insert(name.to_owned(), value);
        put("serviceArn", json!(self.arn));
        put("serviceName", json!(self.name));
        put("clusterArn", json!(cluster_arn));
        put("status", json!(self.status.name()));
        put("desiredCount", json!(self.desired_count()));
        put("runningCount", json!(running));
        put("pendingCount", json!(0));
        put("createdAt", seconds(self.created_ms));
        put("events", events);
        put("roleArn", json!(role));
        if self.controller() != "EXTERNAL" {
            put("taskDefinition", json!(self.task_definition));
        }
        if self.controller() == "ECS" {
            put("deployments", self.deployments_view());
            if let Some(current) = self.history.first() {
                put("currentServiceDeployment", json!(current.arn));
            }
        } else {
            // There is no list of deployments then, not even an empty one.
            put("taskSets", self.task_sets(&cluster_arn));
        }
        put("tags", json!(self.tags));
        Value::Object(view)
    }

    pub(super) fn desired_count(&self) -> u64 {
        self.fields
            .get("desiredCount")
            .and_then(Value::as_u64)
            .unwrap_or(0)
    }

    fn deployments_view(&self) -> Value {
        let desired = self.desired_count();
        let state = self.rollout_state();
        self.deployments
            .iter()
            .enumerate()
            .map(|(index, deployment)| {
                let primary = index == 0;
                let lingers = state.is_some_and(|state| deployment.lingers(state));
                let running = if primary && deployment.runs() || lingers {
                    desired.max(self.draining)
                } else {
                    0
                };
                let mut view = json!({
                    "id": deployment.id,
                    "status": if primary { "PRIMARY" } else { "ACTIVE" },
                    "taskDefinition": deployment.task_definition,
                    "desiredCount": if primary { desired } else { 0 },
                    "pendingCount": 0,
                    "runningCount": running,
                    "failedTasks": deployment.failed_tasks,
                    "createdAt": seconds(deployment.created_ms),
                    "updatedAt": seconds(deployment.updated_ms),
                    "rolloutState": deployment.state.name(),
                    "rolloutStateReason": deployment.reason,
                });
                for member in OF_PLACE {
                    if let Some(value) = self.fields.get(member) {
                        view[member] = value.clone();
                    }
                }
                view
            })
            .collect()
    }

    fn task_sets(&self, cluster_arn: &str) -> Value {
        if self.task_definition.is_empty() {
            return json!([]);
        }
        let id = "ecs-svc/0000000000000000000";
        let (cluster, name) = (&self.cluster, &self.name);
        let kind = format!("task-set/{cluster}/{name}/{id}");
        let arn = cluster_arn.replace(&format!("cluster/{cluster}"), &kind);
        json!([{
            "id": id,
            "taskSetArn": arn,
            "serviceArn": self.arn,
            "clusterArn": cluster_arn,
            "status": "PRIMARY",
            "taskDefinition": self.task_definition,
            "computedDesiredCount": self.desired_count(),
            "pendingCount": 0,
            "runningCount": self.desired_count(),
            "createdAt": seconds(self.created_ms),
            "updatedAt": seconds(self.created_ms),
            "scale": {"value": 100.0, "unit": "PERCENT"},
            "stabilityStatus": "STEADY_STATE",
            "stabilityStatusAt": seconds(self.created_ms),
            "tags": [],
        }])
    }
}
