//! What the operator may do in a scene: exactly `deploy/iam`, with the account of the scene in it, and `/` for the
//! path of the roles of tasks.
//! It has no other rights, so that a call without one fails here and not in a user's account.

use std::fs;
use std::path::Path;

use firelens_aws::iam::NamedDocument;
use serde_json::Value;

use crate::fake_aws::{ACCOUNT, FakeAws};

/// The policies of the role that the operator works with in an account.
///
/// # Panics
/// If the files are not there.
#[must_use]
pub fn shipped_policies(account: &str) -> Vec<NamedDocument> {
    ["controller-read", "controller-write"]
        .iter()
        .map(|name| NamedDocument {
            name: (*name).to_owned(),
            document: shipped(name, account),
        })
        .collect()
}

/// ARN of the boundary that roles of tasks carry.
#[must_use]
pub fn task_boundary(account: &str) -> String {
    format!("arn:aws:iam::{account}:policy/firelens/task-boundary")
}

/// Lets the operator do what the shipped policies allow in the account of this handle, and nothing else;
/// the boundary that they rely on is there.
///
/// # Panics
/// If the files are not there.
pub fn only_shipped_rights(fake: &FakeAws) {
    let account = &fake.place().account;
    fake.allow_only(shipped_policies(account));
    let boundary: Value = serde_json::from_str(&shipped("task-boundary", account)).expect("JSON");
    fake.add_managed_policy(&task_boundary(account), &boundary);
}

fn shipped(name: &str, account: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/iam");
    let text = fs::read_to_string(folder.join(format!("{name}.json"))).expect("a shipped policy");
    text.replace(ACCOUNT, account)
        .replace(":role/ecs/*", ":role/*")
}
