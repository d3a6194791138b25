//! IAM: what roles may do, by its simulator and by their policies.
//!
//! Only reads, and only the actions in question are sent.

use aws_sdk_iam::types::{
    EvaluationResult, PermissionsBoundaryDecisionDetail, PolicyEvaluationDecisionType,
    Statement as MatchedStatement,
};
use firelens_aws::iam::Statement;
use firelens_aws::observe::{SimulatedDecision, SimulatedRight};

use super::clients::AwsClients;
use super::error::{AwsError, AwsErrorKind};
use super::iam::percent_decoded;
use super::operation::Operation;

/// The number of pairs of action and resource in one call of the simulator. IAM documents no limit for the pairs
/// and returns at most 1,000 results a page, 100 by default:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.
pub const SIMULATED_PAIRS_PER_CALL: usize = 100;

/// The number of pages of one list: far more than a role can fill.
const MAX_PAGES: usize = 10;

impl AwsClients {
    /// Returns the result of the simulator for every action on every resource of the statements.
    ///
    /// # Errors
    /// A call fails.
    pub async fn simulate_principal_policy(
        &self,
        role_arn: &str,
        statements: &[Statement],
    ) -> Result<Vec<SimulatedRight>, AwsError> {
        let mut rights = Vec::new();
        for statement in statements {
            let actions = statement.actions.len().max(1);
            let resources = (SIMULATED_PAIRS_PER_CALL / actions).max(1);
            for resources in statement.resources.chunks(resources) {
                self.simulate(role_arn, &statement.actions, resources, &mut rights)
                    .await?;
            }
        }
        Ok(rights)
    }

