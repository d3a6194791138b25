//! Tasks and deployments of a service, as raw JSON.
//!
//! One page of each: the questions are why something failed and how the newest tasks are, not how many there are.
//! Only reads.

use aws_sdk_ecs::types::{CreatedAt, DesiredStatus};
use jiff::Timestamp;

use super::clients::AwsClients;
use super::ecs::{Described, described, page_size};
use super::error::AwsError;
use super::operation::Operation;
use super::times;

/// Most deployments per `DescribeServiceDeployments`
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html>).
const DESCRIBE_SERVICE_DEPLOYMENTS_SIZE: i32 = 20;

impl AwsClients {
    /// Describes tasks of a service, 100 at most: those that run, or those that stopped in the last hour.
    ///
    /// # Errors
    /// A call fails, or its answer has another shape.
    pub async fn tasks(
        &self,
        cluster_arn: &str,
        service: &str,
        stopped: bool,
    ) -> Result<Described, AwsError> {
        let call = self.caller.begin(Operation::LIST_TASKS).await;
        let status = if stopped {
            DesiredStatus::Stopped
        } else {
            DesiredStatus::Running
        };
        let request = self
            .ecs_reads
            .list_tasks()
            .cluster(cluster_arn)
            .service_name(service)
            .desired_status(status)
            .max_results(page_size());
        let result = request.customize().interceptor(call.probe()).send().await;
        let arns = self.caller.end(&call, result)?.task_arns;
        let Some(arns) = arns.filter(|arns| !arns.is_empty()) else {
            return Ok(Described::default());
        };
        let call = self.caller.begin(Operation::DESCRIBE_TASKS).await;
        let request = self
            .ecs_reads
            .describe_tasks()
            .cluster(cluster_arn)
            .set_tasks(Some(arns));
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        described(Operation::DESCRIBE_TASKS, &call.raw_answer()?)
    }

    /// Describes deployments of a service that were created after a time, 20 at most.
    ///
    /// # Errors
    /// A call fails, or its answer has another shape.
    pub async fn service_deployments(
        &self,
        cluster_arn: &str,
        service: &str,
        after: Timestamp,
    ) -> Result<Described, AwsError> {
        let call = self.caller.begin(Operation::LIST_SERVICE_DEPLOYMENTS).await;
        let created_at = CreatedAt::builder().after(times::to_sdk(after)).build();
        let request = self
            .ecs_reads
            .list_service_deployments()
            .cluster(cluster_arn)
            .service(service)
            .created_at(created_at)
            .max_results(DESCRIBE_SERVICE_DEPLOYMENTS_SIZE);
        let result = request.customize().interceptor(call.probe()).send().await;
        let listed = self.caller.end(&call, result)?.service_deployments;
        let arns: Vec<String> = listed
            .unwrap_or_default()
            .into_iter()
            .filter_map(|brief| brief.service_deployment_arn)
            .collect();
        if arns.is_empty() {
            return Ok(Described::default());
        }
        let operation = Operation::DESCRIBE_SERVICE_DEPLOYMENTS;
        let call = self.caller.begin(operation).await;
        let request = self
            .ecs_reads
            .describe_service_deployments()
            .set_service_deployment_arns(Some(arns));
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        described(operation, &call.raw_answer()?)
    }
}
