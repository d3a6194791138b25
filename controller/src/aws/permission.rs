//! What IAM must allow for the operations the controller uses, each with the resources to which it is limited.
//!
//! An action that is not in this list is granted nowhere: a test compares `deploy/iam`, the CloudFormation
//! template and the Terraform module with it, and all of them with AWS's Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use super::operation::Operation;

/// One IAM action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The action, such as `ecs:DescribeServices`.
    pub action: &'static str,
    /// The resource types of the reference on which it is granted; none where it is granted on `*`, because it has
    /// no resource types or because AWS requires that.
    pub resources: &'static [&'static str],
    /// The condition key under which it is granted, if any.
    pub condition: Option<&'static str>,
    /// The operations that need it.
    pub needed_by: &'static [Operation],
}

impl Permission {
    /// Returns the actions that an operation needs, its own first.
    pub fn of(operation: Operation) -> impl Iterator<Item = &'static Self> {
        PERMISSIONS
            .iter()
            .filter(move |permission| permission.needed_by.contains(&operation))
    }

    /// Whether it belongs into `controller-write.json` and its equivalents: an operation that needs it is a write.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.needed_by.iter().any(|operation| operation.write)
    }
}

macro_rules! permissions {
    ($($action:literal on [$($resource:literal),*] $(if $condition:literal)? for $($operation:ident),+;)+) => {
        /// Every action, by service.
        pub const PERMISSIONS: &[Permission] = &[$(Permission {
            action: $action,
            resources: &[$($resource),*],
            condition: permissions!(@condition $($condition)?),
            needed_by: &[$(Operation::$operation),+],
        }),+];
    };
    (@condition) => { None };
    (@condition $condition:literal) => { Some($condition) };
}

permissions! {
    "ecs:ListClusters" on [] for LIST_CLUSTERS;
    "ecs:DescribeClusters" on ["cluster"] for DESCRIBE_CLUSTERS;
    "ecs:DescribeCapacityProviders" on ["capacity-provider"] for DESCRIBE_CAPACITY_PROVIDERS;
    "ecs:ListServices" on [] for LIST_SERVICES;
    "ecs:DescribeServices" on ["service"] for DESCRIBE_SERVICES;
    "ecs:ListContainerInstances" on ["cluster"] for LIST_CONTAINER_INSTANCES;
    "ecs:DescribeContainerInstances" on ["container-instance"] for DESCRIBE_CONTAINER_INSTANCES;
    "ecs:ListTasks" on [] for LIST_TASKS;
    "ecs:DescribeTasks" on ["task"] for DESCRIBE_TASKS;
    "ecs:ListServiceDeployments" on ["service"] for LIST_SERVICE_DEPLOYMENTS;
    "ecs:DescribeServiceDeployments" on ["service", "service-deployment"] for DESCRIBE_SERVICE_DEPLOYMENTS;
    "ecs:DescribeTaskDefinition" on [] for DESCRIBE_TASK_DEFINITION;
    "ecs:ListTaskDefinitions" on [] for LIST_TASK_DEFINITIONS;
    "ecs:RegisterTaskDefinition" on ["task-definition"] for REGISTER_TASK_DEFINITION;
    "ecs:TagResource" on ["task-definition"] if "ecs:CreateAction" for REGISTER_TASK_DEFINITION;
    "ecs:DeregisterTaskDefinition" on [] for DEREGISTER_TASK_DEFINITION;
    "ecs:UpdateService" on ["service"] for UPDATE_SERVICE;
    "ecs:UpdateExpressGatewayService" on ["service"] for UPDATE_EXPRESS_SERVICE;
    "ecs:StopServiceDeployment" on ["service", "service-deployment"] for STOP_SERVICE_DEPLOYMENT;
    "iam:GetRole" on ["role"] for GET_ROLE;
    "iam:GetRolePolicy" on ["role"] for GET_ROLE_POLICY;
    "iam:ListAttachedRolePolicies" on ["role"] for LIST_ATTACHED_ROLE_POLICIES;
    "iam:ListRolePolicies" on ["role"] for LIST_ROLE_POLICIES;
    "iam:SimulatePrincipalPolicy" on ["role"] for SIMULATE_PRINCIPAL_POLICY;
    "iam:GetPolicy" on ["policy"] for GET_POLICY;
    "iam:GetPolicyVersion" on ["policy"] for GET_POLICY_VERSION;
    "iam:PassRole" on ["role"] if "iam:PassedToService" for REGISTER_TASK_DEFINITION;
    "iam:PutRolePolicy" on ["role"] if "iam:PermissionsBoundary" for PUT_ROLE_POLICY;
    "iam:DeleteRolePolicy" on ["role"] if "iam:PermissionsBoundary" for DELETE_ROLE_POLICY;
    "s3:GetObject" on ["object"] if "s3:ResourceAccount" for HEAD_OBJECT;
    // Also needed so that a missing object is "not found" and not "forbidden".
    "s3:ListBucket" on ["bucket"] if "s3:ResourceAccount" for LIST_OBJECTS, HEAD_OBJECT;
    "s3:PutObject" on ["object"] if "s3:ResourceAccount" for PUT_OBJECT;
    "s3:DeleteObject" on ["object"] if "s3:ResourceAccount" for DELETE_OBJECT;
    // CloudWatch returns composite alarms only to callers that may read all:
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    "cloudwatch:DescribeAlarms" on [] for DESCRIBE_ALARMS;
    "cloudwatch:GetMetricData" on [] for GET_METRIC_DATA;
    "logs:DescribeLogStreams" on ["log-group"] for DESCRIBE_LOG_STREAMS;
    "logs:GetLogEvents" on ["log-stream"] for GET_LOG_EVENTS;
    "ecr:BatchGetImage" on ["repository"] for BATCH_GET_IMAGE;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_needs_an_action_and_every_action_stands_once() {
        for operation in Operation::ALL {
            let needs: Vec<_> = Permission::of(*operation).collect();
            assert!(!needs.is_empty(), "{operation:?} needs no right");
            let writes = needs
                .iter()
                .all(|permission| permission.is_write() == operation.write);
            assert!(writes, "{operation:?} is split over both policies");
        }
        let mut actions: Vec<_> = PERMISSIONS
            .iter()
            .map(|permission| permission.action)
            .collect();
        actions.sort_unstable();
        actions
            .windows(2)
            .for_each(|two| assert_ne!(two[0], two[1]));
    }
}
