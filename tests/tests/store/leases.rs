//! Leases, and the fence around everything that the controller writes.

use std::slice;
use std::time::Duration;

use firelens_store::{Expected, Lease, Store, StoreError};
use firelens_tests::postgres;
use firelens_types::v1alpha1::Kind;
use serde_json::json;
use tokio::time::Instant;

use crate::DEADLINE;
use crate::generated::workload;
use crate::records::{intent, record, resource};

const SHORT: Duration = Duration::from_millis(50);

/// Tries until the lease is free.
async fn wait_for(store: &Store, name: &str, holder: &str) -> Lease {
    let begun = Instant::now();
    loop {
        if let Some(lease) = store.acquire_lease(name, holder, DEADLINE).await.unwrap() {
            return lease;
        }
        assert!(begun.elapsed() < DEADLINE, "the lease runs out");
    }
}

/// A lease that was lost to another holder.
async fn lost_lease(store: &Store) -> Lease {
    let lost = store
        .acquire_lease("target/t", "old", SHORT)
        .await
        .unwrap()
        .unwrap();
    wait_for(store, "target/t", "new").await;
    lost
}

#[tokio::test]
async fn a_lease_has_one_holder_and_each_raises_its_epoch() {
    let db = postgres::database().await;
    let (store, other) = (db.store().await, db.store().await);
    let contenders = (0..10).map(|number| {
        let store = if number % 2 == 0 { &store } else { &other };
        let holder = format!("holder-{number}");
        async move { store.acquire_lease("a", &holder, DEADLINE).await.unwrap() }
    });
    let held: Vec<Lease> = futures::future::join_all(contenders)
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(held.len(), 1);
    let first = &held[0];
    assert_eq!(first.epoch, 1);
    assert!(first.remaining() > DEADLINE / 2 && first.remaining() <= DEADLINE);
    assert!(
        store
            .acquire_lease("a", &first.holder, DEADLINE)
            .await
            .unwrap()
            .is_none()
    );
    let holders = other.lease_holders().await.unwrap();
    assert_eq!((holders.len(), &holders[0].holder), (1, &first.holder));
    assert!(
        store
            .acquire_lease("b", "x", DEADLINE)
            .await
            .unwrap()
            .is_some(),
        "another is free"
    );

    let renewed = store.renew_lease(first).await.unwrap();
    assert_eq!(renewed.epoch, 1);
    assert!(renewed.remaining() >= first.remaining());
    store.release_lease(&renewed).await.unwrap();
    let second = other
        .acquire_lease("a", "x", DEADLINE)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.epoch, 2);
    let error = store.renew_lease(&renewed).await.unwrap_err();
    assert!(matches!(error, StoreError::Fenced { epoch: 1, .. }));
    store.release_lease(&renewed).await.unwrap();
    assert!(
        other.renew_lease(&second).await.is_ok(),
        "a lost lease releases nothing"
    );
}

#[tokio::test]
async fn an_expired_lease_goes_to_another_and_cannot_be_renewed() {
    let db = postgres::database().await;
    let store = db.store().await;
    let first = store
        .acquire_lease("a", "one", SHORT)
        .await
        .unwrap()
        .unwrap();
    let second = wait_for(&store, "a", "two").await;
    assert_eq!(second.epoch, first.epoch + 1);
    assert_eq!(first.remaining(), Duration::ZERO);
    assert!(matches!(
        store.renew_lease(&first).await,
        Err(StoreError::Fenced { .. })
    ));
}

#[tokio::test]
async fn nothing_is_written_under_a_lost_lease() {
    let db = postgres::database().await;
    let store = db.store().await;
    store
        .create(Kind::AwsTarget, json!({"metadata": {"name": "t"}}))
        .await
        .unwrap();
    let before = store.head().await.unwrap();
    let lost = lost_lease(&store).await;
    let record = record("s");
    let resource = resource("k");
    let intent = intent("h", 0);
    let none = Expected::default();
    let answers: Vec<Result<(), StoreError>> = vec![
        store
            .apply_generated(&lost, Kind::Workload, &[workload(1)], &[])
            .await
            .map(|_| ()),
        store
            .apply_generated(&lost, Kind::Workload, &[], &["x".to_owned()])
            .await
            .map(|_| ()),
        store
            .write_status_fenced(&lost, Kind::AwsTarget, "t", &none, json!({"a": 1}))
            .await
            .map(|_| ()),
        store
            .remove_finalizer_fenced(&lost, Kind::AwsTarget, "t", "u", "f")
            .await
            .map(|_| ()),
        store.put_records(&lost, slice::from_ref(&record)).await,
        store.delete_records(&lost, &[record.key]).await,
        store.record_intents(&lost, slice::from_ref(&intent)).await,
        store.close_intent(&lost, "t", &intent.id).await,
        store
            .put_resources(&lost, slice::from_ref(&resource))
            .await
            .map(drop),
        store
            .release_resource(&lost, "t", &resource.id)
            .await
            .map(|_| ()),
        store.delete_resources(&lost, "t", &[resource.id]).await,
    ];
    for answer in answers {
        assert!(
            matches!(answer, Err(StoreError::Fenced { .. })),
            "{answer:?}"
        );
    }
    assert_eq!(store.head().await.unwrap(), before);
    assert!(store.records("t").await.unwrap().is_empty());
    assert!(store.open_intents("t").await.unwrap().is_empty());
    assert!(store.resources("t").await.unwrap().is_empty());
}
