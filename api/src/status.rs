//! The errors of the API, and how each becomes a Kubernetes `Status` object with the matching HTTP code.
//! The text of an internal error is logged and not sent: the client gets a general message.

use axum::response::{IntoResponse, Response};
use firelens_store::StoreError;
use firelens_types::error_chain;
use firelens_types::v1alpha1::{Cause, FieldError, GROUP, Kind};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// What went wrong with a request, in the words of the Kubernetes API conventions.
///
/// <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#response-status-kind>
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// 404: there is no object of that name.
    #[error("{plural}.{GROUP} {name:?} not found")]
    NotFound {
        /// Plural resource name.
        plural: &'static str,
        /// Name that was asked for.
        name: String,
    },
    /// 404: there is no event of that name.
    #[error("events {name:?} not found")]
    NoSuchEvent {
        /// Name that was asked for.
        name: String,
    },
    /// 404: there is no such path.
    #[error("the server could not find the requested resource")]
    NoSuchPath,
    /// 409: an object of that name exists already.
    #[error("{plural}.{GROUP} {name:?} already exists")]
    AlreadyExists {
        /// Plural resource name.
        plural: &'static str,
        /// Name that exists already.
        name: String,
    },
    /// 409: another write came first, a precondition failed, or the object is in use.
    #[error("Operation cannot be fulfilled on {plural}.{GROUP} {name:?}: {message}")]
    Conflict {
        /// Plural resource name.
        plural: &'static str,
        /// Name of the object.
        name: String,
        /// What the conflict is.
        message: String,
    },
    /// 422: the object breaks its schema or rules; every problem is listed.
    #[error("{}", invalid_message(*.kind, .name, .errors))]
    Invalid {
        /// Kind of the object.
        kind: Kind,
        /// Name of the object, or empty.
        name: String,
        /// Every problem found.
        errors: Vec<FieldError>,
    },
    /// 400: the request is not valid.
    #[error("{0}")]
    BadRequest(String),
    /// 403: the `Host` header names another machine (DNS rebinding).
    #[error("{0}")]
    ForeignHost(String),
    /// 405: the resource does not have this verb.
    #[error("{0}")]
    MethodNotAllowed(String),
    /// 415: the media type of the body is not supported.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// 406: the client accepts none of the representations.
    #[error("only the following media types are accepted: {0}")]
    NotAcceptable(&'static str),
    /// 413: the body is larger than the limit.
    #[error("Request entity too large: limit is {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// 429: a limit of this server is reached; the client may retry later.
    #[error("{message}")]
    TooManyRequests {
        /// Which limit.
        message: String,
        /// When to retry.
        retry_after_seconds: u32,
    },
    /// 410: the requested history is no longer kept; the client has to list again.
    #[error("{0}")]
    Expired(String),
    /// 504: the request took longer than the limit.
    #[error("the request did not finish within {limit_seconds} seconds")]
    Timeout {
        /// The limit.
        limit_seconds: u64,
    },
    /// 503: the database does not respond.
    #[error("cannot reach the database; try again later")]
    Unavailable,
    /// 500: a fault of this server; the cause is in its log.
    #[error("an internal error occurred; see the log of the server for the cause")]
    Internal,
}

impl ApiError {
    /// Returns the HTTP code and the `reason` of the `Status`.
    pub(crate) fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound { .. } | Self::NoSuchEvent { .. } | Self::NoSuchPath => {
                (StatusCode::NOT_FOUND, "NotFound")
            }
            Self::AlreadyExists { .. } => (StatusCode::CONFLICT, "AlreadyExists"),
            Self::Conflict { .. } => (StatusCode::CONFLICT, "Conflict"),
            Self::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "Invalid"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "BadRequest"),
            Self::ForeignHost(_) => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
            Self::UnsupportedMediaType(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType")
            }
            Self::NotAcceptable(_) => (StatusCode::NOT_ACCEPTABLE, "NotAcceptable"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            Self::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"),
            Self::Expired(_) => (StatusCode::GONE, "Expired"),
            Self::Timeout { .. } => (StatusCode::GATEWAY_TIMEOUT, "Timeout"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        }
    }

    /// Returns the `Status` object of this error.
    pub(crate) fn to_status(&self) -> Value {
        let (code, reason) = self.code();
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.to_string(),
            "reason": reason,
        });
        if let Some(details) = self.details() {
            status["details"] = details;
        }
        status["code"] = json!(code.as_u16());
        status
    }

    fn details(&self) -> Option<Value> {
        match self {
            Self::NotFound { plural, name }
            | Self::AlreadyExists { plural, name }
            | Self::Conflict { plural, name, .. } => {
                Some(json!({"name": name, "group": GROUP, "kind": plural}))
            }
            Self::NoSuchEvent { name } => Some(json!({"name": name, "kind": "events"})),
            Self::Invalid { kind, name, errors } => Some(json!({
                "name": name,
                "group": GROUP,
                "kind": kind.name(),
                "causes": errors.iter().map(cause).collect::<Vec<_>>(),
            })),
            Self::TooManyRequests {
                retry_after_seconds,
                ..
            } => Some(json!({"retryAfterSeconds": retry_after_seconds})),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (code, _) = self.code();
        let mut response = (
            code,
            [(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            )],
            self.to_status().to_string(),
        )
            .into_response();
        let retry_after_seconds = match self {
            Self::TooManyRequests {
                retry_after_seconds,
                ..
            } => Some(retry_after_seconds),
            Self::Unavailable => Some(1),
            _ => None,
        };
        if let Some(seconds) = retry_after_seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Returns the `Status` of a deletion that is complete.
pub(crate) fn deleted_status(kind: Kind, name: &str, uid: &str) -> Value {
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": name, "group": GROUP, "kind": kind.plural(), "uid": uid},
    })
}

