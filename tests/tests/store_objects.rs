//! Objects in the store behave as the Kubernetes API conventions have it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firelens_core::v1alpha1::Kind;
use firelens_store::{
    ChangeType, Deleted, LabelSelector, ListOptions, Preconditions, Store, StoreError, Update,
};
use firelens_tests::postgres;
use serde_json::{Value, json};

const KIND: Kind = Kind::LoggingPolicy;

fn policy(name: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"app": name}}, "spec": {"mode": "Audit", "priority": 1}})
}

fn version(object: &Value) -> i64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

async fn create(store: &Store, object: Value) -> Value {
    store.create(KIND, object).await.unwrap()
}

#[tokio::test]
async fn a_created_object_has_an_identity_and_comes_back_in_the_order_it_was_written() {
    let db = postgres::database().await;
    let store = db.store().await;
    let written = json!({
        "metadata": {"name": "a", "uid": "mine", "generation": 7, "resourceVersion": "9",
                     "annotations": {"z": "1", "a": "2"}},
        "spec": {"zebra": 1, "apple": {"y": 1, "b": 2}},
        "status": {"made": "up"},
    });
    let created = create(&store, written).await;
    assert_eq!(created["apiVersion"], "firelens.dev/v1alpha1");
    assert_eq!(created["kind"], "LoggingPolicy");
    assert_eq!(created["metadata"]["generation"], 1);
    assert_ne!(created["metadata"]["uid"], "mine");
    assert!(created.get("status").is_none());
    let at: jiff::Timestamp =
        created["metadata"]["creationTimestamp"].as_str().unwrap().parse().unwrap();
    assert!(jiff::Timestamp::now().duration_since(at).as_secs().abs() < 60);
    let read = store.get(KIND, "a").await.unwrap().unwrap();
    assert_eq!(read, created);
    assert_eq!(read["spec"].to_string(), r#"{"zebra":1,"apple":{"y":1,"b":2}}"#);
    assert_eq!(version(&read), store.current_resource_version().await.unwrap());
    assert_eq!(store.get(Kind::AwsTarget, "a").await.unwrap(), None);
}

#[tokio::test]
async fn a_name_is_taken_once_and_can_be_generated() {
    let db = postgres::database().await;
    let store = db.store().await;
    create(&store, policy("a")).await;
    let before = store.current_resource_version().await.unwrap();
    let error = store.create(KIND, policy("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::AlreadyExists { name, .. } if name == "a"));
    assert_eq!(store.current_resource_version().await.unwrap(), before, "no revision is lost");
    store.create(Kind::LogDestination, policy("a")).await.unwrap();

    let generated = create(&store, json!({"metadata": {"generateName": "roll-"}})).await;
    let name = generated["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("roll-") && name.len() == 10, "{name}");
    let error = store.create(KIND, json!({"metadata": {}})).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field, .. } if field == "metadata.name"));
}

#[tokio::test]
async fn an_update_over_another_version_is_a_conflict_and_writes_nothing() {
    let db = postgres::database().await;
    let store = db.store().await;
    let first = create(&store, policy("a")).await;
    let mut wanted = first.clone();
    wanted["spec"]["mode"] = json!("Enforce");
    let seen = first["metadata"]["resourceVersion"].as_str().unwrap();
    let second =
        store.update(KIND, "a", Update::object(wanted.clone()).over(seen)).await.unwrap();
    assert_eq!(second["metadata"]["generation"], 2);

    wanted["spec"]["mode"] = json!("Audit");
    let error = store.update(KIND, "a", Update::object(wanted.clone()).over(seen)).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { field: "resourceVersion", .. }), "{error}");
    let mut update = Update::object(wanted.clone());
    update.expected_uid = Some("another".to_owned());
    let error = store.update(KIND, "a", update).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { field: "uid", .. }));
    assert_eq!(store.get(KIND, "a").await.unwrap().unwrap(), second);
    let error = store.update(KIND, "b", Update::object(wanted)).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }));
}

