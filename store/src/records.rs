//! What the controller remembers between two passes: workload records and intents. Writes are fenced by a lease.

use std::collections::BTreeMap;

use firelens_aws::record::{Intent, WorkloadKey, WorkloadRecord};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::Store;
use crate::error::StoreError;
use crate::leases::{Lease, check_fence};
use crate::sql_records as sql;

/// The number of rows in a statement.
pub(crate) const BATCH_MAX: usize = 500;

impl Store {
    /// Returns all records of a target. One that cannot be read is left out and logged: the operator recovers from
    /// the loss of a record.
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

    /// Stores records, each under its own key.
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

    /// Deletes the records of workloads.
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

    /// Returns the registrations of a target that were about to happen and are not known to have ended. Of one
    /// that another version wrote and this one cannot read, the id is enough: it contains family and content.
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

    /// Records what is about to happen. An intent that is recorded again is about to be retried.
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

    /// Deletes an intent that has ended, whatever the outcome.
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
}

pub(crate) fn to_json<T: Serialize>(rows: &[T]) -> Result<Vec<Value>, StoreError> {
    rows.iter().map(storable).collect()
}

/// Converts a row to what `jsonb` accepts: PostgreSQL cannot store NUL, and names and reasons of AWS are stored
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

/// Returns an intent; for one that cannot be read, what its id contains. Its age is not known then; to look for
/// the revision once more does no harm.
fn intent(target: &str, row: Value) -> Option<Intent> {
    let id = row["id"].as_str().unwrap_or_default().to_owned();
    match serde_json::from_value(row) {
        Ok(intent) => Some(intent),
        Err(error) => {
            tracing::warn!(target_name = target, id, %error, "an intent cannot be read; using its id");
            let (family, hash) = id.strip_prefix("register/")?.rsplit_once('/')?;
            Some(Intent {
                target: target.to_owned(),
                family: family.to_owned(),
                hash: hash.to_owned(),
                recorded_at: Timestamp::UNIX_EPOCH,
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
            tracing::warn!(%error, "a workload record cannot be read and is skipped");
            None
        }
    }
}
