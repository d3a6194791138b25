//! Tasks: list, describe. Those that run follow from what services run; those that stopped are scripted.
//! Limits: ListTasks 100 a page, DescribeTasks 100 a call.

use serde_json::{Value, json};

use super::service::{RolloutState, Service, ServiceDeployment, Status};
use super::{Ctx, PageRule, Region, last_segment, list_of, page, paged, text};
use crate::fake_aws::reply::{AwsError, seconds};

const MAX_DESCRIBED: usize = 100;
const PAGE: PageRule = PageRule {
    default: 100,
    max: 100,
};

pub(super) fn list(region: &mut Region, ctx: &Ctx<'_>, params: &Value) -> Result<Value, AwsError> {
    region.cluster_mut(params)?;
    let stopped = text(params, "desiredStatus") == Some("STOPPED");
    let service = last_segment(text(params, "serviceName").unwrap_or(""));
    let mut arns: Vec<String> = tasks(region, ctx, params, |candidate| candidate.name == service)
        .into_iter()
        .filter(|task| task["group"] == format!("service:{service}"))
        .filter(|task| (task["desiredStatus"] == "STOPPED") == stopped)
        .filter_map(|task| Some(task["taskArn"].as_str()?.to_owned()))
        .collect();
    arns.sort();
    let (arns, token) = page(arns, params, &PAGE)?;
    let arns = arns.into_iter().map(Value::String).collect();
    Ok(paged("taskArns", arns, token))
}

pub(super) fn describe(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let asked = list_of(params, "tasks");
    if asked.is_empty() || asked.len() > MAX_DESCRIBED {
        return Err(AwsError::invalid(
            "Tasks must have between 1 and 100 entries",
        ));
    }
    region.cluster_mut(params)?;
    let is_asked = |service: &Service| {
        let arns = task_arns(ctx, service).into_iter();
        arns.flatten()
            .any(|arn| asked.contains(&Value::String(arn)))
    };
    let tasks = tasks(region, ctx, params, is_asked);
    let (mut described, mut failures) = (Vec::new(), Vec::new());
    for wanted in asked {
        match tasks.iter().find(|task| task["taskArn"] == *wanted) {
            Some(task) => described.push(task.clone()),
            None => failures.push(json!({"arn": wanted, "reason": "MISSING"})),
        }
    }
    Ok(json!({"tasks": described, "failures": failures}))
}

/// The tasks of the cluster that a request names: those that stopped, and those that the `wanted` services
/// run.
fn tasks(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
    wanted: impl Fn(&Service) -> bool,
) -> Vec<Value> {
    let name = last_segment(text(params, "cluster").unwrap_or("default")).to_owned();
    let Some(cluster) = region.clusters.get_mut(&name) else {
        return Vec::new();
    };
    let mut services = Vec::new();
    for service in cluster.services.values_mut() {
        let shown = service.read(ctx.now_ms, ctx.lag);
        services.extend(shown.filter(|service| wanted(service)).cloned());
    }
    let prefix = format!("{name}/");
    let stopped = region
        .stopped_tasks
        .range(prefix.clone()..)
        .take_while(|(key, _)| key.starts_with(&prefix));
    let mut tasks: Vec<Value> = stopped.flat_map(|(_, tasks)| tasks.clone()).collect();
    for service in &services {
        tasks.extend(running(region, ctx, service));
    }
    tasks
}

/// The revision whose tasks a service runs: its own once that is deployed, the one before until then.
fn revision(service: &Service) -> Option<&String> {
    let primary = service.deployments.first()?;
    let revision = match primary.state {
        RolloutState::Completed => Some(&primary.task_definition),
        RolloutState::InProgress | RolloutState::Failed => service.last_completed.as_ref(),
    };
    revision.filter(|_| service.status == Status::Active)
}

/// ARNs of the tasks a service runs.
fn task_arns(ctx: &Ctx<'_>, service: &Service) -> Option<impl Iterator<Item = String>> {
    let revision = revision(service)?;
    let desired = service.fields.get("desiredCount").and_then(Value::as_u64);
    Some((0..desired.unwrap_or(0)).map(move |number| {
        let id = id(&format!("{}/{revision}/{number}", service.arn));
        ctx.place.ecs_arn(&format!("task/{}/{id}", service.cluster))
    }))
}

/// The tasks a service runs.
fn running(region: &Region, ctx: &Ctx<'_>, service: &Service) -> Vec<Value> {
    let (Some(revision), Some(arns)) = (revision(service), task_arns(ctx, service)) else {
        return Vec::new();
    };
    let document = region.revision(revision).map(|revision| revision.view());
    let containers = containers(region, ctx, service, document.as_ref());
    let of_document = |member: &str| {
        let value = document.as_ref().and_then(|view| view.get(member));
        value.cloned().unwrap_or_else(|| json!("0"))
    };
    let overrides: Vec<Value> = containers
        .iter()
        .map(|container| json!({"name": container["name"]}))
        .collect();
    arns.map(|arn| {
        let mut task = json!({
            "taskArn": arn,
            "clusterArn": ctx.place.ecs_arn(&format!("cluster/{}", service.cluster)),
            "group": format!("service:{}", service.name),
            "taskDefinitionArn": revision,
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "containers": containers,
            "overrides": {"containerOverrides": overrides},
            "cpu": of_document("cpu"),
            "memory": of_document("memory"),
            "version": 3,
            "createdAt": seconds(service.created_ms),
            "startedAt": seconds(service.created_ms),
            "connectivity": "CONNECTED",
            "attachments": [],
        });
        for member in ["launchType", "platformVersion"] {
            if let Some(value) = service.fields.get(member) {
                task[member] = value.clone();
            }
        }
        task
    })
    .collect()
}

/// The containers of a task, with the images that its deployment resolved.
fn containers(
    region: &Region,
    ctx: &Ctx<'_>,
    service: &Service,
    document: Option<&Value>,
) -> Vec<Value> {
    let of_document = |past: &&ServiceDeployment| {
        document.is_some_and(|view| view["taskDefinitionArn"] == past.task_definition.as_str())
    };
    let began = service.history.iter().find(of_document);
    let began_ms = began.map_or(service.created_ms, |past| past.created_ms);
    let defined = document.and_then(|view| view["containerDefinitions"].as_array());
    let container = |container: &Value| {
        let name = container["name"].as_str().unwrap_or("");
        let health = region
            .container_health
            .get(&format!("{}/{}/{name}", service.cluster, service.name));
        let usual = match container.get("healthCheck") {
            Some(_) => "HEALTHY",
            None => "UNKNOWN",
        };
        let image = container["image"].as_str().unwrap_or("");
        json!({
            "name": name, "lastStatus": "RUNNING", "healthStatus": health.map_or(usual, String::as_str),
            "image": image, "imageDigest": ctx.registry.resolved(image, began_ms),
        })
    };
    defined.into_iter().flatten().map(container).collect()
}

/// 32 hexadecimal digits that are always the same for the same text: FNV-1a, 128 bits.
fn id(text: &str) -> String {
    let hash = text.bytes().fold(
        0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128,
        |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b),
    );
    format!("{hash:032x}")
}
