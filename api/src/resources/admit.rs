//! The way of an object into the store, the same for create, update and patch: its own rules, what users may
//! write of a controlled object, and what depends on other objects.

use serde_json::Value;

use super::control;
use super::update::is_deleting;
use crate::admission::{self, Admitted};
use crate::extract::Resource;
use crate::findings;
use crate::params::FieldValidation;
use crate::state::ApiState;
use crate::status::ApiError;

/// An object that a client wants to be stored.
pub(crate) struct Candidate<'a> {
    pub(crate) object: Value,
    /// Keys that its text gave twice.
    pub(crate) repeated: &'a [String],
    pub(crate) field_validation: FieldValidation,
    /// The object that it replaces; none on create.
    pub(crate) replaces: Option<Replaced<'a>>,
}

/// The stored object that a write replaces.
pub(crate) struct Replaced<'a> {
    pub(crate) stored: &'a Value,
    /// The `resourceVersion` that the client wants to replace.
    pub(crate) version: &'a str,
}

/// Admits an object. Returns it with its defaults, its finalizer, and the warnings for the client.
///
/// # Errors
/// [`ApiError::Invalid`] with all problems of the first step that finds some; the store fails.
pub(crate) async fn admit(
    state: &ApiState,
    resource: &Resource,
    candidate: Candidate<'_>,
) -> Result<Admitted, ApiError> {
    let kind = resource.kind;
    let status = candidate.object["status"].clone();
    let mut admitted = admission::check(
        kind,
        candidate.object,
        candidate.repeated,
        candidate.field_validation,
    )?;
    let (object, warnings) = (&mut admitted.object, &mut admitted.warnings);
    let stored = candidate.replaces.as_ref().map(|replaced| replaced.stored);
    // Over another version the write is a conflict, which tells the client more than a comparison with it.
    if let Some(replaced) = &candidate.replaces
        && replaced.stored["metadata"]["resourceVersion"] == replaced.version
    {
        warnings.extend(control::check(resource, replaced.stored, object, &status)?);
    }
    // An object that is being deleted must be able to lose its finalizer, whatever else is wrong with it.
    if !stored.is_some_and(is_deleting) {
        warnings.extend(findings::check(state.store(), kind, object, stored).await?);
        admission::hold_for_restore(kind, object);
    }
    Ok(admitted)
}
