//! What was read of the rights of roles; `plan` evaluates it.

use std::collections::BTreeMap;

use super::Observed;
use crate::iam::{RolePolicies, Statement};

/// One IAM role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleView {
    /// Full ARN, path included.
    pub arn: String,
    /// ARN of the managed policy that bounds it.
    pub permissions_boundary: Option<String>,
    /// The trust policy (decoded JSON text): who may assume the role.
    pub trust: Option<String>,
    /// Tags of the role.
    pub tags: BTreeMap<String, String>,
}

/// Whether a role may do something: what `iam.mode: Verify` asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RightsQuestion {
    /// Name of the role, without its path.
    pub role: String,
    /// What it must be allowed to do.
    pub statements: Vec<Statement>,
}

/// The answer of AWS to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsView {
    /// ARN of the role as IAM knows it.
    pub role_arn: String,
    /// The result of the IAM simulator for each action and resource, or why it could not be read.
    pub simulated: Result<Vec<SimulatedRight>, String>,
    /// What is attached to the role; read only if the simulator leaves something open.
    pub policies: Option<Observed<RolePolicies>>,
}

/// One result of `SimulatePrincipalPolicy`.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedRight {
    /// Action.
    pub action: String,
    /// Resource, as in the question.
    pub resource: String,
    /// The decision.
    pub decision: SimulatedDecision,
    /// Condition keys whose values only a real call has.
    pub missing_context: Vec<String>,
}

impl SimulatedRight {
    /// Whether it cannot be evaluated by this alone: the simulator treats the wildcards of a resource as plain
    /// characters, so it denies what is allowed in part.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.decision == SimulatedDecision::ImplicitDeny && self.resource.contains(['*', '?'])
    }
}

/// What the simulator decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimulatedDecision {
    /// Allowed.
    Allowed,
    /// A statement of one of these policies denies it.
    ExplicitDeny(Vec<String>),
    /// Nothing allows it.
    ImplicitDeny,
    /// The permissions boundary does not allow it.
    OutsideBoundary,
    /// A policy of the organisation does not allow it.
    OutsideOrganization,
}

/// Inline policy documents of a role by name.
pub type InlinePolicies = BTreeMap<String, String>;
