//! Images of the owner that a deployment of ours may change: ECS resolves a tag to a digest when a deployment
//! begins, so a tag that was moved since the last one brings another image.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>
//!
//! Never about the router: its tag is the policy's own.

use crate::doc::TaskDefinitionDoc;
use crate::image::RouterImage;
use crate::inject::{self, Note, NoteCode, Reason, Refusal};
use crate::v1alpha1::{LoggingPolicy, MovingTags};

/// Containers that a message names before it counts the rest.
const NAMED_MAX: usize = 5;

/// Why the images of the application forbid a deployment, if they do; else they may be named.
pub(super) fn refusal(
    policy: &LoggingPolicy,
    live: &TaskDefinitionDoc,
    notes: &mut Vec<Note>,
) -> Option<Refusal> {
    match risk(policy, live) {
        Ok(note) => {
            notes.extend(note);
            None
        }
        Err(refusal) => Some(refusal),
    }
}

/// What a new deployment of what the service runs risks: a refusal where the policy wants none, else a hint.
fn risk(policy: &LoggingPolicy, live: &TaskDefinitionDoc) -> Result<Option<Note>, Refusal> {
    let wanted = policy.spec.rollout.moving_tags;
    if wanted == MovingTags::Allow {
        return Ok(None);
    }
    let moving = moving(live);
    if moving.is_empty() {
        return Ok(None);
    }
    let message = format!(
        "a new deployment starts what these tags point to now, which may be another image than the one that runs: {}; \
         name digests to be sure",
        named(&moving)
    );
    match wanted {
        MovingTags::Refuse => Err(Refusal::new(
            Reason::MovingTag,
            format!("{message}, or set rollout.movingTags to Warn"),
        )),
        MovingTags::Allow | MovingTags::Warn => Ok(Some(Note::new(NoteCode::MovingTag, message))),
    }
}

/// Name and image of each container of the owner whose image has no digest.
fn moving(live: &TaskDefinitionDoc) -> Vec<String> {
    let router = inject::marks(live).map(|marks| marks.router);
    live.containers()
        .filter_map(|container| {
            let name = container.name();
            let image = container.image()?;
            let is_pinned = RouterImage::parse(&image).digest().is_some();
            let is_ours = router.as_ref() == Some(&name);
            (!is_pinned && !is_ours).then(|| format!("{name} ({image})"))
        })
        .collect()
}

fn named(moving: &[String]) -> String {
    let mut text = moving
        .iter()
        .take(NAMED_MAX)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    let more = moving.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
