//! IAM: managed policies, permissions boundaries, and the simulator of what a role may do.
//! The simulator treats the wildcards of requested resources as plain characters, as IAM's does, and does not
//! know the context of a call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::FakeAws;
use super::calls::Call;
use super::iam::Role;
use super::reply::{AwsError, escape, percent_encode};

/// The only version of every managed policy.
const VERSION: &str = "v1";

/// Documents of managed policies by ARN.
#[derive(Debug, Default)]
pub(super) struct Managed(BTreeMap<String, String>);

impl Managed {
    fn document(&self, arn: &str) -> Result<&str, AwsError> {
        let document = self.0.get(arn).map(String::as_str);
        document.ok_or_else(|| {
            let message = format!("Policy {arn} does not exist or is not attachable.");
            AwsError::new(404, "NoSuchEntity", message)
        })
    }
}

impl FakeAws {
    /// A managed policy.
    pub fn add_managed_policy(&self, arn: &str, document: &Value) {
        let mut state = self.state();
        let managed = &mut state.roles.managed;
        managed.0.insert(arn.to_owned(), document.to_string());
    }

    /// Sets the permissions boundary of a role; `None` removes it.
    ///
    /// # Errors
    /// When there is no such role.
    pub fn set_permissions_boundary(&self, role: &str, arn: Option<&str>) -> Result<(), AwsError> {
        let mut state = self.state();
        let now_ms = state.now_ms;
        state
            .roles
            .write(&self.place().account, role, now_ms, |role| {
                role.boundary = arn.map(str::to_owned);
            })
    }
}

/// `GetPolicy` and `GetPolicyVersion`.
pub(super) fn show(managed: &Managed, call: &Call) -> Result<String, AwsError> {
    let arn = call.text("PolicyArn");
    let document = managed.document(arn)?;
    if call.operation == "GetPolicy" {
        let name = arn.rsplit('/').next().unwrap_or("");
        return Ok(format!(
            "<Policy><PolicyName>{}</PolicyName><Arn>{}</Arn>\
             <DefaultVersionId>{VERSION}</DefaultVersionId></Policy>",
            escape(name),
            escape(arn)
        ));
    }
    if call.text("VersionId") != VERSION {
        return Err(AwsError::new(
            404,
            "NoSuchEntity",
            "There is no such version.",
        ));
    }
    Ok(format!(
        "<PolicyVersion><Document>{}</Document><VersionId>{VERSION}</VersionId>\
         <IsDefaultVersion>true</IsDefaultVersion></PolicyVersion>",
        percent_encode(document)
    ))
}

/// The boundary of a role, as `GetRole` shows it.
pub(super) fn boundary_xml(role: &Role) -> String {
    role.boundary.as_ref().map_or_else(String::new, |arn| {
        format!(
            "<PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy\
             </PermissionsBoundaryType><PermissionsBoundaryArn>{}</PermissionsBoundaryArn>\
             </PermissionsBoundary>",
            escape(arn)
        )
    })
}

/// `SimulatePrincipalPolicy` on a role.
pub(super) fn simulate(managed: &Managed, role: &Role, call: &Call) -> Result<String, AwsError> {
    let mut identity: Vec<(String, String)> = role.inline.clone().into_iter().collect();
    for arn in &role.attached {
        identity.push((arn.clone(), managed.document(arn)?.to_owned()));
    }
    let boundary = match &role.boundary {
        Some(arn) => Some([(arn.clone(), managed.document(arn)?.to_owned())]),
        None => None,
    };
    let mut members = String::new();
    for action in list(call, "ActionNames") {
        for resource in list(call, "ResourceArns") {
            let mine = matches(&identity, action, resource);
            let edge = boundary
                .as_ref()
                .map(|edge| matches(edge, action, resource));
            members.push_str(&result_xml(action, resource, &mine, edge.as_ref()));
        }
    }
    Ok(format!(
        "<EvaluationResults>{members}</EvaluationResults><IsTruncated>false</IsTruncated>"
    ))
}

