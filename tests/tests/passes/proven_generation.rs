//! Whole passes: owners deploy while a newer generation of the policy waits, and keep the router that ran.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_tests::fake_aws::{FakeAws, Source};
use firelens_tests::harness::fleet::{self, CLUSTER, Fleet, Rest, TARGETS};
use firelens_tests::harness::scene::{inline_policy, small_fleet};
use firelens_tests::harness::{Harness, Passed};
use firelens_types::v1alpha1::Kind;
use jiff::SignedDuration;
use serde_json::{Value, json};

const MAX_PASSES: usize = 100;
const SECOND: &str = "everything.g2.prod";
/// Services of the fleet, over three targets.
const SERVICES: usize = 24;

/// The inline policy with another buffer, so that every router changes, and that rollout.
fn second(policy: &Value, rollout: &Value) -> Value {
    let mut policy = policy.clone();
    policy["spec"]["bufferLimit"] = json!(4321);
    for (field, value) in rollout.as_object().unwrap() {
        policy["spec"]["rollout"][field] = value.clone();
    }
    policy
}

/// Generation 1 runs on `web`, generation 2 is applied and waits.
async fn waiting(rollout: &Value, control: &Value) -> Harness {
    let mut harness = small_fleet().await;
    harness.apply(inline_policy()).await;
    harness.settle(MAX_PASSES).await;
    harness.apply(second(&inline_policy(), rollout)).await;
    harness.pass().await;
    harness.say(SECOND, control).await;
    work(&mut harness).await;
    harness
}

/// Passes as they come due for ten minutes.
async fn work(harness: &mut Harness) {
    let end = harness.fake.now() + SignedDuration::from_mins(10);
    while harness.fake.now() < end {
        let Passed::Ended(outcome) = harness.pass().await else {
            panic!("no crash was asked for")
        };
        let step = outcome
            .requeue_after
            .min(std::time::Duration::from_secs(60));
        harness.fake.advance(step);
    }
}

fn generation(fake: &FakeAws, cluster: &str, service: &str) -> Option<String> {
    let live = fake.live(cluster, service).unwrap();
    let containers = live["taskDefinition"]["containerDefinitions"].as_array();
    containers.unwrap().iter().find_map(|container| {
        let label = &container["dockerLabels"]["firelens.dev/generation"];
        label.as_str().map(str::to_owned)
    })
}

fn image(document: &mut Value, image: &str) {
    document["containerDefinitions"][0]["image"] = json!(image);
}

async fn deploys(harness: &mut Harness) {
    let web = harness.fake.clone();
    web.owner_deploys("main", "web", Source::Own, |document| {
        image(document, "registry.example/app:2");
    })
    .unwrap();
    work(harness).await;
}

#[tokio::test]
async fn a_deploy_while_the_rollout_awaits_approval_keeps_its_router() {
    let mut harness = waiting(&json!({"approval": "Required"}), &json!({})).await;
    deploys(&mut harness).await;
    let fake = harness.fake.clone();
    assert_eq!(generation(&fake, "main", "web").as_deref(), Some("1"));
    let live = fake.live("main", "web").unwrap().to_string();
    assert!(live.contains("registry.example/app:2"));
    assert!(!fake.role_policies("web-task").is_empty());
    let injected = harness.condition("main", "web", "Injected").await.unwrap();
    assert_eq!(injected["reason"], "WaitingForApproval");
    let message = injected["message"].as_str().unwrap();
    assert!(
        message.contains("generation 1 of the policy runs in the meantime"),
        "{message}"
    );

    let rollout = harness.get(Kind::Rollout, SECOND).await.unwrap();
    let hash = &rollout["status"]["plan"]["hash"];
    harness
        .say(SECOND, &json!({"approve": {"plan": hash}}))
        .await;
    harness.settle(MAX_PASSES).await;
    for service in ["web", "jobs"] {
        assert_eq!(
            generation(&fake, "main", service).as_deref(),
            Some("2"),
            "{service}"
        );
    }
    assert_eq!(harness.reason("main", "web", "Ready").await, "InSync");
}

#[tokio::test]
async fn a_deploy_outside_the_rollout_windows_keeps_its_router() {
    let closed = json!({"windows": [{"schedule": "0 12 31 12 *", "durationMinutes": 1}]});
    let mut harness = waiting(&closed, &json!({})).await;
    deploys(&mut harness).await;
    assert_eq!(
        generation(&harness.fake, "main", "web").as_deref(),
        Some("1")
    );
    let reason = harness.reason("main", "web", "Injected").await;
    assert_eq!(reason, "WaitingForWindow");
}

