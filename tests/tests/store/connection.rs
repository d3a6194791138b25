//! Reaching the database and bringing its schema up to date.

use firelens_store::{Store, StoreConfig, StoreError};
use firelens_tests::postgres;
use tokio::time::timeout;

use crate::DEADLINE;

#[tokio::test]
async fn migrating_twice_and_at_once_does_no_harm() {
    let db = postgres::database().await;
    let (one, two) = (db.store().await, db.store().await);
    let both = async { tokio::join!(one.migrate(), two.migrate()) };
    let (first, second) = timeout(DEADLINE, both).await.unwrap();
    first.unwrap();
    second.unwrap();
    one.ping().await.unwrap();
    assert_eq!(one.current_resource_version().await.unwrap(), 1);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unavailable_and_no_password_is_shown() {
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
