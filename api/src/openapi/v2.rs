//! The OpenAPI v2 document, for clients that do not read v3: `kubectl` up to 1.28, Argo CD, Terraform.
//! What v2 cannot express is left open, so that validation by a client refuses no valid object.

use serde_json::{Map, Value, json};

use super::paths::{self, Operation};
use super::schemas;

/// Keywords of a schema that v2 has too.
const KEPT: &[&str] = &[
    "description",
    "format",
    "default",
    "enum",
    "required",
    "maximum",
    "minimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
];

/// Returns one document for everything that is served.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for operation in paths::of_core().iter().chain(&paths::of_group()) {
        let item = paths
            .entry(operation.path.clone())
            .or_insert_with(|| json!({}));
        item[operation.method] = to_json(operation);
    }
    let definitions: Map<String, Value> = schemas::of_core()
        .into_iter()
        .chain(schemas::of_group())
        .map(|(name, schema)| (name, downgrade(&schema)))
        .collect();
    json!({
        "swagger": "2.0",
        "info": {"title": "firelens-operator", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "definitions": definitions,
    })
}

fn to_json(operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = paths::path_parameters(&operation.path)
        .into_iter()
        .map(|(name, text)| {
            json!({"name": name, "in": "path", "required": true, "description": text, "type": "string"})
        })
        .collect();
    parameters.extend(operation.query.iter().map(|name| {
        let (text, type_) = paths::query_parameter(name);
        json!({"name": name, "in": "query", "description": text, "type": type_})
    }));
    if let Some(body) = &operation.body {
        let required = operation.method != "delete";
        parameters.push(
            json!({"name": "body", "in": "body", "required": required, "schema": definition(body)}),
        );
    }
    let mut json = json!({
        "operationId": operation.id,
        "description": operation.description,
        "produces": ["application/json", "application/yaml"],
        "consumes": operation.consumes,
        "parameters": parameters,
        "responses": {operation.code: {"description": "Done.", "schema": definition(&operation.answer)}},
    });
    paths::extend(operation, &mut json);
    json
}

fn definition(name: &str) -> Value {
    json!({"$ref": format!("#/definitions/{name}")})
}

/// Converts a v3 schema to v2. A "one of" of v3 becomes a schema without a type, which accepts anything; the server
/// still evaluates it. Kubernetes does the same with the schemas of custom resources.
fn downgrade(schema: &Value) -> Value {
    let Some(map) = schema.as_object() else {
        return schema.clone();
    };
    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
        return definition(reference.rsplit('/').next().unwrap_or_default());
    }
    let mut out = Map::new();
    for (key, value) in map {
        if KEPT.contains(&key.as_str()) || key.starts_with("x-kubernetes-") {
            out.insert(key.clone(), value.clone());
        }
    }
    let truthy = |key: &str| map.get(key).and_then(Value::as_bool).unwrap_or_default();
    let open = truthy("nullable")
        || truthy("x-kubernetes-preserve-unknown-fields")
        || truthy("x-kubernetes-int-or-string");
    if open {
        // No keyword may remain that v2 checks against a type.
        for key in [
            "format", "enum", "required", "pattern", "maximum", "minimum", "default",
        ] {
            out.shift_remove(key);
        }
        return Value::Object(out);
    }
    if let Some(type_) = map.get("type") {
        out.insert("type".to_owned(), type_.clone());
    }
    if let Some(properties) = map.get("properties").and_then(Value::as_object) {
        let properties: Map<String, Value> = properties
            .iter()
            .map(|(name, value)| (name.clone(), downgrade(value)))
            .collect();
        out.insert("properties".to_owned(), Value::Object(properties));
    }
    if let Some(items) = map.get("items") {
        out.insert("items".to_owned(), downgrade(items));
    }
    // `false` is how v3 forbids unknown fields; v2 clients derive that from the properties.
    if let Some(schema @ Value::Object(_)) = map.get("additionalProperties") {
        out.insert("additionalProperties".to_owned(), downgrade(schema));
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_v2_cannot_say_is_left_open() {
        let v3 = json!({"type": "object", "properties": {
            "a": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true, "description": "d"},
            "b": {"type": "string", "nullable": true},
            "c": {"type": "array", "items": {"$ref": "#/components/schemas/X"}},
            "d": {"type": "object", "additionalProperties": {"type": "string"}},
        }, "additionalProperties": false});
        let wanted = json!({"type": "object", "properties": {
            "a": {"x-kubernetes-int-or-string": true, "description": "d"},
            "b": {},
            "c": {"type": "array", "items": {"$ref": "#/definitions/X"}},
            "d": {"type": "object", "additionalProperties": {"type": "string"}},
        }});
        assert_eq!(downgrade(&v3), wanted);
    }
}
