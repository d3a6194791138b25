//! `firelens patch` and `firelens unpatch`: the controller's own engine on one file.
//!
//! They print byte for byte what the controller would register, except for the id of the installation if it is
//! not given.

use std::fs;
use std::path::Path;

use firelens_aws::iam::{self, Grant, RoleUse};
use firelens_inject::Injection;

use super::case;
use crate::args::{Patch, Unpatch};
use crate::failure::Failure;

/// Prints the register-task-definition input with FireLens injected; notes, files and rights go to standard error.
pub(crate) fn patch(arguments: &Patch) -> Result<(), Failure> {
    let installation = arguments.installation_id.as_deref();
    let injection = case::inject(&arguments.policy, &arguments.case, installation)?;
    explain(&injection);
    if let Some(folder) = &arguments.write_config {
        write_config(folder, &injection)?;
    }
    case::print(&injection.register_input)
}

/// Prints the register-task-definition input with the injection removed.
pub(crate) fn unpatch(arguments: &Unpatch) -> Result<(), Failure> {
    let document = case::document(&arguments.task_definition)?;
    let ejection =
        firelens_inject::eject(&document).map_err(|error| Failure::refused(error.to_string()))?;
    for note in &ejection.notes {
        eprintln!("note: {}", note.message);
    }
    case::print(&ejection.document.to_register_input())
}

/// Prints what else the revision needs.
fn explain(injection: &Injection) {
    for note in &injection.notes {
        eprintln!("note: {}", note.message);
    }
    for object in &injection.objects {
        eprintln!(
            "needs: s3://{}/{} ({} bytes; --write-config writes it)",
            object.bucket,
            object.key,
            object.body.len()
        );
    }
    for Grant {
        role,
        role_arn,
        statements,
    } in &injection.grants
    {
        let role = match role {
            RoleUse::Task => "task role",
            RoleUse::Execution => "execution role",
        };
        eprintln!(
            "needs: {role} {role_arn} to allow {}",
            iam::policy_document(statements)
        );
    }
}

fn write_config(folder: &Path, injection: &Injection) -> Result<(), Failure> {
    for object in &injection.objects {
        let path = folder.join(&object.key);
        let broken =
            |error| Failure::broken(format!("{} cannot be written", path.display()), error);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(broken)?;
        }
        fs::write(&path, &object.body).map_err(broken)?;
    }
    Ok(())
}
