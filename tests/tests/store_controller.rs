//! What the controller keeps in the store: leases, fenced writes, records, task definitions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use firelens_core::record::{
    Intent, OwnedResource, PolicyRef, ResourceId, WorkloadKey, WorkloadRecord,
};
use firelens_core::v1alpha1::Kind;
use firelens_store::{
    Applied, Expected, GeneratedObject, Lease, Retention, Store, StoreError, Update,
};
use firelens_tests::postgres;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);
const DEADLINE: Duration = Duration::from_secs(30);

/// Tries until the lease is free.
async fn wait_for(store: &Store, name: &str, holder: &str) -> Lease {
    let begun = Instant::now();
    loop {
        if let Some(lease) = store.acquire_lease(name, holder, LONG).await.unwrap() {
            return lease;
        }
        assert!(begun.elapsed() < DEADLINE, "the lease runs out");
    }
}

async fn lease(store: &Store) -> Lease {
    store.acquire_lease("target/t", "me", LONG).await.unwrap().expect("nobody holds it")
}

/// A lease that was lost to another holder.
async fn lost_lease(store: &Store) -> Lease {
    let lost = store.acquire_lease("target/t", "old", SHORT).await.unwrap().unwrap();
    wait_for(store, "target/t", "new").await;
    lost
}

#[tokio::test]
async fn a_lease_has_one_holder_and_its_epoch_grows_with_each() {
    let db = postgres::database().await;
    let (store, other) = (db.store().await, db.store().await);
    let contenders = (0..10).map(|number| {
        let store = if number % 2 == 0 { &store } else { &other };
        let holder = format!("holder-{number}");
        async move { store.acquire_lease("a", &holder, LONG).await.unwrap() }
    });
    let held: Vec<Lease> =
        futures::future::join_all(contenders).await.into_iter().flatten().collect();
    assert_eq!(held.len(), 1);
    let first = &held[0];
    assert_eq!(first.epoch, 1);
    assert!(first.remaining() > LONG / 2 && first.remaining() <= LONG);
    assert!(store.acquire_lease("a", &first.holder, LONG).await.unwrap().is_none());
    let holders = other.lease_holders().await.unwrap();
    assert_eq!((holders.len(), &holders[0].holder), (1, &first.holder));
    assert!(store.acquire_lease("b", "x", LONG).await.unwrap().is_some(), "another is free");

    let renewed = store.renew_lease(first).await.unwrap();
    assert_eq!(renewed.epoch, 1);
    assert!(renewed.remaining() >= first.remaining());
    store.release_lease(&renewed).await.unwrap();
    let second = other.acquire_lease("a", "x", LONG).await.unwrap().unwrap();
    assert_eq!(second.epoch, 2);
    let error = store.renew_lease(&renewed).await.unwrap_err();
    assert!(matches!(error, StoreError::Fenced { epoch: 1, .. }));
    store.release_lease(&renewed).await.unwrap();
    assert!(other.renew_lease(&second).await.is_ok(), "a lost lease releases nothing");
}

#[tokio::test]
async fn a_lease_that_ran_out_goes_to_another_and_is_not_revived() {
    let db = postgres::database().await;
    let store = db.store().await;
    let first = store.acquire_lease("a", "one", SHORT).await.unwrap().unwrap();
    let second = wait_for(&store, "a", "two").await;
    assert_eq!(second.epoch, first.epoch + 1);
    assert_eq!(first.remaining(), Duration::ZERO);
    assert!(matches!(store.renew_lease(&first).await, Err(StoreError::Fenced { .. })));
}

fn workload(number: usize) -> GeneratedObject {
    GeneratedObject {
        name: format!("t.c.s{number:04}"),
        labels: json!({"firelens.dev/target": "t"}),
        spec: json!({"service": number}),
        status: Some(json!({"state": "Ready"})),
    }
}

