//! The content of policies in the generations that workloads may need again, by target. Writes are fenced by a
//! lease.

use std::collections::BTreeMap;

use firelens_aws::record::{GenerationKey, PolicyGeneration};
use serde_json::Value;
use sqlx::PgConnection;

use crate::Store;
use crate::error::StoreError;
use crate::leases::{Lease, check_fence};

impl Store {
    /// Returns the generations that are kept for a target. One that cannot be read is left out and logged.
    ///
    /// # Errors
    /// The database fails.
    pub async fn policy_generations(
        &self,
        target: &str,
    ) -> Result<BTreeMap<GenerationKey, PolicyGeneration>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let rows = select(&mut conn, target).await?;
            Ok(rows.into_iter().filter_map(readable).collect())
        })
        .await
    }

    /// Stores `kept`, each replacing the former content of its generation, and deletes those in `forgotten`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], or the database fails; nothing is kept then.
    pub async fn put_policy_generations(
        &self,
        lease: &Lease,
        target: &str,
        kept: &[PolicyGeneration],
        forgotten: &[GenerationKey],
    ) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut tx = self.begin().await?;
            check_fence(&mut tx, lease).await?;
            for generation in kept {
                let content = serde_json::to_value(generation)
                    .map_err(|error| StoreError::Database(Box::new(error)))?;
                upsert(&mut tx, target, &generation.key(), &content).await?;
            }
            for key in forgotten {
                delete(&mut tx, target, key).await?;
            }
            self.commit(tx).await
        })
        .await
    }
}

fn readable(content: Value) -> Option<(GenerationKey, PolicyGeneration)> {
    match serde_json::from_value::<PolicyGeneration>(content) {
        Ok(generation) => Some((generation.key(), generation)),
        Err(error) => {
            tracing::warn!(%error, "a generation of a policy cannot be read and is skipped");
            None
        }
    }
}

/// Reads the generations of a target.
async fn select(conn: &mut PgConnection, target: &str) -> sqlx::Result<Vec<Value>> {
    sqlx::query_scalar!(
        "SELECT content FROM policy_generations WHERE target = $1 ORDER BY policy, generation",
        target
    )
    .fetch_all(conn)
    .await
}

/// Writes one generation.
async fn upsert(
    conn: &mut PgConnection,
    target: &str,
    (policy, generation): &GenerationKey,
    content: &Value,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO policy_generations (target, policy, generation, content) VALUES ($1, $2, $3, $4)
         ON CONFLICT (target, policy, generation) DO UPDATE SET content = excluded.content",
        target,
        policy,
        generation,
        content
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Removes one generation.
async fn delete(
    conn: &mut PgConnection,
    target: &str,
    (policy, generation): &GenerationKey,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM policy_generations WHERE target = $1 AND policy = $2 AND generation = $3",
        target,
        policy,
        generation
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
