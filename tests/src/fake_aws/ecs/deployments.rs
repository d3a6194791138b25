//! Service deployments: describe, list.
//! Limits: DescribeServiceDeployments 20 ARNs a call.

use serde_json::{Value, json};

use super::service::ServiceDeployment;
use super::{Ctx, PageRule, Region, Service, last_segment, list_of, page, paged, text};
use crate::fake_aws::reply::{AwsError, seconds};

const MAX_DESCRIBED: usize = 20;
const PAGE: PageRule = PageRule {
    default: 20,
    max: 100,
};

pub(super) fn describe(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let asked = list_of(params, "serviceDeploymentArns");
    if asked.is_empty() || asked.len() > MAX_DESCRIBED {
        return Err(AwsError::invalid(
            "serviceDeploymentArns must have between 1 and 20 entries",
        ));
    }
    let (mut deployments, mut failures) = (Vec::new(), Vec::new());
    for arn in asked.iter().filter_map(Value::as_str) {
        // arn:…:service-deployment/CLUSTER/SERVICE/ID
        let mut parts = arn.rsplit('/').skip(1);
        let service = parts.next().unwrap_or("");
        let cluster = parts.next().unwrap_or("");
        let seen = region
            .clusters
            .get_mut(cluster)
            .and_then(|cluster| cluster.services.get_mut(service))
            .and_then(|service| service.read(ctx.now_ms, ctx.lag));
        let past = seen.and_then(|service| {
            let past = service.history.iter().find(|past| past.arn == arn)?;
            Some(view(service, past, ctx))
        });
        match past {
            Some(view) => deployments.push(view),
            None => failures.push(json!({ "arn": arn, "reason": "MISSING" })),
        }
    }
    Ok(json!({ "serviceDeployments": deployments, "failures": failures }))
}

fn view(service: &Service, past: &ServiceDeployment, ctx: &Ctx<'_>) -> Value {
    let cluster = ctx.place.ecs_arn(&format!("cluster/{}", service.cluster));
    let mut view = json!({
        "serviceDeploymentArn": past.arn,
        "serviceArn": service.arn,
        "clusterArn": cluster,
        "status": past.status,
        "statusReason": past.reason,
        "createdAt": seconds(past.created_ms),
        "startedAt": seconds(past.created_ms),
        "targetServiceRevision": { "arn": revision_arn(service, &past.task_definition, ctx) },
    });
    if let Some(before) = &past.source {
        view["sourceServiceRevisions"] = json!([{ "arn": revision_arn(service, before, ctx) }]);
    }
    if let Some(at_ms) = past.finished_ms {
        view["finishedAt"] = seconds(at_ms);
    }
    view
}

/// As a list shows it: the ARN of the revision alone.
fn brief(service: &Service, past: &ServiceDeployment, ctx: &Ctx<'_>) -> Value {
    let mut brief = view(service, past, ctx);
    if let Some(members) = brief.as_object_mut() {
        members.remove("targetServiceRevision");
        members.remove("sourceServiceRevisions");
    }
    let target = revision_arn(service, &past.task_definition, ctx);
    brief["targetServiceRevisionArn"] = json!(target);
    brief
}

/// Service revisions are snapshots that the fake names but does not keep.
fn revision_arn(service: &Service, task_definition: &str, ctx: &Ctx<'_>) -> String {
    ctx.place.ecs_arn(&format!(
        "service-revision/{}/{}/{}",
        service.cluster,
        service.name,
        last_segment(task_definition).replace(':', "-")
    ))
}

pub(super) fn stop(
    region: &mut Region,
    ctx: &mut Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let arn = text(params, "serviceDeploymentArn").unwrap_or("");
    if text(params, "stopType") == Some("ABORT") {
        return Err(AwsError::invalid("Aborting is not what this fake does."));
    }
    let mut parts = arn.rsplit('/').skip(1);
    let name = parts.next().unwrap_or("");
    let cluster = parts.next().unwrap_or("");
    let service = region
        .clusters
        .get_mut(cluster)
        .and_then(|cluster| cluster.services.get_mut(name))
        .ok_or_else(|| AwsError::new(400, "ServiceDeploymentNotFoundException", arn))?;
    let now_ms = ctx.now_ms;
    service.write(now_ms, |service| service.stop(arn, ctx))?;
    Ok(json!({ "serviceDeploymentArn": arn }))
}

pub(super) fn list(region: &mut Region, ctx: &Ctx<'_>, params: &Value) -> Result<Value, AwsError> {
    let name = last_segment(text(params, "service").unwrap_or(""));
    let cluster = region.cluster_mut(params)?;
    let service = cluster
        .services
        .get_mut(name)
        .and_then(|service| service.read(ctx.now_ms, ctx.lag))
        .ok_or_else(|| AwsError::new(400, "ServiceNotFoundException", "Service not found."))?;
    let wanted = list_of(params, "status");
    let after = params["createdAt"]["after"].as_f64().unwrap_or_default() * 1000.0;
    let chosen = |past: &&ServiceDeployment| {
        let of_status = wanted.is_empty() || wanted.iter().any(|status| status == past.status);
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds of this century are exact in an f64"
        )]
        let created = past.created_ms as f64;
        of_status && created >= after
    };
    let past: Vec<&ServiceDeployment> = service.history.iter().filter(chosen).collect();
    let (arns, token) = page(
        past.iter().map(|past| past.arn.clone()).collect(),
        params,
        &PAGE,
    )?;
    let briefs = past
        .into_iter()
        .filter(|past| arns.contains(&past.arn))
        .map(|past| brief(service, past, ctx))
        .collect();
    Ok(paged("serviceDeployments", briefs, token))
}
