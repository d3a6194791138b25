//! Events: counted, filtered, bounded.

use firelens_store::{Event, EventFilter, EventType, Retention};
use firelens_tests::postgres;

fn event(reason: &str, message: &str) -> Event {
    Event {
        object_kind: "LoggingPolicy".to_owned(),
        object_name: "a".to_owned(),
        object_uid: "u".to_owned(),
        event_type: EventType::Warning,
        reason: reason.to_owned(),
        message: message.to_owned(),
        component: "controller".to_owned(),
    }
}

#[tokio::test]
async fn equal_events_are_counted_long_ones_truncated_old_ones_deleted() {
    let db = postgres::database().await;
    let store = db.store().await;
    let long = "ä".repeat(2000);
    store
        .record_event(event("Throttled", "again"))
        .await
        .unwrap();
    store
        .record_events(vec![
            event("Throttled", "again"),
            event("Long", &long),
            event("Throttled", "again"),
        ])
        .await
        .unwrap();
    let events = store.list_events(&EventFilter::default()).await.unwrap();
    assert_eq!(events.len(), 2);
    let only = EventFilter {
        reason: Some("Throttled".to_owned()),
        ..Default::default()
    };
    let throttled = store.list_events(&only).await.unwrap();
    assert_eq!((throttled.len(), throttled[0].count), (1, 3));
    assert!(throttled[0].first_at < throttled[0].last_at);
    let cut = events
        .iter()
        .find(|recorded| recorded.event.reason == "Long")
        .unwrap();
    assert_eq!(cut.event.message.len(), 1024);
    for filter in [
        EventFilter {
            object_uid: Some("other".to_owned()),
            ..Default::default()
        },
        EventFilter {
            event_type: Some(EventType::Normal),
            ..Default::default()
        },
        EventFilter {
            object_name: Some("b".to_owned()),
            ..Default::default()
        },
    ] {
        assert!(store.list_events(&filter).await.unwrap().is_empty());
    }
    let keep_one = Retention {
        events_rows_max: 1,
        ..Default::default()
    };
    assert_eq!(store.maintain(&keep_one).await.unwrap().events, 1);
    assert_eq!(
        store
            .list_events(&EventFilter::default())
            .await
            .unwrap()
            .len(),
        1
    );
}
