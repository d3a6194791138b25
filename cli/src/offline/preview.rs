//! `firelens preview`: what the ECS agent makes of a task definition.
//!
//! Only the preview goes to standard output; notes go to standard error.

use firelens_inject::preview::{self, KnownTask, Preview, PreviewError, Runtime};
use firelens_taskdef::TaskDefinitionDoc;

use super::case::{self, Place};
use crate::args;
use crate::failure::Failure;

/// Prints the generated configuration of the task definition, which is patched first if a policy is given.
pub(crate) fn preview(arguments: &args::Preview) -> Result<(), Failure> {
    let preview = match &arguments.policy {
        None => {
            let doc = case::document(&arguments.case.task_definition)?;
            preview::agent_config(&doc, &runtime(arguments, &doc))
        }
        Some(policy) => {
            let injection = case::inject(policy, &arguments.case, None)?;
            for note in &injection.notes {
                eprintln!("note: {}", note.message);
            }
            let runtime = Runtime {
                task_definition: Runtime::next_revision(&injection.document),
                ..runtime(arguments, &injection.document)
            };
            preview::of_injection(&injection, &runtime)
        }
    };
    let preview = preview.map_err(|error| refused(&error))?;
    for note in &preview.notes {
        eprintln!("note: {note}");
    }
    write(&preview, arguments.output)
}

fn refused(error: &PreviewError) -> Failure {
    Failure::Refused(
        error
            .problems
            .iter()
            .map(|problem| problem.explained())
            .collect(),
    )
}

fn runtime(arguments: &args::Preview, doc: &TaskDefinitionDoc) -> Runtime {
    let place = Place::of(&arguments.case, doc);
    let known = KnownTask {
        cluster: arguments.cluster.as_deref(),
        task_arn: arguments.task_arn.as_deref(),
        instance_id: arguments.instance_id.as_deref(),
        region: place.region.as_deref(),
        account_id: place.account_id.as_deref(),
    };
    Runtime::of(
        doc,
        case::platform(&arguments.case, doc).launch_type,
        &known,
    )
}

fn write(preview: &Preview, form: args::PreviewForm) -> Result<(), Failure> {
    let text = match form {
        args::PreviewForm::Text => preview.to_string(),
        args::PreviewForm::Json => serde_json::to_string_pretty(preview)
            .map_err(|error| Failure::broken("the preview cannot be written as JSON", error))?,
        args::PreviewForm::Yaml => serde_yaml::to_string(preview)
            .map_err(|error| Failure::broken("the preview cannot be written as YAML", error))?,
    };
    case::print(text.trim_end_matches('\n'))
}
