//! The rules of `spec.control` of a `Rollout` that no type can hold.
//!
//! Only the form is checked: neither the existing plans and workloads nor the time are known here.

use std::collections::BTreeSet;

use super::names;
use super::path::{Errors, Path};
use crate::v1alpha1::RolloutControl;

/// Number of characters of a plan's hash: SHA-256 in hexadecimal.
const HASH_CHARS: usize = 64;

pub(crate) fn check(path: &Path, control: &RolloutControl, errors: &mut Errors) {
    if let Some(approve) = &control.approve
        && !is_hash(&approve.plan)
    {
        let detail =
            "must be the hash of a plan, as in status.plan.hash: 64 characters of 0-9 and a-f";
        errors.invalid(
            &path.field("approve").field("plan"),
            approve.plan.as_str(),
            detail,
        );
    }
    let Some(retry) = &control.retry else { return };
    let workloads = path.field("retry").field("workloads");
    let mut seen = BTreeSet::new();
    for (index, name) in retry.workloads.iter().enumerate() {
        let at = workloads.index(index);
        if !seen.insert(name) {
            errors.duplicate(&at, name.as_str(), "");
        } else if !names::is_dns_subdomain(name) {
            let detail = "must be the name of a Workload, such as TARGET.CLUSTER.SERVICE";
            errors.invalid(&at, name.as_str(), detail);
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_CHARS
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}
