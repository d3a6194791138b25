//! The OpenAPI 3.0 documents, one for each group and version, as Kubernetes serves them.
//! Every call returns the same document, since clients cache it under its hash.

use firelens_types::v1alpha1::{GROUP, VERSION};
use serde_json::{Map, Value, json};

use super::paths::{self, Operation};
use super::schemas;

/// Returns the document of `firelens.dev/v1alpha1`.
pub(super) fn group() -> Value {
    document(GROUP, VERSION, &paths::of_group(), &schemas::of_group())
}

/// Returns the document of `v1`.
pub(super) fn core() -> Value {
    document("core", "v1", &paths::of_core(), &schemas::of_core())
}

fn document(
    title: &str,
    version: &str,
    operations: &[Operation],
    schemas: &Map<String, Value>,
) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let item = paths
            .entry(operation.path.clone())
            .or_insert_with(|| json!({}));
        item[operation.method] = to_json(operation);
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn to_json(operation: &Operation) -> Value {
    let in_path = paths::path_parameters(&operation.path).into_iter().map(|(name, text)| {
        json!({"name": name, "in": "path", "required": true, "description": text, "schema": {"type": "string"}})
    });
    let in_query = operation.query.iter().map(|name| {
        let (text, type_) = paths::query_parameter(name);
        json!({"name": name, "in": "query", "description": text, "schema": {"type": type_}})
    });
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    let answer = json!({"schema": schemas::reference(&operation.answer)});
    let mut json = json!({
        "operationId": operation.id,
        "description": operation.description,
        "parameters": parameters,
        "responses": {
            operation.code: {"description": "Done.", "content": {"application/json": answer, "application/yaml": answer}},
            "default": {"description": "Refused.", "content": {"application/json": {"schema": schemas::reference(schemas::STATUS)}}},
        },
    });
    if let Some(body) = &operation.body {
        let content: Map<String, Value> = operation
            .consumes
            .iter()
            .map(|media_type| {
                (
                    (*media_type).to_owned(),
                    json!({"schema": schemas::reference(body)}),
                )
            })
            .collect();
        let required = operation.method != "delete";
        json["requestBody"] = json!({"required": required, "content": content});
    }
    paths::extend(operation, &mut json);
    json
}
