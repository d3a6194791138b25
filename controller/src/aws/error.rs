//! Errors of calls to AWS, and how they are handled.
//!
//! Only the kind is used for decisions; the message is for people and never parsed outside this file.

use std::error::Error as StdError;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use firelens_types::error_chain;

use super::operation::Operation;
use super::permission::Permission;
use super::role::NotAssumed;

/// The kind of an error, by how it is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AwsErrorKind {
    /// The requested thing does not exist.
    NotFound,
    /// Too many calls; nothing was done.
    Throttled,
    /// Not allowed, or no valid credentials; nothing was done.
    Denied,
    /// The request can never succeed as it is; nothing was done.
    Invalid,
    /// Somebody else is changing the same thing at this moment; nothing was done, the call may be retried.
    Conflict,
    /// AWS failed internally; a write may have been carried out.
    Server,
    /// A read was not answered in time.
    Timeout,
    /// The answer to a write was lost; it may have been carried out.
    Ambiguous,
    /// No connection, or the request never left; nothing was done.
    Unreachable,
}

impl AwsErrorKind {
    /// The value of the `outcome` label.
    #[must_use]
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::NotFound | Self::Invalid | Self::Conflict => "client",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Server => "server",
            Self::Timeout | Self::Unreachable => "timeout",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// A failed call to AWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{service}:{operation} failed ({code}): {message}")]
pub struct AwsError {
    /// The kind.
    pub kind: AwsErrorKind,
    /// `ecs`, `ecr`, `iam`, `s3`, `cloudwatch` or `logs`.
    pub service: &'static str,
    /// Name of the operation.
    pub operation: &'static str,
    /// AWS's error code, or one of ours where AWS gave none.
    pub code: String,
    /// AWS's message, shortened.
    pub message: String,
}

/// The longest message that is kept, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

impl AwsError {
    /// An error that AWS did not return itself.
    #[must_use]
    pub fn new(operation: Operation, kind: AwsErrorKind, code: &str, message: &str) -> Self {
        Self {
            kind,
            service: operation.service,
            operation: operation.name,
            code: code.to_owned(),
            message: message.chars().take(MAX_MESSAGE_CHARS).collect(),
        }
    }

    /// Adds what AWS leaves out of a refusal: the permissions that a refusal without a message is about, and that
    /// a region may not be enabled, where credentials that are valid elsewhere are not.
    /// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
    #[must_use]
    pub(super) fn explained(
        mut self,
        operation: Operation,
        account_id: &str,
        region: &str,
    ) -> Self {
        let more = if TOKEN_CODES.contains(&self.code.as_str()) {
            format!("if {region} is an opt-in region, enable it in account {account_id}")
        } else if self.kind == AwsErrorKind::Denied && self.message.is_empty() {
            let actions: Vec<&str> = Permission::of(operation)
                .map(|permission| permission.action)
                .collect();
            format!("the role needs {}", actions.join(" and "))
        } else {
            return self;
        };
        let parts = [std::mem::take(&mut self.message), more];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        self.message = parts.join("; ").chars().take(MAX_MESSAGE_CHARS).collect();
        self
    }

    /// Whether the call, if it was a write, may have been carried out.
    #[must_use]
    pub const fn may_have_happened(&self) -> bool {
        matches!(self.kind, AwsErrorKind::Ambiguous | AwsErrorKind::Server)
    }

    /// Whether the same call can succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        !matches!(
            self.kind,
            AwsErrorKind::Invalid | AwsErrorKind::NotFound | AwsErrorKind::Denied
        )
    }

    /// Whether the whole account is out of reach, so that further calls are pointless.
    #[must_use]
    pub fn is_about_credentials(&self) -> bool {
        CREDENTIAL_CODES.contains(&self.code.as_str()) || self.code == NO_CREDENTIALS
    }
}

/// Our code for a request that could not be signed.
const NO_CREDENTIALS: &str = "NoCredentials";

/// The codes of a region for credentials it does not know, whether enabled or not.
const TOKEN_CODES: [&str; 3] = [
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "OptInRequired",
];

