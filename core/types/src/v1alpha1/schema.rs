//! The OpenAPI 3.0 schema of each kind, made from the types and their doc comments.
//!
//! A schema has no `$ref`, because clients such as `kubectl explain` read it as it is.

use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::{AwsTarget, Freeze, Kind, LogDestination, LoggingPolicy, Rollout, Workload};

/// Returns the OpenAPI 3.0 schema of the whole object, everything inlined, with a description on every
/// field. The caller adds `x-kubernetes-group-version-kind`.
#[must_use]
pub fn schema(kind: Kind) -> Value {
    schema_ref(kind).clone()
}

/// As [`schema`], without a copy.
pub(crate) fn schema_ref(kind: Kind) -> &'static Value {
    static POLICY: LazyLock<Value> =
        LazyLock::new(|| generate::<LoggingPolicy>(Kind::LoggingPolicy));
    static DESTINATION: LazyLock<Value> =
        LazyLock::new(|| generate::<LogDestination>(Kind::LogDestination));
    static TARGET: LazyLock<Value> = LazyLock::new(|| generate::<AwsTarget>(Kind::AwsTarget));
    static FREEZE: LazyLock<Value> = LazyLock::new(|| generate::<Freeze>(Kind::Freeze));
    static WORKLOAD: LazyLock<Value> = LazyLock::new(|| generate::<Workload>(Kind::Workload));
    static ROLLOUT: LazyLock<Value> = LazyLock::new(|| generate::<Rollout>(Kind::Rollout));
    match kind {
        Kind::LoggingPolicy => &POLICY,
        Kind::LogDestination => &DESTINATION,
        Kind::AwsTarget => &TARGET,
        Kind::Freeze => &FREEZE,
        Kind::Workload => &WORKLOAD,
        Kind::Rollout => &ROLLOUT,
    }
}

fn generate<T: JsonSchema>(kind: Kind) -> Value {
    generate_any::<T>(about(kind))
}

/// Returns the schema of any other type that the API returns, described by `about`.
pub fn generate_any<T: JsonSchema>(about: &str) -> Value {
    let settings = SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        settings.transforms.clear();
    });
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    tidy(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("description".to_owned(), about.into());
    }
    schema
}

/// Returns the description of a kind, which is the first line of `kubectl explain`.
const fn about(kind: Kind) -> &'static str {
    match kind {
        Kind::LoggingPolicy => {
            "LoggingPolicy says which ECS services get which log routing, and how it is rolled out."
        }
        Kind::LogDestination => {
            "LogDestination is a named place for logs that policies share: exactly one block in spec."
        }
        Kind::AwsTarget => "AwsTarget is an AWS account and region to look after.",
        Kind::Freeze => {
            "Freeze is a time in which the operator starts nothing: no injection, no restore. What \
             runs comes to its end."
        }
        Kind::Workload => {
            "Workload is an ECS service as the operator sees it: which policy decides for it, what \
             was done, and why or why not. Written by the controller only."
        }
        Kind::Rollout => {
            "Rollout is the progress of one generation of a policy in one target. Written by the \
             controller, but for spec.control."
        }
    }
}

/// Turns a schema, and all below it, into plain OpenAPI 3.0 as Kubernetes writes it: no null, no
/// titles, no unsigned formats, descriptions without line breaks.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            drop_null(map);
            map.shift_remove("title");
            map.shift_remove("definitions");
            tidy_format(map);
            tidy_default(map);
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = one_line(text);
            }
            for (name, child) in map.iter_mut() {
                match (name.as_str(), child) {
                    ("properties", Value::Object(properties)) => {
                        properties.values_mut().for_each(tidy);
                    }
                    ("default" | "enum" | "required" | "description", _) => {}
                    (_, child) => tidy(child),
                }
            }
        }
        Value::Array(children) => children.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// `Option<T>` is an absent field here, never a null.
