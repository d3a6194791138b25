//! Container instances of a cluster, as raw JSON.
//!
//! Only reads: draining instances and updating agents is left to their owner.

use super::clients::AwsClients;
use super::ecs::{Described, MAX_LIST_PAGES, described, endless, page_size};
use super::error::AwsError;
use super::operation::Operation;

/// Most instances per `DescribeContainerInstances`
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html>).
pub const DESCRIBE_CONTAINER_INSTANCES_SIZE: usize = 100;

impl AwsClients {
    /// Returns the ARNs of all container instances of a cluster.
    ///
    /// # Errors
    /// Any page fails; `NotFound` when there is no such cluster.
    pub async fn list_container_instances(
        &self,
        cluster_arn: &str,
    ) -> Result<Vec<String>, AwsError> {
        let mut arns = Vec::new();
        let mut token = None;
        for _ in 0..MAX_LIST_PAGES {
            let call = self.caller.begin(Operation::LIST_CONTAINER_INSTANCES).await;
            let request = self
                .ecs_reads
                .list_container_instances()
                .cluster(cluster_arn)
                .max_results(page_size())
                .set_next_token(token);
            let result = request.customize().interceptor(call.probe()).send().await;
            let page = self.caller.end(&call, result)?;
            arns.extend(page.container_instance_arns.unwrap_or_default());
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(arns);
            }
        }
        Err(endless(Operation::LIST_CONTAINER_INSTANCES))
    }

    /// Describes up to [`DESCRIBE_CONTAINER_INSTANCES_SIZE`] instances of one cluster.
    ///
    /// # Errors
    /// The call fails, or its answer has another shape.
    pub async fn describe_container_instances(
        &self,
        cluster_arn: &str,
        arns: &[String],
    ) -> Result<Described, AwsError> {
        let operation = Operation::DESCRIBE_CONTAINER_INSTANCES;
        let call = self.caller.begin(operation).await;
        let request = self
            .ecs_reads
            .describe_container_instances()
            .cluster(cluster_arn)
            .set_container_instances(Some(arns.to_vec()));
        let result = request.customize().interceptor(call.probe()).send().await;
        self.caller.end(&call, result)?;
        described(operation, &call.raw_answer()?)
    }
}
