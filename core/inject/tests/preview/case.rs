//! One case of `cases/`, and the one task that all of them are previewed for.

use std::fs;
use std::path::{Path, PathBuf};

use firelens_inject::preview::{Preview, PreviewError, PreviewNoteCode, Runtime, agent_config};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LaunchType;
use serde_json::Value;

/// The task of every case.
pub(crate) fn task() -> Runtime {
    Runtime {
        launch_type: LaunchType::Ec2,
        cluster: "retail".to_owned(),
        task_arn:
            "arn:aws:ecs:eu-north-1:111122223333:task/retail/8d1f0c2ab7e64f3c9a5be0d2c4f61e77"
                .to_owned(),
        task_definition: "checkout:12".to_owned(),
        instance_id: "i-0a1b2c3d4e5f67890".to_owned(),
    }
}

pub(crate) fn cases_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preview/cases")
}

/// Names of all cases.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(cases_dir())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub(crate) fn file(case: &str, name: &str) -> Option<String> {
    fs::read_to_string(cases_dir().join(case).join(name)).ok()
}

pub(crate) fn load(case: &str) -> Value {
    serde_json::from_str(&file(case, "task-definition.json").unwrap()).unwrap()
}

pub(crate) fn document(value: &Value) -> TaskDefinitionDoc {
    TaskDefinitionDoc::parse(&value.to_string()).unwrap()
}

pub(crate) fn preview(value: &Value) -> Result<Preview, PreviewError> {
    agent_config(&document(value), &task())
}

/// The preview of a case that works.
pub(crate) fn working(case: &str) -> Preview {
    preview(&load(case)).unwrap_or_else(|error| panic!("{case}: {error}"))
}

pub(crate) fn codes(preview: &Preview) -> Vec<PreviewNoteCode> {
    preview.notes.iter().map(|note| note.code).collect()
}
