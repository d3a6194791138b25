//! Questions to the controller.

use serde_json::json;

#[tokio::test]
async fn a_question_waits_for_each_target_and_disappears_when_withdrawn() {
    let database = firelens_tests::postgres::database().await;
    let store = database.store().await;
    let targets = ["a".to_owned(), "b".to_owned()];
    let id = store.ask(&targets, &json!({"policy": "p"})).await.unwrap();
    assert_eq!(store.asked_targets().await.unwrap(), targets);

    let open = store.open_questions("a").await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].request, json!({"policy": "p"}));
    store.answer(id, "a", &json!({"n": 1})).await.unwrap();
    assert_eq!(store.open_questions("a").await.unwrap(), []);
    assert_eq!(store.asked_targets().await.unwrap(), ["b"]);
    assert_eq!(store.answers(id).await.unwrap()["a"], json!({"n": 1}));

    store.withdraw(id).await.unwrap();
    store.answer(id, "b", &json!({})).await.unwrap();
    assert!(store.answers(id).await.unwrap().is_empty());
    assert!(store.asked_targets().await.unwrap().is_empty());
}

#[tokio::test]
async fn whoever_waits_for_questions_is_told_of_one() {
    let database = firelens_tests::postgres::database().await;
    let store = database.store().await;
    let mut asked = store.subscribe_asked().await.unwrap();
    store.ask(&["a".to_owned()], &json!({})).await.unwrap();
    tokio::time::timeout(super::DEADLINE, asked.changed())
        .await
        .expect("told in time")
        .unwrap();
}

#[tokio::test]
async fn questions_that_nobody_takes_away_are_removed() {
    let database = firelens_tests::postgres::database().await;
    let store = database.store().await;
    store.ask(&["a".to_owned()], &json!({})).await.unwrap();
    let retention = firelens_store::Retention {
        questions_age_max: std::time::Duration::ZERO,
        ..firelens_store::Retention::default()
    };
    let removed = store.maintain(&retention).await.unwrap();
    assert_eq!(removed.questions, 1);
    assert!(store.asked_targets().await.unwrap().is_empty());
}
