//! Policies as they were in earlier generations.

use std::collections::BTreeMap;

use firelens_aws::record::PolicyGeneration;
use firelens_tests::harness::scene;
use firelens_tests::postgres;
use firelens_types::v1alpha1::{Kind, LogDestination, LoggingPolicy, admit};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::lease;

fn stored<T: DeserializeOwned>(kind: Kind, object: &Value) -> T {
    let mut object = admit(kind, object).unwrap_or_else(|errors| panic!("{errors:?}"));
    object["metadata"]["uid"] = json!("u");
    object["metadata"]["generation"] = json!(3);
    object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    serde_json::from_value(object).unwrap()
}

#[tokio::test]
async fn a_generation_is_read_back_with_the_destinations_it_references() {
    let mut policy = scene::policy();
    policy["spec"]["outputs"][1] = json!({"name": "far", "destinationRef": {"name": "far"}});
    let policy: LoggingPolicy = stored(Kind::LoggingPolicy, &policy);
    let destination = |name: &str| -> (String, LogDestination) {
        let object = json!({"apiVersion": "firelens.dev/v1alpha1", "kind": "LogDestination",
            "metadata": {"name": name}, "spec": {"firehose": {"deliveryStream": name}}});
        (name.to_owned(), stored(Kind::LogDestination, &object))
    };
    let destinations = BTreeMap::from([destination("far"), destination("unused")]);
    let kept = PolicyGeneration::of(&policy, &destinations);
    assert_eq!(kept.destinations.keys().collect::<Vec<_>>(), ["far"]);

    let db = postgres::database().await;
    let store = db.store().await;
    let lease = lease(&store).await;
    let put = |kept: Vec<PolicyGeneration>, gone: Vec<(String, i64)>| {
        let (store, lease) = (store.clone(), lease.clone());
        async move {
            store
                .put_policy_generations(&lease, "t", &kept, &gone)
                .await
        }
    };
    put(vec![kept.clone()], Vec::new()).await.unwrap();
    put(vec![kept.clone()], Vec::new()).await.unwrap();
    let generations = store.policy_generations("t").await.unwrap();
    assert_eq!(generations, BTreeMap::from([(("u".to_owned(), 3), kept)]));
    assert!(store.policy_generations("other").await.unwrap().is_empty());
    put(Vec::new(), vec![("u".to_owned(), 3)]).await.unwrap();
    assert!(store.policy_generations("t").await.unwrap().is_empty());
}
