//! Authorization: every call is evaluated by the policies of the caller before it reaches its service.
//! A call whose rights are not known here is refused, and so is a condition that cannot be evaluated.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::iam::{Lack, NamedDocument, RightsResult, RolePolicies, Statement, evaluate};
use serde_json::Value;

use super::FakeAws;
use super::calls::{Call, Service};
use super::reply::AwsError;
use super::rights::{self, Need};
use super::state::State;

/// A right that a call needed: one action on one resource, with the condition keys of the call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// Such as `ecs:DescribeServices`.
    pub action: String,
    /// ARN, or `*` for actions without resources.
    pub resource: String,
    /// Condition keys to values.
    pub context: BTreeMap<String, Vec<String>>,
}

/// The policies of the callers.
#[derive(Debug, Default)]
pub(super) struct Authority {
    /// Policies of the operator by account. Empty: every call is allowed.
    policies: BTreeMap<String, Vec<NamedDocument>>,
    /// Results so far, so that a fleet costs no more than its services.
    known: BTreeMap<(String, Asked), RightsResult>,
}

impl FakeAws {
    /// From now on whoever calls in this account may do what these policies allow, and nothing else; in
    /// accounts for which nothing was said, nothing.
    pub fn allow_only(&self, policies: Vec<NamedDocument>) {
        let account = self.place().account.clone();
        let authority = &mut self.state().authority;
        authority.policies.insert(account, policies);
        authority.known.clear();
    }

    /// Whether what a call needed is allowed to whoever calls in this account.
    pub fn allows(&self, asked: &Asked) -> bool {
        let account = self.place().account.clone();
        self.state().authority.evaluate(&account, asked) == RightsResult::Allowed
    }

    /// What calls have needed since [`Self::allow_only`], whether it was allowed or not.
    pub fn rights_asked(&self) -> BTreeSet<Asked> {
        let state = self.state();
        let known = state.authority.known.keys();
        known.map(|(_, asked)| asked.clone()).collect()
    }
}

impl State {
    /// Refuses a call that the policies of its account do not allow, with the message of AWS.
    pub(super) fn authorize(&mut self, call: &Call) -> Result<(), AwsError> {
        if self.authority.policies.is_empty()
            || matches!(call.service, Service::Sts | Service::Prometheus)
        {
            return Ok(());
        }
        let needs = rights::of(self, call).ok_or_else(|| {
            let message = format!(
                "the fake AWS does not know which right {} needs",
                call.operation
            );
            AwsError::new(400, "UnknownOperationException", message)
        })?;
        for need in needs {
            for asked in need.each() {
                let result = self.authority.evaluate(&call.place.account, &asked);
                if result != RightsResult::Allowed {
                    return Err(denial(call, &asked, &result));
                }
            }
        }
        Ok(())
    }

    /// Replaces a 404 of S3 by a 403, as S3 does for callers that may not list the bucket.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    pub(super) fn hide_missing(&mut self, call: &Call, error: AwsError) -> AwsError {
        if error.code != "NoSuchKey" || self.authority.policies.is_empty() {
            return error;
        }
        for asked in rights::to_list(self, call).each() {
            let result = self.authority.evaluate(&call.place.account, &asked);
            if result != RightsResult::Allowed {
                return denial(call, &asked, &result);
            }
        }
        error
    }
}

impl Authority {
    fn evaluate(&mut self, account: &str, asked: &Asked) -> RightsResult {
        let key = (account.to_owned(), asked.clone());
        if let Some(result) = self.known.get(&key) {
            return result.clone();
        }
        let none = Vec::new();
        let policies = self.policies.get(account).unwrap_or(&none);
        let policies = RolePolicies {
            identity: policies
                .iter()
                .map(|policy| under(policy, &asked.context))
                .collect(),
            boundary: None,
        };
        let statement = Statement::new("Asked", [asked.action.as_str()], [asked.resource.as_str()]);
        let result = evaluate(&policies, &[statement])
            .pop()
            .map_or(RightsResult::Missing(Lack::NotAllowed), |finding| {
                finding.result
            });
        self.known.insert(key, result.clone());
        result
    }
}

/// The policy as it reads under these condition keys: statements whose conditions hold, without them.
fn under(policy: &NamedDocument, context: &BTreeMap<String, Vec<String>>) -> NamedDocument {
    let mut document: Value = serde_json::from_str(&policy.document).unwrap_or_default();
    if let Some(statements) = document["Statement"].as_array_mut() {
        statements.retain_mut(|statement| match statement["Condition"].take() {
            Value::Null => true,
            conditions => hold(&conditions, context),
        });
        for statement in statements {
            if let Some(members) = statement.as_object_mut() {
                members.remove("Condition");
            }
        }
    }
    NamedDocument {
        name: policy.name.clone(),
        document: document.to_string(),
    }
}

/// All operators and all keys of a statement must hold; one value of each is enough. A key that the call
/// does not have fails.
fn hold(conditions: &Value, context: &BTreeMap<String, Vec<String>>) -> bool {
    conditions
        .as_object()
        .into_iter()
        .flatten()
        .all(|(operator, keys)| {
            keys.as_object().into_iter().flatten().all(|(key, wanted)| {
                let wanted: Vec<&str> = match wanted {
                    Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
                    value => value.as_str().into_iter().collect(),
                };
                let mut values = context.get(key).into_iter().flatten();
                values.any(|value| wanted.iter().any(|wanted| compare(operator, wanted, value)))
            })
        })
}

fn compare(operator: &str, wanted: &str, value: &str) -> bool {
    match operator {
        "StringEquals" => wanted == value,
        "StringLike" | "ArnLike" | "ArnEquals" => {
            super::iam_policies::is_match(wanted.as_bytes(), value.as_bytes())
        }
        _ => false,
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
fn denial(call: &Call, asked: &Asked, result: &RightsResult) -> AwsError {
    let why = match result {
        RightsResult::Missing(Lack::Denied(_)) => {
            "with an explicit deny in an identity-based policy".to_owned()
        }
        _ => format!(
            "because no identity-based policy allows the {} action",
            asked.action
        ),
    };
    let resource = match call.service {
        // IAM names the kind and the name of what it is about, S3 quotes it.
        Service::Iam => match asked.resource.split_once(":role/") {
            Some((_, path)) => format!("role {}", path.rsplit('/').next().unwrap_or(path)),
            None => asked.resource.clone(),
        },
        Service::S3 => format!("\"{}\"", asked.resource),
        _ => asked.resource.clone(),
    };
    let message = format!(
        "User: {} is not authorized to perform: {} on resource: {resource} {why}",
        caller(call),
        asked.action
    );
    let (status, code) = match call.service {
        Service::Ecs | Service::Ecr | Service::Logs => (400, "AccessDeniedException"),
        _ => (403, "AccessDenied"),
    };
    AwsError::new(status, code, message)
}

fn caller(call: &Call) -> String {
    let account = &call.place.account;
    match &call.role_session {
        Some(session) => {
            let role = session.role_arn.rsplit('/').next().unwrap_or_default();
            format!(
                "arn:aws:sts::{account}:assumed-role/{role}/{}",
                session.session_name
            )
        }
        None => format!("arn:aws:sts::{account}:assumed-role/firelens-operator/fake"),
    }
}

impl Need {
    /// One for each resource.
    fn each(self) -> impl Iterator<Item = Asked> {
        let Self {
            action,
            resources,
            context,
        } = self;
        resources.into_iter().map(move |resource| Asked {
            action: action.to_owned(),
            resource,
            context: context.clone(),
        })
    }
}
