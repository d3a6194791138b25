//! The id of the installation: created once, and changed only on request.

use firelens_store::{InstallationNamed, StoreError};
use firelens_tests::postgres;

#[tokio::test]
async fn an_installation_gets_one_id_that_all_replicas_share() {
    let db = postgres::database().await;
    let (one_store, other_store) = (db.store().await, db.store().await);
    let (first, second) = tokio::join!(one_store.installation(), other_store.installation());
    let id = first.unwrap();
    assert_eq!(id, second.unwrap());
    assert_eq!(id.len(), 12, "{id}");
    assert_eq!(one_store.installation().await.unwrap(), id);
}

#[tokio::test]
async fn an_installation_id_changes_only_when_replacement_is_requested() {
    let db = postgres::database().await;
    let store = db.store().await;
    let name = |id: &'static str, replace| store.name_installation(id, replace);
    assert_eq!(name("east", false).await.unwrap(), InstallationNamed::Same);
    assert_eq!(name("east", false).await.unwrap(), InstallationNamed::Same);
    let kept = "east".to_owned();
    assert_eq!(
        name("west", false).await.unwrap(),
        InstallationNamed::Differs { kept }
    );
    assert_eq!(store.installation().await.unwrap(), "east");
    let before = "east".to_owned();
    assert_eq!(
        name("west", true).await.unwrap(),
        InstallationNamed::Replaced { before }
    );
    assert_eq!(store.installation().await.unwrap(), "west");
    let refused = name("No Id", true).await.unwrap_err();
    assert!(matches!(refused, StoreError::Invalid { .. }), "{refused:?}");
}
