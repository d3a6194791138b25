//! The query parameters of a request, parsed before anything else happens.
//! An invalid value is an error, and not ignored: a misspelt `dryRun` must not become a real write.

use firelens_store::LabelSelector;

use crate::selector::FieldSelector;
use crate::status::{ApiError, from_store_query};

/// Fields that a field selector may use for the kinds of this group.
const OBJECT_FIELDS: &[&str] = &["metadata.name", "metadata.namespace"];

/// Fields that a field selector may use for events.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/>
const EVENT_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];

/// What happens to fields that are not in the schema.
///
/// <https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    /// Refused. This is the default here, unlike in Kubernetes: a misspelt `exclude` must not restart a fleet.
    #[default]
    Strict,
    /// Dropped, and the client is warned.
    Warn,
    /// Dropped.
    Ignore,
}

/// How much of the object each row of a `Table` contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum IncludeObject {
    None,
    #[default]
    Metadata,
    Object,
}

/// The parameters of a query string.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    pub(crate) dry_run: bool,
    pub(crate) field_validation: FieldValidation,
    pub(crate) watch: bool,
    pub(crate) allow_bookmarks: bool,
    pub(crate) send_initial_events: bool,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) limit: Option<u32>,
    pub(crate) continue_token: Option<String>,
    pub(crate) resource_version: Option<String>,
    pub(crate) exact_version: bool,
    pub(crate) labels: LabelSelector,
    pub(crate) fields: FieldSelector,
    pub(crate) include_object: IncludeObject,
}

impl Params {
    /// Parses the parameters of a request for one of the group's kinds.
    pub(crate) fn for_objects(pairs: &[(String, String)]) -> Result<Self, ApiError> {
        Self::parse(pairs, OBJECT_FIELDS)
    }

    /// Parses the parameters of a request for events.
    pub(crate) fn for_events(pairs: &[(String, String)]) -> Result<Self, ApiError> {
        Self::parse(pairs, EVENT_FIELDS)
    }

    fn parse(pairs: &[(String, String)], fields: &[&str]) -> Result<Self, ApiError> {
        let mut params = Self::default();
        for (key, value) in pairs {
            params.set(key, value, fields)?;
        }
        if params.send_initial_events && !params.watch {
            return Err(bad(
                "sendInitialEvents",
                "true",
                "only a watch has initial events",
            ));
        }
        Ok(params)
    }

    fn set(&mut self, key: &str, value: &str, fields: &[&str]) -> Result<(), ApiError> {
        match key {
            "dryRun" => self.dry_run = dry_run(value)?,
            "fieldValidation" => self.field_validation = field_validation(value)?,
            "watch" => self.watch = boolean(value),
            "allowWatchBookmarks" => self.allow_bookmarks = boolean(value),
            "sendInitialEvents" => self.send_initial_events = boolean(value),
            "timeoutSeconds" => self.timeout_seconds = optional_number(key, value)?,
            "limit" => {
                self.limit = optional_number(key, value)?
                    .filter(|limit| *limit > 0)
                    .map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
            }
            "continue" => self.continue_token = (!value.is_empty()).then(|| value.to_owned()),
            "resourceVersion" => {
                self.resource_version = (!value.is_empty()).then(|| value.to_owned());
            }
            "resourceVersionMatch" => {
                self.exact_version = match value {
                    "Exact" => true,
                    "NotOlderThan" | "" => false,
                    _ => return Err(bad(key, value, "use Exact or NotOlderThan")),
                };
            }
            "labelSelector" => {
                self.labels = LabelSelector::parse(value).map_err(from_store_query)?;
            }
            "fieldSelector" => self.fields = FieldSelector::parse(value, fields)?,
            "includeObject" => {
                self.include_object = match value {
                    "None" => IncludeObject::None,
                    "Metadata" | "" => IncludeObject::Metadata,
                    "Object" => IncludeObject::Object,
                    _ => return Err(bad(key, value, "use None, Metadata or Object")),
                };
            }
            // fieldManager, pretty, propagationPolicy, gracePeriodSeconds and unknown ones have no meaning here.
            _ => {}
        }
        Ok(())
    }
}

fn bad(key: &str, value: &str, why: &str) -> ApiError {
    ApiError::BadRequest(format!("query parameter {key}={value:?}: {why}"))
}

/// Parses `dryRun`: `All`, or empty.
pub(crate) fn dry_run(value: &str) -> Result<bool, ApiError> {
    match value {
        "All" => Ok(true),
        "" => Ok(false),
        _ => Err(bad("dryRun", value, "the only supported value is \"All\"")),
    }
}

fn field_validation(value: &str) -> Result<FieldValidation, ApiError> {
    match value {
        "Strict" | "" => Ok(FieldValidation::Strict),
        "Warn" => Ok(FieldValidation::Warn),
        "Ignore" => Ok(FieldValidation::Ignore),
        _ => Err(bad("fieldValidation", value, "use Strict, Warn or Ignore")),
    }
}

/// Parses a boolean as Kubernetes does: everything but `false` and `0` is true, also `?watch` alone.
fn boolean(value: &str) -> bool {
    !matches!(value.to_ascii_lowercase().as_str(), "false" | "0")
}

fn optional_number(key: &str, value: &str) -> Result<Option<u64>, ApiError> {
    if value.is_empty() {
        return Ok(None);
    }
    let number = value
        .parse()
        .map_err(|_| bad(key, value, "not a whole number"))?;
    Ok(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(key: &str, value: &str) -> Result<Params, ApiError> {
        Params::for_objects(&[(key.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_value_that_cannot_be_read_is_refused() {
        for (key, value) in [
            ("dryRun", "true"),
            ("fieldValidation", "strict"),
            ("limit", "ten"),
            ("limit", "-1"),
            ("timeoutSeconds", "1s"),
            ("resourceVersionMatch", "Any"),
            ("includeObject", "Everything"),
            ("fieldSelector", "involvedObject.name=x"),
            ("sendInitialEvents", "true"),
        ] {
            assert!(parse(key, value).is_err(), "{key}={value}");
        }
    }

    #[test]
    fn booleans_read_as_kubernetes_reads_them() {
        assert!(parse("watch", "").unwrap().watch);
        assert!(parse("watch", "1").unwrap().watch);
        assert!(!parse("watch", "0").unwrap().watch);
        assert!(!parse("watch", "False").unwrap().watch);
        assert_eq!(parse("limit", "0").unwrap().limit, None);
    }
}
