//! The role that a target names: how it is assumed, and why that failed.
//!
//! STS is called in the operator's own region, not in the target's: sessions of a regional endpoint are valid in
//! every region, while the endpoint of a region may be switched off for the operator's account, or out of reach
//! for a network that has one endpoint only.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html>

use std::error::Error as StdError;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_ecs::config::Region;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use firelens_types::error_chain;

use super::clients::TargetAccess;

/// Lifetime of an assumed role session: the maximum with role chaining
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>).
const SESSION_SECONDS: u64 = 3600;

/// The SDK waits no longer than this for credentials, and then does not report the reason.
const IDENTITY_WAIT: Duration = Duration::from_secs(5);

/// The longest name of a role session that STS accepts, in characters.
const MAX_SESSION_NAME_CHARS: usize = 64;

/// The region of the operator itself, from its environment or its profile; ECS sets it in every task. Instance
/// metadata are not read: elsewhere that costs seconds.
pub(super) async fn own_region() -> Option<Region> {
    RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .region()
        .await
}

/// With a time limit that ends before those of the call that waits for credentials: an STS that does not respond
/// would otherwise be reported as that call's timeout.
fn hurried(base: &SdkConfig) -> SdkConfig {
    let limits = base.timeout_config();
    let attempt = limits.and_then(TimeoutConfig::operation_attempt_timeout);
    let limit = attempt.unwrap_or(IDENTITY_WAIT).min(IDENTITY_WAIT) * 4 / 5;
    let limits = limits.map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
    let limits = limits.operation_timeout(limit).build();
    base.to_builder().timeout_config(limits).build()
}

/// Credentials of the role of a target.
#[derive(Debug)]
pub(super) struct AssumedRole {
    inner: AssumeRoleProvider,
    role_arn: String,
    region: Region,
    has_external_id: bool,
}

impl AssumedRole {
    /// Makes no call yet. `base` has the operator's own credentials; `region` is the one whose STS will be called.
    pub(super) async fn new(
        base: &SdkConfig,
        access: &TargetAccess,
        role_arn: &str,
        region: Region,
    ) -> Self {
        let mut builder = AssumeRoleProvider::builder(role_arn)
            .configure(&hurried(base))
            .session_name(session_name(&access.target))
            .session_length(Duration::from_secs(SESSION_SECONDS))
            .region(region.clone());
        if let Some(external_id) = &access.external_id {
            builder = builder.external_id(external_id);
        }
        Self {
            inner: builder.build().await,
            role_arn: role_arn.to_owned(),
            region,
            has_external_id: access.external_id.is_some(),
        }
    }

    async fn credentials(&self) -> aws_credential_types::provider::Result {
        self.inner.provide_credentials().await.map_err(|error| {
            CredentialsError::provider_error(NotAssumed {
                refused: is_refusal(&error),
                text: self.explain(&error),
            })
        })
    }

    /// Describes what happened, why, and what to do.
    fn explain(&self, error: &CredentialsError) -> String {
        let (role, region) = (&self.role_arn, self.region.as_ref());
        let (why, detail) = match answer(error) {
            Some(answer) => {
                let code = answer.code().unwrap_or_default();
                let detail = format!("{code}: {}", answer.message().unwrap_or("no words"));
                (self.why_refused(code), detail)
            }
            None if is_without_credentials(error) => {
                let why = "the operator has no AWS credentials; assign a role to its task, or set a profile";
                (why.to_owned(), error_chain(error))
            }
            None => {
                let why = format!(
                    "cannot reach STS in {region}; the network of the operator requires a NAT gateway or a VPC \
                     endpoint for STS in {region}"
                );
                (why, error_chain(error))
            }
        };
        format!("role {role} could not be assumed: {why} ({detail})")
    }

    fn why_refused(&self, code: &str) -> String {
        let region = self.region.as_ref();
        match code {
            "RegionDisabledException" => format!(
                "STS is deactivated in {region} for the account of the operator; activate it in the account settings of \
                 IAM, or set AWS_REGION to a region where it is active"
            ),
            "InvalidClientTokenId" | "UnrecognizedClientException" => format!(
                "the credentials of the operator are not valid in {region}; if that is an opt-in region, enable it in \
                 the account of the operator, or set AWS_REGION to a region that is enabled"
            ),
            "ExpiredToken" | "ExpiredTokenException" => {
                "the credentials of the operator have expired; renew them".to_owned()
            }
            _ if self.has_external_id => {
                "its trust policy must allow the role of the operator and require the external ID in \
                 spec.assumeRole.externalId, and the role of the operator needs sts:AssumeRole on it"
                    .to_owned()
            }
            _ => "its trust policy must allow the role of the operator, spec.assumeRole.externalId must be set if that \
                  policy requires one, and the role of the operator needs sts:AssumeRole on it"
                .to_owned(),
        }
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// The role of a target could not be assumed.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct NotAssumed {
    /// Whether STS refused; otherwise it was not reached, or there were no credentials to call it with.
    pub(super) refused: bool,
    text: String,
}

/// The error that STS returned.
fn answer(error: &CredentialsError) -> Option<&AssumeRoleError> {
    let failed = error
        .source()
        .and_then(|source| source.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>());
    match failed {
        Some(SdkError::ServiceError(answer)) => Some(answer.err()),
        _ => None,
    }
}

fn is_refusal(error: &CredentialsError) -> bool {
    answer(error).is_some()
}

/// Whether the call was not signed because there were no credentials.
fn is_without_credentials(error: &CredentialsError) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        if cause.is::<CredentialsError>() {
            return true;
        }
        next = cause.source();
    }
    false
}

/// Makes a role session name, which is `[\w+=,.@-]{2,64}`; target names are DNS names, so only their length must
/// be limited.
fn session_name(target: &str) -> String {
    let name = format!("firelens-operator-{target}");
    name.chars().take(MAX_SESSION_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_name_fits_sts_for_the_longest_target_name() {
        assert_eq!(session_name(&"x".repeat(253)).len(), MAX_SESSION_NAME_CHARS);
    }
}
