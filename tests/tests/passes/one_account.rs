//! Two targets of one account: roles are global, a bucket can be shared, and clusters belong to one of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_aws::iam::former_policy_name;
use firelens_aws::record::{OwnedResource, ResourceId};
use firelens_plan::{OBJECT_GRACE_SECONDS, RESOURCE_RECHECK_SECONDS};
use firelens_store::EventFilter;
use firelens_tests::fake_aws::REGION;
use firelens_tests::harness::account::{
    CLUSTERS, ROLE, SERVICES, TARGETS, delete_service, policies, settle, start, target,
};
use firelens_tests::harness::scene::{BUCKET, POLICY, policy, small_fleet};
use firelens_tests::harness::{Harness, condition, has_router};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const EAST: &str = "firelens-everything@east";
const WEST: &str = "firelens-everything@west";
const FAR: &str = "eu-west-1";
const MAX_PASSES: usize = 100;

fn no_look(_: &Harness) {}

/// Both services with their routers, the second target in `region`.
async fn injected(region: &str) -> Harness {
    let mut harness = start(region).await;
    harness.apply(policy()).await;
    settle(&mut harness, &TARGETS, no_look).await;
    assert_eq!(policies(&harness), [EAST, WEST]);
    harness
}

fn hours(harness: &Harness, hours: u64) {
    harness.fake.advance(Duration::from_secs(hours * 3_600));
}

async fn event(harness: &Harness, reason: &str) -> Option<String> {
    let filter = EventFilter {
        reason: Some(reason.to_owned()),
        ..EventFilter::default()
    };
    let events = harness.store.list_events(&filter).await.unwrap();
    let event = events.into_iter().next()?;
    Some(format!(
        "{}: {}",
        event.event.object_name, event.event.message
    ))
}

#[tokio::test]
async fn a_role_used_in_two_regions_keeps_rights_of_both() {
    let mut harness = injected(FAR).await;
    let role = harness.fake.role_policies(ROLE);
    // The bucket that both read their files from has one of them in its name.
    let speaks_of = |policy: &str, region: &str| {
        let document = role[policy].to_string();
        document.contains(&format!(":{region}:"))
    };
    assert!(speaks_of(EAST, REGION) && !speaks_of(EAST, FAR));
    assert!(speaks_of(WEST, FAR) && !speaks_of(WEST, REGION));
    let written = harness.fake.count("PutRolePolicy");
    for _ in 0..3 {
        hours(&harness, 1);
        settle(&mut harness, &TARGETS, no_look).await;
    }
    assert_eq!(harness.fake.count("PutRolePolicy"), written);
    assert_eq!(harness.fake.role_policies(ROLE), role);
}

#[tokio::test]
async fn a_service_deleted_in_one_target_keeps_the_others_rights() {
    for region in [REGION, FAR] {
        let mut harness = injected(region).await;
        let kept = harness.fake.role_policies(ROLE)[WEST].clone();
        delete_service(&harness, 0, region);
        harness.fake.advance(Duration::from_secs(600));
        settle(&mut harness, &TARGETS, |harness| {
            assert_eq!(harness.fake.role_policies(ROLE)[WEST], kept);
        })
        .await;
        assert_eq!(policies(&harness), [WEST], "{region}");
        delete_service(&harness, 1, region);
        harness.fake.advance(Duration::from_secs(600));
        settle(&mut harness, &TARGETS, no_look).await;
        assert!(policies(&harness).is_empty(), "the role can be destroyed");
    }
}

#[tokio::test]
async fn a_shared_file_is_deleted_after_its_last_target_leaves() {
    let mut harness = injected(REGION).await;
    let shared = harness.fake.objects(BUCKET);
    assert_eq!(shared.len(), 1, "one content, one object");
    delete_service(&harness, 0, REGION);
    let grace = Duration::from_secs(OBJECT_GRACE_SECONDS.unsigned_abs());
    for _ in 0..2 {
        settle(&mut harness, &TARGETS, |harness| {
            assert_eq!(harness.fake.objects(BUCKET), shared);
        })
        .await;
        harness.fake.advance(grace);
    }
    assert!(harness.store.resources("east").await.unwrap().is_empty());
    delete_service(&harness, 1, REGION);
    for _ in 0..3 {
        settle(&mut harness, &TARGETS, no_look).await;
        harness.fake.advance(grace);
    }
    assert!(harness.fake.objects(BUCKET).is_empty());
}

