//! ECS: raw JSON both ways, pages as large as AWS allows.
//!
//! `desiredCount` is never sent, and no deployment is ever forced.

use aws_sdk_ecs::types::{
    ClusterField, ServiceField, SortOrder, StopServiceDeploymentStopType, TaskDefinitionField,
    TaskDefinitionStatus,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::clients::AwsClients;
use super::error::{AwsError, AwsErrorKind};
use super::operation::Operation;

/// Most clusters and services per page of a list, and most clusters per describe
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html>). The default
/// of `ListServices` is 10: ten times the calls.
pub const LIST_PAGE_SIZE: usize = 100;

/// Most clusters per `DescribeClusters`
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html>).
pub const DESCRIBE_CLUSTERS_SIZE: usize = 100;

/// Most capacity providers per `DescribeCapacityProviders`
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeCapacityProviders.html>).
pub const DESCRIBE_PROVIDERS_SIZE: usize = 100;

/// Most services per `DescribeServices`
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html>).
pub const DESCRIBE_SERVICES_SIZE: usize = 10;

/// The most pages read of one list: 10,000 clusters of an account and 5,000 services of a cluster are AWS's quotas
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>); a server that repeats its
/// token for ever must not block a pass for ever.
pub(super) const MAX_LIST_PAGES: usize = 1000;

/// Why ECS did not describe something that was requested.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Failure {
    /// ARN of what was requested.
    #[serde(default)]
    pub arn: String,
    /// `MISSING` when it does not exist.
    #[serde(default)]
    pub reason: String,
    /// Further details.
    #[serde(default)]
    pub detail: Option<String>,
}

impl Failure {
    /// Whether ECS reports that the thing does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.reason == "MISSING"
    }
}

/// The answer of a describe call: each element as raw JSON text, so that no field is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// Elements as AWS wrote them.
    pub items: Vec<String>,
    /// What was requested and not described.
    pub failures: Vec<Failure>,
}

/// The answer to a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterAnswer {
    /// ARN of the new revision.
    pub arn: String,
    /// The answer as AWS wrote it: `{"taskDefinition": …, "tags": …}`.
    pub raw: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescribed<'a> {
    #[serde(
        borrow,
        alias = "services",
        alias = "clusters",
        alias = "capacityProviders",
        alias = "containerInstances",
        alias = "tasks",
        alias = "serviceDeployments",
        default
    )]
    items: Vec<&'a RawValue>,
    #[serde(default)]
    failures: Vec<Failure>,
}

#[derive(Deserialize)]
struct RawUpdated<'a> {
    #[serde(borrow)]
    service: &'a RawValue,
}

