//! Hints about what the agent does in silence.
//!
//! Never repeats the value of an option: it may be a secret.

use firelens_fluent::render::fluentd::read_fluentd;
use firelens_fluent::render::read;
use firelens_taskdef::TaskDefinitionDoc;

use crate::preview::model::{FORWARD_PORT, HEALTH_PORT, RouterKind};
use crate::preview::options::Routed;
use crate::preview::router::RouterSpec;
use crate::preview::routing::waits;
use crate::preview::{IncludedFile, PreviewNote, PreviewNoteCode, Waits};

/// Options of Docker's own drivers, which no output knows.
const DRIVER_OPTIONS: [&str; 2] = ["mode", "max-buffer-size"];

/// Notes on what the agent does without an error.
pub(crate) fn inspect(
    doc: &TaskDefinitionDoc,
    router: &RouterSpec,
    routed: &[Routed],
    included: &[IncludedFile],
    notes: &mut Vec<PreviewNote>,
) {
    use PreviewNoteCode as Code;
    let mut note = |code, message: String| notes.push(PreviewNote::new(code, message));
    let name = &router.name;
    if routed.is_empty() {
        note(
            Code::NobodyRouted,
            format!("no container logs through {name}; ECS refuses such a task definition"),
        );
    }
    if routed.iter().filter(|one| one.has_sections()).count() > 1 {
        note(
            Code::OrderChanges,
            "the filters and outputs of several containers stand here in the order of the task definition; the agent's \
             order changes from task to task"
                .to_owned(),
        );
    }
    inspect_router(doc, router, notes);
    inspect_start_order(doc, router, routed, notes);
    for container in routed {
        inspect_output(container, included, notes);
        inspect_container(container, routed, notes);
    }
}

fn inspect_router(doc: &TaskDefinitionDoc, router: &RouterSpec, notes: &mut Vec<PreviewNote>) {
    use PreviewNoteCode as Code;
    let mut note = |code, message: String| notes.push(PreviewNote::new(code, message));
    let name = &router.name;
    if router.network.listen_address().is_none() {
        note(
            Code::SocketOnly,
            format!(
                "in network mode {} the router listens on its socket alone: no port {FORWARD_PORT}, no port \
                 {HEALTH_PORT}, no FLUENT_HOST",
                doc.network_mode().unwrap_or_default()
            ),
        );
    }
    let has_health_port =
        router.network.listen_address().is_some() && router.kind == Some(RouterKind::Fluentbit);
    if router.health_check.contains(HEALTH_PORT) && !has_health_port {
        note(
            Code::HealthCheckCannotPass,
            format!(
                "the health check of {name} asks port {HEALTH_PORT}, where nothing listens in this task"
            ),
        );
    }
    if router.kind == Some(RouterKind::Fluentbit)
        && (1..=router.mem_buf_limit_mb()).contains(&router.memory_mib)
    {
        note(
            Code::BufferLargerThanMemory,
            format!(
                "half of the {} MiB of {name} is no buffer limit, so the agent takes {} MB; give it more memory",
                router.memory_mib,
                router.mem_buf_limit_mb()
            ),
        );
    }
    if !router.command.is_empty() {
        note(
            Code::CommandReplaced,
            format!(
                "the task definition replaces the command of {name}; the generated file is only used if that command reads it"
            ),
        );
    }
}

fn inspect_start_order(
    doc: &TaskDefinitionDoc,
    router: &RouterSpec,
    routed: &[Routed],
    notes: &mut Vec<PreviewNote>,
) {
    let early: Vec<&str> = routed
        .iter()
        .filter(|container| waits(doc, router, &container.name) == Waits::Nobody)
        .map(|container| container.name.as_str())
        .collect();
    if !early.is_empty() {
        notes.push(PreviewNote::new(
            PreviewNoteCode::NoStartDependency,
            format!(
                "{} depends on another container, so the agent does not make {} wait for it; add dependsOn START",
                router.name,
                early.join(", ")
            ),
        ));
    }
}

/// A container without an output needs one in a file.
fn inspect_output(container: &Routed, included: &[IncludedFile], notes: &mut Vec<PreviewNote>) {
    if container.output.is_some()
        || included
            .iter()
            .any(|file| has_output(file, &container.name))
    {
        return;
    }
    let hidden = included
        .iter()
        .any(|file| file.text.is_none() && file.holds.is_none());
    let what = if hidden {
        "one must be in a file whose text is not known here"
    } else {
        "its logs go nowhere"
    };
    notes.push(PreviewNote::new(
        PreviewNoteCode::NoOutput,
        format!(
            "container {} has no output in its log options: {what}",
            container.name
        ),
    ));
}

/// Whether a file has an output that may take the records of a container, as they come or copied.
fn has_output(file: &IncludedFile, container: &str) -> bool {
    let tag = format!("{container}-firelens");
    let takes = |pattern: &str| {
        let fixed = pattern.split('*').next().unwrap_or_default();
        tag.starts_with(fixed) || fixed.starts_with(&tag)
    };
    let Some(text) = file.text.as_deref() else {
        return false;
    };
    let Ok(document) = read(text) else {
        let elements = read_fluentd(text).unwrap_or_default();
        let mut matches = elements.iter().filter(|element| element.name == "match");
        return matches.any(|element| takes(&element.argument));
    };
    document
        .sections()
        .filter(|section| section.name == "OUTPUT")
        .any(|output| {
            output.value("Match_Regex").is_some() || output.value("Match").is_some_and(takes)
        })
}

fn inspect_container(container: &Routed, routed: &[Routed], notes: &mut Vec<PreviewNote>) {
    use PreviewNoteCode as Code;
    let mut note = |code, message: String| notes.push(PreviewNote::new(code, message));
    let name = &container.name;
    for other in routed.iter().filter(|other| other.has_sections()) {
        if other.name != *name
            && format!("{name}-firelens").starts_with(&format!("{}-firelens", other.name))
        {
            note(
                Code::TagOverlap,
                format!(
                    "records of {name} also match the sections of {}, since its name begins with {}-firelens; rename it",
                    other.name, other.name
                ),
            );
        }
    }
    for key in container.options.keys() {
        if key.eq_ignore_ascii_case("match") || key.eq_ignore_ascii_case("match_regex") {
            note(
                Code::MatchTwice,
                format!("option {key:?} of {name} stands beside the Match that the agent writes"),
            );
        }
        if container.output.is_some() && DRIVER_OPTIONS.contains(&key.as_str()) {
            note(
                Code::DriverOptionInOutput,
                format!(
                    "option {key} of {name} is for a log driver; on instances it reaches the output, which does not know it, and the router does not start"
                ),
            );
        }
    }
    for secret in &container.secrets {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !secret.variable.bytes().all(plain) {
            note(
                Code::SecretNameUnsafe,
                format!(
                    "secret option {:?} of {name} makes the variable {:?}, which not every program can read",
                    secret.option, secret.variable
                ),
            );
        }
    }
}

impl Routed {
    /// Whether the agent writes a section for it.
    fn has_sections(&self) -> bool {
        self.output.is_some() || self.include.is_some() || self.exclude.is_some()
    }
}
