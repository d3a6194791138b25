//! Token buckets per account, region and documented category, refilled by the driven clock.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>
//! Calls do not wait: one without a token is refused.

use std::collections::BTreeMap;

use super::calls::{Call, Place, Service};

/// The categories that matter here; every operation of a category spends from one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// RegisterTaskDefinition, DeregisterTaskDefinition: burst 20, refill 1/s.
    TaskDefinitionModify,
    /// DescribeTaskDefinition, ListTaskDefinitions: burst 50, refill 20/s.
    TaskDefinitionRead,
    /// CreateService, UpdateService, DeleteService: burst 50, refill 5/s.
    ServiceModify,
    /// DescribeServices, ListServices: burst 100, refill 20/s.
    ServiceRead,
    /// DescribeServiceDeployments, ListServiceDeployments: burst 50, refill 20/s.
    ServiceDeployment,
    /// DescribeClusters, ListClusters: burst 50, refill 20/s.
    ClusterRead,
    /// DescribeContainerInstances, ListContainerInstances, DescribeTasks, ListTasks: burst 100, refill 20/s.
    ClusterResourceRead,
    /// CreateCluster: burst 20, refill 1/s.
    ClusterModify,
    /// TagResource, UntagResource: burst 20, refill 10/s.
    TagModify,
    /// ListTagsForResource: burst 50, refill 20/s.
    TagRead,
    /// IAM reads (AWS publishes no figure): burst 20, refill 10/s.
    IamRead,
    /// IAM writes (AWS publishes no figure): burst 10, refill 5/s.
    IamWrite,
}

impl Category {
    /// The category of a call, if it is throttled at all.
    pub fn of(service: Service, operation: &str) -> Option<Self> {
        let category = match (service, operation) {
            (Service::Ecs, "RegisterTaskDefinition" | "DeregisterTaskDefinition") => {
                Self::TaskDefinitionModify
            }
            (
                Service::Ecs,
                "DescribeTaskDefinition" | "ListTaskDefinitions" | "ListTaskDefinitionFamilies",
            ) => Self::TaskDefinitionRead,
            (
                Service::Ecs,
                "CreateService"
                | "UpdateService"
                | "UpdateExpressGatewayService"
                | "StopServiceDeployment"
                | "DeleteService",
            ) => Self::ServiceModify,
            (Service::Ecs, "DescribeServices" | "ListServices") => Self::ServiceRead,
            (Service::Ecs, "DescribeServiceDeployments" | "ListServiceDeployments") => {
                Self::ServiceDeployment
            }
            (Service::Ecs, "DescribeClusters" | "ListClusters" | "DescribeCapacityProviders") => {
                Self::ClusterRead
            }
            (
                Service::Ecs,
                "DescribeContainerInstances"
                | "ListContainerInstances"
                | "DescribeTasks"
                | "ListTasks",
            ) => Self::ClusterResourceRead,
            (Service::Ecs, "CreateCluster") => Self::ClusterModify,
            (Service::Ecs, "TagResource" | "UntagResource") => Self::TagModify,
            (Service::Ecs, "ListTagsForResource") => Self::TagRead,
            (Service::Iam, name) if name.starts_with("Get") || name.starts_with("List") => {
                Self::IamRead
            }
            (Service::Iam, _) => Self::IamWrite,
            _ => return None,
        };
        Some(category)
    }

    /// Burst (tokens) and refill (tokens per second).
    pub fn burst_and_refill(self) -> (i64, i64) {
        match self {
            Self::TaskDefinitionModify | Self::ClusterModify => (20, 1),
            Self::ServiceModify => (50, 5),
            Self::ServiceRead | Self::ClusterResourceRead => (100, 20),
            Self::TaskDefinitionRead
            | Self::ServiceDeployment
            | Self::ClusterRead
            | Self::TagRead => (50, 20),
            Self::TagModify | Self::IamRead => (20, 10),
            Self::IamWrite => (10, 5),
        }
    }
}

/// Thousandths of a token, and when they were counted.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    milli_tokens: i64,
    at_ms: i64,
}

/// All buckets; a bucket starts full.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    pub(super) on: bool,
    buckets: BTreeMap<(Place, Category), Bucket>,
}

impl Buckets {
    /// Takes a token for `call`; false when there is none.
    pub(super) fn admit(&mut self, call: &Call, now_ms: i64) -> bool {
        match Category::of(call.service, &call.operation) {
            Some(category) if self.on => self.take(&call.place, category, 1, now_ms),
            _ => true,
        }
    }

    /// Takes `tokens` at once; false, taking nothing, when there are fewer.
    pub(super) fn take(
        &mut self,
        place: &Place,
        category: Category,
        tokens: i64,
        now_ms: i64,
    ) -> bool {
        let (burst, refill) = category.burst_and_refill();
        let bucket = self
            .buckets
            .entry((place.clone(), category))
            .or_insert(Bucket {
                milli_tokens: burst * 1000,
                at_ms: now_ms,
            });
        let refilled = bucket.milli_tokens + (now_ms - bucket.at_ms) * refill;
        bucket.milli_tokens = refilled.min(burst * 1000);
        bucket.at_ms = now_ms;
        let enough = bucket.milli_tokens >= tokens * 1000;
        if enough {
            bucket.milli_tokens -= tokens * 1000;
        }
        enough
    }

    /// Whole tokens left.
    pub(super) fn left(&mut self, place: &Place, category: Category, now_ms: i64) -> i64 {
        self.take(place, category, 0, now_ms);
        self.buckets
            .get(&(place.clone(), category))
            .map_or(0, |bucket| bucket.milli_tokens / 1000)
    }
}
