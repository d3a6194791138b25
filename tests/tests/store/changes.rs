//! Watches: every change is returned once, in order, or an error that the version is too old.

use std::collections::BTreeMap;
use std::time::Duration;

use firelens_store::{
    Change, ChangeType, GeneratedObject, LabelSelector, ListOptions, Preconditions, Removed,
    Retention, Store, StoreError, Update,
};
use firelens_tests::postgres;
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{DEADLINE, KIND, lease};

fn policy(name: &str, number: usize) -> Value {
    json!({"metadata": {"name": name}, "spec": {"priority": number}})
}

/// One writer: creates, changes and deletes its own objects and one that all share.
async fn write(store: Store, writer: usize, rounds: usize) {
    for round in 0..rounds {
        let name = format!("w{writer}-{round}");
        store.create(KIND, policy(&name, 0)).await.unwrap();
        store
            .update(KIND, &name, Update::object(policy(&name, 1)))
            .await
            .unwrap();
        let shared = policy("shared", writer * 1000 + round);
        store
            .update(KIND, "shared", Update::object(shared))
            .await
            .unwrap();
        if round % 2 == 0 {
            store
                .delete(KIND, &name, &Preconditions::default())
                .await
                .unwrap();
        }
    }
}

/// Follows the log from revision `since` until `count` changes were returned.
async fn follow(store: Store, since: i64, count: usize) -> Vec<Change> {
    let mut hints = store.subscribe().await.unwrap();
    let mut changes = Vec::new();
    let mut since = since;
    while changes.len() < count {
        // Pages of an odd size, so that their ends fall anywhere.
        let page = store.changes(KIND, since, 7).await.unwrap();
        let is_behind = page.resource_version > since;
        since = page.resource_version;
        changes.extend(page.changes);
        if !is_behind {
            hints.changed().await.unwrap();
        }
    }
    changes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_sees_all_commits_in_order_despite_concurrent_writers() {
    const WRITERS: usize = 8;
    const ROUNDS: usize = 20;
    let db = postgres::database().await;
    let store = db.store().await;
    store.create(KIND, policy("shared", 999_999)).await.unwrap();
    let since = store.current_resource_version().await.unwrap();
    let count = WRITERS * (ROUNDS * 3 + ROUNDS / 2);
    let other = db.store().await;
    let watcher = tokio::spawn(timeout(DEADLINE, follow(other.clone(), since, count)));
    let writers = (0..WRITERS).map(|writer| {
        // Half of them through another pool, as another replica would.
        let store = if writer % 2 == 0 {
            store.clone()
        } else {
            other.clone()
        };
        tokio::spawn(timeout(DEADLINE, write(store, writer, ROUNDS)))
    });
    for writer in futures::future::join_all(writers).await {
        writer.unwrap().expect("writers finish in time");
    }
    let changes = watcher
        .await
        .unwrap()
        .expect("the watcher is told everything in time");

    let versions: Vec<i64> = changes
        .iter()
        .map(|change| change.resource_version)
        .collect();
    let expected: Vec<i64> = (since + 1..=since + count as i64).collect();
    assert_eq!(
        versions, expected,
        "no revision is missing, none comes twice or out of order"
    );
    let mut replayed: BTreeMap<String, Value> = BTreeMap::new();
    for change in changes {
        match change.change_type {
            ChangeType::Deleted => assert!(replayed.remove(&change.name).is_some()),
            ChangeType::Added => assert!(replayed.insert(change.name, change.object).is_none()),
            ChangeType::Modified => {
                replayed.insert(change.name, change.object);
            }
        }
    }
    let listed = store
        .list(KIND, &ListOptions::default())
        .await
        .unwrap()
        .items;
    let replayed: Vec<Value> = replayed.into_values().collect();
    assert_eq!(replayed, listed, "the changes add up to what is there");
}

#[tokio::test]
async fn a_page_of_changes_carries_the_revision_it_reached() {
    let db = postgres::database().await;
    let store = db.store().await;
    for number in 0..5 {
        store
            .create(KIND, policy(&format!("p{number}"), 0))
            .await
            .unwrap();
    }
    let none = store.changes(Kind::AwsTarget, 1, 10).await.unwrap();
    assert_eq!((none.changes.len(), none.resource_version), (0, 6));
    let some = store.changes(KIND, 1, 2).await.unwrap();
    assert_eq!((some.changes.len(), some.resource_version), (2, 3));
    let rest = store.changes(None, 3, 3).await.unwrap();
    assert_eq!((rest.changes.len(), rest.resource_version), (3, 6));
    let end = store.changes(None, 6, 3).await.unwrap();
    assert_eq!((end.changes.len(), end.resource_version), (0, 6));
}

#[tokio::test]
async fn an_object_that_leaves_a_selector_is_told_as_deleted() {
    let db = postgres::database().await;
    let store = db.store().await;
    let labelled = |team: &str| json!({"metadata": {"name": "a", "labels": {"team": team}}});
    store.create(KIND, labelled("red")).await.unwrap();
    store
        .update(KIND, "a", Update::object(labelled("blue")))
        .await
        .unwrap();
    store
        .update(KIND, "a", Update::status(json!({"status": {"x": 1}})))
        .await
        .unwrap();
    store
        .update(KIND, "a", Update::object(labelled("red")))
        .await
        .unwrap();
    store
        .delete(KIND, "a", &Preconditions::default())
        .await
        .unwrap();
    let changes = store.changes(KIND, 1, 10).await.unwrap().changes;
    let seen = |selector: &str| -> Vec<Option<ChangeType>> {
        let selector = LabelSelector::parse(selector).unwrap();
        changes
            .iter()
            .map(|change| change.seen_through(&selector))
            .collect()
    };
    let (added, modified, deleted) = (
        Some(ChangeType::Added),
        Some(ChangeType::Modified),
        Some(ChangeType::Deleted),
    );
    assert_eq!(seen("team=red"), [added, deleted, None, added, deleted]);
    assert_eq!(seen("team=blue"), [None, added, modified, deleted, None]);
    assert_eq!(seen(""), [added, modified, modified, modified, deleted]);
    assert_eq!(seen("team=green"), [None; 5]);
}

#[tokio::test]
async fn a_request_for_compacted_or_future_changes_must_list_again() {
    let db = postgres::database().await;
    let store = db.store().await;
    store.create(KIND, policy("a", 0)).await.unwrap();
    for number in 1..20 {
        store
            .update(KIND, "a", Update::object(policy("a", number)))
            .await
            .unwrap();
    }
    let keep_five = Retention {
        changes_rows_min: 2,
        changes_rows_max: 5,
        ..Default::default()
    };
    let removed = store.maintain(&keep_five).await.unwrap();
    assert_eq!(
        removed,
        Removed {
            changes: 15,
            ..Removed::default()
        }
    );
    let newest = store.current_resource_version().await.unwrap();
    assert_eq!(newest, 21);
    let error = store.changes(KIND, newest - 6, 10).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Expired {
                requested: 15,
                oldest: 16,
                newest: 21
            }
        ),
        "{error}"
    );
    let page = store.changes(KIND, newest - 5, 10).await.unwrap();
    assert_eq!(page.changes.len(), 5);
    let error = store.changes(KIND, newest + 1, 10).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Expired { .. }),
        "commits were lost"
    );
    assert_eq!(
        store.maintain(&keep_five).await.unwrap(),
        Removed::default()
    );
}

