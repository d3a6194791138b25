//! The call log: what was called, by whom, and with what result.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

/// The AWS services of the fake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Elastic Container Service, awsJson1.1.
    Ecs,
    /// Identity and Access Management, query protocol.
    Iam,
    /// Simple Storage Service, REST, path style.
    S3,
    /// Security Token Service, query protocol.
    Sts,
    /// CloudWatch, Smithy RPC v2 with CBOR.
    CloudWatch,
    /// CloudWatch Logs, awsJson1.1.
    Logs,
    /// Elastic Container Registry, awsJson1.1.
    Ecr,
    /// Prometheus, which is not an AWS service; HTTP and JSON.
    Prometheus,
}

/// One account in one region, to which calls and state belong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Twelve digits.
    pub account: String,
    /// Such as `us-east-1`.
    pub region: String,
}

impl Place {
    /// The place of the given account and region.
    pub fn new(account: &str, region: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
        }
    }

    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    /// The ARN of an ECS resource here: `kind/path`.
    pub fn ecs_arn(&self, resource: &str) -> String {
        format!(
            "arn:{}:ecs:{}:{}:{resource}",
            self.partition(),
            self.region,
            self.account
        )
    }
}

/// The role session a call was signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSession {
    /// The assumed role.
    pub role_arn: String,
    /// The session name given to `AssumeRole`.
    pub session_name: String,
    /// The external id given to `AssumeRole`.
    pub external_id: Option<String>,
}

/// One call as it arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// 1 for the first call since the log was last cleared.
    pub number: usize,
    /// Driven time of arrival, milliseconds since the epoch.
    pub at_ms: i64,
    /// The service asked.
    pub service: Service,
    /// Operation name, such as `UpdateService`.
    pub operation: String,
    /// Parameters: the JSON body (ECS), the form (IAM, STS), or `Bucket`, `Key`, the query and `headers` (S3).
    pub params: Value,
    /// The request body, byte for byte (S3 bodies without their transfer framing).
    pub body: Bytes,
    /// Access key id of the signature; empty when unsigned.
    pub access_key: String,
    /// The role session of that access key, when `AssumeRole` issued it.
    pub role_session: Option<RoleSession>,
    /// Account and region addressed.
    pub place: Place,
    /// Whether it took effect (reads: whether it was evaluated).
    pub executed: bool,
    /// Error code answered, if any.
    pub error: Option<String>,
}

impl Call {
    /// Whether the operation can change the world.
    pub fn is_write(&self) -> bool {
        let name = self.operation.as_str();
        match self.service {
            Service::Sts | Service::Prometheus => false,
            _ => !["BatchGet", "Describe", "List", "Get", "Head", "Simulate"]
                .iter()
                .any(|read| name.starts_with(read)),
        }
    }

    /// A parameter as text, empty when absent.
    pub fn text(&self, name: &str) -> &str {
        self.params.get(name).and_then(Value::as_str).unwrap_or("")
    }
}

/// How many calls of each operation, by name.
pub(super) fn counts(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(call.operation.clone()).or_insert(0) += 1;
    }
    counts
}
