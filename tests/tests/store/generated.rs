//! What the controller writes into objects.

use firelens_store::{Applied, Expected, GeneratedObject, Preconditions, StoreError, Update};
use firelens_tests::postgres;
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

use crate::{KIND, lease, policy};

pub(crate) fn workload(number: usize) -> GeneratedObject {
    GeneratedObject {
        name: format!("t.c.s{number:04}"),
        labels: json!({"firelens.dev/target": "t"}),
        spec: json!({"service": number}),
        status: Some(json!({"state": "Ready"})),
    }
}

#[tokio::test]
async fn a_fleet_of_generated_objects_is_written_once() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let wanted: Vec<GeneratedObject> = (0..1203).map(workload).collect();
    let first = store
        .apply_generated(&lease, Kind::Workload, &wanted, &[])
        .await
        .unwrap();
    assert_eq!(
        first,
        Applied {
            created: 1203,
            ..Applied::default()
        }
    );
    let after_first = store.current_resource_version().await.unwrap();
    assert_eq!(after_first, 1 + 1203, "one revision per object");
    let second = store
        .apply_generated(&lease, Kind::Workload, &wanted, &[])
        .await
        .unwrap();
    assert_eq!(
        second,
        Applied {
            unchanged: 1203,
            ..Applied::default()
        }
    );
    assert_eq!(store.current_resource_version().await.unwrap(), after_first);
}

#[tokio::test]
async fn generated_objects_are_written_only_where_they_differ() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let mut wanted: Vec<GeneratedObject> = (0..6).map(workload).collect();
    store
        .apply_generated(&lease, Kind::Workload, &wanted, &[])
        .await
        .unwrap();
    let before = store.current_resource_version().await.unwrap();

    wanted[1].status = Some(json!({"state": "Failed"}));
    wanted[2].spec = json!({"service": "other"});
    wanted[3].status = None;
    let gone = vec![wanted[5].name.clone(), "was-never-there".to_owned()];
    let done = store
        .apply_generated(&lease, Kind::Workload, &wanted[..5], &gone)
        .await
        .unwrap();
    assert_eq!(
        done,
        Applied {
            created: 0,
            updated: 3,
            unchanged: 2,
            deleted: 1
        }
    );

    let read = async |number: usize| {
        store
            .get(Kind::Workload, &workload(number).name)
            .await
            .unwrap()
    };
    let reported = read(1).await.unwrap();
    assert_eq!(reported["status"]["state"], "Failed");
    assert_eq!(reported["metadata"]["generation"], 1);
    assert_eq!(read(2).await.unwrap()["metadata"]["generation"], 2);
    assert_eq!(read(3).await.unwrap().get("status"), None);
    assert_eq!(read(5).await, None);
    let changes = store
        .changes(Kind::Workload, before, 10)
        .await
        .unwrap()
        .changes;
    let types: Vec<&str> = changes
        .iter()
        .map(|change| change.change_type.name())
        .collect();
    assert_eq!(types, ["MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]);
}

fn state_of(object: &Value) -> Expected {
    let text = |member: &str| object["metadata"][member].as_str().map(str::to_owned);
    Expected {
        uid: text("uid"),
        generation: object["metadata"]["generation"].as_i64(),
        resource_version: text("resourceVersion"),
    }
}

#[tokio::test]
async fn a_status_is_written_once() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let object = store.create(KIND, policy("p")).await.unwrap();
    let status = json!({"matched": 2});
    let write = async |expected: &Expected| {
        store
            .write_status_fenced(&lease, KIND, "p", expected, status.clone())
            .await
    };
    let written = write(&state_of(&object)).await.unwrap();
    assert_eq!(written["status"], status);
    assert_eq!(written["spec"], object["spec"]);
    let again = write(&state_of(&written)).await.unwrap();
    assert_eq!(again, written, "the same status writes nothing");
}

#[tokio::test]
async fn a_status_worked_out_for_another_state_is_refused() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let seen = store.create(KIND, policy("p")).await.unwrap();
    let mut wanted = seen.clone();
    wanted["spec"]["priority"] = json!(2);
    store
        .update(KIND, "p", Update::object(wanted))
        .await
        .unwrap();
    let seen = state_of(&seen);
    let stale = [
        (
            "uid",
            Expected {
                uid: Some("other".to_owned()),
                ..Expected::default()
            },
        ),
        (
            "generation",
            Expected {
                generation: seen.generation,
                ..Expected::default()
            },
        ),
        (
            "resourceVersion",
            Expected {
                resource_version: seen.resource_version,
                ..Expected::default()
            },
        ),
    ];
    for (expected_field, expected) in stale {
        let answer = store
            .write_status_fenced(&lease, KIND, "p", &expected, json!({}))
            .await;
        let Err(StoreError::Conflict { field, .. }) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(field, expected_field);
    }
    let gone = store
        .write_status_fenced(&lease, KIND, "q", &Expected::default(), json!({}))
        .await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn an_object_is_deleted_when_its_last_finalizer_is_removed() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let kind = Kind::LoggingPolicy;
    let object = json!({"metadata": {"name": "p", "finalizers": ["ours", "theirs"]}});
    let object = store.create(kind, object).await.unwrap();
    let uid = object["metadata"]["uid"].as_str().unwrap().to_owned();
    store
        .delete(kind, "p", &Preconditions::default())
        .await
        .unwrap();
    let remove = async |name: &str, uid: &str, finalizer: &str| {
        store
            .remove_finalizer_fenced(&lease, kind, name, uid, finalizer)
            .await
    };
    let left = remove("p", &uid, "ours").await.unwrap().unwrap();
    assert_eq!(left["metadata"]["finalizers"], json!(["theirs"]));
    assert_eq!(remove("p", &uid, "ours").await.unwrap(), None);
    assert!(matches!(
        remove("p", "other", "theirs").await,
        Err(StoreError::Conflict { .. })
    ));
    assert!(remove("p", &uid, "theirs").await.unwrap().is_some());
    assert_eq!(store.get(kind, "p").await.unwrap(), None);
    assert_eq!(remove("p", &uid, "theirs").await.unwrap(), None);
}
