//! UpdateService: what changes, what starts a deployment, what is refused.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>

use serde_json::{Value, json};

use super::services::{deployable, service_mut};
use super::{Ctx, Region, text};
use crate::fake_aws::reply::AwsError;

/// Members whose change starts a deployment, beside `taskDefinition` and `forceNewDeployment`.
const DEPLOYING: [&str; 7] = [
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

pub(super) fn update(
    region: &mut Region,
    ctx: &mut Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let current = service_mut(region, params)?.newest().clone();
    let asked = text(params, "taskDefinition");
    if asked.is_some() && current.controller() != "ECS" {
        return Err(AwsError::invalid(format!(
            "Cannot update task definition on services with a {} deployment controller.",
            current.controller()
        )));
    }
    let mut fields = current.fields.clone();
    let mut deploys = params.get("forceNewDeployment").and_then(Value::as_bool) == Some(true);
    for (name, value) in params.as_object().into_iter().flatten() {
        let own = ["cluster", "service", "taskDefinition", "forceNewDeployment"];
        if own.contains(&name.as_str()) || value.is_null() {
            continue;
        }
        deploys |= DEPLOYING.contains(&name.as_str()) && fields.get(name) != Some(value);
        fields.insert(name.clone(), value.clone());
    }
    if fields.contains_key("capacityProviderStrategy")
        && params.get("capacityProviderStrategy").is_some()
    {
        fields.remove("launchType");
    }
    let arn = match asked {
        Some(asked) => deployable(region, ctx, &fields, asked)?,
        None => current.task_definition.clone(),
    };
    deploys |= arn != current.task_definition;
    let end = if deploys {
        Some(region.end_of(ctx, &current.cluster, &current.name, &arn))
    } else {
        None
    };
    let service = service_mut(region, params)?;
    service.write(ctx.now_ms, |service| {
        service.fields = fields;
        if let Some(end) = end {
            service.deploy(&arn, end, ctx);
        }
    });
    Ok(json!({ "service": service.newest().view(ctx, false) }))
}
