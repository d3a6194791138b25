//! The AWS operations the controller uses, each with the budget from which it is paid.
//!
//! An operation that is not in this list is never called.

/// The throttling categories whose budgets the controller uses.
///
/// ECS: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>. All
/// actions of one category share a bucket per account and region. IAM does not publish its rates and
/// is global to an account; S3 allows thousands of requests per second and prefix
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>). CloudWatch and
/// CloudWatch Logs limit each operation per account and region:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>,
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>. ECR:
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// `RegisterTaskDefinition`, `DeregisterTaskDefinition`.
    TaskDefinitionModify,
    /// `DescribeTaskDefinition` and the lists of task definitions.
    TaskDefinitionRead,
    /// `UpdateService`, `UpdateExpressGatewayService`, `StopServiceDeployment`.
    ServiceModify,
    /// `DescribeServices`, `ListServices`.
    ServiceRead,
    /// `DescribeClusters`, `ListClusters`, `DescribeCapacityProviders`.
    ClusterRead,
    /// `DescribeContainerInstances`, `ListContainerInstances`, and the reads of tasks.
    ClusterResourceRead,
    /// IAM calls that change something.
    IamWrite,
    /// IAM calls that only read.
    IamRead,
    /// S3 calls of any kind.
    S3,
    /// `ListServiceDeployments`, `DescribeServiceDeployments`.
    ServiceDeploymentRead,
    /// `DescribeAlarms` of CloudWatch.
    AlarmRead,
    /// `GetMetricData` of CloudWatch.
    MetricRead,
    /// `DescribeLogStreams`, `GetLogEvents` of CloudWatch Logs.
    LogRead,
    /// `BatchGetImage` of ECR.
    ImageRead,
}

/// The scope of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketScope {
    /// One bucket per account and region, of which the operator takes a share.
    Region,
    /// One bucket per account; its figures are already our own share.
    Account,
}

/// Size and speed of a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketLimits {
    /// Calls that may be made at once.
    pub burst: f64,
    /// The calls that are restored each second.
    pub refill_per_second: f64,
    /// The scope of the bucket.
    pub scope: BucketScope,
}

impl Bucket {
    /// Every bucket, in the order of declaration.
    pub const ALL: [Self; 14] = [
        Self::TaskDefinitionModify,
        Self::TaskDefinitionRead,
        Self::ServiceModify,
        Self::ServiceRead,
        Self::ClusterRead,
        Self::ClusterResourceRead,
        Self::IamWrite,
        Self::IamRead,
        Self::S3,
        Self::ServiceDeploymentRead,
        Self::AlarmRead,
        Self::MetricRead,
        Self::LogRead,
        Self::ImageRead,
    ];

    /// The name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TaskDefinitionModify => "task_definition_modify",
            Self::TaskDefinitionRead => "task_definition_read",
            Self::ServiceModify => "service_modify",
            Self::ServiceRead => "service_read",
            Self::ClusterRead => "cluster_read",
            Self::ClusterResourceRead => "cluster_resource_read",
            Self::IamWrite => "iam_write",
            Self::IamRead => "iam_read",
            Self::S3 => "s3",
            Self::ServiceDeploymentRead => "service_deployment_read",
            Self::AlarmRead => "alarm_read",
            Self::MetricRead => "metric_read",
            Self::LogRead => "log_read",
            Self::ImageRead => "image_read",
        }
    }

    /// The limits that AWS documents for the category; for IAM and S3, those that we set ourselves.
    #[must_use]
    pub const fn limits(self) -> BucketLimits {
        let (burst, refill_per_second, scope) = match self {
            Self::TaskDefinitionModify => (20.0, 1.0, BucketScope::Region),
            Self::TaskDefinitionRead | Self::ClusterRead | Self::ServiceDeploymentRead => {
                (50.0, 20.0, BucketScope::Region)
            }
            Self::AlarmRead => (9.0, 9.0, BucketScope::Region),
            Self::MetricRead => (50.0, 50.0, BucketScope::Region),
            // The smaller limit of both operations over all regions.
            Self::LogRead => (10.0, 10.0, BucketScope::Region),
            Self::ServiceModify => (50.0, 5.0, BucketScope::Region),
            Self::ServiceRead | Self::ClusterResourceRead => (100.0, 20.0, BucketScope::Region),
            Self::IamWrite => (5.0, 5.0, BucketScope::Account),
            Self::IamRead => (10.0, 10.0, BucketScope::Account),
            Self::S3 => (100.0, 100.0, BucketScope::Account),
            // AWS allows two thousand; starting tasks uses the same limit.
            Self::ImageRead => (50.0, 20.0, BucketScope::Region),
        };
        BucketLimits {
            burst,
            refill_per_second,
            scope,
        }
    }
}

