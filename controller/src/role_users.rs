//! The users of a role in the other targets of the account: roles are global there, and what one target grants,
//! the tasks of another may do as well.
//!
//! What the store knows is not read from the AWS of other targets, and a revision that could not be read does not
//! count as a user.

use std::collections::{BTreeMap, BTreeSet};

use firelens_aws::iam;
use firelens_aws::observe::{Needs, Observation};
use firelens_store::{ListOptions, StoreError};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{AwsTarget, Kind, Workload};

use crate::labels::target_selector;
use crate::needs::{Reader, parsed};
use crate::reading::readable;

/// The number of revisions of another target's services that one pass reads from AWS for their roles. They are
/// cached, so a large target in which no policy selects anything is known after some resyncs.
const OTHERS_READ_PER_PASS: usize = 200;

impl Reader<'_> {
    /// Finds the services of other targets in the account that no policy selects and that use the roles in
    /// question.
    pub(crate) async fn read_role_users(
        &self,
        needs: &Needs,
        observation: &mut Observation,
    ) -> Result<(), StoreError> {
        if needs.role_users.is_empty() {
            return Ok(());
        }
        let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for other in self.others.of_the_account() {
            self.add_users(other, &mut users).await?;
        }
        let asked = needs.role_users.iter();
        observation.role_users.extend(asked.map(|role| {
            let services = users.get(role).cloned().unwrap_or_default();
            (role.clone(), services)
        }));
        Ok(())
    }

    async fn add_users(
        &self,
        other: &AwsTarget,
        users: &mut BTreeMap<String, BTreeSet<String>>,
    ) -> Result<(), StoreError> {
        let unselected = self.unselected(other).await?;
        let revisions: BTreeSet<String> = unselected.values().cloned().collect();
        let documents = self.documents(other, revisions).await?;
        for (service, revision) in unselected {
            let Some(document) = documents.get(&revision) else {
                continue;
            };
            let roles = [document.task_role_arn(), document.execution_role_arn()];
            for role in roles.into_iter().flatten().filter_map(iam::role_name) {
                let service = format!("{service} of target {}", other.name());
                users.entry(role.name).or_default().insert(service);
            }
        }
        Ok(())
    }

    /// Revisions of the services that no policy selects, by `CLUSTER/SERVICE`.
    async fn unselected(&self, other: &AwsTarget) -> Result<BTreeMap<String, String>, StoreError> {
        let options = ListOptions {
            label_selector: target_selector(other.name()),
            ..ListOptions::default()
        };
        let list = self.store.list(Kind::Workload, &options).await?;
        let by_service = list
            .items
            .into_iter()
            .filter_map(|object| readable::<Workload>(Kind::Workload, object))
            .filter(|workload| workload.spec.target == other.name())
            .filter_map(|workload| {
                let status = workload.status.filter(|status| status.policy.is_none())?;
                let service = format!("{}/{}", workload.spec.cluster, workload.spec.service);
                Some((service, status.current_revision?))
            });
        Ok(by_service.collect())
    }

    /// Returns the revisions by ARN: those that the store has and some of the others.
    async fn documents(
        &self,
        other: &AwsTarget,
        revisions: BTreeSet<String>,
    ) -> Result<BTreeMap<String, TaskDefinitionDoc>, StoreError> {
        let wanted: Vec<String> = revisions.into_iter().collect();
        let mut documents: BTreeMap<String, TaskDefinitionDoc> = self
            .store
            .task_definitions(&wanted)
            .await?
            .into_iter()
            .filter_map(|(arn, raw)| Some((arn, TaskDefinitionDoc::parse(&raw).ok()?)))
            .collect();
        let missing: BTreeSet<String> = wanted
            .into_iter()
            .filter(|arn| !documents.contains_key(arn))
            .take(OTHERS_READ_PER_PASS)
            .collect();
        if missing.is_empty() {
            return Ok(documents);
        }
        let clients = self.others.ctx.clients(other).await;
        let described = Reader {
            clients: &clients,
            ..*self
        }
        .described(&missing)
        .await;
        self.remember(&described).await?;
        let read = described
            .iter()
            .filter_map(|(arn, raw)| Some((arn.clone(), parsed(raw).present()?.clone())));
        documents.extend(read);
        Ok(documents)
    }
}
