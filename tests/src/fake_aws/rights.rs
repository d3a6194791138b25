//! Which rights a call needs: actions, the resources they are about, and the condition keys it has.
//! As the Service Authorization Reference lists them; a test holds every call of the suite against it.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/>

use std::collections::BTreeMap;

use serde_json::Value;

use super::calls::{Call, Service};
use super::state::State;

/// One action on each of these resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) action: &'static str,
    pub(super) resources: Vec<String>,
    pub(super) context: BTreeMap<String, Vec<String>>,
}

impl Need {
    fn on(action: &'static str, resources: Vec<String>) -> Self {
        Self {
            action,
            resources,
            context: BTreeMap::new(),
        }
    }

    /// For actions that know no resources.
    fn anywhere(action: &'static str) -> Self {
        Self::on(action, vec!["*".to_owned()])
    }

    fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context
            .entry(key.to_owned())
            .or_default()
            .push(value.into());
        self
    }
}

/// What a call needs; `None` for one that is not known here.
pub(super) fn of(state: &State, call: &Call) -> Option<Vec<Need>> {
    match call.service {
        Service::Ecs => ecs(state, call),
        Service::Iam => iam(state, call),
        Service::S3 => s3(state, call),
        Service::CloudWatch => Some(vec![Need::anywhere(match call.operation.as_str() {
            "DescribeAlarms" => "cloudwatch:DescribeAlarms",
            "GetMetricData" => "cloudwatch:GetMetricData",
            _ => return None,
        })]),
        Service::Logs => logs(call),
        Service::Ecr => ecr(call),
        Service::Sts | Service::Prometheus => Some(Vec::new()),
    }
}

/// What tells a missing object from a forbidden one.
pub(super) fn to_list(state: &State, call: &Call) -> Need {
    let bucket = call.text("Bucket");
    owned(
        state,
        call,
        Need::on(
            "s3:ListBucket",
            vec![format!("arn:{}:s3:::{bucket}", call.place.partition())],
        ),
    )
}

fn ecs(state: &State, call: &Call) -> Option<Vec<Need>> {
    let place = &call.place;
    let cluster = named(call.text("cluster"), "default");
    let cluster_arn = place.ecs_arn(&format!("cluster/{cluster}"));
    let arn = |kind: &str, name: &str| place.ecs_arn(&format!("{kind}/{cluster}/{}", last(name)));
    let each = |kind: &str, member: &str| -> Vec<String> {
        list(&call.params[member])
            .map(|name| arn(kind, name))
            .collect()
    };
    let in_cluster = |need: Need| vec![need.with("ecs:cluster", cluster_arn.clone())];
    Some(match call.operation.as_str() {
        "ListServices" => in_cluster(Need::anywhere("ecs:ListServices")),
        "DescribeServices" => in_cluster(Need::on(
            "ecs:DescribeServices",
            each("service", "services"),
        )),
        "ListContainerInstances" => vec![Need::on("ecs:ListContainerInstances", vec![cluster_arn])],
        "DescribeContainerInstances" => in_cluster(Need::on(
            "ecs:DescribeContainerInstances",
            each("container-instance", "containerInstances"),
        )),
        "ListTasks" => in_cluster(Need::anywhere("ecs:ListTasks")),
        "DescribeTasks" => in_cluster(Need::on("ecs:DescribeTasks", each("task", "tasks"))),
        "ListServiceDeployments" => in_cluster(Need::on(
            "ecs:ListServiceDeployments",
            vec![arn("service", call.text("service"))],
        )),
        "DescribeServiceDeployments" => {
            let deployments = list(&call.params["serviceDeploymentArns"]);
            deployments
                .map(|arn| of_service_part("ecs:DescribeServiceDeployments", arn))
                .collect()
        }
        "DescribeServiceRevisions" => list(&call.params["serviceRevisionArns"])
            .map(|arn| of_service_part("ecs:DescribeServiceRevisions", arn))
            .collect(),
        "StopServiceDeployment" => {
            let deployment = call.text("serviceDeploymentArn");
            vec![of_service_part("ecs:StopServiceDeployment", deployment)]
        }
        "UpdateExpressGatewayService" => {
            let service = call.text("serviceArn").to_owned();
            vec![Need::on("ecs:UpdateExpressGatewayService", vec![service])]
        }
        "UpdateService" => {
            let mut need = Need::on(
                "ecs:UpdateService",
                vec![arn("service", call.text("service"))],
            )
            .with("ecs:cluster", cluster_arn.clone());
            if let Some(revision) = call.params["taskDefinition"].as_str() {
                need = need.with("ecs:task-definition", revision);
            }
            vec![need]
        }
        _ => return beside_services(state, call),
    })
}

