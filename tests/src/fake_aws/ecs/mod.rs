//! ECS of one account and region: clusters, services, task definitions, deployments, tags.
//! It behaves as the API is documented; the only clock is [`Ctx::now_ms`].
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html>

mod clusters;
mod deployments;
mod express;
mod instances;
mod normalise;
mod service;
mod service_view;
mod services;
mod sizes;
mod tags;
mod task_definitions;
mod tasks;
mod update;
mod validate;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::calls::{Call, Place};
use super::ecr::Registry;
use super::lag::{Lag, Lagged, RevisionLag};
use super::reply::AwsError;

pub use service::{Deploying, DeploymentEnd};
pub(super) use service::{RolloutState, Service, Status};
pub(super) use task_definitions::Revision;

/// Decides how a deployment ends.
pub(super) type Evaluate = Arc<dyn Fn(&Deploying<'_>) -> DeploymentEnd + Send + Sync>;

/// One account and region.
#[derive(Debug, Default)]
pub(super) struct Region {
    pub(super) clusters: BTreeMap<String, Cluster>,
    pub(super) families: BTreeMap<String, Vec<Revision>>,
    /// Types of capacity providers, where they are not `EC2_AUTOSCALING`.
    pub(super) provider_types: BTreeMap<String, String>,
    /// How the coming deployments of `cluster/service` end, in order.
    pub(super) scripts: BTreeMap<String, VecDeque<DeploymentEnd>>,
    /// Tasks of `cluster/service` that have stopped, as `DescribeTasks` shows them.
    pub(super) stopped_tasks: BTreeMap<String, Vec<Value>>,
    /// What containers report, by `cluster/service/container`.
    pub(super) container_health: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) fields: Map<String, Value>,
    pub(super) tags: Vec<Value>,
    /// Container instances as `DescribeContainerInstances` shows them.
    pub(super) instances: Vec<Value>,
    pub(super) services: BTreeMap<String, Lagged<Service>>,
}

/// What an operation may look at beside the region.
pub(super) struct Ctx<'a> {
    pub(super) place: &'a Place,
    pub(super) now_ms: i64,
    pub(super) lag: Lag,
    pub(super) revision_lag: RevisionLag,
    pub(super) deployment_ms: i64,
    pub(super) evaluate: Option<&'a Evaluate>,
    pub(super) registry: &'a Registry,
    pub(super) serial: &'a mut u64,
}

impl Ctx<'_> {
    /// The next number of this AWS, for ids.
    fn next(&mut self) -> u64 {
        *self.serial += 1;
        *self.serial
    }
}

pub(super) fn execute(
    region: &mut Region,
    ctx: &mut Ctx<'_>,
    call: &Call,
) -> Result<Value, AwsError> {
    let params = &call.params;
    if !params.is_object() {
        return Err(AwsError::new(
            400,
            "SerializationException",
            "the body is not a JSON object",
        ));
    }
    match call.operation.as_str() {
        "CreateCluster" => clusters::create(region, ctx, params),
        "ListClusters" => clusters::list(region, ctx, params),
        "DescribeClusters" => clusters::describe(region, ctx, params),
        "DescribeCapacityProviders" => clusters::describe_providers(region, ctx, params),
        "ListContainerInstances" => instances::list(region, params),
        "DescribeContainerInstances" => instances::describe(region, params),
        "CreateService" => services::create(region, ctx, params),
        "ListServices" => services::list(region, ctx, params),
        "DescribeServices" => services::describe(region, ctx, params),
        "DeleteService" => services::delete(region, ctx, params),
        "UpdateService" => update::update(region, ctx, params),
        "UpdateExpressGatewayService" => express::update(region, ctx, params),
        "ListTasks" => tasks::list(region, ctx, params),
        "DescribeTasks" => tasks::describe(region, ctx, params),
        "DescribeServiceDeployments" => deployments::describe(region, ctx, params),
        "StopServiceDeployment" => deployments::stop(region, ctx, params),
        "ListServiceDeployments" => deployments::list(region, ctx, params),
        "RegisterTaskDefinition" => {
            task_definitions::register(region, ctx, params, call.body.len())
        }
        "DeregisterTaskDefinition" => task_definitions::deregister(region, ctx, params),
        "DescribeTaskDefinition" => task_definitions::describe(region, ctx, params),
        "ListTaskDefinitions" => task_definitions::list(region, ctx, params),
        "TagResource" => tags::tag(region, ctx, params),
        "UntagResource" => tags::untag(region, ctx, params),
        "ListTagsForResource" => tags::list(region, ctx, params),
        other => Err(AwsError::new(
            400,
            "UnknownOperationException",
            format!("the fake AWS does not speak {other}"),
        )),
    }
}

