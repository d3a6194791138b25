//! Clusters: create, list, describe.
//! Limits: ListClusters 100 a page, DescribeClusters 100 a call.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Cluster, Ctx, PageRule, Region, Status, check_tags, includes, last_segment, list_of};
use super::{page, paged, text};
use crate::fake_aws::reply::AwsError;

const MAX_DESCRIBED: usize = 100;
const PAGE: PageRule = PageRule {
    default: 100,
    max: 100,
};

pub(super) fn create(
    region: &mut Region,
    ctx: &Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let name = text(params, "clusterName").unwrap_or("default");
    let tags = list_of(params, "tags").to_vec();
    check_tags(&tags)?;
    let cluster = region
        .clusters
        .entry(name.to_owned())
        .or_insert_with(|| Cluster {
            fields: fields(ctx, name, params),
            tags,
            instances: Vec::new(),
            services: BTreeMap::new(),
        });
    Ok(json!({ "cluster": view(cluster, true) }))
}

fn fields(ctx: &Ctx<'_>, name: &str, params: &Value) -> Map<String, Value> {
    let mut fields = params.as_object().cloned().unwrap_or_default();
    fields.remove("tags");
    fields.insert("clusterName".to_owned(), json!(name));
    let arn = ctx.place.ecs_arn(&format!("cluster/{name}"));
    fields.insert("clusterArn".to_owned(), json!(arn));
    fields.insert("status".to_owned(), json!("ACTIVE"));
    for list in [
        "settings",
        "capacityProviders",
        "defaultCapacityProviderStrategy",
    ] {
        fields.entry(list).or_insert_with(|| json!([]));
    }
    fields
}

fn view(cluster: &Cluster, with_tags: bool) -> Value {
    let mut view = cluster.fields.clone();
    let active = cluster
        .services
        .values()
        .filter(|service| service.newest().status == Status::Active)
        .count();
    view.insert("activeServicesCount".to_owned(), json!(active));
    view.insert("statistics".to_owned(), json!([]));
    for count in [
        "registeredContainerInstancesCount",
        "runningTasksCount",
        "pendingTasksCount",
    ] {
        view.entry(count).or_insert_with(|| json!(0));
    }
    let tags = if with_tags {
        cluster.tags.as_slice()
    } else {
        &[]
    };
    view.insert("tags".to_owned(), json!(tags));
    Value::Object(view)
}

pub(super) fn list(region: &Region, ctx: &Ctx<'_>, params: &Value) -> Result<Value, AwsError> {
    let arns = region
        .clusters
        .keys()
        .map(|name| ctx.place.ecs_arn(&format!("cluster/{name}")))
        .collect();
    let (arns, token) = page(arns, params, &PAGE)?;
    let arns = arns.into_iter().map(Value::String).collect();
    Ok(paged("clusterArns", arns, token))
}

/// The capacity providers that a cluster uses, or those of them that are named.
pub(super) fn describe_providers(
    region: &Region,
    ctx: &Ctx<'_>,
    params: &Value,
) -> Result<Value, AwsError> {
    let name = last_segment(text(params, "cluster").unwrap_or(""));
    let cluster = region
        .clusters
        .get(name)
        .ok_or_else(|| AwsError::new(400, "ClusterNotFoundException", "Cluster not found."))?;
    let used = cluster.fields["capacityProviders"].as_array();
    let used = used.map_or(&[][..], Vec::as_slice);
    let asked = match list_of(params, "capacityProviders") {
        [] => used,
        some => some,
    };
    let (mut providers, mut failures) = (Vec::new(), Vec::new());
    for name in asked.iter().filter_map(Value::as_str) {
        let arn = ctx.place.ecs_arn(&format!("capacity-provider/{name}"));
        if !used.iter().any(|provider| provider == name) {
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
            continue;
        }
        let kind = match name {
            "FARGATE" | "FARGATE_SPOT" => name,
            _ => region
                .provider_types
                .get(name)
                .map_or("EC2_AUTOSCALING", String::as_str),
        };
        providers.push(json!({
            "capacityProviderArn": arn, "name": name, "status": "ACTIVE", "type": kind, "tags": [],
        }));
    }
    Ok(json!({"capacityProviders": providers, "failures": failures}))
}

pub(super) fn describe(region: &Region, ctx: &Ctx<'_>, params: &Value) -> Result<Value, AwsError> {
    let default = [json!("default")];
    let asked = match list_of(params, "clusters") {
        [] => &default,
        some => some,
    };
    if asked.len() > MAX_DESCRIBED {
        return Err(AwsError::invalid("Clusters cannot be greater than 100"));
    }
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for name in asked.iter().filter_map(Value::as_str).map(last_segment) {
        match region.clusters.get(name) {
            Some(cluster) => clusters.push(view(cluster, includes(params, "TAGS"))),
            None => failures.push(json!({
                "arn": ctx.place.ecs_arn(&format!("cluster/{name}")),
                "reason": "MISSING",
            })),
        }
    }
    Ok(json!({ "clusters": clusters, "failures": failures }))
}
