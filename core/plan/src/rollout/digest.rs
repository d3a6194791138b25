//! What an approval is bound to: a digest of each change, and a hash over all of them.
//!
//! A digest stays with a workload once its change has begun, so the hash changes only when something that
//! is still to be done does.

use std::collections::BTreeMap;

use crate::workload::desire::{Change, WantedRevision};
use firelens_aws::iam::Grant;
use firelens_aws::record::{PolicyRef, WorkloadKey};
use firelens_taskdef::sha256_hex;

/// Digest (SHA-256, hex) of one change: what it is for, the content it brings, the base it is made from,
/// the rights and the objects it needs.
pub(crate) fn digest(change: &Change) -> String {
    let mut text = format!("{:?}\n{}\n", change.purpose, change.hash);
    text.push_str(change.base.as_deref().unwrap_or_default());
    if let WantedRevision::Existing(arn) = &change.revision {
        text.push('\n');
        text.push_str(arn);
    }
    let mut rights: Vec<String> = change.grants.iter().map(words).collect();
    rights.sort();
    let objects = change
        .objects
        .iter()
        .map(|object| format!("{}/{} {}", object.bucket, object.key, object.sha256));
    for line in rights.into_iter().chain(objects) {
        text.push('\n');
        text.push_str(&line);
    }
    sha256_hex(text.as_bytes())
}

fn words(grant: &Grant) -> String {
    let statements: Vec<String> = grant
        .statements
        .iter()
        .map(|right| {
            format!(
                "{} on {}",
                right.actions.join(","),
                right.resources.join(",")
            )
        })
        .collect();
    format!("{}: {}", grant.role_arn, statements.join("; "))
}

/// Hash (SHA-256, hex) over all changes of one policy generation in a target.
pub(crate) fn plan_hash(policy: &PolicyRef, changes: &BTreeMap<&WorkloadKey, String>) -> String {
    let mut text = format!("{} {}", policy.uid, policy.generation);
    for (key, digest) in changes {
        text.push_str(&format!("\n{key} {digest}"));
    }
    sha256_hex(text.as_bytes())
}
