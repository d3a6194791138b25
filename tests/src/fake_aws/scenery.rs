//! What tests and owners set up beside services: roles, their policies and trust, buckets and their objects.
//! None of it is logged or throttled, or gets a fault.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::FakeAws;
use super::iam::Role;
use super::reply::AwsError;
use super::s3::{Bucket, Object};

impl FakeAws {
    /// Adds a role without policies; `path` as `/` or `/team/`.
    pub fn add_role(&self, name: &str, path: &str) {
        let mut state = self.state();
        let now_ms = state.now_ms;
        let role = Role {
            path: path.to_owned(),
            id: role_id(name),
            trust: json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }]})
            .to_string(),
            inline: BTreeMap::new(),
            attached: Vec::new(),
            boundary: None,
            created_ms: now_ms,
        };
        let account = self.place.account.clone();
        state.roles.insert(&account, name, role, now_ms);
    }

    /// Deletes a role and its policies.
    pub fn remove_role(&self, name: &str) {
        self.state().roles.remove(&self.place.account, name);
    }

    /// Attaches a managed policy to a role.
    ///
    /// # Errors
    /// When there is no such role.
    pub fn attach_role_policy(&self, role: &str, policy_arn: &str) -> Result<(), AwsError> {
        let mut state = self.state();
        let now_ms = state.now_ms;
        state
            .roles
            .write(&self.place.account, role, now_ms, |role| {
                role.attached.push(policy_arn.to_owned());
            })
    }

    /// Somebody else's inline policy on a role; `None` removes it.
    ///
    /// # Errors
    /// When there is no such role.
    pub fn set_role_policy(
        &self,
        role: &str,
        policy: &str,
        document: Option<&Value>,
    ) -> Result<(), AwsError> {
        let mut state = self.state();
        let now_ms = state.now_ms;
        state
            .roles
            .write(&self.place.account, role, now_ms, |role| match document {
                Some(document) => {
                    role.inline.insert(policy.to_owned(), document.to_string());
                }
                None => {
                    role.inline.remove(policy);
                }
            })
    }

    /// Inline policies of a role by name, without lag.
    pub fn role_policies(&self, role: &str) -> BTreeMap<String, Value> {
        let state = self.state();
        let entry = state
            .roles
            .iter()
            .find(|(account, name, _)| *account == self.place.account && *name == role);
        entry.map_or_else(BTreeMap::new, |(_, _, role)| {
            let parse = |text: &String| serde_json::from_str(text).unwrap_or(Value::Null);
            role.inline
                .iter()
                .map(|(name, text)| (name.clone(), parse(text)))
                .collect()
        })
    }

    /// Adds an empty bucket of this account in this region.
    pub fn add_bucket(&self, name: &str) {
        let bucket = Bucket {
            region: self.place.region.clone(),
            owner: self.place.account.clone(),
            objects: BTreeMap::new(),
        };
        self.state().buckets.insert(name.to_owned(), bucket);
    }

    /// Keys and bodies of a bucket.
    pub fn objects(&self, bucket: &str) -> BTreeMap<String, Bytes> {
        let state = self.state();
        let objects = state.buckets.get(bucket).map(|bucket| &bucket.objects);
        objects
            .into_iter()
            .flatten()
            .map(|(key, object)| (key.clone(), object.body.clone()))
            .collect()
    }

    /// Somebody else writes an object; `None` deletes it.
    pub fn set_object(&self, bucket: &str, key: &str, body: Option<&str>) {
        let mut state = self.state();
        let now_ms = state.now_ms;
        let Some(bucket) = state.buckets.get_mut(bucket) else {
            return;
        };
        match body {
            Some(body) => {
                let object = Object::new(Bytes::from(body.to_owned()), now_ms);
                bucket.objects.insert(key.to_owned(), object);
            }
            None => {
                bucket.objects.remove(key);
            }
        }
    }

    /// Lets `role_arn` be assumed (with that external id); from then on, only such roles may be.
    pub fn trust(&self, role_arn: &str, external_id: Option<&str>) {
        self.state()
            .sessions
            .trusted
            .insert(role_arn.to_owned(), external_id.map(str::to_owned));
    }
}

/// An id as IAM makes them: of letters and digits only, sixteen at least.
fn role_id(name: &str) -> String {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("AROAFAKE{plain:0>12}")
}
