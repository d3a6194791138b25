//! Connecting to the database and migrating its schema.

use firelens_store::{Store, StoreConfig, StoreError};
use firelens_tests::postgres;
use tokio::time::{Instant, timeout};

use crate::{DEADLINE, KIND, create, policy, version};

#[tokio::test]
async fn migrating_twice_and_at_once_does_no_harm() {
    let db = postgres::database().await;
    let (one_store, other_store) = (db.store().await, db.store().await);
    let both = async { tokio::join!(one_store.migrate(), other_store.migrate()) };
    let (first, second) = timeout(DEADLINE, both).await.unwrap();
    first.unwrap();
    second.unwrap();
    one_store.ping().await.unwrap();
    assert_eq!(one_store.current_resource_version().await.unwrap(), 1);
}

#[tokio::test]
async fn an_unreachable_database_is_unavailable_and_its_password_stays_hidden() {
    let config = StoreConfig::new("postgres://me:hunter2@127.0.0.1:1/none");
    let error = Store::connect(&config).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Unavailable {
                maybe_done: false,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!format!("{config:?} {error:?} {error}").contains("hunter2"));
    let odd = StoreConfig::new("postgres://me:hunter2@host:port/none");
    let error = Store::connect(&odd).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}

#[tokio::test]
async fn after_a_failover_calls_and_hints_go_on() {
    let db = postgres::database().await;
    let (store, other) = (db.store().await, db.store().await);
    let mut hints = store.subscribe().await.unwrap();
    create(&store, policy("a")).await;
    db.cut_connections().await;
    let cut_at = Instant::now();
    // Each connection that was cut fails one call at most, with an error that can be retried.
    while let Err(error) = store.ping().await {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert!(cut_at.elapsed() < DEADLINE, "connections are made anew");
    }
    while let Err(error) = other.ping().await {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert!(cut_at.elapsed() < DEADLINE, "connections are made anew");
    }
    let written = version(&create(&other, policy("b")).await);
    let hint = timeout(DEADLINE, hints.wait_for(|newest| *newest >= written));
    hint.await.expect("hints go on").unwrap();
    assert!(store.get(KIND, "b").await.unwrap().is_some());
}
