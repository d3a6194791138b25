//! Resources in AWS that two targets own.

use std::slice;

use firelens_aws::record::{OwnedResource, ResourceId};
use firelens_store::{Lease, Release, Store};
use firelens_tests::postgres;
use firelens_types::v1alpha1::Kind;
use serde_json::json;

use crate::DEADLINE;
use crate::records::resource;

async fn lease(store: &Store, target: &str) -> Lease {
    let name = format!("target/{target}");
    let lease = store.acquire_lease(&name, "me", DEADLINE).await.unwrap();
    lease.expect("nobody holds it")
}

fn object(target: &str, key: &str) -> OwnedResource {
    OwnedResource {
        target: target.to_owned(),
        ..resource(key)
    }
}

fn role_policy(target: &str) -> OwnedResource {
    OwnedResource {
        id: ResourceId::RolePolicy {
            role: "web-task".to_owned(),
            policy_name: "firelens-all".to_owned(),
        },
        ..object(target, "")
    }
}

async fn create_target(store: &Store, name: &str, account: &str) {
    let target = json!({
        "apiVersion": "firelens.dev/v1alpha1", "kind": "AwsTarget", "metadata": {"name": name},
        "spec": {"accountId": account, "region": "us-east-1"},
    });
    let _ = store.create(Kind::AwsTarget, target).await.unwrap();
}

async fn put(store: &Store, lease: &Lease, resource: &OwnedResource) -> bool {
    let going = store.put_resources(lease, slice::from_ref(resource)).await;
    going.unwrap().is_empty()
}

async fn release(store: &Store, lease: &Lease, resource: &OwnedResource) -> Release {
    let target = &resource.target;
    let released = store.release_resource(lease, target, &resource.id).await;
    released.unwrap()
}

#[tokio::test]
async fn a_shared_object_is_deleted_with_its_last_owner() {
    let db = postgres::database().await;
    let store = db.store().await;
    let (east, west) = (lease(&store, "east").await, lease(&store, "west").await);
    let (of_east, of_west) = (object("east", "k"), object("west", "k"));
    assert!(put(&store, &east, &of_east).await && put(&store, &west, &of_west).await);
    assert_eq!(release(&store, &east, &of_east).await, Release::Kept);
    assert!(store.resources("east").await.unwrap().is_empty());
    assert_eq!(
        store.resources("west").await.unwrap(),
        std::slice::from_ref(&of_west)
    );
    assert_eq!(release(&store, &west, &of_west).await, Release::Remove);
}

#[tokio::test]
async fn nobody_begins_to_rely_on_what_another_target_is_removing() {
    let db = postgres::database().await;
    let store = db.store().await;
    let (east, west) = (lease(&store, "east").await, lease(&store, "west").await);
    let mut of_east = object("east", "k");
    of_east.verified_at = Some(jiff::Timestamp::UNIX_EPOCH);
    let of_west = object("west", "k");
    assert!(put(&store, &east, &of_east).await);
    assert_eq!(release(&store, &east, &of_east).await, Release::Remove);
    let other = object("west", "another");
    let both = [of_west.clone(), other.clone()];
    let going = store.put_resources(&west, &both).await.unwrap();
    assert_eq!(going, slice::from_ref(&of_west.id));
    assert_eq!(store.resources("west").await.unwrap(), [other]);
    // A process that died there: what its target still remembers has to be looked at.
    assert_eq!(store.resources("east").await.unwrap()[0].verified_at, None);
    let id = slice::from_ref(&of_east.id);
    store.delete_resources(&east, "east", id).await.unwrap();
    assert!(put(&store, &west, &of_west).await);

    // Who wants it again after all ends its own removal.
    assert_eq!(release(&store, &west, &of_west).await, Release::Remove);
    assert!(put(&store, &west, &of_west).await);
    assert!(put(&store, &east, &of_east).await);
    assert_eq!(release(&store, &west, &of_west).await, Release::Kept);
}

#[tokio::test]
async fn a_role_policy_is_shared_within_an_account_only() {
    let db = postgres::database().await;
    let store = db.store().await;
    for (name, account) in [
        ("east", "111122223333"),
        ("west", "111122223333"),
        ("other", "444455556666"),
    ] {
        create_target(&store, name, account).await;
        let lease = lease(&store, name).await;
        assert!(put(&store, &lease, &role_policy(name)).await);
    }
    let release = async |target: &str| {
        let lease = lease(&store, &format!("release-{target}")).await;
        release(&store, &lease, &role_policy(target)).await
    };
    assert_eq!(release("other").await, Release::Remove);
    assert_eq!(release("east").await, Release::Kept);
    assert_eq!(release("west").await, Release::Remove);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_owners_claim_and_release_at_once_only_one_succeeds() {
    const ROUNDS: usize = 60;
    let db = postgres::database().await;
    let store = db.store().await;
    let (east, west) = (lease(&store, "east").await, lease(&store, "west").await);
    let (mut came, mut went) = (0, 0);
    for round in 0..ROUNDS {
        let key = format!("k{round}");
        let (of_east, of_west) = (object("east", &key), object("west", &key));
        assert!(put(&store, &east, &of_east).await);
        let (released, kept) = if round % 2 == 0 {
            tokio::join!(
                release(&store, &east, &of_east),
                put(&store, &west, &of_west)
            )
        } else {
            let (kept, released) = tokio::join!(
                put(&store, &west, &of_west),
                release(&store, &east, &of_east)
            );
            (released, kept)
        };
        assert_eq!(kept, released == Release::Kept, "round {round}");
        came += usize::from(kept);
        went += usize::from(!kept);
    }
    assert_eq!(came + went, ROUNDS);
}
