//! What was seen of the rights of roles.
//!
//! Never an evaluation: `plan` makes that of it.

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
    /// Who may assume it: the trust policy (decoded JSON text).
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

/// What AWS said about a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsView {
    /// ARN of the role as IAM knows it.
    pub role_arn: String,
    /// What the simulator of IAM says of each action and resource, or why it was not to be had.
    pub simulated: Result<Vec<SimulatedRight>, String>,
    /// What is attached to the role; read only where the simulator does not tell all.
    pub policies: Option<Observed<RolePolicies>>,
}

/// One result of `SimulatePrincipalPolicy`.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedRight {
    /// Action.
    pub action: String,
    /// Resource, as it was asked for.
    pub resource: String,
    /// The decision.
    pub decision: SimulatedDecision,
    /// Keys that conditions ask for and that only a real call has.
    pub missing_context: Vec<String>,
}

impl SimulatedRight {
    /// Whether more must be known to evaluate it: the simulator takes the wildcards of a resource for
    /// letters, so that it denies what is allowed in part.
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
