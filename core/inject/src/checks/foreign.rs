//! A FireLens router that is not ours: left alone, or replaced when the policy says so.
//!
//! A task gets no second router, and a router is replaced only when its text is in the restore record.

use serde_json::Value;

use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{ExistingFirelens, LoggingPolicySpec};

use crate::checks::neighbours;
use crate::marks::restore::{RemovedContainer, RestoreRecord};
use crate::refusal::{Note, NoteCode, Reason, Refusal};

/// A router that is not ours is left alone, or taken out when the policy replaces it.
pub(crate) fn take_over(
    document: &mut TaskDefinitionDoc,
    spec: &LoggingPolicySpec,
    record: &mut RestoreRecord,
    notes: &mut Vec<Note>,
) -> Result<Option<String>, Refusal> {
    let foreign: Vec<(usize, String)> = document
        .containers()
        .enumerate()
        .filter(|(_, container)| container.is_router())
        .map(|(index, container)| (index, container.name()))
        .collect();
    let [(index, name)] = foreign.as_slice() else {
        return match foreign.first() {
            None => Ok(None),
            Some(_) => Err(Refusal::new(
                Reason::ForeignRouter,
                "the task definition has more than one FireLens router; exclude the service",
            )),
        };
    };
    if spec.containers.on_existing_firelens == ExistingFirelens::Skip {
        return Err(Refusal::new(
            Reason::ForeignRouter,
            format!(
                "container {name} is a FireLens router that the operator did not add; set \
                 containers.onExistingFirelens to Replace to replace it, or exclude the service{}",
                silent_rule(document, name)
            ),
        ));
    }
    if let Some(user) = needs_router_by_name(document, name, spec.router.name != *name) {
        return Err(Refusal::new(
            Reason::ForeignRouter,
            format!(
                "container {user} uses volumes or links of the router {name}, which would be removed; exclude the \
                 service"
            ),
        ));
    }
    if let Some(container) = document.remove_container(name) {
        neighbours::note_left_behind(&container, notes);
        record.foreign_router = Some(RemovedContainer {
            index: *index,
            text: container.to_string(),
        });
        notes.push(Note::new(
            NoteCode::RouterReplaced,
            format!("the router of the operator replaces {name}"),
        ));
    }
    Ok(Some(name.clone()))
}

/// What the ECS agent does not report about a router that waits for others.
/// Source: `addFirelensContainerDependency` in
/// <https://github.com/aws/amazon-ecs-agent/blob/master/agent/api/task/task.go>.
fn silent_rule(document: &TaskDefinitionDoc, router: &str) -> String {
    let Some(container) = document.container(router) else {
        return String::new();
    };
    let on = container.depends_on();
    let unordered: Vec<String> = document
        .containers()
        .filter(|one| one.log_driver().as_deref() == Some("awsfirelens"))
        .filter(|one| one.depends_on().iter().all(|on| on.container != router))
        .map(|one| one.name())
        .filter(|name| name != router)
        .collect();
    match on.first() {
        Some(first) if !unordered.is_empty() => format!(
            " (currently {router} depends on {}, so the ECS agent makes no container depend on {router}: {} may start \
             before it and lose the first log lines)",
            first.container,
            unordered.join(", ")
        ),
        _ => String::new(),
    }
}

/// A container that mounts the volumes of the router, or links to it while its name changes.
fn needs_router_by_name(
    document: &TaskDefinitionDoc,
    router: &str,
    renamed: bool,
) -> Option<String> {
    let list = |value: Option<Value>| match value {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    document
        .containers()
        .find(|container| {
            let volumes = list(container.raw().value("volumesFrom"));
            let links = list(container.raw().value("links"));
            volumes
                .iter()
                .any(|volume| volume["sourceContainer"] == router)
                || renamed
                    && links.iter().any(|link| {
                        link.as_str()
                            .is_some_and(|link| link.split(':').next() == Some(router))
                    })
        })
        .map(|container| container.name())
}