#[tokio::test]
async fn of_many_who_update_one_version_exactly_one_wins() {
    let db = postgres::database().await;
    let store = db.store().await;
    let first = create(&store, policy("a")).await;
    let seen = first["metadata"]["resourceVersion"].as_str().unwrap();
    let attempts = (0..12).map(|priority| {
        let mut wanted = first.clone();
        wanted["spec"]["priority"] = json!(priority + 100);
        store.update(KIND, "a", Update::object(wanted).over(seen))
    });
    let answers = futures::future::join_all(attempts).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let conflicts = answers.iter().filter(|a| matches!(a, Err(StoreError::Conflict { .. })));
    assert_eq!(conflicts.count(), 11);
}

#[tokio::test]
async fn unchanged_content_writes_nothing() {
    let db = postgres::database().await;
    let store = db.store().await;
    let first = create(&store, policy("a")).await;
    let again = json!({"spec": {"priority": 1, "mode": "Audit"},
                       "metadata": {"labels": {"app": "a"}, "name": "a", "uid": "ignored"}});
    assert_eq!(store.update(KIND, "a", Update::object(again)).await.unwrap(), first);
    let with_status = store
        .update(KIND, "a", Update::status(json!({"status": {"matched": 1}})))
        .await
        .unwrap();
    assert_eq!(version(&with_status), version(&first) + 1);
    let same = store.update(KIND, "a", Update::status(json!({"status": {"matched": 1}}))).await;
    assert_eq!(same.unwrap(), with_status);
    assert_eq!(store.current_resource_version().await.unwrap(), version(&with_status));
}

#[tokio::test]
async fn each_part_leaves_the_other_alone_and_only_spec_counts_a_generation() {
    let db = postgres::database().await;
    let store = db.store().await;
    create(&store, policy("a")).await;
    let status = json!({"spec": {"mode": "Enforce"}, "metadata": {"labels": {"no": "no"}},
                        "status": {"matched": 3}});
    let reported = store.update(KIND, "a", Update::status(status)).await.unwrap();
    assert_eq!(reported["spec"]["mode"], "Audit");
    assert_eq!(reported["metadata"]["labels"], json!({"app": "a"}));
    assert_eq!(reported["metadata"]["generation"], 1);

    let mut labelled = policy("a");
    labelled["metadata"]["labels"] = json!({"team": "x"});
    labelled["status"] = json!({"matched": 99});
    let labelled = store.update(KIND, "a", Update::object(labelled)).await.unwrap();
    assert_eq!(labelled["status"], json!({"matched": 3}));
    assert_eq!(labelled["metadata"]["labels"], json!({"team": "x"}));
    assert_eq!(labelled["metadata"]["generation"], 1);
    assert_eq!(labelled["metadata"]["creationTimestamp"], reported["metadata"]["creationTimestamp"]);
}

#[tokio::test]
async fn finalizers_hold_a_deletion_until_the_last_is_gone() {
    let db = postgres::database().await;
    let store = db.store().await;
    let mut held = policy("a");
    held["metadata"]["finalizers"] = json!(["firelens.dev/restore"]);
    let held = create(&store, held).await;
    let none = Preconditions::default();

    let Deleted::Marked(marked) = store.delete(KIND, "a", &none).await.unwrap() else {
        panic!("finalizers hold it")
    };
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(marked["metadata"]["generation"], 2);
    assert_eq!(version(&marked), version(&held) + 1);
    let again = store.delete(KIND, "a", &none).await.unwrap();
    assert_eq!(again, Deleted::Marked(marked.clone()), "a second deletion changes nothing");

    let mut more = marked.clone();
    more["metadata"]["finalizers"] = json!(["firelens.dev/restore", "new"]);
    let error = store.update(KIND, "a", Update::object(more)).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field, .. } if field == "metadata.finalizers"));

    let mut free = marked.clone();
    free["metadata"]["finalizers"] = json!([]);
    free["metadata"]["deletionTimestamp"] = Value::Null;
    let gone = store.update(KIND, "a", Update::object(free)).await.unwrap();
    assert_eq!(gone["metadata"]["deletionTimestamp"], marked["metadata"]["deletionTimestamp"]);
    assert_eq!(store.get(KIND, "a").await.unwrap(), None);
    let told = store.changes(KIND, version(&marked), 10).await.unwrap();
    assert_eq!(told.changes.len(), 1);
    assert_eq!(told.changes[0].change_type, ChangeType::Deleted);
    assert_eq!(told.changes[0].object, gone);
}

