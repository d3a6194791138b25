//! What the controller remembers between two passes.

use std::collections::BTreeMap;
use std::time::Duration;

use firelens_aws::record::{
    Intent, Overtaken, OwnedResource, PolicyRef, ResourceId, WorkloadKey, WorkloadRecord,
};
use firelens_store::Retention;
use firelens_tests::postgres;

use crate::lease;

pub(crate) fn record(service: &str) -> WorkloadRecord {
    let key = WorkloadKey {
        target: "t".to_owned(),
        cluster: "c".to_owned(),
        service: service.to_owned(),
    };
    WorkloadRecord::new(key)
}

pub(crate) fn intent(hash: &str, second: i64) -> Intent {
    Intent::register(
        "t",
        "f",
        hash,
        jiff::Timestamp::from_second(second).unwrap(),
    )
}

pub(crate) fn resource(key: &str) -> OwnedResource {
    OwnedResource {
        target: "t".to_owned(),
        id: ResourceId::Object {
            bucket: "b".to_owned(),
            key: key.to_owned(),
        },
        policy: PolicyRef {
            name: "p".to_owned(),
            uid: "u".to_owned(),
            generation: 3,
        },
        digest: "d".to_owned(),
        written_at: None,
        verified_at: None,
        reread_at: None,
        spare_since: None,
        doubt: None,
        taken: None,
    }
}

#[tokio::test]
async fn records_intents_and_resources_come_back_as_they_were() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let mut first = record("one");
    let second = record("two");
    store
        .put_records(&lease, &[first.clone(), second.clone()])
        .await
        .unwrap();
    first.admitted = Some(resource("x").policy);
    first.overtaken = Some(Overtaken {
        theirs: "arn:2".to_owned(),
        ours: "arn:3".to_owned(),
        policy: resource("x").policy,
        at: jiff::Timestamp::UNIX_EPOCH,
    });
    store
        .put_records(&lease, &[second.clone(), first.clone(), first.clone()])
        .await
        .unwrap();
    let kept = store.records("t").await.unwrap();
    let expected = BTreeMap::from([
        (first.key.clone(), first.clone()),
        (second.key.clone(), second),
    ]);
    assert_eq!(kept, expected);
    assert!(store.records("other").await.unwrap().is_empty());
    store.delete_records(&lease, &[first.key]).await.unwrap();
    assert_eq!(store.records("t").await.unwrap().len(), 1);

    let intents = [intent("1", 1), intent("2", 2)];
    store.record_intents(&lease, &intents).await.unwrap();
    assert_eq!(store.open_intents("t").await.unwrap(), intents);
    let intents = [intents[1].clone(), intent("1", 3)];
    store.record_intents(&lease, &intents[1..]).await.unwrap();
    assert_eq!(
        store.open_intents("t").await.unwrap(),
        intents,
        "recorded again, it is the latest"
    );
    store
        .close_intent(&lease, "t", &intents[0].id)
        .await
        .unwrap();
    store
        .close_intent(&lease, "other", &intents[1].id)
        .await
        .unwrap();
    assert_eq!(store.open_intents("t").await.unwrap(), intents[1..]);

    let mut resources = [resource("a"), resource("b")];
    let busy = store.put_resources(&lease, &resources).await.unwrap();
    assert!(busy.is_empty(), "nobody takes them away");
    resources[1].written_at = Some(jiff::Timestamp::UNIX_EPOCH);
    let _ = store.put_resources(&lease, &resources).await.unwrap();
    assert_eq!(store.resources("t").await.unwrap(), resources);
    store
        .delete_resources(&lease, "t", &[resources[0].id.clone()])
        .await
        .unwrap();
    assert_eq!(store.resources("t").await.unwrap(), resources[1..]);
}

#[tokio::test]
async fn unstorable_text_and_records_of_another_version_are_tolerated() {
    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let mut odd = record("odd");
    odd.ran = Some("arn:\0:1".to_owned());
    store.put_records(&lease, &[odd]).await.unwrap();
    let kept = store.records("t").await.unwrap();
    let ran = kept.values().next().unwrap().ran.clone();
    assert_eq!(ran.as_deref(), Some("arn:\u{fffd}:1"));

    let mine = intent("1", 1);
    store
        .record_intents(&lease, std::slice::from_ref(&mine))
        .await
        .unwrap();
    store.put_resources(&lease, &[resource("a")]).await.unwrap();
    db.execute(
        "INSERT INTO intents (target, id, intent)
             VALUES ('t', 'register/web/abc', '{\"id\": \"register/web/abc\", \"later\": 1}');
         INSERT INTO owned_resources (target, id, resource) VALUES ('t', 'later', '{\"later\": 1}');",
    )
    .await;
    let open = store.open_intents("t").await.unwrap();
    assert_eq!(open.len(), 2);
    let other = open.iter().find(|intent| intent.id != mine.id).unwrap();
    assert_eq!((other.family.as_str(), other.hash.as_str()), ("web", "abc"));
    assert_eq!(store.resources("t").await.unwrap(), [resource("a")]);
    assert_eq!(store.unreadable_resources("t").await.unwrap(), 1);
}

#[tokio::test]
async fn task_definitions_are_kept_verbatim_until_unused() {
    let db = postgres::database().await;
    let store = db.store().await;
    let odd = "{ \"taskDefinition\" : {\"x\":1.50,  \"x\":2, \"u\":\"\\u0000\"}}";
    let mut documents: BTreeMap<String, String> = (0..600)
        .map(|n| (format!("arn:{n}"), format!("{{\"revision\":{n}}}")))
        .collect();
    documents.insert("arn:odd".to_owned(), odd.to_owned());
    store.put_task_definitions(&documents).await.unwrap();
    let mut arns: Vec<String> = documents.keys().cloned().collect();
    arns.push("arn:unknown".to_owned());
    assert_eq!(store.task_definitions(&arns).await.unwrap(), documents);
    store
        .put_task_definitions(&BTreeMap::from([("arn:1".to_owned(), "new".to_owned())]))
        .await
        .unwrap();
    let arns = ["arn:1".to_owned()];
    assert_eq!(store.task_definitions(&arns).await.unwrap()["arn:1"], "new");
    assert_eq!(
        store
            .maintain(&Retention::default())
            .await
            .unwrap()
            .task_definitions,
        0
    );
    let keep_none = Retention {
        task_definitions_unused_max: Duration::ZERO,
        ..Default::default()
    };
    assert_eq!(
        store.maintain(&keep_none).await.unwrap().task_definitions,
        601
    );
    assert!(store.task_definitions(&arns).await.unwrap().is_empty());
}
