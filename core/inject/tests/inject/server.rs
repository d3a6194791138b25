//! What ECS, or an emulator at its worst, makes of a register input before it shows it again.

use serde_json::{Map, Value, json};

/// The describe answer for a register input: members reordered, defaults filled in, lists that mean
/// nothing by their order turned round, numbers and strings spelt anew.
pub(crate) fn described(register_input: &str) -> String {
    let Value::Object(mut top) = serde_json::from_str(register_input).unwrap() else {
        panic!("not an object")
    };
    let tags = top.shift_remove("tags").unwrap_or_else(|| json!([]));
    for (name, value) in [
        ("volumes", json!([])),
        ("placementConstraints", json!([])),
        ("revision", json!(8)),
        ("status", json!("ACTIVE")),
        (
            "registeredBy",
            json!("arn:aws:iam::111122223333:role/operator"),
        ),
        ("compatibilities", json!(["EC2"])),
        (
            "taskDefinitionArn",
            json!("arn:aws:ecs:us-east-1:111122223333:task-definition/app:8"),
        ),
    ] {
        top.entry(name).or_insert(value);
    }
    for container in top["containerDefinitions"].as_array_mut().unwrap() {
        let container = container.as_object_mut().unwrap();
        normalise(container);
        *container = reversed(container);
    }
    let top = reversed(&top);
    json!({"taskDefinition": top, "tags": tags}).to_string()
}

fn normalise(container: &mut Map<String, Value>) {
    for (name, value) in [
        ("cpu", json!(0)),
        ("essential", json!(true)),
        ("environment", json!([])),
        ("mountPoints", json!([])),
        ("volumesFrom", json!([])),
        ("portMappings", json!([])),
        ("systemControls", json!([])),
    ] {
        container.entry(name).or_insert(value);
    }
    container.retain(|_, value| !value.is_null());
    for list in ["environment", "dependsOn", "secrets"] {
        if let Some(Value::Array(entries)) = container.get_mut(list) {
            entries.reverse();
        }
    }
    if container.contains_key("firelensConfiguration") {
        container.entry("user").or_insert(json!("0"));
    }
    if let Some(Value::Object(logs)) = container.get_mut("logConfiguration") {
        logs.entry("secretOptions").or_insert(json!([]));
        logs.entry("options").or_insert(json!({}));
    }
}

fn reversed(members: &Map<String, Value>) -> Map<String, Value> {
    members
        .iter()
        .rev()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
