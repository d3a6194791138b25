//! How clients for one target are made: credentials, timeouts, retries, endpoints.
//!
//! A client never falls back to other credentials than the target names, and no call is without a time limit.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::config::retry::RetryPartition;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;

use super::budget::Budgets;
use super::call::Caller;
use super::role::{AssumedRole, own_region};
use crate::clock::Clock;
use crate::metrics::Metrics;

/// The number of attempts of a read, including the first.
const READ_ATTEMPTS: u32 = 3;

/// Time limits of calls. The SDK's own defaults let a call hang for ever.
#[derive(Clone, Copy, Debug)]
pub struct AwsTimeouts {
    /// To make a connection.
    pub connect: Duration,
    /// For one attempt.
    pub attempt: Duration,
    /// For a write, which is attempted once. A lease must outlive it.
    pub write: Duration,
    /// For a read with its retries and their pauses.
    pub read: Duration,
}

impl Default for AwsTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(10),
            write: Duration::from_secs(15),
            read: Duration::from_secs(40),
        }
    }
}

/// How the clients of all targets are made.
#[derive(Clone, Debug, Default)]
pub struct AwsSettings {
    /// Used instead of real connections; for tests in one process.
    pub http_client: Option<SharedHttpClient>,
    /// Endpoint for all services, before `AWS_ENDPOINT_URL` and its like from the environment.
    pub endpoint_url: Option<String>,
    /// The operator's own region, whose STS is called for the roles of targets; otherwise `AWS_REGION`, or
    /// the profile's.
    pub region: Option<String>,
    /// Base credentials, instead of the usual chain (environment, profile, container, instance).
    pub credentials: Option<SharedCredentialsProvider>,
    /// Time limits of calls.
    pub timeouts: AwsTimeouts,
}

impl AwsSettings {
    /// The same with fixed base credentials, for stand-ins for AWS.
    #[must_use]
    pub fn with_keys(mut self, access_key_id: &str, secret_access_key: &str) -> Self {
        let keys = Credentials::new(access_key_id, secret_access_key, None, None, "fixed");
        self.credentials = Some(SharedCredentialsProvider::new(keys));
        self
    }
}

/// Where a target is and how to access it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAccess {
    /// Name of the `AwsTarget`; part of the session name that CloudTrail shows.
    pub target: String,
    /// The twelve digits.
    pub account_id: String,
    /// Region name.
    pub region: String,
    /// ARN of the role to assume; `None` for the operator's own credentials.
    pub role_arn: Option<String>,
    /// External id that the role's trust policy requires.
    pub external_id: Option<String>,
}

/// Makes clients; one for the process.
#[derive(Clone, Debug)]
pub struct AwsFactory {
    settings: AwsSettings,
    http_client: SharedHttpClient,
    budgets: Arc<Budgets>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

/// The clients of one target. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AwsClients {
    pub(super) ecs_reads: aws_sdk_ecs::Client,
    pub(super) ecs_writes: aws_sdk_ecs::Client,
    pub(super) iam_reads: aws_sdk_iam::Client,
    pub(super) iam_writes: aws_sdk_iam::Client,
    pub(super) s3_reads: aws_sdk_s3::Client,
    pub(super) s3_writes: aws_sdk_s3::Client,
    pub(super) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
    pub(super) ecr: aws_sdk_ecr::Client,
    pub(super) caller: Caller,
}