fn drop_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|type_| type_ != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(choices)) = map.get("anyOf") else {
        return;
    };
    let not_null: Vec<Value> = choices
        .iter()
        .filter(|choice| choice.get("type") != Some(&Value::from("null")))
        .cloned()
        .collect();
    if let [Value::Object(only)] = not_null.as_slice()
        && choices.len() == 2
    {
        map.shift_remove("anyOf");
        for (name, value) in only {
            // The field's own description is more specific than that of its type.
            map.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// OpenAPI knows int32 and int64 only.
fn tidy_format(map: &mut Map<String, Value>) {
    let Some(Value::String(format)) = map.get_mut("format") else {
        return;
    };
    if matches!(
        format.as_str(),
        "uint32" | "uint8" | "uint16" | "uint64" | "int32" | "int64"
    ) {
        *format = if format.ends_with("64") {
            "int64"
        } else {
            "int32"
        }
        .to_owned();
    }
}

/// Defaults of scalars and lists are shown; those of whole objects are the sum of their fields'.
fn tidy_default(map: &mut Map<String, Value>) {
    let shown = match map.get("default") {
        Some(Value::Null | Value::Object(_)) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        _ => true,
    };
    if !shown {
        map.shift_remove("default");
    }
}

/// Returns the text of a doc comment as one line, URLs without their angle brackets.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| {
            word.strip_prefix("<http")
                .and_then(|_| word.strip_prefix('<')?.strip_suffix('>'))
                .unwrap_or(word)
        })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
        visit(path, schema);
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, child) in properties {
                walk(child, &format!("{path}.{name}"), visit);
            }
        }
        if let Some(items) = schema.get("items") {
            walk(items, &format!("{path}[]"), visit);
        }
        if let Some(values) = schema.get("additionalProperties")
            && values.is_object()
        {
            walk(values, &format!("{path}{{}}"), visit);
        }
    }

    #[test]
    fn every_field_has_a_description_and_a_type() {
        for kind in Kind::ALL {
            let mut missing = Vec::new();
            walk(schema_ref(kind), kind.name(), &mut |path, schema| {
                let is_field = !path.ends_with("[]") && !path.ends_with("{}");
                if is_field && schema.get("description").is_none() {
                    missing.push(format!("{path}: no description"));
                }
                if schema.get("type").is_none_or(|type_| !type_.is_string())
                    && schema.get("x-kubernetes-int-or-string").is_none()
                {
                    missing.push(format!("{path}: no type: {schema}"));
                }
            });
            assert!(missing.is_empty(), "{missing:#?}");
        }
    }

    #[test]
    fn every_number_that_users_write_has_its_range() {
        for kind in Kind::ALL.into_iter().filter(|kind| kind.written_by_users()) {
            let spec = schema_ref(kind).pointer("/properties/spec").unwrap();
            walk(spec, kind.name(), &mut |path, schema| {
                let is_number = schema.get("type") == Some(&Value::from("integer"));
                let bounded = schema.get("minimum").is_some() && schema.get("maximum").is_some();
                assert!(!is_number || bounded, "{path}: {schema}");
            });
        }
    }

    #[test]
    fn a_schema_is_plain_openapi_without_references() {
        for kind in Kind::ALL {
            let text = schema_ref(kind).to_string();
            for word in [
                "$ref",
                "$defs",
                "\"null\"",
                "nullable",
                "uint",
                "\"title\"",
                "\"const\"",
            ] {
                assert!(!text.contains(word), "{kind} has {word}");
            }
        }
    }

    #[test]
    fn fields_show_their_defaults_and_values() {
        let policy = schema_ref(Kind::LoggingPolicy);
        let field = |pointer: &str| policy.pointer(pointer).cloned().unwrap_or_default();
        for (pointer, expected) in [
            ("/properties/spec/properties/mode/default", "Audit".into()),
            (
                "/properties/spec/properties/mode/enum",
                serde_json::json!(["Audit", "Enforce"]),
            ),
            (
                "/properties/spec/properties/bufferLimit/maximum",
                536_870_911.into(),
            ),
            (
                "/properties/spec/properties/bufferLimit/format",
                "int32".into(),
            ),
            (
                "/properties/spec/properties/rollout/properties/maxConcurrent/x-kubernetes-int-or-string",
                true.into(),
            ),
            (
                "/properties/spec/properties/rollout/properties/maxConcurrent/default",
                5.into(),
            ),
            ("/properties/spec/additionalProperties", false.into()),
        ] {
            assert_eq!(field(pointer), expected, "{pointer}");
        }
    }
}