#[tokio::test]
async fn a_deletion_minds_its_preconditions() {
    let db = postgres::database().await;
    let store = db.store().await;
    let object = create(&store, policy("a")).await;
    let other = Preconditions { uid: Some("other".to_owned()), resource_version: None };
    let error = store.delete(KIND, "a", &other).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { field: "uid", .. }));
    let old = Preconditions { uid: None, resource_version: Some("1".to_owned()) };
    assert!(matches!(store.delete(KIND, "a", &old).await, Err(StoreError::Conflict { .. })));
    let right = Preconditions {
        uid: object["metadata"]["uid"].as_str().map(str::to_owned),
        resource_version: object["metadata"]["resourceVersion"].as_str().map(str::to_owned),
    };
    let Deleted::Gone(gone) = store.delete(KIND, "a", &right).await.unwrap() else {
        panic!("nothing holds it")
    };
    assert_eq!(version(&gone), version(&object) + 1);
    let error = store.delete(KIND, "a", &right).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }));
    let again = create(&store, policy("a")).await;
    assert_ne!(again["metadata"]["uid"], object["metadata"]["uid"]);
}

#[tokio::test]
async fn a_dry_run_answers_as_if_and_leaves_no_trace() {
    let db = postgres::database().await;
    let store = db.store().await;
    let kept = create(&store, policy("kept")).await;
    let before = store.head().await.unwrap();
    let dry = store.dry_run();
    let made = dry.create(KIND, policy("new")).await.unwrap();
    assert!(made["metadata"]["uid"].is_string());
    assert!(made["metadata"].get("resourceVersion").is_none());
    let taken = dry.create(KIND, policy("kept")).await.unwrap_err();
    assert!(matches!(taken, StoreError::AlreadyExists { .. }));
    let mut wanted = kept.clone();
    wanted["spec"]["mode"] = json!("Enforce");
    let updated = dry.update(KIND, "kept", Update::object(wanted)).await.unwrap();
    assert_eq!(updated["metadata"]["generation"], 2);
    assert_eq!(version(&updated), version(&kept));
    dry.delete(KIND, "kept", &Preconditions::default()).await.unwrap();
    assert_eq!(store.head().await.unwrap(), before);
    assert_eq!(store.get(KIND, "kept").await.unwrap(), Some(kept));
    assert_eq!(store.get(KIND, "new").await.unwrap(), None);
}

#[tokio::test]
async fn pages_follow_each_other_by_name_and_carry_the_revision_of_the_first() {
    let db = postgres::database().await;
    let store = db.store().await;
    for name in ["e", "b", "d", "a", "c", "a-b", "a.b"] {
        create(&store, policy(name)).await;
    }
    store.create(Kind::AwsTarget, policy("aa")).await.unwrap();
    let whole = store.list(KIND, &ListOptions::default()).await.unwrap();
    assert_eq!(names(&whole.items), ["a", "a-b", "a.b", "b", "c", "d", "e"]);
    assert_eq!((whole.continue_token.as_deref(), whole.remaining_item_count), (None, None));

    let first = page(&store, None).await;
    assert_eq!(names(&first.items), ["a", "a-b", "a.b"]);
    assert_eq!(first.remaining_item_count, Some(4));
    // Between the pages one object comes, one changes and one goes.
    create(&store, policy("aa")).await;
    store.update(KIND, "c", Update::status(json!({"status": {"x": 1}}))).await.unwrap();
    store.delete(KIND, "e", &Preconditions::default()).await.unwrap();
    let second = page(&store, first.continue_token.clone()).await;
    assert_eq!(names(&second.items), ["aa", "b", "c"]);
    let third = page(&store, second.continue_token.clone()).await;
    assert_eq!(names(&third.items), ["d"]);
    assert_eq!(third.continue_token, None);
    assert_eq!(third.resource_version, first.resource_version);
    // A watch from there tells all three.
    let told = store.changes(KIND, third.resource_version, 10).await.unwrap();
    assert_eq!(told.changes.len(), 3);
}

