//! Single objects: identity, conflicts, parts, finalizers, dry runs.

use firelens_store::{ChangeType, Deleted, Preconditions, StoreError, Update};
use firelens_tests::postgres;
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

use crate::{KIND, create, policy, version};

#[tokio::test]
async fn a_created_object_gets_an_identity_and_keeps_member_order() {
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
    let at: jiff::Timestamp = created["metadata"]["creationTimestamp"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(jiff::Timestamp::now().duration_since(at).as_secs().abs() < 60);
    let read = store.get(KIND, "a").await.unwrap().unwrap();
    assert_eq!(read, created);
    assert_eq!(
        read["spec"].to_string(),
        r#"{"zebra":1,"apple":{"y":1,"b":2}}"#
    );
    assert_eq!(
        version(&read),
        store.current_resource_version().await.unwrap()
    );
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
    assert_eq!(
        store.current_resource_version().await.unwrap(),
        before,
        "no revision is lost"
    );
    store
        .create(Kind::LogDestination, policy("a"))
        .await
        .unwrap();

    let generated = create(&store, json!({"metadata": {"generateName": "roll-"}})).await;
    let name = generated["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("roll-") && name.len() == 10, "{name}");
    let error = store
        .create(KIND, json!({"metadata": {}}))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field, .. } if field == "metadata.name"));
}

#[tokio::test]
async fn an_update_of_an_outdated_version_conflicts_and_writes_nothing() {
    let db = postgres::database().await;
    let store = db.store().await;
    let first = create(&store, policy("a")).await;
    let mut wanted = first.clone();
    wanted["spec"]["mode"] = json!("Enforce");
    let seen = first["metadata"]["resourceVersion"].as_str().unwrap();
    let second = store
        .update(KIND, "a", Update::object(wanted.clone()).over(seen))
        .await
        .unwrap();
    assert_eq!(second["metadata"]["generation"], 2);

    wanted["spec"]["mode"] = json!("Audit");
    let error = store
        .update(KIND, "a", Update::object(wanted.clone()).over(seen))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Conflict {
                field: "resourceVersion",
                ..
            }
        ),
        "{error}"
    );
    let mut update = Update::object(wanted.clone());
    update.expected_uid = Some("another".to_owned());
    let error = store.update(KIND, "a", update).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { field: "uid", .. }));
    assert_eq!(store.get(KIND, "a").await.unwrap().unwrap(), second);
    let error = store
        .update(KIND, "b", Update::object(wanted))
        .await
        .unwrap_err();
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
    let conflicts = answers
        .iter()
        .filter(|a| matches!(a, Err(StoreError::Conflict { .. })));
    assert_eq!(conflicts.count(), 11);
}

#[tokio::test]
async fn unchanged_content_writes_nothing() {
    let db = postgres::database().await;
    let store = db.store().await;
    let first = create(&store, policy("a")).await;
    let again = json!({"spec": {"priority": 1, "mode": "Audit"},
                       "metadata": {"labels": {"app": "a"}, "name": "a", "uid": "ignored"}});
    assert_eq!(
        store
            .update(KIND, "a", Update::object(again))
            .await
            .unwrap(),
        first
    );
    let with_status = store
        .update(KIND, "a", Update::status(json!({"status": {"matched": 1}})))
        .await
        .unwrap();
    assert_eq!(version(&with_status), version(&first) + 1);
    let same = store
        .update(KIND, "a", Update::status(json!({"status": {"matched": 1}})))
        .await;
    assert_eq!(same.unwrap(), with_status);
    assert_eq!(
        store.current_resource_version().await.unwrap(),
        version(&with_status)
    );
}

#[tokio::test]
async fn spec_and_status_are_separate_and_only_spec_raises_generation() {
    let db = postgres::database().await;
    let store = db.store().await;
    create(&store, policy("a")).await;
    let status = json!({"spec": {"mode": "Enforce"}, "metadata": {"labels": {"no": "no"}},
                        "status": {"matched": 3}});
    let reported = store
        .update(KIND, "a", Update::status(status))
        .await
        .unwrap();
    assert_eq!(reported["spec"]["mode"], "Audit");
    assert_eq!(reported["metadata"]["labels"], json!({"app": "a"}));
    assert_eq!(reported["metadata"]["generation"], 1);

    let mut labelled = policy("a");
    labelled["metadata"]["labels"] = json!({"team": "x"});
    labelled["status"] = json!({"matched": 99});
    let labelled = store
        .update(KIND, "a", Update::object(labelled))
        .await
        .unwrap();
    assert_eq!(labelled["status"], json!({"matched": 3}));
    assert_eq!(labelled["metadata"]["labels"], json!({"team": "x"}));
    assert_eq!(labelled["metadata"]["generation"], 1);
    assert_eq!(
        labelled["metadata"]["creationTimestamp"],
        reported["metadata"]["creationTimestamp"]
    );
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
    assert_eq!(
        again,
        Deleted::Marked(marked.clone()),
        "a second deletion changes nothing"
    );

    let mut more = marked.clone();
    more["metadata"]["finalizers"] = json!(["firelens.dev/restore", "new"]);
    let error = store
        .update(KIND, "a", Update::object(more))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field, .. } if field == "metadata.finalizers"));

    let mut free = marked.clone();
    free["metadata"]["finalizers"] = json!([]);
    free["metadata"]["deletionTimestamp"] = Value::Null;
    let gone = store.update(KIND, "a", Update::object(free)).await.unwrap();
    assert_eq!(
        gone["metadata"]["deletionTimestamp"],
        marked["metadata"]["deletionTimestamp"]
    );
    assert_eq!(store.get(KIND, "a").await.unwrap(), None);
    let page = store.changes(KIND, version(&marked), 10).await.unwrap();
    assert_eq!(page.changes.len(), 1);
    assert_eq!(page.changes[0].change_type, ChangeType::Deleted);
    assert_eq!(page.changes[0].object, gone);
}

#[tokio::test]
async fn a_deletion_minds_its_preconditions() {
    let db = postgres::database().await;
    let store = db.store().await;
    let object = create(&store, policy("a")).await;
    let other = Preconditions {
        uid: Some("other".to_owned()),
        resource_version: None,
    };
    let error = store.delete(KIND, "a", &other).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { field: "uid", .. }));
    let old = Preconditions {
        uid: None,
        resource_version: Some("1".to_owned()),
    };
    assert!(matches!(
        store.delete(KIND, "a", &old).await,
        Err(StoreError::Conflict { .. })
    ));
    let right = Preconditions {
        uid: object["metadata"]["uid"].as_str().map(str::to_owned),
        resource_version: object["metadata"]["resourceVersion"]
            .as_str()
            .map(str::to_owned),
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
    let updated = dry
        .update(KIND, "kept", Update::object(wanted))
        .await
        .unwrap();
    assert_eq!(updated["metadata"]["generation"], 2);
    assert_eq!(version(&updated), version(&kept));
    dry.delete(KIND, "kept", &Preconditions::default())
        .await
        .unwrap();
    assert_eq!(store.head().await.unwrap(), before);
    assert_eq!(store.get(KIND, "kept").await.unwrap(), Some(kept));
    assert_eq!(store.get(KIND, "new").await.unwrap(), None);
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