#[tokio::test]
async fn generated_objects_are_written_only_where_they_differ() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let mut wanted: Vec<GeneratedObject> = (0..1203).map(workload).collect();
    let apply = async |objects: &[GeneratedObject], delete: &[String]| {
        store.apply_generated(&lease, Kind::Workload, objects, delete).await.unwrap()
    };
    let done = apply(&wanted, &[]).await;
    assert_eq!(done, Applied { created: 1203, ..Applied::default() });
    let after_first = store.current_resource_version().await.unwrap();
    assert_eq!(after_first, 1 + 1203, "one revision per object");
    let done = apply(&wanted, &[]).await;
    assert_eq!(done, Applied { unchanged: 1203, ..Applied::default() });
    assert_eq!(store.current_resource_version().await.unwrap(), after_first);

    wanted[3].status = Some(json!({"state": "Failed"}));
    wanted[700].spec = json!({"service": "other"});
    wanted[701].status = None;
    let gone = vec![wanted[1202].name.clone(), "was-never-there".to_owned()];
    let done = apply(&wanted[..1202], &gone).await;
    assert_eq!(done, Applied { created: 0, updated: 3, unchanged: 1199, deleted: 1 });
    let read = async |number: usize| store.get(Kind::Workload, &workload(number).name).await.unwrap();
    let reported = read(3).await.unwrap();
    assert_eq!(reported["status"]["state"], "Failed");
    assert_eq!(reported["metadata"]["generation"], 1);
    assert_eq!(read(700).await.unwrap()["metadata"]["generation"], 2);
    assert_eq!(read(701).await.unwrap().get("status"), None);
    assert_eq!(read(1202).await, None);
    let told = store.changes(Kind::Workload, after_first, 10).await.unwrap().changes;
    let types: Vec<&str> = told.iter().map(|change| change.change_type.name()).collect();
    assert_eq!(types, ["MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]);
}

#[tokio::test]
async fn nothing_is_written_under_a_lost_lease() {
    let db = postgres::database().await;
    let store = db.store().await;
    store.create(Kind::AwsTarget, json!({"metadata": {"name": "t"}})).await.unwrap();
    let before = store.head().await.unwrap();
    let lost = lost_lease(&store).await;
    let record = record("s");
    let resource = resource("k");
    let intent = intent("h", 0);
    let none = Expected::default();
    let answers: Vec<Result<(), StoreError>> = vec![
        store.apply_generated(&lost, Kind::Workload, &[workload(1)], &[]).await.map(|_| ()),
        store.apply_generated(&lost, Kind::Workload, &[], &["x".to_owned()]).await.map(|_| ()),
        store.write_status_fenced(&lost, Kind::AwsTarget, "t", &none, json!({"a": 1})).await.map(|_| ()),
        store.remove_finalizer_fenced(&lost, Kind::AwsTarget, "t", "u", "f").await.map(|_| ()),
        store.put_records(&lost, &[record.clone()]).await,
        store.delete_records(&lost, &[record.key]).await,
        store.record_intents(&lost, &[intent.clone()]).await,
        store.close_intent(&lost, "t", &intent.id).await,
        store.put_resources(&lost, &[resource.clone()]).await,
        store.delete_resources(&lost, "t", &[resource.id]).await,
    ];
    for answer in answers {
        assert!(matches!(answer, Err(StoreError::Fenced { .. })), "{answer:?}");
    }
    assert_eq!(store.head().await.unwrap(), before);
    assert!(store.records("t").await.unwrap().is_empty());
    assert!(store.open_intents("t").await.unwrap().is_empty());
    assert!(store.resources("t").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_status_is_written_over_the_object_it_was_worked_out_for() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let kind = Kind::LoggingPolicy;
    let object = store
        .create(kind, json!({"metadata": {"name": "p"}, "spec": {"priority": 1}}))
        .await
        .unwrap();
    let of = |object: &Value| Expected {
        uid: object["metadata"]["uid"].as_str().map(str::to_owned),
        generation: object["metadata"]["generation"].as_i64(),
        resource_version: object["metadata"]["resourceVersion"].as_str().map(str::to_owned),
    };
    let seen = of(&object);
    let status = json!({"matched": 2});
    let written = store.write_status_fenced(&lease, kind, "p", &seen, status.clone()).await.unwrap();
    assert_eq!(written["status"], status);
    let again = store.write_status_fenced(&lease, kind, "p", &of(&written), status.clone()).await;
    assert_eq!(again.unwrap(), written, "the same status writes nothing");
    let error = store.write_status_fenced(&lease, kind, "p", &seen, json!({})).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { field: "resourceVersion", .. }));

    let mut wanted = written.clone();
    wanted["spec"]["priority"] = json!(2);
    store.update(kind, "p", Update::object(wanted)).await.unwrap();
    let stale = Expected { generation: Some(1), ..Expected::default() };
    let error = store.write_status_fenced(&lease, kind, "p", &stale, json!({})).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { field: "generation", .. }));
    let other = Expected { uid: Some("other".to_owned()), ..Expected::default() };
    let error = store.write_status_fenced(&lease, kind, "p", &other, json!({})).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { field: "uid", .. }));
    let gone = store.write_status_fenced(&lease, kind, "q", &stale, json!({})).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_finalizer_is_taken_off_and_the_last_one_lets_the_object_go() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let kind = Kind::LoggingPolicy;
    let object = json!({"metadata": {"name": "p", "finalizers": ["ours", "theirs"]}});
    let object = store.create(kind, object).await.unwrap();
    let uid = object["metadata"]["uid"].as_str().unwrap().to_owned();
    store.delete(kind, "p", &firelens_store::Preconditions::default()).await.unwrap();
    let remove = async |name: &str, uid: &str, finalizer: &str| {
        store.remove_finalizer_fenced(&lease, kind, name, uid, finalizer).await
    };
    let left = remove("p", &uid, "ours").await.unwrap().unwrap();
    assert_eq!(left["metadata"]["finalizers"], json!(["theirs"]));
    assert_eq!(remove("p", &uid, "ours").await.unwrap(), None);
    assert!(matches!(remove("p", "other", "theirs").await, Err(StoreError::Conflict { .. })));
    assert!(remove("p", &uid, "theirs").await.unwrap().is_some());
    assert_eq!(store.get(kind, "p").await.unwrap(), None);
    assert_eq!(remove("p", &uid, "theirs").await.unwrap(), None);
}