impl AwsFactory {
    /// A factory whose clients share one pool of connections.
    #[must_use]
    pub fn new(
        settings: AwsSettings,
        budgets: Arc<Budgets>,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Self {
        let http_client = settings.http_client.clone().unwrap_or_else(|| {
            aws_smithy_http_client::Builder::new()
                .tls_provider(tls::Provider::Rustls(
                    tls::rustls_provider::CryptoMode::Ring,
                ))
                .build_https()
        });
        Self {
            settings,
            http_client,
            budgets,
            clock,
            metrics,
        }
    }

    /// Makes clients for one target. No call is made yet.
    pub async fn clients(&self, access: &TargetAccess) -> AwsClients {
        let base = self.base_config(&access.region).await;
        let config = match &access.role_arn {
            Some(role_arn) => {
                let own = match &self.settings.region {
                    Some(region) => Some(Region::new(region.clone())),
                    None => own_region().await,
                };
                let own = own.unwrap_or_else(|| Region::new(access.region.clone()));
                let role = AssumedRole::new(&base, access, role_arn, own).await;
                base.to_builder()
                    .credentials_provider(SharedCredentialsProvider::new(role))
                    .build()
            }
            None => base,
        };
        let reads = self.for_reads(&config);
        let writes = self.for_writes(&config);
        AwsClients {
            ecs_reads: ecs_client(&reads, &access.target),
            ecs_writes: ecs_client(&writes, &access.target),
            iam_reads: iam_client(&reads, &access.target),
            iam_writes: iam_client(&writes, &access.target),
            s3_reads: s3_client(&reads, &access.target),
            s3_writes: s3_client(&writes, &access.target),
            cloudwatch: cloudwatch_client(&reads, &access.target),
            logs: logs_client(&reads, &access.target),
            ecr: ecr_client(&reads, &access.target),
            caller: Caller {
                account_id: access.account_id.clone(),
                region: access.region.clone(),
                budgets: Arc::clone(&self.budgets),
                clock: Arc::clone(&self.clock),
                metrics: self.metrics.clone(),
            },
        }
    }

    /// Configuration with the operator's own credentials. It is loaded per target, so that each has
    /// an identity cache of its own: a shared one holds 64 identities and evicts at random.
    async fn base_config(&self, region: &str) -> SdkConfig {
        // Pinned: a new SDK release must not change retries or timeouts unnoticed.
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            .http_client(self.http_client.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(READ_ATTEMPTS))
            .timeout_config(self.timeouts(self.settings.timeouts.read));
        if let Some(url) = &self.settings.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(credentials) = &self.settings.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        loader.load().await
    }

    fn timeouts(&self, operation: Duration) -> TimeoutConfig {
        let timeouts = self.settings.timeouts;
        TimeoutConfig::builder()
            .connect_timeout(timeouts.connect)
            .operation_attempt_timeout(timeouts.attempt)
            .operation_timeout(operation)
            .build()
    }

    fn for_reads(&self, config: &SdkConfig) -> SdkConfig {
        config
            .to_builder()
            .retry_config(RetryConfig::standard().with_max_attempts(READ_ATTEMPTS))
            .timeout_config(self.timeouts(self.settings.timeouts.read))
            .build()
    }

    /// A write is sent once: the SDK repeats `RegisterTaskDefinition` when an answer is lost, and each repetition
    /// registers one more revision.
    fn for_writes(&self, config: &SdkConfig) -> SdkConfig {
        config
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(self.timeouts(self.settings.timeouts.write))
            .build()
    }
}

/// Each target has its own retry quota; by default all accounts of a region would share one.
fn retry_partition(service: &str, target: &str) -> RetryPartition {
    RetryPartition::custom(format!("{service}-{target}")).build()
}

fn ecs_client(config: &SdkConfig, target: &str) -> aws_sdk_ecs::Client {
    let config = aws_sdk_ecs::config::Builder::from(config)
        .retry_partition(retry_partition("ecs", target))
        .build();
    aws_sdk_ecs::Client::from_conf(config)
}

fn iam_client(config: &SdkConfig, target: &str) -> aws_sdk_iam::Client {
    let config = aws_sdk_iam::config::Builder::from(config)
        .retry_partition(retry_partition("iam", target))
        .build();
    aws_sdk_iam::Client::from_conf(config)
}

fn cloudwatch_client(config: &SdkConfig, target: &str) -> aws_sdk_cloudwatch::Client {
    let config = aws_sdk_cloudwatch::config::Builder::from(config)
        .retry_partition(retry_partition("cloudwatch", target))
        .build();
    aws_sdk_cloudwatch::Client::from_conf(config)
}

fn logs_client(config: &SdkConfig, target: &str) -> aws_sdk_cloudwatchlogs::Client {
    let config = aws_sdk_cloudwatchlogs::config::Builder::from(config)
        .retry_partition(retry_partition("logs", target))
        .build();
    aws_sdk_cloudwatchlogs::Client::from_conf(config)
}

fn ecr_client(config: &SdkConfig, target: &str) -> aws_sdk_ecr::Client {
    let config = aws_sdk_ecr::config::Builder::from(config)
        .retry_partition(retry_partition("ecr", target))
        .build();
    aws_sdk_ecr::Client::from_conf(config)
}

fn s3_client(config: &SdkConfig, target: &str) -> aws_sdk_s3::Client {
    let builder = aws_sdk_s3::config::Builder::from(config)
        .retry_partition(retry_partition("s3", target))
        // Emulators have no host name for each bucket.
        .force_path_style(has_s3_endpoint(config));
    aws_sdk_s3::Client::from_conf(builder.build())
}

/// Whether S3 is configured with another endpoint than AWS's, in code, environment or profile.
fn has_s3_endpoint(config: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let for_service = match (config.service_config(), key) {
        (Some(settings), Ok(key)) => settings.load_config(key),
        _ => None,
    };
    for_service.is_some() || config.endpoint_url().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_ends_well_before_a_lease_does() {
        let timeouts = AwsTimeouts::default();
        assert!(timeouts.attempt < timeouts.write);
        assert!(timeouts.write * 2 <= Duration::from_secs(30));
    }
}
