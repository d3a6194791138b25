//! What the policies of a role allow: the evaluation logic of IAM for identity policies and
//! permissions boundaries.
//!
//! What cannot be evaluated is unknown, neither allowed nor missing: conditions, policy variables and
//! resources that are allowed in part, each with its reason. Policies of the organisation, of sessions and of
//! the resources themselves are not considered.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

mod pattern;
mod policy;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use super::Statement;
use pattern::Pattern;
use policy::{Policy, PolicyStatement, Reach};

/// A policy document as IAM returns it, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedDocument {
    /// Name of an inline policy, ARN of a managed one; for messages.
    pub name: String,
    /// JSON text.
    pub document: String,
}

/// Everything that is attached to one role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolePolicies {
    /// Inline policies, and the default versions of attached managed policies.
    pub identity: Vec<NamedDocument>,
    /// The managed policy that is its permissions boundary.
    pub boundary: Option<NamedDocument>,
}

/// Whether one action on one resource is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RightsResult {
    /// It is allowed.
    Allowed,
    /// It is not allowed.
    Missing(Lack),
    /// It cannot be evaluated; the text is the reason.
    Unknown(String),
}

/// Why a right is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// No statement allows it.
    NotAllowed,
    /// This policy denies it.
    Denied(String),
    /// The permissions boundary does not allow it.
    OutsideBoundary(String),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed => f.write_str("no policy allows it"),
            Self::Denied(by) => write!(f, "{by} denies it"),
            Self::OutsideBoundary(name) => {
                write!(f, "the permissions boundary {name} does not allow it")
            }
        }
    }
}

/// The result on one action and one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsFinding {
    /// Action such as `logs:PutLogEvents`.
    pub action: String,
    /// Resource as in the statement, wildcards included.
    pub resource: String,
    /// Whether it is allowed.
    pub result: RightsResult,
}

/// Evaluates every action on every resource of `statements` against what is attached to a role.
#[must_use]
pub fn evaluate(policies: &RolePolicies, statements: &[Statement]) -> Vec<RightsFinding> {
    let identity = parsed(&policies.identity);
    let boundary = policies
        .boundary
        .as_ref()
        .map(|boundary| parsed(std::slice::from_ref(boundary)));
    findings(statements, |action, resource| {
        let identity = match &identity {
            Ok(identity) => layer(identity, action, resource),
            Err(why) => Layer::Unclear(why.clone()),
        };
        let boundary = match &boundary {
            None => Layer::Allowed,
            Some(Ok(boundary)) => layer(boundary, action, resource),
            Some(Err(why)) => Layer::Unclear(why.clone()),
        };
        let name = policies
            .boundary
            .as_ref()
            .map(|boundary| boundary.name.as_str());
        combine(identity, boundary, name.unwrap_or_default())
    })
}

/// Evaluates which of `statements` would be effective in a role with this boundary.
#[must_use]
pub fn within_boundary(boundary: &NamedDocument, statements: &[Statement]) -> Vec<RightsFinding> {
    let policy = parsed(std::slice::from_ref(boundary));
    findings(statements, |action, resource| {
        let boundary_says = match &policy {
            Ok(policy) => layer(policy, action, resource),
            Err(why) => Layer::Unclear(why.clone()),
        };
        combine(Layer::Allowed, boundary_says, &boundary.name)
    })
}

/// Returns `ACTION, ACTION on RESOURCE (why)` for the findings that `why` selects; empty if it selects none.
#[must_use]
pub fn describe(
    findings: &[RightsFinding],
    why: impl Fn(&RightsResult) -> Option<String>,
) -> String {
    let mut groups: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for finding in findings {
        if let Some(why) = why(&finding.result) {
            groups
                .entry((&finding.resource, why))
                .or_default()
                .push(&finding.action);
        }
    }
    let texts: Vec<String> = groups
        .into_iter()
        .map(|((resource, why), actions)| format!("{} on {resource} ({why})", actions.join(", ")))
        .collect();
    texts.join("; ")
}

fn findings(
    statements: &[Statement],
    evaluate: impl Fn(&str, &Pattern) -> RightsResult,
) -> Vec<RightsFinding> {
    let mut findings = Vec::new();
    for statement in statements {
        for resource in &statement.resources {
            // The resource of a statement has wildcards and no variables.
            let pattern = Pattern::new(resource, false);
            for action in &statement.actions {
                findings.push(RightsFinding {
                    action: action.clone(),
                    resource: resource.clone(),
                    result: evaluate(action, &pattern),
                });
            }
        }
    }
    findings
}

fn parsed(documents: &[NamedDocument]) -> Result<Vec<Policy>, String> {
    documents
        .iter()
        .map(|document| {
            Policy::parse(&document.name, &document.document)
                .map_err(|why| format!("policy {} cannot be read: {why}", document.name))
        })
        .collect()
}

/// The result of one kind of policies by itself.
enum Layer {
    Allowed,
    Nothing,
    Denied(String),
    Unclear(String),
}

fn layer(policies: &[Policy], action: &str, resource: &Pattern) -> Layer {
    let mut allowed = false;
    let (mut may_be_allowed, mut may_be_denied) = (None, None);
    for policy in policies {
        for statement in &policy.statements {
            let reach = statement.reach(action, resource);
            if reach == Reach::None {
                continue;
            }
            let doubt = doubt(policy, statement, reach);
            match (statement.allows, doubt) {
                (false, None) => return Layer::Denied(policy.name.clone()),
                (false, Some(doubt)) => drop(may_be_denied.get_or_insert(doubt)),
                (true, None) => allowed = true,
                (true, Some(doubt)) => drop(may_be_allowed.get_or_insert(doubt)),
            }
        }
    }
    match (allowed, may_be_allowed, may_be_denied) {
        (true, _, None) => Layer::Allowed,
        (true, _, Some(why)) | (false, Some(why), _) => Layer::Unclear(why),
        (false, None, _) => Layer::Nothing,
    }
}

/// Returns why a statement that matches the resource may not apply to all of it; `None` if it applies.
fn doubt(policy: &Policy, statement: &PolicyStatement, reach: Reach) -> Option<String> {
    let name = &policy.name;
    let does = if statement.allows { "allows" } else { "denies" };
    if !statement.condition_keys.is_empty() {
        let keys: Vec<&str> = statement
            .condition_keys
            .iter()
            .map(String::as_str)
            .collect();
        let keys = keys.join(", ");
        return Some(format!("{name} {does} it under a condition on {keys}"));
    }
    (reach == Reach::Part)
        .then(|| format!("{name} {does} a part of it, or names it with a variable"))
}

/// Combines both layers. An explicit Deny counts in either of them; otherwise both must allow.
fn combine(identity: Layer, boundary: Layer, boundary_name: &str) -> RightsResult {
    match (identity, boundary) {
        (Layer::Denied(by), _) | (_, Layer::Denied(by)) => RightsResult::Missing(Lack::Denied(by)),
        (Layer::Nothing, _) => RightsResult::Missing(Lack::NotAllowed),
        (_, Layer::Nothing) => {
            RightsResult::Missing(Lack::OutsideBoundary(boundary_name.to_owned()))
        }
        (Layer::Unclear(why), _) | (_, Layer::Unclear(why)) => RightsResult::Unknown(why),
        (Layer::Allowed, Layer::Allowed) => RightsResult::Allowed,
    }
}
