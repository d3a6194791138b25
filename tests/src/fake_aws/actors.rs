//! Other actors: the owners of services, their pipelines, and the test itself.
//! Their calls are not logged, not throttled and get no faults.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::FakeAws;
use super::calls::{Call, Service};
use super::ecs::{Deploying, DeploymentEnd, RolloutState};
use super::reply::AwsError;
use super::world::register_input;

/// The document from which an owner starts a deployment.
#[derive(Clone, Debug)]
pub enum Source {
    /// The document the owner registered last (what is in their repository).
    Own,
    /// What the service runs now, router and all (what `describe-task-definition` pipelines do).
    Live,
    /// The newest ACTIVE revision of the family (what pipelines do that describe the family, as the render
    /// action of GitHub is mostly used).
    Newest,
    /// A register input of the test.
    Document(Value),
}

impl FakeAws {
    /// An ECS call by somebody else.
    ///
    /// # Errors
    /// The errors of the API.
    pub fn ecs(&self, operation: &str, params: Value) -> Result<Value, AwsError> {
        let call = self.somebodys(Service::Ecs, operation, params);
        let mut state = self.state();
        let answer = state.ecs(&call)?;
        if operation == "RegisterTaskDefinition"
            && let Some(arn) = answer["taskDefinition"]["taskDefinitionArn"].as_str()
            && let Some(region) = state.regions.get_mut(&self.place)
            && let Some(revision) = region.revision_mut(arn)
        {
            revision.owned = true;
        }
        Ok(answer)
    }

    fn somebodys(&self, service: Service, operation: &str, params: Value) -> Call {
        Call {
            number: 0,
            at_ms: 0,
            service,
            operation: operation.to_owned(),
            body: Bytes::from(params.to_string()),
            params,
            access_key: String::new(),
            role_session: None,
            place: self.place.clone(),
            executed: false,
            error: None,
        }
    }

    /// Adds a cluster; `extra` has further members of CreateCluster (`{}` for none).
    ///
    /// # Errors
    /// As CreateCluster.
    pub fn add_cluster(&self, name: &str, extra: Value) -> Result<(), AwsError> {
        let mut params = extra;
        params["clusterName"] = json!(name);
        self.ecs("CreateCluster", params).map(drop)
    }

    /// Registers a revision as its owner; returns its ARN.
    ///
    /// # Errors
    /// As RegisterTaskDefinition.
    pub fn register(&self, document: Value) -> Result<String, AwsError> {
        let answer = self.ecs("RegisterTaskDefinition", document)?;
        Ok(answer["taskDefinition"]["taskDefinitionArn"]
            .as_str()
            .unwrap_or("")
            .to_owned())
    }

    /// Adds a service whose deployment is completed; `extra` has further members of CreateService.
    /// An awsvpc service that names no network gets one.
    ///
    /// # Errors
    /// As CreateService.
    pub fn add_service(
        &self,
        cluster: &str,
        name: &str,
        task_definition: &str,
        extra: Value,
    ) -> Result<(), AwsError> {
        let mut params = extra;
        params["cluster"] = json!(cluster);
        params["serviceName"] = json!(name);
        params["taskDefinition"] = json!(task_definition);
        if params.get("networkConfiguration").is_none() {
            params["networkConfiguration"] =
                json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        }
        self.ecs("CreateService", params)?;
        self.write_service(cluster, name, |service, now_ms| {
            service.complete_now(now_ms);
        });
        Ok(())
    }

    fn write_service(
        &self,
        cluster: &str,
        name: &str,
        change: impl FnOnce(&mut super::ecs::Service, i64),
    ) {
        let mut state = self.state();
        let now_ms = state.now_ms;
        if let Some(service) = state
            .regions
            .get_mut(&self.place)
            .and_then(|region| region.clusters.get_mut(cluster))
            .and_then(|cluster| cluster.services.get_mut(name))
        {
            service.write(now_ms, |service| change(service, now_ms));
        }
    }

