//! Reads what a plan needs to know of roles: their rights, their policies, their boundaries.
//!
//! Evaluates nothing: it returns the results of IAM, and where the simulator of IAM is out of reach or has no
//! result, the policies themselves.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::iam::{NamedDocument, RolePolicies};
use firelens_aws::observe::{
    InlinePolicies, Needs, Observation, Observed, RightsQuestion, RightsView, RoleView,
    SimulatedRight,
};

use crate::aws::AwsError;
use crate::needs::{Reader, each, seen};

/// Documents of managed policies that were read in this round: roles share them.
type Managed = BTreeMap<String, Result<String, AwsError>>;

impl Reader<'_> {
    /// Reads roles and their policies.
    pub(crate) async fn read_roles(&self, needs: &Needs, observation: &mut Observation) {
        observation.roles.extend(
            each(&needs.roles, |role| async move {
                seen(self.clients.get_role(&role).await)
            })
            .await,
        );
        observation.role_policies.extend(
            each(&needs.role_policies, |(role, policy)| async move {
                seen(self.clients.get_role_policy(&role, &policy).await)
            })
            .await,
        );
        observation.inline_policies.extend(
            each(&needs.inline_policies, |role| async move {
                seen(self.inline_policies(&role).await)
            })
            .await,
        );
        observation.managed_policies.extend(
            each(&needs.managed_policies, |arn| async move {
                seen(self.clients.managed_policy(&arn).await)
            })
            .await,
        );
        self.read_rights(&needs.rights, observation).await;
    }

    /// Answers questions about rights, role by role.
    async fn read_rights(
        &self,
        questions: &BTreeSet<RightsQuestion>,
        observation: &mut Observation,
    ) {
        let mut managed = Managed::new();
        let mut by_role: BTreeMap<&str, Vec<&RightsQuestion>> = BTreeMap::new();
        for question in questions {
            by_role.entry(&question.role).or_default().push(question);
        }
        for (role, questions) in by_role {
            let view = seen(self.clients.get_role(role).await);
            let mut policies = None;
            for question in questions {
                let answer = match &view {
                    Observed::Absent => Observed::Absent,
                    Observed::Unknown(why) => Observed::Unknown(why.clone()),
                    Observed::Present(view) => Observed::Present(
                        self.rights(view, question, &mut policies, &mut managed)
                            .await,
                    ),
                };
                observation.rights.insert(question.clone(), answer);
            }
            if let Some(Observed::Unknown(why)) = &policies {
                tracing::warn!(role, why, "policies of the role not read");
            }
        }
    }

    async fn rights(
        &self,
        role: &RoleView,
        question: &RightsQuestion,
        policies: &mut Option<Observed<RolePolicies>>,
        managed: &mut Managed,
    ) -> RightsView {
        let simulated = self
            .clients
            .simulate_principal_policy(&role.arn, &question.statements)
            .await
            // The message of AWS names the session, which is another each time.
            .map_err(|error| error.code);
        let is_decided = simulated
            .as_ref()
            .is_ok_and(|rights| !rights.iter().any(SimulatedRight::is_open));
        if !is_decided && policies.is_none() {
            let read = self.role_policies(&question.role, role, managed).await;
            *policies = Some(seen(read));
        }
        RightsView {
            role_arn: role.arn.clone(),
            simulated,
            policies: policies.clone().filter(|_| !is_decided),
        }
    }

    /// All policies that are attached to a role.
    async fn role_policies(
        &self,
        name: &str,
        role: &RoleView,
        managed: &mut Managed,
    ) -> Result<RolePolicies, AwsError> {
        let named = |(name, document)| NamedDocument { name, document };
        let inline = self.inline_policies(name).await?;
        let mut identity: Vec<NamedDocument> = inline.into_iter().map(named).collect();
        for arn in self.clients.list_attached_role_policies(name).await? {
            let document = self.managed(&arn, managed).await?;
            identity.push(named((arn, document)));
        }
        let boundary = match &role.permissions_boundary {
            Some(arn) => Some(named((arn.clone(), self.managed(arn, managed).await?))),
            None => None,
        };
        Ok(RolePolicies { identity, boundary })
    }

    async fn managed(&self, arn: &str, read: &mut Managed) -> Result<String, AwsError> {
        if let Some(known) = read.get(arn) {
            return known.clone();
        }
        let document = self.clients.managed_policy(arn).await;
        read.insert(arn.to_owned(), document.clone());
        document
    }

    /// All inline policies of a role.
    async fn inline_policies(&self, role: &str) -> Result<InlinePolicies, AwsError> {
        let mut policies = InlinePolicies::new();
        for name in self.clients.list_role_policies(role).await? {
            let document = self.clients.get_role_policy(role, &name).await?;
            policies.insert(name, document);
        }
        Ok(policies)
    }
}