impl Region {
    /// When the next deployment or draining ends.
    pub(super) fn next_change_ms(&self) -> Option<i64> {
        self.each_service()
            .filter_map(|service| service.newest().next_change_ms())
            .min()
    }

    /// Ends what is due at `ctx.now_ms`.
    pub(super) fn progress(&mut self, ctx: &mut Ctx<'_>) {
        let now_ms = ctx.now_ms;
        for cluster in self.clusters.values_mut() {
            for service in cluster.services.values_mut() {
                let due = service.newest().next_change_ms();
                if due.is_some_and(|at_ms| at_ms <= now_ms) {
                    service.write(now_ms, |service| service.progress(ctx));
                }
            }
        }
    }

    /// Reads see the newest versions from now on.
    pub(super) fn collapse(&mut self) {
        for cluster in self.clusters.values_mut() {
            cluster.services.values_mut().for_each(Lagged::collapse);
        }
        for revision in self.families.values_mut().flatten() {
            revision.status.collapse();
        }
    }

    fn each_service(&self) -> impl Iterator<Item = &Lagged<Service>> {
        self.clusters
            .values()
            .flat_map(|cluster| cluster.services.values())
    }

    /// The cluster a request names (`default` when it names none).
    fn cluster_mut(&mut self, params: &Value) -> Result<&mut Cluster, AwsError> {
        self.clusters
            .get_mut(last_segment(text(params, "cluster").unwrap_or("default")))
            .ok_or_else(|| AwsError::new(400, "ClusterNotFoundException", "Cluster not found."))
    }
}

/// A member of `params` as text.
fn text<'a>(params: &'a Value, name: &str) -> Option<&'a str> {
    params.get(name).and_then(Value::as_str)
}

/// A member of `params` as a list; empty when absent.
fn list_of<'a>(params: &'a Value, name: &str) -> &'a [Value] {
    params
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Whether `include` names `what`.
fn includes(params: &Value, name: &str) -> bool {
    list_of(params, "include")
        .iter()
        .any(|item| item.as_str() == Some(name))
}

/// `name` of `arn:…:kind/path/name` or of `name`.
fn last_segment(identifier: &str) -> &str {
    identifier.rsplit('/').next().unwrap_or(identifier)
}

/// Page sizes of an operation.
struct PageRule {
    default: usize,
    max: usize,
}

/// One page of sorted `items`: the part that `nextToken` and `maxResults` ask for, and the next token.
/// A token is the last item given, so that pages stay right when the list changes in between.
fn page(
    items: Vec<String>,
    params: &Value,
    rule: &PageRule,
) -> Result<(Vec<String>, Option<String>), AwsError> {
    let asked = match params.get("maxResults").filter(|value| !value.is_null()) {
        None => rule.default,
        Some(value) => value
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| (1..=rule.max).contains(n))
            .ok_or_else(|| {
                AwsError::invalid(format!(
                    "maxResults must be between 1 and {}, inclusive",
                    rule.max
                ))
            })?,
    };
    let start = match text(params, "nextToken") {
        None | Some("") => 0,
        Some(token) => {
            let last = token
                .strip_prefix("after:")
                .ok_or_else(|| AwsError::invalid("Invalid token provided."))?;
            items
                .iter()
                .position(|item| item == last)
                .map_or(items.len(), |index| index + 1)
        }
    };
    let rest = items.len().saturating_sub(start);
    let taken: Vec<String> = items.into_iter().skip(start).take(asked).collect();
    let token = taken
        .last()
        .filter(|_| rest > asked)
        .map(|last| format!("after:{last}"));
    Ok((taken, token))
}

/// An answer of one member, with `nextToken` when there is more.
fn paged(member: &str, items: Vec<Value>, token: Option<String>) -> Value {
    let mut answer = Map::new();
    answer.insert(member.to_owned(), Value::Array(items));
    if let Some(token) = token {
        answer.insert("nextToken".to_owned(), Value::String(token));
    }
    Value::Object(answer)
}

/// Refuses tag lists that ECS refuses.
fn check_tags(tags: &[Value]) -> Result<(), AwsError> {
    const MAX_TAGS: usize = 50;
    if tags.len() > MAX_TAGS {
        return Err(AwsError::invalid("Too many tags. The maximum is 50."));
    }
    for tag in tags {
        let key = text(tag, "key").unwrap_or("");
        if key.is_empty() {
            return Err(AwsError::invalid("Tag key can not be empty."));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(AwsError::invalid(
                "Tags with the prefix aws: are reserved for AWS use.",
            ));
        }
    }
    Ok(())
}