/// ECS calls that are about no service.
fn beside_services(state: &State, call: &Call) -> Option<Vec<Need>> {
    let place = &call.place;
    Some(match call.operation.as_str() {
        "ListClusters" => vec![Need::anywhere("ecs:ListClusters")],
        "DescribeClusters" => {
            let clusters = list(&call.params["clusters"])
                .map(|name| place.ecs_arn(&format!("cluster/{}", last(name))));
            vec![Need::on("ecs:DescribeClusters", clusters.collect())]
        }
        "DescribeCapacityProviders" => {
            let providers = list(&call.params["capacityProviders"]);
            let arns =
                providers.map(|name| place.ecs_arn(&format!("capacity-provider/{}", last(name))));
            vec![Need::on("ecs:DescribeCapacityProviders", arns.collect())]
        }
        "DescribeTaskDefinition" => vec![Need::anywhere("ecs:DescribeTaskDefinition")],
        "ListTaskDefinitions" => vec![Need::anywhere("ecs:ListTaskDefinitions")],
        "RegisterTaskDefinition" => registration(state, call),
        "DeregisterTaskDefinition" => vec![Need::anywhere("ecs:DeregisterTaskDefinition")],
        _ => return None,
    })
}

/// What is about a part of a service (a deployment, a revision) is about the service too.
fn of_service_part(action: &'static str, arn: &str) -> Need {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let names: Vec<&str> = parts
        .last()
        .copied()
        .unwrap_or_default()
        .split('/')
        .collect();
    let head = parts
        .get(..5)
        .map(|head| head.join(":"))
        .unwrap_or_default();
    let (cluster, service) = (names.get(1).unwrap_or(&""), names.get(2).unwrap_or(&""));
    let service = format!("{head}:service/{cluster}/{service}");
    Need::on(action, vec![arn.to_owned(), service])
        .with("ecs:cluster", format!("{head}:cluster/{cluster}"))
}

/// Registering sends tags and hands over roles, each a right of its own.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html>
fn registration(state: &State, call: &Call) -> Vec<Need> {
    let params = &call.params;
    let family = call.text("family");
    let revisions = vec![call.place.ecs_arn(&format!("task-definition/{family}:*"))];
    let mut register = Need::on("ecs:RegisterTaskDefinition", revisions.clone());
    let mut tag =
        Need::on("ecs:TagResource", revisions).with("ecs:CreateAction", "RegisterTaskDefinition");
    for (key, name) in [("ecs:task-cpu", "cpu"), ("ecs:task-memory", "memory")] {
        if let Some(value) = params[name].as_str() {
            register = register.with(key, value);
        }
    }
    let tags = params["tags"].as_array().map_or(&[][..], Vec::as_slice);
    for pair in tags {
        let (key, value) = (
            pair["key"].as_str().unwrap_or(""),
            pair["value"].as_str().unwrap_or(""),
        );
        for need in [&mut register, &mut tag] {
            *need = need
                .clone()
                .with(&format!("aws:RequestTag/{key}"), value)
                .with("aws:TagKeys", key);
        }
    }
    let mut needs = vec![register];
    if !tags.is_empty() {
        needs.push(tag);
    }
    for member in ["taskRoleArn", "executionRoleArn"] {
        if let Some(role) = params[member].as_str().filter(|role| !role.is_empty()) {
            let role = role_arn(state, call, role);
            needs.push(
                Need::on("iam:PassRole", vec![role])
                    .with("iam:PassedToService", "ecs-tasks.amazonaws.com"),
            );
        }
    }
    needs
}

