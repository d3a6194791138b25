//! Lists: pages, tokens, selectors.

use firelens_store::{LabelSelector, ListOptions, Preconditions, Store, StoreError, Update};
use firelens_tests::postgres;
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

use crate::{KIND, create, policy};

#[tokio::test]
async fn pages_are_ordered_by_name_and_keep_the_first_revision() {
    let db = postgres::database().await;
    let store = db.store().await;
    for name in ["e", "b", "d", "a", "c", "a-b", "a.b"] {
        create(&store, policy(name)).await;
    }
    store.create(Kind::AwsTarget, policy("aa")).await.unwrap();
    let whole = store.list(KIND, &ListOptions::default()).await.unwrap();
    assert_eq!(names(&whole.items), ["a", "a-b", "a.b", "b", "c", "d", "e"]);
    assert_eq!(
        (whole.continue_token.as_deref(), whole.remaining_item_count),
        (None, None)
    );

    let first = page(&store, None).await;
    assert_eq!(names(&first.items), ["a", "a-b", "a.b"]);
    assert_eq!(first.remaining_item_count, Some(4));
    // Between the pages one object comes, one changes and one goes.
    create(&store, policy("aa")).await;
    store
        .update(KIND, "c", Update::status(json!({"status": {"x": 1}})))
        .await
        .unwrap();
    store
        .delete(KIND, "e", &Preconditions::default())
        .await
        .unwrap();
    let second = page(&store, first.continue_token.clone()).await;
    assert_eq!(names(&second.items), ["aa", "b", "c"]);
    let third = page(&store, second.continue_token.clone()).await;
    assert_eq!(names(&third.items), ["d"]);
    assert_eq!(third.continue_token, None);
    assert_eq!(third.resource_version, first.resource_version);
    // A watch from there tells all three.
    let page = store
        .changes(KIND, third.resource_version, 10)
        .await
        .unwrap();
    assert_eq!(page.changes.len(), 3);
}

async fn page(store: &Store, token: Option<String>) -> firelens_store::ObjectList {
    let options = ListOptions {
        limit: Some(3),
        continue_token: token,
        ..ListOptions::default()
    };
    store.list(KIND, &options).await.unwrap()
}

fn names(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_empty_list_has_a_revision_foreign_tokens_are_refused() {
    let db = postgres::database().await;
    let store = db.store().await;
    let empty = store.list(KIND, &ListOptions::default()).await.unwrap();
    assert!(empty.items.is_empty());
    assert_eq!(
        empty.resource_version,
        store.current_resource_version().await.unwrap()
    );
    for token in ["", "x", "1.x.a", "2.1.a", "1.1.", "1.1"] {
        let options = ListOptions {
            continue_token: Some(token.to_owned()),
            ..Default::default()
        };
        let error = store.list(KIND, &options).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Invalid { .. }),
            "{token}: {error}"
        );
    }
    let future = ListOptions {
        continue_token: Some("1.99999.a".to_owned()),
        ..Default::default()
    };
    assert!(matches!(
        store.list(KIND, &future).await,
        Err(StoreError::Expired { .. })
    ));
}

#[tokio::test]
async fn the_database_and_the_label_selector_select_the_same_objects() {
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
    let list = store
        .list(KIND, &ListOptions::default())
        .await
        .unwrap()
        .items;
    for text in [
        "",
        "app",
        "!app",
        "app=web",
        "app==db",
        "app!=web",
        "tier=",
        "tier",
        "app in (web,db)",
        "app notin (web)",
        "tier in (,back)",
        "app=web,tier=front",
        "app=web,!tier",
        "example.com/x=1",
        "nope in (a)",
        "nope notin (a)",
    ] {
        let label_selector = LabelSelector::parse(text).unwrap();
        let expected: Vec<Value> = list
            .iter()
            .filter(|object| label_selector.matches(object))
            .cloned()
            .collect();
        let options = ListOptions {
            label_selector,
            ..Default::default()
        };
        let listed = store.list(KIND, &options).await.unwrap();
        assert_eq!(listed.items, expected, "{text}");
    }
}

#[tokio::test]
async fn a_name_selects_one_and_filtered_pages_omit_remaining_count() {
    let db = postgres::database().await;
    let store = db.store().await;
    for name in ["p0", "p1", "p2"] {
        create(
            &store,
            json!({"metadata": {"name": name, "labels": {"app": "web"}}}),
        )
        .await;
    }
    let by_name = ListOptions {
        name: Some("p1".to_owned()),
        ..Default::default()
    };
    assert_eq!(
        names(&store.list(KIND, &by_name).await.unwrap().items),
        ["p1"]
    );
    let paged = ListOptions {
        label_selector: LabelSelector::parse("app=web").unwrap(),
        limit: Some(1),
        ..Default::default()
    };
    let paged = store.list(KIND, &paged).await.unwrap();
    assert!(paged.continue_token.is_some());
    assert_eq!(
        paged.remaining_item_count, None,
        "unknown where a selector is given"
    );
}