#[tokio::test]
async fn a_deploy_while_the_rollout_is_paused_keeps_its_router() {
    let approval = json!({"approval": "Required"});
    let mut harness = waiting(&approval, &json!({"paused": true})).await;
    deploys(&mut harness).await;
    assert_eq!(
        generation(&harness.fake, "main", "web").as_deref(),
        Some("1")
    );
    let reason = harness.reason("main", "web", "Injected").await;
    assert_eq!(reason, "RolloutPaused");
}

#[tokio::test]
async fn what_a_restart_forgets_is_in_the_database() {
    let mut harness = waiting(&json!({"approval": "Required"}), &json!({})).await;
    harness.restart().await;
    deploys(&mut harness).await;
    assert_eq!(
        generation(&harness.fake, "main", "web").as_deref(),
        Some("1")
    );
}

/// One deploy of an owner, by what their tool does.
fn deploy(place: &FakeAws, service: &str, tool: usize, number: usize) {
    let new = format!("registry.example/app:deploy-{number}");
    let edit = |document: &mut Value| image(document, &new);
    let set = |revision: &str| {
        let params = json!({"cluster": CLUSTER, "service": service, "taskDefinition": revision});
        place
            .ecs("UpdateService", params)
            .expect("the owner's update");
    };
    match tool {
        // The GitHub render action: the file of the repository with another image.
        0 => drop(place.owner_deploys(CLUSTER, service, Source::Own, edit)),
        // The same from what runs.
        1 => drop(place.owner_deploys(CLUSTER, service, Source::Live, edit)),
        // Terraform: a revision of its own, then the newest of the family.
        2 => {
            let mut document = place.own(CLUSTER, service).expect("a document");
            edit(&mut document);
            place.register(document).expect("a revision");
            let revisions = place.revisions(service);
            set(&revisions.last().expect("revisions").0);
        }
        // CloudFormation: an update of the stack that is rolled back to what the template had before.
        _ => {
            let before = format!("{service}:1");
            drop(place.owner_deploys(CLUSTER, service, Source::Own, edit));
            set(&before);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_deploy_tool_keeps_the_router_while_approval_is_pending() {
    let mut fleet = Fleet::start(SERVICES).await;
    fleet.harness.fake.throttle(false);
    let first = fleet::policy(&json!({"maxConcurrent": SERVICES, "canary": {"count": 0}}));
    fleet.harness.apply(first.clone()).await;
    fleet.wake();
    let day = SignedDuration::from_hours(12);
    assert_eq!(fleet.run(day, |_| {}).await, Rest::Quiet);
    fleet
        .harness
        .apply(second(&first, &json!({"approval": "Required"})))
        .await;
    fleet.wake();
    assert_eq!(fleet.run(day, |_| {}).await, Rest::Quiet);

    // Every service of a target is deployed once, by each tool in turn.
    for tool in 0..4 {
        for (target, ..) in TARGETS {
            let place = fleet.place(target);
            for (number, service) in fleet.services(target, SERVICES).iter().enumerate() {
                deploy(&place, service, tool, 100 * tool + number);
            }
        }
        fleet.wake();
        assert_eq!(fleet.run(day, |_| {}).await, Rest::Quiet, "tool {tool}");
        assert_eq!(fleet.without_router(SERVICES), [], "tool {tool}");
        for (target, ..) in TARGETS {
            for service in fleet.services(target, SERVICES) {
                let ran = generation(&fleet.place(target), CLUSTER, &service);
                assert_eq!(ran.as_deref(), Some("1"), "{target}/{service}, tool {tool}");
            }
        }
    }

    for rollout in fleet.rollouts().await.values() {
        let name = rollout["metadata"]["name"].as_str().unwrap();
        let hash = &rollout["status"]["plan"]["hash"];
        fleet
            .harness
            .say(name, &json!({"approve": {"plan": hash}}))
            .await;
    }
    fleet.wake();
    assert_eq!(fleet.run(day, |_| {}).await, Rest::Quiet);
    for (target, ..) in TARGETS {
        for service in fleet.services(target, SERVICES) {
            let ran = generation(&fleet.place(target), CLUSTER, &service);
            assert_eq!(ran.as_deref(), Some("2"), "{target}/{service}");
        }
    }
}