const CREDENTIAL_CODES: [&str; 6] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
];

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html> and the list of the
/// SDK's throttling classifier, less `LimitExceededException`, which `RegisterTaskDefinition` and IAM
/// use for hard limits.
const THROTTLING_CODES: [&str; 10] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
];

/// Codes for a thing that does not exist.
const NOT_FOUND_CODES: [&str; 10] = [
    "ServiceDeploymentNotFoundException",
    "ClusterNotFoundException",
    "ServiceNotFoundException",
    "ServiceNotActiveException",
    "ResourceNotFoundException",
    "RepositoryNotFoundException",
    "NoSuchEntity",
    "NoSuchKey",
    "NoSuchBucket",
    "NotFound",
];

/// Whether a code means throttling.
pub(super) fn is_throttling(code: &str) -> bool {
    THROTTLING_CODES.contains(&code)
}

/// Classifies a failed call. `sent` is whether any attempt was sent.
pub(super) fn classify<E>(
    operation: Operation,
    error: &SdkError<E, HttpResponse>,
    sent: bool,
) -> AwsError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let meta = answer.err().meta();
            let status = answer.raw().status().as_u16();
            let message = meta.message().unwrap_or_default();
            let code = meta
                .code()
                .map_or_else(|| status_code(status), str::to_owned);
            AwsError::new(
                operation,
                answered_kind(&code, message, status),
                &code,
                message,
            )
        }
        SdkError::ResponseError(answer) => {
            let status = answer.raw().status().as_u16();
            let kind = unreadable_kind(operation, status);
            AwsError::new(operation, kind, "UnreadableAnswer", &error_chain(error))
        }
        SdkError::TimeoutError(_) => lost(operation, sent, "Timeout", &error_chain(error)),
        SdkError::DispatchFailure(failure) => {
            let text = error_chain(error);
            if !sent {
                return unsent(operation, error, &text);
            }
            let refused = failure
                .as_connector_error()
                .is_some_and(|error| never_connected(error));
            if refused {
                AwsError::new(operation, AwsErrorKind::Unreachable, "Unreachable", &text)
            } else {
                lost(operation, sent, "ConnectionLost", &text)
            }
        }
        _ => AwsError::new(
            operation,
            AwsErrorKind::Invalid,
            "InvalidRequest",
            &error_chain(error),
        ),
    }
}

fn status_code(status: u16) -> String {
    match status {
        404 => "NotFound".to_owned(),
        412 => "PreconditionFailed".to_owned(),
        other => format!("Http{other}"),
    }
}

/// The kind of an error that AWS returned.
fn answered_kind(code: &str, message: &str, status: u16) -> AwsErrorKind {
    if is_throttling(code) || status == 429 {
        AwsErrorKind::Throttled
    } else if is_conflict(code, message) {
        AwsErrorKind::Conflict
    } else if NOT_FOUND_CODES.contains(&code) || is_unknown_task_definition(code, message) {
        AwsErrorKind::NotFound
    } else if is_denial(code, status) {
        AwsErrorKind::Denied
    } else if status >= 500 {
        AwsErrorKind::Server
    } else {
        AwsErrorKind::Invalid
    }
}

/// ECS reports a lost race between two registrations of one family as a plain client error
/// (hashicorp/terraform-provider-aws issue 9777).
fn is_conflict(code: &str, message: &str) -> bool {
    code == "ConcurrentModification"
        || code == "ConflictException"
        || code == "ConditionalRequestConflict"
        || code == "OperationAborted"
        || (code == "ClientException"
            && message.starts_with("Too many concurrent attempts to create a new revision"))
}

/// `DescribeTaskDefinition` has no error of its own for a family or revision that does not exist.
fn is_unknown_task_definition(code: &str, message: &str) -> bool {
    let unknown = [
        "Unable to describe task definition",
        "The specified task definition does not exist",
    ];
    code == "ClientException" && unknown.iter().any(|words| message.starts_with(words))
}

fn is_denial(code: &str, status: u16) -> bool {
    code.starts_with("AccessDenied")
        || code == "UnauthorizedOperation"
        || code == "NotAuthorized"
        || code == "OptInRequired"
        || CREDENTIAL_CODES.contains(&code)
        || status == 401
        || status == 403
}

