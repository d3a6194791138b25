//! Tags of clusters, services and task definitions: add, remove, list.

use serde_json::{Value, json};

use super::{Ctx, Region, check_tags, last_segment, list_of, text};
use crate::fake_aws::reply::AwsError;

pub(super) fn tag(region: &mut Region, ctx: &Ctx<'_>, params: &Value) -> Result<Value, AwsError> {
    let new = list_of(params, "tags");
    with_tags(region, ctx, params, |tags| {
        let mut merged = tags.clone();
        for tag in new {
            merged.retain(|old| old["key"] != tag["key"]);
            merged.push(tag.clone());
        }
        check_tags(&merged)?;
        *tags = merged;
        Ok(json!({}))
    })
}

pub(super) fn untag(region: &mut Region, ctx: &Ctx<'_>, params: &Value) -> Result<Value, AwsError> {
    let keys = list_of(params, "tagKeys");
    with_tags(region, ctx, params, |tags| {
        tags.retain(|tag| !keys.contains(&tag["key"]));
        Ok(json!({}))
    })
}

pub(super) fn list(region: &mut Region, ctx: &Ctx<'_>, params: &Value) -> Result<Value, AwsError> {
    with_tags(region, ctx, params, |tags| Ok(json!({ "tags": tags })))
}

fn with_tags(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
    act: impl FnOnce(&mut Vec<Value>) -> Result<Value, AwsError>,
) -> Result<Value, AwsError> {
    let arn = text(params, "resourceArn").unwrap_or("");
    let missing = || AwsError::invalid("The specified resource could not be found.");
    if arn.contains(":task-definition/") {
        return act(&mut region.revision_mut(arn).ok_or_else(missing)?.tags);
    }
    let name = last_segment(arn);
    if arn.contains(":cluster/") {
        return act(&mut region.clusters.get_mut(name).ok_or_else(missing)?.tags);
    }
    let cluster = arn.rsplit('/').nth(1).unwrap_or("");
    let service = region
        .clusters
        .get_mut(cluster)
        .and_then(|cluster| cluster.services.get_mut(name))
        .ok_or_else(missing)?;
    service.write(ctx.now_ms, |service| act(&mut service.tags))
}
