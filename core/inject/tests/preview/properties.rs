//! For any task definition: the preview reads back as the sections that were asked for, or it says
//! that it does not.

use std::collections::BTreeMap;

use firelens_fluent::render::{Section, read};
use firelens_inject::preview::{Preview, PreviewNoteCode as Code, same_but_for_order};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::case::{codes, preview};

#[derive(Clone, Debug)]
struct App {
    name: String,
    output: Option<String>,
    include: Option<String>,
    options: BTreeMap<String, String>,
}

fn definition(apps: &[App], mode: &str, memory_mib: u64) -> Value {
    let mut containers: Vec<Value> = apps.iter().map(container).collect();
    containers.push(json!({
        "name": "relay", "image": "relay", "memory": memory_mib,
        "firelensConfiguration": {"type": "fluentbit", "options": {"config-file-type": "file", "config-file-value": "/x.conf"}}
    }));
    json!({"family": "any", "networkMode": mode, "containerDefinitions": containers})
}

fn container(app: &App) -> Value {
    let mut options: BTreeMap<&str, &str> = BTreeMap::new();
    if let Some(output) = &app.output {
        options.insert("Name", output);
        options.extend(
            app.options
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        );
    }
    if let Some(pattern) = &app.include {
        options.insert("include-pattern", pattern);
    }
    json!({"name": app.name, "logConfiguration": {"logDriver": "awsfirelens", "options": options}})
}

/// Written anew here, so that it does not share a mistake with the code.
fn expected(app: &App) -> Vec<Section> {
    let tag = format!("{}-firelens*", app.name);
    let filter = app.include.as_ref().map(|pattern| {
        Section::new("FILTER")
            .with("Name", "grep")
            .with("Match", tag.as_str())
            .with("Regex", format!("log {pattern}"))
    });
    let output = app.output.as_ref().map(|name| {
        app.options.iter().fold(
            Section::new("OUTPUT")
                .with("Name", name.as_str())
                .with("Match", tag.as_str()),
            |section, (key, value)| section.with(key, value.as_str()),
        )
    });
    filter.into_iter().chain(output).collect()
}

fn sections(preview: &Preview) -> Option<Vec<Section>> {
    Some(read(&preview.main.text).ok()?.sections().cloned().collect())
}

fn holds_all(found: &[Section], apps: &[App]) -> bool {
    let own: usize = apps.iter().map(|app| expected(app).len()).sum();
    let others = found
        .iter()
        .filter(|section| {
            !section
                .value("Match")
                .is_some_and(|tag| tag.ends_with("-firelens*"))
        })
        .count();
    own + others == found.len()
        && apps
            .iter()
            .flat_map(expected)
            .all(|section| found.contains(&section))
}

fn app(value: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = App> {
    (
        "[a-z][a-z0-9_]{0,8}",
        proptest::option::of("[a-z_]{1,10}"),
        proptest::option::of(value.clone()),
        proptest::collection::btree_map("[a-lA-L_.]{1,10}", value, 0..5),
    )
        .prop_map(|(name, output, include, options)| App {
            name,
            output,
            include,
            options,
        })
}

fn apps(value: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = Vec<App>> {
    proptest::collection::vec(app(value), 1..4).prop_filter("names differ", |apps| {
        let names: std::collections::BTreeSet<&str> =
            apps.iter().map(|app| app.name.as_str()).collect();
        names.len() == apps.len() && !names.contains("relay")
    })
}

proptest! {
    #[test]
    fn ordinary_options_read_back_as_the_requested_sections(
        apps in apps("[!-~]([ -~]{0,20}[!-~])?"),
        mode in proptest::sample::select(vec!["bridge", "awsvpc", "host", "none"]),
        memory_mib in 0_u64..400,
    ) {
        let found = preview(&definition(&apps, mode, memory_mib)).unwrap();
        prop_assert!(!codes(&found).contains(&Code::BreaksConfiguration), "{:?}", found.notes);
        let read = sections(&found).unwrap();
        prop_assert!(holds_all(&read, &apps), "{}", found.main.text);
        let limit = if memory_mib < 2 { 25 } else { memory_mib / 2 };
        let limit = format!("{limit}MB");
        prop_assert_eq!(read[0].value("Mem_Buf_Limit"), Some(limit.as_str()));
        let listens = matches!(mode, "bridge" | "awsvpc");
        prop_assert_eq!(read.iter().filter(|one| one.name == "INPUT").count(), if listens { 3 } else { 1 });
    }

    #[test]
    fn hostile_options_read_back_or_are_said(
        apps in apps("[ -~\\n\\r\\t\\x00\\[\\]@#$]{0,16}"),
    ) {
        let found = preview(&definition(&apps, "bridge", 100)).unwrap();
        let said = codes(&found)
            .iter()
            .any(|code| matches!(code, Code::BreaksConfiguration | Code::InjectsConfiguration));
        let reads = sections(&found).is_some_and(|read| holds_all(&read, &apps));
        prop_assert!(said || reads, "{:?}\n{}", found.notes, found.main.text);
        for app in &apps {
            if app.output.is_some() {
                for (key, value) in &app.options {
                    let line = format!("\n    {key} {value}\n");
                    prop_assert!(found.main.text.contains(&line));
                }
            }
        }
    }

    #[test]
    fn the_order_of_containers_changes_only_the_order_of_sections(
        apps in apps("[!-~]{1,12}"),
    ) {
        let one = preview(&definition(&apps, "awsvpc", 64)).unwrap();
        let turned: Vec<App> = apps.iter().rev().cloned().collect();
        let other = preview(&definition(&turned, "awsvpc", 64)).unwrap();
        prop_assert!(same_but_for_order(&one.main.text, &other.main.text));
    }

    #[test]
    fn no_task_definition_makes_it_panic(text in "\\PC*", options in proptest::collection::btree_map("\\PC{0,12}", "\\PC{0,12}", 0..6)) {
        for kind in ["fluentbit", "fluentd", text.as_str()] {
            let td = json!({"networkMode": text, "containerDefinitions": [
                {"name": "a", "logConfiguration": {"logDriver": "awsfirelens", "options": options}},
                {"name": "r", "user": text, "firelensConfiguration": {"type": kind, "options": options}},
            ]});
            if let Ok(found) = preview(&td) {
                prop_assert!(!found.to_string().is_empty());
            }
        }
    }
}
