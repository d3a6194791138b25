//! Whether a deployment that is about to begin changes an image of the application: the digests to which its tags
//! point now are compared with the digests that its tasks run.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html> (`imageDigest`)
//!
//! Read right before the deployment, since a tag can be moved at any time. After a failed read the tag counts as
//! one that cannot be compared.

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

/// The number of characters of a digest that are shown: its algorithm and the first dozen of its digits.
const DIGEST_SHOWN: usize = 19;

/// The result of comparing the images of a service.
#[derive(Default)]
struct Comparison {
    /// Images that the deployment changes, for people.
    moved: Vec<String>,
    /// Containers whose images cannot be compared.
    unknown: Vec<Moving>,
    /// The reasons for that.
    why: Vec<String>,
}

/// Returns the images of the application that a change brings as a side effect; a decision where it must wait for
/// reads, or `rollout.movingTags` refuses it. `is_next` when nothing else prevents the deployment.
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
        // Evaluated early, so that nothing is registered for a service that is then left alone.
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
    let mut findings: Vec<String> = tell(&moved).into_iter().collect();
    if !unknown.is_empty() {
        findings.push(moving::risk(&unknown));
        findings.extend(why);
    }
    if wanted == MovingTags::Refuse && !findings.is_empty() {
        return Err(Decision::Refused(moving::refused(&findings.join("; "))));
    }
    let notes = &mut draft.desired.notes;
    notes.retain(|note| note.code != NoteCode::MovingTag);
    notes.extend(findings.into_iter().map(moving::note));
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
        let images_of = format!("the images of service {service}");
        return Err(Decision::Waiting(Wait::Read(images_of)));
    }
    let mut comparison = Comparison::default();
    for container in moving {
        match moved(input, tasks, &container) {
            Ok(None) => {}
            Ok(Some(text)) => comparison.moved.push(text),
            Err(why) => {
                comparison.unknown.push(container);
                comparison.why.extend(why);
            }
        }
    }
    Ok(comparison)
}

/// The tasks that the service runs; `None` until they were read.
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

/// Returns the change of one container's image, if there is one; else why it cannot be compared, where there is a
/// reason beyond that its registry is not read.
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
