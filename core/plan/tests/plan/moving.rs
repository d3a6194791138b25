//! Images of the application by tag: what a deployment of ours may change beside the router.

use firelens_aws::observe::{ImageQuestion, ImageView, Observed, TaskView};
use firelens_inject::{Note, Reason};
use firelens_plan::Decision;
use serde_json::json;

use crate::build::{base, policy};
use crate::evidence::{task, tasks_of};
use crate::world::World;

const PINNED: &str = "app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn world(image: &str, moving_tags: &str) -> World {
    let mut world = World::fleet(1);
    world.owner_deploys("s0", &base("s0", image));
    let rollout = json!({"canary": {"count": 0}, "movingTags": moving_tags});
    world
        .policies
        .push(policy("all", &json!({"rollout": rollout})));
    world
}

fn notes(world: &World) -> Vec<Note> {
    let plan = world.plan();
    let notes = &plan.workloads[&World::key("s0")].notes;
    let ours = notes
        .iter()
        .filter(|note| note.code.to_string() == "MovingTag");
    ours.cloned().collect()
}

#[test]
fn containers_with_image_tags_are_named_before_a_change() {
    let mut world = world("app:1", "Warn");
    let shown = notes(&world);
    assert!(shown[0].message.contains("app (app:1)"), "{shown:?}");
    assert!(!shown[0].message.contains("log_router"));
    world.settle();
    assert!(world.is_injected("s0"));
    assert_eq!(notes(&world), [], "nothing is about to happen");
    world.delete_policy(0);
    let shown = notes(&world);
    assert!(shown[0].message.contains("app (app:1)"), "{shown:?}");
    assert!(!shown[0].message.contains("log_router"), "{shown:?}");
}

#[test]
fn digests_are_no_risk_and_allow_says_nothing() {
    assert_eq!(notes(&world(PINNED, "Warn")), []);
    assert_eq!(notes(&world("app:1", "Allow")), []);
}

#[test]
fn refuse_blocks_injection_and_removal_when_tags_may_have_moved() {
    let mut refused = world("app:1", "Refuse");
    refused.settle();
    let Decision::Refused(refusal) = refused.decision("s0") else {
        panic!("{:?}", refused.decision("s0"));
    };
    assert_eq!(refusal.reason, Reason::MovingTag);
    assert_eq!((refused.registered, refused.updates.len()), (0, 0));

    let mut pinned = world(PINNED, "Refuse");
    pinned.settle();
    assert!(pinned.is_injected("s0"));

    let mut leaves = world("app:1", "Warn");
    leaves.settle();
    let rollout = json!({"canary": {"count": 0}, "movingTags": "Refuse"});
    leaves.policies[0] = policy("all", &json!({"rollout": rollout}));
    leaves.policies[0].metadata.generation = Some(2);
    assert_eq!(leaves.decision("s0"), Decision::InSync, "nothing changes");
    leaves.delete_policy(0);
    leaves.settle();
    assert!(leaves.is_injected("s0"));
}

const TAGGED: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1";
const OLD: &str = "sha256:1111111111111111";
const NEW: &str = "sha256:2222222222222222";

fn running(image: &str, digest: &str) -> TaskView {
    let container = json!({"name": "app", "image": image, "imageDigest": digest});
    let extra = json!({"lastStatus": "RUNNING", "containers": [container]});
    task("t", "s0:1", extra)
}

/// A service whose tasks run a digest of a tag in ECR, which points to another or the same.
fn registry(moving_tags: &str, running_digest: &str, pointed_to: Observed<ImageView>) -> World {
    let mut world = world(TAGGED, moving_tags);
    let tasks = vec![running(TAGGED, running_digest)];
    let question = tasks_of("s0", false);
    let answer = Observed::Present(tasks);
    world.evidence.tasks.insert(question, answer);
    let question = ImageQuestion::of(TAGGED).unwrap();
    world.images.insert(question, pointed_to);
    world
}