    /// Deploys as CodeDeploy or an external controller: the revision is that of the primary task set from now on.
    pub fn controller_ships(&self, cluster: &str, service: &str, task_definition: &str) {
        self.write_service(cluster, service, |service, _| {
            task_definition.clone_into(&mut service.task_definition);
        });
    }

    /// Deploys as the owner: a new revision from `source` after `edit`, then UpdateService.
    /// Returns the ARN of the new revision.
    ///
    /// # Errors
    /// As RegisterTaskDefinition and UpdateService.
    pub fn owner_deploys(
        &self,
        cluster: &str,
        service: &str,
        source: Source,
        edit: impl FnOnce(&mut Value),
    ) -> Result<String, AwsError> {
        let missing = || AwsError::client("there is nothing to deploy from");
        let mut document = match source {
            Source::Document(document) => document,
            Source::Live => register_input(&self.live(cluster, service).ok_or_else(missing)?),
            Source::Own => self.own(cluster, service).ok_or_else(missing)?,
            Source::Newest => {
                let family = self.family(cluster, service).ok_or_else(missing)?;
                register_input(&self.task_definition(&family).ok_or_else(missing)?)
            }
        };
        edit(&mut document);
        let arn = self.register(document)?;
        self.ecs(
            "UpdateService",
            json!({"cluster": cluster, "service": service, "taskDefinition": arn}),
        )?;
        Ok(arn)
    }

    /// Family of what a service runs.
    fn family(&self, cluster: &str, service: &str) -> Option<String> {
        let live = self.live(cluster, service)?;
        live["taskDefinition"]["family"].as_str().map(str::to_owned)
    }

    /// Terraform applies a service whose task definition is `max(revision)` of the one in its state and the
    /// newest ACTIVE one of the family. Returns what it set the service to.
    ///
    /// # Errors
    /// As UpdateService.
    pub fn terraform_applies(&self, cluster: &str, service: &str) -> Result<String, AwsError> {
        let missing = || AwsError::client("there is nothing to apply");
        let family = self.family(cluster, service).ok_or_else(missing)?;
        let newest = self.task_definition(&family).ok_or_else(missing)?;
        let newest = newest["taskDefinition"]["revision"].as_u64().unwrap_or(0);
        let owned = self.owned_revision(&family).unwrap_or(0);
        let revision = format!("{family}:{}", newest.max(owned));
        self.sets(cluster, service, &revision)?;
        Ok(revision)
    }

    /// `ecspresso rollback`: the newest ACTIVE revision of the family before the one that runs.
    ///
    /// # Errors
    /// As UpdateService, and where there is none.
    pub fn ecspresso_rolls_back(&self, cluster: &str, service: &str) -> Result<String, AwsError> {
        let missing = || AwsError::client("there is nothing to go back to");
        let family = self.family(cluster, service).ok_or_else(missing)?;
        let live = self.service(cluster, service).ok_or_else(missing)?["taskDefinition"].clone();
        let revisions = self.revisions(&family);
        let before = revisions.iter().take_while(|(arn, _)| live != json!(arn));
        let (to, _) = before
            .filter(|(_, active)| *active)
            .last()
            .ok_or_else(missing)?;
        self.sets(cluster, service, to)?;
        Ok(to.clone())
    }

    /// A stack update, or its rollback, sets the service to the revision of its template: the owner's newest,
    /// or the one before (`back`).
    ///
    /// # Errors
    /// As UpdateService.
    pub fn stack_sets(&self, cluster: &str, service: &str, back: bool) -> Result<String, AwsError> {
        let missing = || AwsError::client("the template has no such revision");
        let family = self.family(cluster, service).ok_or_else(missing)?;
        let owned = self.owned_revisions(&family);
        let revision = owned.iter().rev().nth(usize::from(back));
        let revision = revision.ok_or_else(missing)?;
        let revision = format!("{family}:{revision}");
        self.sets(cluster, service, &revision)?;
        Ok(revision)
    }

