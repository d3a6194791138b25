//! Applies a patch to an object in memory.
//! The size of the result is limited: a JSON patch can copy what it has copied, so a small one can make a large object.

use firelens_types::v1alpha1::{Cause, Kind};
use json_patch::{Patch, PatchOperation};
use serde::Deserialize;
use serde_json::Value;

use crate::admission::invalid;
use crate::body::{Decoded, decode_json};
use crate::meta;
use crate::status::ApiError;

/// Operations in one JSON patch. kube-apiserver allows 10,000.
const MAX_OPERATIONS: usize = 1_000;
/// `copy` operations in one JSON patch: after each the object is measured.
const MAX_COPIES: usize = 100;

/// A patch that was read and can be applied, again and again should others write in between.
pub(crate) enum PatchBody {
    /// RFC 7396.
    Merge(Decoded),
    /// RFC 6902.
    Json(Patch),
}

impl PatchBody {
    /// Reads a patch of the given media type.
    pub(crate) fn read(media_type: &str, bytes: &[u8]) -> Result<Self, ApiError> {
        match media_type {
            "application/merge-patch+json" => {
                let decoded = decode_json(bytes)?;
                if !decoded.value.is_object() {
                    return Err(ApiError::BadRequest("a merge patch must be a JSON object".to_owned()));
                }
                Ok(Self::Merge(decoded))
            }
            "application/json-patch+json" => read_json_patch(bytes).map(Self::Json),
            "application/apply-patch+yaml" | "application/apply-patch+cbor" => {
                Err(ApiError::UnsupportedMediaType(
                    "server-side apply is not supported: use client-side apply (kubectl apply without --server-side), application/merge-patch+json or application/json-patch+json".to_owned(),
                ))
            }
            other => Err(ApiError::UnsupportedMediaType(format!(
                "the body of the request was in an unknown format {other:?} - accepted media types include: application/json-patch+json, application/merge-patch+json"
            ))),
        }
    }

    /// Keys that the text of the patch gave twice.
    pub(crate) fn repeated(&self) -> &[String] {
        match self {
            Self::Merge(decoded) => &decoded.repeated,
            Self::Json(_) => &[],
        }
    }

    /// The object with the patch applied.
    pub(crate) fn apply(
        &self,
        kind: Kind,
        stored: &Value,
        limit_bytes: usize,
    ) -> Result<Value, ApiError> {
        let mut object = stored.clone();
        match self {
            Self::Merge(decoded) => json_patch::merge(&mut object, &decoded.value),
            Self::Json(patch) => {
                for operation in &patch.0 {
                    let one = std::slice::from_ref(operation);
                    json_patch::patch(&mut object, one).map_err(|error| {
                        let detail = format!("cannot be applied: {error}");
                        let problem =
                            meta::error("patch", Cause::Invalid, &operation.to_string(), &detail);
                        invalid(kind, stored, vec![problem])
                    })?;
                    let copied = matches!(operation, PatchOperation::Copy(_));
                    if copied && object.to_string().len() > limit_bytes {
                        return Err(ApiError::TooLarge { limit_bytes });
                    }
                }
            }
        }
        Ok(object)
    }
}

fn read_json_patch(bytes: &[u8]) -> Result<Patch, ApiError> {
    let decoded = decode_json(bytes)?;
    let patch = Patch::deserialize(&decoded.value).map_err(|error| {
        ApiError::BadRequest(format!("the body is not a valid JSON patch: {error}"))
    })?;
    let copies = patch
        .0
        .iter()
        .filter(|o| matches!(o, PatchOperation::Copy(_)))
        .count();
    if patch.0.len() > MAX_OPERATIONS || copies > MAX_COPIES {
        return Err(ApiError::BadRequest(format!(
            "a JSON patch may have at most {MAX_OPERATIONS} operations, at most {MAX_COPIES} of them copies"
        )));
    }
    Ok(patch)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply(media_type: &str, patch: &Value) -> Result<Value, ApiError> {
        let stored = json!({"metadata": {"name": "x"}, "spec": {"a": 1, "b": [1, 2]}});
        let patch = PatchBody::read(media_type, patch.to_string().as_bytes())?;
        patch.apply(Kind::LoggingPolicy, &stored, 10_000)
    }

    #[test]
    fn both_kinds_of_patch_are_applied() {
        let merged = apply(
            "application/merge-patch+json",
            &json!({"spec": {"a": null, "c": {"d": 1}}}),
        )
        .unwrap();
        assert_eq!(merged["spec"], json!({"b": [1, 2], "c": {"d": 1}}));
        let operations = json!([{"op": "replace", "path": "/spec/b/0", "value": 9}, {"op": "remove", "path": "/spec/a"}]);
        let patched = apply("application/json-patch+json", &operations).unwrap();
        assert_eq!(patched["spec"], json!({"b": [9, 2]}));
    }

    #[test]
    fn a_patch_that_cannot_be_applied_is_the_clients_fault() {
        let failed_test = json!([{"op": "test", "path": "/spec/a", "value": 2}]);
        assert!(matches!(
            apply("application/json-patch+json", &failed_test),
            Err(ApiError::Invalid { .. })
        ));
        assert!(matches!(
            apply("application/json-patch+json", &json!({})),
            Err(ApiError::BadRequest(_))
        ));
        assert!(matches!(
            apply("application/merge-patch+json", &json!([])),
            Err(ApiError::BadRequest(_))
        ));
        for media_type in [
            "application/apply-patch+yaml",
            "application/strategic-merge-patch+json",
            "application/json",
            "",
        ] {
            assert!(
                matches!(
                    apply(media_type, &json!({})),
                    Err(ApiError::UnsupportedMediaType(_))
                ),
                "{media_type}"
            );
        }
    }

    #[test]
    fn copies_of_copies_are_stopped() {
        let copies: Vec<Value> = (0..40)
            .map(|n| json!({"op": "copy", "from": "/spec", "path": format!("/spec/c{n}")}))
            .collect();
        assert!(matches!(
            apply("application/json-patch+json", &json!(copies)),
            Err(ApiError::TooLarge { .. })
        ));
        let many: Vec<Value> =
            vec![json!({"op": "test", "path": "/spec/a", "value": 1}); MAX_OPERATIONS + 1];
        assert!(matches!(
            apply("application/json-patch+json", &json!(many)),
            Err(ApiError::BadRequest(_))
        ));
    }
}