fn image(digest: &str) -> Observed<ImageView> {
    Observed::Present(ImageView::read(digest, "{}"))
}

/// Runs passes until the deployment begins.
fn begin(world: &mut World) -> String {
    for _ in 0..3 {
        let plan = world.pass();
        world.advance(60);
        if !world.updates.is_empty() {
            let notes = &plan.workloads[&World::key("s0")].notes;
            let ours = notes
                .iter()
                .filter(|note| note.code.to_string() == "MovingTag");
            return ours.map(|note| note.message.as_str()).collect();
        }
    }
    panic!("{:?}", world.decision("s0"));
}

#[test]
fn a_tag_matching_the_running_image_is_no_risk() {
    let mut same = registry("Warn", OLD, image(OLD));
    let before = notes(&same);
    assert!(
        before[0]
            .message
            .contains("compares them with the running images"),
        "{before:?}"
    );
    assert_eq!(begin(&mut same), "");
    let list = ImageView::read(NEW, &json!({"manifests": [{"digest": OLD}]}).to_string());
    let mut platform = registry("Refuse", OLD, Observed::Present(list));
    platform.settle();
    assert!(platform.is_injected("s0"));
}

#[test]
fn a_changed_image_is_reported_with_the_deployment_and_failure() {
    let mut moved = registry("Warn", OLD, image(NEW));
    let message = begin(&mut moved);
    let change = format!("app ({TAGGED}): from sha256:111111111111 to sha256:222222222222");
    assert!(message.contains(&change), "{message}");
    let key = World::key("s0");
    let deployment = moved.records[&key].deployment.clone().unwrap();
    assert_eq!(deployment.moved_images, std::slice::from_ref(&change));
    let service = moved.services.get_mut("s0").unwrap();
    service.rollout_state = "FAILED";
    moved.pass();
    let failed = moved.records[&key].failed.clone().unwrap();
    assert!(failed.message.contains(&change), "{}", failed.message);
}

#[test]
fn images_unreadable_in_ecr_are_noted_and_the_rollout_continues() {
    let denied = Observed::Unknown("AccessDenied".to_owned());
    for unread in [denied, Observed::Absent] {
        let mut world = registry("Warn", OLD, unread);
        let message = begin(&mut world);
        assert!(
            message.contains("may differ from the running ones"),
            "{message}"
        );
    }
    let mut idle = registry("Warn", "", image(OLD));
    assert!(begin(&mut idle).contains("no running task reports"));
}

#[test]
fn refuse_compares_before_anything_is_registered_and_looks_again_later() {
    for pointed_to in [image(NEW), Observed::Unknown("AccessDenied".to_owned())] {
        let mut refused = registry("Refuse", OLD, pointed_to);
        refused.settle();
        let Decision::Refused(refusal) = refused.decision("s0") else {
            panic!("{:?}", refused.decision("s0"));
        };
        assert_eq!(refusal.reason, Reason::MovingTag);
        assert_eq!((refused.registered, refused.updates.len()), (0, 0));
        let question = ImageQuestion::of(TAGGED).unwrap();
        refused.images.insert(question, image(OLD));
        refused.advance(901);
        refused.settle();
        assert!(refused.is_injected("s0"), "the tag points back");
    }
}

#[test]
fn refuse_removes_the_router_only_while_tags_match_running_images() {
    let mut leaves = registry("Refuse", OLD, image(OLD));
    leaves.settle();
    assert!(leaves.is_injected("s0"));
    let question = ImageQuestion::of(TAGGED).unwrap();
    leaves.images.insert(question.clone(), image(NEW));
    leaves.delete_policy(0);
    leaves.settle();
    assert!(leaves.is_injected("s0"));
    leaves.images.insert(question, image(OLD));
    leaves.advance(901);
    leaves.settle();
    assert!(!leaves.is_injected("s0"));
}
