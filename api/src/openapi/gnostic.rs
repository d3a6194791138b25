//! The OpenAPI v2 document in the protobuf form that `kubectl` asks for first, and up to 1.26 only.
//! Message and field numbers are those of `openapiv2/OpenAPIv2.proto` of google/gnostic; the parts our
//! document does not use are left out. Never adds anything the JSON document does not say.

use prost::Message;
use serde_json::{Map, Value};

/// Media type asked for.
pub(crate) const ACCEPTED: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/// Media type of the answer: `@` is not allowed there.
pub(crate) const CONTENT_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

#[derive(Clone, PartialEq, Message)]
struct Document {
    #[prost(string, tag = "1")]
    swagger: String,
    #[prost(message, optional, tag = "2")]
    info: Option<Info>,
    #[prost(message, optional, tag = "8")]
    paths: Option<Paths>,
    #[prost(message, optional, tag = "9")]
    definitions: Option<Schemas>,
}

#[derive(Clone, PartialEq, Message)]
struct Info {
    #[prost(string, tag = "1")]
    title: String,
    #[prost(string, tag = "2")]
    version: String,
}

/// A value written as YAML; JSON is YAML.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "2")]
    yaml: String,
}

#[derive(Clone, PartialEq, Message)]
struct NamedAny {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    value: Option<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Paths {
    #[prost(message, repeated, tag = "2")]
    path: Vec<NamedPathItem>,
}

#[derive(Clone, PartialEq, Message)]
struct NamedPathItem {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    value: Option<PathItem>,
}

#[derive(Clone, PartialEq, Message)]
struct PathItem {
    #[prost(message, optional, tag = "2")]
    get: Option<Operation>,
    #[prost(message, optional, tag = "3")]
    put: Option<Operation>,
    #[prost(message, optional, tag = "4")]
    post: Option<Operation>,
    #[prost(message, optional, tag = "5")]
    delete: Option<Operation>,
    #[prost(message, optional, tag = "8")]
    patch: Option<Operation>,
}

#[derive(Clone, PartialEq, Message)]
struct Operation {
    #[prost(string, tag = "3")]
    description: String,
    #[prost(string, tag = "5")]
    operation_id: String,
    #[prost(string, repeated, tag = "6")]
    produces: Vec<String>,
    #[prost(string, repeated, tag = "7")]
    consumes: Vec<String>,
    #[prost(message, repeated, tag = "8")]
    parameters: Vec<ParametersItem>,
    #[prost(message, optional, tag = "9")]
    responses: Option<Responses>,
    #[prost(message, repeated, tag = "13")]
    vendor_extension: Vec<NamedAny>,
}

#[derive(Clone, PartialEq, Message)]
struct ParametersItem {
    #[prost(message, optional, tag = "1")]
    parameter: Option<Parameter>,
}

#[derive(Clone, PartialEq, Message)]
struct Parameter {
    #[prost(oneof = "ParameterKind", tags = "1, 2")]
    oneof: Option<ParameterKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum ParameterKind {
    #[prost(message, tag = "1")]
    Body(BodyParameter),
    #[prost(message, tag = "2")]
    NonBody(NonBodyParameter),
}

#[derive(Clone, PartialEq, Message)]
struct BodyParameter {
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    r#in: String,
    #[prost(bool, tag = "4")]
    required: bool,
    #[prost(message, optional, tag = "5")]
    schema: Option<Schema>,
}

#[derive(Clone, PartialEq, Message)]
struct NonBodyParameter {
    #[prost(oneof = "NonBodyKind", tags = "3, 4")]
    oneof: Option<NonBodyKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum NonBodyKind {
    #[prost(message, tag = "3")]
    Query(QueryParameter),
    #[prost(message, tag = "4")]
    Path(PathParameter),
}

#[derive(Clone, PartialEq, Message)]
struct QueryParameter {
    #[prost(string, tag = "2")]
    r#in: String,
    #[prost(string, tag = "3")]
    description: String,
    #[prost(string, tag = "4")]
    name: String,
    #[prost(string, tag = "6")]
    r#type: String,
}

#[derive(Clone, PartialEq, Message)]
struct PathParameter {
    #[prost(bool, tag = "1")]
    required: bool,
    #[prost(string, tag = "2")]
    r#in: String,
    #[prost(string, tag = "3")]
    description: String,
    #[prost(string, tag = "4")]
    name: String,
    #[prost(string, tag = "5")]
    r#type: String,
}

#[derive(Clone, PartialEq, Message)]
struct Responses {
    #[prost(message, repeated, tag = "1")]
    response_code: Vec<NamedResponseValue>,
}

#[derive(Clone, PartialEq, Message)]
struct NamedResponseValue {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    value: Option<ResponseValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ResponseValue {
    #[prost(message, optional, tag = "1")]
    response: Option<Response>,
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(string, tag = "1")]
    description: String,
    #[prost(message, optional, tag = "2")]
    schema: Option<SchemaItem>,
}

#[derive(Clone, PartialEq, Message)]
struct SchemaItem {
    #[prost(message, optional, tag = "1")]
    schema: Option<Schema>,
}

/// Serves as `Definitions` and as `Properties`: both are one repeated field of the same number.
#[derive(Clone, PartialEq, Message)]
struct Schemas {
    #[prost(message, repeated, tag = "1")]
    additional_properties: Vec<NamedSchema>,
}

#[derive(Clone, PartialEq, Message)]
struct NamedSchema {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    value: Option<Schema>,
}

#[derive(Clone, PartialEq, Message)]
struct Schema {
    #[prost(string, tag = "1")]
    reference: String,
    #[prost(string, tag = "2")]
    format: String,
    #[prost(string, tag = "4")]
    description: String,
    #[prost(message, optional, tag = "5")]
    default: Option<Any>,
    #[prost(double, tag = "7")]
    maximum: f64,
    #[prost(double, tag = "9")]
    minimum: f64,
    #[prost(int64, tag = "11")]
    max_length: i64,
    #[prost(int64, tag = "12")]
    min_length: i64,
    #[prost(string, tag = "13")]
    pattern: String,
    #[prost(int64, tag = "14")]
    max_items: i64,
    #[prost(int64, tag = "15")]
    min_items: i64,
    #[prost(string, repeated, tag = "19")]
    required: Vec<String>,
    #[prost(message, repeated, tag = "20")]
    r#enum: Vec<Any>,
    #[prost(message, optional, boxed, tag = "21")]
    additional_properties: Option<Box<AdditionalPropertiesItem>>,
    #[prost(message, optional, tag = "22")]
    r#type: Option<TypeItem>,
    #[prost(message, optional, tag = "23")]
    items: Option<ItemsItem>,
    #[prost(message, optional, tag = "25")]
    properties: Option<Schemas>,
    #[prost(message, repeated, tag = "31")]
    vendor_extension: Vec<NamedAny>,
}

#[derive(Clone, PartialEq, Message)]
struct AdditionalPropertiesItem {
    #[prost(oneof = "AdditionalProperties", tags = "1, 2")]
    oneof: Option<AdditionalProperties>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum AdditionalProperties {
    #[prost(message, tag = "1")]
    Schema(Box<Schema>),
    #[prost(bool, tag = "2")]
    Boolean(bool),
}

#[derive(Clone, PartialEq, Message)]
struct TypeItem {
    #[prost(string, repeated, tag = "1")]
    value: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct ItemsItem {
    #[prost(message, repeated, tag = "1")]
    schema: Vec<Schema>,
}

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
        "body" => ParameterKind::Body(BodyParameter {
            name,
            r#in: place,
            required,
            schema: Some(schema(&json["schema"])),
        }),
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