fn invalid_message(kind: Kind, name: &str, errors: &[FieldError]) -> String {
    let list = match errors {
        [error] => error.to_string(),
        many => {
            let texts: Vec<String> = many.iter().map(ToString::to_string).collect();
            format!("[{}]", texts.join(", "))
        }
    };
    format!("{}.{GROUP} {name:?} is invalid: {list}", kind.name())
}

/// Returns an entry of `details.causes`. Its message is the error without the field, as in Kubernetes.
fn cause(error: &FieldError) -> Value {
    let text = error.to_string();
    let message = text
        .strip_prefix(&format!("{}: ", error.field))
        .unwrap_or(&text);
    let reason = match error.cause {
        // Kubernetes has no reason for an unknown field.
        Cause::Unknown => Cause::Invalid.as_str(),
        known => known.as_str(),
    };
    json!({"reason": reason, "message": message, "field": error.field})
}

/// Turns an error of the store into one of the API. Details that do not help the client are only logged.
pub(crate) fn from_store(error: StoreError, kind: Kind, name: &str) -> ApiError {
    let plural = kind.plural();
    let name = name.to_owned();
    match error {
        StoreError::NotFound { .. } => ApiError::NotFound { plural, name },
        StoreError::AlreadyExists { .. } => ApiError::AlreadyExists { plural, name },
        StoreError::Conflict {
            field: "uid",
            expected,
            actual,
            ..
        } => ApiError::Conflict {
            plural,
            name,
            message: format!(
                "Precondition failed: UID in precondition: {expected}, UID in object meta: {actual}"
            ),
        },
        StoreError::Conflict { .. } => ApiError::Conflict {
            plural,
            name,
            message: CHANGED.to_owned(),
        },
        StoreError::Expired {
            requested,
            oldest,
            newest,
        } => expired(requested, oldest, newest),
        StoreError::Invalid { field, detail } => ApiError::Invalid {
            kind,
            name,
            errors: vec![FieldError {
                field,
                cause: Cause::Invalid,
                value: String::new(),
                detail,
            }],
        },
        StoreError::Unavailable { .. } => {
            tracing::warn!(error = %error_chain(&error), "cannot reach the database");
            ApiError::Unavailable
        }
        error => {
            tracing::error!(error = %error_chain(&error), "a request to the database failed");
            ApiError::Internal
        }
    }
}

/// Turns an error of a request that concerns no single object into one of the API.
pub(crate) fn from_store_query(error: StoreError) -> ApiError {
    match error {
        StoreError::Expired {
            requested,
            oldest,
            newest,
        } => expired(requested, oldest, newest),
        StoreError::Invalid { field, detail } => ApiError::BadRequest(format!("{field}: {detail}")),
        StoreError::Unavailable { .. } => {
            tracing::warn!(error = %error_chain(&error), "cannot reach the database");
            ApiError::Unavailable
        }
        error => {
            tracing::error!(error = %error_chain(&error), "a request to the database failed");
            ApiError::Internal
        }
    }
}

fn expired(requested: i64, oldest: i64, newest: i64) -> ApiError {
    ApiError::Expired(format!(
        "too old resource version: {requested} ({oldest} to {newest} are kept): list again"
    ))
}

/// The message of Kubernetes for a write that lost a race; clients search for this text.
pub(crate) const CHANGED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";
