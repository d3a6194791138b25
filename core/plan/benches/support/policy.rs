//! The policy of the benchmark: one typed destination, told in log options, on Fargate.
//!
//! Change it together with the Python reference, which knows what it compiles to.

use std::collections::BTreeMap;

use firelens_inject::{Injector, Platform, TargetContext, WorkloadContext};
use firelens_types::v1alpha1::{Kind, LaunchType, LogDestination, LoggingPolicy, admit};
use serde_json::json;

/// A policy and all else that an injection is made from.
pub(crate) struct Setting {
    policy: LoggingPolicy,
    destinations: BTreeMap<String, LogDestination>,
}

impl Setting {
    pub(crate) fn new() -> Self {
        let destination = admit(
            Kind::LogDestination,
            &json!({
                "apiVersion": "firelens.dev/v1alpha1",
                "kind": "LogDestination",
                "metadata": {"name": "central"},
                "spec": {"cloudWatchLogs": {
                    "region": "eu-central-1",
                    "logGroupName": "/central/applications",
                    "logStreamPrefix": "app-",
                    "autoCreateGroup": true
                }}
            }),
        );
        let destination: LogDestination = serde_json::from_value(destination.unwrap()).unwrap();
        let policy = admit(
            Kind::LoggingPolicy,
            &json!({
                "apiVersion": "firelens.dev/v1alpha1",
                "kind": "LoggingPolicy",
                "metadata": {
                    "name": "central",
                    "uid": "6f1d7c1e-0000-4000-8000-000000000001",
                    "generation": 3
                },
                "spec": {
                    "mode": "Enforce",
                    "containers": {"exclude": ["envoy"]},
                    "outputs": [{"name": "main", "destinationRef": {"name": "central"}}],
                    "router": {
                        "image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.16",
                        "memoryReservationMiB": 100
                    }
                }
            }),
        );
        Self {
            policy: serde_json::from_value(policy.unwrap()).unwrap(),
            destinations: BTreeMap::from([("central".to_owned(), destination)]),
        }
    }

    /// The policy made ready, as once in a pass over a fleet.
    pub(crate) fn injector(&self) -> Injector<'_> {
        Injector::new(self.target())
    }

    pub(crate) fn target(&self) -> TargetContext<'_> {
        TargetContext {
            policy: &self.policy,
            destinations: &self.destinations,
            account_id: "111122223333",
            region: "eu-central-1",
            partition: "aws",
            config_bucket: None,
            installation: None,
        }
    }

    pub(crate) fn workload(&self) -> WorkloadContext<'_> {
        WorkloadContext {
            platform: Platform {
                launch_type: LaunchType::Fargate,
                platform_family: Some("Linux".to_owned()),
                deployment_controller: "ECS".to_owned(),
                is_express: false,
                brings_its_own: false,
                desired_count: None,
                assign_public_ip: None,
            },
            base_arn: None,
        }
    }
}
