//! Every option that is rendered exists in Fluent Bit, by the names in `option-names.txt`.

use std::collections::{BTreeMap, BTreeSet};

use firelens_fluent::outputs::compile;
use firelens_fluent::render::read;
use firelens_types::v1alpha1::LogDestinationSpec;
use serde_json::{Map, Value, json};

use crate::case::{folder, scope};

/// Typed options that are younger than the fixture.
const SINCE_5_1: [(&str, &str); 8] = [
    ("kinesis_streams", "compression"),
    ("s3", "format"),
    ("s3", "retry_exhausted_action"),
    ("s3", "quarantine_dir_limit_size"),
    ("es", "upstream"),
    ("splunk", "auto_extract_timestamp"),
    ("loki", "tenant_id_key_error_handling"),
    ("http", "oauth2."),
];

type Names = BTreeMap<(String, String), BTreeSet<String>>;

fn fixture() -> Names {
    let text = std::fs::read_to_string(folder().join("option-names.txt")).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split(' ').map(str::to_ascii_lowercase);
            let key = (words.next().unwrap(), words.next().unwrap());
            (key, words.collect())
        })
        .collect()
}

fn is_known(names: &Names, kind: &str, plugin: &str, option: &str) -> bool {
    let option = option.to_ascii_lowercase();
    let has = |plugin: &str| {
        names
            .get(&(kind.to_owned(), plugin.to_owned()))
            .is_some_and(|options| options.contains(&option))
    };
    has(plugin)
        || has("*")
        || SINCE_5_1.iter().any(|(of, name)| {
            *of == plugin && (option == *name || name.ends_with('.') && option.starts_with(name))
        })
        || (plugin == "kafka" && option.starts_with("rdkafka."))
}

/// Checks the sections of every plugin that the fixture has.
pub(crate) fn assert_known_options(text: &str) {
    let names = fixture();
    for section in read(text).unwrap().sections() {
        let kind = section.name.to_ascii_lowercase();
        let Some(plugin) = section.value("name") else {
            continue;
        };
        if !names.contains_key(&(kind.clone(), plugin.to_owned())) {
            continue;
        }
        for entry in section.entries.iter().filter(|e| e.key != "Name") {
            assert!(
                is_known(&names, &kind, plugin, &entry.key),
                "{plugin} has no option {}",
                entry.key
            );
        }
    }
}

/// A value of the field's type, by its schema.
fn sample(api_name: &str, schema: &Value) -> Value {
    match api_name {
        "site" => return json!("US1"),
        "region" => return json!("US"),
        "kmsKeyArn" => return json!("arn:aws:kms:us-east-1:111122223333:key/1234abcd"),
        "roleArn" => return json!("arn:aws:iam::444455556666:role/logs"),
        "awsMskIamClusterArn" => return json!("arn:aws:kafka:us-east-1:111122223333:cluster/m/1"),
        _ => {}
    }
    let kinds = schema["type"].to_string();
    if kinds.contains("boolean") {
        json!(true)
    } else if kinds.contains("integer") {
        json!(1)
    } else if kinds.contains("array") {
        json!(["a b"])
    } else {
        json!("/x")
    }
}

/// Fields that the plugin refuses beside another one.
const EXCLUDED: [(&str, &str); 3] = [
    ("firehose", "logKey"),
    ("kinesisStreams", "logKey"),
    ("forward", "timeAsInteger"),
];

#[test]
fn every_typed_field_becomes_an_option_that_its_plugin_knows() {
    let names = fixture();
    let schema = schemars::schema_for!(LogDestinationSpec).to_value();
    for block in LogDestinationSpec::BLOCKS {
        if *block == "custom" {
            continue;
        }
        let reference = schema["properties"][block].to_string();
        let definition = reference
            .split("#/$defs/")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_else(|| panic!("{block} has no definition: {reference}"));
        let properties = schema["$defs"][definition]["properties"]
            .as_object()
            .unwrap();
        let mut fields = Map::new();
        for (name, property) in properties {
            let excluded = EXCLUDED.contains(&(block, name.as_str()));
            if name != "options" && name != "secretOptions" && !excluded {
                fields.insert(name.clone(), sample(name, property));
            }
        }
        if *block == "http" {
            fields.insert(
                "secretOptions".to_owned(),
                json!({"oauth2.client_secret": "/s"}),
            );
        }
        let spec: LogDestinationSpec = serde_json::from_value(json!({*block: fields})).unwrap();
        let known = spec.block().unwrap().block().known_options().len();
        let excluded = EXCLUDED.iter().filter(|(of, _)| of == block).count();
        let output = compile(&spec, &scope()).unwrap();
        assert!(
            output.options.len() + excluded >= known,
            "{block} lost a typed field"
        );
        for option in output.options.keys() {
            assert!(
                is_known(&names, "output", &output.plugin, option),
                "{} has no option {option}",
                output.plugin
            );
        }
    }
}