fn iam(state: &State, call: &Call) -> Option<Vec<Need>> {
    let on_role = |action: &'static str| {
        let name = call.text("RoleName");
        let need = Need::on(action, vec![role_arn(state, call, name)]);
        let boundary = state.roles.boundary(&call.place.account, name);
        vec![match boundary {
            Some(boundary) => need.with("iam:PermissionsBoundary", boundary),
            None => need,
        }]
    };
    let plainly = |action: &'static str| {
        vec![Need::on(
            action,
            vec![role_arn(state, call, call.text("RoleName"))],
        )]
    };
    Some(match call.operation.as_str() {
        "GetRole" => on_role("iam:GetRole"),
        "PutRolePolicy" => on_role("iam:PutRolePolicy"),
        "DeleteRolePolicy" => on_role("iam:DeleteRolePolicy"),
        "GetRolePolicy" => plainly("iam:GetRolePolicy"),
        "ListRolePolicies" => plainly("iam:ListRolePolicies"),
        "ListAttachedRolePolicies" => plainly("iam:ListAttachedRolePolicies"),
        "SimulatePrincipalPolicy" => {
            vec![Need::on(
                "iam:SimulatePrincipalPolicy",
                vec![call.text("PolicySourceArn").to_owned()],
            )]
        }
        "GetPolicy" => vec![Need::on(
            "iam:GetPolicy",
            vec![call.text("PolicyArn").to_owned()],
        )],
        "GetPolicyVersion" => vec![Need::on(
            "iam:GetPolicyVersion",
            vec![call.text("PolicyArn").to_owned()],
        )],
        _ => return None,
    })
}

/// IAM knows roles by their path too, while calls name them by their name.
fn role_arn(state: &State, call: &Call, role: &str) -> String {
    if role.starts_with("arn:") {
        return role.to_owned();
    }
    let (account, name) = (&call.place.account, last(role));
    let path = state.roles.path(account, name).unwrap_or("/");
    format!(
        "arn:{}:iam::{account}:role{path}{name}",
        call.place.partition()
    )
}

fn s3(state: &State, call: &Call) -> Option<Vec<Need>> {
    let object = || {
        let (bucket, key) = (call.text("Bucket"), call.text("Key"));
        vec![format!(
            "arn:{}:s3:::{bucket}/{key}",
            call.place.partition()
        )]
    };
    let need = match call.operation.as_str() {
        "HeadBucket" | "ListObjectsV2" => return Some(vec![to_list(state, call)]),
        "HeadObject" | "GetObject" => Need::on("s3:GetObject", object()),
        "PutObject" => Need::on("s3:PutObject", object()),
        "DeleteObject" => Need::on("s3:DeleteObject", object()),
        _ => return None,
    };
    Some(vec![owned(state, call, need)])
}

/// With the account that owns the bucket.
fn owned(state: &State, call: &Call, need: Need) -> Need {
    match state.buckets.get(call.text("Bucket")) {
        Some(bucket) => need.with("s3:ResourceAccount", bucket.owner.clone()),
        None => need,
    }
}

fn logs(call: &Call) -> Option<Vec<Need>> {
    let place = &call.place;
    let group = format!(
        "arn:{}:logs:{}:{}:log-group:{}",
        place.partition(),
        place.region,
        place.account,
        call.text("logGroupName")
    );
    Some(vec![match call.operation.as_str() {
        "DescribeLogStreams" => Need::on("logs:DescribeLogStreams", vec![group]),
        "GetLogEvents" => {
            let stream = call.text("logStreamName");
            Need::on(
                "logs:GetLogEvents",
                vec![format!("{group}:log-stream:{stream}")],
            )
        }
        _ => return None,
    }])
}

fn ecr(call: &Call) -> Option<Vec<Need>> {
    let place = &call.place;
    let account = match call.text("registryId") {
        "" => &place.account,
        named => named,
    };
    let repository = format!(
        "arn:{}:ecr:{}:{account}:repository/{}",
        place.partition(),
        place.region,
        call.text("repositoryName")
    );
    match call.operation.as_str() {
        "BatchGetImage" => Some(vec![Need::on("ecr:BatchGetImage", vec![repository])]),
        _ => None,
    }
}

fn list(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn named<'a>(identifier: &'a str, default: &'a str) -> &'a str {
    let name = last(identifier);
    if name.is_empty() { default } else { name }
}

fn last(identifier: &str) -> &str {
    identifier.rsplit('/').next().unwrap_or(identifier)
}