#[tokio::test]
async fn deleting_a_policy_cleans_up_its_shared_role_and_bucket() {
    for order in [["east", "west"], ["west", "east"]] {
        let mut harness = injected(REGION).await;
        harness.delete(Kind::LoggingPolicy, POLICY).await;
        settle(&mut harness, &order, no_look).await;
        assert!(policies(&harness).is_empty());
        assert!(harness.fake.objects(BUCKET).is_empty());
        assert_eq!(harness.get(Kind::LoggingPolicy, POLICY).await, None);
    }
}

/// Puts role policies and rows back to what an older version left: one policy for both targets.
async fn as_of_an_older_version(harness: &mut Harness) {
    harness.restart().await;
    let old = former_policy_name(POLICY);
    let role = harness.fake.role_policies(ROLE);
    for target in TARGETS {
        let lease = harness
            .store
            .acquire_lease(
                &firelens_controller::lease_name(target),
                "older",
                Duration::from_secs(30),
            )
            .await
            .unwrap()
            .expect("nobody holds it");
        let rows = harness.store.resources(target).await.unwrap();
        let is_role = |row: &&OwnedResource| matches!(row.id, ResourceId::RolePolicy { .. });
        for row in rows.iter().filter(is_role) {
            let mut older = row.clone();
            older.id = ResourceId::RolePolicy {
                role: ROLE.to_owned(),
                policy_name: old.clone(),
            };
            let going = harness.store.put_resources(&lease, &[older]).await;
            assert!(going.unwrap().is_empty());
            let ids = std::slice::from_ref(&row.id);
            let forgotten = harness.store.delete_resources(&lease, target, ids).await;
            forgotten.unwrap();
        }
        harness.store.release_lease(&lease).await.unwrap();
    }
    let document = role[EAST].clone();
    for name in [EAST, WEST] {
        harness.fake.set_role_policy(ROLE, name, None).unwrap();
    }
    let written = harness.fake.set_role_policy(ROLE, &old, Some(&document));
    written.unwrap();
}

#[tokio::test]
async fn older_role_policies_are_renamed_without_losing_rights() {
    let mut harness = injected(REGION).await;
    as_of_an_older_version(&mut harness).await;
    let old = former_policy_name(POLICY);
    let moved = harness.fake.count("UpdateService");
    // One target alone, as when the replica that holds the other is still of the older version.
    settle(&mut harness, &["east"], |harness| {
        assert!(policies(harness).contains(&former_policy_name(POLICY)));
    })
    .await;
    assert_eq!(policies(&harness), [old.as_str(), EAST]);
    settle(&mut harness, &TARGETS, |harness| {
        let names = policies(harness);
        let has = |name: &str| names.iter().any(|policy| policy == name);
        assert!(has(WEST) || has(&former_policy_name(POLICY)), "{names:?}");
    })
    .await;
    assert_eq!(policies(&harness), [EAST, WEST]);
    assert_eq!(harness.fake.count("UpdateService"), moved);
}

#[tokio::test]
async fn a_role_shared_with_an_unselected_service_is_not_widened() {
    let mut harness = start(FAR).await;
    // The other target says what it has; nobody selects it.
    harness.pass_over("west").await;
    let mut only_east = policy();
    only_east["spec"]["selector"] = json!({"targets": ["east"]});
    harness.apply(only_east.clone()).await;
    settle(&mut harness, &TARGETS, no_look).await;
    let name = format!("east.{}.{}", CLUSTERS[0], SERVICES[0]);
    let workload = harness.get(Kind::Workload, &name).await.unwrap();
    let injected = condition(&workload["status"], "Injected").unwrap();
    assert_eq!(injected["reason"], "RoleShared");
    let message = injected["message"].as_str().unwrap();
    assert!(message.contains("batch/jobs of target west"), "{message}");
    assert!(policies(&harness).is_empty());

    only_east["spec"]["iam"] = json!({"allowSharedRoles": true});
    harness.apply(only_east).await;
    settle(&mut harness, &TARGETS, no_look).await;
    assert_eq!(policies(&harness), [EAST]);
}

