//! What the controller remembers between two passes: workload records, intents, owned resources.
//! Never lets a controller write that has lost its lease.

use std::collections::BTreeMap;

use firelens_core::record::{Intent, OwnedResource, ResourceId, WorkloadKey, WorkloadRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
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

    /// The registrations of a target that were about to happen and are not known to have ended. Of one
    /// that another version wrote and this one cannot read, the id is enough: it names family and content.
    ///
    /// # Errors
    /// The database fails.
    pub async fn open_intents(&self, target: &str) -> Result<Vec<Intent>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let rows = sql::intents(&mut conn, target).await?;
            let intents = rows.into_iter().filter_map(|row| intent(target, row));
            Ok(intents.collect())
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

    /// Everything that the operator made in a target, or was about to make, as far as this version can
    /// read it: whoever must know whether anything is left asks [`Store::unreadable_resources`] as well.
    ///
    /// # Errors
    /// The database fails.
    pub async fn resources(&self, target: &str) -> Result<Vec<OwnedResource>, StoreError> {
        let rows = self.resource_rows(target).await?;
        let resources = rows.into_iter().filter_map(|row| {
            serde_json::from_value(row)
                .inspect_err(|error| {
                    tracing::warn!(target_name = target, %error, "a resource of ours cannot be read");
                })
                .ok()
        });
        Ok(resources.collect())
    }

    /// How many resources of a target another version wrote down in a way that this one cannot read.
    /// Their rows stay.
    ///
    /// # Errors
    /// The database fails.
    pub async fn unreadable_resources(&self, target: &str) -> Result<usize, StoreError> {
        let rows = self.resource_rows(target).await?;
        let is_unreadable = |row: &Value| OwnedResource::deserialize(row).is_err();
        Ok(rows.iter().filter(|row| is_unreadable(row)).count())
    }

    async fn resource_rows(&self, target: &str) -> Result<Vec<Value>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            Ok(sql::resources(&mut conn, target).await?)
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
    rows.iter().map(storable).collect()
}

/// A row as `jsonb` takes it: PostgreSQL has no place for NUL, and names and reasons of AWS pass through
/// here.
pub(crate) fn storable<T: Serialize>(row: &T) -> Result<Value, StoreError> {
    let mut value =
        serde_json::to_value(row).map_err(|error| StoreError::Database(Box::new(error)))?;
    replace_nul(&mut value);
    Ok(value)
}

fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(replace_nul),
        Value::Object(members) => members.values_mut().for_each(replace_nul),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// An intent, or what the id of one tells that cannot be read. Its age is not known then; to look for the
/// revision once more does no harm.
fn intent(target: &str, row: Value) -> Option<Intent> {
    let id = row["id"].as_str().unwrap_or_default().to_owned();
    match serde_json::from_value(row) {
        Ok(intent) => Some(intent),
        Err(error) => {
            tracing::warn!(target_name = target, id, %error, "an intent cannot be read; its id counts");
            let (family, hash) = id.strip_prefix("register/")?.rsplit_once('/')?;
            Some(Intent {
                target: target.to_owned(),
                family: family.to_owned(),
                hash: hash.to_owned(),
                recorded_at: Timestamp::UNIX_EPOCH,
                router: None,
                id: id.clone(),
                router: None,
            })
        }
    }
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
