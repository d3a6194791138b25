//! Watches: no change is missed or sent twice, and a watch from a version that is too old is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use firelens_api::ApiOptions;
use firelens_store::{Event, EventType};
use firelens_tests::http::{Api, GROUP, destination, policy};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const DESTINATIONS: &str = "/apis/firelens.dev/v1alpha1/logdestinations";

fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap()
}

async fn label(api: &Api, name: &str, team: Value) {
    let patch = json!({"metadata": {"labels": {"team": team}}});
    let _ = api
        .merge(&format!("{DESTINATIONS}/{name}"), &patch)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_watch_resumes_without_gap_or_double() {
    let api = Api::start().await;
    let list = api.get(DESTINATIONS).await.expect(200);
    let mut from = version(&list).to_owned();
    let (mut seen, mut wanted) = (Vec::new(), Vec::new());
    for round in 0..5 {
        let mut watch = api
            .watch(&format!("{DESTINATIONS}?watch=true&resourceVersion={from}"))
            .await;
        for n in 0..3 {
            let name = format!("d{round}{n}");
            api.created("logdestinations", &destination(&name)).await;
            wanted.push(format!("ADDED {name}"));
        }
        // One event is read, the others are left unread by a connection that ends.
        let event = watch.next().await.unwrap();
        from = version(&event["object"]).to_owned();
        seen.push(format!(
            "ADDED {}",
            event["object"]["metadata"]["name"].as_str().unwrap()
        ));
        drop(watch);
        let mut again = api
            .watch(&format!("{DESTINATIONS}?watch=1&resourceVersion={from}"))
            .await;
        for _ in 0..2 {
            let event = again.next().await.unwrap();
            from = version(&event["object"]).to_owned();
            let name = event["object"]["metadata"]["name"].as_str().unwrap();
            seen.push(format!("{} {name}", event["type"].as_str().unwrap()));
        }
    }
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn without_a_version_the_objects_that_exist_come_first() {
    let api = Api::start().await;
    api.created("logdestinations", &destination("a")).await;
    for query in ["watch=true", "watch=true&resourceVersion=0"] {
        let mut watch = api.watch(&format!("{DESTINATIONS}?{query}")).await;
        assert_eq!(watch.told().await, "ADDED a");
    }
    let query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    let mut watch = api.watch(&format!("{DESTINATIONS}?{query}")).await;
    assert_eq!(watch.told().await, "ADDED a");
    let bookmark = watch.next().await.unwrap();
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(
        bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
    let _ = api.delete(&format!("{DESTINATIONS}/a")).await.expect(200);
    assert_eq!(watch.told().await, "DELETED a");
}

#[tokio::test]
async fn objects_enter_and_leave_what_a_selector_selects() {
    let api = Api::start().await;
    let from = version(&api.get(DESTINATIONS).await.expect(200)).to_owned();
    let query = format!("watch=true&resourceVersion={from}&labelSelector=team%3Dpay");
    let mut watch = api.watch(&format!("{DESTINATIONS}?{query}")).await;
    api.created("logdestinations", &destination("a")).await;
    api.created("logdestinations", &destination("b")).await;
    label(&api, "a", json!("pay")).await;
    assert_eq!(watch.told().await, "ADDED a");
    let spec = json!({"spec": {"s3": {"bucket": "another-one"}}});
    let _ = api
        .merge(&format!("{DESTINATIONS}/a"), &spec)
        .await
        .expect(200);
    assert_eq!(watch.told().await, "MODIFIED a");
    label(&api, "a", json!("web")).await;
    assert_eq!(watch.told().await, "DELETED a");
    label(&api, "b", json!("pay")).await;
    assert_eq!(watch.told().await, "ADDED b");
    let _ = api.delete(&format!("{DESTINATIONS}/a")).await.expect(200);
    let _ = api.delete(&format!("{DESTINATIONS}/b")).await.expect(200);
    assert_eq!(watch.told().await, "DELETED b", "a had left before");
}

#[tokio::test]
async fn a_field_selector_watches_one_object() {
    let api = Api::start().await;
    let from = version(&api.get(DESTINATIONS).await.expect(200)).to_owned();
    let query = format!("watch=true&resourceVersion={from}&fieldSelector=metadata.name%3Db");
    let mut watch = api.watch(&format!("{DESTINATIONS}?{query}")).await;
    api.created("logdestinations", &destination("a")).await;
    api.created("logdestinations", &destination("b")).await;
    assert_eq!(watch.told().await, "ADDED b");
    api.created("loggingpolicies", &policy("b")).await;
    assert!(
        watch.is_quiet_for(Duration::from_millis(300)).await,
        "another kind"
    );
}

#[tokio::test]
async fn a_version_that_is_gone_or_never_was_is_expired() {
    let api = Api::start().await;
    let newest = api.store.current_resource_version().await.unwrap();
    let path = format!(
        "{DESTINATIONS}?watch=true&resourceVersion={}",
        newest + 1000
    );
    let status = api.get(&path).await.expect(410);
    assert_eq!(
        (&status["reason"], &status["code"]),
        (&json!("Expired"), &json!(410))
    );
    let status = api
        .get(&format!("{DESTINATIONS}?watch=true&resourceVersion=x"))
        .await
        .expect(400);
    assert_eq!(status["reason"], "BadRequest");
    let path = format!("{DESTINATIONS}?resourceVersion={newest}&resourceVersionMatch=Exact");
    let _ = api.get(&path).await.expect(200);
    api.created("logdestinations", &destination("a")).await;
    let _ = api.get(&path).await.expect(410);
}

#[tokio::test]
async fn bookmarks_carry_a_quiet_watch_forward() {
    let options = ApiOptions {
        bookmark_interval: Duration::from_millis(100),
        ..ApiOptions::default()
    };
    let api = Api::start_with(options).await;
    let from = version(&api.get(DESTINATIONS).await.expect(200)).to_owned();
    let query = format!("watch=true&resourceVersion={from}&allowWatchBookmarks=true");
    let mut watch = api.watch(&format!("{DESTINATIONS}?{query}")).await;
    let other = api.created("loggingpolicies", &policy("pay")).await;
    let after: i64 = version(&other).parse().unwrap();
    loop {
        let event = watch.next().await.unwrap();
        assert_eq!(event["type"], "BOOKMARK", "{event}");
        assert_eq!(event["object"]["kind"], "LogDestination");
        if version(&event["object"]).parse::<i64>().unwrap() >= after {
            return;
        }
    }
}

#[tokio::test]
async fn a_watch_ends_in_time_and_places_are_given_back() {
    let options = ApiOptions {
        max_watches: 1,
        ..ApiOptions::default()
    };
    let api = Api::start_with(options).await;
    let path = format!("{DESTINATIONS}?watch=true&timeoutSeconds=1");
    let mut watch = api.watch(&path).await;
    let refused = api.get(&path).await;
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.expect(429)["reason"], "TooManyRequests");
    let metrics = api.get("/metrics").await.text;
    assert!(metrics.contains("firelens_watch_clients 1"), "{metrics}");
    assert_eq!(watch.next().await, None, "the server ends it");
    drop(watch);
    let mut next = api.watch(&path).await;
    assert_eq!(next.next().await, None);
}

#[tokio::test]
async fn stopping_ends_watches() {
    let api = Api::start().await;
    let mut watch = api.watch(&format!("{DESTINATIONS}?watch=true")).await;
    api.stop().await;
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn tables_and_metadata_are_watched_too() {
    let api = Api::start().await;
    api.created("logdestinations", &destination("a")).await;
    let path = format!("{DESTINATIONS}?watch=true");
    let mut tables = api
        .watch_as(&path, "application/json;as=Table;v=v1;g=meta.k8s.io")
        .await;
    let event = tables.next().await.unwrap();
    assert_eq!(
        (&event["type"], &event["object"]["kind"]),
        (&json!("ADDED"), &json!("Table"))
    );
    assert_eq!(event["object"]["rows"][0]["cells"][0], "a");
    let accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    let mut metadata = api.watch_as(&path, accept).await;
    let event = metadata.next().await.unwrap();
    assert_eq!(event["object"]["kind"], "PartialObjectMetadata");
    assert!(event["object"].get("spec").is_none());
}

fn event(reason: &str, uid: &str) -> Event {
    Event {
        object_kind: Kind::LogDestination.name().to_owned(),
        object_name: "a".to_owned(),
        object_uid: uid.to_owned(),
        event_type: EventType::Warning,
        reason: reason.to_owned(),
        message: "something happened".to_owned(),
        component: "firelens-controller".to_owned(),
    }
}

#[tokio::test]
async fn events_are_listed_selected_and_watched() {
    let api = Api::start().await;
    let object = api.created("logdestinations", &destination("a")).await;
    let uid = object["metadata"]["uid"].as_str().unwrap();
    api.store.record_event(event("Broken", uid)).await.unwrap();
    let selector = format!(
        "fieldSelector=involvedObject.name%3Da,involvedObject.namespace%3D,involvedObject.kind%3DLogDestination,involvedObject.uid%3D{uid}"
    );
    let list = api
        .get(&format!("/api/v1/events?{selector}"))
        .await
        .expect(200);
    let listed = &list["items"][0];
    assert_eq!(
        (&list["kind"], &listed["kind"], &listed["apiVersion"]),
        (&json!("EventList"), &json!("Event"), &json!("v1"))
    );
    assert_eq!(
        (&listed["reason"], &listed["count"], &listed["type"]),
        (&json!("Broken"), &json!(1), &json!("Warning"))
    );
    let name = listed["metadata"]["name"].as_str().unwrap();
    let namespaced = "/api/v1/namespaces/default/events";
    assert_eq!(
        api.get(&format!("{namespaced}/{name}")).await.expect(200)["reason"],
        "Broken"
    );
    let _ = api.get(&format!("{namespaced}/nope.1")).await.expect(404);
    let elsewhere = api.get("/api/v1/namespaces/other/events").await.expect(200);
    assert_eq!(elsewhere["items"], json!([]));
    let from = version(&list);
    let mut watch = api
        .watch(&format!("{namespaced}?watch=true&resourceVersion={from}"))
        .await;
    api.store.record_event(event("Broken", uid)).await.unwrap();
    let sent = watch.next().await.unwrap();
    assert_eq!(
        (&sent["type"], &sent["object"]["count"]),
        (&json!("MODIFIED"), &json!(2))
    );
    api.store.record_event(event("Mended", uid)).await.unwrap();
    let sent = watch.next().await.unwrap();
    assert_eq!(
        (&sent["type"], &sent["object"]["reason"]),
        (&json!("ADDED"), &json!("Mended"))
    );
    assert_eq!(api.post(namespaced, &json!({})).await.code, 405);
    assert_eq!(api.get(&format!("{GROUP}/events")).await.code, 404);
}
