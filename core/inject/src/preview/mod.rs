//! What the ECS agent makes of a task definition at task start: the configuration it generates for
//! the router, the files around it, and what it gives each container.
//!
//! What the agent would write is shown unrepaired, with a note where that is not what people meant. What
//! a plugin does with its options is not evaluated.
//! Rules: <https://github.com/aws/amazon-ecs-agent/blob/master/agent/taskresource/firelens/firelensconfig_unix.go>,
//! <https://github.com/awslabs/go-config-generator-for-fluentd-and-fluentbit>.

mod advice;
mod compare;
mod files;
mod fluentbit;
mod fluentd;
mod hostile;
mod launch;
mod model;
mod note;
mod options;
mod problem;
mod router;
mod routing;
mod runtime;
mod text;
mod view;

use crate::context::{ConfigObject, Injection};
use firelens_taskdef::TaskDefinitionDoc;

pub use compare::{same_but_for_order, sorted_sections};
pub use note::{PreviewNote, PreviewNoteCode};
pub use problem::{AgentProblem, PreviewError};
pub use runtime::{KnownTask, Runtime};
pub use view::{
    ContainerPreview, FileSource, FileUse, IncludedFile, Launch, Mount, Preview, PreviewFile,
    RouterPreview, RouterVariable, Waits,
};

/// What the agent generates for a task of this task definition.
///
/// Sections of several containers stand in the order of the task definition; the agent writes them
/// in an order that changes from task to task.
///
/// # Errors
/// All reasons why the agent would fail to start the task.
pub fn agent_config(doc: &TaskDefinitionDoc, runtime: &Runtime) -> Result<Preview, PreviewError> {
    with_objects(doc, runtime, &[])
}

/// As [`agent_config`] for what an injection registers, with the text of the files that it puts
/// into S3.
///
/// # Errors
/// As [`agent_config`].
pub fn of_injection(injection: &Injection, runtime: &Runtime) -> Result<Preview, PreviewError> {
    with_objects(&injection.document, runtime, &injection.objects)
}

/// As [`agent_config`], with the text of files in S3 that are known.
///
/// # Errors
/// As [`agent_config`].
pub fn with_objects(
    doc: &TaskDefinitionDoc,
    runtime: &Runtime,
    objects: &[ConfigObject],
) -> Result<Preview, PreviewError> {
    let mut notes = Vec::new();
    let mut problems = Vec::new();
    let Some(router) = router::read(doc, runtime, &mut notes, &mut problems) else {
        return Err(PreviewError { problems });
    };
    let routed = options::collect(doc, router.kind, &mut problems);
    router::check_roles(doc, &router, &routed, &mut problems);
    let (Some(kind), true) = (router.kind, problems.is_empty()) else {
        return Err(PreviewError { problems });
    };
    let generated = model::generate(&router, kind, &routed, runtime);
    let main = PreviewFile {
        path: kind.main_path().to_owned(),
        text: kind.write(&generated),
    };
    hostile::inspect(kind, &generated, &routed, &main.text, &mut notes);
    let found = files::collect(doc, &router, kind, objects, &mut notes);
    advice::inspect(doc, &router, &routed, &found, &mut notes);
    let containers = routing::containers(doc, &router, &routed, runtime);
    notes.sort();
    notes.dedup();
    Ok(Preview {
        router: RouterPreview {
            environment: routing::router_environment(kind, &routed),
            mounts: files::mounts(&router, kind, runtime),
            launch: launch::of(&router, kind, &found),
            name: router.name,
            type_: kind.type_name().to_owned(),
            image: router.image,
        },
        main,
        included: found,
        containers,
        notes,
    })
}