#[tokio::test]
async fn of_two_overlapping_targets_only_the_older_is_active() {
    let mut harness = start(REGION).await;
    for (index, clusters) in [json!(["*"]), json!(["ba*", "spare"])]
        .into_iter()
        .enumerate()
    {
        let mut object = target(index, REGION);
        object["spec"]["clusters"] = clusters;
        harness.apply(object).await;
    }
    harness.apply(policy()).await;
    settle(&mut harness, &["west", "east"], no_look).await;
    assert_eq!(policies(&harness), [EAST]);
    assert_eq!(harness.fake.count("UpdateService"), 2, "once each");
    let ready = async |harness: &Harness, target: &str| -> Value {
        let object = harness.get(Kind::AwsTarget, target).await.unwrap();
        condition(&object["status"], "Ready").unwrap().clone()
    };
    assert_eq!(ready(&harness, "east").await["status"], "True");
    let west = ready(&harness, "west").await;
    assert_eq!(
        (&west["status"], &west["reason"]),
        (&json!("False"), &json!("Overlaps"))
    );
    let message = west["message"].as_str().unwrap();
    for part in [
        "AwsTarget east",
        "\"ba*\"",
        "\"*\"",
        "managed by the older target: batch",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    // Once they do not overlap any more, each has its own.
    harness.apply(target(0, REGION)).await;
    settle(&mut harness, &["west", "east"], no_look).await;
    assert_eq!(ready(&harness, "west").await["status"], "True");
    assert_eq!(policies(&harness), [EAST, WEST]);
    assert!(has_router(&harness.fake, "batch", "jobs"));
}

#[tokio::test]
async fn a_role_policy_removed_by_terraform_is_restored_and_reported() {
    let mut harness = small_fleet().await;
    let tags = json!([{"key": "ManagedBy", "value": "terraform"}]);
    let arn = harness.fake.service("main", "web").unwrap()["serviceArn"].clone();
    let tagged = harness
        .fake
        .ecs("TagResource", json!({"resourceArn": arn, "tags": tags}));
    tagged.unwrap();
    harness.apply(policy()).await;
    harness.settle(MAX_PASSES).await;
    let wanted = harness.fake.role_policies("web-task");
    let name = wanted.keys().next().unwrap().clone();
    assert_eq!(name, "firelens-everything@prod");
    for times in 1..=2 {
        harness
            .fake
            .set_role_policy("web-task", &name, None)
            .unwrap();
        harness.fake.advance(Duration::from_secs(300));
        harness.pass().await;
        assert_eq!(harness.fake.role_policies("web-task"), wanted, "{times}");
        harness.settle(MAX_PASSES).await;
    }
    let message = event(&harness, "RightsTaken").await.unwrap();
    assert!(
        message.starts_with("prod.main.web: somebody (probably Terraform"),
        "{message}"
    );
    let injected = harness.condition("main", "web", "Injected").await.unwrap();
    let message = injected["message"].as_str().unwrap();
    for part in ["2 times since", "aws_iam_role_policies_exclusive", &name] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(injected["status"], "True");
    let other = harness.condition("main", "jobs", "Injected").await.unwrap();
    assert!(!other["message"].as_str().unwrap().contains("somebody"));
    harness
        .fake
        .advance(Duration::from_secs(RESOURCE_RECHECK_SECONDS.unsigned_abs()));
    harness.settle(MAX_PASSES).await;
    assert_eq!(harness.fake.role_policies("web-task"), wanted);
}
