//! Any text as a task definition: serde_json agrees on what is JSON, nothing is lost, and the fast
//! canonical form is the defined one.

#![no_main]

use firelens_taskdef::{RawObject, TaskDefinitionDoc, canonical, canonical_hash, sha256_hex};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|text: &str| {
    let _ = canonical_hash(text);
    let object = serde_json::from_str::<Map<String, Value>>(text);
    match (&object, RawObject::parse(text)) {
        (Ok(members), Ok(raw)) => {
            let written = raw.to_string();
            let again: Map<String, Value> = serde_json::from_str(&written).unwrap();
            assert_eq!(&again, members);
            assert_eq!(RawObject::parse(&written).unwrap().to_string(), written);
        }
        (Ok(_), Err(error)) => assert!(error.to_string().contains("is there twice"), "{error}"),
        (Err(_), raw) => assert!(raw.is_err()),
    }
    let Ok(document) = TaskDefinitionDoc::parse(text) else {
        return;
    };
    let hash = document.canonical_hash();
    assert_eq!(hash, sha256_hex(canonical(text).to_string().as_bytes()));
    assert_eq!(hash, canonical_hash(text));
    let written = TaskDefinitionDoc::parse(&document.to_string()).unwrap();
    assert_eq!(written.to_string(), document.to_string());
    let body = document.to_register_input();
    let registered = TaskDefinitionDoc::parse(&body).unwrap();
    assert_eq!(registered.to_register_input(), body);
    assert_eq!(registered.canonical_hash(), hash);
    for container in document.containers() {
        let _ = (container.log_driver(), container.depends_on(), container.port_mappings());
        let _ = (container.docker_labels(), container.environment(), container.health_check());
    }
});