fn list<'a>(call: &'a Call, name: &str) -> Vec<&'a str> {
    (1..)
        .map(|number| call.text(&format!("{name}.member.{number}")))
        .take_while(|text| !text.is_empty())
        .collect()
}

/// The statements that speak of an action on a resource.
#[derive(Default)]
struct Matches {
    allowed_by: Vec<String>,
    denied_by: Vec<String>,
    context: BTreeSet<String>,
}

fn matches(policies: &[(String, String)], action: &str, resource: &str) -> Matches {
    let mut matches = Matches::default();
    for (name, document) in policies {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements.clone(),
            statement => vec![statement.clone()],
        };
        for statement in statements {
            if !names(&statement, "Action", &action.to_lowercase())
                || !names(&statement, "Resource", resource)
            {
                continue;
            }
            if let Some(operators) = statement["Condition"].as_object() {
                let keys = operators.values().filter_map(Value::as_object);
                matches
                    .context
                    .extend(keys.flat_map(|keys| keys.keys().cloned()));
            } else if statement["Effect"] == "Deny" {
                matches.denied_by.push(name.clone());
            } else {
                matches.allowed_by.push(name.clone());
            }
        }
    }
    matches
}

/// Whether the statement names the text, by itself or by everything but.
fn names(statement: &Value, member: &str, text: &str) -> bool {
    let any = |list: &Value| {
        let list = match list {
            Value::Array(list) => list.clone(),
            glob => vec![glob.clone()],
        };
        list.iter().filter_map(Value::as_str).any(|glob| {
            let glob = if member == "Action" {
                glob.to_lowercase()
            } else {
                glob.to_owned()
            };
            is_match(glob.as_bytes(), text.as_bytes())
        })
    };
    match &statement[member] {
        Value::Null => !any(&statement[format!("Not{member}")]),
        list => any(list),
    }
}

pub(super) fn is_match(glob: &[u8], text: &[u8]) -> bool {
    match (glob.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            is_match(rest, text) || (!text.is_empty() && is_match(glob, &text[1..]))
        }
        (Some((b'?', glob)), Some((_, text))) => is_match(glob, text),
        (Some((a, glob)), Some((b, text))) => a == b && is_match(glob, text),
        _ => false,
    }
}

fn result_xml(action: &str, resource: &str, mine: &Matches, edge: Option<&Matches>) -> String {
    let denied: Vec<&String> = mine
        .denied_by
        .iter()
        .chain(edge.iter().flat_map(|edge| &edge.denied_by))
        .collect();
    let inside = edge.is_none_or(|edge| !edge.allowed_by.is_empty());
    let (decision, matched) = if denied.is_empty() {
        let allowed = !mine.allowed_by.is_empty() && inside;
        let decision = if allowed { "allowed" } else { "implicitDeny" };
        (decision, mine.allowed_by.iter().collect())
    } else {
        ("explicitDeny", denied)
    };
    let statements: String = matched
        .iter()
        .map(|name| {
            format!(
                "<member><SourcePolicyId>{}</SourcePolicyId></member>",
                escape(name)
            )
        })
        .collect();
    let context: String = mine
        .context
        .iter()
        .chain(edge.iter().flat_map(|edge| &edge.context))
        .map(|key| format!("<member>{}</member>", escape(key)))
        .collect();
    let detail = edge.map_or_else(String::new, |_| {
        format!(
            "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>{inside}\
             </AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
        )
    });
    format!(
        "<member><EvalActionName>{}</EvalActionName><EvalResourceName>{}</EvalResourceName>\
         <EvalDecision>{decision}</EvalDecision><MatchedStatements>{statements}\
         </MatchedStatements><MissingContextValues>{context}</MissingContextValues>{detail}</member>",
        escape(action),
        escape(resource)
    )
}