async fn page(store: &Store, token: Option<String>) -> firelens_store::ObjectList {
    let options = ListOptions { limit: Some(3), continue_token: token, ..ListOptions::default() };
    store.list(KIND, &options).await.unwrap()
}

fn names(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_knows_its_revision_even_when_it_is_empty_and_refuses_foreign_tokens() {
    let db = postgres::database().await;
    let store = db.store().await;
    let empty = store.list(KIND, &ListOptions::default()).await.unwrap();
    assert!(empty.items.is_empty());
    assert_eq!(empty.resource_version, store.current_resource_version().await.unwrap());
    for token in ["", "x", "1.x.a", "2.1.a", "1.1.", "1.1"] {
        let options = ListOptions { continue_token: Some(token.to_owned()), ..Default::default() };
        let error = store.list(KIND, &options).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{token}: {error}");
    }
    let future = ListOptions { continue_token: Some("1.99999.a".to_owned()), ..Default::default() };
    assert!(matches!(store.list(KIND, &future).await, Err(StoreError::Expired { .. })));
}

#[tokio::test]
async fn the_database_selects_by_labels_exactly_as_the_selector_itself_does() {
    let db = postgres::database().await;
    let store = db.store().await;
    let labels = [
        json!({}),
        json!({"app": "web"}),
        json!({"app": "web", "tier": "front"}),
        json!({"app": "db", "tier": ""}),
        json!({"example.com/x": "1", "tier": "back"}),
    ];
    for (number, labels) in labels.iter().enumerate() {
        let object = json!({"metadata": {"name": format!("p{number}"), "labels": labels}});
        create(&store, object).await;
    }
    create(&store, json!({"metadata": {"name": "unlabelled"}})).await;
    let all = store.list(KIND, &ListOptions::default()).await.unwrap().items;
    for text in [
        "", "app", "!app", "app=web", "app==db", "app!=web", "tier=", "tier", "app in (web,db)",
        "app notin (web)", "tier in (,back)", "app=web,tier=front", "app=web,!tier",
        "example.com/x=1", "nope in (a)", "nope notin (a)",
    ] {
        let label_selector = LabelSelector::parse(text).unwrap();
        let expected: Vec<Value> =
            all.iter().filter(|object| label_selector.matches(object)).cloned().collect();
        let options = ListOptions { label_selector, ..Default::default() };
        let listed = store.list(KIND, &options).await.unwrap();
        assert_eq!(listed.items, expected, "{text}");
    }
    let one = ListOptions { name: Some("p1".to_owned()), ..Default::default() };
    assert_eq!(names(&store.list(KIND, &one).await.unwrap().items), ["p1"]);
    let paged = ListOptions {
        label_selector: LabelSelector::parse("app=web").unwrap(),
        limit: Some(1),
        ..Default::default()
    };
    let paged = store.list(KIND, &paged).await.unwrap();
    assert!(paged.continue_token.is_some());
    assert_eq!(paged.remaining_item_count, None, "unknown where a selector is given");
}

#[tokio::test]
async fn labels_that_are_no_strings_are_refused() {
    let db = postgres::database().await;
    let store = db.store().await;
    let object = json!({"metadata": {"name": "a", "labels": {"app": 1}}});
    let error = store.create(KIND, object).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field, .. } if field == "metadata.labels"));
    assert_eq!(store.current_resource_version().await.unwrap(), 1);
}
