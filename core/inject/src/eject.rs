//! Takes an injection out of a task definition, by what its own labels say.
//!
//! What is not ours stays, and so does what the owner changed since.

use firelens_taskdef::{ContainerView, RawObject, TaskDefinitionDoc};

use crate::containers::dependencies;
use crate::context::Ejection;
use crate::marks::restore::{Before, RestoreRecord};
use crate::marks::{LABEL_RESTORE, marks_of, our_router};
use crate::refusal::{Note, NoteCode};

/// An injection that cannot be taken out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EjectError {
    /// No container carries our labels.
    #[error("the task definition has no router that the operator added")]
    NotInjected,
    /// The label with the restore record was damaged.
    #[error(
        "the label firelens.dev/restore of container {router} cannot be read ({problem}); deploy the base revision \
         manually"
    )]
    Record {
        /// Container name of the router.
        router: String,
        /// What is wrong with the text.
        problem: String,
    },
    /// The router that ours took the place of cannot come back.
    #[error(
        "the router {0} that was replaced cannot be restored: another container now has its name; rename that \
         container"
    )]
    NameTaken(String),
}

/// Removes the router and everything that goes with it, and puts back what was there before.
///
/// The text of members that injection did not touch stays as it is, so that
/// `eject(inject(base)) == base`. A container whose log configuration the owner has changed since to
/// another driver keeps it.
///
/// # Errors
/// There is nothing of ours, the restore record is damaged, or the name of a replaced router is taken.
pub fn eject(doc: &TaskDefinitionDoc) -> Result<Ejection, EjectError> {
    let router = our_router(doc).ok_or(EjectError::NotInjected)?;
    let document = take_out(doc, &router)?;
    Ok(Ejection {
        notes: dangling(&document),
        marks: marks_of(&router).ok_or(EjectError::NotInjected)?,
        document,
    })
}

/// The document without our router and what goes with it.
pub(crate) fn take_out(
    doc: &TaskDefinitionDoc,
    router: &ContainerView<'_>,
) -> Result<TaskDefinitionDoc, EjectError> {
    let name = router.name_text();
    let damaged = |problem| EjectError::Record {
        router: name.to_string(),
        problem,
    };
    let restore = router.docker_label(LABEL_RESTORE).unwrap_or_default();
    let record = RestoreRecord::parse(&restore).map_err(damaged)?;
    let mut document = doc.clone();
    document.remove_container(&name);
    restore_logs(&mut document, &record);
    dependencies::remove(&mut document, &name, &record);
    restore_task_level(&mut document, &record);
    if let Some(router) = &record.foreign_router {
        let container =
            RawObject::parse(&router.text).map_err(|error| damaged(error.to_string()))?;
        let name = container.string("name").unwrap_or_default();
        document
            .insert_container(router.index, container)
            .map_err(|_| EjectError::NameTaken(name))?;
    }
    Ok(document)
}

fn restore_logs(document: &mut TaskDefinitionDoc, record: &RestoreRecord) {
    for (name, container) in &record.containers {
        let Some(before) = &container.log else {
            continue;
        };
        let still_ours = document
            .container(name)
            .is_some_and(|container| container.has_log_driver("awsfirelens"));
        if let Some(container) = document.container_mut(name).filter(|_| still_ours) {
            match before {
                Before::Absent => {
                    container.remove("logConfiguration");
                }
                Before::Text(text) => container.set_text("logConfiguration", text.clone()),
            }
        }
    }
}

/// A size that the owner has changed since is the owner's as a whole: half of an old one beside half
/// of a new one would be no size that Fargate has.
fn restore_task_level(document: &mut TaskDefinitionDoc, record: &RestoreRecord) {
    if !record.task_is_ours(document) {
        return;
    }
    for (name, member) in &record.task {
        match &member.before {
            Before::Absent => {
                document.remove(name);
            }
            Before::Text(text) => document.set_text(name, text.clone()),
        }
    }
}

/// Containers that the owner made use our router, which is gone now.
fn dangling(document: &TaskDefinitionDoc) -> Vec<Note> {
    if document.containers().any(|container| container.is_router()) {
        return Vec::new();
    }
    document
        .containers()
        .filter(|container| container.has_log_driver("awsfirelens"))
        .map(|container| {
            Note::new(
                NoteCode::DanglingFirelens,
                format!(
                    "container {} uses awsfirelens because the owner changed it, and no router is left; give it \
                     another log driver",
                    container.name()
                ),
            )
        })
        .collect()
}
