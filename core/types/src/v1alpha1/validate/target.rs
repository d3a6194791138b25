//! The rules of an `AwsTarget` that no type can hold.
//!
//! AWS is not called here, only when the target is used.

use super::path::{Errors, Path};
use super::{names, selector};
use crate::v1alpha1::AwsTargetSpec;

pub(crate) fn check(path: &Path, spec: &AwsTargetSpec, errors: &mut Errors) {
    selector::check_globs(&path.field("clusters"), &spec.clusters, errors);
    if spec.clusters.is_empty() {
        errors.required(&path.field("clusters"), "use [\"*\"] for every cluster");
    }
    if let Some(role) = &spec.assume_role {
        let path = path.field("assumeRole");
        if !names::is_role_arn(&role.arn) {
            errors.invalid(&path.field("arn"), role.arn.as_str(), names::ROLE_ARN);
        }
        if let Some(id) = &role.external_id {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
            if !(2..=1224).contains(&id.len()) || !id.chars().all(allowed) {
                errors.invalid(
                    &path.field("externalId"),
                    id.as_str(),
                    "must be 2 to 1224 letters, digits and _+=,.@:/-",
                );
            }
        }
    }
    if let Some(bucket) = &spec.config_bucket {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!_.*'()/-".contains(c);
        let prefix = &bucket.prefix;
        if prefix.starts_with('/') || prefix.len() > 512 || !prefix.chars().all(allowed) {
            errors.invalid(
                &path.field("configBucket").field("prefix"),
                prefix.as_str(),
                "must be a key prefix such as firelens/, without a leading slash",
            );
        }
    }
}