impl AwsClients {
    /// ARNs of all clusters.
    ///
    /// # Errors
    /// Any page fails.
    pub async fn list_clusters(&self) -> Result<Vec<String>, AwsError> {
        let mut arns = Vec::new();
        let mut token = None;
        for _ in 0..MAX_LIST_PAGES {
            let call = self.caller.begin(Operation::LIST_CLUSTERS).await;
            let request = self
                .ecs_reads
                .list_clusters()
                .max_results(page_size())
                .set_next_token(token);
            let result = request.customize().interceptor(call.probe()).send().await;
            let page = self.caller.end(&call, result)?;
            arns.extend(page.cluster_arns.unwrap_or_default());
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(arns);
            }
        }
        Err(endless(Operation::LIST_CLUSTERS))
    }

    /// Describes up to [`DESCRIBE_CLUSTERS_SIZE`] clusters with their tags.
    ///
    /// # Errors
    /// The call fails, or its answer has another shape.
    pub async fn describe_clusters(&self, arns: &[String]) -> Result<Described, AwsError> {
        let call = self.caller.begin(Operation::DESCRIBE_CLUSTERS).await;
        let request = self
            .ecs_reads
            .describe_clusters()
            .set_clusters(Some(arns.to_vec()))
            .include(ClusterField::Tags);
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        described(Operation::DESCRIBE_CLUSTERS, &call.raw_answer()?)
    }

    /// Describes up to [`DESCRIBE_PROVIDERS_SIZE`] capacity providers that a cluster uses, by name. Without the cluster
    /// those of Managed Instances are not shown.
    ///
    /// # Errors
    /// The call fails, or its answer has another shape.
    pub async fn describe_capacity_providers(
        &self,
        cluster_arn: &str,
        names: &[String],
    ) -> Result<Described, AwsError> {
        let operation = Operation::DESCRIBE_CAPACITY_PROVIDERS;
        let call = self.caller.begin(operation).await;
        let request = self
            .ecs_reads
            .describe_capacity_providers()
            .cluster(cluster_arn)
            .set_capacity_providers(Some(names.to_vec()));
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        described(operation, &call.raw_answer()?)
    }

    /// ARNs of all services of a cluster.
    ///
    /// # Errors
    /// Any page fails.
    pub async fn list_services(&self, cluster_arn: &str) -> Result<Vec<String>, AwsError> {
        let mut arns = Vec::new();
        let mut token = None;
        for _ in 0..MAX_LIST_PAGES {
            let call = self.caller.begin(Operation::LIST_SERVICES).await;
            let request = self
                .ecs_reads
                .list_services()
                .cluster(cluster_arn)
                .max_results(page_size())
                .set_next_token(token);
            let result = request.customize().interceptor(call.probe()).send().await;
            let page = self.caller.end(&call, result)?;
            arns.extend(page.service_arns.unwrap_or_default());
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(arns);
            }
        }
        Err(endless(Operation::LIST_SERVICES))
    }

    /// Describes up to [`DESCRIBE_SERVICES_SIZE`] services of one cluster, by name or ARN, with
    /// their tags.
    ///
    /// # Errors
    /// The call fails, or its answer has another shape.
    pub async fn describe_services(
        &self,
        cluster_arn: &str,
        services: &[String],
    ) -> Result<Described, AwsError> {
        let call = self.caller.begin(Operation::DESCRIBE_SERVICES).await;
        let request = self
            .ecs_reads
            .describe_services()
            .cluster(cluster_arn)
            .set_services(Some(services.to_vec()))
            .include(ServiceField::Tags);
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        described(Operation::DESCRIBE_SERVICES, &call.raw_answer()?)
    }

    /// Returns the raw answer `{"taskDefinition": …, "tags": …}` for an ARN, or for the newest active revision of
    /// a family.
    ///
    /// # Errors
    /// The call fails; `NotFound` when there is no such revision.
    pub async fn describe_task_definition(&self, id: &str) -> Result<String, AwsError> {
        let call = self.caller.begin(Operation::DESCRIBE_TASK_DEFINITION).await;
        let request = self
            .ecs_reads
            .describe_task_definition()
            .task_definition(id)
            .include(TaskDefinitionField::Tags);
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        call.raw_answer()
    }

    /// Returns the ARNs of the newest active revisions of a family, newest first, `count` at most.
    ///
    /// # Errors
    /// The call fails.
    pub async fn newest_revisions(
        &self,
        family: &str,
        count: usize,
    ) -> Result<Vec<String>, AwsError> {
        let call = self.caller.begin(Operation::LIST_TASK_DEFINITIONS).await;
        let request = self
            .ecs_reads
            .list_task_definitions()
            .family_prefix(family)
            .status(TaskDefinitionStatus::Active)
            .sort(SortOrder::Desc)
            .max_results(i32::try_from(count).unwrap_or(i32::MAX));
        let result = request.customize().interceptor(call.probe()).send().await;
        let page = self.caller.end(&call, result)?;
        let mut arns = page.task_definition_arns.unwrap_or_default();
        arns.truncate(count);
        Ok(arns)
    }

    /// Registers a revision from a request body that is sent as it is.
    ///
    /// # Errors
    /// The call fails. `Ambiguous`: the revision may exist. `Conflict`: another registration of the
    /// family was under way.
    pub async fn register_task_definition(&self, body: Bytes) -> Result<RegisterAnswer, AwsError> {
        let operation = Operation::REGISTER_TASK_DEFINITION;
        let call = self.caller.begin_with_body(operation, Some(body)).await;
        let request = self.ecs_writes.register_task_definition();
        let result = request.customize().interceptor(call.probe()).send().await;
        let answer = self.caller.end(&call, result)?;
        let arn = answer
            .task_definition
            .and_then(|registered| registered.task_definition_arn)
            .ok_or_else(|| {
                let message = "the answer names no revision";
                AwsError::new(
                    operation,
                    AwsErrorKind::Ambiguous,
                    "UnreadableAnswer",
                    message,
                )
            })?;
        let raw = call.raw_answer()?;
        Ok(RegisterAnswer { arn, raw })
    }

    /// Deregisters a revision: services that run it go on, nothing new is started from it. Doing so twice changes
    /// nothing.
    ///
    /// # Errors
    /// The call fails; `NotFound` when there is no such revision.
    pub async fn deregister_task_definition(&self, arn: &str) -> Result<(), AwsError> {
        let operation = Operation::DEREGISTER_TASK_DEFINITION;
        let call = self.caller.begin(operation).await;
        let request = self
            .ecs_writes
            .deregister_task_definition()
            .task_definition(arn);
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result).map(drop)
    }

    /// Sets a service to a revision and returns the service as ECS now shows it, in raw JSON. Nothing else of the
    /// service is named, so nothing else changes.
    ///
    /// # Errors
    /// The call fails. `Ambiguous`: the service may be set to the revision; the same call for the same revision
    /// starts no second deployment.
    pub async fn update_service(
        &self,
        cluster_arn: &str,
        service: &str,
        task_definition_arn: &str,
    ) -> Result<String, AwsError> {
        let operation = Operation::UPDATE_SERVICE;
        let call = self.caller.begin(operation).await;
        let request = self
            .ecs_writes
            .update_service()
            .cluster(cluster_arn)
            .service(service)
            .task_definition(task_definition_arn);
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        let raw = call.raw_answer()?;
        let updated: RawUpdated<'_> = serde_json::from_str(&raw).map_err(|error| {
            let (kind, code) = (AwsErrorKind::Ambiguous, "UnreadableAnswer");
            AwsError::new(operation, kind, code, &error.to_string())
        })?;
        Ok(updated.service.get().to_owned())
    }

    /// Stops a service deployment; ECS rolls it back to the service revision before. It names one
    /// deployment, so that it can never stop somebody else's.
    ///
    /// # Errors
    /// The call fails; `Invalid` or `Conflict` when the deployment has ended or is rolled back already.
    pub async fn stop_service_deployment(&self, arn: &str) -> Result<(), AwsError> {
        let call = self.caller.begin(Operation::STOP_SERVICE_DEPLOYMENT).await;
        let request = self
            .ecs_writes
            .stop_service_deployment()
            .service_deployment_arn(arn)
            .stop_type(StopServiceDeploymentStopType::Rollback);
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result).map(drop)
    }

    /// Sets a service of Express Gateway to a revision of its owner's; nothing else of it is named. Its answer shows no
    /// deployment: the service is described for that.
    ///
    /// # Errors
    /// The call fails. `Ambiguous`: the service may be set to the revision.
    pub async fn update_express_service(
        &self,
        service_arn: &str,
        task_definition_arn: &str,
    ) -> Result<(), AwsError> {
        let call = self.caller.begin(Operation::UPDATE_EXPRESS_SERVICE).await;
        let request = self
            .ecs_writes
            .update_express_gateway_service()
            .service_arn(service_arn)
            .task_definition_arn(task_definition_arn);
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result).map(drop)
    }
}

pub(super) fn page_size() -> i32 {
    i32::try_from(LIST_PAGE_SIZE).unwrap_or(i32::MAX)
}

pub(super) fn described(operation: Operation, raw: &str) -> Result<Described, AwsError> {
    let answer: RawDescribed<'_> = serde_json::from_str(raw).map_err(|error| {
        AwsError::new(
            operation,
            AwsErrorKind::Server,
            "UnreadableAnswer",
            &error.to_string(),
        )
    })?;
    Ok(Described {
        items: answer
            .items
            .iter()
            .map(|item| item.get().to_owned())
            .collect(),
        failures: answer.failures,
    })
}

pub(super) fn endless(operation: Operation) -> AwsError {
    let message = format!("the list has more than {MAX_LIST_PAGES} pages");
    AwsError::new(operation, AwsErrorKind::Server, "EndlessList", &message)
}
