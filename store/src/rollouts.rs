//! What the controller remembers of rollouts, one row for each policy in a target. Writes are fenced by a lease.

use std::collections::BTreeMap;

use firelens_aws::record::RolloutRecord;
use serde_json::Value;
use sqlx::PgConnection;

use crate::Store;
use crate::error::StoreError;
use crate::leases::{Lease, check_fence};

impl Store {
    /// Returns the rollouts of a target by uid of their policy. One that cannot be read is left out and logged.
    ///
    /// # Errors
    /// The database fails.
    pub async fn rollouts(
        &self,
        target: &str,
    ) -> Result<BTreeMap<String, RolloutRecord>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let rows = select(&mut conn, target).await?;
            Ok(rows.into_iter().filter_map(readable).collect())
        })
        .await
    }

    /// Stores `kept` and deletes those of the policies in `forgotten`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails; nothing is kept then.
    pub async fn put_rollouts(
        &self,
        lease: &Lease,
        target: &str,
        kept: &[RolloutRecord],
        forgotten: &[String],
    ) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            for record in kept {
                let value = crate::records::storable(record)?;
                upsert(&mut tx, target, &record.policy.uid, &value).await?;
            }
            if !forgotten.is_empty() {
                delete(&mut tx, target, forgotten).await?;
            }
            self.commit(tx).await
        })
        .await
    }
}

fn readable(value: Value) -> Option<(String, RolloutRecord)> {
    match serde_json::from_value::<RolloutRecord>(value) {
        Ok(record) => Some((record.policy.uid.clone(), record)),
        Err(error) => {
            tracing::warn!(%error, "a rollout record cannot be read and is skipped");
            None
        }
    }
}

/// Reads the rollouts of a target.
async fn select(conn: &mut PgConnection, target: &str) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        "SELECT record FROM rollout_records WHERE target = $1 ORDER BY policy",
        target
    )
    .fetch_all(conn)
    .await
}

/// Writes one rollout.
async fn upsert(
    conn: &mut PgConnection,
    target: &str,
    policy: &str,
    record: &Value,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO rollout_records (target, policy, record) VALUES ($1, $2, $3)
         ON CONFLICT (target, policy) DO UPDATE SET record = excluded.record",
        target,
        policy,
        record
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Removes rollouts.
async fn delete(conn: &mut PgConnection, target: &str, policies: &[String]) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM rollout_records WHERE target = $1 AND policy = ANY ($2)",
        target,
        policies
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
