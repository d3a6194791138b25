//! What the controller remembers between two passes: workload records, intents, owned resources.
//! Never lets a controller write that has lost its lease.

use std::collections::BTreeMap;

use firelens_core::record::{Intent, OwnedResource, ResourceId, WorkloadKey, WorkloadRecord};
use serde::Serialize;
use serde_json::Value;

use crate::Store;
use crate::error::StoreError;
use crate::leases::{Lease, check_fence};
use crate::sql_records as sql;

/// Rows per statement.
const BATCH_MAX: usize = 500;

impl Store {
    /// All memories of a target. One that cannot be read is left out and logged: a record is a
    /// memory, and everything survives its loss.
    ///
    /// # Errors
    /// The database fails.
    pub async fn records(
        &self,
        target: &str,
    ) -> Result<BTreeMap<WorkloadKey, WorkloadRecord>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let rows = sql::records(&mut conn, target).await?;
            Ok(rows.into_iter().filter_map(readable).collect())
        })
        .await
    }

    /// Keeps memories, each under its own key.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails; nothing is kept then.
    pub async fn put_records(
        &self,
        lease: &Lease,
        records: &[WorkloadRecord],
    ) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            for batch in records.chunks(BATCH_MAX) {
                let keys = sql::Keys::of(batch.iter().map(|record| &record.key));
                sql::put_records(&mut tx, &keys, &to_json(batch)?).await?;
            }
            self.commit(tx).await
        })
        .await
    }

    /// Forgets workloads.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails; nothing is forgotten then.
    pub async fn delete_records(
        &self,
        lease: &Lease,
        keys: &[WorkloadKey],
    ) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            for batch in keys.chunks(BATCH_MAX) {
                sql::delete_records(&mut tx, &sql::Keys::of(batch.iter())).await?;
            }
            self.commit(tx).await
        })
        .await
    }

    /// The registrations of a target that were about to happen and are not known to have ended.
    ///
    /// # Errors
    /// The database fails, or holds an intent that this version cannot read: to go on without knowing
    /// it could register twice.
    pub async fn open_intents(&self, target: &str) -> Result<Vec<Intent>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let rows = sql::intents(&mut conn, target).await?;
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// Notes what is about to happen. What is noted again is about to be tried again.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails: then it must not happen.
    pub async fn record_intents(
        &self,
        lease: &Lease,
        intents: &[Intent],
    ) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            for batch in intents.chunks(BATCH_MAX) {
                let targets: Vec<String> = batch.iter().map(|i| i.target.clone()).collect();
                let ids: Vec<String> = batch.iter().map(|i| i.id.clone()).collect();
                sql::put_intents(&mut tx, &targets, &ids, &to_json(batch)?).await?;
            }
            self.commit(tx).await
        })
        .await
    }

    /// Notes that an intent has come to its end, whichever.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails.
    pub async fn close_intent(
        &self,
        lease: &Lease,
        target: &str,
        id: &str,
    ) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            sql::delete_intent(&mut tx, target, id).await?;
            self.commit(tx).await
        })
        .await
    }

    /// Everything that the operator made in a target, or was about to make.
    ///
    /// # Errors
    /// The database fails, or holds a resource that this version cannot read: to go on without
    /// knowing it could leave something behind.
    pub async fn resources(&self, target: &str) -> Result<Vec<OwnedResource>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let rows = sql::resources(&mut conn, target).await?;
            rows.into_iter().map(read).collect()
        })
        .await
    }

    /// Remembers resources; to be called before they are made.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails: then they must not be made.
    pub async fn put_resources(
        &self,
        lease: &Lease,
        resources: &[OwnedResource],
    ) -> Result<(), StoreError> {
        // One statement must not meet a row twice; the last one counts.
        let by_id: BTreeMap<(&str, String), &OwnedResource> = resources
            .iter()
            .map(|resource| {
                (
                    (resource.target.as_str(), resource.id.to_string()),
                    resource,
                )
            })
            .collect();
        let rows: Vec<_> = by_id.into_iter().collect();
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            for batch in rows.chunks(BATCH_MAX) {
                let targets: Vec<String> = batch.iter().map(|(k, _)| k.0.to_owned()).collect();
                let ids: Vec<String> = batch.iter().map(|(k, _)| k.1.clone()).collect();
                let values: Vec<&OwnedResource> = batch.iter().map(|(_, r)| *r).collect();
                sql::put_resources(&mut tx, &targets, &ids, &to_json(&values)?).await?;
            }
            self.commit(tx).await
        })
        .await
    }

    /// Forgets resources; to be called after they are gone.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails.
    pub async fn delete_resources(
        &self,
        lease: &Lease,
        target: &str,
        ids: &[ResourceId],
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            sql::delete_resources(&mut tx, target, &ids).await?;
            self.commit(tx).await
        })
        .await
    }
}

fn to_json<T: Serialize>(rows: &[T]) -> Result<Vec<Value>, StoreError> {
    let values: Result<Vec<Value>, _> = rows.iter().map(serde_json::to_value).collect();
    values.map_err(|error| StoreError::Database(Box::new(error)))
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| StoreError::Database(Box::new(error)))
}

fn readable(value: Value) -> Option<(WorkloadKey, WorkloadRecord)> {
    match serde_json::from_value::<WorkloadRecord>(value) {
        Ok(record) => Some((record.key.clone(), record)),
        Err(error) => {
            tracing::warn!(%error, "a workload record cannot be read and is left out");
            None
        }
    }
}