    async fn simulate(
        &self,
        role_arn: &str,
        actions: &[String],
        resources: &[String],
        rights: &mut Vec<SimulatedRight>,
    ) -> Result<(), AwsError> {
        let mut marker = None;
        for _ in 0..MAX_PAGES {
            let call = self
                .caller
                .begin(Operation::SIMULATE_PRINCIPAL_POLICY)
                .await;
            let request = self
                .iam_reads
                .simulate_principal_policy()
                .policy_source_arn(role_arn)
                .set_action_names(Some(actions.to_vec()))
                .set_resource_arns(Some(resources.to_vec()))
                .max_items(1000)
                .set_marker(marker);
            let result = request.customize().interceptor(call.probe()).send().await;
            let page = self.caller.end(&call, result)?;
            for result in page.evaluation_results.unwrap_or_default() {
                add_rights(&result, rights);
            }
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Returns the ARNs of the managed policies attached to a role.
    ///
    /// # Errors
    /// A call fails; `NotFound` when there is no such role.
    pub async fn list_attached_role_policies(&self, role: &str) -> Result<Vec<String>, AwsError> {
        let mut arns = Vec::new();
        let mut marker = None;
        for _ in 0..MAX_PAGES {
            let call = self
                .caller
                .begin(Operation::LIST_ATTACHED_ROLE_POLICIES)
                .await;
            let request = self
                .iam_reads
                .list_attached_role_policies()
                .role_name(role)
                .max_items(1000)
                .set_marker(marker);
            let result = request.customize().interceptor(call.probe()).send().await;
            let page = self.caller.end(&call, result)?;
            let attached = page.attached_policies.unwrap_or_default();
            arns.extend(attached.into_iter().filter_map(|policy| policy.policy_arn));
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                break;
            }
        }
        Ok(arns)
    }

    /// Returns the JSON text of the default version of a managed policy.
    ///
    /// # Errors
    /// A call fails; `NotFound` when there is no such policy.
    pub async fn managed_policy(&self, arn: &str) -> Result<String, AwsError> {
        let operation = Operation::GET_POLICY;
        let call = self.caller.begin(operation).await;
        let request = self.iam_reads.get_policy().policy_arn(arn);
        let result = request.customize().interceptor(call.probe()).send().await;
        let answer = self.caller.end(&call, result)?;
        let version = answer
            .policy
            .and_then(|policy| policy.default_version_id)
            .ok_or_else(|| unreadable(operation, "the answer names no version"))?;
        let operation = Operation::GET_POLICY_VERSION;
        let call = self.caller.begin(operation).await;
        let request = self
            .iam_reads
            .get_policy_version()
            .policy_arn(arn)
            .version_id(version);
        let result = request.customize().interceptor(call.probe()).send().await;
        let answer = self.caller.end(&call, result)?;
        answer
            .policy_version
            .and_then(|version| version.document)
            .map(|document| percent_decoded(&document))
            .ok_or_else(|| unreadable(operation, "the answer holds no document"))
    }
}

fn unreadable(operation: Operation, message: &str) -> AwsError {
    AwsError::new(operation, AwsErrorKind::Server, "UnreadableAnswer", message)
}

/// One result is for one action, and for one resource or, in a list of its own, several.
fn add_rights(result: &EvaluationResult, rights: &mut Vec<SimulatedRight>) {
    let outside_organization = result
        .organizations_decision_detail()
        .is_some_and(|detail| !detail.allowed_by_organizations());
    for specific in result.resource_specific_results() {
        rights.push(SimulatedRight {
            action: result.eval_action_name.clone(),
            resource: specific.eval_resource_name.clone(),
            decision: decision(
                specific.eval_resource_decision(),
                specific.matched_statements(),
                specific.permissions_boundary_decision_detail(),
                outside_organization,
            ),
            missing_context: specific.missing_context_values().to_vec(),
        });
    }
    let resource = result.eval_resource_name().unwrap_or("*");
    let is_listed = rights
        .iter()
        .any(|right| right.action == result.eval_action_name && right.resource == resource);
    if !is_listed {
        rights.push(SimulatedRight {
            action: result.eval_action_name.clone(),
            resource: resource.to_owned(),
            decision: decision(
                result.eval_decision(),
                result.matched_statements(),
                result.permissions_boundary_decision_detail(),
                outside_organization,
            ),
            missing_context: result.missing_context_values().to_vec(),
        });
    }
}

fn decision(
    decision: &PolicyEvaluationDecisionType,
    matched: &[MatchedStatement],
    boundary: Option<&PermissionsBoundaryDecisionDetail>,
    outside_organization: bool,
) -> SimulatedDecision {
    match decision {
        PolicyEvaluationDecisionType::Allowed => SimulatedDecision::Allowed,
        PolicyEvaluationDecisionType::ExplicitDeny => {
            let names = matched
                .iter()
                .filter_map(MatchedStatement::source_policy_id);
            SimulatedDecision::ExplicitDeny(names.map(str::to_owned).collect())
        }
        _ if outside_organization => SimulatedDecision::OutsideOrganization,
        _ if boundary.is_some_and(|detail| !detail.allowed_by_permissions_boundary()) => {
            SimulatedDecision::OutsideBoundary
        }
        _ => SimulatedDecision::ImplicitDeny,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use aws_sdk_iam::types::{OrganizationsDecisionDetail, ResourceSpecificResult};

    use super::*;

    fn result(decision: PolicyEvaluationDecisionType) -> EvaluationResult {
        EvaluationResult::builder()
            .eval_action_name("s3:GetObject")
            .eval_resource_name("arn:aws:s3:::b/k")
            .eval_decision(decision)
            .build()
            .unwrap()
    }

    fn simulated(result: &EvaluationResult) -> Vec<SimulatedRight> {
        let mut rights = Vec::new();
        add_rights(result, &mut rights);
        rights
    }

    fn bounded(allowed: bool) -> PermissionsBoundaryDecisionDetail {
        PermissionsBoundaryDecisionDetail::builder()
            .allowed_by_permissions_boundary(allowed)
            .build()
    }

    #[test]
    fn a_decision_says_who_denies() {
        use PolicyEvaluationDecisionType::{Allowed, ExplicitDeny, ImplicitDeny};
        let outside = OrganizationsDecisionDetail::builder()
            .allowed_by_organizations(false)
            .build();
        let guard = MatchedStatement::builder()
            .source_policy_id("guard")
            .build();
        let mut denied = result(ExplicitDeny);
        denied.matched_statements = Some(vec![guard]);
        let mut beyond = result(ImplicitDeny);
        beyond.permissions_boundary_decision_detail = Some(bounded(false));
        let mut within = result(ImplicitDeny);
        within.permissions_boundary_decision_detail = Some(bounded(true));
        let mut foreign = result(ImplicitDeny);
        foreign.organizations_decision_detail = Some(outside);
        for (result, wanted) in [
            (result(Allowed), SimulatedDecision::Allowed),
            (result(ImplicitDeny), SimulatedDecision::ImplicitDeny),
            (
                denied,
                SimulatedDecision::ExplicitDeny(vec!["guard".to_owned()]),
            ),
            (beyond, SimulatedDecision::OutsideBoundary),
            (within, SimulatedDecision::ImplicitDeny),
            (foreign, SimulatedDecision::OutsideOrganization),
        ] {
            assert_eq!(simulated(&result)[0].decision, wanted, "{result:?}");
        }
    }

    #[test]
    fn a_resource_specific_decision_overrides_the_overall_decision() {
        let mut both = result(PolicyEvaluationDecisionType::ImplicitDeny);
        let specific = |resource: &str, decision| {
            ResourceSpecificResult::builder()
                .eval_resource_name(resource)
                .eval_resource_decision(decision)
                .missing_context_values("aws:SourceVpc")
                .build()
                .unwrap()
        };
        both.resource_specific_results = Some(vec![
            specific("arn:aws:s3:::b/k", PolicyEvaluationDecisionType::Allowed),
            specific(
                "arn:aws:s3:::b/l",
                PolicyEvaluationDecisionType::ImplicitDeny,
            ),
        ]);
        let rights = simulated(&both);
        let decisions: Vec<_> = rights
            .iter()
            .map(|right| (right.resource.as_str(), &right.decision))
            .collect();
        assert_eq!(
            decisions,
            [
                ("arn:aws:s3:::b/k", &SimulatedDecision::Allowed),
                ("arn:aws:s3:::b/l", &SimulatedDecision::ImplicitDeny),
            ]
        );
        assert_eq!(rights[0].missing_context, ["aws:SourceVpc"]);
    }
}
