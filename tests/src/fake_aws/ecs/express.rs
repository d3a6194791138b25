//! Services of Express Gateway: the one call that gives them a task definition of their owner's.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateExpressGatewayService.html>
//! It creates no task definition: a test registers what Express would write itself.

use serde_json::{Value, json};

use super::task_definitions::containers;
use super::{Ctx, Region, list_of, text, update};
use crate::fake_aws::reply::{AwsError, seconds};

/// Container that the gateway sends its traffic to.
const MAIN: &str = "Main";

pub(super) fn update(
    region: &mut Region,
    ctx: &mut Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    // arn:…:service/CLUSTER/SERVICE
    let mut parts = text(params, "serviceArn").unwrap_or("").rsplit('/');
    let (service, cluster) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let asked = text(params, "taskDefinitionArn").unwrap_or("");
    check(region, asked)?;
    let plain = json!({"cluster": cluster, "service": service, "taskDefinition": asked});
    let shown = update::update(region, ctx, &plain)?["service"].clone();
    if shown["resourceManagementType"] != "ECS" {
        return Err(AwsError::invalid("The service is not an Express service."));
    }
    Ok(json!({"service": {
        "serviceArn": shown["serviceArn"],
        "cluster": cluster,
        "serviceName": service,
        "status": {"statusCode": "ACTIVE"},
        "targetConfiguration": {"taskDefinitionArn": shown["taskDefinition"]},
        "createdAt": shown["createdAt"],
        "updatedAt": seconds(ctx.now_ms),
    }}))
}

/// The task definition must have a container `Main` with one TCP port that has a name, and be for Fargate.
fn check(region: &Region, asked: &str) -> Result<(), AwsError> {
    let revision = region
        .revision(asked)
        .ok_or_else(|| AwsError::client("TaskDefinition not found."))?;
    let document = revision.view();
    let main = containers(&document)
        .iter()
        .find(|container| container["name"] == MAIN);
    let ports = main.map_or(&[][..], |main| list_of(main, "portMappings"));
    let fits = matches!(ports, [port] if port["name"].is_string());
    if !fits {
        return Err(AwsError::invalid(
            "The task definition must have a container named Main with a single TCP port mapping that has a name.",
        ));
    }
    if !list_of(&document, "compatibilities").contains(&json!("FARGATE")) {
        return Err(AwsError::invalid(
            "The task definition must have FARGATE compatibility.",
        ));
    }
    Ok(())
}