    fn sets(&self, cluster: &str, service: &str, revision: &str) -> Result<(), AwsError> {
        let params = json!({"cluster": cluster, "service": service, "taskDefinition": revision});
        self.ecs("UpdateService", params).map(drop)
    }

    fn owned_revision(&self, family: &str) -> Option<u64> {
        self.owned_revisions(family).last().copied()
    }

    /// Numbers of the revisions of a family that its owner registered, oldest first.
    fn owned_revisions(&self, family: &str) -> Vec<u64> {
        let state = self.state();
        let region = state.regions.get(&self.place);
        let revisions = region.and_then(|region| region.families.get(family));
        let owned = revisions
            .into_iter()
            .flatten()
            .filter(|revision| revision.owned);
        owned.map(|revision| revision.number).collect()
    }

    /// Returns the register input that the owner of a service used last.
    pub fn own(&self, cluster: &str, service: &str) -> Option<Value> {
        let live = self.live(cluster, service)?;
        let family = live["taskDefinition"]["family"].as_str()?;
        let state = self.state();
        let revisions = state.regions.get(&self.place)?.families.get(family)?;
        let revision = revisions.iter().rev().find(|revision| revision.owned)?;
        Some(register_input(
            &json!({"taskDefinition": revision.view(), "tags": revision.tags}),
        ))
    }

    /// What a service runs, as DescribeTaskDefinition with tags answers it.
    pub fn live(&self, cluster: &str, service: &str) -> Option<Value> {
        let arn = self.service(cluster, service)?["taskDefinition"]
            .as_str()?
            .to_owned();
        self.task_definition(&arn)
    }

    /// Returns a service with its tags, without lag.
    pub fn service(&self, cluster: &str, name: &str) -> Option<Value> {
        let state = self.state();
        let region = state.regions.get(&self.place)?;
        let service = region.clusters.get(cluster)?.services.get(name)?.newest();
        Some(service.view_at(&self.place))
    }

    /// A revision as DescribeTaskDefinition with tags answers it, without lag.
    pub fn task_definition(&self, identifier: &str) -> Option<Value> {
        let state = self.state();
        let revision = state.regions.get(&self.place)?.revision(identifier)?;
        Some(json!({"taskDefinition": revision.view(), "tags": revision.tags}))
    }

    /// ARN and whether it is ACTIVE of every revision of a family, oldest first.
    pub fn revisions(&self, family: &str) -> Vec<(String, bool)> {
        let state = self.state();
        let revisions = state
            .regions
            .get(&self.place)
            .and_then(|region| region.families.get(family));
        revisions
            .into_iter()
            .flatten()
            .map(|revision| (revision.arn().to_owned(), revision.is_active()))
            .collect()
    }

    /// How the coming deployments of a service end, in order; later ones are completed.
    pub fn script_deployments(&self, cluster: &str, service: &str, ends: &[DeploymentEnd]) {
        let mut state = self.state();
        let region = state.regions.entry(self.place.clone()).or_default();
        region
            .scripts
            .entry(format!("{cluster}/{service}"))
            .or_default()
            .extend(ends);
    }

    /// Sets how every deployment without a script ends, decided when it starts.
    pub fn judge_deployments(
        &self,
        evaluate: impl Fn(&Deploying<'_>) -> DeploymentEnd + Send + Sync + 'static,
    ) {
        self.state().options.evaluate = Some(Arc::new(evaluate));
    }

    /// How long deployments that start from now on take (60 s at first).
    pub fn set_deployment_duration(&self, duration: Duration) {
        self.state().options.deployment = duration;
    }

    /// Services of this place whose deployment is in progress.
    pub fn in_flight(&self) -> usize {
        let state = self.state();
        let services = state
            .regions
            .get(&self.place)
            .into_iter()
            .flat_map(|region| region.clusters.values())
            .flat_map(|cluster| cluster.services.values());
        services
            .filter(|service| service.newest().rollout_state() == Some(RolloutState::InProgress))
            .count()
    }
}