fn record(service: &str) -> WorkloadRecord {
    let key = WorkloadKey {
        target: "t".to_owned(),
        cluster: "c".to_owned(),
        service: service.to_owned(),
    };
    WorkloadRecord::new(key)
}

fn intent(hash: &str, second: i64) -> Intent {
    Intent::register("t", "f", hash, jiff::Timestamp::from_second(second).unwrap())
}

fn resource(key: &str) -> OwnedResource {
    OwnedResource {
        target: "t".to_owned(),
        id: ResourceId::Object { bucket: "b".to_owned(), key: key.to_owned() },
        policy: PolicyRef { name: "p".to_owned(), uid: "u".to_owned(), generation: 3 },
        digest: "d".to_owned(),
        written_at: None,
        verified_at: None,
    }
}

#[tokio::test]
async fn records_intents_and_resources_come_back_as_they_were() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let mut first = record("one");
    let second = record("two");
    store.put_records(&lease, &[first.clone(), second.clone()]).await.unwrap();
    first.admitted = Some(resource("x").policy);
    first.overtaken = Some("arn:2".to_owned());
    store.put_records(&lease, &[second.clone(), first.clone(), first.clone()]).await.unwrap();
    let kept = store.records("t").await.unwrap();
    let expected = BTreeMap::from([(first.key.clone(), first.clone()), (second.key.clone(), second)]);
    assert_eq!(kept, expected);
    assert!(store.records("other").await.unwrap().is_empty());
    store.delete_records(&lease, &[first.key]).await.unwrap();
    assert_eq!(store.records("t").await.unwrap().len(), 1);

    let intents = [intent("1", 1), intent("2", 2)];
    store.record_intents(&lease, &intents).await.unwrap();
    assert_eq!(store.open_intents("t").await.unwrap(), intents);
    let intents = [intents[1].clone(), intent("1", 3)];
    store.record_intents(&lease, &intents[1..]).await.unwrap();
    assert_eq!(store.open_intents("t").await.unwrap(), intents, "recorded again, it is the latest");
    store.close_intent(&lease, "t", &intents[0].id).await.unwrap();
    store.close_intent(&lease, "other", &intents[1].id).await.unwrap();
    assert_eq!(store.open_intents("t").await.unwrap(), intents[1..]);

    let mut resources = [resource("a"), resource("b")];
    store.put_resources(&lease, &resources).await.unwrap();
    resources[1].written_at = Some(jiff::Timestamp::UNIX_EPOCH);
    store.put_resources(&lease, &resources).await.unwrap();
    assert_eq!(store.resources("t").await.unwrap(), resources);
    store.delete_resources(&lease, "t", &[resources[0].id.clone()]).await.unwrap();
    assert_eq!(store.resources("t").await.unwrap(), resources[1..]);
}

#[tokio::test]
async fn task_definitions_come_back_word_for_word_until_nobody_asks_any_more() {
    let db = postgres::database().await;
    let store = db.store().await;
    let odd = "{ \"taskDefinition\" : {\"x\":1.50,  \"x\":2, \"u\":\"\\u0000\"}}";
    let mut documents: BTreeMap<String, String> =
        (0..600).map(|n| (format!("arn:{n}"), format!("{{\"revision\":{n}}}"))).collect();
    documents.insert("arn:odd".to_owned(), odd.to_owned());
    store.put_task_definitions(&documents).await.unwrap();
    let mut arns: Vec<String> = documents.keys().cloned().collect();
    arns.push("arn:unknown".to_owned());
    assert_eq!(store.task_definitions(&arns).await.unwrap(), documents);
    store
        .put_task_definitions(&BTreeMap::from([("arn:1".to_owned(), "new".to_owned())]))
        .await
        .unwrap();
    let one = ["arn:1".to_owned()];
    assert_eq!(store.task_definitions(&one).await.unwrap()["arn:1"], "new");
    assert_eq!(store.maintain(&Retention::default()).await.unwrap().task_definitions, 0);
    let keep_none = Retention { task_definitions_unused_max: Duration::ZERO, ..Default::default() };
    assert_eq!(store.maintain(&keep_none).await.unwrap().task_definitions, 601);
    assert!(store.task_definitions(&one).await.unwrap().is_empty());
}

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
    let config = firelens_store::StoreConfig::new("postgres://me:hunter2@127.0.0.1:1/none");
    let error = Store::connect(&config).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { maybe_done: false, .. }), "{error:?}");
    assert!(!format!("{config:?} {error:?} {error}").contains("hunter2"));
    let odd = firelens_store::StoreConfig::new("postgres://me:hunter2@host:port/none");
    let error = Store::connect(&odd).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}
