//! Images of the owner that a deployment of ours may change: ECS resolves a tag to a digest when a deployment
//! begins, so a tag that was moved since the last one brings another image.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>
//!
//! The router is not included: its tag is the policy's own. Whether a tag was moved is determined by `moved`.

use firelens_aws::image::RouterImage;
use firelens_aws::observe::ImageQuestion;
use firelens_inject::{Note, NoteCode, Reason, Refusal};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{LoggingPolicy, MovingTags};

/// The number of containers that a message names; more are only counted.
const NAMED_MAX: usize = 5;

/// A container of the owner whose image has a tag and no digest.
pub(crate) struct Moving {
    /// Name of the container.
    pub(crate) container: String,
    /// The image as the task definition names it.
    pub(crate) image: String,
    /// The question to its registry, where that can be read.
    pub(crate) question: Option<ImageQuestion>,
}

impl Moving {
    /// The container and its image.
    pub(crate) fn named(&self) -> String {
        format!("{} ({})", self.container, self.image)
    }
}

/// Returns why the images of the application forbid a deployment, if they do; otherwise they may be named in a
/// note.
pub(crate) fn refusal(
    policy: &LoggingPolicy,
    live: &TaskDefinitionDoc,
    notes: &mut Vec<Note>,
) -> Option<Refusal> {
    let wanted = policy.spec.rollout.moving_tags;
    if wanted == MovingTags::Allow {
        return None;
    }
    let (asked, unknown): (Vec<Moving>, Vec<Moving>) = moving(live)
        .into_iter()
        .partition(|container| container.question.is_some());
    if wanted == MovingTags::Refuse && !unknown.is_empty() {
        return Some(refused(&risk(&unknown)));
    }
    if !unknown.is_empty() {
        notes.push(note(risk(&unknown)));
    }
    if !asked.is_empty() {
        notes.push(note(format!(
            "a new deployment starts the images that these tags point to now: {}; the operator compares them with the running images first",
            list(&asked)
        )));
    }
    None
}

/// The message about tags that cannot be compared with what runs.
pub(crate) fn risk(moving: &[Moving]) -> String {
    format!(
        "a new deployment starts the images that these tags point to now, which may differ from the running ones: {}; \
         use digests to prevent this",
        list(moving)
    )
}

pub(crate) fn note(message: String) -> Note {
    Note::new(NoteCode::MovingTag, message)
}

pub(crate) fn refused(why: &str) -> Refusal {
    let message = format!("{why}, or set rollout.movingTags to Warn");
    Refusal::new(Reason::MovingTag, message)
}

/// Each container of the owner whose image has no digest.
pub(crate) fn moving(live: &TaskDefinitionDoc) -> Vec<Moving> {
    let router = firelens_inject::marks(live).map(|marks| marks.router);
    live.containers()
        .filter_map(|container| {
            let name = container.name();
            let image = container.image()?;
            let is_pinned = RouterImage::parse(&image).digest().is_some();
            let is_ours = router.as_ref() == Some(&name);
            (!is_pinned && !is_ours).then(|| Moving {
                question: ImageQuestion::of(&image),
                container: name,
                image,
            })
        })
        .collect()
}

fn list(moving: &[Moving]) -> String {
    let named = moving.iter().take(NAMED_MAX).map(Moving::named);
    let mut text = named.collect::<Vec<_>>().join(", ");
    let more = moving.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
