//! What the store must do, against a real PostgreSQL.
//! Tests do not sleep: they wait for what they expect, with a deadline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changes;
mod connection;
mod events;
mod generated;
mod generations;
mod installation;
mod leases;
mod lists;
mod objects;
mod questions;
mod records;
mod shared;

use std::time::Duration;

use firelens_store::{Lease, Store};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

/// The kind that most tests write.
const KIND: Kind = Kind::LoggingPolicy;
/// Far longer than anything takes.
const DEADLINE: Duration = Duration::from_secs(30);

fn policy(name: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"app": name}}, "spec": {"mode": "Audit", "priority": 1}})
}

fn version(object: &Value) -> i64 {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

async fn create(store: &Store, object: Value) -> Value {
    store.create(KIND, object).await.unwrap()
}

async fn lease(store: &Store) -> Lease {
    store
        .acquire_lease("target/t", "me", DEADLINE)
        .await
        .unwrap()
        .expect("nobody holds it")
}