/// The kind for an answer that could not be read: a write with a success status happened.
const fn unreadable_kind(operation: Operation, status: u16) -> AwsErrorKind {
    if operation.write {
        AwsErrorKind::Ambiguous
    } else if status >= 500 {
        AwsErrorKind::Server
    } else {
        AwsErrorKind::Timeout
    }
}

fn lost(operation: Operation, sent: bool, code: &str, text: &str) -> AwsError {
    let kind = match (operation.write, sent) {
        (true, true) => AwsErrorKind::Ambiguous,
        (true, false) => AwsErrorKind::Unreachable,
        (false, _) => AwsErrorKind::Timeout,
    };
    AwsError::new(operation, kind, code, text)
}

/// A request that was not sent: mostly there are no credentials to sign it with.
fn unsent(operation: Operation, error: &(dyn StdError + 'static), text: &str) -> AwsError {
    if let Some(why) = cause::<NotAssumed>(error) {
        let kind = if why.refused {
            AwsErrorKind::Denied
        } else {
            AwsErrorKind::Unreachable
        };
        return AwsError::new(operation, kind, NO_CREDENTIALS, &why.to_string());
    }
    if cause::<CredentialsError>(error).is_none() {
        return AwsError::new(operation, AwsErrorKind::Invalid, "NotSent", text);
    }
    let refused = text.contains("AccessDenied") || text.contains("not authorized");
    let kind = if refused {
        AwsErrorKind::Denied
    } else {
        AwsErrorKind::Unreachable
    };
    AwsError::new(operation, kind, NO_CREDENTIALS, text)
}

fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(cause) = error.downcast_ref::<T>() {
            return Some(cause);
        }
        next = error.source();
    }
    None
}

/// Whether there was no connection, so that AWS cannot have seen the request.
fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let io_kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        let text = error.to_string();
        if matches!(io_kind, Some(kind) if is_about_connecting(kind))
            || text.contains("client error (Connect)")
            || text.contains("dns error")
        {
            return true;
        }
        next = error.source();
    }
    false
}

const fn is_about_connecting(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_aws_are_sorted_by_what_they_mean() {
        use AwsErrorKind as Kind;
        let cases = [
            ("ThrottlingException", "Rate exceeded", 400, Kind::Throttled),
            ("SlowDown", "", 503, Kind::Throttled),
            ("Http429", "", 429, Kind::Throttled),
            ("ServerException", "", 500, Kind::Server),
            ("AccessDeniedException", "", 400, Kind::Denied),
            ("AccessDenied", "", 403, Kind::Denied),
            ("ExpiredTokenException", "", 400, Kind::Denied),
            ("ClusterNotFoundException", "", 400, Kind::NotFound),
            ("NoSuchEntity", "", 404, Kind::NotFound),
            ("NotFound", "", 404, Kind::NotFound),
            ("LimitExceeded", "", 409, Kind::Invalid),
            ("LimitExceededException", "", 400, Kind::Invalid),
            ("MalformedPolicyDocument", "", 400, Kind::Invalid),
            ("ConcurrentModification", "", 409, Kind::Conflict),
            (
                "ClientException",
                "Too many containers.",
                400,
                Kind::Invalid,
            ),
            (
                "ClientException",
                "Too many concurrent attempts to create a new revision of the specified family.",
                400,
                Kind::Conflict,
            ),
            (
                "ClientException",
                "Unable to describe task definition.",
                400,
                Kind::NotFound,
            ),
        ];
        for (code, message, status, kind) in cases {
            assert_eq!(
                answered_kind(code, message, status),
                kind,
                "{code} {status}"
            );
        }
    }

    #[test]
    fn only_a_write_that_left_can_have_happened() {
        let lost_kind = |operation, sent| lost(operation, sent, "Timeout", "").kind;
        let write = Operation::REGISTER_TASK_DEFINITION;
        assert_eq!(lost_kind(write, true), AwsErrorKind::Ambiguous);
        assert_eq!(lost_kind(write, false), AwsErrorKind::Unreachable);
        let read = Operation::DESCRIBE_SERVICES;
        assert_eq!(lost_kind(read, true), AwsErrorKind::Timeout);
    }
}
