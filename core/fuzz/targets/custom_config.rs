//! Any text as `customConfig`: what is taken reads back equal, and brings no command and no program.

#![no_main]

use firelens_fluent::render::{Item, read, read_custom_config, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(document) = read(text)
        && let Ok(written) = write(&document)
    {
        assert_eq!(read(&written).unwrap(), document);
    }
    let Ok(document) = read_custom_config(text) else {
        return;
    };
    for item in &document.items {
        match item {
            Item::Command { name, .. } => panic!("@{name} came through"),
            Item::Section(section) => {
                let runs = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "exec" | "exec_wasi");
                assert!(!section.values("name").any(runs), "{section:?}");
            }
        }
    }
    if let Ok(written) = write(&document) {
        assert_eq!(read_custom_config(&written).unwrap(), document);
    }
});
