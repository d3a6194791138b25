//! Admission of arbitrary input: no field breaks it, no secret is shown.

use serde_json::{Value, json};

use super::{contract, destination, mistakes};
use crate::v1alpha1::{FieldError, Kind, LoggingPolicy, admit};

/// Collects every JSON pointer below a value.
fn pointers(value: &Value, at: &str, pointers_below: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        let at = format!("{at}/{name}");
        pointers_below.push(at.clone());
        pointers(value, &at, pointers_below);
    }
}

#[test]
fn an_invalid_value_is_reported_at_its_own_field() {
    let odd = [
        json!(null),
        json!(5),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!("x"),
        json!("\n"),
        json!(true),
        json!([]),
        json!([null]),
        json!({}),
        json!({"x": {"y": 1}}),
    ];
    let mut all_pointers = Vec::new();
    pointers(&contract()["spec"], "", &mut all_pointers);
    for pointer in all_pointers {
        let top = pointer.split('/').nth(1).unwrap();
        for value in &odd {
            let mut object = contract();
            *object["spec"].pointer_mut(&pointer).unwrap() = value.clone();
            match admit(Kind::LoggingPolicy, &object) {
                Ok(admitted) => {
                    serde_json::from_value::<LoggingPolicy>(admitted).unwrap();
                }
                Err(errors) => {
                    let near = |error: &FieldError| error.field.starts_with(&format!("spec.{top}"));
                    assert!(errors.iter().all(near), "{pointer} = {value}: {errors:#?}");
                }
            }
        }
    }
}

#[test]
fn a_secret_is_never_shown() {
    for spec in [
        json!({"datadog": {"apikey": "hunter2"}}),
        json!({"datadog": {"options": {"apikey": "hunter2", "x": "[hunter2", "Name": "hunter2"}}}),
        json!({"datadog": {"secretOptions": {"apikey": "hunter2 "}}}),
        json!({"datadog": {"header": ["authorization hunter2", " hunter2"]}}),
        json!({"datadog": [{"apikey": "hunter2"}]}),
        json!({"http": {"host": "h", "uri": "/key/hunter2\n", "proxy": " http://u:hunter2@p"}}),
        json!({"custom": {"plugin": "x", "options": {"password": "hunter2"}}}),
    ] {
        let errors = mistakes(Kind::LogDestination, &destination(&spec));
        assert!(!errors.is_empty(), "{spec}");
        assert!(
            errors.iter().all(|error| !error.contains("hunter2")),
            "{errors:#?}"
        );
    }
    let hint = mistakes(
        Kind::LogDestination,
        &destination(&json!({"datadog": {"apikey": "x"}})),
    );
    assert!(hint[0].contains("secretOptions"), "{hint:?}");
}
