//! Multiline filters: first in the file, each guarded against metadata that would be added twice.
//!
//! In its parser mode a buffering multiline filter takes every record out and feeds the joined ones
//! into the head of the pipeline. They pass the agent's ECS metadata filter a second time, which
//! appends its keys without looking for them: the record would hold each of them twice, and JSON
//! consumers such as OpenSearch refuse that. So the keys are taken out of records that are about to
//! be re-emitted. In its partial_message mode it hands a whole record on where it stands, with the
//! keys of its first fragment, and nothing has to be done.
//! <https://docs.fluentbit.io/manual/data-pipeline/filters/multiline-stacktrace>
//! <https://github.com/fluent/fluent-bit/blob/v4.2.2/plugins/filter_multiline/ml.c>
//!
//! Never takes the keys out of a record that is not re-emitted: it would stay without them.

use super::error::RenderError;
use super::filters;
use super::router::Scoped;
use super::tags;
use super::tree::{Entry, Item, Section};
use firelens_types::v1alpha1::{FilterBlock, MultilineFilter};

/// Keys that the ECS agent's metadata filter adds.
/// <https://github.com/aws/amazon-ecs-agent/blob/master/agent/taskresource/firelens/firelensconfig_unix.go>
pub(super) const ECS_METADATA_KEYS: [&str; 4] = [
    "ec2_instance_id",
    "ecs_cluster",
    "ecs_task_arn",
    "ecs_task_definition",
];

/// Marks a record on its first way through the pipeline. Removed again behind the last multiline
/// filter, so that no output ever sees it.
const FIRST_PASS_MARK: &str = "firelens_multiline";

/// The sections of all multiline filters: those that join what Docker split first, since the
/// parsers want whole lines, else in the order given. They match records as they arrived, so that
/// copies are not joined again.
pub(super) fn items(scoped: &[Scoped<'_>], ecs_metadata: bool) -> Result<Vec<Item>, RenderError> {
    let mut multiline: Vec<(&Scoped<'_>, &MultilineFilter)> = scoped
        .iter()
        .filter_map(|one| match one.filter.block() {
            Some(FilterBlock::Multiline(filter)) => Some((one, filter)),
            _ => None,
        })
        .collect();
    multiline.sort_by_key(|(_, filter)| !joins_fragments(filter));
    refuse_two_in_a_row(&multiline)?;
    let mut items = Vec::new();
    let mut marked = Vec::new();
    for (one, filter) in multiline {
        let matched = tags::originals_of_containers(one.containers());
        if ecs_metadata && re_emits(filter) {
            let first_pass = format!("Key_does_not_exist {FIRST_PASS_MARK}");
            // A joined record that lost its other keys has no container_id either; it is left alone.
            let section = without_metadata(&matched, &["Key_exists container_id", &first_pass])
                .with("Add", format!("{FIRST_PASS_MARK} 1"));
            items.push(section.into());
            marked.push(matched.clone());
        }
        let sections = filters::sections(one.index, one.filter, &matched)?;
        items.extend(sections.into_iter().map(Item::from));
    }
    items.extend(
        marked
            .into_iter()
            .map(|matched| without_mark(&matched).into()),
    );
    Ok(items)
}

fn joins_fragments(filter: &MultilineFilter) -> bool {
    filter.mode.as_deref() == Some("partial_message")
}

/// Whether every record goes back to the head of the pipeline. Without its buffer the filter joins
/// within a chunk and passes records on.
fn re_emits(filter: &MultilineFilter) -> bool {
    !joins_fragments(filter) && filter.buffer != Some(false)
}

/// Two filters of one kind on one tag feed each other for ever: each skips only what it emitted
/// itself. Joining fragments and then lines is fine, since a joined record is no fragment.
fn refuse_two_in_a_row(multiline: &[(&Scoped<'_>, &MultilineFilter)]) -> Result<(), RenderError> {
    for (position, (one, filter)) in multiline.iter().enumerate() {
        let clash = multiline[..position].iter().any(|(other, earlier)| {
            joins_fragments(earlier) == joins_fragments(filter) && other.overlaps(one)
        });
        if clash {
            return Err(RenderError::Filter {
                index: one.index,
                message: "two multiline filters on one container would feed each other for ever; \
                          give one filter several parsers"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

fn without_metadata(matched: &Entry, conditions: &[&str]) -> Section {
    let mut section = Section::new("FILTER").with("Name", "modify");
    section.entries.push(matched.clone());
    for condition in conditions {
        section.push("Condition", *condition);
    }
    for key in ECS_METADATA_KEYS {
        section.push("Remove", key);
    }
    section
}

fn without_mark(matched: &Entry) -> Section {
    let mut section = Section::new("FILTER").with("Name", "modify");
    section.entries.push(matched.clone());
    section.with("Remove", FIRST_PASS_MARK)
}