/// One AWS operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `ecs`, `ecr`, `iam`, `s3`, `cloudwatch` or `logs`.
    pub service: &'static str,
    /// Name of the operation in the AWS API.
    pub name: &'static str,
    /// The bucket from which it is paid.
    pub bucket: Bucket,
    /// Whether it changes something. Writes are sent once: after a lost answer they are never sent again to get
    /// it.
    pub write: bool,
}

macro_rules! operations {
    ($($constant:ident: $service:literal, $name:literal, $bucket:ident, $write:literal;)+) => {
        impl Operation {
            $(#[doc = concat!("`", $name, "`.")]
            pub const $constant: Self = Self {
                service: $service,
                name: $name,
                bucket: Bucket::$bucket,
                write: $write,
            };)+

            /// Every operation, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$constant),+];
        }
    };
}

operations! {
    LIST_CLUSTERS: "ecs", "ListClusters", ClusterRead, false;
    DESCRIBE_CLUSTERS: "ecs", "DescribeClusters", ClusterRead, false;
    DESCRIBE_CAPACITY_PROVIDERS: "ecs", "DescribeCapacityProviders", ClusterRead, false;
    LIST_SERVICES: "ecs", "ListServices", ServiceRead, false;
    DESCRIBE_SERVICES: "ecs", "DescribeServices", ServiceRead, false;
    LIST_CONTAINER_INSTANCES: "ecs", "ListContainerInstances", ClusterResourceRead, false;
    DESCRIBE_CONTAINER_INSTANCES: "ecs", "DescribeContainerInstances", ClusterResourceRead, false;
    LIST_TASKS: "ecs", "ListTasks", ClusterResourceRead, false;
    DESCRIBE_TASKS: "ecs", "DescribeTasks", ClusterResourceRead, false;
    LIST_SERVICE_DEPLOYMENTS: "ecs", "ListServiceDeployments", ServiceDeploymentRead, false;
    DESCRIBE_SERVICE_DEPLOYMENTS: "ecs", "DescribeServiceDeployments", ServiceDeploymentRead, false;
    DESCRIBE_TASK_DEFINITION: "ecs", "DescribeTaskDefinition", TaskDefinitionRead, false;
    LIST_TASK_DEFINITIONS: "ecs", "ListTaskDefinitions", TaskDefinitionRead, false;
    REGISTER_TASK_DEFINITION: "ecs", "RegisterTaskDefinition", TaskDefinitionModify, true;
    DEREGISTER_TASK_DEFINITION: "ecs", "DeregisterTaskDefinition", TaskDefinitionModify, true;
    UPDATE_SERVICE: "ecs", "UpdateService", ServiceModify, true;
    STOP_SERVICE_DEPLOYMENT: "ecs", "StopServiceDeployment", ServiceModify, true;
    UPDATE_EXPRESS_SERVICE: "ecs", "UpdateExpressGatewayService", ServiceModify, true;
    GET_ROLE: "iam", "GetRole", IamRead, false;
    GET_ROLE_POLICY: "iam", "GetRolePolicy", IamRead, false;
    LIST_ATTACHED_ROLE_POLICIES: "iam", "ListAttachedRolePolicies", IamRead, false;
    GET_POLICY: "iam", "GetPolicy", IamRead, false;
    GET_POLICY_VERSION: "iam", "GetPolicyVersion", IamRead, false;
    SIMULATE_PRINCIPAL_POLICY: "iam", "SimulatePrincipalPolicy", IamRead, false;
    LIST_ROLE_POLICIES: "iam", "ListRolePolicies", IamRead, false;
    PUT_ROLE_POLICY: "iam", "PutRolePolicy", IamWrite, true;
    DELETE_ROLE_POLICY: "iam", "DeleteRolePolicy", IamWrite, true;
    HEAD_OBJECT: "s3", "HeadObject", S3, false;
    LIST_OBJECTS: "s3", "ListObjectsV2", S3, false;
    PUT_OBJECT: "s3", "PutObject", S3, true;
    DELETE_OBJECT: "s3", "DeleteObject", S3, true;
    DESCRIBE_ALARMS: "cloudwatch", "DescribeAlarms", AlarmRead, false;
    GET_METRIC_DATA: "cloudwatch", "GetMetricData", MetricRead, false;
    DESCRIBE_LOG_STREAMS: "logs", "DescribeLogStreams", LogRead, false;
    GET_LOG_EVENTS: "logs", "GetLogEvents", LogRead, false;
    BATCH_GET_IMAGE: "ecr", "BatchGetImage", ImageRead, false;
}