#[tokio::test]
async fn a_sequence_of_pages_ends_where_its_revision_is_compacted() {
    let db = postgres::database().await;
    let store = db.store().await;
    for name in ["a", "b", "c", "d"] {
        store.create(KIND, policy(name, 0)).await.unwrap();
    }
    let mut options = ListOptions {
        limit: Some(1),
        ..Default::default()
    };
    let first = store.list(KIND, &options).await.unwrap();
    options.continue_token = first.continue_token;
    for number in 1..4 {
        store
            .update(KIND, "a", Update::object(policy("a", number)))
            .await
            .unwrap();
    }
    let keep_enough = Retention {
        changes_rows_max: 3,
        ..Default::default()
    };
    store.maintain(&keep_enough).await.unwrap();
    assert!(
        store.list(KIND, &options).await.is_ok(),
        "a watch from there still misses nothing"
    );
    let keep_less = Retention {
        changes_rows_max: 2,
        ..Default::default()
    };
    store.maintain(&keep_less).await.unwrap();
    let error = store.list(KIND, &options).await.unwrap_err();
    assert!(matches!(error, StoreError::Expired { .. }), "{error}");
}

#[tokio::test]
async fn hints_reach_other_replicas_and_status_wakes_no_spec_watchers() {
    let db = postgres::database().await;
    let (writer, reader) = (db.store().await, db.store().await);
    let mut everything = reader.subscribe().await.unwrap();
    let mut desired = reader.subscribe_desired().await.unwrap();
    writer.create(KIND, policy("a", 0)).await.unwrap();
    let reached = |value: i64| move |known: &i64| *known >= value;
    timeout(DEADLINE, everything.wait_for(reached(2)))
        .await
        .unwrap()
        .unwrap();
    timeout(DEADLINE, desired.wait_for(reached(2)))
        .await
        .unwrap()
        .unwrap();

    writer
        .update(KIND, "a", Update::status(json!({"status": {"x": 1}})))
        .await
        .unwrap();
    let lease = lease(&writer).await;
    let generated = [generated("w")];
    writer
        .apply_generated(&lease, Kind::Workload, &generated, &[])
        .await
        .unwrap();
    timeout(DEADLINE, everything.wait_for(reached(4)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(*desired.borrow(), 2);
    assert_eq!(reader.head().await.unwrap().desired, 2);
}

fn generated(name: &str) -> GeneratedObject {
    GeneratedObject {
        name: name.to_owned(),
        labels: json!({}),
        spec: json!({"service": name}),
        status: None,
    }
}

#[tokio::test]
async fn a_new_timeline_makes_old_revisions_recognisable() {
    let db = postgres::database().await;
    let store = db.store().await;
    let before = store.timeline().await.unwrap();
    assert_eq!(store.timeline().await.unwrap(), before);
    let after = store.renew_timeline().await.unwrap();
    assert_ne!(after, before);
    assert_eq!(store.head().await.unwrap().timeline, after);
}

#[tokio::test]
async fn the_newest_changes_stay_whatever_their_age() {
    let db = postgres::database().await;
    let store = db.store().await;
    for number in 0..5 {
        store
            .create(KIND, policy(&format!("p{number}"), 0))
            .await
            .unwrap();
    }
    let newest = store.current_resource_version().await.unwrap();
    let keep_none = Retention {
        changes_rows_min: 2,
        changes_age_max: Duration::ZERO,
        ..Default::default()
    };
    store.maintain(&keep_none).await.unwrap();
    assert!(
        store.changes(KIND, newest - 2, 10).await.is_ok(),
        "the newest stay whatever their age"
    );
    assert!(store.changes(KIND, newest - 3, 10).await.is_err());
}
