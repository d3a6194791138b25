//! Extractors for handlers: the kind and name from the path, the query as pairs.
//! If a request cannot be read, the response is a `Status`, unlike that of axum's own extractors.

use axum::extract::{FromRequestParts, Path, Query};
use firelens_types::v1alpha1::Kind;
use http::request::Parts;

use crate::status::ApiError;

/// The query string as pairs.
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map(|Query(pairs)| Self(pairs))
            .map_err(|_| ApiError::BadRequest("the query string cannot be read".to_owned()))
    }
}

/// The resource of a path: `/{plural}` or `/{plural}/{name}`.
pub(crate) struct Resource {
    pub(crate) kind: Kind,
    /// Empty for a collection.
    pub(crate) name: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Resource {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(params) = Path::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::NoSuchPath)?;
        let get = |key: &str| {
            params
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, v)| v.clone())
        };
        let plural = get("plural").unwrap_or_default();
        let kind = Kind::from_plural(&plural).ok_or(ApiError::NoSuchPath)?;
        Ok(Self {
            kind,
            name: get("name").unwrap_or_default(),
        })
    }
}

impl Resource {
    /// Refuses an update of a kind that only the controller writes.
    pub(crate) fn updated_by_users(&self) -> Result<(), ApiError> {
        if self.kind.is_controlled_by_users() {
            return Ok(());
        }
        self.written_by_users()
    }

    /// Refuses a write to a kind that only the controller writes.
    pub(crate) fn written_by_users(&self) -> Result<(), ApiError> {
        if self.kind.written_by_users() {
            return Ok(());
        }
        Err(ApiError::MethodNotAllowed(format!(
            "{} are written by the controller only: the server does not allow this method on the requested resource",
            self.kind.plural()
        )))
    }

    pub(crate) fn not_found(&self) -> ApiError {
        ApiError::NotFound {
            plural: self.kind.plural(),
            name: self.name.clone(),
        }
    }

    pub(crate) fn conflict(&self, message: &str) -> ApiError {
        ApiError::Conflict {
            plural: self.kind.plural(),
            name: self.name.clone(),
            message: message.to_owned(),
        }
    }
}
