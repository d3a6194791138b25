//! Services: create, list, describe, delete.
//! A service that is being deleted is described, and not listed.
//! Limits: ListServices 10 a page unless asked for up to 100; DescribeServices 10 a call.

use serde_json::{Map, Value, json};

use super::service::{Deploying, DeploymentEnd};
use super::{Ctx, PageRule, Region, Service, Status, check_tags, includes, last_segment, list_of};
use super::{page, paged, text};
use crate::fake_aws::lag::Lagged;
use crate::fake_aws::reply::AwsError;

const MAX_DESCRIBED: usize = 10;
const PAGE: PageRule = PageRule {
    default: 10,
    max: 100,
};

pub(super) fn create(
    region: &mut Region,
    ctx: &mut Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let name = text(params, "serviceName").unwrap_or("").to_owned();
    if name.is_empty() {
        return Err(AwsError::invalid("Service name cannot be null or empty."));
    }
    let cluster_name = region.cluster_mut(params)?.fields["clusterName"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    let tags = list_of(params, "tags").to_vec();
    check_tags(&tags)?;
    let mut service = Service::new(&cluster_name, &name, fields(params), tags, ctx);
    if service.controller() != "EXTERNAL" {
        let asked = text(params, "taskDefinition").unwrap_or("");
        let arn = deployable(region, ctx, &service.fields, asked)?;
        let end = region.end_of(ctx, &cluster_name, &name, &arn);
        service.deploy(&arn, end, ctx);
    }
    let cluster = region.cluster_mut(params)?;
    if cluster
        .services
        .get(&name)
        .is_some_and(|old| old.newest().status != Status::Inactive)
    {
        return Err(AwsError::invalid("Creation of service was not idempotent."));
    }
    let view = service.view(ctx, true);
    cluster
        .services
        .insert(name, Lagged::new(service, ctx.now_ms));
    Ok(json!({ "service": view }))
}

fn fields(params: &Value) -> Map<String, Value> {
    let mut fields = params.as_object().cloned().unwrap_or_default();
    for member in [
        "cluster",
        "serviceName",
        "taskDefinition",
        "tags",
        "clientToken",
    ] {
        fields.remove(member);
    }
    if !fields.contains_key("launchType") && !fields.contains_key("capacityProviderStrategy") {
        fields.insert("launchType".to_owned(), json!("EC2"));
    }
    if fields.get("launchType") == Some(&json!("FARGATE")) {
        fields
            .entry("platformVersion")
            .or_insert_with(|| json!("LATEST"));
        fields
            .entry("platformFamily")
            .or_insert_with(|| json!("Linux"));
    }
    for list in [
        "loadBalancers",
        "serviceRegistries",
        "placementConstraints",
        "placementStrategy",
    ] {
        fields.entry(list).or_insert_with(|| json!([]));
    }
    for (name, value) in [
        ("desiredCount", json!(1)),
        ("schedulingStrategy", json!("REPLICA")),
        ("enableECSManagedTags", json!(false)),
        ("propagateTags", json!("NONE")),
        ("enableExecuteCommand", json!(false)),
        (
            "deploymentConfiguration",
            json!({
                "deploymentCircuitBreaker": {"enable": false, "rollback": false},
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "strategy": "ROLLING",
                "bakeTimeInMinutes": 0,
            }),
        ),
    ] {
        fields.entry(name).or_insert(value);
    }
    fields
}

/// The ARN of the revision asked for, if a service with these fields may run it.
pub(super) fn deployable(
    region: &Region,
    ctx: &Ctx<'_>,
    fields: &Map<String, Value>,
    asked: &str,
) -> Result<String, AwsError> {
    let revision = region
        .revision(asked)
        .filter(|revision| revision.is_known(ctx))
        .ok_or_else(|| AwsError::client("TaskDefinition not found."))?;
    if !revision.is_active() {
        return Err(AwsError::client("TaskDefinition is inactive"));
    }
    let fits = |launch_type: &str| {
        revision.content["compatibilities"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == launch_type))
    };
    if let Some(launch_type) = fields.get("launchType").and_then(Value::as_str)
        && !fits(launch_type)
    {
        return Err(AwsError::invalid(format!(
            "Task definition does not support launch_type {launch_type}."
        )));
    }
    if revision.content.get("networkMode") == Some(&json!("awsvpc"))
        && !fields.contains_key("networkConfiguration")
    {
        return Err(AwsError::invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    Ok(revision.arn().to_owned())
}

impl Region {
    /// How the coming deployment ends: the script of the service first, then the evaluate, else well.
    pub(super) fn end_of(
        &mut self,
        ctx: &Ctx<'_>,
        cluster: &str,
        service: &str,
        arn: &str,
    ) -> DeploymentEnd {
        let script = self.scripts.get_mut(&format!("{cluster}/{service}"));
        if let Some(end) = script.and_then(std::collections::VecDeque::pop_front) {
            return end;
        }
        match (ctx.evaluate, self.revision(arn)) {
            (Some(evaluate), Some(revision)) => evaluate(&Deploying {
                cluster,
                service,
                task_definition: &revision.view(),
            }),
            _ => DeploymentEnd::Completes,
        }
    }
}

pub(super) fn list(region: &mut Region, ctx: &Ctx<'_>, params: &Value) -> Result<Value, AwsError> {
    let cluster = region.cluster_mut(params)?;
    let wanted = |service: &Service| {
        ["launchType", "schedulingStrategy"].iter().all(|filter| {
            text(params, filter).is_none_or(|value| {
                service.fields.get(*filter).and_then(Value::as_str) == Some(value)
            })
        })
    };
    let mut arns = Vec::new();
    for service in cluster.services.values_mut() {
        if let Some(seen) = service.read(ctx.now_ms, ctx.lag)
            && seen.status == Status::Active
            && wanted(seen)
        {
            arns.push(seen.arn.clone());
        }
    }
    let (arns, token) = page(arns, params, &PAGE)?;
    let arns = arns.into_iter().map(Value::String).collect();
    Ok(paged("serviceArns", arns, token))
}

pub(super) fn describe(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let asked = list_of(params, "services");
    if asked.is_empty() {
        return Err(AwsError::invalid("Services cannot be empty."));
    }
    if asked.len() > MAX_DESCRIBED {
        return Err(AwsError::invalid("Services cannot be greater than 10"));
    }
    let with_tags = includes(params, "TAGS");
    let cluster = region.cluster_mut(params)?;
    let cluster_name = cluster.fields["clusterName"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for name in asked.iter().filter_map(Value::as_str).map(last_segment) {
        let seen = cluster
            .services
            .get_mut(name)
            .and_then(|service| service.read(ctx.now_ms, ctx.lag));
        match seen {
            Some(service) => services.push(service.view(ctx, with_tags)),
            None => failures.push(json!({
                "arn": ctx.place.ecs_arn(&format!("service/{cluster_name}/{name}")),
                "reason": "MISSING",
            })),
        }
    }
    Ok(json!({ "services": services, "failures": failures }))
}

pub(super) fn delete(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let service = service_mut(region, params)?;
    let force = params.get("force").and_then(Value::as_bool) == Some(true);
    let desired = service
        .newest()
        .fields
        .get("desiredCount")
        .and_then(Value::as_u64);
    if !force && desired.unwrap_or(0) > 0 {
        return Err(AwsError::invalid(
            "The service cannot be stopped while it is scaled above 0.",
        ));
    }
    service.write(ctx.now_ms, |service| service.drain(ctx.now_ms));
    Ok(json!({ "service": service.newest().view(ctx, false) }))
}

/// The ACTIVE service a request names, for writing.
pub(super) fn service_mut<'a>(
    region: &'a mut Region,
    params: &Value,
) -> Result<&'a mut Lagged<Service>, AwsError> {
    let name = last_segment(text(params, "service").unwrap_or(""));
    let service = region
        .cluster_mut(params)?
        .services
        .get_mut(name)
        .ok_or_else(|| AwsError::new(400, "ServiceNotFoundException", "Service not found."))?;
    if service.newest().status == Status::Active {
        Ok(service)
    } else {
        Err(AwsError::new(
            400,
            "ServiceNotActiveException",
            "Service was not ACTIVE.",
        ))
    }
}
