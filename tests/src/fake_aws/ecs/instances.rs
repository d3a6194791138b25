//! Container instances: list, describe.
//! Limits: ListContainerInstances 100 a page, DescribeContainerInstances 100 a call.

use serde_json::{Value, json};

use super::{PageRule, Region, last_segment, list_of, page, paged, text};
use crate::fake_aws::reply::AwsError;

const MAX_DESCRIBED: usize = 100;
const PAGE: PageRule = PageRule {
    default: 100,
    max: 100,
};

pub(super) fn list(region: &mut Region, params: &Value) -> Result<Value, AwsError> {
    let cluster = region.cluster_mut(params)?;
    let arns = cluster.instances.iter().filter_map(arn).map(str::to_owned);
    let (arns, token) = page(arns.collect(), params, &PAGE)?;
    let arns = arns.into_iter().map(Value::String).collect();
    Ok(paged("containerInstanceArns", arns, token))
}

pub(super) fn describe(region: &mut Region, params: &Value) -> Result<Value, AwsError> {
    let asked = list_of(params, "containerInstances");
    if asked.is_empty() {
        return Err(AwsError::invalid("Container instance can not be blank."));
    }
    if asked.len() > MAX_DESCRIBED {
        return Err(AwsError::invalid(
            "Container instances cannot be greater than 100",
        ));
    }
    let cluster = region.cluster_mut(params)?;
    let (mut instances, mut failures) = (Vec::new(), Vec::new());
    for wanted in asked.iter().filter_map(Value::as_str) {
        let same =
            |instance: &&Value| arn(instance).map(last_segment) == Some(last_segment(wanted));
        match cluster.instances.iter().find(same) {
            Some(instance) => instances.push(instance.clone()),
            None => failures.push(json!({"arn": wanted, "reason": "MISSING"})),
        }
    }
    Ok(json!({"containerInstances": instances, "failures": failures}))
}

fn arn(instance: &Value) -> Option<&str> {
    text(instance, "containerInstanceArn")
}
