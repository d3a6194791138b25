//! The OpenAPI v2 document in its protobuf form, the only one that client-go reads.
//! It has the same content as the JSON document.

mod messages;

use prost::Message;
use serde_json::{Map, Value};

use self::messages::*;

/// Media type of the request.
pub(crate) const ACCEPTED: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/// Media type of the response: `@` is not allowed there.
pub(crate) const CONTENT_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// Encodes the OpenAPI v2 document `json`.
pub(crate) fn encode(json: &Value) -> Vec<u8> {
    let info = &json["info"];
    let document = Document {
        swagger: text(&json["swagger"]),
        info: Some(Info {
            title: text(&info["title"]),
            version: text(&info["version"]),
        }),
        paths: Some(Paths {
            path: members(&json["paths"])
                .map(|(name, item)| NamedPathItem {
                    name: name.clone(),
                    value: Some(path_item(item)),
                })
                .collect(),
        }),
        definitions: Some(schemas(&json["definitions"])),
    };
    document.encode_to_vec()
}

fn path_item(item: &Value) -> PathItem {
    let of = |method: &str| item.get(method).map(operation);
    PathItem {
        get: of("get"),
        put: of("put"),
        post: of("post"),
        delete: of("delete"),
        patch: of("patch"),
    }
}

fn operation(json: &Value) -> Operation {
    Operation {
        description: text(&json["description"]),
        operation_id: text(&json["operationId"]),
        produces: texts(&json["produces"]),
        consumes: texts(&json["consumes"]),
        parameters: items(&json["parameters"]).map(parameter).collect(),
        responses: Some(Responses {
            response_code: members(&json["responses"])
                .map(|(code, response)| NamedResponseValue {
                    name: code.clone(),
                    value: Some(ResponseValue {
                        response: Some(self::response(response)),
                    }),
                })
                .collect(),
        }),
        vendor_extension: extensions(json),
    }
}

fn parameter(json: &Value) -> ParametersItem {
    let (name, place) = (text(&json["name"]), text(&json["in"]));
    let (description, type_) = (text(&json["description"]), text(&json["type"]));
    let required = json["required"].as_bool().unwrap_or_default();
    let kind = match place.as_str() {
        "body" => ParameterKind::Body(Box::new(BodyParameter {
            name,
            r#in: place,
            required,
            schema: Some(schema(&json["schema"])),
        })),
        "path" => ParameterKind::NonBody(NonBodyParameter {
            oneof: Some(NonBodyKind::Path(PathParameter {
                required,
                r#in: place,
                description,
                name,
                r#type: type_,
            })),
        }),
        _ => ParameterKind::NonBody(NonBodyParameter {
            oneof: Some(NonBodyKind::Query(QueryParameter {
                r#in: place,
                description,
                name,
                r#type: type_,
            })),
        }),
    };
    ParametersItem {
        parameter: Some(Parameter { oneof: Some(kind) }),
    }
}

fn response(json: &Value) -> Response {
    Response {
        description: text(&json["description"]),
        schema: json.get("schema").map(|s| SchemaItem {
            schema: Some(schema(s)),
        }),
    }
}

fn schemas(json: &Value) -> Schemas {
    Schemas {
        additional_properties: members(json)
            .map(|(name, value)| NamedSchema {
                name: name.clone(),
                value: Some(schema(value)),
            })
            .collect(),
    }
}

fn schema(json: &Value) -> Schema {
    let additional = json.get("additionalProperties").map(|value| {
        let oneof = match value {
            Value::Bool(allowed) => AdditionalProperties::Boolean(*allowed),
            other => AdditionalProperties::Schema(Box::new(schema(other))),
        };
        Box::new(AdditionalPropertiesItem { oneof: Some(oneof) })
    });
    let number = |key: &str| json[key].as_f64().unwrap_or_default();
    let whole = |key: &str| json[key].as_i64().unwrap_or_default();
    Schema {
        reference: text(&json["$ref"]),
        format: text(&json["format"]),
        description: text(&json["description"]),
        default: json.get("default").map(any),
        maximum: number("maximum"),
        minimum: number("minimum"),
        max_length: whole("maxLength"),
        min_length: whole("minLength"),
        pattern: text(&json["pattern"]),
        max_items: whole("maxItems"),
        min_items: whole("minItems"),
        required: texts(&json["required"]),
        r#enum: items(&json["enum"]).map(any).collect(),
        additional_properties: additional,
        r#type: json.get("type").map(|t| TypeItem {
            value: vec![text(t)],
        }),
        items: json.get("items").map(|i| ItemsItem {
            schema: vec![schema(i)],
        }),
        properties: json.get("properties").map(schemas),
        vendor_extension: extensions(json),
    }
}

fn extensions(json: &Value) -> Vec<NamedAny> {
    members(json)
        .filter(|(name, _)| name.starts_with("x-"))
        .map(|(name, value)| NamedAny {
            name: name.clone(),
            value: Some(any(value)),
        })
        .collect()
}

fn any(value: &Value) -> Any {
    Any {
        yaml: value.to_string(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(value: &Value) -> Vec<String> {
    items(value).map(text).collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_encoded_document_says_what_the_json_says() {
        let json = json!({
            "swagger": "2.0",
            "info": {"title": "t", "version": "v"},
            "paths": {"/x/{name}": {"patch": {
                "operationId": "patchX",
                "parameters": [{"name": "dryRun", "in": "query", "type": "string"}, {"name": "body", "in": "body", "required": true, "schema": {"type": "object"}}],
                "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/X"}}},
                "x-kubernetes-action": "patch",
            }}},
            "definitions": {"X": {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string", "enum": ["b"]}}}, "additionalProperties": {"type": "string"}}},
        });
        let document = Document::decode(encode(&json).as_slice()).unwrap();
        let path = &document.paths.unwrap().path[0];
        let patch = path.value.clone().unwrap().patch.unwrap();
        assert_eq!(
            (path.name.as_str(), patch.operation_id.as_str()),
            ("/x/{name}", "patchX")
        );
        assert_eq!(patch.parameters.len(), 2);
        assert_eq!(
            patch.vendor_extension[0].value.clone().unwrap().yaml,
            "\"patch\""
        );
        let x = document.definitions.unwrap().additional_properties[0]
            .value
            .clone()
            .unwrap();
        let a = x.properties.unwrap().additional_properties[0]
            .value
            .clone()
            .unwrap();
        assert_eq!(a.items.unwrap().schema[0].r#enum[0].yaml, "\"b\"");
    }
}
