//! Whether a deployment that is about to begin changes an image of the application: what its tags point to now,
//! against the digests that its tasks run.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html> (`imageDigest`)
//!
//! Looked at right before the deployment, since a tag is moved at any time. A read that failed is no answer: such
//! a tag is spoken of as one that cannot be compared.

use std::collections::BTreeSet;

use crate::input::PlanInput;
use crate::model::{Decision, Wait};
use crate::workload::desire::{Change, document};
use crate::workload::draft::{Draft, find_policy};
use crate::workload::moving::Moving;
use crate::workload::{external_deploy, moving};
use firelens_aws::observe::{ImageView, Needs, Observed, TaskView, TasksQuestion};
use firelens_aws::record::{Purpose, tell_moved_images as tell};
use firelens_inject::NoteCode;
use firelens_types::v1alpha1::MovingTags;

/// Characters of a digest that are shown: its algorithm and the first dozen of its digits.
const DIGEST_SHOWN: usize = 19;

/// What is known of the images of a service.
#[derive(Default)]
struct Comparison {
    /// Images that the deployment changes, for people.
    moved: Vec<String>,
    /// Those of which that cannot be told.
    unknown: Vec<Moving>,
    /// Why not.
    why: Vec<String>,
}

/// The images of the application that a change brings beside what it is for; a decision where it must wait for the
/// answer, or `rollout.movingTags` refuses it. `is_next` when nothing else is in the way of the deployment.
pub(crate) fn look(
    input: &PlanInput<'_>,
    needs: &mut Needs,
    draft: &mut Draft<'_>,
    change: &Change,
    is_next: bool,
) -> Result<Vec<String>, Decision> {
    let policy = find_policy(input, &change.policy);
    let wanted = policy.map_or(MovingTags::Allow, |policy| policy.spec.rollout.moving_tags);
    let is_due = match wanted {
        MovingTags::Allow => false,
        MovingTags::Warn => is_next,
        // Nothing is registered for a service that is left alone.
        MovingTags::Refuse => true,
    };
    let is_owed = change.purpose == Purpose::Restore || draft.record.overtaken.is_some();
    if !is_due || is_owed || !external_deploy::is_deployed_by_ecs(draft.service) {
        return Ok(Vec::new());
    }
    let live = document(input, &draft.service.task_definition, needs)?;
    let moving = moving::moving(live);
    if moving.iter().all(|container| container.question.is_none()) {
        return Ok(Vec::new());
    }
    let Comparison {
        moved,
        unknown,
        why,
    } = compare(input, needs, draft, moving)?;
    let mut said: Vec<String> = tell(&moved).into_iter().collect();
    if !unknown.is_empty() {
        said.push(moving::risk(&unknown));
        said.extend(why);
    }
    if wanted == MovingTags::Refuse && !said.is_empty() {
        return Err(Decision::Refused(moving::refused(&said.join("; "))));
    }
    let notes = &mut draft.desired.notes;
    notes.retain(|note| note.code != NoteCode::MovingTag);
    notes.extend(said.into_iter().map(moving::note));
    Ok(moved)
}

fn compare(
    input: &PlanInput<'_>,
    needs: &mut Needs,
    draft: &Draft<'_>,
    moving: Vec<Moving>,
) -> Result<Comparison, Decision> {
    let tasks = tasks(input, needs, draft);
    let images = moving.iter().filter_map(|container| {
        let question = container.question.as_ref()?;
        let known = input.observation.images.contains_key(question);
        (!known).then(|| question.clone())
    });
    let unread: Vec<_> = images.collect();
    if tasks.is_none() || !unread.is_empty() {
        needs.images.extend(unread);
        let service = &draft.service.name;
        let what = format!("the images of service {service}");
        return Err(Decision::Waiting(Wait::Read(what)));
    }
    let mut found = Comparison::default();
    for container in moving {
        match moved(input, tasks, &container) {
            Ok(None) => {}
            Ok(Some(text)) => found.moved.push(text),
            Err(why) => {
                found.unknown.push(container);
                found.why.extend(why);
            }
        }
    }
    Ok(found)
}

/// The tasks that the service runs; none until they were read.
fn tasks<'a>(
    input: &PlanInput<'a>,
    needs: &mut Needs,
    draft: &Draft<'_>,
) -> Option<&'a Observed<Vec<TaskView>>> {
    let question = TasksQuestion {
        cluster_arn: draft.cluster.arn.clone(),
        service: draft.service.name.clone(),
        stopped: false,
    };
    let known = input.observation.evidence.tasks.get(&question);
    if known.is_none() {
        needs.evidence.tasks.insert(question);
    }
    known
}

/// What changes of one container, if anything does; else why that cannot be told, where there is more to say than
/// that its registry is not asked.
fn moved(
    input: &PlanInput<'_>,
    tasks: Option<&Observed<Vec<TaskView>>>,
    container: &Moving,
) -> Result<Option<String>, Option<String>> {
    let Some(question) = &container.question else {
        return Err(None);
    };
    let image = match input.observation.images.get(question) {
        Some(Observed::Present(image)) => image,
        Some(Observed::Unknown(why)) => return Err(Some(why.clone())),
        Some(Observed::Absent) | None => {
            return Err(Some(format!("{} is not in its registry", container.image)));
        }
    };
    let tasks = match tasks {
        Some(Observed::Present(tasks)) => tasks.as_slice(),
        Some(Observed::Unknown(why)) => return Err(Some(why.clone())),
        Some(Observed::Absent) | None => &[],
    };
    let running = running(tasks, container);
    if running.is_empty() {
        let why = format!(
            "no running task reports the image digest of container {}",
            container.container
        );
        return Err(Some(why));
    }
    Ok(difference(container, image, &running))
}

/// The digests that the container runs, of tasks whose revision names the same image.
fn running<'a>(tasks: &'a [TaskView], container: &Moving) -> BTreeSet<&'a str> {
    let same = tasks
        .iter()
        .filter_map(|task| task.container(&container.container))
        .filter(|shown| shown.image == container.image);
    same.map(|shown| shown.image_digest.as_str())
        .filter(|digest| !digest.is_empty())
        .collect()
}

fn difference(container: &Moving, image: &ImageView, running: &BTreeSet<&str>) -> Option<String> {
    let other = running.iter().find(|digest| !image.has(digest))?;
    let short = |digest: &str| digest.chars().take(DIGEST_SHOWN).collect::<String>();
    Some(format!(
        "{}: from {} to {}",
        container.named(),
        short(other),
        short(&image.digest)
    ))
}
